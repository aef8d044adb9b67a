// SPDX-License-Identifier: GPL-2.0-only
/* The device: creation from --net, channels that come and go, counters. */
#include "netvsp/netvsp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/opts.h"
#include "netvsp/command.h"
#include "netvsp/internal.h"

/*
 * One range in a receive packet is the default: the guest then completes each
 * frame by itself, which is the case that its driver has to be good at.
 */
#define QUEUES_DEFAULT	16
#define MTU_DEFAULT	1500
#define BATCH_DEFAULT	1

const char netvsp_help[] =
	"responder        the peer built into azhost: 192.168.77.1, fd77::1\n"
	"tap=NAME         a TAP interface of this machine\n"
	"mac=XX:..:XX     the guest's address (00:15:5d:77:01:N)\n"
	"delay_us=N       answers of the responder are that late (0)\n"
	"queues=N         channels that are offered at most, 1 to 64 (16)\n"
	"mtu=N            largest IP packet, 68 to 65521 (1500)\n"
	"tx_us=N          the host's NIC takes that long for each VMBus packet of the\n"
	"                 guest, one after the other, before it is completed (0)\n"
	"tx_batch_us=N    and tells so often what it has done (0: at once)\n"
	"batch=N          frames in one receive packet at most, 1 to 256 (1)\n"
	"rsc=on|off       offer coalesced receive frames (off)\n"
	"recv_sections=N  sections of the receive buffer that the host uses at most\n"
	"monitor_us=N     the guest signals by monitor page, and the host looks there\n"
	"                 every N us, 1 to 1000000 (hypercalls)\n";

#define OPS	"op=nvsp-init|recv-buf|send-buf|subchannel|switch-data-path|unknown|tx|rndis|" \
		"rndis-init|rndis-query|rndis-set|rndis-keepalive|rndis-reset"

static const char *const delay_keys[] = { OPS, "us#", NULL };
static const char *const withhold_keys[] = { OPS, NULL };
static const char *const kind_keys[] = {
	"kind=size0|huge|offset|short|tiny|length|runt", "data_len#", NULL
};
static const char *const again_keys[] = {
	"op=rndis-init|rndis-query|rndis-set|rndis-keepalive", "us#", "status#", NULL
};
static const char *const align_keys[] = { "factor#", NULL };
static const char *const grant_keys[] = { "grant#", NULL };

const struct fault_kind netvsp_faults[] = {
	{ "net", "delay", delay_keys, OPS ",us=N: answer that N us late (1000)", false },
	{ "net", "withhold", withhold_keys, OPS ": never answer that", false },
	{ "net", "malformed-ppi", kind_keys,
	  "kind=size0|huge|offset|short|tiny|length|runt: spoil a received packet; "
	  "data_len=N is what a runt says that it has (6)", false },
	{ "net", "dup-answer", again_keys,
	  "op=rndis-init|rndis-query|rndis-set|rndis-keepalive,us=N,status=S: answer that a "
	  "second time, N us after the first (0), with another status if one is given", false },
	{ "net", "empty-completion", withhold_keys,
	  OPS ": complete that without any payload", false },
	{ "net", "rndis-align", align_keys,
	  "factor=N: ask for packets aligned to 2^N in the RNDIS initialization (255)", false },
	{ "net", "lose-completion", NULL, "never complete a sent packet", false },
	{ "net", "dup-completion", NULL, "complete a sent packet twice", false },
	{ "net", "subchannels", grant_keys, "grant=N: grant N sub-channels at most (0)", false },
	{ .what = NULL },
};

#define COUNTER(name) { #name, offsetof(struct net_counters, name) }

static const struct counter_name counter_names[] = {
	COUNTER(tx_vmbus_packets), COUNTER(tx_rndis_packets), COUNTER(tx_section),
	COUNTER(tx_section_moved),
	COUNTER(tx_gpa_direct), COUNTER(tx_mixed), COUNTER(tx_bytes), COUNTER(tx_errors),
	COUNTER(tx_dropped), COUNTER(tx_csum), COUNTER(tx_lso), COUNTER(tx_segments),
	COUNTER(tx_vlan), COUNTER(rx_packets), COUNTER(rx_vmbus_packets), COUNTER(rx_bytes),
	COUNTER(rx_completions), COUNTER(rx_completion_delay_ns),
	COUNTER(rx_completion_delay_max_ns), COUNTER(rx_bad_completions), COUNTER(rx_failed),
	COUNTER(rx_no_section), COUNTER(rx_ring_full), COUNTER(rx_dropped), COUNTER(rx_filtered),
	COUNTER(rx_rsc_frames), COUNTER(rx_vlan), COUNTER(rx_hashed), COUNTER(rx_steered),
	COUNTER(rx_malformed), COUNTER(control_requests), COUNTER(control_responses),
	COUNTER(control_repeated), COUNTER(indications), COUNTER(completions_emptied),
	COUNTER(protocol_errors), COUNTER(bad_checksum),
	{ NULL, 0 },
};

