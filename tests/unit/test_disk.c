// SPDX-License-Identifier: GPL-2.0-only
/* The SCSI target: reading, writing, giving space back, and the stores behind it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scsirig.h"

/* ---- reading and writing --------------------------------------------------- */

/* Every form writes and reads back what it wrote, at its place. */
static void test_read_write(void **state)
{
	static const struct {
		uint8_t write[SCSI_CDB_MAX], read[SCSI_CDB_MAX];
		uint32_t lba, blocks;
	} forms[] = {
		{ { SCSI_WRITE_6, 0, 1, 0x02, 3 }, { SCSI_READ_6, 0, 1, 0x02, 3 }, 0x102, 3 },
		{ { SCSI_WRITE_6, 0, 2, 0, 0 }, { SCSI_READ_6, 0, 2, 0, 0 }, 0x200, 256 },
		{ { SCSI_WRITE_10, [4] = 3, [5] = 1, [8] = 9 },
		  { SCSI_READ_10, [4] = 3, [5] = 1, [8] = 9 }, 0x301, 9 },
		{ { SCSI_WRITE_12, [4] = 4, [9] = 17 }, { SCSI_READ_12, [4] = 4, [9] = 17 },
		  0x400, 17 },
		{ { SCSI_WRITE_16, [8] = 5, [13] = 8 }, { SCSI_READ_16, [8] = 5, [13] = 8 },
		  0x500, 8 },
	};
	struct lun *lun = lun_at(&table, 0);
	struct iovec iov;
	uint64_t done;
	uint32_t len, i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		len = forms[i].blocks * 512;
		pattern(len, i);
		run_out(forms[i].write, len);
		assert_good(len);
		run_in(forms[i].read, len);
		assert_good(len);
		assert_pattern(len, i);
		memset(buf, 0, len);
		iov = (struct iovec) { buf, len };
		assert_int_equal(lun->backend->ops->read(lun->backend, &iov, 1,
							 forms[i].lba * 512, &done), 0);
		assert_pattern(len, i);
	}
	assert_int_equal(syncs, 0);	/* memory has no stable storage to go to */
}

static void test_zero_blocks(void **state)
{
	run_in(CDB(SCSI_READ_10, [8] = 0), 512);
	assert_good(0);
	assert_int_equal(buf[0], 0xee);
	run_out(CDB(SCSI_WRITE_16, [13] = 0), 0);
	assert_good(0);
}

static void test_length_mismatch(void **state)
{
	pattern(8 * 512, 1);
	run_out(CDB(SCSI_WRITE_10, [8] = 8), 8 * 512);
	assert_good(8 * 512);
	/* a buffer larger than the transfer */
	run_in(CDB(SCSI_READ_10, [8] = 2), 8 * 512);
	assert_good(2 * 512);
	assert_pattern(2 * 512, 1);
	assert_int_equal(buf[2 * 512], 0xee);
	/* a buffer too small: what fits is read, nothing is written */
	run_in(CDB(SCSI_READ_10, [8] = 8), 3 * 512 + 5);
	assert_int_equal(cmd.srb_status, SRB_DATA_OVERRUN);
	assert_int_equal(cmd.done, 3 * 512 + 5);
	assert_pattern(3 * 512 + 5, 1);
	memset(buf, 0x55, sizeof(buf));
	run_out(CDB(SCSI_WRITE_10, [8] = 8), 3 * 512);
	assert_int_equal(cmd.srb_status, SRB_DATA_OVERRUN);
	assert_int_equal(cmd.done, 0);
	run_in(CDB(SCSI_READ_10, [8] = 8), 8 * 512);
	assert_pattern(8 * 512, 1);
	run_out(CDB(SCSI_WRITE_10, [8] = 1), 8 * 512);
	assert_good(512);
	pattern(8 * 512, 1);			/* and its end is not written */
	run_out(CDB(SCSI_VERIFY_10, 2, [5] = 1, [8] = 7), 7 * 512);
	assert_sense(0xe, 0x1d00);
	run_in(CDB(SCSI_READ_10, [5] = 1, [8] = 7), 7 * 512);
	assert_int_equal(buf[0], (512 * 7 + 1 + 1) & 0xff);
}

