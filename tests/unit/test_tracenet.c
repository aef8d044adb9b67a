// SPDX-License-Identifier: GPL-2.0-only
/* The model of "trace netvsc" over made-up events. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "bpf/core/model.h"
#include "bpf/netvsc_model.h"
#include "lib/hist.h"

static struct az_hist hists[NETVSC_SLOTS];
static struct azt_model fresh = { .hists = hists, .slots = NETVSC_SLOTS };

/* Two packets, which are in the same place of no table. */
#define A	0xffff888000010000ull
#define B	0xffff888000020100ull
#define C	0xffff888000030200ull
#define NAPI	0xffff888000f00000ull
#define Q	2	/* of device 0 */

static int begin(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < NETVSC_SLOTS; i++)
		az_hist_reset(&hists[i]);
	memset(fresh.counts, 0, sizeof(fresh.counts));
	azt_model = &fresh;
	memset(netvsc_queues, 0, sizeof(netvsc_queues));
	memset(netvsc_rxs, 0, sizeof(netvsc_rxs));
	memset(netvsc_switches, 0, sizeof(netvsc_switches));
	memset(netvsc_devs, 0, sizeof(netvsc_devs));
	memset(netvsc_cpus, 0, sizeof(netvsc_cpus));
	memset(netvsc_reasons, 0, sizeof(netvsc_reasons));
	memset(netvsc_txs, 0, sizeof(netvsc_txs));
	memset(netvsc_napis, 0, sizeof(netvsc_napis));
	return 0;
}

static void event(unsigned short type, unsigned long long ts, unsigned long long key,
		  unsigned long long a, unsigned long long b)
{
	const struct azt_event e = {
		.ts = ts, .key = key, .a = a, .b = b, .type = type, .cpu = 1,
		.tool = AZT_TOOL_NETVSC,
	};

	netvsc_model(&e);
}

/* Exactly one value, below 512 ns, where buckets are exact. */
static void assert_one(enum netvsc_slot slot, uint64_t ns)
{
	assert_int_equal(hists[slot].count, 1);
	assert_int_equal(hists[slot].max, ns);
}

static unsigned int in_flight(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(netvsc_txs) / sizeof(netvsc_txs[0]); i++)
		n += !!netvsc_txs[i].f.key;
	return n;
}

static void test_to_the_host(void **state)
{
	(void)state;
	event(NETVSC_TX_QUEUE, 1000, A, Q, 0);
	event(NETVSC_TX_START, 1010, A, Q, 0);
	event(NETVSC_TX_RING, 1030, A, Q, 7);
	assert_int_equal(in_flight(), 1);
	event(NETVSC_TX_DONE, 1130, A, Q, 8);
	assert_one(NETVSC_S_QDISC, 10);
	assert_one(NETVSC_S_DRIVER, 20);
	assert_one(NETVSC_S_HOST, 100);
	assert_int_equal(in_flight(), 0);
	assert_int_equal(netvsc_queues[Q].tx, 1);
	assert_int_equal(netvsc_queues[Q].tx_done, 1);
	assert_int_equal(netvsc_queues[Q].tx_sum, 130);
	assert_int_equal(netvsc_queues[Q].signals, 1);
}

static void test_lost_and_twice(void **state)
{
	(void)state;
	event(NETVSC_TX_START, 1000, A, Q, 0);
	event(NETVSC_TX_RING, 1010, A, Q, 0);
	event(NETVSC_TX_START, 1020, B, Q, 0);
	event(NETVSC_TX_RING, 1030, B, Q, 0);
	event(NETVSC_TX_DONE, 1040, B, Q, 0);
	assert_int_equal(fresh.counts[AZT_UNMATCHED], 0);
	event(NETVSC_TX_DONE, 1050, 0, Q, 0);
	assert_int_equal(fresh.counts[AZT_UNMATCHED], 1);
	assert_int_equal(in_flight(), 1);
	/* The lost one's address is used again: it has not ended. */
	event(NETVSC_TX_QUEUE, 2000, A, Q, 0);
	assert_int_equal(fresh.counts[AZT_TWICE], 1);
	assert_int_equal(in_flight(), 1);
}

