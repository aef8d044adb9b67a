// SPDX-License-Identifier: GPL-2.0-only
/* Channels end to end, with a device that echoes, against a guest without KVM. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/echodev.h"

struct interrupts {
	struct fg_channel *ch;
	unsigned int n;
};

static bool has_interrupts(void *ctx)
{
	struct interrupts *i = ctx;

	return fg_interrupts(i->ch, NULL) >= i->n;
}

/* The guest may find a packet before the host has raised its interrupt. */
static void wait_interrupts(struct fg_channel *ch, unsigned int n)
{
	struct interrupts i = { .ch = ch, .n = n };

	fg_wait(ch->fg, has_interrupts, &i);
}

static void test_echo(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 3);
	uint8_t data[1000];
	uint32_t vp;
	unsigned int i;

	assert_int_equal(e->opened, 1);
	/* Long enough to wrap both rings many times, at every alignment. */
	for (i = 0; i < 300; i++) {
		memset(data, (int)i, sizeof(data));
		assert_int_equal(fg_send_inband(ch, data, 8 + i * 3, i, true), 0);
		echo_expect(ch, data, 8 + i * 3, i);
	}
	assert_int_equal(e->packets, 300);
	wait_interrupts(ch, 1);
	fg_interrupts(ch, &vp);
	assert_int_equal(vp, 3);
	fg_close(ch);
	assert_int_equal(e->closed, 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "packets_in"), 300);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "completions_out"), 300);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "echoed"), 300);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "interrupts_raised") +
			 fg_counter(fg, &e->vdev, 0, "interrupts_suppressed"), 300);
	echo_destroyed = 0;
	fg_free(fg);
	assert_int_equal(echo_destroyed, 1);
}

static void test_gpa_direct(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 8, 8, NULL, 0);
	struct fg_buffer *b = fg_buffer_new(fg, 4);
	struct fg_page_range parts[3];
	uint8_t data[3 * GUEST_PAGE_SIZE], want[300];
	uint64_t pfn[3];
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + 5);
	assert_int_equal(gpadl_write(b->g, 0, data, sizeof(data)), 0);

	/* One range over three pages, from the middle of one to the middle of another. */
	assert_int_equal(fg_send_gpa(ch, b->pfn, 3, 2000, 8000, "hdr", 3, 1), 0);
	echo_expect(ch, data + 2000, 8000, 1);
	assert_int_equal(e->gpa_result, 3);

	/* A range for each page, as page buffers are. */
	for (i = 0; i < 3; i++)
		parts[i] = (struct fg_page_range) {
			.len = 100, .offset = 4096 - 100 * (i + 1), .pfn = b->pfn[i],
		};
	assert_int_equal(fg_send_pages(ch, parts, 3, NULL, 0, 2), 0);
	for (i = 0; i < 3; i++)
		memcpy(want + 100 * i, data + 4096 * i + 4096 - 100 * (i + 1), 100);
	echo_expect(ch, want, 300, 2);

	/* Neighbours make one piece. */
	pfn[0] = 1000;
	pfn[1] = 1001;
	pfn[2] = 1002;
	memcpy(fg_at(fg, 1000 * 4096, sizeof(data)), data, sizeof(data));
	assert_int_equal(fg_send_gpa(ch, pfn, 3, 0, sizeof(data), NULL, 0, 3), 0);
	echo_expect(ch, data, sizeof(data), 3);
	assert_int_equal(e->gpa_result, 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "gpa_direct_in"), 3);

	fg_buffer_free(b);
	fg_close(ch);
	fg_free(fg);
}

static void test_gpa_lies(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 8, 8, NULL, 0);
	uint64_t pfn[80];
	struct ring_packet pkt;
	struct {
		struct vmbus_gpa_direct_header h;
		struct vmbus_gpa_range r;
	} lie = { .h.range_count = 1 };
	unsigned int i;

	for (i = 0; i < 80; i++)
		pfn[i] = 100 + 2 * i;
