// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace netvsc": the ways of packets through the synthetic network device. */
#include "bpf/core/trace.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/core/skeleton.h"
#include "bpf/netvsc.skel.h"
#include "bpf/netvsc_model.h"
#include "bpf/netvsc_view.h"
#include "lib/log.h"

enum {
	TX_QUEUE, TX_START, TX_RING, TX_DONE, RX_IRQ, RX_POLL, RX_STACK, RX_UDP, RX_TCP, RUN,
	READ_UDP, READ_TCP, DROP, XDP, SWITCH, SWITCHED
};

static const struct trace_hook hooks[] = {
	[TX_QUEUE] = { "queued", "time in the queueing discipline", {
		{ TRACE_TP, "tx_queue_tp", "net_dev_queue", NULL } } },
	[TX_START] = { "driver", "time in the driver, what the VF sends", {
		{ TRACE_TP, "tx_start_tp", "net_dev_start_xmit", NULL } } },
	[TX_RING] = { "ring", "packets to the host", {
		{ TRACE_TP, "tx_ring_tp", "vmbus_ring_send", "hv_vmbus" },
		{ TRACE_FUNC, "tx_ring_func", "hv_ringbuffer_write", "hv_vmbus" } } },
	[TX_DONE] = { "completed", "completions of the host", {
		{ TRACE_FUNC, "tx_done_func", "vmbus_request_addr", "hv_vmbus" },
		{ TRACE_TP, "tx_done_tp", "netvsc_tx_complete", "hv_netvsc" } } },
	[RX_IRQ] = { "interrupt", "interrupts, and what follows them", {
		{ TRACE_TP, "rx_irq_tp", "vmbus_chan_sched", "hv_vmbus" } } },
	[RX_POLL] = { "poll", "NAPI polls", {
		{ TRACE_FUNC, "rx_poll_func", "netvsc_poll", "hv_netvsc" },
		{ TRACE_KPROBE, "rx_poll_kprobe", "netvsc_poll", NULL } } },
	[RX_STACK] = { "stack", "packets received", {
		{ TRACE_TP, "rx_stack_tp", "netif_receive_skb", NULL } } },
	[RX_UDP] = { "UDP socket", "stack, wake-up and read of UDP", {
		{ TRACE_FUNC, "rx_udp_func", "__udp_enqueue_schedule_skb", NULL } } },
	[RX_TCP] = { "TCP socket", "stack, wake-up and read of TCP", {
		{ TRACE_FUNC, "rx_tcp_func", "tcp_rcv_established", NULL } } },
	[RUN] = { "run", "wake-up of readers, apart from their reads", {
		{ TRACE_TP, "run_tp", "sched_switch", NULL } } },
	[READ_UDP] = { "UDP read", "reads of UDP", {
		{ TRACE_FUNC, "read_udp_func", "skb_consume_udp", NULL } } },
	[READ_TCP] = { "TCP read", "reads of TCP", {
		{ TRACE_TP, "read_tcp_tp", "skb_copy_datagram_iovec", NULL } } },
	[DROP] = { "drop", "drops and their reasons", {
		{ TRACE_TP, "drop_tp", "kfree_skb", NULL },
		{ TRACE_TP, "drop_old_tp", "kfree_skb", NULL } } },
	[XDP] = { "xdp", "verdicts of XDP programs (--xdp)", {
		{ TRACE_FUNC, "xdp_func", "netvsc_run_xdp", "hv_netvsc" } } },
	[SWITCH] = { "switch", "switches of the data path", {
		{ TRACE_FUNC, "switch_func", "netvsc_switch_datapath", "hv_netvsc" } } },
	[SWITCHED] = { "switched", "switches of the data path", {
		{ TRACE_FUNC, "switched_func", "netvsc_switch_datapath", "hv_netvsc" } } },
	{ .name = NULL }
};

#define H(n)	TRACE_HOOK(n)