/* The driver holds a frame back for the next, and sends both, or three, in one packet. */
static void test_batched(void **state)
{
	(void)state;
	event(NETVSC_TX_START, 1000, A, Q, 0);
	event(NETVSC_TX_START, 1010, B, Q, 0);
	event(NETVSC_TX_START, 1020, C, Q, 0);
	event(NETVSC_TX_RING, 1030, C, Q, 0);
	assert_int_equal(netvsc_queues[Q].tx, 1);
	assert_int_equal(netvsc_queues[Q].tx_batched, 2);
	assert_int_equal(in_flight(), 1);
	event(NETVSC_TX_DONE, 1040, C, Q, 0);
	assert_int_equal(in_flight(), 0);
}

/* The next does not fit: what was held goes alone, before it. */
static void test_held_goes_alone(void **state)
{
	(void)state;
	event(NETVSC_TX_START, 1000, A, Q, 0);
	event(NETVSC_TX_START, 1010, B, Q, 0);
	event(NETVSC_TX_RING, 1020, A, Q, 0);
	event(NETVSC_TX_RING, 1030, B, Q, 0);
	assert_int_equal(netvsc_queues[Q].tx, 2);
	assert_int_equal(netvsc_queues[Q].tx_batched, 0);
	event(NETVSC_TX_DONE, 1040, A, Q, 0);
	event(NETVSC_TX_DONE, 1050, B, Q, 0);
	assert_int_equal(fresh.counts[AZT_UNMATCHED], 0);
	assert_int_equal(in_flight(), 0);
}

/* A write that found the ring full is no packet; the stack sends it again. */
static void test_full_ring(void **state)
{
	(void)state;
	event(NETVSC_TX_QUEUE, 1000, A, Q, 0);
	event(NETVSC_TX_START, 1010, A, Q, 0);
	event(NETVSC_TX_RING, 1020, A, Q, 0);
	event(NETVSC_TX_START, 1100, A, Q, 0);
	event(NETVSC_TX_RING, 1120, A, Q, 0);
	event(NETVSC_TX_DONE, 1200, A, Q, 0);
	assert_int_equal(netvsc_queues[Q].tx, 1);
	assert_one(NETVSC_S_QDISC, 10);
	assert_one(NETVSC_S_HOST, 80);
	assert_int_equal(fresh.counts[AZT_TWICE], 0);
}

static void test_vf(void **state)
{
	(void)state;
	event(NETVSC_TX_QUEUE, 1000, A, Q, 0);
	event(NETVSC_TX_START, 1010, A, Q, 0);
	event(NETVSC_TX_VF, 1050, A, 0, 0);
	assert_one(NETVSC_S_VF, 40);
	assert_int_equal(netvsc_queues[Q].tx_vf, 1);
	assert_int_equal(netvsc_queues[Q].tx, 0);
	assert_int_equal(in_flight(), 0);
	/* Something else that a slave sends is none of ours. */
	event(NETVSC_TX_VF, 1060, B, 0, 0);
	assert_int_equal(netvsc_queues[Q].tx_vf, 1);
	event(NETVSC_RX_STACK, 1070, C, Q, 1);
	assert_int_equal(netvsc_queues[Q].rx_vf, 1);
	assert_int_equal(netvsc_queues[Q].rx, 0);
}

static void receive(unsigned long long ts, unsigned long long skb)
{
	event(NETVSC_RX_IRQ, ts, NAPI, Q, 0);
	event(NETVSC_RX_POLL, ts + 10, NAPI, 0, 0);
	event(NETVSC_RX_STACK, ts + 30, skb, Q, 0);
	event(NETVSC_RX_SOCKET, ts + 70, skb, 0, 0);
}