static void test_direction_mismatch(void **state)
{
	run_lun(0, CDB(SCSI_READ_10, [8] = 1), SCSI_DATA_OUT, 512);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
	run_lun(0, CDB(SCSI_WRITE_10, [8] = 1), SCSI_DATA_IN, 512);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
	run_lun(0, CDB(SCSI_INQUIRY, 0, 0, 0, 36), SCSI_NO_DATA, 36);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
	assert_int_equal(cmd.done, 0);
}

static void test_verify(void **state)
{
	pattern(200 * 512, 3);
	run_out(CDB(SCSI_WRITE_10, [8] = 200), 200 * 512);
	run_none(CDB(SCSI_VERIFY_10, [8] = 200));
	assert_good(0);
	run_out(CDB(SCSI_VERIFY_10, 2, [8] = 200), 200 * 512);
	assert_good(200 * 512);
	buf[150 * 512 + 7] ^= 1;
	run_out(CDB(SCSI_VERIFY_12, 2, [9] = 200), 200 * 512);
	assert_sense(0xe, 0x1d00);
	assert_int_equal(be32_at(&cmd.sense[3]), 150 * 512 + 7);
	run_out(CDB(SCSI_VERIFY_16, 2, [13] = 200), 100 * 512);
	assert_int_equal(cmd.srb_status, SRB_DATA_OVERRUN);
	run_out(CDB(SCSI_VERIFY_10, 4, [8] = 1), 512);
	assert_sense(5, 0x2400);
}

/* ---- giving space back ----------------------------------------------------- */

static void fill_disk(uint8_t byte)
{
	memset(buf, byte, 128 * 512);
	run_out(CDB(SCSI_WRITE_10, [8] = 128), 128 * 512);
	assert_good(128 * 512);
}

/* The first 128 blocks: zero in [@from, @to), else @byte. */
static void assert_hole(uint32_t from, uint32_t to, uint8_t byte)
{
	uint32_t i;

	run_in(CDB(SCSI_READ_10, [8] = 128), 128 * 512);
	for (i = 0; i < 128 * 512; i++)
		assert_int_equal(buf[i], i / 512 >= from && i / 512 < to ? 0 : byte);
}

static void unmap_list(uint64_t lba, uint32_t blocks)
{
	memset(buf, 0, 24);
	put_be16(&buf[0], 22);
	put_be16(&buf[2], 16);
	put_be64(&buf[8], lba);
	put_be32(&buf[16], blocks);
}

static void test_unmap(void **state)
{
	fill_disk(0xaa);
	unmap_list(16, 32);
	run_out(CDB(SCSI_UNMAP, [8] = 24), 24);
	assert_good(24);
	assert_hole(16, 48, 0xaa);
	unmap_list(1, 3);		/* no whole page of the store */
	run_out(CDB(SCSI_UNMAP, [8] = 24), 24);
	assert_good(24);
	run_in(CDB(SCSI_READ_10, [5] = 0, [8] = 5), 5 * 512);
	assert_int_equal(buf[511], 0xaa);
	assert_int_equal(buf[512], 0);
	assert_int_equal(buf[4 * 512], 0xaa);
	run_out(CDB(SCSI_UNMAP, [8] = 0), 0);
	assert_good(0);
	unmap_list(BLOCKS - 1, 2);
	run_out(CDB(SCSI_UNMAP, [8] = 24), 24);
	assert_sense(5, 0x2100);
	unmap_list(0, 1);
	run_out(CDB(SCSI_UNMAP, [8] = 7), 24);
	assert_sense(5, 0x1a00);
	put_be16(&buf[2], 17);
	run_out(CDB(SCSI_UNMAP, [8] = 24), 24);
	assert_sense(5, 0x1a00);
	run_out(CDB(SCSI_UNMAP, [8] = 24), 20);
	assert_int_equal(cmd.srb_status, SRB_DATA_OVERRUN);
	run_out(CDB(SCSI_UNMAP, 1, [8] = 24), 24);
	assert_sense(5, 0x2400);
}

