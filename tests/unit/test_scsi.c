// SPDX-License-Identifier: GPL-2.0-only
/* The SCSI target without a bus: commands in, data, sense and residuals out. */
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

#include "proto/vstor.h"
#include "storvsp/scsi.h"

#define DISK_BYTES	(1u << 20)
#define BLOCKS		(DISK_BYTES / 512)

static struct lun_table table;
static struct scsi_cmd cmd;
static uint8_t buf[128 << 10];
static int syncs;		/* calls of fdatasync() by the target */
static int sync_errno;		/* when not 0, what they fail with */

/* Takes the place of the C library's, so that a test sees and fails it. */
int fdatasync(int fd)
{
	syncs++;
	if (!sync_errno)
		return fsync(fd);
	errno = sync_errno;
	return -1;
}

static void add(const char *spec, unsigned int number)
{
	struct lun_extra extra;
	char err[300] = "";
	struct lun *lun;

	if (lun_create(spec, "scsi0", number, &lun, &extra, err, sizeof(err)))
		fail_msg("%s", err);
	assert_null(lun_replace(&table, number, lun));
}

static int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	memset(buf, 0, sizeof(buf));
	syncs = 0;
	sync_errno = 0;
	add("ram=1M,serial=TEST-1", 0);
	return 0;
}

static int teardown(void **state)
{
	unsigned int i;

	for (i = 0; i < LUN_MAX; i++)
		lun_free(lun_replace(&table, i, NULL));
	return 0;
}

static unsigned int cdb_len(uint8_t code)
{
	static const uint8_t len[8] = { 6, 10, 10, 16, 16, 12, 16, 16 };

	return len[code >> 5];
}

/* Lay @len bytes out in pieces of uneven length with gaps between them. Pieces. */
static int scatter(struct iovec *iov, uint32_t len)
{
	static uint8_t memory[2 * sizeof(buf) + 4096];
	uint32_t at = 0, n;
	int i;

	for (i = 0; at < len; i++, at += n) {
		n = i % 2 ? 4096 : 700;
		if (n > len - at)
			n = len - at;
		iov[i] = (struct iovec) { memory + 2 * at + 3, n };
	}
	return i;
}

/* Carry out @cdb on @lun with the first @len bytes of buf. */
static void run_lun(unsigned int lun, const uint8_t *cdb, enum scsi_dir dir, uint32_t len)
{
	struct iovec pieces[128], iov[128];
	int i, n = scatter(pieces, len);
	uint8_t *p = buf;

	for (i = 0; i < n; p += pieces[i++].iov_len)
		memcpy(pieces[i].iov_base, p, pieces[i].iov_len);
	memcpy(iov, pieces, sizeof(iov));
	memset(&cmd, 0, sizeof(cmd));
	cmd.cdb_len = cdb_len(cdb[0]);
	memcpy(cmd.cdb, cdb, cmd.cdb_len);
	cmd.dir = dir;
	cmd.iov = iov;
	cmd.n_iov = n;
	cmd.len = len;
	scsi_execute(&table, lun, &cmd);
	assert_true(cmd.done <= len);
	for (i = 0, p = buf; i < n; p += pieces[i++].iov_len)
		memcpy(p, pieces[i].iov_base, pieces[i].iov_len);
}

#define CDB(...) (const uint8_t[SCSI_CDB_MAX]) { __VA_ARGS__ }

static void run_in(const uint8_t *cdb, uint32_t len)
{
	memset(buf, 0xee, len);
	run_lun(0, cdb, SCSI_DATA_IN, len);
}

static void run_out(const uint8_t *cdb, uint32_t len)
{
	run_lun(0, cdb, SCSI_DATA_OUT, len);
}

static void run_none(const uint8_t *cdb)
{
	run_lun(0, cdb, SCSI_NO_DATA, 0);
}

static void assert_good(uint32_t done)
{
	assert_int_equal(cmd.status, SAM_GOOD);
	assert_int_equal(cmd.srb_status, SRB_SUCCESS);
	assert_int_equal(cmd.done, done);
}

static void assert_sense(uint8_t key, uint16_t asc)
{
	assert_int_equal(cmd.status, SAM_CHECK_CONDITION);
	assert_int_equal(cmd.srb_status, SRB_ERROR | SRB_AUTOSENSE_VALID);
	assert_int_equal(cmd.sense[0] & 0x7f, 0x70);
	assert_int_equal(cmd.sense[2], key);
	assert_int_equal(cmd.sense[7], 10);
	assert_int_equal(be16_at(&cmd.sense[12]), asc);
}

