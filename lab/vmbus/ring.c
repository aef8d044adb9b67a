// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signalling contract of a VMBus ring, for both directions. P is the
 * producer (owns write_index), C the consumer (owns read_index). One wrong
 * signal too few is a hang, one too many is a wasted exit, so every rule has
 * its reason here. Guest side of the same: drivers/hv/ring_buffer.c.
 *
 * 1. P copies a packet, then publishes write_index (release). C loads
 *    write_index (acquire), so what lies before it is complete.
 *
 * 2. P signals only when the ring went from empty to non-empty, that is when
 *    C's read_index equals the write_index before the packet, and only when
 *    C's interrupt_mask is 0. A full barrier separates P's store of
 *    write_index from its loads of interrupt_mask and read_index.
 *
 * 3. C sets interrupt_mask while it drains. When it found the ring empty it
 *    clears the mask, then a full barrier, then it looks once more. With the
 *    barrier of rule 2, either P sees the mask clear and signals, or C sees
 *    the packet: this is Dekker's pattern and needs sequential consistency on
 *    both sides; acquire and release alone would allow both to look too
 *    early, on x86 too (a store may pass a later load).
 *
 * 4. A P that finds no room stores the size that it needs in pending_send_sz,
 *    then a full barrier, then it looks once more. C, after it published
 *    read_index and a full barrier, reads pending_send_sz; when it is not 0
 *    and the free space crossed it with this very step (not enough before,
 *    enough now), C signals P. "Enough" is more than pending_send_sz, since a
 *    ring is never filled completely: equal indices mean empty. The feature
 *    bit in P's ring says that P uses this; without it C never signals.
 *
 * 5. interrupt_mask has no part in rule 4: it belongs to rule 2 alone.
 *
 * P leaves pending_send_sz set until it was woken, even when a smaller packet
 * fits meanwhile, or the larger one would wait for a signal that never comes.
 *
 * All loads of shared values are single atomic loads, and what was loaded is
 * checked before it is used. The packet is copied out before it is looked at.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "proto/vmbus.h"
#include "vmbus/ring.h"

#define PACKET_ALIGN	8u

static uint32_t align8(uint32_t n)
{
	return (n + PACKET_ALIGN - 1) & ~(PACKET_ALIGN - 1);
}

static bool index_is_valid(const struct ring *r, uint32_t index)
{
	return index < r->size && index % PACKET_ALIGN == 0;
}

static uint32_t advance(const struct ring *r, uint32_t index, uint32_t n)
{
	index += n;
	return index >= r->size ? index - r->size : index;
}

/* Bytes from @from to @to in the direction of travel; 0 when equal. */
static uint32_t distance(const struct ring *r, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : r->size - (from - to);
}

/* The address of data byte @offset; *@run bytes from there are in one piece. */
static uint8_t *data_at(const struct ring *r, uint32_t offset, uint32_t *run)
{
	uint32_t in_page = offset % GUEST_PAGE_SIZE;

	*run = GUEST_PAGE_SIZE - in_page;
	return r->gpadl->page[r->first_page + 1 + offset / GUEST_PAGE_SIZE] + in_page;
}

static void copy_from(const struct ring *r, uint32_t offset, void *dst, uint32_t len)
{
	uint8_t *to = dst;
	uint32_t run;

	while (len) {
		const uint8_t *src = data_at(r, offset, &run);

		if (run > len)
			run = len;
		memcpy(to, src, run);
		to += run;
		len -= run;
		offset = advance(r, offset, run);
	}
}

static uint32_t copy_to(const struct ring *r, uint32_t offset, const void *src, uint32_t len)
{
	const uint8_t *from = src;
	uint32_t run;

	while (len) {
		uint8_t *dst = data_at(r, offset, &run);

		if (run > len)
			run = len;
		memcpy(dst, from, run);
		from += run;
		len -= run;
		offset = advance(r, offset, run);
	}
	return offset;
}

int ring_init(struct ring *r, const struct gpadl *gpadl, uint32_t first_page, uint32_t pages,
	      enum ring_role role)
{
	struct vmbus_ring_control *control;