static void test_write_same(void **state)
{
	fill_disk(0xbb);
	memset(buf, 0, 512);
	run_out(CDB(SCSI_WRITE_SAME_16, 0x08, [9] = 8, [13] = 64), 512);
	assert_good(512);
	assert_hole(8, 72, 0xbb);
	fill_disk(0xbb);
	run_none(CDB(SCSI_WRITE_SAME_16, 0x09, [9] = 3, [13] = 5));	/* no data-out */
	assert_good(0);
	assert_hole(3, 8, 0xbb);
	fill_disk(0);
	memset(buf, 0xcc, 512);
	run_out(CDB(SCSI_WRITE_SAME_10, 0, [8] = 128), 512);	/* a pattern */
	assert_good(512);
	assert_hole(0, 0, 0xcc);
	run_out(CDB(SCSI_WRITE_SAME_10, 8, [8] = 128), 512);	/* not zero: not unmapped */
	assert_hole(0, 0, 0xcc);
	run_out(CDB(SCSI_WRITE_SAME_16, 8, [13] = 0), 512);
	assert_sense(5, 0x2400);
	run_out(CDB(SCSI_WRITE_SAME_16, 0x18, [13] = 1), 512);
	assert_sense(5, 0x2400);
	run_out(CDB(SCSI_WRITE_SAME_16, [8] = 0x0f, [12] = 2), 512);
	assert_sense(5, 0x2100);
	run_out(CDB(SCSI_WRITE_SAME_16, [13] = 1), 511);
	assert_int_equal(cmd.srb_status, SRB_DATA_OVERRUN);
}

static void test_read_only(void **state)
{
	static const uint8_t writes[][SCSI_CDB_MAX] = {
		{ SCSI_WRITE_6, [4] = 1 }, { SCSI_WRITE_10, [8] = 1 }, { SCSI_WRITE_12, [9] = 1 },
		{ SCSI_WRITE_16, [13] = 1 }, { SCSI_UNMAP, [8] = 24 },
		{ SCSI_WRITE_SAME_10, [8] = 1 }, { SCSI_WRITE_SAME_16, [13] = 1 },
	};
	unsigned int i;

	add("ram=1M,ro", 1);
	for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		run_lun(1, writes[i], SCSI_DATA_OUT, 512);
		assert_sense(7, 0x2700);
	}
	run_lun(1, CDB(SCSI_READ_10, [8] = 1), SCSI_DATA_IN, 512);
	assert_good(512);
}

static void test_attention(void **state)
{
	char err[200];
	struct lun *new, *old = lun_at(&table, 0);

	fill_disk(0x77);
	assert_int_equal(lun_resized(old, 2 << 20, &new, err, sizeof(err)), 0);
	lun_free(lun_replace(&table, 0, new));
	run_in(CDB(SCSI_INQUIRY, 0, 0, 0, 36), 36);	/* passes it by */
	assert_good(36);
	run_none(CDB(SCSI_TEST_UNIT_READY));
	assert_sense(6, 0x2a09);
	run_none(CDB(SCSI_TEST_UNIT_READY));		/* once */
	assert_good(0);
	assert_hole(0, 0, 0x77);
	run_in(CDB(SCSI_READ_CAPACITY_10), 8);
	assert_int_equal(be32_at(buf), 2 * BLOCKS - 1);
	run_in(CDB(SCSI_READ_10, [4] = 0x0f, [5] = 0xff, [8] = 1), 512);
	assert_good(512);
	assert_int_equal(lun_resized(new, 1000, &new, err, sizeof(err)), -EINVAL);
}

/* ---- files ----------------------------------------------------------------- */

static char path[64];

static void make_file(off_t size)
{
	int fd;

	strcpy(path, "/tmp/azimuth-scsi-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void add_file(const char *options, unsigned int number)
{
	char spec[100];

	snprintf(spec, sizeof(spec), "%s%s", path, options);
	add(spec, number);
}

static void test_file(void **state)
{
	uint8_t byte;
	int fd;

	make_file(1 << 20);
	add_file("", 1);
	pattern(4096, 9);
	run_lun(1, CDB(SCSI_WRITE_10, [5] = 1, [8] = 8), SCSI_DATA_OUT, 4096);
	assert_good(4096);
	assert_int_equal(syncs, 0);
	run_lun(1, CDB(SCSI_SYNCHRONIZE_CACHE_10), SCSI_NO_DATA, 0);
	assert_good(0);
	assert_int_equal(syncs, 1);
	run_lun(1, CDB(SCSI_WRITE_10, RW_FUA, [5] = 1, [8] = 8), SCSI_DATA_OUT, 4096);
	assert_good(4096);
	assert_int_equal(syncs, 2);
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, &byte, 1, 512 + 33), 1);
	assert_int_equal(byte, (33 * 7 + 9) & 0xff);
	close(fd);
	unlink(path);
}

