// SPDX-License-Identifier: GPL-2.0-only
/* What others took of the CPUs: differences, what is not known, and when to warn. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/conditions.h"

#define SECOND	1000000000ull

static const struct az_conditions begin = {
	.now = 5 * SECOND, .cpus = 2, .steal_ns = SECOND, .throttled = 3, .throttled_ns = 70,
	.voluntary = 10, .involuntary = 20, .major_faults = 1, .khz_min = 2000, .khz_max = 2500,
};

static json_int_t number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void test_differences(void **state)
{
	struct az_conditions end = begin;
	json_t *json;

	end.now += SECOND;
	end.steal_ns += 30000000;
	end.throttled_ns += 5;
	end.voluntary += 7;
	end.involuntary -= 1;	/* a counter that went back: nothing, not 2^64 */
	end.khz_min = 1900;
	end.khz_max = 2400;
	json = az_conditions_json(&begin, &end);
	assert_int_equal(number(json, "wall_ns"), SECOND);
	assert_int_equal(number(json, "steal_ns"), 30000000);
	assert_int_equal(number(json, "throttled"), 0);
	assert_int_equal(number(json, "throttled_ns"), 5);
	assert_int_equal(number(json, "switches_voluntary"), 7);
	assert_int_equal(number(json, "switches_involuntary"), 0);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "khz"), 0)), 1900);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "khz"), 1)), 2500);
	json_decref(json);
}

static void test_unknown(void **state)
{
	struct az_conditions end = begin;
	char text[128];
	json_t *json;

	end.steal_ns = end.throttled = end.throttled_ns = end.khz_min = end.khz_max = UINT64_MAX;
	json = az_conditions_json(&begin, &end);
	assert_true(json_is_null(json_object_get(json, "steal_ns")));
	assert_true(json_is_null(json_object_get(json, "throttled")));
	assert_true(json_is_null(json_object_get(json, "khz")));
	json_decref(json);
	assert_false(az_conditions_bad(&begin, &end, text, sizeof(text)));
}

static void test_warns(void **state)
{
	struct az_conditions end = begin;
	char text[128];

	end.now += 10 * SECOND;
	assert_false(az_conditions_bad(&begin, &end, text, sizeof(text)));
	/* Of 20 s of two CPUs, 0.1% is 20 ms. */
	end.steal_ns += 19000000;
	assert_false(az_conditions_bad(&begin, &end, text, sizeof(text)));
	end.steal_ns += 1000000;
	assert_true(az_conditions_bad(&begin, &end, text, sizeof(text)));
	assert_non_null(strstr(text, "20 ms"));
	assert_non_null(strstr(text, "0.1%"));
	end.throttled++;
	assert_true(az_conditions_bad(&begin, &end, text, sizeof(text)));
	assert_non_null(strstr(text, "1 times"));
}

/* Two readings of this machine: time passes, and what is known stays known. */
static void test_reads(void **state)
{
	struct az_conditions a, b;

	az_conditions_read(&a, NULL);
	az_conditions_read(&b, NULL);
	assert_true(b.now > a.now && a.cpus > 0);
	assert_true((a.steal_ns == UINT64_MAX) == (b.steal_ns == UINT64_MAX));
	assert_true((a.throttled == UINT64_MAX) == (a.throttled_ns == UINT64_MAX));
	assert_true(b.voluntary >= a.voluntary && b.major_faults >= a.major_faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_warns),
		cmocka_unit_test(test_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
