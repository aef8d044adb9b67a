// SPDX-License-Identifier: GPL-2.0-only
/* The life of offers: sub-channels, rescind, release, reset, and the bus's faults. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/hv.h"
#include "tests/unit/echodev.h"

static void expect_rescind(struct fakeguest *fg, uint32_t relid)
{
	union fg_message m;

	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_RESCIND);
	assert_int_equal(m.relid.relid, relid);
}

static void test_subchannels(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *primary = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0), *sub[3];
	struct vmbus_msg_offer *o;
	unsigned int i;

	assert_int_equal(vmbus_offer_subchannels(&e->vdev, 1, 3), 0);
	for (i = 0; i < 3; i++) {
		o = fg_offer(fg, &e->vdev, i + 1);
		assert_int_equal(o->relid, i + 2);
		sub[i] = fg_open(fg, &e->vdev, i + 1, 2, 2, NULL, i + 1);
	}
	for (i = 0; i < 3; i++) {
		fg_send_inband(sub[i], "sub", 3, i, true);
		echo_expect(sub[i], "sub", 3, i);
	}
	assert_non_null(vmbus_find_open(&e->vdev, 3));
	assert_null(vmbus_find_open(&e->vdev, 4));
	fg_close(sub[0]);
	assert_null(vmbus_find_open(&e->vdev, 1));
	fg_close(sub[1]);
	fg_close(sub[2]);
	/* With the primary they end: the next open negotiates new ones. */
	fg_close(primary);
	assert_int_equal(e->closed, 4);
	for (i = 0; i < 3; i++) {
		if (fg_is_offered(fg, &e->vdev, i + 1))
			expect_rescind(fg, i + 2);
		assert_false(fg_is_offered(fg, &e->vdev, i + 1));
		fg_release_relid(fg, i + 2);
	}
	fg_expect_silence(fg);

	primary = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	assert_int_equal(vmbus_offer_subchannels(&e->vdev, 1, 1), 0);
	o = fg_offer(fg, &e->vdev, 1);
	assert_int_equal(o->relid, 2);
	/* The counters of sub-channel 1 go on, those of 2 and 3 are not lost. */
	assert_int_equal(fg_counter(fg, &e->vdev, 1, "packets_in"), 1);
	assert_int_equal(fg_counter(fg, &e->vdev, 3, "packets_in"), 1);
	fg_close(primary);
	fg_free(fg);
}

static void test_no_subchannels_without_primary(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);

	assert_int_equal(vmbus_offer_subchannels(&e->vdev, 1, 3), 0);
	fg_expect_silence(fg);
	assert_int_equal(vmbus_offer_subchannels(&e->vdev, 0, 3), -EINVAL);
	assert_int_equal(vmbus_offer_subchannels(&e->vdev, 1, 3000), -EINVAL);
	fg_free(fg);
}

/* Sub-channels go first, each relid stays taken until it is released. */
static void test_rescind_open(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *primary = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0), *sub;
	struct vmbus_msg_relid late = { .h.type = VMBUS_MSG_CLOSE, .relid = 1 };
	union fg_message m;
	struct gpadl *g;

	vmbus_offer_subchannels(&e->vdev, 1, 1);
	sub = fg_open(fg, &e->vdev, 1, 4, 4, NULL, 0);
	vmbus_rescind(&e->vdev);
	expect_rescind(fg, 2);
	expect_rescind(fg, 1);
	assert_int_equal(e->closed, 2);
	assert_null(e->vdev.primary);

	/* What the guest's driver still sends is harmless. */
	fg_signal(primary);
	fg_post(fg, &late, sizeof(late));
	fg_buffer_unshare(primary->rings);
	assert_int_equal(fg_buffer_share(primary->rings, 1) != 0, 1);

	vmbus_rescind(&e->vdev);	/* again: nothing */
	fg_sync(fg);
	fg_expect_silence(fg);
	/* Not before the guest has released the primary; it would take it for a second one. */
	vmbus_reoffer(&e->vdev);
	fg_sync(fg);
	fg_expect_silence(fg);

	/* Released without a teardown: the GPADLs of the channel go with it. */
	g = vmbus_gpadl_get(fg->bus, sub->rings->gpadl);
	assert_non_null(g);
	vmbus_gpadl_put(fg->bus, g);
	fg_release_relid(fg, 2);
	fg_sync(fg);
	fg_expect_silence(fg);
	fg_release_relid(fg, 1);
	assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_OFFER);
	assert_int_equal(m.offer.relid, 1);	/* used again */
	vmbus_reoffer(&e->vdev);	/* again: nothing */
	fg_sync(fg);
	fg_expect_silence(fg);
	assert_null(vmbus_gpadl_get(fg->bus, sub->rings->gpadl));
	assert_int_equal(fg_message_counter(fg, "ignored"), 1);
	fg_release_relid(fg, 2);	/* free already */
	fg_release_relid(fg, 1);	/* not rescinded */
	fg_release_relid(fg, 5000);
	fg_sync(fg);
	assert_int_equal(fg_message_counter(fg, "ignored"), 4);
	fg_forget(sub);
	fg_forget(primary);

	primary = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	fg_send_inband(primary, "back", 4, 1, true);
	echo_expect(primary, "back", 4, 1);
	vmbus_offer_subchannels(&e->vdev, 1, 1);
	assert_int_equal(fg_offer(fg, &e->vdev, 1)->relid, 2);
	fg_close(primary);
	fg_free(fg);
}

