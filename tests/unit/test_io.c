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

#include "benchmarks/io/block.h"
#include "benchmarks/io/target.h"
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

static void make_block(size_t len, uint64_t offset, uint64_t generation)
{
	io_block_fill(block, len, 3, offset);
	io_block_place(block, offset, generation);
}

static enum io_wrong check(uint64_t seed, uint64_t offset)
{
	return io_block_check(block, sizeof(block), seed, offset, NULL);
}

static void test_blocks(void **state)
{
	uint64_t generation = 0;

	make_block(4096, 7 * 4096, 9);
	assert_true(io_block_is_ours(block));
	assert_int_equal(io_block_check(block, 4096, 3, 7 * 4096, &generation), IO_RIGHT);
	assert_int_equal(generation, 9);
	assert_int_equal(check(3, 8 * 4096), IO_OTHER_BLOCK);
	assert_int_equal(check(4, 7 * 4096), IO_OTHER_SEED);
	assert_int_equal(io_block_check(block, 2048, 3, 7 * 4096, NULL), IO_OTHER_BLOCK);
	block[4095] ^= 1;
	assert_int_equal(check(3, 7 * 4096), IO_CHECKSUM);
	block[4095] ^= 1;
	block[24] ^= 1;
	assert_int_equal(check(3, 7 * 4096), IO_HEADER);
	block[0] ^= 1;
	assert_int_equal(check(3, 7 * 4096), IO_NO_HEADER);
	assert_false(io_block_is_ours(block));
	memset(block, 0, sizeof(block));
	assert_int_equal(check(3, 7 * 4096), IO_UNWRITTEN);
}

/* Half of one write and half of the next, whole sectors: a torn write. */
static void test_torn_block(void **state)
{
	uint8_t old[4096];

	io_block_fill(block, sizeof(block), 3, 1);
	io_block_place(block, 4096, 1);
	memcpy(old, block, sizeof(old));
	io_block_fill(block, sizeof(block), 3, 2);
	io_block_place(block, 4096, 2);
	memcpy(block + 2048, old + 2048, 2048);
	assert_int_equal(check(3, 4096), IO_CHECKSUM);
}

static void test_smallest_block(void **state)
{
	make_block(512, 0, 1);
	assert_int_equal(io_block_check(block, 512, 3, 0, NULL), IO_RIGHT);
	block[511] ^= 0x40;
	assert_int_equal(io_block_check(block, 512, 3, 0, NULL), IO_CHECKSUM);
}

static void fill(const void *bytes, size_t len, off_t offset)
{
	int fd = open(path, O_RDWR | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	close(fd);
}

/* The same without wiping the file before. */
static void check_kept(const void *bytes, size_t len, off_t offset, const char *want)
{
	char why[160] = "";
	int fd, ret;

	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	ret = io_find_owner(fd, why, sizeof(why));
	close(fd);
	assert_int_equal(ret, want ? 1 : 0);
	if (want && !strstr(why, want))
		fail_msg("'%s' is not about %s", why, want);
}

static void check_owner(const void *bytes, size_t len, off_t offset, const char *want)
{
	fill(bytes, len, offset);
	check_kept(bytes, len, offset, want);
}

static void test_owners(void **state)
{
	check_owner("", 0, 0, NULL);
	check_owner("\x53\xef", 2, 1080, "ext2/3/4");
	check_owner("XFSB", 4, 0, "XFS");
	check_owner("_BHRfS_M", 8, 65600, "btrfs");
	check_owner("EFI PART", 8, 512, "GPT");
	check_owner("\x55\xaa", 2, 510, "partition table");
	check_owner("SWAPSPACE2", 10, 4086, "swap");
	check_owner("LUKS\xba\xbe", 6, 0, "LUKS");
	check_owner("ReIsEr", 6, 65588, "ReiserFS");
	check_owner("EFI PART", 8, FILE_BYTES - 512, "GPT");
	check_owner("\xfc\x4e\x2b\xa9", 4, FILE_BYTES - 8192, "RAID");
	check_owner("\xfc\x4e\x2b\xa9", 4, FILE_BYTES - 65536, "RAID");
	check_owner("thesis", 6, 40000, "has not written");
	check_owner("thesis", 6, 200000, "has not written");
	make_block(4096, 200704, 1);
	check_owner(block, sizeof(block), 200704, NULL);
	make_block(4096, 0, 1);
	check_owner(block, sizeof(block), 0, NULL);
	/* Ours, and then it became part of a RAID, which leaves the first block. */
	fill("\xfc\x4e\x2b\xa9", 4, 4096);
	check_kept(block, 512, 0, "RAID");
	/* Of azimuth 0.1. */
	check_owner("AZIVBLK", 8, 0, NULL);
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

static void test_modes(void **state)
{
	static const char *const modes[] = { "read", "write", "mixed", "flush" };
	size_t i;

	fill("", 0, 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		assert_int_equal(bench((char *)modes[i], (char *)"--count", (char *)"50"), 0);
	assert_int_equal(bench((char *)"mixed", (char *)"--threads", (char *)"2"), 0);
	assert_int_equal(bench((char *)"mixed", (char *)"--verify", NULL), 0);
	assert_int_equal(bench((char *)"write", (char *)"--bs", (char *)"1K:3,4K-8K:1"), 0);
	assert_int_equal(bench((char *)"randwrite", (char *)"--fsync", (char *)"100"), 0);
	assert_int_equal(bench((char *)"randread", (char *)"--rate", (char *)"10k"), 0);
	assert_int_equal(bench((char *)"randread", (char *)"--random", (char *)"zipf:1.1"), 0);
	assert_int_equal(bench((char *)"randread", (char *)"--stages", NULL), 0);
	assert_int_equal(bench((char *)"randread", (char *)"--engine", (char *)"preadv2"), 0);
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
		cmocka_unit_test(test_torn_block),
		cmocka_unit_test(test_smallest_block),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
