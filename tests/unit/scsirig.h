/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_SCSIRIG_H
#define AZ_TESTS_SCSIRIG_H

#include "proto/vstor.h"
#include "storvsp/scsi.h"

/*
 * The SCSI target without a bus, for unit tests: a table of disks with a RAM
 * disk of 1 MiB as unit 0, one data buffer, and the last command's answer.
 */
#define DISK_BYTES	(1u << 20)
#define BLOCKS		(DISK_BYTES / 512)

extern struct lun_table table;
extern struct scsi_cmd cmd;		/* the last one, with its answer */
extern uint8_t buf[128 << 10];
extern int syncs;			/* calls of fdatasync() by the target */
extern int sync_errno;			/* when not 0, what they fail with */

/* The fixture of TEST(), below: unit 0 and a zeroed buffer for each test, all disks freed after. */
int setup(void **state);
int teardown(void **state);

/* Add the disk of @spec as unit @number; fails the test when it is refused. */
void add(const char *spec, unsigned int number);

/*
 * Carry out @cdb on unit @lun with the first @len bytes of buf, which reach the
 * target in pieces of uneven length. The others use unit 0; run_in() fills buf
 * with 0xee before.
 */
void run_lun(unsigned int lun, const uint8_t *cdb, enum scsi_dir dir, uint32_t len);
void run_in(const uint8_t *cdb, uint32_t len);
void run_out(const uint8_t *cdb, uint32_t len);
void run_none(const uint8_t *cdb);

#define CDB(...) (const uint8_t[SCSI_CDB_MAX]) { __VA_ARGS__ }

/* The answer is good with @done bytes; is CHECK CONDITION with this sense. */
void assert_good(uint32_t done);
void assert_sense(uint8_t key, uint16_t asc);

/* Fill buf with, or compare it to, @len bytes that depend on @seed. */
void pattern(uint32_t len, uint32_t seed);
void assert_pattern(uint32_t len, uint32_t seed);

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
