// SPDX-License-Identifier: GPL-2.0-only
/* Intended times of open loops: exact, of the stated distribution, and shared fairly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "benchmarks/load/schedule.h"
#include "lib/log.h"

#define START	1000000007ull

static struct load_schedule begin(struct load_spec spec, unsigned int thread, unsigned int threads)
{
	struct load_schedule s;

	load_schedule_start(&s, &spec, thread, threads, START);
	return s;
}

/* floor(k * 10^9 * n / rate), in whole numbers. */
static uint64_t exact(uint64_t k, uint64_t rate)
{
	return START + (uint64_t)((unsigned __int128)k * 1000000000 / rate);
}

static void test_fixed_is_exact(void **state)
{
	static const uint64_t rates[] = { 1, 3, 7, 1000, 29999, 1000000, 333333333, 1000000000 };

	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		struct load_spec spec = { LOAD_FIXED, (double)rates[r], 1, 1, 0 };
		struct load_schedule s = begin(spec, 0, 1);

		for (uint64_t k = 0; k < 100000; k++)
			assert_int_equal(load_schedule_next(&s), exact(k, rates[r]));
	}
}

/* A third of a ns too early or late would be 333 ms after 10^9 events. */
static void test_no_drift(void **state)
{
	struct load_spec spec = { LOAD_FIXED, 300000000, 1, 1, 0 };
	struct load_schedule s = begin(spec, 0, 1);
	uint64_t last = 0;

	for (uint64_t k = 0; k < 1000000000; k++)
		last = load_schedule_next(&s);
	assert_int_equal(last, exact(999999999, 300000000));
}

static void test_slow(void **state)
{
	struct load_spec spec = { LOAD_FIXED, 0.001, 1, 1, 0 };
	struct load_schedule s = begin(spec, 2, 3);

	assert_int_equal(load_schedule_next(&s), START + 2000000000000ull);
	assert_int_equal(load_schedule_next(&s), START + 5000000000000ull);
}

/* Threads are out of phase: together they are the schedule of one thread. */
static void test_threads_take_turns(void **state)
{
	struct load_spec spec = { LOAD_FIXED, 70001, 1, 1, 0 };
	struct load_schedule s[5];

	for (unsigned int t = 0; t < 5; t++)
		s[t] = begin(spec, t, 5);
	for (uint64_t k = 0; k < 50000; k++)
		assert_int_equal(load_schedule_next(&s[k % 5]), exact(k, 70001));
}

static void test_bursts(void **state)
{
	struct load_spec spec = { LOAD_BURST, 9000, 30, 1, 0 };
	struct load_schedule s[2] = { begin(spec, 0, 2), begin(spec, 1, 2) };

	/* Each 30 at once, one burst each 30/9000 s of both threads together. */
	for (uint64_t burst = 0; burst < 1000; burst++)
		for (int i = 0; i < 30; i++)
			assert_int_equal(load_schedule_next(&s[burst % 2]),
					 exact(burst * 30, 9000));
}

/*
 * Gaps of a Poisson process of 1/m: mean m, deviation m, and the share of those
 * above x is exp(-x / m). Bounds are 6 deviations of the estimate.
 */
static void test_poisson(void **state)
{
	struct load_spec spec = { LOAD_POISSON, 1000, 1, 42, 0 };
	struct load_schedule s = begin(spec, 0, 1);
	const int n = 1000000;
	uint64_t last = START, now, above[4] = { 0 };
	double sum = 0, squares = 0, mean = 1e6;

	for (int i = 0; i < n; i++) {
		now = load_schedule_next(&s);
		assert_true(now >= last);
		sum += (double)(now - last);
		squares += (double)(now - last) * (double)(now - last);
		for (int k = 0; k < 4; k++)
			above[k] += (double)(now - last) > k * 1.5 * mean + 0.1 * mean;
		last = now;
	}
	assert_true(fabs(sum / n - mean) < 6 * mean / sqrt(n));
	/* The fourth moment about the mean is 9 m^4, so the variance of the estimate 8 m^4 / n. */
	assert_true(fabs(squares / n - sum / n * sum / n - mean * mean) <
		    6 * mean * mean * sqrt(8. / n));
	for (int k = 0; k < 4; k++) {
		double p = exp(-(k * 1.5 + 0.1));

		assert_true(fabs((double)above[k] / n - p) < 6 * sqrt(p * (1 - p) / n));
	}
}

