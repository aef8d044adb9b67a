/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VMBUS_RING_H
#define AZ_LAB_VMBUS_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmbus/gpadl.h"

/*
 * One direction of a channel's ring buffer, as the host sees it. A channel
 * has two: the host consumes guest->host and produces host->guest. Layout:
 * include/linux/hyperv.h, struct hv_ring_buffer. The signalling contract is
 * above the code in ring.c.
 *
 * All of it is shared with a hostile guest. Indices and descriptors are read
 * once and checked; an impossible value gives -EPROTO and leaves the ring as
 * it was.
 */
enum ring_role {
	RING_CONSUMER,		/* owns read_index */
	RING_PRODUCER,		/* owns write_index, announces pending_send_sz */
};

struct ring {
	const struct gpadl *gpadl;
	enum ring_role role;
	uint32_t first_page;	/* the control page's index in the GPADL */
	uint32_t size;		/* bytes of data area, a multiple of the page size */
	struct vmbus_ring_control *control;	/* shared with the guest */
	uint32_t own_index;	/* the index that this side publishes, never read back */
	uint32_t pending;	/* producer: pending_send_sz as published */
	uint32_t seen_write;	/* consumer: write_index when ring_peek() last looked */
	uint64_t publications;	/* consumer: how often that had moved */
};

/* A packet taken from a ring, a private copy. */
struct ring_packet {
	uint16_t type;		/* enum vmbus_packet_type */
	uint16_t flags;		/* VMBUS_PACKET_FLAG_COMPLETION_REQUESTED */
	uint64_t trans_id;
	const uint8_t *header;	/* whole descriptor incl. the fixed 16 bytes, header_len bytes */
	uint32_t header_len;
	const uint8_t *payload;	/* follows it; up to 7 bytes longer than was sent */
	uint32_t payload_len;
};

/*
 * The ring in pages [@first_page, @first_page + @pages) of @gpadl. The gpadl
 * must stay until the ring is no longer used. The guest has set both indices
 * by then; this side goes on from its own one. 0; -EINVAL (outside the GPADL,
 * fewer than two pages, not page aligned); -EPROTO (impossible own index).
 */
int ring_init(struct ring *r, const struct gpadl *gpadl, uint32_t first_page, uint32_t pages,
	      enum ring_role role);

/*
 * Consumer. Copy the next packet into @buf (@cap bytes) and describe it in
 * @pkt. 1 when there was one, 0 when the ring is empty, -EPROTO when the
 * guest's indices or the descriptor cannot be right, -EMSGSIZE when it does
 * not fit @buf. The packet stays in the ring until ring_consume().
 */
int ring_peek(struct ring *r, struct ring_packet *pkt, void *buf, uint32_t cap);

/* Give the space of the last peeked packet back. True: the guest waits for space, signal it. */
bool ring_consume(struct ring *r, const struct ring_packet *pkt);

/* Ask for no signals while draining; ring_unmask() is true when packets came meanwhile. */
void ring_mask(struct ring *r);
bool ring_unmask(struct ring *r);

/*
 * Producer. Append one packet: descriptor of 16 bytes plus @header_extra
 * (its length a multiple of 8, for instance transfer page ranges), then the
 * payload. *@interrupt becomes true when the contract wants the guest
 * interrupted. 0, -EAGAIN when there is no room (then pending_send_sz is set
 * and the guest signals when there is), -EPROTO, -EMSGSIZE.
 */
int ring_write(struct ring *r, uint16_t type, uint16_t flags, uint64_t trans_id,
	       const void *header_extra, uint32_t header_extra_len,
	       const struct iovec *payload, int n_payload, bool *interrupt);

/* The producer was woken and tries again: waiting for space starts anew. */
void ring_clear_pending(struct ring *r);

/* Bytes that the producer may write / the consumer may read now; -EPROTO for bad indices. */
int64_t ring_space(const struct ring *r);
int64_t ring_avail(const struct ring *r);

#endif