static void pattern(uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		buf[i] = (i * 7 + (i >> 9) + seed) & 0xff;
}

static void assert_pattern(uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(buf[i], (i * 7 + (i >> 9) + seed) & 0xff);
}

/* ---- what a disk says of itself -------------------------------------------- */

static void test_inquiry(void **state)
{
	run_in(CDB(SCSI_INQUIRY, 0, 0, 0, 96), 96);
	assert_good(36);
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[2], 5);
	assert_int_equal(buf[3] & 0xf, 2);
	assert_int_equal(buf[4], 31);
	assert_true(buf[7] & 2);
	assert_memory_equal(&buf[8], "Msft    Virtual Disk    1.0 ", 28);
	assert_int_equal(buf[36], 0xee);
	run_in(CDB(SCSI_INQUIRY, 0, 0, 0, 5), 96);	/* the allocation length rules */
	assert_good(5);
	assert_int_equal(buf[5], 0xee);
	run_in(CDB(SCSI_INQUIRY, 0, 0, 0, 96), 8);	/* so does the buffer */
	assert_good(8);
	run_in(CDB(SCSI_INQUIRY, 0, 0x80, 0, 96), 96);
	assert_sense(5, 0x2400);
}

static void vpd(uint8_t page, uint32_t len)
{
	run_in(CDB(SCSI_INQUIRY, 1, page, 0, 255), 255);
	assert_good(4 + len);
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[1], page);
	assert_int_equal(be16_at(&buf[2]), len);
}

static void test_vpd(void **state)
{
	vpd(0x00, 6);
	assert_memory_equal(&buf[4], "\x00\x80\x83\xb0\xb1\xb2", 6);
	vpd(0x80, 6);
	assert_memory_equal(&buf[4], "TEST-1", 6);
	vpd(0x83, 12 + 12 + 6);
	assert_memory_equal(&buf[4], "\x01\x03\x00\x08", 4);
	assert_int_equal(buf[8] >> 4, 3);
	assert_memory_equal(&buf[16], "\x02\x01\x00\x0eMsft    TEST-1", 18);
	vpd(0xb0, 60);
	assert_int_equal(buf[4], 1);
	assert_int_equal(be32_at(&buf[8]), (8 << 20) / 512);
	assert_int_equal(be32_at(&buf[20]), (1 << 30) / 512);
	assert_int_equal(be32_at(&buf[24]), 256);
	assert_int_equal(be32_at(&buf[28]), 8);
	assert_int_equal(be64_at(&buf[36]), (1 << 30) / 512);
	vpd(0xb1, 60);
	assert_int_equal(be16_at(&buf[4]), 1);
	vpd(0xb2, 4);
	assert_int_equal(buf[5], 0xe4);
	assert_int_equal(buf[6], 2);
	run_in(CDB(SCSI_INQUIRY, 1, 0xc7, 0, 255), 255);
	assert_sense(5, 0x2400);
	assert_int_equal(cmd.done, 0);
}

static void test_capacity(void **state)
{
	run_in(CDB(SCSI_READ_CAPACITY_10), 8);
	assert_good(8);
	assert_int_equal(be32_at(buf), BLOCKS - 1);
	assert_int_equal(be32_at(buf + 4), 512);
	run_in(CDB(SCSI_SERVICE_ACTION_IN_16, 0x10, [13] = 32), 32);
	assert_good(32);
	assert_int_equal(be64_at(buf), BLOCKS - 1);
	assert_int_equal(be32_at(buf + 8), 512);
	assert_int_equal(buf[13], 3);
	assert_int_equal(buf[14], 0xc0);
	run_in(CDB(SCSI_SERVICE_ACTION_IN_16, 0x12, [13] = 32), 32);
	assert_sense(5, 0x2400);
	/* more blocks than READ CAPACITY(10) can say */
	add("ram=4096G,lbs=512", 1);
	run_lun(1, CDB(SCSI_READ_CAPACITY_10), SCSI_DATA_IN, 8);
	assert_int_equal(be32_at(buf), 0xffffffff);
	add("ram=1M,lbs=4096", 2);
	run_lun(2, CDB(SCSI_SERVICE_ACTION_IN_16, 0x10, [13] = 32), SCSI_DATA_IN, 32);
	assert_int_equal(be64_at(buf), 255);
	assert_int_equal(be32_at(buf + 8), 4096);
	assert_int_equal(buf[13], 0);
}

