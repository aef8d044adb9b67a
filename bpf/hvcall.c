// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace hvcall": hypercalls by code and by who makes them, timers by MSR. */
#include "bpf/core/trace.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/core/machine.h"
#include "bpf/core/skeleton.h"
#include "bpf/hvcall.skel.h"
#include "bpf/hvcall_model.h"
#include "lib/log.h"

enum {
	ALL, ALL_END, SIGNAL, SIGNAL_END, POST, POST_END, FLUSH, FLUSH_END, IPI_ONE, IPI_MASK,
	RETARGET, RETARGET_END, MMIO_READ, MMIO_WRITE, TIMER, TIMER_END
};

static const struct trace_hook hooks[] = {
	[ALL] = { "hypercall", "hypercalls of every code", {
		{ TRACE_FUNC, "all_begin", "hv_std_hypercall", NULL } } },
	[ALL_END] = { "hypercall end", "their time and status", {
		{ TRACE_FUNC, "all_end", "hv_std_hypercall", NULL } } },
	[SIGNAL] = { "signal", "signals to the host (0x5d)", {
		{ TRACE_FUNC, "signal_begin", "vmbus_set_event", "hv_vmbus" },
		{ TRACE_KPROBE, "signal_kprobe", "vmbus_set_event", NULL } } },
	[SIGNAL_END] = { "signal end", "their time", {
		{ TRACE_FUNC, "signal_end", "vmbus_set_event", "hv_vmbus" } } },
	[POST] = { "post", "messages to the host (0x5c)", {
		{ TRACE_FUNC, "post_begin", "hv_post_message", "hv_vmbus" },
		{ TRACE_KPROBE, "post_kprobe", "hv_post_message", NULL } } },
	[POST_END] = { "post end", "their time", {
		{ TRACE_FUNC, "post_end", "hv_post_message", "hv_vmbus" } } },
	[FLUSH] = { "flush", "TLB flushes (0x2, 0x3, 0x13, 0x14)", {
		{ TRACE_FUNC, "flush_begin", "hyperv_flush_tlb_multi", NULL },
		{ TRACE_TP, "flush_tp", "hyperv_mmu_flush_tlb_multi", NULL } } },
	[FLUSH_END] = { "flush end", "their time", {
		{ TRACE_FUNC, "flush_end", "hyperv_flush_tlb_multi", NULL } } },
	[IPI_ONE] = { "ipi", "interrupts to one CPU (0xb, 0x15)", {
		{ TRACE_TP, "ipi_one_tp", "hyperv_send_ipi_one", NULL } } },
	[IPI_MASK] = { "ipi mask", "interrupts to several CPUs (0xb, 0x15)", {
		{ TRACE_TP, "ipi_mask_tp", "hyperv_send_ipi_mask", NULL } } },
	[RETARGET] = { "retarget", "interrupts of PCI devices sent elsewhere (0x7e)", {
		{ TRACE_FUNC, "retarget_begin", "hv_irq_unmask", "pci_hyperv" } } },
	[RETARGET_END] = { "retarget end", "their time", {
		{ TRACE_FUNC, "retarget_end", "hv_irq_unmask", "pci_hyperv" } } },
	[MMIO_READ] = { "mmio read", "reads of PCI config space by hypercall (0x106)", {
		{ TRACE_FUNC, "mmio_read_func", "hv_pci_read_mmio", "pci_hyperv" } } },
	[MMIO_WRITE] = { "mmio write", "writes of PCI config space by hypercall (0x107)", {
		{ TRACE_FUNC, "mmio_write_func", "hv_pci_write_mmio", "pci_hyperv" } } },
	[TIMER] = { "timer", "timers set by MSR", {
		{ TRACE_FUNC, "timer_begin", "hv_ce_set_next_event", NULL } } },
	[TIMER_END] = { "timer end", "the time to set one", {
		{ TRACE_FUNC, "timer_end", "hv_ce_set_next_event", NULL } } },
	{ .name = NULL }
};

