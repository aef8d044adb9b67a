// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVSP messages of the guest: version, buffers, sub-channels, and RNDIS
 * messages, which tx.c and rndis_control.c look into. Requests that set the
 * device up are taken on the primary channel only and in any order that is
 * possible; everything else is answered with NVSP_STATUS_FAIL.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Oldest first; Linux asks for one at a time from the newest on. */
static const uint32_t versions[] = {
	NVSP_VERSION_1, NVSP_VERSION_2, NVSP_VERSION_4,
	NVSP_VERSION_5, NVSP_VERSION_6, NVSP_VERSION_61,
};

#define NEWEST	(versions[sizeof(versions) / sizeof(versions[0]) - 1])

struct late_completion {
	struct defer_item item;		/* first */
	uint64_t trans_id;
	uint32_t len;
	struct nvsp_message m;
};

static void run_late(struct netvsp_channel *nc, struct defer_item *item)
{
	struct late_completion *l = (struct late_completion *)item;

	out_send(nc, VMBUS_PKT_COMPLETION, l->trans_id, &l->m, l->len);
	free(l);
}

static void drop_late(struct defer_item *item)
{
	free(item);
}

static bool complete_later(struct netvsp_channel *nc, uint64_t trans_id,
			   const struct nvsp_message *m, uint32_t len, uint64_t delay_ns)
{
	struct late_completion *l = calloc(1, sizeof(*l));

	if (!l)
		return false;
	l->item.run = run_late;
	l->item.drop = drop_late;
	l->trans_id = trans_id;
	l->len = len;
	memcpy(&l->m, m, len);
	if (!defer_add(nc, &l->item, delay_ns))
		return true;
	free(l);
	return false;
}

/*
 * How much later than now the packet that was taken just now is done: the NIC
 * behind the device takes tx_us for each VMBus packet, one after the other, and
 * tells every tx_batch_us what it has done.
 */
static uint64_t tx_service_ns(struct netvsp_channel *nc)
{
	uint64_t batch = nc->dev->tx_batch_us * 1000, now, done;

	if (!nc->dev->tx_us && !batch)
		return 0;
	now = loop_now_ns();
	done = (nc->tx_busy_until > now ? nc->tx_busy_until : now) + nc->dev->tx_us * 1000;
	nc->tx_busy_until = done;
	if (batch)
		done += batch - done % batch;
	return done - now;
}

void nvsp_complete(struct netvsp_channel *nc, uint64_t trans_id, const struct nvsp_message *m,
		   uint32_t len, const char *op)
{
	uint64_t delay_ns = strcmp(op, "tx") ? 0 : tx_service_ns(nc);
	const struct fault *f;

	if (netvsp_fault(nc, "withhold", op))
		return;
	if (netvsp_fault(nc, "empty-completion", op)) {
		count(&nc->n->completions_emptied);
		len = 0;
	}
	f = netvsp_fault(nc, "delay", op);
	if (f)
		delay_ns += fault_u64(f, "us", 1000) * 1000;
	if (delay_ns && complete_later(nc, trans_id, m, len, delay_ns))
		return;
	out_send(nc, VMBUS_PKT_COMPLETION, trans_id, m, len);
}

static void reply(struct netvsp_channel *nc, const struct ring_packet *pkt,
		  const struct nvsp_message *m, const char *op)
{
	if (pkt->flags & VMBUS_PACKET_FLAG_COMPLETION_REQUESTED)
		nvsp_complete(nc, pkt->trans_id, m, sizeof(*m), op);
}

static void init(struct netvsp_channel *nc, const struct ring_packet *pkt,
		 const struct nvsp_message *in)
{
	uint32_t min = in->u.init.min_version, max = in->u.init.max_version, best = 0;
	struct nvsp_message out = { .type = NVSP_INIT_COMPLETE };
	unsigned int i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (versions[i] >= min && versions[i] <= max)
			best = versions[i];
	}
	if (atomic_load(&nc->dev->version))
		out.u.init_complete.status = NVSP_STATUS_FAIL;
	else if (best)
		out.u.init_complete.status = NVSP_STATUS_SUCCESS;
	else if (min > NEWEST)
		out.u.init_complete.status = NVSP_STATUS_TOO_NEW;
	else if (max < versions[0])
		out.u.init_complete.status = NVSP_STATUS_TOO_OLD;
	else
		out.u.init_complete.status = NVSP_STATUS_UNSUPPORTED;
	if (out.u.init_complete.status == NVSP_STATUS_SUCCESS) {
		atomic_store(&nc->dev->version, best);
		out.u.init_complete.version = best;
		out.u.init_complete.max_mdl_chain_len = 32;
	} else {
		out.u.init_complete.version = NEWEST;
	}
	reply(nc, pkt, &out, "nvsp-init");
}