/* Gaps of 5 ns on average: parts of a ns must not be lost, nor rounded one way. */
static void test_poisson_fast(void **state)
{
	struct load_spec spec = { LOAD_POISSON, 200000000, 1, 9, 0 };
	struct load_schedule s = begin(spec, 0, 1);
	const int n = 1000000;
	uint64_t last = 0;

	for (int i = 0; i < n; i++)
		last = load_schedule_next(&s);
	assert_true(fabs((double)(last - START) / n - 5) < 6 * 5 / sqrt(n));
}

/* Arrivals in equal windows, of all threads: mean and variance are both rate * window. */
static void test_poisson_threads(void **state)
{
	struct load_spec spec = { LOAD_POISSON, 50000, 1, 7, 0 };
	enum { WINDOWS = 20000 };
	static unsigned int count[WINDOWS];
	double mean = 0, variance = 0;

	for (unsigned int t = 0; t < 4; t++) {
		struct load_schedule s = begin(spec, t, 4);
		uint64_t at;

		while ((at = load_schedule_next(&s)) < START + WINDOWS * 1000000ull)
			count[(at - START) / 1000000]++;
	}
	for (int i = 0; i < WINDOWS; i++)
		mean += count[i] / (double)WINDOWS;
	for (int i = 0; i < WINDOWS; i++)
		variance += (count[i] - mean) * (count[i] - mean) / WINDOWS;
	assert_true(fabs(mean - 50) < 6 * sqrt(50. / WINDOWS));
	assert_true(fabs(variance - 50) < 6 * 50 * sqrt(2. / WINDOWS));
}

static void test_seeds(void **state)
{
	struct load_spec a = { LOAD_POISSON, 1000, 1, 1, 0 }, b = { LOAD_POISSON, 1000, 1, 2, 0 };
	struct load_schedule same[2] = { begin(a, 0, 2), begin(a, 0, 2) };
	struct load_schedule other = begin(b, 0, 2), thread = begin(a, 1, 2);
	int equal = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t at = load_schedule_next(&same[0]);

		assert_int_equal(at, load_schedule_next(&same[1]));
		equal += at == load_schedule_next(&other);
		equal += at == load_schedule_next(&thread);
	}
	assert_true(equal < 3);
}

static void test_options(void **state)
{
	static const char *const bad[] = {
		"", "k", "-1", "+5", "0", "nan", "inf", "1e", "5kk", "5x", "0x10", "1001M", "1e-4",
	};
	struct load_spec spec = LOAD_SPEC_DEFAULT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_not_equal(load_parse_rate(&spec, bad[i]), 0);
	assert_int_equal(load_spec_check(&spec), 0);
	assert_int_equal(spec.arrival, LOAD_CLOSED);
	assert_int_equal(load_parse_arrival(&spec, "burst:0"), -22);
	assert_int_equal(load_parse_arrival(&spec, "burst"), -22);
	assert_int_equal(load_parse_arrival(&spec, "closed"), -22);
	assert_int_equal(load_parse_arrival(&spec, "poisson"), 0);
	assert_int_equal(load_spec_check(&spec), AZ_EXIT_USAGE);
	assert_int_equal(load_parse_rate(&spec, "1.5M"), 0);
	assert_true(spec.rate == 1500000);
	assert_int_equal(load_spec_check(&spec), 0);
	assert_int_equal(spec.arrival, LOAD_POISSON);
	assert_int_equal(load_parse_rate(&spec, "20k"), 0);
	assert_true(spec.rate == 20000);
	assert_int_equal(load_parse_arrival(&spec, "burst:64"), 0);
	assert_int_equal(spec.burst, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_is_exact),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_threads_take_turns),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_poisson),
		cmocka_unit_test(test_poisson_fast),
		cmocka_unit_test(test_poisson_threads),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
