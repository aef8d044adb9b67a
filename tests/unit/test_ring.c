// SPDX-License-Identifier: GPL-2.0-only
/* The rings: layout, wrap, the signalling contract, and what a hostile guest may try. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/vmbus.h"
#include "vmbus/ring.h"

#define DATA_PAGES	2u
#define DATA_SIZE	(DATA_PAGES * GUEST_PAGE_SIZE)
#define DESC		((uint32_t)sizeof(struct vmbus_packet_descriptor))

/* One ring seen from both sides, in pages that are far apart and in no order. */
struct pair {
	struct guest_memory mem;
	struct gpadl *g;
	struct ring p, c;
	uint8_t buf[64 * 1024];
};

static const uint64_t pfns[] = { 9, 3, 12, 7, 5 };

static int setup(void **state)
{
	struct pair *t = calloc(1, sizeof(*t));

	assert_int_equal(mem_init(&t->mem, 2 << 20), 0);
	t->g = gpadl_create(&t->mem, 1, 1, pfns, 5, 0, 5 * GUEST_PAGE_SIZE);
	assert_non_null(t->g);
	assert_int_equal(ring_init(&t->p, t->g, 1, DATA_PAGES + 1, RING_PRODUCER), 0);
	assert_int_equal(ring_init(&t->c, t->g, 1, DATA_PAGES + 1, RING_CONSUMER), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct pair *t = *state;

	gpadl_free(t->g);
	mem_free(&t->mem);
	free(t);
	return 0;
}

static int put(struct pair *t, uint64_t id, const void *data, uint32_t len, bool *interrupt)
{
	struct iovec iov = { (void *)data, len };

	return ring_write(&t->p, VMBUS_PKT_DATA_INBAND, 1, id, NULL, 0, &iov, 1, interrupt);
}

static int get(struct pair *t, struct ring_packet *pkt)
{
	return ring_peek(&t->c, pkt, t->buf, sizeof(t->buf));
}

/* The byte of the data area at @offset, as the guest sees it. */
static uint8_t *data_byte(struct pair *t, uint32_t offset)
{
	return t->g->page[2 + offset / GUEST_PAGE_SIZE] + offset % GUEST_PAGE_SIZE;
}

static void put_descriptor(struct pair *t, uint16_t offset8, uint16_t len8)
{
	struct vmbus_packet_descriptor d = {
		.type = VMBUS_PKT_DATA_INBAND, .offset8 = offset8, .len8 = len8,
	};

	memcpy(data_byte(t, t->c.own_index), &d, sizeof(d));
}

static void test_layout(void **state)
{
	static const uint64_t extra[2] = { 0x1122334455667788, 42 };
	struct pair *t = *state;
	struct iovec iov[2] = { { "abc", 3 }, { "defg", 4 } };
	struct vmbus_packet_descriptor d;
	struct ring_packet pkt;
	uint64_t trailer;
	bool interrupt;

	assert_int_equal(ring_write(&t->p, VMBUS_PKT_DATA_XFER_PAGES, 1, 77, extra, sizeof(extra),
				    iov, 2, &interrupt), 0);
	assert_true(interrupt);
	assert_int_equal(t->p.control->write_index, 16 + 16 + 8 + 8);
	memcpy(&d, data_byte(t, 0), sizeof(d));
	assert_int_equal(d.type, 7);
	assert_int_equal(d.offset8, 4);
	assert_int_equal(d.len8, 5);
	assert_int_equal(d.flags, 1);
	assert_int_equal(d.trans_id, 77);
	memcpy(&trailer, data_byte(t, 40), sizeof(trailer));
	assert_int_equal(trailer, 0);

	assert_int_equal(get(t, &pkt), 1);
	assert_int_equal(pkt.type, 7);
	assert_int_equal(pkt.flags, 1);
	assert_int_equal(pkt.trans_id, 77);
	assert_int_equal(pkt.header_len, 32);
	assert_memory_equal(pkt.header + 16, extra, sizeof(extra));
	assert_int_equal(pkt.payload_len, 8);
	assert_memory_equal(pkt.payload, "abcdefg", 8);
	assert_int_equal(t->c.control->read_index, 0);
	assert_false(ring_consume(&t->c, &pkt));
	assert_int_equal(t->c.control->read_index, 48);
	assert_int_equal(get(t, &pkt), 0);

	/* The second packet's trailer says where it began. */
	assert_int_equal(put(t, 1, "x", 1, &interrupt), 0);
	memcpy(&trailer, data_byte(t, 48 + 24), sizeof(trailer));
	assert_int_equal(trailer >> 32, 48);
}

/* What came between two looks counts once, and looking does not count. */
static void test_publications(void **state)
{
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;

	assert_int_equal(get(t, &pkt), 0);
	assert_int_equal(t->c.publications, 0);
	put(t, 1, "a", 1, &interrupt);
	assert_int_equal(get(t, &pkt), 1);
	assert_int_equal(get(t, &pkt), 1);
	assert_int_equal(t->c.publications, 1);
	ring_consume(&t->c, &pkt);
	put(t, 2, "b", 1, &interrupt);
	put(t, 3, "c", 1, &interrupt);
	while (get(t, &pkt) == 1)
		ring_consume(&t->c, &pkt);
	assert_int_equal(t->c.publications, 2);
}

static void test_wrap_every_alignment(void **state)
{
	struct pair *t = *state;
	struct ring_packet pkt;
	uint8_t data[900];
	bool interrupt;
	unsigned int i, j;

	for (i = 0; i < 2000; i++) {
		uint32_t len = 1 + i * 7 % sizeof(data);

		for (j = 0; j < len; j++)
			data[j] = (uint8_t)(i + j);
		assert_int_equal(put(t, i, data, len, &interrupt), 0);
		assert_int_equal(get(t, &pkt), 1);
		assert_int_equal(pkt.trans_id, i);
		assert_int_equal(pkt.payload_len, (len + 7) & ~7u);
		assert_memory_equal(pkt.payload, data, len);
		ring_consume(&t->c, &pkt);
	}
	/* Neither the page before nor the page behind the data was touched. */
	for (i = 0; i < GUEST_PAGE_SIZE; i++)
		assert_int_equal(t->g->page[0][i] | t->g->page[4][i], 0);
}

static void test_signal_on_write(void **state)
{
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;

	assert_int_equal(put(t, 1, "a", 1, &interrupt), 0);
	assert_true(interrupt);			/* empty to non-empty */
	assert_int_equal(put(t, 2, "b", 1, &interrupt), 0);
	assert_false(interrupt);		/* was not empty */
	get(t, &pkt);
	ring_consume(&t->c, &pkt);
	assert_int_equal(put(t, 3, "c", 1, &interrupt), 0);
	assert_false(interrupt);
	while (get(t, &pkt))
		ring_consume(&t->c, &pkt);
	ring_mask(&t->c);
	assert_int_equal(put(t, 4, "d", 1, &interrupt), 0);
	assert_false(interrupt);		/* masked */
	assert_true(ring_unmask(&t->c));	/* and found by the second look */
	get(t, &pkt);
	ring_consume(&t->c, &pkt);
	assert_false(ring_unmask(&t->c));
	assert_int_equal(put(t, 5, "e", 1, &interrupt), 0);
	assert_true(interrupt);
}

static void test_full(void **state)
{
	static const uint8_t data[1000];	/* 1024 in the ring */
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;
	unsigned int n;

	for (n = 0; !put(t, n, data, sizeof(data), &interrupt); n++)
		assert_true(n < 8);
	/* Eight would fill it to the last byte, which would look empty. */
	assert_int_equal(n, 7);
	assert_int_equal(ring_space(&t->p), 1024);
	assert_int_equal(ring_avail(&t->c), 7 * 1024);
	assert_int_equal(t->p.control->pending_send_sz, 1024);

	/* The first packet taken crosses the mark, the second does not. */
	get(t, &pkt);
	assert_true(ring_consume(&t->c, &pkt));
	get(t, &pkt);
	assert_false(ring_consume(&t->c, &pkt));

	/* What was waited for stays announced until the producer was woken. */
	assert_int_equal(put(t, 7, "small", 5, &interrupt), 0);
	assert_int_equal(t->p.control->pending_send_sz, 1024);
	ring_clear_pending(&t->p);
	assert_int_equal(t->p.control->pending_send_sz, 0);
	get(t, &pkt);
	assert_false(ring_consume(&t->c, &pkt));
}

static void test_full_without_feature_bit(void **state)
{
	static const uint8_t data[1000];
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;

	while (!put(t, 0, data, sizeof(data), &interrupt))
		;
	t->p.control->feature_bits = 0;
	get(t, &pkt);
	assert_false(ring_consume(&t->c, &pkt));
}

static void test_pending_largest_wins(void **state)
{
	static const uint8_t data[4000];
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;

	assert_int_equal(put(t, 0, data, 4000, &interrupt), 0);
	assert_int_equal(put(t, 0, data, 3000, &interrupt), 0);
	assert_int_equal(put(t, 1, data, 2000, &interrupt), -EAGAIN);
	assert_int_equal(put(t, 1, data, 1400, &interrupt), -EAGAIN);
	assert_int_equal(t->p.control->pending_send_sz, 2024);
	get(t, &pkt);
	assert_true(ring_consume(&t->c, &pkt));
}

static void test_too_large(void **state)
{
	static const uint8_t data[DATA_SIZE];
	struct pair *t = *state;
	struct iovec huge = { (void *)data, SIZE_MAX };
	struct iovec two[2] = { { (void *)data, 5000 }, { (void *)data, 5000 } };
	bool interrupt;

	assert_int_equal(put(t, 0, data, DATA_SIZE, &interrupt), -EMSGSIZE);
	assert_int_equal(put(t, 0, data, DATA_SIZE - DESC - 8, &interrupt), -EMSGSIZE);
	assert_int_equal(put(t, 0, data, DATA_SIZE - DESC - 16, &interrupt), 0);
	assert_int_equal(ring_write(&t->p, 6, 0, 0, NULL, 0, &huge, 1, &interrupt), -EMSGSIZE);
	assert_int_equal(ring_write(&t->p, 6, 0, 0, NULL, 0, two, 2, &interrupt), -EMSGSIZE);
	assert_int_equal(ring_write(&t->p, 6, 0, 0, data, 4, NULL, 0, &interrupt), -EMSGSIZE);
}

static void test_bad_indices(void **state)
{
	static const uint32_t bad[] = { DATA_SIZE, 4, 7, UINT32_MAX, UINT32_MAX - 7, 1u << 31 };
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t->c.control->write_index = bad[i];
		assert_int_equal(get(t, &pkt), -EPROTO);
		assert_int_equal(ring_avail(&t->c), -EPROTO);
		assert_true(ring_unmask(&t->c));	/* look again, and see the error */
		t->p.control->read_index = bad[i];
		assert_int_equal(put(t, 0, "x", 1, &interrupt), -EPROTO);
		assert_int_equal(ring_space(&t->p), -EPROTO);
	}
}

