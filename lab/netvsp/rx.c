// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames to the guest. Each is written into a section of the receive buffer
 * (several for a coalesced frame) and announced by an XFER_PAGES packet that
 * names the ranges; the sections are the guest's until it completes that
 * packet. A channel has sections of its own, so no other channel is asked.
 *
 * One packet carries up to --net batch= ranges; what was filled and not yet
 * sent goes out at the end of each turn of the loop (rx_push()), so a batch
 * never waits for more to come.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define NO_NEXT	UINT32_MAX

/*
 * The primary has its share of all channels that there may be, from the
 * start. What remains is divided among the sub-channels that were granted.
 */
static void partition(struct netvsp_channel *nc)
{
	uint32_t sections = nc->recv ? nc->recv->sections : 0;
	uint32_t subs = atomic_load(&nc->dev->subchannels), primary;

	primary = sections / nc->dev->queues;
	if (primary < 2)
		primary = sections < 2 ? sections : 2;
	nc->rx.first = 0;
	nc->rx.count = primary;
	if (nc->index) {
		nc->rx.count = subs ? (sections - primary) / subs : 0;
		nc->rx.first = primary + (nc->index - 1) * nc->rx.count;
	}
}

int rx_init(struct netvsp_channel *nc)
{
	struct rx_state *rx = &nc->rx;
	uint32_t i;

	partition(nc);
	rx->n_free = 0;
	rx->n_range = 0;
	rx->free = calloc(rx->count + 1, sizeof(*rx->free));
	rx->next = calloc(rx->count + 1, sizeof(*rx->next));
	rx->generation = calloc(rx->count + 1, sizeof(*rx->generation));
	rx->sent_ns = calloc(rx->count + 1, sizeof(*rx->sent_ns));
	if (!rx->free || !rx->next || !rx->generation || !rx->sent_ns) {
		rx_free(nc);
		return -ENOMEM;
	}
	for (i = rx->count; i > 0; i--)
		rx->free[rx->n_free++] = i - 1;
	return 0;
}

void rx_free(struct netvsp_channel *nc)
{
	struct rx_state *rx = &nc->rx;

	free(rx->free);
	free(rx->next);
	free(rx->generation);
	free(rx->sent_ns);
	rx->free = NULL;
	rx->next = NULL;
	rx->generation = NULL;
	rx->sent_ns = NULL;
	rx->n_free = 0;
	rx->count = 0;
	rx->n_range = 0;
}

void rx_drop_backlog(struct netvsp_channel *nc)
{
	while (nc->rx.backlog) {
		struct net_msg *m = nc->rx.backlog;

		nc->rx.backlog = m->next;
		free(m);
	}
	nc->rx.backlog_tail = &nc->rx.backlog;
	nc->rx.backlog_len = 0;
}

/* Give the sections of the ranges that wait back. */
static void forget_ranges(struct rx_state *rx)
{
	while (rx->n_range)
		rx->free[rx->n_free++] = rx->range[--rx->n_range].section;
}

/* The guest has the ranges now: chain them under the first. */
static void hand_over(struct rx_state *rx, uint32_t generation, uint64_t now_ns)
{
	uint32_t i;

	for (i = 0; i < rx->n_range; i++)
		rx->next[rx->range[i].section] =
			i + 1 < rx->n_range ? rx->range[i + 1].section : NO_NEXT;
	rx->generation[rx->range[0].section] = generation;
	rx->sent_ns[rx->range[0].section] = now_ns;
	rx->n_range = 0;
}