static void test_mode_sense(void **state)
{
	add("ram=1M,ro", 1);
	run_in(CDB(SCSI_MODE_SENSE_6, 0, 0x08, 0, 255), 255);
	assert_good(4 + 8 + 20);
	assert_int_equal(buf[0], 4 + 8 + 20 - 1);
	assert_int_equal(buf[2], 0x10);
	assert_int_equal(buf[3], 8);
	assert_int_equal(be32_at(&buf[4]), BLOCKS);
	assert_int_equal(be32_at(&buf[8]), 512);
	assert_memory_equal(&buf[12], "\x08\x12\x04", 3);
	run_in(CDB(SCSI_MODE_SENSE_6, 8, 0x3f, 0, 255), 255);
	assert_good(4 + 20 + 12);
	assert_int_equal(buf[4], 0x08);
	assert_int_equal(buf[24], 0x0a);
	run_in(CDB(SCSI_MODE_SENSE_6, 8, 0x48, 0, 255), 255);	/* changeable: nothing */
	assert_good(4 + 20);
	assert_int_equal(buf[6], 0);
	run_in(CDB(SCSI_MODE_SENSE_10, 0x10, 0x08, [8] = 255), 255);
	assert_good(8 + 16 + 20);
	assert_int_equal(be16_at(&buf[0]), 8 + 16 + 20 - 2);
	assert_int_equal(buf[4], 1);
	assert_int_equal(be16_at(&buf[6]), 16);
	assert_int_equal(be64_at(&buf[8]), BLOCKS);
	run_in(CDB(SCSI_MODE_SENSE_6, 0, 0xc8, 0, 255), 255);
	assert_sense(5, 0x3900);
	run_in(CDB(SCSI_MODE_SENSE_6, 0, 0x1c, 0, 255), 255);
	assert_sense(5, 0x2400);
	run_lun(1, CDB(SCSI_MODE_SENSE_6, 0, 0x3f, 0, 4), SCSI_DATA_IN, 4);
	assert_good(4);
	assert_int_equal(buf[2], 0x90);
}

static void test_report_luns(void **state)
{
	add("ram=1M", 5);
	add("ram=1M", 63);
	run_in(CDB(SCSI_REPORT_LUNS, [8] = 2), 512);
	assert_good(8 + 3 * 8);
	assert_int_equal(be32_at(buf), 3 * 8);
	assert_int_equal(buf[9], 0);
	assert_int_equal(buf[17], 5);
	assert_int_equal(buf[25], 63);
	run_lun(9, CDB(SCSI_REPORT_LUNS, [9] = 16), SCSI_DATA_IN, 512);	/* at any unit */
	assert_good(16);
	assert_int_equal(be32_at(buf), 3 * 8);
	run_in(CDB(SCSI_REPORT_LUNS, 0, 1, [8] = 2), 512);
	assert_good(8);
	run_in(CDB(SCSI_REPORT_LUNS, 0, 7, [8] = 2), 512);
	assert_sense(5, 0x2400);
}

static void test_no_lun(void **state)
{
	unsigned int lun;

	for (lun = 1; lun < 256; lun += 127) {
		run_lun(lun, CDB(SCSI_INQUIRY, 0, 0, 0, 36), SCSI_DATA_IN, 36);
		assert_good(36);
		assert_int_equal(buf[0], 0x7f);
		run_lun(lun, CDB(SCSI_TEST_UNIT_READY), SCSI_NO_DATA, 0);
		assert_int_equal(cmd.srb_status, SRB_INVALID_LUN);
		assert_int_equal(cmd.status, SAM_GOOD);
		run_lun(lun, CDB(SCSI_READ_10, [8] = 1), SCSI_DATA_IN, 512);
		assert_int_equal(cmd.srb_status, SRB_INVALID_LUN);
		assert_int_equal(cmd.done, 0);
	}
}

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
	run_in(CDB(SCSI_READ_10, [5] = 1, [8] = 1), 512);
	assert_memory_equal(buf, "\x08", 0);
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

/* ---- refusals -------------------------------------------------------------- */