#define EXPECT_RESULT(n) do {							\
		fg_recv(ch, &pkt);						\
		assert_int_equal(e->gpa_result, n);				\
	} while (0)
	fg_send_gpa(ch, pfn, 1, 0, 4097, NULL, 0, 1);	/* two pages, one named */
	EXPECT_RESULT(-EPROTO);
	fg_send_gpa(ch, pfn, 1, 4096, 1, NULL, 0, 1);
	EXPECT_RESULT(-EPROTO);
	fg_send_gpa(ch, pfn, 2, 1, UINT32_MAX, NULL, 0, 1);
	EXPECT_RESULT(-EPROTO);
	fg_send_gpa(ch, pfn, 80, 0, 80 * 4096, NULL, 0, 1);
	EXPECT_RESULT(-E2BIG);
	pfn[0] = fg->mem.size / GUEST_PAGE_SIZE;
	fg_send_gpa(ch, pfn, 1, 0, 4096, NULL, 0, 1);
	EXPECT_RESULT(-EFAULT);
	pfn[0] = UINT64_MAX >> 11;			/* << 12 would wrap */
	fg_send_gpa(ch, pfn, 1, 0, 4096, NULL, 0, 1);
	EXPECT_RESULT(-EFAULT);
	/* More ranges than there are; no header at all; an empty list is fine. */
	lie.h.range_count = UINT32_MAX;
	fg_send(ch, VMBUS_PKT_DATA_GPA_DIRECT, 1, 1, &lie, sizeof(lie), NULL, 0);
	EXPECT_RESULT(-EPROTO);
	fg_send(ch, VMBUS_PKT_DATA_GPA_DIRECT, 1, 1, NULL, 0, "payload", 7);
	EXPECT_RESULT(-EPROTO);
	lie.h.range_count = 0;
	fg_send(ch, VMBUS_PKT_DATA_GPA_DIRECT, 1, 1, &lie, sizeof(lie), NULL, 0);
	EXPECT_RESULT(0);
	fg_close(ch);
	fg_free(fg);
}

static bool some_are_stuck(void *ctx)
{
	return ((struct echo *)ctx)->stuck > 0;
}

/* The guest does not read: the host's ring fills, the host waits, and goes on. */
static void test_ring_full(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 16, 2, NULL, 0);
	uint8_t data[500];
	unsigned int i;

	for (i = 0; i < 40; i++) {
		memset(data, (int)i, sizeof(data));
		assert_int_equal(fg_send_inband(ch, data, sizeof(data), i, true), 0);
	}
	fg_wait(fg, some_are_stuck, e);
	for (i = 0; i < 40; i++) {
		memset(data, (int)i, sizeof(data));
		echo_expect(ch, data, sizeof(data), i);
	}
	assert_true(fg_counter(fg, &e->vdev, 0, "ring_full") > 0);
	assert_int_equal(e->packets, 40);
	fg_close(ch);
	fg_free(fg);
}

static bool ring_is_drained(void *ctx)
{
	struct fg_channel *ch = ctx;

	return ring_space(&ch->out) == ch->out.size;
}

/* And the other way: the guest's ring fills, and the host signals that there is room. */
static void test_guest_waits_for_room(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 2, 32, NULL, 0);
	static const uint8_t data[900];
	unsigned int before, n = 0;

	/* Written without signals, so that the host does not look. */
	atomic_store(&ch->out.control->interrupt_mask, 1);
	while (!fg_send_inband(ch, data, sizeof(data), n, true))
		n++;
	assert_int_equal(n, 4);
	before = fg_interrupts(ch, NULL);
	atomic_store(&ch->in.control->interrupt_mask, 1);	/* so none for the answers */
	fg_signal(ch);
	fg_wait(fg, ring_is_drained, ch);
	wait_interrupts(ch, before + 1);
	fg_close(ch);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "interrupts_raised"), before + 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "signals_received"), 1);
	fg_free(fg);
}

/* More packets than one turn of the channel's loop takes, and one signal for all. */
static void test_long_burst(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 64, 64, NULL, 0);
	unsigned int i;

	atomic_store(&ch->out.control->interrupt_mask, 1);
	for (i = 0; i < 5000; i++)
		assert_int_equal(fg_send_inband(ch, "burst", 5, i, true), 0);
	fg_signal(ch);
	for (i = 0; i < 5000; i++)
		echo_expect(ch, "burst", 5, i);
	fg_close(ch);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "packets_in"), 5000);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "signals_received"), 1);
	fg_free(fg);
}

