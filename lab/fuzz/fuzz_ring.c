// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring whose other side does what the input says: indices, masks and bytes
 * of the data area are overwritten between the host's calls. The host's own
 * index must stay valid and nothing outside the ring may be touched.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/vmbus.h"
#include "vmbus/ring.h"

#define PAGES	6u	/* a guard page, the ring's four, a guard page */

static struct guest_memory mem;
static const uint64_t pfns[PAGES] = { 4, 19, 7, 8, 2, 11 };

struct input {
	const uint8_t *at;
	size_t left;
};

static uint32_t take(struct input *in, size_t bytes)
{
	uint32_t v = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&v, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return v;
}

/* A step of the guest: any 32-bit word of the ring, the control words more often. */
static void guest_writes(struct input *in, struct ring *r, struct gpadl *g)
{
	uint32_t where = take(in, 1), value = take(in, 4);

	switch (where % 8) {
	case 0:
		r->control->write_index = value;
		break;
	case 1:
		r->control->read_index = value;
		break;
	case 2:
		r->control->write_index = value % r->size & ~7u;
		break;
	case 3:
		r->control->read_index = value % r->size & ~7u;
		break;
	case 4:
		r->control->pending_send_sz = value;
		r->control->interrupt_mask = value >> 31;
		break;
	case 5:
		r->control->feature_bits = value;
		break;
	default:	/* at the place where the next packet is, or anywhere */
		gpadl_write(g, 2 * GUEST_PAGE_SIZE +
			    (where % 8 == 6 ? r->own_index : take(in, 2)) % r->size & ~3u,
			    &value, sizeof(value));
	}
}

static volatile uint8_t sink;

/* Every byte is looked at, so that the sanitizer sees one too many. */
static void touch(const uint8_t *p, uint32_t n)
{
	while (n--)
		sink ^= *p++;
}

static void host_reads(struct ring *r, uint8_t *buf, uint32_t cap)
{
	struct ring_packet pkt;

	if (ring_peek(r, &pkt, buf, cap) != 1)
		return;
	touch(pkt.header, pkt.header_len);
	touch(pkt.payload, pkt.payload_len);
	ring_consume(r, &pkt);
}

static void host_writes(struct input *in, struct ring *r)
{
	static const uint8_t data[20000];
	struct iovec iov[2] = {
		{ (void *)data, take(in, 1) }, { (void *)data, take(in, 2) % sizeof(data) },
	};
	bool interrupt;

	ring_write(r, VMBUS_PKT_DATA_INBAND, 0, 1, data, take(in, 1) & ~7u, iov, 2, &interrupt);
}

static void check_index(const struct ring *r)
{
	if (r->own_index >= r->size || r->own_index % 8)
		abort();
}

static void check_guard(const uint8_t *page)
{
	if (page[0] != 0xa5 || memcmp(page, page + 1, GUEST_PAGE_SIZE - 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint32_t cap = 1u << (4 + take(&in, 1) % 13);
	enum ring_role role = take(&in, 1) % 2 ? RING_CONSUMER : RING_PRODUCER;
	struct gpadl *g;
	struct ring r;
	uint8_t *buf;

	if (!mem.base && mem_init(&mem, 2 << 20))
		abort();
	g = gpadl_create(&mem, 1, 1, pfns, PAGES, 0, PAGES * GUEST_PAGE_SIZE);
	for (unsigned int i = 0; i < PAGES; i++)
		memset(g->page[i], i && i < PAGES - 1 ? 0 : 0xa5, GUEST_PAGE_SIZE);
	buf = malloc(cap);	/* its own allocation, so that ASan sees its end */
	if (ring_init(&r, g, 1, PAGES - 2, role))
		abort();
	while (in.left) {
		guest_writes(&in, &r, g);
		if (role == RING_CONSUMER) {
			host_reads(&r, buf, cap);
			ring_mask(&r);
			ring_unmask(&r);
		} else {
			host_writes(&in, &r);
			if (take(&in, 1) % 4 == 0)
				ring_clear_pending(&r);
		}
		check_index(&r);
	}
	check_guard(g->page[0]);
	check_guard(g->page[PAGES - 1]);
	free(buf);
	gpadl_free(g);
	return 0;
}
