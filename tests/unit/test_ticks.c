// SPDX-License-Identifier: GPL-2.0-only
/* The counter of user space, and the operations that it times. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "benchmarks/exit/ops.h"
#include "benchmarks/exit/ticks.h"
#include "lib/clock.h"

static void test_rate(void **state)
{
	struct ticks t;
	uint64_t begin, ticks, ns;

	ticks_calibrate(&t);
	assert_true(t.hz > 1000000 && t.hz < 20000000000);
	assert_true(t.step > 0 && ticks_to_ns(&t, t.step) < 10000);
	/* A stall between two of the readings makes the bounds wider, not the test wrong. */
	begin = az_clock_ns();
	ticks = ticks_now();
	az_sleep_ns(20000000);
	ticks = ticks_now() - ticks;
	ns = az_clock_ns() - begin;
	assert_true(ticks_to_ns(&t, ticks) <= ns + ns / 1000 + 1000);
	assert_true(ticks_to_ns(&t, ticks) >= 19000000);
}

static void test_conversion(void **state)
{
	struct ticks t = { .hz = 2000000000, .mult = 1ull << 31 };

	assert_int_equal(ticks_to_ns(&t, 0), 0);
	assert_int_equal(ticks_to_ns(&t, 3), 1);
	assert_int_equal(ticks_to_ns(&t, UINT64_MAX - 1), UINT64_MAX / 2);
}

/* Every operation either says why it is not there or can be done, often. */
static void test_operations(void **state)
{
	const struct exit_op *op;
	int done = 0;

	for (op = exit_ops; op->name; op++) {
		if (op->absent && op->absent()) {
			assert_true(strlen(op->absent()) > 0);
			continue;
		}
		assert_non_null(op->op);
		for (int i = 0; i < 1000; i++) {
			if (op->prepare)
				assert_int_equal(op->prepare(), 0);
			op->op();
		}
		done++;
	}
	assert_true(done > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_conversion),
		cmocka_unit_test(test_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
