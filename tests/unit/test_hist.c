// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "lib/hist.h"
#include "lib/rng.h"

static struct az_hist hist, other;

/* Every value lies in a bucket that is no wider than the stated error allows. */
static void check_value(uint64_t value)
{
	uint64_t p50;

	az_hist_reset(&hist);
	az_hist_record(&hist, value);
	az_hist_record(&hist, 0);
	az_hist_record(&hist, INT64_MAX);
	p50 = az_hist_percentile(&hist, 500000);
	if (value < 512)
		assert_true(p50 == value);
	else
		assert_true(fabs((double)p50 - (double)value) <= (double)value / 512);
}

static void test_error_bound(void **state)
{
	struct az_rng rng = { 1 };
	uint64_t i;

	for (i = 0; i < 2000; i++)
		check_value(i);
	for (i = 9; i < 63; i++) {
		check_value((1ull << i) - 1);
		check_value(1ull << i);
		check_value(az_rng_next(&rng) >> (64 - i));
	}
}

static void test_buckets_tile(void **state)
{
	unsigned int i;

	for (i = 0; i + 1 < AZ_HIST_BUCKETS; i++)
		assert_true(az_hist_bucket_low(i) + az_hist_bucket_width(i) ==
			    az_hist_bucket_low(i + 1));
	assert_true(az_hist_bucket_low(i) + az_hist_bucket_width(i) == 1ull << 63);
}

static void test_percentiles(void **state)
{
	uint64_t i;

	az_hist_reset(&hist);
	for (i = 1; i <= 100; i++)
		az_hist_record(&hist, i);
	assert_int_equal(az_hist_percentile(&hist, 500000), 50);
	assert_int_equal(az_hist_percentile(&hist, 900000), 90);
	assert_int_equal(az_hist_percentile(&hist, 990000), 99);
	assert_int_equal(az_hist_percentile(&hist, 999000), 100);
	assert_int_equal(az_hist_percentile(&hist, 0), 1);
	assert_int_equal(az_hist_percentile(&hist, AZ_PPM), 100);
	assert_true(az_hist_mean(&hist) == 50.5);
	assert_int_equal(hist.min, 1);
	assert_int_equal(hist.max, 100);
}

static void test_percentile_stays_in_range(void **state)
{
	az_hist_reset(&hist);
	az_hist_record(&hist, 1000001);
	assert_int_equal(az_hist_percentile(&hist, 500000), 1000001);
	assert_int_equal(az_hist_percentile(&hist, 999900), 1000001);
}

static void test_extremes(void **state)
{
	az_hist_reset(&hist);
	assert_int_equal(az_hist_percentile(&hist, 500000), 0);
	assert_true(az_hist_mean(&hist) == 0);
	az_hist_record(&hist, UINT64_MAX);
	az_hist_record(&hist, UINT64_MAX);
	assert_true(hist.max == INT64_MAX);
	assert_true(hist.sum == INT64_MAX);
}

static void fill(struct az_hist *h, uint64_t seed, unsigned int n)
{
	struct az_rng rng = { seed };

	az_hist_reset(h);
	while (n--)
		az_hist_record(h, az_rng_below(&rng, 1u << (n % 30)));
}

static void test_merge(void **state)
{
	uint64_t total;

	fill(&hist, 1, 1000);
	fill(&other, 2, 500);
	total = hist.sum + other.sum;
	az_hist_merge(&hist, &other);
	assert_int_equal(hist.count, 1500);
	assert_true(hist.sum == total);
	az_hist_reset(&other);
	az_hist_merge(&other, &hist);
	assert_memory_equal(&hist, &other, sizeof(hist));
}

static void test_json_round_trip(void **state)
{
	json_t *json;
	unsigned int n;

	for (n = 0; n <= 1000; n += 500) {
		fill(&hist, 7, n);
		json = az_hist_to_json(&hist);
		assert_non_null(json);
		assert_int_equal(az_hist_from_json(&other, json), 0);
		assert_memory_equal(&hist, &other, sizeof(hist));
		json_decref(json);
	}
}

static void refuse(const char *key, json_t *value)
{
	json_t *json;

	fill(&hist, 7, 100);
	json = az_hist_to_json(&hist);
	if (value)
		json_object_set_new(json, key, value);
	else
		json_object_del(json, key);
	assert_int_equal(az_hist_from_json(&other, json), -EINVAL);
	json_decref(json);
}

static void test_json_refused(void **state)
{
	refuse("sub_bits", json_integer(7));
	refuse("count", json_integer(99));
	refuse("count", json_integer(-1));
	refuse("min", json_real(1.5));
	refuse("min", json_integer(1ll << 40));
	refuse("buckets", NULL);
	refuse("buckets", json_pack("[i]", 1));
	refuse("buckets", json_pack("[i,i]", AZ_HIST_BUCKETS, 100));
	refuse("buckets", json_pack("[i,i]", -1, 100));
	refuse("buckets", json_pack("[i,i,i,i]", 5, 50, 5, 50));
	refuse("buckets", json_pack("[i,i,i,i]", 5, 150, 6, -50));
	refuse("buckets", json_string("no"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_bound),
		cmocka_unit_test(test_buckets_tile),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_percentile_stays_in_range),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
