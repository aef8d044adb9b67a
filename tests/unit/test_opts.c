// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/opts.h"

struct config {
	bool force;
	unsigned int vcpus;
	uint64_t count, size, time;
	double rate;
	const char *json;
	unsigned int items, listed;
	int refuse;
};

static int add_item(void *ctx, const char *value)
{
	struct config *cfg = ctx;

	if (!strcmp(value, "bad"))
		return -EINVAL;
	cfg->items++;
	return 0;
}

static int add_listed(void *ctx, const char *value)
{
	struct config *cfg = ctx;

	assert_true(value[0] == 'd');
	cfg->listed++;
	return 0;
}

/* Runs one parse over a copy of @words, which az_opts_parse() reorders. */
static int parse(struct config *cfg, const char *operands, char **words, int *first)
{
	const struct az_opt table[] = {
		AZ_OPT(FLAG, "force", 'f', NULL, "force", &cfg->force),
		AZ_OPT(U32, "vcpus", 0, "N", "vcpus", &cfg->vcpus, .min = 1, .max = 64),
		AZ_OPT(U64, "count", 'n', "N", "count", &cfg->count, .min = 1),
		AZ_OPT(SIZE, "size", 0, "SIZE", "size", &cfg->size),
		AZ_OPT(TIME, "duration", 0, "TIME", "duration", &cfg->time),
		AZ_OPT(DOUBLE, "rate", 0, "X", "rate", &cfg->rate, .min = 0, .max = 10),
		AZ_OPT(STRING, "json", 0, "FILE", "json", &cfg->json),
		AZ_OPT(CALL, "disk", 0, "SPEC", "disk", cfg, .call = add_item),
		AZ_OPT(LIST, "stock", 0, "DIR", "dirs", cfg, .call = add_listed),
		AZ_OPT_DONE
	};
	const struct az_opts opts = { "t", operands, "test", NULL, table };
	int argc = 0;

	while (words[argc])
		argc++;
	return az_opts_parse(&opts, argc, words, first);
}

#define WORDS(...) ((char *[]){ (char *)"t", __VA_ARGS__, NULL })

static void test_values(void **state)
{
	struct config cfg = { 0 };
	int first;

	assert_int_equal(parse(&cfg, NULL, WORDS("--force", "--vcpus", "64", "--count=7",
						 "--size", "64K", "--duration=1.5s",
						 "--rate=2.5", "--json", "-"), &first), 0);
	assert_true(cfg.force);
	assert_int_equal(cfg.vcpus, 64);
	assert_int_equal(cfg.count, 7);
	assert_int_equal(cfg.size, 65536);
	assert_int_equal(cfg.time, 1500000000);
	assert_true(cfg.rate > 2.49 && cfg.rate < 2.51);
	assert_string_equal(cfg.json, "-");
	assert_int_equal(parse(&cfg, NULL, WORDS("-n12", "-n", "13", "-f"), &first), 0);
	assert_int_equal(cfg.count, 13);
}

static void test_operands_move_last(void **state)
{
	char **words = WORDS("a", "--disk", "x", "b", "--disk=y", "--", "--count", "c");
	struct config cfg = { 0 };
	int first;

	assert_int_equal(parse(&cfg, "FILE...", words, &first), 0);
	assert_int_equal(cfg.items, 2);
	assert_int_equal(first, 5);
	assert_string_equal(words[first], "a");
	assert_string_equal(words[first + 1], "b");
	assert_string_equal(words[first + 2], "--count");
	assert_string_equal(words[first + 3], "c");
}

static void test_list_stops_at_option(void **state)
{
	struct config cfg = { 0 };

	assert_int_equal(parse(&cfg, NULL, WORDS("--stock", "d1", "d2", "-f", "--stock=d3"),
			       NULL), 0);
	assert_int_equal(cfg.listed, 3);
	assert_true(cfg.force);
}