static void test_packet_types(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	uint16_t type;

	for (type = 0; type < 16; type++) {
		if (type == VMBUS_PKT_DATA_GPA_DIRECT)
			continue;
		fg_send(ch, type, 0, type, NULL, 0, "typed", 5);
		echo_expect(ch, "typed", 5, type);
	}
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "inband_in"), 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "completions_in"), 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "other_in"), 13);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "packets_in"), 15);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "bytes_in"), 15 * 32);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "bytes_out"), 15 * 32);
	fg_close(ch);
	fg_free(fg);
}

struct errors {
	struct echo *e;
	uint64_t n;
};

static bool has_errors(void *ctx)
{
	struct errors *errors = ctx;

	return count_get(&errors->e->vdev.channels->counters.protocol_errors) >= errors->n;
}

static void test_broken_ring(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	struct errors errors = { .e = e, .n = 1 };
	unsigned int i;

	atomic_store(&ch->out.control->write_index, 12345);
	for (i = 0; i < 10; i++)
		fg_signal(ch);
	fg_wait(fg, has_errors, &errors);
	fg_close(ch);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "protocol_errors"), 1);
	/* The other ring: the host finds no sense in where the guest says it reads. */
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	atomic_store(&ch->in.control->read_index, UINT32_MAX);
	fg_send_inband(ch, "x", 1, 1, true);
	errors.n = 2;
	fg_wait(fg, has_errors, &errors);
	fg_close(ch);
	/* A new open starts anew. */
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	fg_send_inband(ch, "again", 5, 1, true);
	echo_expect(ch, "again", 5, 1);
	fg_close(ch);
	fg_free(fg);
}

static void test_open_lies(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_buffer *b = fg_buffer_new(fg, 8);
	struct vmbus_msg_open good = { .h.type = VMBUS_MSG_OPEN }, o;
	union fg_message m;

	assert_int_equal(fg_buffer_share(b, fg_offer(fg, &e->vdev, 0)->relid), 0);
	good.relid = b->relid;
	good.open_id = 4711;
	good.gpadl = b->gpadl;
	good.downstream_page_offset = 4;
#define TRY(change, ok) do {							\
		o = good;							\
		change;								\
		fg_post(fg, &o, sizeof(o));					\
		fg_expect(fg, VMBUS_MSG_OPEN_RESULT, &m);			\
		assert_int_equal(m.open_result.relid, o.relid);			\
		assert_int_equal(m.open_result.open_id, 4711);			\
		assert_int_equal(m.open_result.status == 0, ok);		\
	} while (0)
	TRY(o.relid = 0, false);
	TRY(o.relid = 2, false);
	TRY(o.relid = UINT32_MAX, false);
	TRY(o.gpadl = 0, false);
	TRY(o.gpadl++, false);
	TRY(o.target_vp = 4, false);
	TRY(o.downstream_page_offset = 0, false);
	TRY(o.downstream_page_offset = 1, false);
	TRY(o.downstream_page_offset = 7, false);
	TRY(o.downstream_page_offset = 8, false);
	TRY(o.downstream_page_offset = UINT32_MAX, false);
	e->open_error = -EIO;
	TRY((void)0, false);
	assert_int_equal(e->opened, 0);
	e->open_error = 0;
	TRY((void)0, true);
	TRY((void)0, false);		/* it is open */
	assert_int_equal(e->opened, 1);
	assert_int_equal(e->closed, 0);
	fg_buffer_free(b);
	fg_free(fg);
	/* vmbus_free() closed it: the device's memory is gone, so nothing to look at. */
}

static void test_close_twice(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	struct vmbus_msg_relid c = { .h.type = VMBUS_MSG_CLOSE, .relid = ch->offer.relid };

	fg_post(fg, &c, sizeof(c));
	fg_post(fg, &c, sizeof(c));
	c.relid = 2047;
	fg_post(fg, &c, sizeof(c));
	c.relid = 2048;
	fg_post(fg, &c, sizeof(c));
	fg_expect_silence(fg);
	assert_int_equal(e->closed, 1);
	assert_int_equal(fg_message_counter(fg, "ignored"), 3);
	fg_buffer_unshare(ch->rings);
	fg_forget(ch);
	fg_free(fg);
}