/* Large enough for a frame of the guest's MTU with everything in front of it. */
static uint32_t recv_section_size(const struct netvsp *dev)
{
	uint32_t mtu = dev->guest_mtu ? dev->guest_mtu : dev->mtu + ETH_HEADER, need;

	if (mtu > FRAME_MAX)
		mtu = FRAME_MAX;
	need = (mtu + VLAN_HEADER + (uint32_t)RX_HEADER_ROOM + 63) & ~63u;
	return need > RECV_SECTION_SIZE ? need : RECV_SECTION_SIZE;
}

/* The buffer of @in for the device and for this channel. NULL: refused. */
static struct net_buffer *take_buffer(struct netvsp_channel *nc, const struct nvsp_message *in,
				      bool recv, uint32_t section_size)
{
	struct netvsp *dev = nc->dev;
	struct net_buffer *b;

	if (!atomic_load(&dev->version) ||
	    in->u.buffer.id != (recv ? NVSP_RECV_BUFFER_ID : NVSP_SEND_BUFFER_ID))
		return NULL;
	b = net_buffer_create(nc->ch->bus, in->u.buffer.gpadl, section_size);
	if (!b)
		return NULL;
	net_buffer_get(b);
	if (netvsp_store_buffer(dev, recv, b))
		return b;
	net_buffer_put(b);
	net_buffer_put(b);
	return NULL;
}

static bool take_recv_buffer(struct netvsp_channel *nc, const struct nvsp_message *in)
{
	struct net_buffer *b = take_buffer(nc, in, true, recv_section_size(nc->dev));
	uint32_t most = nc->dev->recv_sections;

	if (!b)
		return false;
	/* Before any other channel is there to see it. */
	if (most && b->sections > most)
		b->sections = most;
	rx_free(nc);
	net_buffer_put(nc->recv);
	nc->recv = b;
	if (!rx_init(nc))
		return true;
	netvsp_revoke(nc->dev, true);
	return false;
}

static void recv_buf(struct netvsp_channel *nc, const struct ring_packet *pkt,
		     const struct nvsp_message *in)
{
	struct nvsp_message out = { .type = NVSP_SEND_RECV_BUF_COMPLETE };

	out.u.recv_buf_complete.status = NVSP_STATUS_FAIL;
	if (take_recv_buffer(nc, in)) {
		out.u.recv_buf_complete.status = NVSP_STATUS_SUCCESS;
		out.u.recv_buf_complete.num_sections = 1;
		out.u.recv_buf_complete.sub_alloc_size = nc->recv->section_size;
		out.u.recv_buf_complete.num_sub_allocs = nc->recv->sections;
		out.u.recv_buf_complete.end_offset = nc->recv->section_size * nc->recv->sections;
	}
	reply(nc, pkt, &out, "recv-buf");
}

static void send_buf(struct netvsp_channel *nc, const struct ring_packet *pkt,
		     const struct nvsp_message *in)
{
	struct nvsp_message out = { .type = NVSP_SEND_SEND_BUF_COMPLETE };
	struct net_buffer *b = take_buffer(nc, in, false, SEND_SECTION_SIZE);

	out.u.send_buf_complete.status = NVSP_STATUS_FAIL;
	if (b) {
		net_buffer_put(nc->send);
		nc->send = b;
		out.u.send_buf_complete.status = NVSP_STATUS_SUCCESS;
		out.u.send_buf_complete.section_size = SEND_SECTION_SIZE;
	}
	reply(nc, pkt, &out, "send-buf");
}