/* Send one packet for all ranges that are filled. 0, -EAGAIN: no room in the ring. */
static int push(struct netvsp_channel *nc)
{
	struct rx_state *rx = &nc->rx;
	union {
		struct vmbus_xfer_page_header header;
		uint8_t bytes[sizeof(struct vmbus_xfer_page_header) +
			      RX_MAX_RANGES * sizeof(struct vmbus_xfer_page_range)];
	} x;
	struct nvsp_message m = {
		.type = NVSP_RNDIS_PACKET,
		.u.rndis.section_index = NVSP_NO_SECTION,
	};
	struct iovec iov = { .iov_base = &m, .iov_len = sizeof(m) };
	uint32_t i, generation;
	int ret;

	if (!rx->n_range)
		return 0;
	if (rx->range_control)
		m.u.rndis.channel_type = NVSP_CHANNEL_CONTROL;
	x.header = (struct vmbus_xfer_page_header){
		.pageset_id = NVSP_RECV_BUFFER_ID, .range_count = rx->n_range,
	};
	for (i = 0; i < rx->n_range; i++) {
		x.header.range[i].byte_count = rx->range[i].bytes;
		x.header.range[i].byte_offset =
			(rx->first + rx->range[i].section) * nc->recv->section_size;
	}
	generation = rx->last_generation + 1;
	if (!generation)
		generation = 1;
	ret = channel_send(nc->ch, VMBUS_PKT_DATA_XFER_PAGES,
			   VMBUS_PACKET_FLAG_COMPLETION_REQUESTED,
			   (uint64_t)generation << 32 | rx->range[0].section, &x.header,
			   sizeof(x.header) + rx->n_range * sizeof(x.header.range[0]), &iov, 1);
	if (ret == -EAGAIN) {
		count(&nc->n->rx_ring_full);
		return ret;
	}
	if (ret) {
		forget_ranges(rx);
		count(&nc->n->rx_dropped);
		return 0;
	}
	rx->last_generation = generation;
	if (!rx->range_control)
		count(&nc->n->rx_vmbus_packets);
	hand_over(rx, generation, service_now_ns(nc));
	return 0;
}

/* For how long the guest had the sections of the packet that begins at @section. */
static void count_delay(struct netvsp_channel *nc, uint32_t section)
{
	uint64_t delay = service_now_ns(nc) - nc->rx.sent_ns[section];

	count_add(&nc->n->rx_completion_delay_ns, delay);
	if (delay > count_get(&nc->n->rx_completion_delay_max_ns))
		count_set(&nc->n->rx_completion_delay_max_ns, delay);
}

void rx_completion(struct netvsp_channel *nc, uint64_t trans_id, uint32_t status)
{
	uint32_t section = (uint32_t)trans_id, generation = trans_id >> 32;
	struct rx_state *rx = &nc->rx;

	if (section >= rx->count || !generation || rx->generation[section] != generation) {
		count(&nc->n->rx_bad_completions);
		return;
	}
	rx->generation[section] = 0;
	count_delay(nc, section);
	for (; section != NO_NEXT; section = rx->next[section])
		rx->free[rx->n_free++] = section;
	count(&nc->n->rx_completions);
	if (status != NVSP_STATUS_SUCCESS)
		count(&nc->n->rx_failed);
}

/* Write headers and data into a free section and add the range. The caller checked for room. */
static int fill(struct netvsp_channel *nc, const void *header, uint32_t header_len,
		const void *data, uint32_t len)
{
	struct rx_state *rx = &nc->rx;
	uint32_t section = rx->free[rx->n_free - 1];
	uint64_t at = (uint64_t)(rx->first + section) * nc->recv->section_size;

	at += nc->recv->gpadl->byte_offset;
	if (gpadl_write(nc->recv->gpadl, at, header, header_len) ||
	    gpadl_write(nc->recv->gpadl, at + header_len, data, len))
		return -EFAULT;
	rx->n_free--;
	rx->range[rx->n_range].section = section;
	rx->range[rx->n_range].bytes = header_len + len;
	rx->n_range++;
	return 0;
}

/* Room for @pieces more ranges of this kind in the packet that is being filled. */
static int make_room(struct netvsp_channel *nc, uint32_t pieces, bool control)
{
	struct rx_state *rx = &nc->rx;
	bool alone = control || pieces > 1 || rx->range_control;

	if ((alone || rx->n_range >= nc->dev->batch) && push(nc))
		return -EAGAIN;
	if (rx->n_free < pieces) {
		count(&nc->n->rx_no_section);
		return -EAGAIN;
	}
	rx->range_control = control;
	return 0;
}

