// SPDX-License-Identifier: GPL-2.0-only
/* The models of "trace wake", "trace hvcall" and "trace vpci" over events that were made up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "bpf/hvcall_model.h"
#include "bpf/vpci_model.h"
#include "bpf/wake_model.h"
#include "lib/hist.h"

#define SLOTS	8

static struct az_hist hists[SLOTS];
static struct azt_model model;

static int begin(void **state)
{
	unsigned int i;

	memset(&model, 0, sizeof(model));
	model.hists = hists;
	model.slots = SLOTS;
	for (i = 0; i < SLOTS; i++)
		az_hist_reset(&hists[i]);
	memset(wake_tasks, 0, sizeof(wake_tasks));
	memset(wake_cpus, 0, sizeof(wake_cpus));
	memset(hvcall_codes, 0, sizeof(hvcall_codes));
	memset(hvcall_flights, 0, sizeof(hvcall_flights));
	memset(vpci_registers, 0, sizeof(vpci_registers));
	memset(vpci_devices, 0, sizeof(vpci_devices));
	memset(vpci_flights, 0, sizeof(vpci_flights));
	azt_model = &model;
	return 0;
}

/* One value, and which. */
static void only(unsigned int slot, uint64_t value)
{
	assert_int_equal(hists[slot].count, 1);
	assert_int_equal(hists[slot].max, value);
}

static unsigned int used(const void *table, size_t size, size_t count)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < count; i++)
		n += ((const struct azt_flight *)((const char *)table + i * size))->key != 0;
	return n;
}

#define USED(table)	used(table, sizeof((table)[0]), sizeof(table) / sizeof((table)[0]))

/* ---- wake ------------------------------------------------------------------------------- */

static void wake(unsigned short type, uint64_t ts, uint64_t key, uint64_t a, uint64_t b)
{
	const struct azt_event event = {
		.ts = ts, .key = key, .a = a, .b = b, .cpu = 3, .type = type,
	};

	wake_model(&event);
}

static void test_wake_up(void **state)
{
	wake(WAKE_WAKING, 1000, 7, 0, 0);
	wake(WAKE_QUEUED, 1300, 7, 0, 0);
	wake(WAKE_SWITCH, 2000, 0, 7, 0);
	only(WAKE_WOKEN_QUEUED, 300);
	only(WAKE_QUEUED_RUNNING, 700);
	only(WAKE_WOKEN_RUNNING, 1000);
	assert_int_equal(hists[WAKE_PREEMPTED_RUNNING].count, 0);
	assert_int_equal(USED(wake_tasks), 0);
	assert_int_equal(wake_cpus[3].runs, 1);
	assert_int_equal(wake_cpus[3].wait_ns, 700);
	/* It sleeps: nothing waits. */
	wake(WAKE_SWITCH, 3000, 7, 0, 0);
	assert_int_equal(USED(wake_tasks), 0);
	assert_int_equal(model.counts[AZT_UNMATCHED], 0);
}

static void test_preempted(void **state)
{
	wake(WAKE_SWITCH, 1000, 7, 8, 1);
	assert_int_equal(model.counts[AZT_UNMATCHED], 1);	/* 8: from before the start */
	/* A wake-up of a thread that has not left the queue changes nothing. */
	wake(WAKE_WAKING, 1100, 7, 0, 0);
	wake(WAKE_QUEUED, 1200, 7, 0, 0);
	wake(WAKE_SWITCH, 5000, 8, 7, 0);
	only(WAKE_PREEMPTED_RUNNING, 4000);
	assert_int_equal(hists[WAKE_QUEUED_RUNNING].count, 0);
	assert_int_equal(wake_cpus[3].preempted_max, 4000);
	assert_int_equal(USED(wake_tasks), 0);
}

