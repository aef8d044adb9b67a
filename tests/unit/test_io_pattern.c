// SPDX-License-Identifier: GPL-2.0-only
/* Sizes and places of requests: what was asked for, inside the target, the same again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "benchmarks/io/pattern.h"

static void expect_sizes(const char *text, int want)
{
	struct io_sizes sizes;
	const char *why = NULL;
	int ret = io_parse_sizes(text, &sizes, &why);

	if (ret != want)
		fail_msg("'%s': %d", text, ret);
	assert_non_null(why);
}

static void test_bad_sizes(void **state)
{
	static const char *const bad[] = {
		"", ",", "4K,", "x", "4K-", "-4K", "8K-4K", "4K:0", "4K:x", "4K:", "100", "1000",
		"4K,6K", "32M", "4K:70:30", "4K-6K", "4K:2000000",
		"1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K,1K",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_sizes(bad[i], -EINVAL);
	expect_sizes("512", 0);
	expect_sizes("4K-64K", 0);
	expect_sizes("4K:70,64K:30", 0);
	expect_sizes("16M", 0);
}

static void make(struct io_bench *io, struct io_pattern *p, const char *sizes, enum io_mode mode)
{
	const char *why;

	assert_int_equal(io_parse_sizes(sizes, &io->sizes, &why), 0);
	io->mode = mode;
	io->size = 1 << 20;
	io->blocks = io->size / io->sizes.min;
	io_pattern_init(p, io, 0, 1);
}

static void test_weights(void **state)
{
	struct io_bench io = { .bench.seed = 1 };
	struct io_pattern p;
	struct io_req req;
	unsigned int i, large = 0;

	make(&io, &p, "4K:70,64K:30", IO_MODE_RANDREAD);
	for (i = 0; i < 10000; i++) {
		io_pattern_next(&p, &req);
		assert_true(req.len == 4096 || req.len == 65536);
		assert_true(req.offset % 4096 == 0 && req.offset + req.len <= io.size);
		large += req.len == 65536;
	}
	/* Six standard deviations of 46. */
	assert_in_range(large, 3000 - 275, 3000 + 275);
}

static void test_range(void **state)
{
	struct io_bench io = { .bench.seed = 1, .offset = 8192 };
	unsigned int i, seen[17] = { 0 };
	struct io_pattern p;
	struct io_req req;

	make(&io, &p, "4K-64K", IO_MODE_RANDWRITE);
	for (i = 0; i < 10000; i++) {
		io_pattern_next(&p, &req);
		assert_int_equal(req.op, IO_WRITE);
		assert_true(req.offset >= 8192 && req.offset + req.len <= 8192 + io.size);
		seen[req.len / 4096]++;
	}
	for (i = 1; i <= 16; i++)
		assert_in_range(seen[i], 400, 850);
}

static void test_sequential(void **state)
{
	struct io_bench io = { .bench.seed = 1 };
	struct io_pattern p, second;
	struct io_req req;
	unsigned int i;

	make(&io, &p, "64K", IO_MODE_READ);
	for (i = 0; i < 20; i++) {
		io_pattern_next(&p, &req);
		assert_int_equal(req.offset, i % 16 * 65536);
	}
	io_pattern_init(&second, &io, 1, 2);
	io_pattern_next(&second, &req);
	assert_int_equal(req.offset, 8 * 65536);
}

static void test_mix(void **state)
{
	struct io_bench io = { .bench.seed = 5, .mix = 70 };
	struct io_pattern p, again, other;
	struct io_req req, same, differs;
	unsigned int i, reads = 0, equal = 0;

	make(&io, &p, "4K", IO_MODE_MIXED);
	again = p;
	io_pattern_init(&other, &io, 1, 2);
	for (i = 0; i < 10000; i++) {
		io_pattern_next(&p, &req);
		io_pattern_next(&again, &same);
		io_pattern_next(&other, &differs);
		assert_true(req.op == same.op && req.offset == same.offset);
		equal += req.offset == differs.offset;
		reads += req.op == IO_READ;
	}
	assert_in_range(reads, 7000 - 275, 7000 + 275);
	assert_true(equal < 200);
}

/* Frequencies of the first ranks against the law that defines them. */
static void zipf(double s)
{
	enum { N = 1000, SAMPLES = 200000 };
	unsigned int i, count[N + 1] = { 0 };
	struct az_rng rng = { 7 };
	struct io_zipf z;
	double sum = 0, want;

	io_zipf_init(&z, N, s);
	for (i = 0; i < SAMPLES; i++)
		count[io_zipf_next(&z, &rng)]++;
	for (i = 1; i <= N; i++)
		sum += pow(i, -s);
	assert_int_equal(count[0], 0);
	for (i = 1; i <= 10; i++) {
		want = SAMPLES * pow(i, -s) / sum;
		if (fabs(count[i] - want) > 6 * sqrt(want))
			fail_msg("s %g rank %u: %u, not %g", s, i, count[i], want);
	}
}

static void test_zipf(void **state)
{
	zipf(0.5);
	zipf(1);
	zipf(1.2);
	zipf(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_sequential),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_zipf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
