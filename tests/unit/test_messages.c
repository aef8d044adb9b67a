// SPDX-License-Identifier: GPL-2.0-only
/* Channel messages: versions, order, lies, limits, the way out through one slot. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/hv.h"
#include "tests/unit/fakeguest.h"

static void quiet_ready(struct vmbus_channel *ch)
{
	struct ring_packet pkt;

	while (channel_recv(ch, &pkt) == 1)
		;
}

static const struct vmbus_device_ops quiet_ops = {
	.type = "quiet",
	.class_id = VMBUS_GUID_SCSI,
	.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE,
	.mmio_mib = 8,
	.ready = quiet_ready,
};

static struct vmbus_device devices[3];

static struct fakeguest *start(unsigned int n)
{
	struct fakeguest *fg = fg_new(64, 4);
	unsigned int i;

	for (i = 0; i < n; i++) {
		devices[i] = (struct vmbus_device) { .ops = &quiet_ops };
		snprintf(devices[i].name, sizeof(devices[i].name), "quiet%u", i);
		devices[i].instance_id.b[0] = (uint8_t)(i + 1);
		devices[i].user_defined[119] = (uint8_t)(0x40 + i);
		assert_int_equal(vmbus_add_device(fg->bus, &devices[i]), 0);
	}
	return fg;
}

static struct fakeguest *start_connected(unsigned int n)
{
	struct fakeguest *fg = start(n);

	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	assert_int_equal(fg_request_offers(fg), n);
	return fg;
}

static void test_versions(void **state)
{
	static const uint32_t good[] = {
		VMBUS_VERSION_4_0, VMBUS_VERSION_4_1, VMBUS_VERSION_5_0, VMBUS_VERSION_5_1,
		VMBUS_VERSION_5_2, VMBUS_VERSION_5_3, VMBUS_VERSION_6_0,
	};
	static const uint32_t bad[] = {
		0, VMBUS_VERSION(2, 4), VMBUS_VERSION(3, 0), VMBUS_VERSION(4, 2),
		VMBUS_VERSION(5, 4), VMBUS_VERSION(6, 1), VMBUS_VERSION(7, 0), UINT32_MAX - 255,
	};
	struct fakeguest *fg = start(0);
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(fg_connect(fg, good[i]), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(fg_connect(fg, bad[i]), -ECONNREFUSED);
	fg_free(fg);
}

static void test_max_version(void **state)
{
	struct vmbus_msg_initiate_contact c = {
		.h.type = VMBUS_MSG_INITIATE_CONTACT, .version = VMBUS_VERSION_5_3, .sint = 2,
	};
	struct fakeguest *fg = start(0);
	uint32_t version;

	assert_int_equal(vmbus_parse_version("5.3", &version), 0);
	assert_int_equal(version, VMBUS_VERSION_5_3);
	assert_int_equal(vmbus_parse_version("5.4", &version), -EINVAL);
	assert_int_equal(vmbus_parse_version("5", &version), -EINVAL);
	vmbus_set_max_version(fg->bus, VMBUS_VERSION_5_2);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), -ECONNREFUSED);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_2), 0);

	/* An old host does not know connection id 4: the guest tries an older version. */
	vmbus_set_max_version(fg->bus, VMBUS_VERSION_4_1);
	fg->message_conn = VMBUS_CONN_MESSAGE_V5;
	assert_int_equal(fg_try_post(fg, &c, sizeof(c)), HV_STATUS_INVALID_CONNECTION_ID);
	fg->message_conn = VMBUS_CONN_MESSAGE_REDIRECT;
	assert_int_equal(fg_try_post(fg, &c, sizeof(c)), HV_STATUS_INVALID_CONNECTION_ID);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_4_1), 0);
	fg_free(fg);
}