/* Each sub-channel needs a receive section at least. */
static uint32_t grant(struct netvsp_channel *nc, uint32_t wanted)
{
	uint32_t most = nc->dev->queues - 1, spare = nc->recv->sections - nc->rx.count;
	const struct fault *f;

	if (wanted > most)
		wanted = most;
	if (wanted > spare)
		wanted = spare;
	f = netvsp_fault(nc, "subchannels", NULL);
	if (f && fault_u64(f, "grant", 0) < wanted)
		wanted = (uint32_t)fault_u64(f, "grant", 0);
	return wanted;
}

static void subchannel(struct netvsp_channel *nc, const struct ring_packet *pkt,
		       const struct nvsp_message *in)
{
	struct nvsp_message out = { .type = NVSP_SUBCHANNEL };
	struct netvsp *dev = nc->dev;
	uint32_t n = 0;

	out.u.subchannel_complete.status = NVSP_STATUS_FAIL;
	if (atomic_load(&dev->version) >= NVSP_VERSION_5 && net_buffer_usable(nc->recv) &&
	    in->u.subchannel.op == NVSP_SUBCHANNEL_ALLOCATE && !atomic_load(&dev->subchannels)) {
		n = grant(nc, in->u.subchannel.count);
		atomic_store(&dev->subchannels, n);
		out.u.subchannel_complete.status = NVSP_STATUS_SUCCESS;
		out.u.subchannel_complete.count = n;
	}
	reply(nc, pkt, &out, "subchannel");
	if (n && vmbus_offer_subchannels(&dev->dev, 1, n))
		count(&nc->n->protocol_errors);
}

void nvsp_send_table(struct netvsp_channel *nc)
{
	struct {
		struct nvsp_message m;
		uint32_t entry[NVSP_SEND_TABLE_SIZE];
	} __attribute__((packed)) t = { .m.type = NVSP_INDIRECTION_TABLE };
	uint32_t channels = atomic_load(&nc->dev->subchannels) + 1, i;

	t.m.u.indirection.count = NVSP_SEND_TABLE_SIZE;
	t.m.u.indirection.offset = sizeof(t.m);
	for (i = 0; i < NVSP_SEND_TABLE_SIZE; i++)
		t.entry[i] = i % channels;
	count(&nc->n->indications);
	out_send(nc, VMBUS_PKT_DATA_INBAND, 0, &t, sizeof(t));
}

/* The pieces of guest memory that an RNDIS packet is made of: section, then ranges. */
static int packet_iov(struct netvsp_channel *nc, const struct ring_packet *pkt,
		      const struct nvsp_message *in, struct iovec *iov, int max)
{
	uint32_t section = in->u.rndis.section_index, size = in->u.rndis.section_size;
	bool direct = pkt->type == VMBUS_PKT_DATA_GPA_DIRECT;
	struct net_buffer *b = nc->send;
	int n = 0, ret;

	if (section != NVSP_NO_SECTION) {
		if (!net_buffer_usable(b) || section >= b->sections || size > b->section_size)
			return -EPROTO;
		n = gpadl_iov(b->gpadl, b->gpadl->byte_offset +
			      (uint64_t)section * b->section_size, size, iov, max);
		if (n < 0)
			return n;
	}
	if (direct) {
		ret = channel_gpa_iov(nc->ch, pkt, iov + n, max - n);
		if (ret < 0)
			return ret;
		n += ret;
	}
	return n ? n : -EPROTO;
}

/* Written only when it changes: channels with sections of their own share nothing. */
static void count_section(struct netvsp_channel *nc, uint32_t section)
{
	unsigned int self = nc->index + 1, last;
	struct net_buffer *b = nc->send;

	if (!net_buffer_usable(b) || section >= b->sections)
		return;
	last = atomic_load_explicit(&b->user[section], memory_order_relaxed);
	if (last == self)
		return;
	atomic_store_explicit(&b->user[section], self, memory_order_relaxed);
	if (last)
		count(&nc->n->tx_section_moved);
}

static void count_packet(struct netvsp_channel *nc, const struct ring_packet *pkt,
			 const struct nvsp_message *in)
{
	bool section = in->u.rndis.section_index != NVSP_NO_SECTION;

	count(&nc->n->tx_vmbus_packets);
	if (section)
		count_section(nc, in->u.rndis.section_index);
	if (pkt->type != VMBUS_PKT_DATA_GPA_DIRECT)
		count(&nc->n->tx_section);
	else if (section)
		count(&nc->n->tx_mixed);
	else
		count(&nc->n->tx_gpa_direct);
}

