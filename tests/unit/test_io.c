// SPDX-License-Identifier: GPL-2.0-only
/* Blocks that tell what is wrong with them, and disks that are not overwritten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/io/io.h"
#include "lib/log.h"

#define FILE_BYTES (256 * 1024)

static char path[] = "/tmp/azimuth-io-XXXXXX";
static uint8_t block[4096];

static int setup(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

static struct io_bench make_bench(uint64_t bs)
{
	struct io_bench io = { .bench.seed = 3, .bs = bs, .buf = block };

	return io;
}

static void test_blocks(void **state)
{
	struct io_bench io = make_bench(4096);

	io_make_block(&io, 7);
	assert_true(io_is_ours(block));
	assert_null(io_check_block(&io, 7));
	assert_string_equal(io_check_block(&io, 8), "other block");
	io.bench.seed = 4;
	assert_string_equal(io_check_block(&io, 7), "other seed");
	io.bench.seed = 3;
	block[4095] ^= 1;
	assert_string_equal(io_check_block(&io, 7), "checksum");
	block[0] ^= 1;
	assert_string_equal(io_check_block(&io, 7), "no header");
	assert_false(io_is_ours(block));
}

static void test_smallest_block(void **state)
{
	struct io_bench io = make_bench(512);

	io_make_block(&io, 0);
	assert_null(io_check_block(&io, 0));
	block[511] ^= 0x40;
	assert_non_null(io_check_block(&io, 0));
}

static void fill(const void *bytes, size_t len, off_t offset)
{
	int fd = open(path, O_RDWR | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	close(fd);
}

static void check_owner(const void *bytes, size_t len, off_t offset, const char *want)
{
	char why[96] = "";
	int fd, ret;

	fill(bytes, len, offset);
	fd = open(path, O_RDONLY);
	ret = io_find_owner(fd, why, sizeof(why));
	close(fd);
	assert_int_equal(ret, want ? 1 : 0);
	if (want && !strstr(why, want))
		fail_msg("'%s' is not about %s", why, want);
}

static void test_owners(void **state)
{
	struct io_bench io = make_bench(4096);

	check_owner("", 0, 0, NULL);
	check_owner("\x53\xef", 2, 1080, "ext2/3/4");
	check_owner("XFSB", 4, 0, "XFS");
	check_owner("_BHRfS_M", 8, 65600, "btrfs");
	check_owner("EFI PART", 8, 512, "GPT");
	check_owner("\x55\xaa", 2, 510, "partition table");
	check_owner("SWAPSPACE2", 10, 4086, "swap");
	check_owner("LUKS\xba\xbe", 6, 0, "LUKS");
	check_owner("thesis", 6, 40000, "has not written");
	io_make_block(&io, 0);
	check_owner(block, sizeof(block), 0, NULL);
}

static int bench(char *mode, char *extra, char *value)
{
	char *argv[] = { (char *)"t", (char *)"--buffered", (char *)"--file", path,
			 (char *)"--rw", mode, extra, value, NULL };
	int argc = 6 + !!extra + !!value;

	return bench_io(argc, argv);
}

static void flip(off_t offset)
{
	int fd = open(path, O_RDWR);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void test_verify(void **state)
{
	fill("", 0, 0);
	assert_int_equal(bench((char *)"verify", NULL, NULL), 0);
	assert_int_equal(bench((char *)"check", NULL, NULL), 0);
	assert_int_equal(bench((char *)"check", (char *)"--seed", (char *)"2"), AZ_EXIT_FAILED);
	assert_int_equal(bench((char *)"verify", (char *)"--bs", (char *)"512"), 0);
	flip(FILE_BYTES - 1);
	assert_int_equal(bench((char *)"check", (char *)"--bs", (char *)"512"), AZ_EXIT_FAILED);
	assert_int_equal(bench((char *)"randwrite", NULL, NULL), 0);
	assert_int_equal(bench((char *)"randread", (char *)"--count", (char *)"50"), 0);
}

static void test_refused(void **state)
{
	fill("XFSB", 4, 0);
	assert_int_equal(bench((char *)"verify", NULL, NULL), AZ_EXIT_USAGE);
	assert_int_equal(bench((char *)"randread", (char *)"--count", (char *)"1"), 0);
	assert_int_equal(bench((char *)"verify", (char *)"--force", NULL), 0);
	assert_int_equal(bench((char *)"verify", (char *)"--bs", (char *)"1000"), AZ_EXIT_USAGE);
	assert_int_equal(bench((char *)"verify", (char *)"--bs", (char *)"1M"), AZ_EXIT_USAGE);
	assert_int_equal(bench((char *)"wipe", NULL, NULL), AZ_EXIT_USAGE);
	assert_int_equal(bench((char *)"randread", (char *)"--file", (char *)"/dev/null"),
			 AZ_EXIT_USAGE);
	assert_int_equal(bench((char *)"randread", (char *)"--file", (char *)"/nonexistent"),
			 AZ_EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_smallest_block),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