static void test_version_response(void **state)
{
	struct vmbus_msg_initiate_contact c = {
		.h.type = VMBUS_MSG_INITIATE_CONTACT, .version = VMBUS_VERSION_6_0,
		.target_vp = 3, .sint = 5, .feature_flags = UINT32_MAX,
	};
	struct fakeguest *fg = start(0);
	union fg_message m;
	unsigned int sint;
	uint32_t len, vp;

	fg->message_conn = VMBUS_CONN_MESSAGE_V5;
	fg_post(fg, &c, sizeof(c));
	assert_int_equal(fg_next(fg, &m, &len), VMBUS_MSG_VERSION_RESPONSE);
	assert_int_equal(len, 20);
	assert_int_equal(m.version.supported, 1);
	assert_int_equal(m.version.connection_state, VMBUS_CONNECTION_SUCCESSFUL);
	assert_int_equal(m.version.msg_conn_id, VMBUS_CONN_MESSAGE_V5);
	assert_int_equal(m.version.feature_flags, 0);
	fg_last_target(fg, &vp, &sint);
	assert_int_equal(vp, 3);
	assert_int_equal(sint, 5);

	/* Before 5.0 the field is an address: SINT 2, connection 1, a short response. */
	c.version = VMBUS_VERSION_4_1;
	c.interrupt_page = 0x5000;
	fg_post(fg, &c, sizeof(c));
	assert_int_equal(fg_next(fg, &m, &len), VMBUS_MSG_VERSION_RESPONSE);
	assert_int_equal(len, 16);
	assert_int_equal(m.version.msg_conn_id, VMBUS_CONN_MESSAGE);
	fg_last_target(fg, &vp, &sint);
	assert_int_equal(sint, VMBUS_SINT);

	/* Nowhere to answer to. */
	c.target_vp = 4;
	fg_post(fg, &c, sizeof(c));
	c.target_vp = UINT32_MAX;
	fg_post(fg, &c, sizeof(c));
	c.target_vp = 0;
	c.version = VMBUS_VERSION_5_0;
	c.sint = 16;
	fg_post(fg, &c, sizeof(c));
	c.sint = 2;
	c.vtl = 2;
	fg_post(fg, &c, sizeof(c));
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), 4);
	fg_free(fg);
}

static void test_offers(void **state)
{
	struct fakeguest *fg = start_connected(3);
	struct vmbus_msg_header again = { .type = VMBUS_MSG_REQUEST_OFFERS };
	const struct vmbus_msg_offer *o;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		o = &fg->offer[i];
		assert_memory_equal(&o->offer.if_type, &quiet_ops.class_id, 16);
		assert_int_equal(o->offer.if_instance.b[0], i + 1);
		assert_int_equal(o->offer.flags, VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE);
		assert_int_equal(o->offer.mmio_megabytes, 8);
		assert_int_equal(o->offer.user_defined[119], 0x40 + i);
		assert_int_equal(o->offer.sub_channel_index, 0);
		assert_int_equal(o->relid, i + 1);
		assert_int_equal(o->monitor_allocated, 0);
		assert_int_equal(o->is_dedicated_interrupt, 1);
		assert_int_equal(o->connection_id, VMBUS_SINT << 12 | o->relid);
	}
	fg_post(fg, &again, sizeof(again));
	fg_expect_silence(fg);
	fg_free(fg);
}

static void test_not_connected(void **state)
{
	struct fakeguest *fg = start(1);
	uint8_t raw[VMBUS_MESSAGE_MAX] = { 0 };
	unsigned int type;

	for (type = 0; type < 40; type++) {
		if (type == VMBUS_MSG_INITIATE_CONTACT)
			continue;
		raw[0] = (uint8_t)type;
		fg_post(fg, raw, sizeof(raw));
	}
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), 39);
	fg_free(fg);
}