	if (pages < 2 || first_page >= gpadl->pages || pages > gpadl->pages - first_page ||
	    gpadl->byte_offset)
		return -EINVAL;
	if (pages - 1 > UINT32_MAX / 2 / GUEST_PAGE_SIZE)
		return -EINVAL;

	control = (struct vmbus_ring_control *)gpadl->page[first_page];
	*r = (struct ring) {
		.gpadl = gpadl,
		.role = role,
		.first_page = first_page,
		.size = (pages - 1) * GUEST_PAGE_SIZE,
		.control = control,
	};
	if (role == RING_CONSUMER) {
		r->own_index = atomic_load_explicit(&control->read_index, memory_order_relaxed);
	} else {
		r->own_index = atomic_load_explicit(&control->write_index, memory_order_relaxed);
		atomic_store_explicit(&control->pending_send_sz, 0, memory_order_relaxed);
		atomic_fetch_or_explicit(&control->feature_bits, VMBUS_RING_FEAT_PENDING_SEND_SZ,
					 memory_order_release);
	}
	r->seen_write = r->own_index;
	return index_is_valid(r, r->own_index) ? 0 : -EPROTO;
}

int64_t ring_avail(const struct ring *r)
{
	uint32_t write = atomic_load_explicit(&r->control->write_index, memory_order_acquire);

	if (!index_is_valid(r, write))
		return -EPROTO;
	return distance(r, r->own_index, write);
}

int64_t ring_space(const struct ring *r)
{
	uint32_t read = atomic_load_explicit(&r->control->read_index, memory_order_acquire);

	if (!index_is_valid(r, read))
		return -EPROTO;
	return r->size - distance(r, read, r->own_index);
}

/* The producer may have moved its index many times between two looks: a lower bound. */
static void note_publication(struct ring *r, int64_t avail)
{
	uint32_t write = advance(r, r->own_index, (uint32_t)avail);

	if (write != r->seen_write)
		r->publications++;
	r->seen_write = write;
}

int ring_peek(struct ring *r, struct ring_packet *pkt, void *buf, uint32_t cap)
{
	struct vmbus_packet_descriptor d;
	int64_t avail = ring_avail(r);
	uint32_t len, offset;

	if (avail <= 0)
		return (int)avail;
	note_publication(r, avail);
	if (avail < (int64_t)sizeof(d) + VMBUS_PACKET_TRAILER)
		return -EPROTO;

	copy_from(r, r->own_index, &d, sizeof(d));
	len = d.len8 * 8u;
	offset = d.offset8 * 8u;
	if (offset < sizeof(d) || offset > len || len + VMBUS_PACKET_TRAILER > avail)
		return -EPROTO;
	if (len > cap)
		return -EMSGSIZE;

	/* The guest may change the packet meanwhile: the checked copy of the descriptor stays. */
	memcpy(buf, &d, sizeof(d));
	copy_from(r, advance(r, r->own_index, sizeof(d)), (uint8_t *)buf + sizeof(d),
		  len - sizeof(d));
	*pkt = (struct ring_packet) {
		.type = d.type,
		.flags = d.flags,
		.trans_id = d.trans_id,
		.header = buf,
		.header_len = offset,
		.payload = (uint8_t *)buf + offset,
		.payload_len = len - offset,
	};
	return 1;
}

bool ring_consume(struct ring *r, const struct ring_packet *pkt)
{
	uint32_t freed = pkt->header_len + pkt->payload_len + VMBUS_PACKET_TRAILER;
	uint32_t pending, write, space;

	r->own_index = advance(r, r->own_index, freed);
	atomic_store_explicit(&r->control->read_index, r->own_index, memory_order_release);

	/* Rule 4: publish read_index before reading what the producer waits for. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!(atomic_load_explicit(&r->control->feature_bits, memory_order_relaxed) &
	      VMBUS_RING_FEAT_PENDING_SEND_SZ))
		return false;
	pending = atomic_load_explicit(&r->control->pending_send_sz, memory_order_acquire);
	if (!pending)
		return false;
	write = atomic_load_explicit(&r->control->write_index, memory_order_relaxed);
	if (!index_is_valid(r, write))
		return false;
	space = r->size - distance(r, r->own_index, write);
	if (space <= pending)
		return false;
	return space < freed || space - freed <= pending;
}

void ring_mask(struct ring *r)
{
	/* Late is harmless, it only costs a signal: no barrier. */
	atomic_store_explicit(&r->control->interrupt_mask, 1, memory_order_relaxed);
}