/* Woken on another CPU while it is on its way to sleep: the wake-up stands. */
static void test_woken_early(void **state)
{
	wake(WAKE_WAKING, 1000, 7, 0, 0);
	wake(WAKE_SWITCH, 1100, 7, 0, 0);
	wake(WAKE_QUEUED, 1500, 7, 0, 0);
	wake(WAKE_SWITCH, 1600, 0, 7, 0);
	only(WAKE_WOKEN_QUEUED, 500);
	only(WAKE_WOKEN_RUNNING, 600);
	assert_int_equal(model.counts[AZT_UNMATCHED], 0);
}

static void test_new_and_unseen(void **state)
{
	wake(WAKE_NEW, 1000, 7, 0, 0);
	wake(WAKE_SWITCH, 1400, 0, 7, 0);
	only(WAKE_QUEUED_RUNNING, 400);
	assert_int_equal(model.counts[WAKE_N_NEW], 1);
	wake(WAKE_QUEUED, 2000, 9, 0, 0);
	wake(WAKE_SWITCH, 2200, 0, 9, 0);
	assert_int_equal(model.counts[AZT_UNMATCHED], 1);
	assert_int_equal(hists[WAKE_QUEUED_RUNNING].count, 2);
	assert_int_equal(hists[WAKE_WOKEN_RUNNING].count, 0);
	wake(WAKE_STEAL, 2300, 0, 50, 0);
	assert_int_equal(wake_cpus[3].steal_ns, 50);
}

/* ---- hvcall ------------------------------------------------------------------------------- */

static void hvcall(unsigned short type, uint64_t ts, uint64_t key, uint64_t a, uint64_t b)
{
	const struct azt_event event = { .ts = ts, .key = key, .a = a, .b = b, .type = type };

	hvcall_model(&event);
}

static void test_hvcall(void **state)
{
	/* A caller around its hypercall; flags above the code. */
	hvcall(HVCALL_CALLER_BEGIN, 100, 5, HVCALL_SIGNAL, 0);
	hvcall(HVCALL_BEGIN, 120, 5, 0x1005d, 0);
	hvcall(HVCALL_END, 170, 5, 0x1005d, 0);
	hvcall(HVCALL_CALLER_END, 200, 5, HVCALL_SIGNAL, 0);
	only(HVCALL_ANY_NS, 50);
	only(HVCALL_SIGNAL_NS, 100);
	assert_int_equal(model.counts[HVCALL_N_CALLER + HVCALL_SIGNAL], 1);
	assert_int_equal(hvcall_codes[0x5d].count, 1);
	assert_int_equal(USED(hvcall_flights), 0);
	/* A failure, with a count of repetitions above the status; a code of the upper range. */
	hvcall(HVCALL_BEGIN, 300, 5, 0x8001, 0);
	hvcall(HVCALL_END, 310, 5, 0x8001, 0x300000005);
	hvcall(HVCALL_BEGIN, 320, 5, 0x3, 0);
	hvcall(HVCALL_END, 330, 5, 0x3, 0x300000000);
	assert_int_equal(hvcall_codes[HVCALL_PLAIN + 1].failed, 1);
	assert_int_equal(hvcall_codes[3].failed, 0);
	assert_int_equal(model.counts[HVCALL_N_FAILED], 1);
	/* No such code, no such caller: no harm. */
	hvcall(HVCALL_BEGIN, 400, 5, 0x7777, 0);
	hvcall(HVCALL_END, 401, 5, 0x7777, 0);
	hvcall(HVCALL_CALLER, 402, 5, HVCALL_CALLERS, 0);
	hvcall(HVCALL_CALLER_END, 402, 5, 1ull << 40, 0);
	assert_int_equal(model.counts[HVCALL_N_ALL], 4);
	assert_int_equal(model.counts[AZT_UNMATCHED], 0);
	hvcall(HVCALL_END, 500, 6, 0x5d, 0);
	assert_int_equal(model.counts[AZT_UNMATCHED], 1);
	assert_int_equal(hvcall_codes[0x5d].count, 2);
}

/* ---- vpci --------------------------------------------------------------------------------- */

