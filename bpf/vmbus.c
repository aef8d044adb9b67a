// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace vmbus": channels, their interrupts, signals and rings. */
#include "bpf/core/trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/core/channels.h"
#include "bpf/core/skeleton.h"
#include "bpf/vmbus.skel.h"
#include "bpf/vmbus_model.h"
#include "lib/log.h"

enum { INTERRUPT, CALLBACK, DRAINED, SEND, FULL, SIGNAL };

static const struct trace_hook hooks[] = {
	[INTERRUPT] = { "interrupt", "interrupts, and what follows them", {
		{ TRACE_TP, "interrupt_tp", "vmbus_chan_sched", "hv_vmbus" },
		{ TRACE_RAW_TP, "interrupt_raw", "vmbus_chan_sched", NULL } } },
	[CALLBACK] = { "callback", "interrupt to callback", {
		{ TRACE_TP, "callback_tp", "vmbus_on_event", "hv_vmbus" },
		{ TRACE_RAW_TP, "callback_raw", "vmbus_on_event", NULL },
		{ TRACE_KPROBE, "callback_kprobe", "vmbus_on_event", NULL } } },
	[DRAINED] = { "drained", "callback to empty ring", {
		{ TRACE_FUNC, "drained_func", "hv_pkt_iter_close", "hv_vmbus" },
		{ TRACE_KPROBE, "drained_kprobe", "hv_pkt_iter_close", NULL } } },
	[SEND] = { "send", "packets to the host, ring occupancy", {
		{ TRACE_TP, "send_tp", "vmbus_ring_send", "hv_vmbus" },
		{ TRACE_FUNC, "send_func", "hv_ringbuffer_write", "hv_vmbus" },
		{ TRACE_KPROBE, "send_kprobe", "hv_ringbuffer_write", NULL } } },
	[FULL] = { "full", "writes that found the ring full", {
		{ TRACE_FUNC, "full_func", "hv_ringbuffer_write", "hv_vmbus" } } },
	[SIGNAL] = { "signal", "signals to the host", {
		{ TRACE_TP, "signal_tp", "vmbus_setevent", "hv_vmbus" },
		{ TRACE_RAW_TP, "signal_raw", "vmbus_setevent", NULL },
		{ TRACE_KPROBE, "signal_kprobe", "vmbus_setevent", NULL } } },
	{ .name = NULL }
};

static const struct trace_stage stages[] = {
	[VMBUS_ISR_CALLBACK] = { "isr_callback", "interrupt to callback",
				 TRACE_HOOK(INTERRUPT) | TRACE_HOOK(CALLBACK), false },
	[VMBUS_CALLBACK_DRAIN] = { "callback_drain", "callback to empty ring",
				   TRACE_HOOK(INTERRUPT) | TRACE_HOOK(DRAINED), false },
	{ .name = NULL }
};

static const struct trace_counter counters[] = {
	{ "interrupts", "interrupts of channels", TRACE_HOOK(INTERRUPT) },
	{ "callbacks", "callbacks by tasklet", TRACE_HOOK(CALLBACK) },
	{ "sends", "packets to the host", TRACE_HOOK(SEND) },
	{ "full", "writes that found the ring full", TRACE_HOOK(FULL) },
	{ "signals", "signals to the host", TRACE_HOOK(SIGNAL) },
	{ .name = NULL }
};

static const struct trace_memory memory[] = {
	{ "vmbus_channels", vmbus_channels, sizeof(vmbus_channels[0]), VMBUS_RELIDS },
	{ "vmbus_states", vmbus_states, sizeof(vmbus_states[0]), 1u << 12 },
	{ .name = NULL }
};

static int prepare(struct trace_run *run)
{
	if (!access("/sys/bus/vmbus", F_OK))
		return AZ_EXIT_OK;
	return az_env("no VMBus here: hv_vmbus is not in this kernel or not loaded");
}

TRACE_SKELETON(vmbus)

static struct bpf_object *open_object(struct trace_run *run, const struct azt_config *cfg,
				      void **skel)
{
	struct vmbus_bpf *bpf = open_skeleton(cfg, skel);

	return bpf ? bpf->obj : NULL;
}

/*
 * In a replay there is one set of counts for all CPUs; where a channel's interrupts came is
 * noted apart, for as many CPUs as Hyper-V gives a VM today.
 */
#define REPLAY_CPUS	2048
static uint32_t (*interrupts_on)[REPLAY_CPUS];

static void model(const struct azt_event *event)
{
	if (!interrupts_on)
		interrupts_on = calloc(VMBUS_RELIDS, sizeof(*interrupts_on));
	if (interrupts_on && event->type == VMBUS_INTERRUPT && event->key < VMBUS_RELIDS &&
	    event->cpu < REPLAY_CPUS)
		interrupts_on[event->key][event->cpu]++;
	vmbus_model(event);
}

static unsigned int replayed_busiest(unsigned int relid)
{
	unsigned int cpu, busiest = 0;

	for (cpu = 0; interrupts_on && cpu < REPLAY_CPUS; cpu++)
		if (interrupts_on[relid][cpu] > interrupts_on[relid][busiest])
			busiest = cpu;
	return busiest;
}

static json_t *remember(struct trace_run *run)
{
	return trace_channels_remember();
}

static void recall(struct trace_run *run, const json_t *facts)
{
	trace_channels_recall(facts);
}

/* A request is the interrupt of a channel, until the driver has read what there was. */
static void event_mark(const struct azt_event *event, struct trace_mark *mark)
{
	static const enum trace_phase phases[] = {
		[VMBUS_INTERRUPT] = TRACE_BEGIN, [VMBUS_CALLBACK] = TRACE_STEP,
		[VMBUS_DRAINED] = TRACE_END, [VMBUS_SIGNAL] = TRACE_POINT,
	};

	mark->phase = event->type <= VMBUS_SIGNAL ? phases[event->type] : TRACE_POINT;
	mark->track = event->key < VMBUS_RELIDS ? (int)event->key : -1;
}