static void test_too_short(void **state)
{
	static const struct {
		uint32_t type, min;
	} types[] = {
		{ VMBUS_MSG_REQUEST_OFFERS, 8 }, { VMBUS_MSG_OPEN, 148 }, { VMBUS_MSG_CLOSE, 12 },
		{ VMBUS_MSG_GPADL_HEADER, 28 }, { VMBUS_MSG_GPADL_BODY, 16 },
		{ VMBUS_MSG_GPADL_TEARDOWN, 16 }, { VMBUS_MSG_RELID_RELEASED, 12 },
		{ VMBUS_MSG_INITIATE_CONTACT, 40 }, { VMBUS_MSG_UNLOAD, 8 },
		{ VMBUS_MSG_TL_CONNECT, 40 }, { VMBUS_MSG_MODIFY, 16 },
	};
	struct fakeguest *fg = start(1);
	uint8_t raw[VMBUS_MESSAGE_MAX] = { 0 };
	unsigned int i;

	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		memcpy(raw, &types[i].type, 4);
		fg_post(fg, raw, types[i].min - 1);
	}
	fg_post(fg, raw, 0);
	fg_post(fg, raw, 7);
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), i + 2);
	assert_int_equal(fg_try_post(fg, raw, 241), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(vmbus_post_message(fg->bus, 4, 2, raw, 40), HV_STATUS_SUCCESS);
	assert_int_equal(fg_message_counter(fg, "ignored"), i + 3);
	fg_free(fg);
}

/* What only the host sends, and types that nobody knows. */
static void test_unknown(void **state)
{
	struct fakeguest *fg = start_connected(1);
	uint32_t raw[60] = { 0 };
	uint32_t type, posted = 0;

	for (type = 18; type < 300; type++) {
		if (type == VMBUS_MSG_TL_CONNECT || type == VMBUS_MSG_MODIFY)
			continue;
		raw[0] = type;
		fg_post(fg, raw, sizeof(raw));
		fg_sync(fg);
		posted++;
	}
	for (type = UINT32_MAX; type > UINT32_MAX - 4; type--, posted++) {
		raw[0] = type;
		fg_post(fg, raw, sizeof(raw));
	}
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), posted);
	fg_free(fg);
}

static void test_tl_connect(void **state)
{
	struct vmbus_msg_tl_connect c = {
		.h.type = VMBUS_MSG_TL_CONNECT, .endpoint.b = "endpoint",
	};
	struct fakeguest *fg = start_connected(0);
	union fg_message m;

	fg_post(fg, &c, sizeof(c));
	fg_expect(fg, VMBUS_MSG_TL_CONNECT_RESULT, &m);
	assert_memory_equal(&m.tl.endpoint, &c.endpoint, 16);
	assert_int_equal(m.tl.status, VMBUS_STATUS_CONNECTION_REFUSED);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_4_0), 0);
	fg_post(fg, &c, sizeof(c));
	fg_expect_silence(fg);
	fg_free(fg);
}

/* ---- GPADLs -------------------------------------------------------------------- */

struct header {
	struct vmbus_msg_gpadl_header h;
	uint64_t pfn[26];
} __attribute__((packed));

static uint32_t try_header(struct fakeguest *fg, const struct header *h, unsigned int pfns)
{
	union fg_message m;

	fg_post(fg, h, (uint32_t)(sizeof(h->h) + pfns * 8));
	fg_expect(fg, VMBUS_MSG_GPADL_CREATED, &m);
	assert_int_equal(m.created.gpadl, h->h.gpadl);
	return m.created.status;
}

static void test_gpadl_lies(void **state)
{
	struct fakeguest *fg = start_connected(1);
	const struct header good = {
		.h.h.type = VMBUS_MSG_GPADL_HEADER, .h.relid = 1, .h.gpadl = 77,
		.h.range_buflen = 8 + 16, .h.range_count = 1, .h.range.byte_count = 8192,
		.pfn = { 5, 3 },
	};
	struct header h;

#define LIE(change) do {							\
		h = good;							\
		change;								\
		assert_int_not_equal(try_header(fg, &h, 2), 0);			\
	} while (0)
	LIE(h.h.relid = 2);
	LIE(h.h.relid = 0);
	LIE(h.h.relid = UINT32_MAX);
	LIE(h.h.gpadl = 0);
	LIE(h.h.range_count = 0);
	LIE(h.h.range_count = 2);
	LIE(h.h.range_buflen = 8);
	LIE(h.h.range_buflen = UINT16_MAX);
	LIE(h.h.range.byte_count = 0);
	LIE(h.h.range.byte_count = UINT32_MAX);
	LIE(h.h.range.byte_offset = 1);
	LIE(h.h.range.byte_offset = 4096);
	LIE(h.pfn[1] = fg->mem.size / GUEST_PAGE_SIZE);
	LIE(h.pfn[0] = UINT64_MAX);
	h = good;
	assert_int_equal(try_header(fg, &h, 2), 0);
	LIE(h.pfn[0] = 9);		/* the handle is taken */
	fg_free(fg);
}