const struct fault *netvsp_fault(struct netvsp_channel *nc, const char *what, const char *tag)
{
	return fault_fires(vmbus_faults(nc->ch->bus), nc->dev->dev.name, what, tag);
}

uint64_t service_now_ns(struct netvsp_channel *nc)
{
	if (!nc->now_ns)
		nc->now_ns = loop_now_ns();
	return nc->now_ns;
}

void netvsp_service(struct netvsp_channel *nc)
{
	struct net_backend *b = nc->dev->backend;
	struct ring_packet pkt;

	while (out_flush(nc) && channel_recv(nc->ch, &pkt) > 0) {
		netvsp_take_config(nc);
		nvsp_packet(nc, &pkt);
		rx_run(nc);
	}
	if (rx_run(nc) && rx_push(nc) && b->ops->resume)
		b->ops->resume(b, nc->backend);
	nc->now_ns = 0;
}

static void ready(struct vmbus_channel *ch)
{
	netvsp_service(ch->priv);
}

static void sub_opened(struct netvsp *dev)
{
	if (atomic_fetch_add(&dev->subs_open, 1) + 1 == atomic_load(&dev->subchannels))
		slot_event(&dev->slot[0], NET_EVENT_TABLE);
}

static int channel_open(struct vmbus_channel *ch)
{
	struct netvsp *dev = (struct netvsp *)ch->dev;
	struct netvsp_channel *nc;
	int ret = -ENOMEM;

	if (ch->sub_index >= dev->queues || atomic_load(&dev->slot[ch->sub_index].open))
		return -EINVAL;
	nc = calloc(1, sizeof(*nc));
	if (!nc)
		return -ENOMEM;
	nc->dev = dev;
	nc->ch = ch;
	nc->index = ch->sub_index;
	nc->slot = &dev->slot[nc->index];
	nc->n = &nc->slot->n;
	rx_drop_backlog(nc);
	defer_init(nc);
	out_init(nc);
	if (netvsp_attach(nc))
		goto fail;
	ret = dev->backend->ops->open(dev->backend, nc, &nc->backend);
	if (ret)
		goto fail;
	ch->priv = nc;
	slot_open(nc->slot, nc);
	if (nc->index)
		sub_opened(dev);
	return 0;
fail:
	rx_free(nc);
	net_buffer_put(nc->recv);
	net_buffer_put(nc->send);
	free(nc);
	return ret;
}

static void channel_close(struct vmbus_channel *ch)
{
	struct netvsp_channel *nc = ch->priv;
	struct netvsp *dev = nc->dev;

	slot_close(nc->slot);
	dev->backend->ops->close(dev->backend, nc->backend);
	defer_drop_all(nc);
	out_drop_all(nc);
	rx_drop_backlog(nc);
	rx_free(nc);
	net_buffer_put(nc->recv);
	net_buffer_put(nc->send);
	if (nc->index)
		atomic_fetch_sub(&dev->subs_open, 1);
	else
		netvsp_session_reset(dev);
	ch->priv = NULL;
	free(nc);
}

static void gpadl_gone(struct vmbus_device *vdev, struct gpadl *g)
{
	netvsp_gpadl_gone((struct netvsp *)vdev, g);
}

static int command(struct vmbus_device *vdev, const char *cmd, json_t *args, json_t *reply)
{
	return netvsp_command((struct netvsp *)vdev, cmd, args, reply);
}

static void counters(struct vmbus_channel *ch, json_t *obj)
{
	struct netvsp *dev = (struct netvsp *)ch->dev;
	const struct net_counters *n;
	json_t *all;

	if (ch->sub_index >= dev->queues)
		return;
	n = &dev->slot[ch->sub_index].n;
	all = counters_json(n, counter_names);
	if (!all)
		return;
	json_object_update(obj, all);
	json_decref(all);
	json_object_set_new(obj, "bytes",
			    json_integer((json_int_t)(count_get(&n->tx_bytes) +
						      count_get(&n->rx_bytes))));
}

static void destroy(struct vmbus_device *vdev)
{
	struct netvsp *dev = (struct netvsp *)vdev;

	netvsp_session_reset(dev);
	if (dev->backend)
		dev->backend->ops->destroy(dev->backend);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static const struct vmbus_device_ops netvsp_ops = {
	.type = "net",
	.class_id = VMBUS_GUID_NET,
	.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE,
	.open = channel_open,
	.ready = ready,
	.close = channel_close,
	.gpadl_gone = gpadl_gone,
	.command = command,
	.counters = counters,
	.destroy = destroy,
};

/* ---- creation ------------------------------------------------------------- */

struct net_spec {
	char *backend, *tap, *mac, *rsc;
	uint64_t delay_us, tx_us, tx_batch_us;
	unsigned int queues, mtu, batch, recv_sections, monitor_us;
};

static int fail(char *err, unsigned int err_len, const char *text, const char *what)
{
	snprintf(err, err_len, text, what);
	return -EINVAL;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6], i;
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || text[end] || (b[0] & 1))
		return -EINVAL;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return 0;
}