static void test_from_the_host(void **state)
{
	(void)state;
	receive(1000, A);
	event(NETVSC_RUN, 1170, 0, 0, 0);
	event(NETVSC_RX_READ, 1190, A, 0, 0);
	assert_one(NETVSC_S_IRQ, 10);
	assert_one(NETVSC_S_POLL, 20);
	assert_one(NETVSC_S_STACK, 40);
	assert_one(NETVSC_S_WAKE, 100);
	assert_one(NETVSC_S_READ, 20);
	assert_int_equal(netvsc_queues[Q].rx, 1);
	assert_int_equal(netvsc_queues[Q].rx_sum, 70);
	/* Again: it is over. */
	event(NETVSC_RX_READ, 1200, A, 0, 0);
	assert_int_equal(hists[NETVSC_S_READ].count, 1);
}

/* A reader that ran all the time was not woken. */
static void test_busy_reader(void **state)
{
	(void)state;
	event(NETVSC_RUN, 500, 0, 0, 0);
	receive(1000, A);
	event(NETVSC_RX_READ, 1100, A, 0, 0);
	assert_int_equal(hists[NETVSC_S_WAKE].count, 0);
	assert_one(NETVSC_S_READ, 30);
}

/* Polls go on without an interrupt; the time begins with the poll then. */
static void test_poll_alone(void **state)
{
	(void)state;
	receive(1000, A);
	event(NETVSC_RX_POLL, 2000, NAPI, 0, 0);
	event(NETVSC_RX_STACK, 2005, B, Q, 0);
	event(NETVSC_RX_SOCKET, 2006, B, 0, 0);
	assert_one(NETVSC_S_IRQ, 10);
	assert_int_equal(netvsc_queues[Q].polls, 2);
	assert_int_equal(netvsc_queues[Q].rx_sum, 70 + 6);
}

static void test_drop(void **state)
{
	(void)state;
	event(NETVSC_TX_QUEUE, 1000, A, Q, 0);
	event(NETVSC_DROP, 1010, A, 0, 5);
	event(NETVSC_DROP, 1020, B, 0, 70000);
	assert_int_equal(in_flight(), 0);
	assert_int_equal(netvsc_reasons[5].drops, 1);
	assert_int_equal(netvsc_reasons[NETVSC_REASONS - 1].drops, 1);
	assert_int_equal(fresh.counts[NETVSC_N_DROPS], 2);
}

static void test_xdp(void **state)
{
	(void)state;
	event(NETVSC_XDP, 1000, 0, 0, 2);
	event(NETVSC_XDP, 1001, 0, 0, 9);
	assert_int_equal(fresh.counts[NETVSC_N_XDP + 2], 1);
	assert_int_equal(fresh.counts[NETVSC_N_XDP_OTHER], 1);
}

static void test_switch(void **state)
{
	(void)state;
	event(NETVSC_RX_STACK, 900, A, Q, 0);
	event(NETVSC_SWITCH, 1000, 0, 1, 0);
	event(NETVSC_SWITCHED, 1100, 0, 1, 0);
	event(NETVSC_RX_STACK, 1300, B, Q, 1);
	event(NETVSC_RX_STACK, 1400, C, Q, 1);
	assert_one(NETVSC_S_SWITCH, 100);
	assert_int_equal(netvsc_switches[0].to_vf, 1);
	assert_int_equal(netvsc_switches[0].quiet, 400);
	event(NETVSC_SWITCH, 2000, 0, 0, 0);
	event(NETVSC_SWITCHED, 2050, 0, 0, 1);
	assert_int_equal(netvsc_switches[1].failed, 1);
	assert_int_equal(netvsc_switches[1].quiet, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_to_the_host, begin),
		cmocka_unit_test_setup(test_lost_and_twice, begin),
		cmocka_unit_test_setup(test_batched, begin),
		cmocka_unit_test_setup(test_held_goes_alone, begin),
		cmocka_unit_test_setup(test_full_ring, begin),
		cmocka_unit_test_setup(test_vf, begin),
		cmocka_unit_test_setup(test_from_the_host, begin),
		cmocka_unit_test_setup(test_busy_reader, begin),
		cmocka_unit_test_setup(test_poll_alone, begin),
		cmocka_unit_test_setup(test_drop, begin),
		cmocka_unit_test_setup(test_xdp, begin),
		cmocka_unit_test_setup(test_switch, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