static void test_bad_descriptors(void **state)
{
	static const struct {
		uint16_t offset8, len8;
	} bad[] = {
		{ 0, 4 }, { 1, 4 },		/* payload within the descriptor */
		{ 5, 4 }, { UINT16_MAX, 4 },	/* payload behind the end */
		{ 2, 0 }, { 2, 1 },		/* shorter than a descriptor */
		{ 2, 8 }, { 2, UINT16_MAX },	/* longer than what was written */
		{ 2, 7 },			/* no room for the trailer */
	};
	struct pair *t = *state;
	struct ring_packet pkt;
	unsigned int i;

	t->c.control->write_index = 56;		/* 7 * 8 */
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_descriptor(t, bad[i].offset8, bad[i].len8);
		assert_int_equal(get(t, &pkt), -EPROTO);
	}
	put_descriptor(t, 2, 6);
	assert_int_equal(get(t, &pkt), 1);
	assert_int_equal(ring_peek(&t->c, &pkt, t->buf, 47), -EMSGSIZE);
	assert_int_equal(ring_peek(&t->c, &pkt, t->buf, 48), 1);
	/* Less than a descriptor and trailer cannot be a packet. */
	t->c.control->write_index = 16;
	assert_int_equal(get(t, &pkt), -EPROTO);
}