static int parse_spec(const char *text, struct net_spec *s, char *err, unsigned int err_len)
{
	const struct az_kv table[] = {
		AZ_KV(STRING, "", &s->backend),
		AZ_KV(STRING, "tap", &s->tap),
		AZ_KV(STRING, "mac", &s->mac),
		AZ_KV(STRING, "rsc", &s->rsc),
		AZ_KV(U64, "delay_us", &s->delay_us, .max = 10000000),
		AZ_KV(U64, "tx_us", &s->tx_us, .max = 10000000),
		AZ_KV(U64, "tx_batch_us", &s->tx_batch_us, .max = 10000000),
		AZ_KV(U32, "queues", &s->queues, .min = 1, .max = NVSP_MAX_CHANNELS),
		AZ_KV(U32, "mtu", &s->mtu, .min = 68, .max = 65521),
		AZ_KV(U32, "recv_sections", &s->recv_sections, .min = 1, .max = UINT32_MAX),
		AZ_KV(U32, "monitor_us", &s->monitor_us, .min = 1,
		      .max = VMBUS_MONITOR_LATENCY_MAX_US),
		AZ_KV(U32, "batch", &s->batch, .min = 1, .max = RX_MAX_RANGES),
		AZ_KV_DONE
	};
	int ret = az_kv_parse(text, table, err, err_len);

	if (ret)
		return ret;
	if (!!s->tap == (s->backend && !strcmp(s->backend, "responder")))
		return fail(err, err_len, "%s: it begins with \"responder\" or \"tap=NAME\"", text);
	if (s->backend && strcmp(s->backend, "responder"))
		return fail(err, err_len, "%s: there is no such backend, use responder or tap=NAME",
			    s->backend);
	if (s->tap && s->delay_us)
		return fail(err, err_len, "%s: delay_us is for the responder only", text);
	if (s->rsc && strcmp(s->rsc, "on") && strcmp(s->rsc, "off"))
		return fail(err, err_len, "rsc=%s: it is on or off", s->rsc);
	return 0;
}

static struct netvsp *device_alloc(unsigned int instance)
{
	static const struct vmbus_guid id =
		VMBUS_GUID(0x417a4e00u, 0x6574, 0x4e31, 0x9a, 0x7d, 0, 0x15, 0x5d, 0x77, 1, 0);
	struct netvsp *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->dev.ops = &netvsp_ops;
	snprintf(dev->dev.name, sizeof(dev->dev.name), "net%u", instance % 100);
	dev->dev.instance_id = id;
	dev->dev.instance_id.b[15] = (uint8_t)instance;
	pthread_mutex_init(&dev->lock, NULL);
	memcpy(dev->mac, (const uint8_t[]){ 0x00, 0x15, 0x5d, 0x77, 0x01, (uint8_t)instance }, 6);
	return dev;
}

static int configure(struct netvsp *dev, const struct net_spec *s, char *err,
		     unsigned int err_len)
{
	if (s->mac && parse_mac(s->mac, dev->mac))
		return fail(err, err_len, "mac=%s: six bytes as XX:XX:XX:XX:XX:XX, not multicast",
			    s->mac);
	memcpy(dev->current_mac, dev->mac, sizeof(dev->mac));
	dev->tx_us = s->tx_us;
	dev->tx_batch_us = s->tx_batch_us;
	dev->queues = s->queues;
	dev->mtu = s->mtu;
	dev->batch = s->batch;
	dev->recv_sections = s->recv_sections;
	dev->dev.monitor_latency_us = s->monitor_us;
	dev->rsc = s->rsc && !strcmp(s->rsc, "on");
	if (s->tap)
		return tap_create(dev, s->tap, s->queues, &dev->backend, err, err_len);
	dev->backend = responder_create(dev, s->delay_us);
	if (!dev->backend) {
		snprintf(err, err_len, "no memory for a network device");
		return -ENOMEM;
	}
	return 0;
}

int netvsp_create(const char *spec, unsigned int instance, struct vmbus_device **out,
		  char *err, unsigned int err_len)
{
	struct net_spec s = {
		.queues = QUEUES_DEFAULT, .mtu = MTU_DEFAULT, .batch = BATCH_DEFAULT,
	};
	struct netvsp *dev = NULL;
	int ret = parse_spec(spec, &s, err, err_len);

	if (ret)
		goto out;
	dev = device_alloc(instance);
	ret = dev ? configure(dev, &s, err, err_len) : -ENOMEM;
	if (ret)
		goto out;
	*out = &dev->dev;
	dev = NULL;
out:
	if (dev)
		destroy(&dev->dev);
	free(s.backend);
	free(s.tap);
	free(s.mac);
	free(s.rsc);
	return ret;
}