static void vpci(unsigned short type, uint64_t ts, uint64_t a, uint64_t b)
{
	const struct azt_event event = { .ts = ts, .key = 5, .a = a, .b = b, .type = type };

	vpci_model(&event);
}

static void both(uint64_t ts, uint64_t ns, uint64_t what, uint64_t b)
{
	vpci(VPCI_BEGIN, ts, what, b);
	vpci(VPCI_END, ts + ns, what, b);
}

static void test_vpci_config(void **state)
{
	const struct vpci_device *bus;

	both(100, 20, VPCI_READ, VPCI_ACCESS(0x00, 4, 9));	/* the driver knows these */
	both(200, 20, VPCI_READ, VPCI_ACCESS(0x2c, 2, 9));
	both(300, 20, VPCI_READ, VPCI_ACCESS(0x3d, 1, 9));
	both(400, 30, VPCI_READ, VPCI_ACCESS(0x10, 4, 9));
	both(500, 30, VPCI_READ, VPCI_ACCESS(0x08, 8, 9));	/* reaches beyond */
	both(600, 40, VPCI_WRITE, VPCI_ACCESS(0x04, 2, 9));
	both(700, 40, VPCI_WRITE, VPCI_ACCESS(0x30, 4, 9));	/* read-only */
	assert_int_equal(model.counts[VPCI_N_READS], 5);
	assert_int_equal(model.counts[VPCI_N_READS_HOST], 2);
	assert_int_equal(model.counts[VPCI_N_WRITES_HOST], 1);
	only(VPCI_WRITE_NS, 40);
	assert_int_equal(vpci_registers[0x10 >> 2].host, 1);
	assert_int_equal(vpci_registers[0x10 >> 2].ns, 30);
	assert_int_equal(vpci_registers[0x30 >> 2].writes, 1);
	bus = vpci_devices_find(9);
	assert_non_null(bus);
	assert_int_equal(bus->host, 3);
	assert_int_equal(bus->ns, 100);
	assert_int_equal(USED(vpci_flights), 0);
}

static void test_vpci_probe(void **state)
{
	const struct vpci_device *bus;

	/* Another bus is scanned: not ours. */
	both(10, 5, VPCI_SCAN, 0);
	assert_int_equal(USED(vpci_devices), 0);
	vpci(VPCI_BEGIN, 100, VPCI_PROBE, 9);
	both(200, 50, VPCI_D0, 0);
	both(300, 60, VPCI_SCAN, 0);
	vpci(VPCI_END, 1100, VPCI_PROBE, 0);
	both(2000, 70, VPCI_REMOVE, 9);
	bus = vpci_devices_find(9);
	assert_non_null(bus);
	assert_int_equal(bus->step_ns[VPCI_PROBE], 1000);
	assert_int_equal(bus->step_ns[VPCI_D0], 50);
	assert_int_equal(bus->step_ns[VPCI_SCAN], 60);
	assert_int_equal(bus->step_ns[VPCI_REMOVE], 70);
	assert_int_equal(bus->probes, 1);
	assert_int_equal(bus->removals, 1);
	only(VPCI_PROBE_NS, 1000);
	both(3000, 8, VPCI_COMPOSE, 44);
	only(VPCI_COMPOSE_NS, 8);
	both(3000, 9, VPCI_RETARGET, 44);
	only(VPCI_RETARGET_NS, 9);
	vpci(VPCI_END, 4000, VPCI_WRITE, VPCI_ACCESS(4, 2, 9));
	assert_int_equal(model.counts[AZT_UNMATCHED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wake_up, begin),
		cmocka_unit_test_setup(test_preempted, begin),
		cmocka_unit_test_setup(test_woken_early, begin),
		cmocka_unit_test_setup(test_new_and_unseen, begin),
		cmocka_unit_test_setup(test_hvcall, begin),
		cmocka_unit_test_setup(test_vpci_config, begin),
		cmocka_unit_test_setup(test_vpci_probe, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