static void test_modify(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 1);
	struct vmbus_msg_modify mod = {
		.h.type = VMBUS_MSG_MODIFY, .relid = ch->offer.relid, .target_vp = 2,
	};
	union fg_message m;
	uint32_t vp;

	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	assert_int_equal(m.modify.relid, mod.relid);
	assert_int_equal(m.modify.status, 0);
	fg_send_inband(ch, "x", 1, 1, true);
	echo_expect(ch, "x", 1, 1);
	wait_interrupts(ch, 1);
	fg_interrupts(ch, &vp);
	assert_int_equal(vp, 2);

	mod.target_vp = 4;
	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	assert_int_not_equal(m.modify.status, 0);
	mod.target_vp = 0;
	mod.relid = 77;
	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	assert_int_not_equal(m.modify.status, 0);
	fg_close(ch);

	/* 5.2 has no response, 4.0 not even the message. */
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_2), 0);
	fg_request_offers(fg);
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 1);
	mod.relid = ch->offer.relid;
	mod.target_vp = 3;
	fg_post(fg, &mod, sizeof(mod));
	fg_expect_silence(fg);
	assert_int_equal(e->vdev.primary->target_vp, 3);
	fg_close(ch);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_4_0), 0);
	fg_request_offers(fg);
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 1);
	fg_post(fg, &mod, sizeof(mod));
	fg_expect_silence(fg);
	assert_int_equal(e->vdev.primary->target_vp, 1);
	fg_close(ch);
	fg_free(fg);
}

static void test_monitor(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 300);
	struct vmbus_msg_offer *o = fg_offer(fg, &e->vdev, 0);
	struct vmbus_monitor_page *page = fg_at(fg, fg->monitor_gpa, 4096);
	struct fg_channel *ch;
	unsigned int i;

	assert_int_equal(o->monitor_allocated, 1);
	assert_true(o->offer.flags & VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION);
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	assert_int_equal(page->latency[0][o->monitor_id], 3000);
	assert_int_equal(page->trigger_state, 1);
	for (i = 0; i < 20; i++) {
		fg_send_inband(ch, "poll", 4, i, true);
		echo_expect(ch, "poll", 4, i);
	}
	assert_int_equal(ch->signals, 0);		/* no hypercall */
	assert_int_equal(page->group[0].pending, 0);
	fg_close(ch);
	assert_true(fg_counter(fg, &e->vdev, 0, "signals_received") <= 20);
	assert_int_equal(fg_counter(fg, &e->vdev, 0, "signals_monitored"),
			 fg_counter(fg, &e->vdev, 0, "signals_received"));
	/* The bit of a closed channel is nobody's. */
	atomic_store(&page->group[0].pending, UINT32_MAX);
	fg_expect_silence(fg);
	fg_free(fg);
}

static void test_command(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	json_t *reply = json_object();

	assert_int_equal(vmbus_device_command(fg->bus, "echo0", "count", NULL, reply), 0);
	assert_int_equal(json_integer_value(json_object_get(reply, "n")), 1);
	assert_int_equal(vmbus_device_command(fg->bus, "echo0", "what", NULL, reply), -ENOENT);
	assert_int_equal(vmbus_device_command(fg->bus, "echo1", "count", NULL, reply), -ENOENT);
	json_decref(reply);
	fg_free(fg);
}

static void test_two_devices_of_one_name(void **arg)
{
	struct echo *e, twin;
	struct fakeguest *fg = echo_start(&e, 0);

	twin = *e;
	assert_int_equal(vmbus_add_device(fg->bus, &twin.vdev), -EEXIST);
	twin.vdev.name[0] = 0;
	assert_int_equal(vmbus_add_device(fg->bus, &twin.vdev), -EEXIST);
	fg_free(fg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_gpa_direct),
		cmocka_unit_test(test_gpa_lies),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_guest_waits_for_room),
		cmocka_unit_test(test_long_burst),
		cmocka_unit_test(test_packet_types),
		cmocka_unit_test(test_broken_ring),
		cmocka_unit_test(test_open_lies),
		cmocka_unit_test(test_close_twice),
		cmocka_unit_test(test_modify),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_two_devices_of_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
