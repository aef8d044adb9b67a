// SPDX-License-Identifier: GPL-2.0-only
/* The window of a flow against a plain list of every request there ever was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "benchmarks/net/flow.h"
#include "lib/rng.h"

static uint64_t send_one(struct net_flow *flow, uint64_t sent, enum net_slot_state state)
{
	struct net_slot slot = { .intended = sent, .sent = sent, .state = (uint8_t)state };

	net_window_sent(flow, &slot);
	return flow->next - 1;
}

static void test_classes(void **state)
{
	struct net_flow flow = { 0 };
	const struct net_slot *slot;
	bool reordered;
	uint64_t seq;

	assert_int_equal(net_window_init(&flow, 5), 0);
	assert_int_equal(net_window_room(&flow), 8);
	assert_int_equal(net_window_answer(&flow, 0, &slot, &reordered), NET_MATCH_UNASKED);
	send_one(&flow, 100, NET_SLOT_OUT);
	send_one(&flow, 200, NET_SLOT_OUT);
	send_one(&flow, 300, NET_SLOT_FREE);
	assert_int_equal(flow.out, 2);
	assert_int_equal(net_window_room(&flow), 5);

	assert_int_equal(net_window_answer(&flow, 1, &slot, &reordered), NET_MATCH_GOOD);
	assert_int_equal(slot->intended, 200);
	assert_false(reordered);
	assert_int_equal(net_window_answer(&flow, 1, &slot, &reordered), NET_MATCH_DUPLICATE);
	assert_int_equal(net_window_answer(&flow, 2, &slot, &reordered), NET_MATCH_UNASKED);
	assert_int_equal(net_window_answer(&flow, 0, &slot, &reordered), NET_MATCH_GOOD);
	assert_true(reordered);
	assert_int_equal(flow.out, 0);
	assert_int_equal(net_window_room(&flow), 8);

	send_one(&flow, 400, NET_SLOT_OUT);
	assert_null(net_window_expire(&flow, 400, &seq));
	slot = net_window_expire(&flow, 401, &seq);
	assert_non_null(slot);
	assert_int_equal(seq, 3);
	assert_null(net_window_expire(&flow, 1000, &seq));
	assert_int_equal(net_window_answer(&flow, 3, &slot, &reordered), NET_MATCH_LATE);
	assert_int_equal(net_window_answer(&flow, 3, &slot, &reordered), NET_MATCH_DUPLICATE);
	for (seq = 0; seq < 5; seq++)
		send_one(&flow, 500, NET_SLOT_OUT);
	assert_int_equal(net_window_answer(&flow, 0, &slot, &reordered), NET_MATCH_STALE);
	net_window_free(&flow);
}

static void test_full(void **state)
{
	struct net_flow flow = { 0 };
	const struct net_slot *slot;
	bool reordered;
	uint64_t i;

	assert_int_equal(net_window_init(&flow, 4), 0);
	for (i = 0; i < 4; i++)
		send_one(&flow, i, NET_SLOT_OUT);
	assert_int_equal(net_window_room(&flow), 0);
	/* An answer in the middle makes no room: its slot is still behind the oldest. */
	assert_int_equal(net_window_answer(&flow, 2, &slot, &reordered), NET_MATCH_GOOD);
	assert_int_equal(net_window_room(&flow), 0);
	assert_int_equal(net_window_answer(&flow, 0, &slot, &reordered), NET_MATCH_GOOD);
	assert_int_equal(net_window_room(&flow), 1);
	assert_int_equal(net_window_answer(&flow, 1, &slot, &reordered), NET_MATCH_GOOD);
	assert_int_equal(net_window_room(&flow), 3);
	net_window_free(&flow);
}

/* Every request ends once: answered or given up, whatever the network did. */
static void test_random(void **state)
{
	enum { REQUESTS = 20000, WINDOW = 64, AGE = 40 };
	uint8_t *fate = calloc(REQUESTS, 1);
	struct az_rng rng = { .state = 3 };
	struct net_flow flow = { 0 };
	const struct net_slot *slot;
	uint64_t good = 0, lost = 0, late = 0, clock = 0, seq;
	bool reordered;

	assert_non_null(fate);
	assert_int_equal(net_window_init(&flow, WINDOW), 0);
	while (flow.next < REQUESTS || flow.out) {
		clock++;
		if (flow.next < REQUESTS && net_window_room(&flow))
			send_one(&flow, clock, NET_SLOT_OUT);
		while (clock > AGE && (slot = net_window_expire(&flow, clock - AGE, &seq))) {
			assert_int_equal(fate[seq], 0);
			fate[seq] = NET_SLOT_LOST;
			lost++;
		}
		if (!flow.next || az_rng_below(&rng, 4) == 0)
			continue;
		seq = flow.next - 1 - az_rng_below(&rng, flow.next < WINDOW ? flow.next : WINDOW);
		switch (net_window_answer(&flow, seq, &slot, &reordered)) {
		case NET_MATCH_GOOD:
			assert_int_equal(fate[seq], 0);
			fate[seq] = NET_SLOT_DONE;
			good++;
			break;
		case NET_MATCH_LATE:
			assert_int_equal(fate[seq], NET_SLOT_LOST);
			fate[seq] = NET_SLOT_DONE;
			late++;
			break;
		case NET_MATCH_DUPLICATE:
			assert_int_equal(fate[seq], NET_SLOT_DONE);
			break;
		default:
			fail();
		}
	}
	assert_int_equal(good + lost, REQUESTS);
	assert_true(good > 0 && lost > 0 && late > 0);
	net_window_free(&flow);
	free(fate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
