// SPDX-License-Identifier: GPL-2.0-only
/* Delays of the server: what is asked for, its distribution, and the order of answers. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "benchmarks/net/delay.h"
#include "lib/hist.h"

static void test_parse(void **state)
{
	static const char *const bad[] = {
		"", "fixed", "fixed:", "fixed:fast", "uniform:1ms", "uniform:2ms-1ms",
		"stall:100ms", "stall:5s@100ms", "stall:0@1s", "exp:-1ms", "normal:1ms",
	};
	static const char *const bad_faults[] = { "", "drop", "drop:0", "drop:x", "version:0",
						  "version:256", "lose:3" };
	struct delay_spec spec = { 0 };
	size_t i;

	assert_int_equal(delay_parse(&spec, "uniform:1ms-2500us"), 0);
	assert_int_equal(delay_parse(&spec, "stall:100ms@5s"), 0);
	assert_int_equal(spec.kind, DELAY_UNIFORM);
	assert_int_equal(spec.a, 1000000);
	assert_int_equal(spec.b, 2500000);
	assert_int_equal(spec.stall, 100000000);
	assert_int_equal(spec.stall_every, 5000000000);
	assert_int_equal(delay_parse_fault(&spec, "drop:100"), 0);
	assert_int_equal(delay_parse_fault(&spec, "version:7"), 0);
	assert_int_equal(spec.drop, 100);
	assert_int_equal(spec.version, 7);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(delay_parse(&spec, bad[i]), -EINVAL);
	for (i = 0; i < sizeof(bad_faults) / sizeof(bad_faults[0]); i++)
		assert_int_equal(delay_parse_fault(&spec, bad_faults[i]), -EINVAL);
}

static void fill(struct az_hist *hist, const char *text)
{
	struct delay_state draws = { .rng = { .state = 11 } };
	struct delay_spec spec = { 0 };
	int i;

	assert_int_equal(delay_parse(&spec, text), 0);
	az_hist_reset(hist);
	for (i = 0; i < 200000; i++)
		az_hist_record(hist, delay_draw(&spec, &draws));
}

/* Within 1% of @want: 200000 draws, and 1/512 of the histogram. */
static void near(uint64_t got, double want)
{
	assert_true(fabs((double)got - want) < 0.02 * want);
}

static void test_distributions(void **state)
{
	static struct az_hist hist;

	fill(&hist, "exp:1ms");
	near((uint64_t)az_hist_mean(&hist), 1e6);
	near(az_hist_percentile(&hist, 500000), 1e6 * log(2));
	near(az_hist_percentile(&hist, 990000), 1e6 * log(100));
	fill(&hist, "uniform:1ms-3ms");
	near(az_hist_percentile(&hist, 500000), 2e6);
	near(az_hist_percentile(&hist, 900000), 2.8e6);
	assert_true(hist.min >= 1000000 && hist.max <= 3000000);
	fill(&hist, "fixed:70us");
	assert_true(hist.min == 70000 && hist.max == 70000);
}

static void test_queue(void **state)
{
	struct delay_queue queue = { 0 };
	struct az_rng rng = { .state = 5 };
	struct delay_item *item;
	uint64_t last = 0, order = 0;
	unsigned int i;

	assert_true(delay_first(&queue) == UINT64_MAX);
	for (i = 0; i < 1000; i++) {
		item = delay_item_new(&queue, 8);
		assert_non_null(item);
		item->due = az_rng_below(&rng, 50);
		assert_int_equal(delay_push(&queue, item), 0);
	}
	for (i = 0; i < 1000; i++) {
		assert_true(delay_first(&queue) >= last);
		item = delay_pop(&queue);
		/* Those of one time keep their order. */
		assert_true(item->due > last || item->order >= order);
		last = item->due;
		order = item->order;
		delay_item_free(&queue, item);
	}
	assert_int_equal(queue.bytes, 0);
	assert_null(delay_item_new(&queue, DELAY_BYTES_MAX));
	item = delay_item_new(&queue, 8);
	assert_int_equal(delay_push(&queue, item), 0);
	delay_queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_distributions),
		cmocka_unit_test(test_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