static const struct trace_stage stages[] = {
	[NETVSC_S_QDISC] = { "tx_qdisc", "to the host: queue to driver",
			     H(TX_QUEUE) | H(TX_START), false },
	[NETVSC_S_DRIVER] = { "tx_driver", "  driver to ring", H(TX_START) | H(TX_RING), false },
	[NETVSC_S_HOST] = { "tx_host", "  ring to host completion",
			    H(TX_RING) | H(TX_DONE), false },
	[NETVSC_S_VF] = { "tx_vf", "  driver to VF's driver", H(TX_START), true },
	[NETVSC_S_IRQ] = { "rx_irq", "from it: interrupt to poll", H(RX_IRQ) | H(RX_POLL), false },
	[NETVSC_S_POLL] = { "rx_poll", "  poll to stack", H(RX_POLL) | H(RX_STACK), false },
	[NETVSC_S_STACK] = { "rx_stack", "  stack to socket", H(RX_STACK), false },
	[NETVSC_S_WAKE] = { "rx_wake", "  socket to running reader", H(RX_STACK) | H(RUN), false },
	[NETVSC_S_READ] = { "rx_read", "  reader to data read", H(RX_STACK), false },
	[NETVSC_S_SWITCH] = { "switch", "switch of the data path", H(SWITCH) | H(SWITCHED), true },
	{ .name = NULL }
};

static const struct trace_counter counters[] = {
	{ "drops", "packets dropped", H(DROP) },
	{ "xdp_aborted", "XDP: aborted", H(XDP) },
	{ "xdp_drop", "XDP: drop", H(XDP) },
	{ "xdp_pass", "XDP: pass", H(XDP) },
	{ "xdp_tx", "XDP: send back", H(XDP) },
	{ "xdp_redirect", "XDP: redirect", H(XDP) },
	{ "xdp_other", "XDP: what is no verdict", H(XDP) },
	{ .name = NULL }
};

#define MEMORY(map, count)	{ #map, map, sizeof((map)[0]), count }

static const struct trace_memory memory[] = {
	MEMORY(netvsc_queues, NETVSC_QUEUES),
	MEMORY(netvsc_rxs, 1u << NETVSC_FLIGHT_BITS),
	MEMORY(netvsc_switches, NETVSC_SWITCHES),
	MEMORY(netvsc_devs, NETVSC_DEVS),
	MEMORY(netvsc_cpus, NETVSC_CPUS),
	MEMORY(netvsc_reasons, NETVSC_REASONS),
	MEMORY(netvsc_txs, 1u << NETVSC_FLIGHT_BITS),
	MEMORY(netvsc_napis, 1u << 10),
	{ .name = NULL }
};

/* ---- devices ---------------------------------------------------------------------- */

static struct {
	const char *only;
	unsigned int queue;
	bool xdp;
} asked = { .queue = NETVSC_NONE };

static struct {
	unsigned int count;
	char name[NETVSC_DEVS][IF_NAMESIZE];
	uint32_t ifindex[NETVSC_DEVS];
	uint64_t instance[NETVSC_DEVS];
} devices;

const char *netvsc_device_name(unsigned int device)
{
	static char text[16];

	if (device < devices.count)
		return devices.name[device];
	snprintf(text, sizeof(text), "device %u", device % NETVSC_DEVS);
	return text;
}

/* The last part of what link @name in /sys/class/net/@dev/device leads to; false: there is none. */
static bool link_of(const char *dev, const char *name, char *last, size_t len)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device%s", dev, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	slash = strrchr(target, '/');
	snprintf(last, len, "%.*s", (int)len - 1, slash ? slash + 1 : target);
	return true;
}

/* The device is named by its instance; a GUID has its first three numbers little-endian. */
static bool instance_of(const char *dev, uint64_t *instance)
{
	unsigned int a, b, c;
	char guid[64];

	if (!link_of(dev, "", guid, sizeof(guid)) || sscanf(guid, "%8x-%4x-%4x", &a, &b, &c) != 3)
		return false;
	*instance = (uint64_t)c << 48 | (uint64_t)b << 32 | a;
	return true;
}

