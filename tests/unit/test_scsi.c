// SPDX-License-Identifier: GPL-2.0-only
/* The SCSI target: what a disk says of itself, and what it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/scsirig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inquiry), TEST(test_vpd), TEST(test_capacity),
		TEST(test_mode_sense), TEST(test_report_luns), TEST(test_no_lun),
		TEST(test_sense_table), TEST(test_range_information), TEST(test_short_cdb),
		TEST(test_unit_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
