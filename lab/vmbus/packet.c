// SPDX-License-Identifier: GPL-2.0-only
/* Packets in and out of an open channel, on its loop. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/log.h"
#include "vmbus/internal.h"

const struct counter_name channel_counter_names[] = {
#define COUNTER(name)	{ #name, offsetof(struct channel_counters, name) }
	COUNTER(signals_received),
	COUNTER(signals_monitored),
	COUNTER(interrupts_raised),
	COUNTER(interrupts_coalesced),
	COUNTER(interrupts_suppressed),
	COUNTER(packets_in),
	COUNTER(packets_out),
	COUNTER(publications_in),
	COUNTER(completions_in),
	COUNTER(completions_out),
	COUNTER(inband_in),
	COUNTER(gpa_direct_in),
	COUNTER(other_in),
	COUNTER(inband_out),
	COUNTER(xfer_pages_out),
	COUNTER(bytes_in),
	COUNTER(bytes_out),
	COUNTER(ring_full),
	COUNTER(protocol_errors),
#undef COUNTER
	{ NULL, 0 }
};

int channel_kill(struct vmbus_channel *ch, const char *what)
{
	count(&ch->counters.protocol_errors);
	/* Once: a guest that opens and breaks it in turn does not fill the log. */
	if (count_get(&ch->counters.protocol_errors) == 1)
		az_warn("%s channel %u: the guest broke the %s; it is read no more",
			ch->dev->name, ch->sub_index, what);
	ch->state->dead = true;
	return -EPROTO;
}

static void interrupt_guest(struct vmbus_channel *ch)
{
	struct vmbus_platform *p = &ch->bus->platform;

	count(&ch->counters.interrupts_raised);
	if (p->signal_event(p->ctx, ch->target_vp, ch->state->sint, ch->relid) == 1)
		count(&ch->counters.interrupts_coalesced);
}

static void count_packet_in(struct channel_counters *c, const struct ring_packet *pkt)
{
	count(&c->packets_in);
	count_add(&c->bytes_in, pkt->header_len + pkt->payload_len + VMBUS_PACKET_TRAILER);
	switch (pkt->type) {
	case VMBUS_PKT_DATA_INBAND:
		count(&c->inband_in);
		break;
	case VMBUS_PKT_DATA_GPA_DIRECT:
		count(&c->gpa_direct_in);
		break;
	case VMBUS_PKT_COMPLETION:
		count(&c->completions_in);
		break;
	default:
		count(&c->other_in);
	}
}

int channel_recv(struct vmbus_channel *ch, struct ring_packet *pkt)
{
	struct channel_state *st = ch->state;
	uint64_t published;
	int ret;

	if (st->dead)
		return -EPROTO;
	if (st->have_packet) {
		st->have_packet = false;
		if (ring_consume(&ch->in, &st->packet))
			interrupt_guest(ch);	/* it waits for room, ring.c rule 4 */
	}
	if (st->dispatching && !st->budget)
		return 0;
	published = ch->in.publications;
	ret = ring_peek(&ch->in, &st->packet, st->buf, VMBUS_MAX_PACKET);
	count_add(&ch->counters.publications_in, ch->in.publications - published);
	if (!ret)
		return 0;
	if (ret < 0)
		return channel_kill(ch, "guest->host ring");
	if (st->dispatching)
		st->budget--;
	st->taken++;
	st->have_packet = true;
	count_packet_in(&ch->counters, &st->packet);
	*pkt = st->packet;
	return 1;
}

static void count_packet_out(struct channel_counters *c, uint16_t type, uint32_t bytes)
{
	count(&c->packets_out);
	count_add(&c->bytes_out, bytes);
	if (type == VMBUS_PKT_DATA_INBAND)
		count(&c->inband_out);
	else if (type == VMBUS_PKT_DATA_XFER_PAGES)
		count(&c->xfer_pages_out);
	else if (type == VMBUS_PKT_COMPLETION)
		count(&c->completions_out);
}