static void add_device(const char *dev)
{
	unsigned int n = devices.count;
	char driver[32];

	if (!link_of(dev, "/driver", driver, sizeof(driver)) || strcmp(driver, "hv_netvsc") ||
	    (asked.only && strcmp(dev, asked.only)))
		return;
	if (n == NETVSC_DEVS) {
		az_warn("more than %u interfaces: without %s (--dev)", NETVSC_DEVS, dev);
		return;
	}
	devices.ifindex[n] = if_nametoindex(dev);
	if (!devices.ifindex[n] || !instance_of(dev, &devices.instance[n]))
		return;
	snprintf(devices.name[n], sizeof(devices.name[n]), "%.*s", IF_NAMESIZE - 1, dev);
	devices.count++;
}

static int prepare(struct trace_run *run)
{
	struct dirent *entry;
	DIR *d = opendir("/sys/class/net");

	devices.count = 0;
	while (d && (entry = readdir(d)))
		add_device(entry->d_name);
	if (d)
		closedir(d);
	if (asked.only && !devices.count)
		return az_env("no interface '%s' that hv_netvsc drives", asked.only);
	if (!devices.count)
		return az_env("no interface here that hv_netvsc drives");
	if (!asked.xdp)
		run->without = TRACE_HOOK(XDP);
	return AZ_EXIT_OK;
}

static const struct az_opt options[] = {
	AZ_OPT(STRING, "dev", 0, "IFACE", "only this interface", &asked.only),
	AZ_OPT(U32, "queue", 0, "N", "only this queue (channel) of each", &asked.queue,
	       .max = (1u << NETVSC_QUEUE_BITS) - 1),
	AZ_OPT(FLAG, "xdp", 0, NULL, "count verdicts of XDP programs", &asked.xdp),
	AZ_OPT_DONE
};

/* ---- the object ------------------------------------------------------------------- */

TRACE_SKELETON(netvsc)

static struct bpf_object *open_object(struct trace_run *run, const struct azt_config *cfg,
				      void **skel)
{
	struct netvsc_bpf *bpf = open_skeleton(cfg, skel);

	if (!bpf)
		return NULL;
	memcpy((void *)&bpf->rodata->netvsc_count, &devices.count, sizeof(devices.count));
	memcpy((void *)bpf->rodata->netvsc_ifindex, devices.ifindex, sizeof(devices.ifindex));
	memcpy((void *)bpf->rodata->netvsc_instance, devices.instance, sizeof(devices.instance));
	memcpy((void *)&bpf->rodata->netvsc_only, &asked.queue, sizeof(asked.queue));
	return bpf->obj;
}

static void model(const struct azt_event *event)
{
	netvsc_model(event);
}

static const char *event_name(const struct azt_event *event)
{
	static const char *const names[] = {
		[NETVSC_TX_QUEUE] = "queued", [NETVSC_TX_START] = "driver",
		[NETVSC_TX_VF] = "VF's driver", [NETVSC_TX_RING] = "ring",
		[NETVSC_TX_DONE] = "completed", [NETVSC_RX_IRQ] = "interrupt",
		[NETVSC_RX_POLL] = "poll", [NETVSC_RX_STACK] = "stack",
		[NETVSC_RX_SOCKET] = "socket", [NETVSC_RX_READ] = "read",
		[NETVSC_RUN] = "run", [NETVSC_DROP] = "drop", [NETVSC_XDP] = "XDP",
		[NETVSC_SWITCH] = "switch", [NETVSC_SWITCHED] = "switched",
	};

	return event->type < sizeof(names) / sizeof(names[0]) ? names[event->type] : NULL;
}

const struct trace_tool trace_netvsc = {
	.name = "netvsc",
	.summary = "Shows where packets of the synthetic network device spend their time.",
	.id = AZT_TOOL_NETVSC,
	.hooks = hooks, .stages = stages, .counters = counters,
	.open = open_object, .close = close_object,
	.model = model, .memory = memory, .event_name = event_name,
	.options = options, .prepare = prepare,
	.show = netvsc_show, .result = netvsc_result,
};