static void test_gpadl_bodies(void **state)
{
	struct fakeguest *fg = start_connected(1);
	struct fg_buffer *b = fg_buffer_new(fg, 500);
	struct {
		struct vmbus_msg_gpadl_body h;
		uint64_t pfn[28];
	} __attribute__((packed)) body = { .h.h.type = VMBUS_MSG_GPADL_BODY, .h.gpadl = 12345 };
	struct vmbus_msg_gpadl_teardown t = {
		.h.type = VMBUS_MSG_GPADL_TEARDOWN, .relid = 1, .gpadl = 99,
	};
	struct header h = {
		.h.h.type = VMBUS_MSG_GPADL_HEADER, .h.relid = 1, .h.gpadl = 99,
		.h.range_buflen = 8 + 800, .h.range_count = 1, .h.range.byte_count = 409600,
	};
	union fg_message m;
	struct gpadl *g;

	assert_int_equal(fg_buffer_share(b, 1), 0);
	g = vmbus_gpadl_get(fg->bus, b->gpadl);
	assert_non_null(g);
	assert_int_equal(g->pages, 500);
	assert_memory_equal(g->page, b->g->page, 500 * sizeof(g->page[0]));
	vmbus_gpadl_put(fg->bus, g);
	fg_buffer_unshare(b);
	assert_null(vmbus_gpadl_get(fg->bus, b->gpadl));
	fg_buffer_free(b);

	/* A body for nothing; a header without bodies, torn down half-way. */
	fg_post(fg, &body, sizeof(body));
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), 1);
	fg_post(fg, &h, sizeof(h));
	fg_expect_silence(fg);
	assert_null(vmbus_gpadl_get(fg->bus, 99));
	fg_post(fg, &t, sizeof(t));
	fg_expect(fg, VMBUS_MSG_GPADL_TORNDOWN, &m);
	/* More page numbers than were declared are not taken. */
	h.h.range_buflen = 8 + 30 * 8;
	h.h.range.byte_count = 30 * 4096;
	fg_post(fg, &h, sizeof(h));
	body.h.gpadl = 99;
	fg_post(fg, &body, sizeof(body));
	fg_expect(fg, VMBUS_MSG_GPADL_CREATED, &m);
	assert_int_equal(m.created.status, 0);
	g = vmbus_gpadl_get(fg->bus, 99);
	assert_int_equal(g->pages, 30);
	vmbus_gpadl_put(fg->bus, g);
	t.relid = 2;				/* not its channel */
	fg_post(fg, &t, sizeof(t));
	fg_expect_silence(fg);
	fg_free(fg);
}

static void test_gpadl_limits(void **state)
{
	struct fakeguest *fg = start_connected(1);
	struct header h = {
		.h.h.type = VMBUS_MSG_GPADL_HEADER, .h.relid = 1, .h.range_buflen = 16,
		.h.range_count = 1, .h.range.byte_count = 4096, .pfn = { 3 },
	};
	unsigned int n;

	for (n = 1; n <= 2000; n++) {
		h.h.gpadl = n;
		if (try_header(fg, &h, 1))
			break;
	}
	assert_int_equal(n, 1025);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	assert_int_equal(fg_request_offers(fg), 1);

	/* Half-told lists count as well: 8190 pages each. */
	h.h.range_buflen = 8 + 8190 * 8;
	h.h.range.byte_count = 8190 * 4096;
	for (n = 1; n < 32; n++) {
		h.h.gpadl = n;
		fg_post(fg, &h, sizeof(h));
		fg_expect_silence(fg);
	}
	h.h.gpadl = n;
	fg_post(fg, &h, sizeof(h));
	fg_expect_silence(fg);
	h.h.gpadl = n + 1;
	assert_int_equal(try_header(fg, &h, 26), VMBUS_STATUS_INSUFFICIENT_RESOURCES);
	fg_free(fg);
}