bool ring_unmask(struct ring *r)
{
	atomic_store_explicit(&r->control->interrupt_mask, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);	/* rule 3 */
	return ring_avail(r) != 0;
}

void ring_clear_pending(struct ring *r)
{
	if (!r->pending)
		return;
	r->pending = 0;
	atomic_store_explicit(&r->control->pending_send_sz, 0, memory_order_relaxed);
}

/* Room for @need bytes and one more? 0, or -EAGAIN when the guest will signal. */
static int reserve(struct ring *r, uint32_t need)
{
	uint32_t want = need > r->pending ? need : r->pending;
	int64_t space = ring_space(r);

	if (space < 0)
		return (int)space;
	if (space > need)
		return 0;

	atomic_store_explicit(&r->control->pending_send_sz, want, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);	/* rule 4 */
	space = ring_space(r);
	if (space <= need) {
		r->pending = want;
		return space < 0 ? (int)space : -EAGAIN;
	}
	/* Room came meanwhile: this packet waits for no signal. */
	atomic_store_explicit(&r->control->pending_send_sz, r->pending, memory_order_relaxed);
	return 0;
}

/* Rule 2, after the packet that began at @old was published. */
static bool consumer_wants_signal(const struct ring *r, uint32_t old)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&r->control->interrupt_mask, memory_order_acquire))
		return false;
	return atomic_load_explicit(&r->control->read_index, memory_order_relaxed) == old;
}

static int payload_length(const struct iovec *payload, int n, uint32_t limit, uint32_t *len)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (payload[i].iov_len > limit)
			return -EMSGSIZE;
		sum += payload[i].iov_len;
		if (sum > limit)
			return -EMSGSIZE;
	}
	*len = (uint32_t)sum;
	return 0;
}

int ring_write(struct ring *r, uint16_t type, uint16_t flags, uint64_t trans_id,
	       const void *header_extra, uint32_t header_extra_len,
	       const struct iovec *payload, int n_payload, bool *interrupt)
{
	static const uint8_t zero[PACKET_ALIGN];
	uint32_t old = r->own_index, at = old, header, len, payload_len;
	struct vmbus_packet_descriptor d;
	uint64_t trailer;
	int i, ret;

	*interrupt = false;
	if (header_extra_len % PACKET_ALIGN || header_extra_len > r->size)
		return -EMSGSIZE;
	ret = payload_length(payload, n_payload, r->size, &payload_len);
	if (ret)
		return ret;
	header = sizeof(d) + header_extra_len;
	len = header + align8(payload_len);
	if (len / 8 > UINT16_MAX || len + VMBUS_PACKET_TRAILER >= r->size)
		return -EMSGSIZE;
	ret = reserve(r, len + VMBUS_PACKET_TRAILER);
	if (ret)
		return ret;

	d = (struct vmbus_packet_descriptor) {
		.type = type,
		.offset8 = (uint16_t)(header / 8),
		.len8 = (uint16_t)(len / 8),
		.flags = flags,
		.trans_id = trans_id,
	};
	trailer = (uint64_t)old << 32;
	at = copy_to(r, at, &d, sizeof(d));
	at = copy_to(r, at, header_extra, header_extra_len);
	for (i = 0; i < n_payload; i++)
		at = copy_to(r, at, payload[i].iov_base, (uint32_t)payload[i].iov_len);
	at = copy_to(r, at, zero, len - header - payload_len);
	at = copy_to(r, at, &trailer, sizeof(trailer));

	r->own_index = at;
	atomic_store_explicit(&r->control->write_index, at, memory_order_release);
	*interrupt = consumer_wants_signal(r, old);
	return 0;
}