/* The guest writes as fast as it can while the device goes away under it. */
static void test_rescind_under_load(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch;
	struct ring_packet pkt;
	unsigned int round, i;
	union fg_message m;

	for (round = 0; round < 20; round++) {
		ch = fg_open(fg, &e->vdev, 0, 8, 8, NULL, 0);
		for (i = 0; i < 2000; i++) {
			if (i == 100 * round)
				vmbus_rescind(&e->vdev);
			fg_send_inband(ch, "load", 4, i, true);
			if (i % 3)
				fg_try_recv(ch, &pkt);
		}
		assert_int_equal(fg_next(fg, &m, NULL), VMBUS_MSG_RESCIND);
		fg_release_relid(fg, ch->offer.relid);
		fg_forget(ch);
		vmbus_reoffer(&e->vdev);
		fg_offer(fg, &e->vdev, 0);
	}
	assert_int_equal(e->opened, 20);
	assert_int_equal(e->closed, 20);
	fg_free(fg);
}

/* A rescinded device is not offered to the next connection either. */
static void test_rescinded_is_gone(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);

	vmbus_rescind(&e->vdev);
	expect_rescind(fg, 1);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	assert_int_equal(fg_request_offers(fg), 0);
	vmbus_reoffer(&e->vdev);
	fg_offer(fg, &e->vdev, 0);
	fg_free(fg);
}

static void test_reset(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	unsigned int i;

	for (i = 0; i < 50; i++)
		fg_send_inband(ch, "last words", 10, i, true);
	vmbus_reset(fg->bus);
	assert_int_equal(e->closed, 1);
	fg_forget(ch);
	fg_expect_silence(fg);
	vmbus_reset(fg->bus);
	/* A kernel that crashed without unload comes back. */
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_1), 0);
	assert_int_equal(fg_request_offers(fg), 1);
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_1), 0);	/* without any unload */
	assert_int_equal(e->closed, 2);
	fg_forget(ch);
	fg_free(fg);
}

/* ---- pins --------------------------------------------------------------------- */