/* The guest's packet filter; nothing is received before it is set. */
static bool wanted(const struct netvsp_channel *nc, const struct net_msg *m)
{
	uint32_t filter = nc->config.filter;
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (m->len < ETH_HEADER || !atomic_load(&nc->dev->rndis_up) ||
	    atomic_load(&nc->dev->link_down))
		return false;
	if (filter & NDIS_FILTER_PROMISCUOUS)
		return true;
	if (!memcmp(m->data, broadcast, 6))
		return filter & NDIS_FILTER_BROADCAST;
	if (m->data[0] & 1)
		return filter & (NDIS_FILTER_ALL_MULTICAST | NDIS_FILTER_MULTICAST);
	return filter & NDIS_FILTER_DIRECTED;
}

static void describe(struct netvsp_channel *nc, const struct net_msg *m, struct ppi_values *v)
{
	size_t head = m->len < FRAME_HEAD_MAX ? m->len : FRAME_HEAD_MAX;
	struct frame_layout l;

	memset(v, 0, sizeof(*v));
	frame_parse(m->data, head, &l);
	if (m->csum_good && l.l4 &&
	    (l.ip_version == 4 ? nc->config.rx_csum4 : nc->config.rx_csum6)) {
		v->csum_value = l.ip_version == 4 ? RNDIS_RX_IP_GOOD : 0;
		if (l.proto == IPPROTO_TCP)
			v->csum_value |= RNDIS_RX_TCP_GOOD;
		else if (l.proto == IPPROTO_UDP)
			v->csum_value |= RNDIS_RX_UDP_GOOD;
		v->csum = v->csum_value & (RNDIS_RX_TCP_GOOD | RNDIS_RX_UDP_GOOD);
	}
	v->hash = rss_hash(&nc->config.rss, m->data, &l, &v->hash_value);
	v->vlan = m->vlan;
	v->vlan_value = RNDIS_VLAN_FROM_TCI(m->vlan_tci);
}

/* How to spoil @m, by command or by fault; *@runt_len is what a runt's length says. */
static enum ppi_fault frame_fault(struct netvsp_channel *nc, const struct net_msg *m,
				  uint32_t *runt_len)
{
	enum ppi_fault kind = m->fault;
	const struct fault *f;

	*runt_len = m->runt_len;
	if (kind != PPI_GOOD)
		return kind;
	f = netvsp_fault(nc, "malformed-ppi", NULL);
	if (!f)
		return kind;
	if (ppi_fault_parse(fault_str(f, "kind", "size0"), &kind))
		kind = PPI_SIZE0;
	*runt_len = (uint32_t)fault_u64(f, "data_len", PPI_RUNT_LEN);
	return kind;
}

static void count_frame(struct netvsp_channel *nc, const struct net_msg *m,
			const struct ppi_values *v, enum ppi_fault fault)
{
	count(&nc->n->rx_packets);
	count_add(&nc->n->rx_bytes, m->len);
	if (v->vlan)
		count(&nc->n->rx_vlan);
	if (v->hash)
		count(&nc->n->rx_hashed);
	if (v->id)
		count(&nc->n->rx_rsc_frames);
	if (fault != PPI_GOOD)
		count(&nc->n->rx_malformed);
}