static void rndis_packet(struct netvsp_channel *nc, const struct ring_packet *pkt,
			 const struct nvsp_message *in)
{
	bool control = in->u.rndis.channel_type == NVSP_CHANNEL_CONTROL;
	struct nvsp_message out = { .type = NVSP_RNDIS_PACKET_COMPLETE };
	uint32_t status = NVSP_STATUS_INVALID_RNDIS;
	struct iovec iov[FRAME_IOV_MAX];
	int n = packet_iov(nc, pkt, in, iov, FRAME_IOV_MAX);

	if (n < 0)
		count(&nc->n->protocol_errors);
	if (!control) {
		count_packet(nc, pkt, in);
		if (n > 0)
			status = tx_data(nc, iov, n);
	} else if (n > 0 && nc->index == 0 && !rndis_control(nc, iov, n)) {
		status = NVSP_STATUS_SUCCESS;
	}
	if (!(pkt->flags & VMBUS_PACKET_FLAG_COMPLETION_REQUESTED))
		return;
	out.u.rndis_complete.status = status;
	if (!control && netvsp_fault(nc, "lose-completion", NULL))
		return;
	nvsp_complete(nc, pkt->trans_id, &out, sizeof(out), control ? "rndis" : "tx");
	if (!control && netvsp_fault(nc, "dup-completion", NULL))
		nvsp_complete(nc, pkt->trans_id, &out, sizeof(out), "tx");
}

/* Messages that only the primary channel takes. */
static bool primary_message(struct netvsp_channel *nc, const struct ring_packet *pkt,
			    const struct nvsp_message *in)
{
	switch (in->type) {
	case NVSP_INIT:
		init(nc, pkt, in);
		return true;
	case NVSP_SEND_NDIS_VERSION:
		return true;
	case NVSP_SEND_NDIS_CONFIG:
		nc->dev->guest_mtu = in->u.ndis_config.mtu;
		nc->dev->guest_caps = in->u.ndis_config.capabilities;
		return true;
	case NVSP_SEND_RECV_BUF:
		recv_buf(nc, pkt, in);
		return true;
	case NVSP_SEND_SEND_BUF:
		send_buf(nc, pkt, in);
		return true;
	case NVSP_REVOKE_RECV_BUF:
	case NVSP_REVOKE_SEND_BUF:
		netvsp_revoke(nc->dev, in->type == NVSP_REVOKE_RECV_BUF);
		return true;
	case NVSP_SUBCHANNEL:
		subchannel(nc, pkt, in);
		return true;
	case NVSP_SWITCH_DATA_PATH:
		/* Completed without a payload, as netvsc_send_completion() wants it. */
		if (pkt->flags & VMBUS_PACKET_FLAG_COMPLETION_REQUESTED)
			nvsp_complete(nc, pkt->trans_id, in, 0, "switch-data-path");
		return true;
	default:
		return false;
	}
}

void nvsp_packet(struct netvsp_channel *nc, const struct ring_packet *pkt)
{
	struct nvsp_message in = { 0 }, out = { 0 };

	if (pkt->payload_len < 8 || (pkt->type != VMBUS_PKT_DATA_INBAND &&
	    pkt->type != VMBUS_PKT_DATA_GPA_DIRECT && pkt->type != VMBUS_PKT_COMPLETION)) {
		count(&nc->n->protocol_errors);
		return;
	}
	memcpy(&in, pkt->payload, pkt->payload_len < sizeof(in) ? pkt->payload_len : sizeof(in));
	if (pkt->type == VMBUS_PKT_COMPLETION) {
		if (in.type == NVSP_RNDIS_PACKET_COMPLETE)
			rx_completion(nc, pkt->trans_id, in.u.rndis_complete.status);
		else
			count(&nc->n->protocol_errors);
		return;
	}
	if (in.type == NVSP_RNDIS_PACKET) {
		rndis_packet(nc, pkt, &in);
		return;
	}
	if (nc->index == 0 && primary_message(nc, pkt, &in))
		return;
	count(&nc->n->protocol_errors);
	out.type = in.type;
	out.u.rndis_complete.status = NVSP_STATUS_FAIL;
	reply(nc, pkt, &out, "unknown");
}