/* Callers and hypercalls overlap: none is a stage of another. */
static const struct trace_stage stages[] = {
	[HVCALL_ANY_NS] = { "hypercall", "a hypercall", TRACE_HOOK(ALL) | TRACE_HOOK(ALL_END),
			    true },
	[HVCALL_SIGNAL_NS] = { "signal", "signal to the host",
			       TRACE_HOOK(SIGNAL) | TRACE_HOOK(SIGNAL_END), true },
	[HVCALL_POST_NS] = { "post", "message to the host",
			     TRACE_HOOK(POST) | TRACE_HOOK(POST_END), true },
	[HVCALL_FLUSH_NS] = { "flush", "TLB flush", TRACE_HOOK(FLUSH) | TRACE_HOOK(FLUSH_END),
			      true },
	[HVCALL_RETARGET_NS] = { "retarget", "interrupt sent elsewhere",
				 TRACE_HOOK(RETARGET) | TRACE_HOOK(RETARGET_END), true },
	[HVCALL_TIMER_NS] = { "timer", "timer set by MSR",
			      TRACE_HOOK(TIMER) | TRACE_HOOK(TIMER_END), true },
	{ .name = NULL }
};

static const struct trace_counter counters[] = {
	{ "hypercalls", "hypercalls of every code", TRACE_HOOK(ALL_END) },
	{ "failed", "of them failed", TRACE_HOOK(ALL_END) },
	{ "signals", "signals to the host, vmbus_set_event", TRACE_HOOK(SIGNAL) },
	{ "posts", "messages to the host, hv_post_message", TRACE_HOOK(POST) },
	{ "flushes", "TLB flushes, hyperv_flush_tlb_multi", TRACE_HOOK(FLUSH) },
	{ "ipis_one", "interrupts to one CPU, __send_ipi_one", TRACE_HOOK(IPI_ONE) },
	{ "ipis_mask", "interrupts to several CPUs, __send_ipi_mask", TRACE_HOOK(IPI_MASK) },
	{ "retargets", "interrupts sent elsewhere, hv_irq_unmask", TRACE_HOOK(RETARGET) },
	{ "mmio_reads", "reads of config space, hv_pci_read_mmio", TRACE_HOOK(MMIO_READ) },
	{ "mmio_writes", "writes of config space, hv_pci_write_mmio", TRACE_HOOK(MMIO_WRITE) },
	{ "timers", "timers set by MSR, hv_ce_set_next_event", TRACE_HOOK(TIMER) },
	{ .name = NULL }
};

static const struct trace_memory memory[] = {
	{ "hvcall_codes", hvcall_codes, sizeof(hvcall_codes[0]), HVCALL_CODES },
	{ "hvcall_flights", hvcall_flights, sizeof(hvcall_flights[0]), 1u << 10 },
	{ .name = NULL }
};

/* The functions are in kernels that run elsewhere, too. */
static int prepare(struct trace_run *run)
{
	if (trace_on_hyperv())
		return AZ_EXIT_OK;
	return az_env("no Hyper-V here: this machine makes no hypercalls of it");
}

TRACE_SKELETON(hvcall)

static struct bpf_object *open_object(struct trace_run *run, const struct azt_config *cfg,
				      void **skel)
{
	struct hvcall_bpf *bpf = open_skeleton(cfg, skel);

	return bpf ? bpf->obj : NULL;
}

static void model(const struct azt_event *event)
{
	hvcall_model(event);
}

static const char *event_name(const struct azt_event *event)
{
	static const char *const callers[] = {
		[HVCALL_SIGNAL] = "signal host", [HVCALL_POST] = "post message",
		[HVCALL_FLUSH] = "TLB flush", [HVCALL_IPI_ONE] = "IPI",
		[HVCALL_IPI_MASK] = "IPI to several", [HVCALL_RETARGET] = "retarget interrupt",
		[HVCALL_MMIO_READ] = "config read", [HVCALL_MMIO_WRITE] = "config write",
		[HVCALL_TIMER] = "set timer",
	};

	switch (event->type) {
	case HVCALL_BEGIN:
		return "hypercall";
	case HVCALL_CALLER_BEGIN:
	case HVCALL_CALLER:
		return event->a < HVCALL_CALLERS ? callers[event->a] : NULL;
	}
	return "end";
}

/* ---- codes ------------------------------------------------------------------------ */

