// SPDX-License-Identifier: GPL-2.0-only
/* Files of raw samples: there and back, cut off anywhere, and damaged anywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/rng.h"
#include "lib/samples.h"

#define COUNT	10000

static char path[] = "/tmp/azimuth-samples-XXXXXX";
static struct az_sample all[COUNT];
static uint8_t file[COUNT * 40];
static size_t file_len;

static void put_file(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static int setup(void **state)
{
	struct az_samples_writer *w;
	struct az_rng rng = { 5 };
	json_t *head = json_pack("{s:s}", "benchmark", "test");
	int fd = mkstemp(path);
	FILE *f;

	if (fd < 0)
		return -1;
	close(fd);
	for (int i = 0; i < COUNT; i++) {
		/* Small and huge ones, forwards and backwards. */
		all[i].at = az_rng_next(&rng) >> (az_rng_next(&rng) % 64);
		all[i].ns = az_rng_next(&rng) >> (az_rng_next(&rng) % 64);
		all[i].path = (uint8_t)az_rng_next(&rng);
		all[i].lost = az_rng_next(&rng) & 1;
		all[i].thread = i < 5000 ? 3 : 900;
	}
	all[0].at = UINT64_MAX;
	all[1].at = 0;
	if (az_samples_create(&w, path, head) || az_samples_write(w, 3, all, 5000) ||
	    az_samples_write(w, 900, all + 5000, COUNT - 5000) || az_samples_close(w))
		return -1;
	json_decref(head);
	f = fopen(path, "r");
	file_len = fread(file, 1, sizeof(file), f);
	fclose(f);
	return 0;
}

static int teardown(void **state)
{
	return unlink(path);
}

/* Reads what is in the file now; what comes has to be what was written. Returns the end. */
static int read_all(int *count)
{
	struct az_samples_reader *r;
	struct az_sample s;
	const char *why;
	int rc = az_samples_open(&r, path, &why);

	*count = 0;
	if (rc)
		return rc;
	while ((rc = az_samples_next(r, &s, &why)) > 0) {
		const struct az_sample *want = &all[(*count)++];

		assert_true(*count <= COUNT);
		assert_true(s.at == want->at && s.ns == want->ns && s.path == want->path &&
			    s.lost == want->lost && s.thread == want->thread);
	}
	az_samples_free(r);
	return rc;
}

static void test_round_trip(void **state)
{
	int n;

	put_file(file, file_len);
	assert_int_equal(read_all(&n), 0);
	assert_int_equal(n, COUNT);
}

/* Wherever it ends: all whole blocks, and never the claim that this was all. */
static void test_cut_off(void **state)
{
	int n, last = 0;

	for (size_t len = 0; len < file_len; len += len < 64 || len + 1100 > file_len ? 1 : 997) {
		put_file(file, len);
		int rc = read_all(&n);

		assert_true(rc == -ENODATA || (rc == -EINVAL && len < 64));
		assert_true(n >= last);
		last = n;
	}
	assert_int_equal(last, COUNT);
}

static void test_damaged(void **state)
{
	static uint8_t bad[sizeof(file)];
	struct az_rng rng = { 6 };
	int n;

	for (int i = 0; i < 300; i++) {
		size_t at = az_rng_below(&rng, file_len);

		memcpy(bad, file, file_len);
		bad[at] ^= (uint8_t)(1u << az_rng_below(&rng, 8));
		put_file(bad, file_len);
		/* The head has no checksum of its own. */
		if (at < 64)
			continue;
		struct az_samples_reader *r;
		struct az_sample s;
		const char *why;
		int rc;

		assert_int_equal(az_samples_open(&r, path, &why), 0);
		for (n = 0; (rc = az_samples_next(r, &s, &why)) > 0; n++)
			assert_true(s.at == all[n].at && s.thread == all[n].thread);
		assert_true(rc == -EINVAL || rc == -ENODATA || n == COUNT);
		az_samples_free(r);
	}
}

static void test_not_samples(void **state)
{
	static const uint8_t long_head[] = "AZSAMPL1\xff\xff\xff\xff{}";
	static const uint8_t no_object[] = "AZSAMPL1\x02\0\0\0[]";
	const char *why;
	struct az_samples_reader *r;

	put_file("", 0);
	assert_int_equal(az_samples_open(&r, path, &why), -EINVAL);
	put_file(long_head, sizeof(long_head));
	assert_int_equal(az_samples_open(&r, path, &why), -EINVAL);
	put_file(no_object, sizeof(no_object) - 1);
	assert_int_equal(az_samples_open(&r, path, &why), -EINVAL);
	assert_int_equal(az_samples_open(&r, "/nowhere/at/all", &why), -ENOENT);
}

static void test_full_disk(void **state)
{
	struct az_samples_writer *w;
	json_t *head = json_object();
	int rc = access("/dev/full", W_OK) ? -ENOSPC : az_samples_create(&w, "/dev/full", head);

	assert_int_equal(rc, -ENOSPC);
	json_decref(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_samples),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