static void test_gpadl_pins(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	struct fg_buffer *b = fg_buffer_new(fg, 3);
	struct vmbus_msg_gpadl_teardown t = {
		.h.type = VMBUS_MSG_GPADL_TEARDOWN, .relid = ch->offer.relid,
	};
	union fg_message m;
	struct gpadl *g;

	/* The device lets go when it is told: torn down at once. */
	assert_int_equal(fg_buffer_share(b, ch->offer.relid), 0);
	e->pinned = vmbus_gpadl_get(fg->bus, b->gpadl);
	fg_buffer_unshare(b);
	assert_int_equal(e->gone, 1);

	/* It does not: the guest is told only after the last put. */
	e->keep_pinned = true;
	assert_int_equal(fg_buffer_share(b, ch->offer.relid), 0);
	e->pinned = vmbus_gpadl_get(fg->bus, b->gpadl);
	t.gpadl = b->gpadl;
	fg_post(fg, &t, sizeof(t));
	fg_post(fg, &t, sizeof(t));	/* twice */
	fg_expect_silence(fg);
	assert_null(vmbus_gpadl_get(fg->bus, b->gpadl));
	assert_int_equal(gpadl_write(e->pinned, 0, "still there", 11), 0);
	g = e->pinned;
	e->pinned = NULL;
	vmbus_gpadl_put(fg->bus, g);
	fg_expect(fg, VMBUS_MSG_GPADL_TORNDOWN, &m);
	assert_int_equal(m.torndown.gpadl, t.gpadl);

	/* The rings of an open channel are pinned, too. */
	t.gpadl = ch->rings->gpadl;
	fg_post(fg, &t, sizeof(t));
	fg_expect_silence(fg);
	fg_send_inband(ch, "alive", 5, 1, true);
	echo_expect(ch, "alive", 5, 1);

	/* A pin over the end of the connection: nobody is told, nothing is touched. */
	assert_int_equal(fg_buffer_share(b, ch->offer.relid), 0);
	g = vmbus_gpadl_get(fg->bus, b->gpadl);
	vmbus_reset(fg->bus);
	fg_expect_silence(fg);
	assert_null(vmbus_gpadl_get(fg->bus, b->gpadl));
	assert_int_equal(gpadl_write(g, 0, "x", 1), 0);
	vmbus_gpadl_put(fg->bus, g);
	fg_expect_silence(fg);
	fg_buffer_free(b);
	fg_forget(ch);
	fg_free(fg);
}

/* ---- faults ---------------------------------------------------------------------- */

static void test_refuse_open(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *ch = NULL;

	fg_fault(fg, "echo0:refuse-open,status=0xc0000022");
	assert_int_equal(fg_try_open(fg, &e->vdev, 0, 4, 4, NULL, 0, &ch), 0xc0000022);
	assert_null(ch);
	fg_fault(fg, "vmbus:refuse-open,channel=1");
	ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	vmbus_offer_subchannels(&e->vdev, 1, 1);
	fg_offer(fg, &e->vdev, 1);
	assert_int_not_equal(fg_try_open(fg, &e->vdev, 1, 4, 4, NULL, 0, NULL), 0);
	assert_int_equal(e->opened, 1);
	fg_close(ch);
	fg_free(fg);
}

static void test_message_faults(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct vmbus_msg_modify mod = { .h.type = VMBUS_MSG_MODIFY, .relid = 1 };
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	union fg_message m;

	fg_fault(fg, "vmbus:withhold,msg=modify-response");
	fg_post(fg, &mod, sizeof(mod));
	fg_expect_silence(fg);
	assert_int_equal(fg_message_counter(fg, "withheld"), 1);

	fg_fault(fg, "vmbus:dup,msg=modify-response");
	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	fg_expect_silence(fg);

	fg_fault(fg, "vmbus:delay,msg=modify-response,us=1000");
	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	assert_int_equal(fg_message_counter(fg, "delayed"), 1);

	/*
	 * Late: what was asked afterwards is answered before. One that is on
	 * its way when the connection ends never arrives.
	 */
	fg_fault(fg, "vmbus:delay,msg=modify-response,us=3600000000");
	fg_post(fg, &mod, sizeof(mod));
	fg_close(ch);
	vmbus_reset(fg->bus);
	fg_expect_silence(fg);
	fg_free(fg);
}