/* Of the TLFS, appendix A, those that guests use. */
static const struct {
	unsigned int code;
	const char *name;
} names[] = {
	{ 0x0002, "flush_address_space" }, { 0x0003, "flush_address_list" },
	{ 0x0008, "notify_long_spin_wait" }, { 0x000b, "send_ipi" },
	{ 0x0013, "flush_address_space_ex" }, { 0x0014, "flush_address_list_ex" },
	{ 0x0015, "send_ipi_ex" }, { 0x0046, "get_partition_id" },
	{ 0x0050, "get_vp_registers" }, { 0x0051, "set_vp_registers" },
	{ 0x005c, "post_message" }, { 0x005d, "signal_event" },
	{ 0x007e, "retarget_interrupt" }, { 0x0099, "start_vp" },
	{ 0x009a, "get_vp_index" }, { 0x00af, "flush_guest_space" },
	{ 0x00b0, "flush_guest_list" }, { 0x00db, "modify_visibility" },
	{ 0x0106, "mmio_read" }, { 0x0107, "mmio_write" },
	{ 0x8001, "query_capabilities" }, { 0x8003, "memory_heat_hint" },
};

static unsigned int code_at(unsigned int index)
{
	return index < HVCALL_PLAIN ? index : 0x8000 + index - HVCALL_PLAIN;
}

static const char *name_at(unsigned int index)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code_at(index))
			return names[i].name;
	return "other";
}

/* Of hypercall @index, over all CPUs; false: there was none. */
static bool of_code(const struct trace_run *run, unsigned int index, struct hvcall_stats *sum)
{
	struct hvcall_stats *each;
	unsigned int rows, i;

	memset(sum, 0, sizeof(*sum));
	each = trace_rows(run, "hvcall_codes", index, sizeof(*each), &rows);
	for (i = 0; i < rows; i++) {
		sum->count += each[i].count;
		sum->failed += each[i].failed;
		sum->ns += each[i].ns;
		if (each[i].max_ns > sum->max_ns)
			sum->max_ns = each[i].max_ns;
	}
	free(each);
	return sum->count;
}

static void show(struct trace_run *run, FILE *out)
{
	struct hvcall_stats sum;
	char mean[16], max[16];
	unsigned int i;

	if (!trace_has(run, TRACE_HOOK(ALL_END))) {
		fprintf(out, "codes: no hook reached; this kernel makes hypercalls inline\n");
		return;
	}
	fprintf(out, "%6s %-24s %10s %8s %8s %8s\n", "code", "hypercall", "count", "failed",
		"mean", "max");
	for (i = 0; i < HVCALL_CODES; i++)
		if (of_code(run, i, &sum))
			fprintf(out, "%#6x %-24s %10llu %8llu %8s %8s\n", code_at(i), name_at(i),
				sum.count, sum.failed,
				bench_time(mean, (double)sum.ns / (double)sum.count),
				bench_time(max, (double)sum.max_ns));
}

static void result(struct trace_run *run, json_t *json)
{
	json_t *array;
	struct hvcall_stats sum;
	unsigned int i;

	if (!trace_has(run, TRACE_HOOK(ALL_END)))
		return;
	array = json_array();
	for (i = 0; i < HVCALL_CODES; i++)
		if (of_code(run, i, &sum))
			json_array_append_new(array, json_pack("{s:i, s:s, s:I, s:I, s:I, s:I}",
				"code", (int)code_at(i), "name", name_at(i),
				"count", (json_int_t)sum.count, "failed", (json_int_t)sum.failed,
				"ns", (json_int_t)sum.ns, "max_ns", (json_int_t)sum.max_ns));
	json_object_set_new(json, "codes", array);
}

const struct trace_tool trace_hvcall = {
	.name = "hvcall",
	.summary = "Shows hypercalls: how many of each code, who makes them, how long they take.",
	.device = "Hyper-V",
	.id = AZT_TOOL_HVCALL,
	.hooks = hooks, .stages = stages, .counters = counters,
	.open = open_object, .close = close_object,
	.model = model, .memory = memory, .event_name = event_name,
	.prepare = prepare, .show = show, .result = result,
};