static void test_file_errors(void **state)
{
	make_file(1 << 20);
	add_file("", 1);
	/* cut short behind our back: what is gone is a medium error at its block */
	assert_int_equal(truncate(path, 4096), 0);
	run_lun(1, CDB(SCSI_READ_10, [8] = 16), SCSI_DATA_IN, 16 * 512);
	assert_sense(3, 0x1100);
	assert_int_equal(be32_at(&cmd.sense[3]), 8);
	assert_int_equal(cmd.done, 4096);
	run_lun(1, CDB(SCSI_VERIFY_10, [8] = 16), SCSI_NO_DATA, 0);
	assert_sense(3, 0x1100);
	sync_errno = EIO;
	run_lun(1, CDB(SCSI_SYNCHRONIZE_CACHE_10), SCSI_NO_DATA, 0);
	assert_sense(3, 0x0c00);
	sync_errno = ENOSPC;
	run_lun(1, CDB(SCSI_WRITE_10, RW_FUA, [8] = 1), SCSI_DATA_OUT, 512);
	assert_sense(7, 0x2707);
	sync_errno = EBADF;
	run_lun(1, CDB(SCSI_SYNCHRONIZE_CACHE_16), SCSI_NO_DATA, 0);
	assert_sense(4, 0x4400);
	unlink(path);
}

/* A device that is always full answers with "space allocation failed". */
static void test_full_device(void **state)
{
	struct backend *b = backend_fd_create(open("/dev/full", O_RDWR), DISK_BYTES, true);
	struct lun *lun = lun_at(&table, 0);

	assert_non_null(b);
	lun->backend->ops->free(lun->backend);
	lun->backend = b;
	run_out(CDB(SCSI_WRITE_10, [8] = 1), 512);
	assert_sense(7, 0x2707);
	/* no holes here: the fallback writes zeros and meets the same end */
	unmap_list(0, 8);
	run_out(CDB(SCSI_UNMAP, [8] = 24), 24);
	assert_int_equal(cmd.status, SAM_CHECK_CONDITION);
}

static void refuse(const char *spec, int rc, const char *word)
{
	struct lun_extra extra;
	char err[300] = "";
	struct lun *lun;

	assert_int_equal(lun_create(spec, "scsi0", 0, &lun, &extra, err, sizeof(err)), rc);
	if (!strstr(err, word) || strchr(err, '\n'))
		fail_msg("'%s' gave '%s'", spec, err);
}

static void test_bad_specs(void **state)
{
	char spec[100];

	refuse("/nowhere/disk.img", -ENOENT, "no such disk file");
	refuse("/dev/null", -EINVAL, "regular file");
	refuse("/", -EISDIR, "directory");
	refuse("ram=0", -EINVAL, "multiple");
	refuse("ram=1000", -EINVAL, "multiple");
	refuse("ram=512,lbs=4096", -EINVAL, "4096");
	refuse("ram=1M,lbs=1024", -EINVAL, "lbs");
	refuse("ram=1M,serial=", -EINVAL, "serial");
	refuse("ram=1M,lun=64", -EINVAL, "lun");
	refuse("ram=1M,speed=9", -EINVAL, "speed");
	refuse("ro", -EINVAL, "ram=SIZE");
	refuse("", -EINVAL, "empty");
	make_file(1000);
	refuse(path, -EINVAL, "multiple");
	unlink(path);
	make_file(4096);
	add_file("", 1);
	refuse(path, -EBUSY, "in use");
	snprintf(spec, sizeof(spec), "%s,ro", path);
	refuse(spec, -EBUSY, "in use");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_write), TEST(test_zero_blocks), TEST(test_length_mismatch),
		TEST(test_direction_mismatch), TEST(test_verify), TEST(test_unmap),
		TEST(test_write_same), TEST(test_read_only), TEST(test_attention),
		TEST(test_file), TEST(test_file_errors), TEST(test_full_device),
		TEST(test_bad_specs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