static void test_sense_table(void **state)
{
	static const struct {
		const char *what;
		uint8_t cdb[SCSI_CDB_MAX];
		enum scsi_dir dir;
		uint32_t len;
		uint8_t key;
		uint16_t asc;
	} cases[] = {
		{ "unknown opcode", { 0x85 }, SCSI_NO_DATA, 0, 5, 0x2000 },
		{ "vendor opcode", { 0xff }, SCSI_NO_DATA, 0, 5, 0x2000 },
		{ "reserve in", { SCSI_PERSISTENT_RESERVE_IN }, SCSI_DATA_IN, 8, 5, 0x2000 },
		{ "reserve out", { SCSI_PERSISTENT_RESERVE_OUT }, SCSI_DATA_OUT, 24, 5, 0x2000 },
		{ "read past the end", { SCSI_READ_10, [4] = 8, [8] = 1 }, SCSI_DATA_IN, 512,
		  5, 0x2100 },
		{ "read across the end", { SCSI_READ_10, [4] = 7, [5] = 0xff, [8] = 2 },
		  SCSI_DATA_IN, 1024, 5, 0x2100 },
		{ "write past the end", { SCSI_WRITE_10, [4] = 8, [8] = 1 }, SCSI_DATA_OUT, 512,
		  5, 0x2100 },
		{ "lba that wraps", { SCSI_READ_16, 0, 255, 255, 255, 255, 255, 255, 255, 255,
		  0, 0, 0, 2 }, SCSI_DATA_IN, 1024, 5, 0x2100 },
		{ "sync past the end", { SCSI_SYNCHRONIZE_CACHE_10, [4] = 9, [8] = 0 },
		  SCSI_NO_DATA, 0, 5, 0x2100 },
		{ "read with protection", { SCSI_READ_10, 0x20, [8] = 1 }, SCSI_DATA_IN, 512,
		  5, 0x2400 },
		{ "transfer over the limit", { SCSI_READ_12, [7] = 1 }, SCSI_DATA_IN, 512,
		  5, 0x2400 },
		{ "descriptor sense", { SCSI_REQUEST_SENSE, 1, 0, 0, 18 }, SCSI_DATA_IN, 18,
		  5, 0x2400 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("           %s\n", cases[i].what);
		run_lun(0, cases[i].cdb, cases[i].dir, cases[i].len);
		assert_sense(cases[i].key, cases[i].asc);
		assert_int_equal(cmd.done, 0);
	}
}

/* The first block that is not there is named in the information field. */
static void test_range_information(void **state)
{
	run_in(CDB(SCSI_READ_10, [4] = 7, [5] = 0xff, [8] = 2), 1024);
	assert_sense(5, 0x2100);
	assert_int_equal(cmd.sense[0], 0xf0);
	assert_int_equal(be32_at(&cmd.sense[3]), BLOCKS);
}

static void test_short_cdb(void **state)
{
	memset(&cmd, 0, sizeof(cmd));
	cmd.cdb[0] = SCSI_READ_16;
	cmd.cdb_len = 10;
	scsi_execute(&table, 0, &cmd);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
	cmd.cdb_len = 17;
	scsi_execute(&table, 0, &cmd);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
	cmd.cdb_len = 0;
	cmd.cdb[0] = 0xc0;
	scsi_execute(&table, 0, &cmd);
	assert_int_equal(cmd.srb_status, SRB_INVALID_REQUEST);
}

static void test_unit_commands(void **state)
{
	run_none(CDB(SCSI_TEST_UNIT_READY));
	assert_good(0);
	run_none(CDB(SCSI_START_STOP_UNIT, [4] = 1));
	assert_good(0);
	run_none(CDB(SCSI_SYNCHRONIZE_CACHE_16));
	assert_good(0);
	run_in(CDB(SCSI_REQUEST_SENSE, 0, 0, 0, 18), 18);
	assert_good(18);
	assert_int_equal(buf[0], 0x70);
	assert_int_equal(buf[2], 0);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inquiry), TEST(test_vpd), TEST(test_capacity), TEST(test_mode_sense),
		TEST(test_report_luns), TEST(test_no_lun), TEST(test_read_write),
		TEST(test_zero_blocks), TEST(test_length_mismatch), TEST(test_direction_mismatch),
		TEST(test_verify), TEST(test_unmap), TEST(test_write_same),
		TEST(test_sense_table), TEST(test_range_information), TEST(test_short_cdb),
		TEST(test_unit_commands), TEST(test_read_only), TEST(test_attention),
		TEST(test_file), TEST(test_file_errors), TEST(test_full_device),
		TEST(test_bad_specs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