/* The frame in @pieces of at most @room bytes, each in a section. */
static int fill_frame(struct netvsp_channel *nc, const struct net_msg *m, uint32_t room,
		      uint32_t pieces)
{
	uint8_t header[RX_HEADER_ROOM];
	uint32_t done = 0, runt_len, i;
	enum ppi_fault fault = frame_fault(nc, m, &runt_len);
	struct ppi_values v;

	describe(nc, m, &v);
	v.runt_len = runt_len;
	v.id = pieces > 1;
	v.id_value.version = 1;
	v.id_value.packet_id = nc->rx.packet_id;
	if (v.id)
		nc->rx.packet_id++;
	for (i = 0; i < pieces; i++) {
		uint32_t len = m->len - done < room ? m->len - done : room;

		v.id_value.flags = RNDIS_ID_SUBALLOC | (i == 0 ? RNDIS_ID_FIRST : 0) |
				   (i + 1 == pieces ? RNDIS_ID_LAST : 0);
		if (fill(nc, header, ppi_build(header, &v, len, fault), m->data + done, len)) {
			forget_ranges(&nc->rx);
			return -EFAULT;
		}
		done += len;
	}
	count_frame(nc, m, &v, fault);
	return 0;
}

static int control_message(struct netvsp_channel *nc, const struct net_msg *m)
{
	if (m->len > nc->recv->section_size)
		return -EMSGSIZE;
	if (make_room(nc, 1, true))
		return -EAGAIN;
	if (fill(nc, m->data, m->len, NULL, 0))
		return -EFAULT;
	push(nc);
	return 0;
}

int rx_data(struct netvsp_channel *nc, const struct net_msg *m)
{
	uint32_t room, pieces;
	int ret;

	if (!net_buffer_usable(nc->recv) || !nc->rx.count)
		return -ENOTCONN;
	if (m->control)
		return control_message(nc, m);
	if (!wanted(nc, m)) {
		count(&nc->n->rx_filtered);
		return 0;
	}
	room = nc->recv->section_size - RX_HEADER_ROOM;
	pieces = (m->len + room - 1) / room;
	if (pieces > RX_MAX_RANGES || pieces > nc->rx.count || (pieces > 1 && !nc->config.rsc))
		return -EMSGSIZE;
	if (make_room(nc, pieces, false))
		return -EAGAIN;
	ret = fill_frame(nc, m, room, pieces);
	/* When the ring is full now the ranges stay, and rx_push() sends them. */
	if (!ret && (pieces > 1 || nc->rx.n_range >= nc->dev->batch))
		push(nc);
	return ret;
}

void rx_enqueue(struct netvsp_channel *nc, struct net_msg *m)
{
	struct rx_state *rx = &nc->rx;

	if (rx->backlog_len >= RX_BACKLOG_MAX) {
		count(&nc->n->rx_dropped);
		free(m);
		return;
	}
	m->next = NULL;
	*rx->backlog_tail = m;
	rx->backlog_tail = &m->next;
	rx->backlog_len++;
}

void rx_steer(struct netvsp_channel *nc, struct net_msg *m)
{
	size_t head = m->len < FRAME_HEAD_MAX ? m->len : FRAME_HEAD_MAX;
	unsigned int target = 0;
	struct frame_layout l;
	uint32_t hash;

	frame_parse(m->data, head, &l);
	if (rss_hash(&nc->config.rss, m->data, &l, &hash))
		target = rss_channel(&nc->config.rss, hash);
	/* A table may name a channel that the guest failed to open. */
	if (!atomic_load(&nc->dev->slot[target].open))
		target = 0;
	if (target == nc->index) {
		rx_enqueue(nc, m);
		return;
	}
	count(&nc->n->rx_steered);
	if (slot_post(&nc->dev->slot[target], m))
		count(&nc->n->rx_dropped);
}

bool rx_run(struct netvsp_channel *nc)
{
	struct rx_state *rx = &nc->rx;

	while (rx->backlog) {
		struct net_msg *m = rx->backlog;
		int ret = rx_data(nc, m);

		if (ret == -EAGAIN)
			break;
		if (ret)
			count(&nc->n->rx_dropped);
		rx->backlog = m->next;
		if (!rx->backlog)
			rx->backlog_tail = &rx->backlog;
		rx->backlog_len--;
		free(m);
	}
	return !rx->backlog;
}

bool rx_push(struct netvsp_channel *nc)
{
	bool done = push(nc) == 0;

	nc->now_ns = 0;		/* a backend's turn ends here, too */
	return done;
}