static void test_bad_index_while_consuming(void **state)
{
	struct pair *t = *state;
	struct ring_packet pkt;
	bool interrupt;

	assert_int_equal(put(t, 0, "x", 1, &interrupt), 0);
	assert_int_equal(get(t, &pkt), 1);
	t->p.control->pending_send_sz = 1;
	t->p.control->write_index = UINT32_MAX;
	assert_false(ring_consume(&t->c, &pkt));
}

static void test_init(void **state)
{
	struct pair *t = *state;
	struct gpadl *shifted;
	struct ring r;

	assert_int_equal(ring_init(&r, t->g, 0, 1, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, 0, 6, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, 4, 2, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, 5, 2, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, UINT32_MAX, 2, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, 2, UINT32_MAX, RING_CONSUMER), -EINVAL);
	assert_int_equal(ring_init(&r, t->g, 3, 2, RING_PRODUCER), 0);
	assert_int_equal(r.control->feature_bits, VMBUS_RING_FEAT_PENDING_SEND_SZ);
	r.control->write_index = 4096;
	assert_int_equal(ring_init(&r, t->g, 3, 2, RING_PRODUCER), -EPROTO);
	r.control->write_index = 64;
	assert_int_equal(ring_init(&r, t->g, 3, 2, RING_PRODUCER), 0);
	assert_int_equal(r.own_index, 64);
	shifted = gpadl_create(&t->mem, 2, 1, pfns, 5, 8, 100);
	assert_int_equal(ring_init(&r, shifted, 0, 2, RING_CONSUMER), -EINVAL);
	gpadl_free(shifted);
}