int channel_send(struct vmbus_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
		 const void *header_extra, uint32_t header_extra_len,
		 const struct iovec *payload, int n_payload)
{
	uint32_t before = ch->out.own_index, bytes;
	bool interrupt;
	int ret;

	if (ch->state->dead)
		return -EPROTO;
	ret = ring_write(&ch->out, type, flags, trans_id, header_extra, header_extra_len,
			 payload, n_payload, &interrupt);
	if (ret == -EAGAIN)
		count(&ch->counters.ring_full);
	if (ret == -EPROTO)
		return channel_kill(ch, "host->guest ring");
	if (ret)
		return ret;
	bytes = ch->out.own_index >= before ? ch->out.own_index - before :
					      ch->out.size - (before - ch->out.own_index);
	count_packet_out(&ch->counters, type, bytes);
	if (interrupt)
		interrupt_guest(ch);
	else
		count(&ch->counters.interrupts_suppressed);
	return 0;
}

int channel_complete(struct vmbus_channel *ch, uint64_t trans_id, const void *data, uint32_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };

	return channel_send(ch, VMBUS_PKT_COMPLETION, 0, trans_id, NULL, 0, &iov, len ? 1 : 0);
}

/* Append @len bytes at @gpa to the @n pieces, merged where they touch. */
static int add_piece(const struct guest_memory *mem, uint64_t gpa, uint32_t len,
		     struct iovec *iov, int n, int max)
{
	uint8_t *at = mem_at(mem, gpa, len);

	if (!at)
		return -EFAULT;
	if (n && (uint8_t *)iov[n - 1].iov_base + iov[n - 1].iov_len == at) {
		iov[n - 1].iov_len += len;
		return n;
	}
	if (n == max)
		return -E2BIG;
	iov[n] = (struct iovec) { .iov_base = at, .iov_len = len };
	return n + 1;
}

/* One range of @avail bytes of descriptor at @p. Bytes of descriptor used, or -errno. */
static int64_t add_range(const struct guest_memory *mem, const uint8_t *p, uint32_t avail,
			 struct iovec *iov, int *n, int max)
{
	struct vmbus_gpa_range range;
	uint32_t left, in_page, len, i;
	uint64_t pages, pfn;

	if (avail < sizeof(range))
		return -EPROTO;
	memcpy(&range, p, sizeof(range));
	if (range.byte_offset >= GUEST_PAGE_SIZE)
		return -EPROTO;
	pages = ((uint64_t)range.byte_offset + range.byte_count + GUEST_PAGE_SIZE - 1) /
		GUEST_PAGE_SIZE;
	if (pages > (avail - sizeof(range)) / sizeof(pfn))
		return -EPROTO;

	p += sizeof(range);
	left = range.byte_count;
	in_page = range.byte_offset;
	for (i = 0; i < pages; i++, in_page = 0) {
		memcpy(&pfn, p + i * sizeof(pfn), sizeof(pfn));
		if (pfn >= UINT64_MAX >> GUEST_PAGE_SHIFT)
			return -EFAULT;
		len = GUEST_PAGE_SIZE - in_page;
		if (len > left)
			len = left;
		*n = len ? add_piece(mem, (pfn << GUEST_PAGE_SHIFT) + in_page, len, iov, *n, max) :
			   *n;
		if (*n < 0)
			return *n;
		left -= len;
	}
	return (int64_t)(sizeof(range) + pages * sizeof(pfn));
}

/* struct vmdata_gpa_direct of include/linux/hyperv.h: any number of ranges of any length. */
int channel_gpa_iov(struct vmbus_channel *ch, const struct ring_packet *pkt,
		    struct iovec *iov, int max)
{
	uint32_t at = sizeof(struct vmbus_packet_descriptor), i;
	struct vmbus_gpa_direct_header h;
	int64_t used;
	int n = 0;

	if (pkt->type != VMBUS_PKT_DATA_GPA_DIRECT || pkt->header_len < at + sizeof(h))
		return -EPROTO;
	memcpy(&h, pkt->header + at, sizeof(h));
	at += sizeof(h);
	for (i = 0; i < h.range_count; i++) {
		used = add_range(ch->bus->mem, pkt->header + at, pkt->header_len - at, iov, &n,
				 max);
		if (used < 0)
			return (int)used;
		at += (uint32_t)used;
	}
	return n;
}