static void test_refuse_post(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct vmbus_msg_modify mod = { .h.type = VMBUS_MSG_MODIFY, .relid = 1 };
	struct fg_channel *ch = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	union fg_message m;

	fg_fault(fg, "vmbus:refuse-post,msg=modify,count=2,status=0x13");
	fg_fault(fg, "vmbus:refuse-post,msg=gpadl-teardown");
	assert_int_equal(fg_try_post(fg, &mod, sizeof(mod)), HV_STATUS_INSUFFICIENT_BUFFERS);
	assert_int_equal(fg_try_post(fg, &mod, 4), HV_STATUS_INSUFFICIENT_BUFFERS);
	assert_int_equal(fg_try_post(fg, &mod, 3), HV_STATUS_SUCCESS);
	fg_expect_silence(fg);
	fg_post(fg, &mod, sizeof(mod));
	fg_expect(fg, VMBUS_MSG_MODIFY_RESPONSE, &m);
	mod.h.type = VMBUS_MSG_GPADL_TEARDOWN;
	assert_int_equal(fg_try_post(fg, &mod, sizeof(mod)), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(fg_message_counter(fg, "posts_refused"), 3);
	assert_int_equal(fg_message_counter(fg, "received.gpadl-teardown"), 0);
	fg_close(ch);
	fg_free(fg);
}

static void test_offer_flags(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	uint16_t flags = fg_offer(fg, &e->vdev, 0)->offer.flags;

	fg_fault(fg, "echo0:offer-flags,channel=0");
	vmbus_rescind(&e->vdev);
	while (fg_is_offered(fg, &e->vdev, 0))
		fg_next(fg, &(union fg_message){ 0 }, NULL);
	fg_release_relid(fg, 1);
	vmbus_reoffer(&e->vdev);
	assert_int_equal(fg_offer(fg, &e->vdev, 0)->offer.flags, flags | 4);
	fg_free(fg);
}

static void test_timed_rescind(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fault *fault;
	char err[200];

	fg_fault(fg, "echo0:rescind,at_ms=1,reoffer_ms=1");
	expect_rescind(fg, 1);
	fg_release_relid(fg, 1);
	fg_offer(fg, &e->vdev, 0);
	fg_fault(fg, "echo:rescind,at_ms=0");		/* each of the type */
	expect_rescind(fg, fg->offer[0].relid);

	fg_fault(fg, "echo0:rescind,at_ms=3600000");	/* the bus ends before */
	assert_int_equal(faults_add(fg->faults, "echo7:rescind,at_ms=0", err, sizeof(err),
				    &fault), 0);
	assert_int_equal(vmbus_timed_fault(fg->bus, fault), -ENODEV);
	fg_free(fg);
}

static bool has_stumbled(void *ctx)
{
	return ((struct echo *)ctx)->stumbled == 3;
}

static void test_timed_device_fault(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	json_t *report;

	fg_fault(fg, "echo0:stumble,at_ms=2");
	fg_fault(fg, "echo0:stumble,at_ms=0");
	fg_fault(fg, "echo:stumble,at_ms=1");
	fg_wait(fg, has_stumbled, e);
	report = faults_report(fg->faults);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(report, 1), "fired")),
			 1);
	json_decref(report);
	fg_free(fg);
}

static void count_open(struct vmbus_channel *ch, void *ctx)
{
	atomic_fetch_add((_Atomic unsigned int *)ctx, 1);
	assert_true(loop_is_current(ch->loop));
}

static bool is_two(void *ctx)
{
	return atomic_load((_Atomic unsigned int *)ctx) == 2;
}

static void test_for_each_open(void **arg)
{
	struct echo *e;
	struct fakeguest *fg = echo_start(&e, 0);
	struct fg_channel *primary = fg_open(fg, &e->vdev, 0, 4, 4, NULL, 0);
	_Atomic unsigned int n = 0;
	struct fg_channel *sub;

	vmbus_offer_subchannels(&e->vdev, 1, 2);
	sub = fg_open(fg, &e->vdev, 2, 4, 4, NULL, 0);
	vmbus_for_each_open(&e->vdev, count_open, &n);
	fg_wait(fg, is_two, &n);
	fg_close(sub);
	fg_close(primary);
	vmbus_for_each_open(&e->vdev, count_open, &n);
	assert_int_equal(n, 2);
	fg_free(fg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subchannels),
		cmocka_unit_test(test_no_subchannels_without_primary),
		cmocka_unit_test(test_rescind_open),
		cmocka_unit_test(test_rescind_under_load),
		cmocka_unit_test(test_rescinded_is_gone),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_gpadl_pins),
		cmocka_unit_test(test_refuse_open),
		cmocka_unit_test(test_message_faults),
		cmocka_unit_test(test_refuse_post),
		cmocka_unit_test(test_offer_flags),
		cmocka_unit_test(test_timed_rescind),
		cmocka_unit_test(test_timed_device_fault),
		cmocka_unit_test(test_for_each_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