static void test_refused(void **state)
{
	char **const bad[] = {
		WORDS("--cuont", "1"), WORDS("-x"), WORDS("--count"), WORDS("--count", "-f"),
		WORDS("--count", "0"), WORDS("--count", "1x"), WORDS("--count", "-1"),
		WORDS("--count", " 1"), WORDS("--count="), WORDS("--vcpus", "65"),
		WORDS("--vcpus", "4294967297"), WORDS("--size", "99999999999G"),
		WORDS("--size", "1.5K"), WORDS("--rate", "nan"), WORDS("--rate", "11"),
		WORDS("--duration", "5h"), WORDS("--force=1"), WORDS("operand"),
		WORDS("--disk", "bad"), WORDS("--count", "18446744073709551616"),
	};
	struct config cfg = { 0 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&cfg, NULL, bad[i], NULL) != -EINVAL)
			fail_msg("accepted case %zu: %s", i, bad[i][1]);
	assert_int_equal(az_opts_exit(-EINVAL), AZ_EXIT_USAGE);
	assert_int_equal(az_opts_exit(1), AZ_EXIT_OK);
}

static void test_numbers(void **state)
{
	uint64_t n;

	assert_int_equal(az_parse_number("0x10", AZ_OPT_U64, &n), 0);
	assert_int_equal(n, 16);
	assert_int_equal(az_parse_number("010", AZ_OPT_U64, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(az_parse_number("18446744073709551615", AZ_OPT_U64, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(az_parse_number("2G", AZ_OPT_SIZE, &n), 0);
	assert_true(n == 2147483648ull);
	assert_int_equal(az_parse_number("0.25ms", AZ_OPT_TIME, &n), 0);
	assert_int_equal(n, 250000);
	assert_int_equal(az_parse_number("1e3", AZ_OPT_U64, &n), -EINVAL);
	assert_int_equal(az_parse_number("", AZ_OPT_U64, &n), -EINVAL);
	assert_int_equal(az_parse_number("1K", AZ_OPT_U64, &n), -EINVAL);
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "queues", "delay_us", "mac" };

	assert_string_equal(az_nearest("qeues", names, 3), "queues");
	assert_string_equal(az_nearest("delay-us", names, 3), "delay_us");
	assert_null(az_nearest("tap", names, 3));
	assert_null(az_nearest("", names, 3));
}

struct net {
	char *backend, *tap;
	unsigned int queues;
	bool ro, tap_seen;
};

static int kv(struct net *net, const char *text, char *err, size_t errlen)
{
	const struct az_kv table[] = {
		AZ_KV(STRING, "", &net->backend),
		AZ_KV(STRING, "tap", &net->tap, .seen = &net->tap_seen),
		AZ_KV(U32, "queues", &net->queues, .min = 1, .max = 64),
		AZ_KV(FLAG, "ro", &net->ro),
		AZ_KV_DONE
	};

	return az_kv_parse(text, table, err, errlen);
}

static void test_kv(void **state)
{
	struct net net = { 0 };
	char err[160];

	assert_int_equal(kv(&net, "responder,queues=4,ro", err, sizeof(err)), 0);
	assert_string_equal(net.backend, "responder");
	assert_int_equal(net.queues, 4);
	assert_true(net.ro);
	assert_false(net.tap_seen);
	assert_int_equal(kv(&net, "tap=a,tap=b,ro=0", err, sizeof(err)), 0);
	assert_true(net.tap_seen);
	assert_string_equal(net.tap, "b");
	assert_false(net.ro);
	free(net.backend);
	free(net.tap);
}

static void test_kv_refused(void **state)
{
	static const struct {
		const char *text, *say;
	} bad[] = {
		{ "tap=x,qeues=4", "did you mean 'queues'" }, { "queues=65", "out of range" },
		{ "queues=four", "not a whole number" }, { "tap=", "needs a value" },
		{ "tap=x,,ro", "empty item" }, { "", "empty item" }, { "ro=2", "neither" },
		{ "tap=x,other", "unknown key" }, { "=5", "empty item" },
	};
	struct net net = { 0 };
	char err[160];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(kv(&net, bad[i].text, err, sizeof(err)), -EINVAL);
		if (!strstr(err, bad[i].say))
			fail_msg("'%s' gives '%s'", bad[i].text, err);
	}
	free(net.backend);
	free(net.tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_operands_move_last),
		cmocka_unit_test(test_list_stops_at_option),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_kv),
		cmocka_unit_test(test_kv_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