static const char *event_name(const struct azt_event *event)
{
	static const char *const names[] = {
		[VMBUS_INTERRUPT] = "interrupt", [VMBUS_CALLBACK] = "callback",
		[VMBUS_DRAINED] = "drained", [VMBUS_SEND] = "send", [VMBUS_FULL] = "ring full",
		[VMBUS_SIGNAL] = "signal host",
	};

	return event->type < sizeof(names) / sizeof(names[0]) ? names[event->type] : NULL;
}

/* ---- the table of channels -------------------------------------------------------- */

/* What a channel did on all CPUs, and on which one most of its interrupts came. */
struct total {
	struct vmbus_stats all;
	unsigned int busiest;
};

static void add(struct total *total, const struct vmbus_stats *one, unsigned int cpu,
		uint64_t *most)
{
	struct vmbus_stats *all = &total->all;

	all->interrupts += one->interrupts;
	all->callbacks += one->callbacks;
	all->drains += one->drains;
	all->sends += one->sends;
	all->full += one->full;
	all->signals_write += one->signals_write;
	all->signals_read += one->signals_read;
	all->occupied += one->occupied;
	if (one->occupied_max > all->occupied_max)
		all->occupied_max = one->occupied_max;
	if (one->size)
		all->size = one->size;
	if (one->interrupts > *most) {
		*most = one->interrupts;
		total->busiest = cpu;
	}
}

/* False: it could not be read. */
static bool total_of(const struct trace_run *run, unsigned int relid, struct total *total)
{
	struct vmbus_stats *each;
	unsigned int cpus, cpu;
	uint64_t most = 0;

	memset(total, 0, sizeof(*total));
	each = trace_rows(run, "vmbus_channels", relid, sizeof(*each), &cpus);
	for (cpu = 0; cpu < cpus; cpu++)
		add(total, &each[cpu], cpu, &most);
	free(each);
	if (run->replay && cpus)
		total->busiest = replayed_busiest(relid);
	return cpus;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Writes that needed no signal, of all; a signal of the time before the first one seen is one. */
static double suppressed(const struct vmbus_stats *all)
{
	if (all->signals_write >= all->sends)
		return 0;
	return percent(all->sends - all->signals_write, all->sends);
}

static void show_channel(struct trace_run *run, FILE *out, const struct trace_channel *channel)
{
	struct total t;

	if (!total_of(run, channel->relid, &t) ||
	    !(t.all.interrupts | t.all.sends | t.all.signals_write | t.all.signals_read))
		return;
	fprintf(out, "%5u %-12.12s %3u %3u %3u %8llu %8llu %8llu %5.1f%% %4.0f%% %4.0f%% %6llu\n",
		channel->relid, channel->device, channel->index, channel->cpu, t.busiest,
		t.all.interrupts, t.all.sends, t.all.signals_write + t.all.signals_read,
		suppressed(&t.all),
		t.all.sends ? percent(t.all.occupied / t.all.sends, t.all.size) : 0,
		percent(t.all.occupied_max, t.all.size), t.all.full);
}

static void show(struct trace_run *run, FILE *out)
{
	struct trace_channels list;
	size_t i;

	if (trace_channels_read(&list))
		return;
	fprintf(out, "%5s %-12s %3s %3s %3s %8s %8s %8s %6s %5s %5s %6s\n", "relid", "device", "ch",
		"cpu", "irq", "intr", "sends", "signals", "suppr", "ring", "max", "full");
	for (i = 0; i < list.count; i++)
		show_channel(run, out, &list.channel[i]);
	trace_channels_free(&list);
}

static json_t *channel_json(struct trace_run *run, const struct trace_channel *channel)
{
	struct total t;

	if (!total_of(run, channel->relid, &t))
		return NULL;
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "relid", (int)channel->relid, "device", channel->device,
			 "channel", (int)channel->index, "cpu", (int)channel->cpu,
			 "interrupt_cpu", (int)t.busiest,
			 "interrupts", (json_int_t)t.all.interrupts,
			 "callbacks", (json_int_t)t.all.callbacks,
			 "sends", (json_int_t)t.all.sends, "full", (json_int_t)t.all.full,
			 "signals_write", (json_int_t)t.all.signals_write,
			 "signals_read", (json_int_t)t.all.signals_read,
			 "occupied_mean",
			 (json_int_t)(t.all.sends ? t.all.occupied / t.all.sends : 0),
			 "occupied_max", (json_int_t)t.all.occupied_max,
			 "ring", (json_int_t)t.all.size);
}

static void result(struct trace_run *run, json_t *json)
{
	struct trace_channels list;
	json_t *array, *one;
	size_t i;

	if (trace_channels_read(&list))
		return;
	array = json_array();
	for (i = 0; i < list.count; i++) {
		one = channel_json(run, &list.channel[i]);
		if (one)
			json_array_append_new(array, one);
	}
	json_object_set_new(json, "channels", array);
	trace_channels_free(&list);
}

const struct trace_tool trace_vmbus = {
	.name = "vmbus",
	.summary = "Shows what each VMBus channel does: interrupts, signals, its rings.",
	.device = "VMBus (hv_vmbus)",
	.id = AZT_TOOL_VMBUS,
	.hooks = hooks, .stages = stages, .counters = counters,
	.open = open_object, .close = close_object,
	.model = model, .memory = memory, .event_name = event_name, .event_mark = event_mark,
	.remember = remember, .recall = recall,
	.prepare = prepare, .show = show, .result = result,
};
