// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/exit/exitlat_file.h"

static struct exitlat_record sent, got;
static struct az_hist hist;
static const char *why;

/* What the module makes of samples of 300 ns (its own bucket), 512 ns and 513 ns (one bucket). */
static int setup(void **state)
{
	memset(&sent, 0, sizeof(sent));
	sent.magic = EXITLAT_MAGIC;
	sent.version = EXITLAT_VERSION;
	sent.sub_bits = EXITLAT_SUB_BITS;
	sent.buckets = EXITLAT_BUCKETS;
	strcpy(sent.name, "cpuid");
	sent.target = EXITLAT_NO_CPU;
	sent.count = 3;
	sent.min = 300;
	sent.max = 513;
	sent.sum = 300 + 512 + 513;
	sent.bucket[300] = 1;
	sent.bucket[512] = 2;
	return 0;
}

static int parse(void)
{
	why = NULL;
	return exitlat_parse(&sent, sizeof(sent), &got, &hist, &why);
}

static void test_good(void **state)
{
	struct az_hist own;

	assert_int_equal(parse(), 0);
	assert_string_equal(got.name, "cpuid");
	az_hist_reset(&own);
	az_hist_record(&own, 300);
	az_hist_record(&own, 512);
	az_hist_record(&own, 513);
	assert_memory_equal(&own, &hist, sizeof(own));
}

static void test_empty(void **state)
{
	assert_int_equal(exitlat_parse("", 0, &got, &hist, &why), -ENODATA);
	sent.count = sent.max = sent.sum = sent.bucket[300] = sent.bucket[512] = 0;
	sent.min = UINT64_MAX;
	assert_int_equal(parse(), 0);
	assert_int_equal(hist.count, 0);
	assert_int_equal(az_hist_percentile(&hist, 500000), 0);
}

static void refused(const char *reason)
{
	assert_int_equal(parse(), -EINVAL);
	assert_non_null(why);
	if (!strstr(why, reason))
		fail_msg("'%s' does not say '%s'", why, reason);
	setup(NULL);
}

static void test_refused(void **state)
{
	sent.magic++;
	refused("no record");
	sent.version = 2;
	refused("version");
	sent.sub_bits = 7;
	refused("resolution");
	sent.buckets = UINT32_MAX;
	refused("resolution");
	memset(sent.name, 'x', sizeof(sent.name));
	refused("name");
	sent.min = 514;
	refused("limits");
	sent.max = UINT64_MAX;
	refused("limits");
	sent.count = 4;
	refused("fewer");
	sent.count = 2;
	refused("more");
	sent.bucket[EXITLAT_BUCKETS - 1] = UINT64_MAX;
	refused("more");
	assert_int_equal(exitlat_parse(&sent, sizeof(sent) - 1, &got, &hist, &why), -EINVAL);
	assert_non_null(strstr(why, "length"));
}

static void test_file(void **state)
{
	char dir[] = "/tmp/azimuth-exitlat-XXXXXX", path[64];
	FILE *file;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/hist", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(exitlat_read(dir, "cpuid", &got, &hist, &why), -ENOENT);
	snprintf(path, sizeof(path), "%s/hist/cpuid", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(&sent, sizeof(sent), 1, file), 1);
	fclose(file);
	assert_int_equal(exitlat_read(dir, "cpuid", &got, &hist, &why), 0);
	assert_int_equal(hist.count, 3);
	file = fopen(path, "a");
	assert_non_null(file);
	fputc('x', file);
	fclose(file);
	assert_int_equal(exitlat_read(dir, "cpuid", &got, &hist, &why), -EINVAL);
	unlink(path);
	path[strlen(path) - strlen("/cpuid")] = '\0';
	rmdir(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_refused, setup),
		cmocka_unit_test_setup(test_file, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
