// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/log.h"
#include "lib/result.h"

static char dir[] = "/tmp/azimuth-result-XXXXXX";
static char path[128];

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/r.json", dir);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static json_t *make_result(void)
{
	static struct az_hist hist;
	json_t *result = az_result_new("net-rtt");
	int i;

	az_hist_reset(&hist);
	for (i = 1; i <= 1000; i++)
		az_hist_record(&hist, (uint64_t)i * 1000);
	az_result_config_int(result, "size", 64);
	az_result_count(result, "lost", 2);
	az_result_hist(result, "rtt", &hist);
	az_result_metric(result, "rate", "1/s", false, 12.5);
	return result;
}

static double metric(const json_t *result, const char *name)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(result, "metrics"), i, entry)
		if (!strcmp(json_string_value(json_object_get(entry, "name")), name))
			return json_number_value(json_object_get(entry, "value"));
	fail_msg("no metric %s", name);
	return 0;
}

static void test_file(void **state)
{
	const struct az_result_sink sink = { .json = path };
	static const char *const facts[] = {
		"kernel", "lab_mode", "queue", "netvsc_srcversion", "cpu_model", "cpus",
		"mitigations", "clocksource", "hypervisor", "sku", "tool_version", "command",
	};
	json_t *result = make_result(), *back, *env;
	size_t i;

	assert_int_equal(az_result_put(result, &sink), 0);
	json_decref(result);
	back = az_json_read(path);
	assert_non_null(back);
	assert_int_equal(json_integer_value(json_object_get(back, "schema")), 1);
	env = json_object_get(back, "env");
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!json_object_get(env, facts[i]))
			fail_msg("fact %s is missing", facts[i]);
	assert_string_equal(json_string_value(json_object_get(env, "sku")), "none");
	assert_true(metric(back, "rtt_p50") > 499000 && metric(back, "rtt_p50") < 501000);
	assert_true(metric(back, "rtt_max") == 1000000);
	assert_true(metric(back, "rate") == 12.5);
	json_decref(back);
}

/* A failed write leaves neither a half file nor the temporary one. */
static void test_no_space(void **state)
{
	json_t *result = make_result();

	assert_int_equal(az_json_write(result, "/dev/full"), AZ_EXIT_ENV);
	assert_int_equal(az_json_write(result, "/nonexistent/x.json"), AZ_EXIT_ENV);
	assert_int_equal(access("/dev/full", F_OK), 0);
	json_decref(result);
}

/* A run that is killed leaves the last checkpoint; one that ends, no trace of it. */
static void test_checkpoint(void **state)
{
	const struct az_result_sink sink = { .json = path }, full = { .json = "/dev/full" };
	const struct az_result_sink nowhere = { .json = "/nonexistent/x.json" };
	json_t *result = make_result(), *back;

	assert_int_equal(az_result_checkpoint(result, &sink), 0);
	back = az_json_read(path);
	assert_true(json_is_true(json_object_get(back, "partial")));
	assert_null(json_object_get(back, "end"));
	assert_non_null(json_object_get(json_object_get(back, "env"), "kernel"));
	json_decref(back);
	/* A device or a pipe gets the result once. */
	assert_int_equal(az_result_checkpoint(result, &full), 0);
	assert_int_equal(az_result_checkpoint(result, &nowhere), -ENOENT);
	az_result_end(result, "error", "the peer went away");
	assert_int_equal(az_result_put(result, &sink), 0);
	back = az_json_read(path);
	assert_null(json_object_get(back, "partial"));
	assert_string_equal(json_string_value(json_object_get(back, "end")), "error");
	assert_string_equal(json_string_value(json_object_get(back, "error")),
			    "the peer went away");
	json_decref(back);
	json_decref(result);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_read_refused(void **state)
{
	write_text("{\"a\":1,\"a\":2}");
	assert_null(az_json_read(path));
	write_text("[1]");
	assert_null(az_json_read(path));
	write_text("{\"a\":");
	assert_null(az_json_read(path));
	unlink(path);
	assert_null(az_json_read(path));
	write_text("{}");
}

static void test_nothing_without_memory(void **state)
{
	const struct az_result_sink sink = { .json = path };

	az_result_count(NULL, "x", 1);
	az_result_metric(NULL, "x", "ns", true, 1);
	assert_int_equal(az_result_put(NULL, &sink), AZ_EXIT_ENV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_checkpoint),
		cmocka_unit_test(test_read_refused),
		cmocka_unit_test(test_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
