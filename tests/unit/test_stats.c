// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdint.h>

#include "lib/pattern.h"
#include "lib/rng.h"
#include "lib/stats.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_median(void **state)
{
	const double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };

	assert_true(az_median(odd, 3) == 5);
	assert_true(az_median(even, 4) == 2.5);
	assert_true(az_median(one, 1) == 7);
	assert_true(odd[0] == 9);
}

static void test_spread(void **state)
{
	const double values[] = { 90, 100, 110 }, same[] = { 3, 3 }, zero[] = { -1, 0, 1 };

	assert_true(fabs(az_spread(values, 3) - 0.2) < 1e-12);
	assert_true(az_spread(same, 2) == 0);
	assert_true(isinf(az_spread(zero, 3)));
}

static void test_bootstrap_is_seeded(void **state)
{
	const double a[] = { 1, 2, 3, 4, 5 }, b[] = { 2, 3, 4, 5, 9 };
	struct az_interval x, y;

	assert_int_equal(az_bootstrap_diff(a, 5, b, 5, 1, &x), 0);
	assert_int_equal(az_bootstrap_diff(a, 5, b, 5, 1, &y), 0);
	assert_true(x.low == y.low && x.high == y.high);
	assert_true(x.low <= 1 && x.high >= 1 && x.low < x.high);
}

/*
 * Two arms from the same distribution: the interval must miss the true
 * difference, 0, seldom. The percentile bootstrap of a median is known to be a
 * little optimistic or pessimistic with few runs; 15% of 200 would be broken.
 */
static void test_coverage(void **state)
{
	double a[12], b[12];
	struct az_rng rng = { 42 };
	struct az_interval ci;
	unsigned int trial, i, missed = 0;

	for (trial = 0; trial < 200; trial++) {
		for (i = 0; i < COUNT(a); i++) {
			a[i] = (double)az_rng_below(&rng, 1000000);
			b[i] = (double)az_rng_below(&rng, 1000000);
		}
		assert_int_equal(az_bootstrap_diff(a, COUNT(a), b, COUNT(b), trial, &ci), 0);
		missed += ci.low > 0 || ci.high < 0;
	}
	assert_true(missed < 30);
}

static void test_enough_runs(void **state)
{
	assert_false(az_enough_runs(3, 3, false));
	assert_false(az_enough_runs(3, 4, false));
	assert_true(az_enough_runs(4, 4, false));
	assert_false(az_enough_runs(1, 30, false));
	assert_true(az_enough_runs(3, 3, true));
	assert_false(az_enough_runs(2, 3, true));
}

static enum az_verdict verdict(const double *a, size_t na, const double *b, size_t nb,
			       struct az_compare_rule rule)
{
	struct az_comparison cmp;

	assert_int_equal(az_compare_runs(a, na, b, nb, &rule, &cmp), 0);
	return cmp.verdict;
}

static void test_verdicts(void **state)
{
	const double a[] = { 100, 101, 102, 100, 101 }, b[] = { 80, 81, 80, 82, 79 };
	const double near[] = { 100.2, 101.2, 102.2, 100.2, 101.2 }, same[] = { 100, 100, 100 };
	const double twin[] = { 100.1, 100.1, 100.1 };
	struct az_compare_rule rule = { .lower_is_better = true, .threshold = 0.005 };

	assert_int_equal(verdict(a, 5, b, 5, rule), AZ_BETTER);
	assert_int_equal(verdict(b, 5, a, 5, rule), AZ_WORSE);
	assert_int_equal(verdict(a, 5, near, 5, rule), AZ_NO_DIFFERENCE);
	assert_int_equal(verdict(a, 3, b, 3, rule), AZ_TOO_FEW_RUNS);
	rule.lower_is_better = false;
	assert_int_equal(verdict(a, 5, b, 5, rule), AZ_WORSE);
	rule.deterministic = true;
	assert_int_equal(verdict(same, 3, twin, 3, rule), AZ_NO_DIFFERENCE);
	rule.threshold = 0;
	assert_int_equal(verdict(same, 3, twin, 3, rule), AZ_BETTER);
	assert_int_equal(verdict(same, 3, same, 3, rule), AZ_NO_DIFFERENCE);
}

static void test_ratio_of_nothing(void **state)
{
	const double zero[] = { 0, 0, 0 }, one[] = { 1, 1, 1 };
	struct az_compare_rule rule = { .lower_is_better = true, .deterministic = true };
	struct az_comparison cmp;

	assert_int_equal(az_compare_runs(zero, 3, one, 3, &rule, &cmp), 0);
	assert_true(isnan(cmp.ratio));
	assert_int_equal(cmp.verdict, AZ_WORSE);
}

static void test_rng_bounds(void **state)
{
	struct az_rng rng = { 3 };
	unsigned int seen[7] = { 0 }, i;
	uint64_t value;

	for (i = 0; i < 7000; i++) {
		value = az_rng_below(&rng, 7);
		assert_in_range(value, 0, 6);
		seen[value]++;
	}
	for (i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
}

static void test_pattern(void **state)
{
	uint8_t whole[100], part[40];
	uint64_t sum;

	az_pattern_fill(whole, sizeof(whole), 5, 0);
	az_pattern_fill(part, sizeof(part), 5, 13);
	assert_memory_equal(part, whole + 13, sizeof(part));
	assert_int_equal(az_pattern_match(part, sizeof(part), 5, 13), sizeof(part));
	part[17] ^= 1;
	assert_int_equal(az_pattern_match(part, sizeof(part), 5, 13), 17);
	assert_in_range(az_pattern_match(whole, sizeof(whole), 6, 0), 0, 8);
	sum = az_checksum(AZ_CHECKSUM_INIT, whole, sizeof(whole));
	assert_true(sum == az_checksum(az_checksum(AZ_CHECKSUM_INIT, whole, 33), whole + 33, 67));
	whole[99] ^= 0x80;
	assert_true(sum != az_checksum(AZ_CHECKSUM_INIT, whole, sizeof(whole)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_bootstrap_is_seeded),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_enough_runs),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_ratio_of_nothing),
		cmocka_unit_test(test_rng_bounds),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
