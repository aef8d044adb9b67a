// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/scsirig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct lun_table table;
struct scsi_cmd cmd;
uint8_t buf[128 << 10];
int syncs;
int sync_errno;

/* Takes the place of the C library's, so that a test sees and fails it. */
int fdatasync(int fd)
{
	syncs++;
	if (!sync_errno)
		return fsync(fd);
	errno = sync_errno;
	return -1;
}

void add(const char *spec, unsigned int number)
{
	struct lun_extra extra;
	char err[300] = "";
	struct lun *lun;

	if (lun_create(spec, "scsi0", number, &lun, &extra, err, sizeof(err)))
		fail_msg("%s", err);
	assert_null(lun_replace(&table, number, lun));
}

int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	memset(buf, 0, sizeof(buf));
	syncs = 0;
	sync_errno = 0;
	add("ram=1M,serial=TEST-1", 0);
	return 0;
}

int teardown(void **state)
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
void run_lun(unsigned int lun, const uint8_t *cdb, enum scsi_dir dir, uint32_t len)
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

void run_in(const uint8_t *cdb, uint32_t len)
{
	memset(buf, 0xee, len);
	run_lun(0, cdb, SCSI_DATA_IN, len);
}

void run_out(const uint8_t *cdb, uint32_t len)
{
	run_lun(0, cdb, SCSI_DATA_OUT, len);
}

void run_none(const uint8_t *cdb)
{
	run_lun(0, cdb, SCSI_NO_DATA, 0);
}

void assert_good(uint32_t done)
{
	assert_int_equal(cmd.status, SAM_GOOD);
	assert_int_equal(cmd.srb_status, SRB_SUCCESS);
	assert_int_equal(cmd.done, done);
}

void assert_sense(uint8_t key, uint16_t asc)
{
	assert_int_equal(cmd.status, SAM_CHECK_CONDITION);
	assert_int_equal(cmd.srb_status, SRB_ERROR | SRB_AUTOSENSE_VALID);
	assert_int_equal(cmd.sense[0] & 0x7f, 0x70);
	assert_int_equal(cmd.sense[2], key);
	assert_int_equal(cmd.sense[7], 10);
	assert_int_equal(be16_at(&cmd.sense[12]), asc);
}

void pattern(uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		buf[i] = (i * 7 + (i >> 9) + seed) & 0xff;
}

void assert_pattern(uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(buf[i], (i * 7 + (i >> 9) + seed) & 0xff);
}