/* ---- both sides at once: no packet and no wake-up may be lost ----------------- */

#define RACE_PACKETS	200000u

struct race {
	struct pair *t;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int to_consumer, to_producer;	/* signals */
};

static void race_signal(struct race *r, unsigned int *which)
{
	pthread_mutex_lock(&r->lock);
	(*which)++;
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static void race_wait(struct race *r, unsigned int *which)
{
	pthread_mutex_lock(&r->lock);
	while (!*which)
		pthread_cond_wait(&r->cond, &r->lock);
	*which = 0;
	pthread_mutex_unlock(&r->lock);
}

static void *race_producer(void *arg)
{
	struct race *r = arg;
	uint8_t data[512];
	bool interrupt;
	uint64_t i;

	for (i = 0; i < RACE_PACKETS; i++) {
		uint32_t len = 1 + (uint32_t)(i * 31 % sizeof(data));

		memset(data, (int)i, len);
		while (put(r->t, i, data, len, &interrupt) == -EAGAIN) {
			race_wait(r, &r->to_producer);
			ring_clear_pending(&r->t->p);
		}
		if (interrupt)
			race_signal(r, &r->to_consumer);
	}
	return NULL;
}

static void test_race(void **state)
{
	struct race r = { .t = *state };
	struct ring_packet pkt;
	pthread_t producer;
	uint64_t next = 0;

	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.cond, NULL);
	pthread_create(&producer, NULL, race_producer, &r);
	while (next < RACE_PACKETS) {
		ring_mask(&r.t->c);
		while (get(r.t, &pkt) == 1) {
			assert_int_equal(pkt.trans_id, next);
			assert_int_equal(pkt.payload[0], (uint8_t)next);
			next++;
			if (ring_consume(&r.t->c, &pkt))
				race_signal(&r, &r.to_producer);
		}
		if (!ring_unmask(&r.t->c) && next < RACE_PACKETS)
			race_wait(&r, &r.to_consumer);
	}
	pthread_join(producer, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publications, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap_every_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_on_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_without_feature_bit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pending_largest_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_index_while_consuming, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init, setup, teardown),
		cmocka_unit_test_setup_teardown(test_race, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