/* ---- the way out -------------------------------------------------------------- */

static void test_queue_and_eom(void **state)
{
	struct fakeguest *fg = start(3);
	struct vmbus_msg_header r = { .type = VMBUS_MSG_REQUEST_OFFERS };
	union fg_message m;

	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	fg_post(fg, &r, sizeof(r));
	fg_sync(fg);
	/* Four messages, one slot: the host waits for EOM and loses none. */
	assert_int_equal(fg_message_counter(fg, "slot_busy"), 1);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_ALL_OFFERS_DELIVERED);
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "sent.offer"), 3);
	fg_free(fg);
}

static void test_lost_eom(void **state)
{
	struct fakeguest *fg = start(3);
	struct vmbus_msg_header r = { .type = VMBUS_MSG_REQUEST_OFFERS };
	union fg_message m;

	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	fg_lose_eom(fg, true);
	fg_post(fg, &r, sizeof(r));
	fg_sync(fg);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	fg_expect_silence(fg);		/* the slot is free and nobody said so */
	vmbus_eom(fg->bus, 0);
	fg_sync(fg);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	/* A new contact drops what was queued for the old one. */
	fg_lose_eom(fg, false);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	fg_expect_silence(fg);
	fg_free(fg);
}

/* A guest that asks without end and takes no answer is told to wait. */
static void test_backpressure(void **state)
{
	struct vmbus_msg_tl_connect c = { .h.type = VMBUS_MSG_TL_CONNECT };
	struct fakeguest *fg = start_connected(0);
	union fg_message m;
	unsigned int n;
	uint16_t status;

	for (n = 0; n < 5000; n++) {
		status = fg_try_post(fg, &c, sizeof(c));
		if (status)
			break;
	}
	assert_int_equal(status, HV_STATUS_INSUFFICIENT_BUFFERS);
	assert_true(n <= 1025);
	fg_sync(fg);
	while (n--)
		fg_expect(fg, VMBUS_MSG_TL_CONNECT_RESULT, &m);
	fg_post(fg, &c, sizeof(c));
	fg_expect(fg, VMBUS_MSG_TL_CONNECT_RESULT, &m);
	fg_free(fg);
}

static void test_unload(void **state)
{
	struct fakeguest *fg = start_connected(2);
	struct fg_channel *ch = fg_open(fg, &devices[0], 0, 2, 2, NULL, 0);
	struct vmbus_msg_header u = { .type = VMBUS_MSG_UNLOAD };
	union fg_message m;

	fg_post(fg, &u, sizeof(u));
	fg_expect(fg, VMBUS_MSG_UNLOAD_RESPONSE, &m);
	assert_null(vmbus_find_open(&devices[0], 0));
	assert_null(vmbus_gpadl_get(fg->bus, ch->rings->gpadl));
	fg_forget(ch);
	fg_post(fg, &u, sizeof(u));
	fg_expect_silence(fg);		/* not connected any more */
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_0), 0);
	assert_int_equal(fg_request_offers(fg), 2);
	ch = fg_open(fg, &devices[0], 0, 2, 2, NULL, 0);
	fg_close(ch);
	fg_free(fg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_max_version),
		cmocka_unit_test(test_version_response),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_not_connected),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_tl_connect),
		cmocka_unit_test(test_gpadl_lies),
		cmocka_unit_test(test_gpadl_bodies),
		cmocka_unit_test(test_gpadl_limits),
		cmocka_unit_test(test_queue_and_eom),
		cmocka_unit_test(test_lost_eom),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
