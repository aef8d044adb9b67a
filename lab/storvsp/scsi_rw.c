// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "proto/vstor.h"
#include "storvsp/scsi.h"

#define VERIFY_CHUNK	(64u << 10)

struct scsi_range scsi_range_of(const uint8_t *cdb)
{
	struct scsi_range r;

	switch (cdb[0] >> 5) {
	case 0:
		r.lba = be32_at(cdb) & 0x1fffff;
		r.blocks = cdb[4] ? cdb[4] : 256;
		break;
	case 4:
		r.lba = be64_at(&cdb[2]);
		r.blocks = be32_at(&cdb[10]);
		break;
	case 5:
		r.lba = be32_at(&cdb[2]);
		r.blocks = be32_at(&cdb[6]);
		break;
	default:
		r.lba = be32_at(&cdb[2]);
		r.blocks = be16_at(&cdb[7]);
		break;
	}
	return r;
}

bool scsi_range_ok(const struct lun *lun, struct scsi_cmd *cmd, uint64_t lba, uint64_t blocks)
{
	if (lba <= lun->blocks && blocks <= lun->blocks - lba)
		return true;
	scsi_fail_at(cmd, SCSI_SENSE_LBA_RANGE, lba < lun->blocks ? lun->blocks : lba);
	return false;
}

/*
 * The checks that all transfers share: protection information is not
 * supported, the length is within the announced limit, the blocks are there.
 */
static bool transfer_ok(const struct lun *lun, struct scsi_cmd *cmd, const struct scsi_range *r)
{
	bool six = cmd->cdb[0] >> 5 == 0;

	if ((!six && (cmd->cdb[1] & RW_PROTECT)) ||
	    (uint64_t)r->blocks * lun->block_size > LUN_MAX_TRANSFER) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return false;
	}
	return scsi_range_ok(lun, cmd, r->lba, r->blocks);
}

/* The answer to a transfer that ended with @rc after @done bytes. */
static void transfer_end(const struct lun *lun, struct scsi_cmd *cmd, const struct scsi_range *r,
			 int rc, uint64_t done, bool write)
{
	cmd->done = done;
	if (rc)
		scsi_fail_at(cmd, scsi_sense_of_errno(rc, write),
			     r->lba + done / lun->block_size);
	else
		scsi_good(cmd);
}

/*
 * FUA needs nothing here: what a backend reads is what it would still read
 * after a crash or is newer.
 */
void scsi_read(struct lun *lun, struct scsi_cmd *cmd)
{
	struct scsi_range r = scsi_range_of(cmd->cdb);
	struct backend *b = lun->backend;
	uint64_t bytes, done;
	bool overrun;
	int rc;

	if (!transfer_ok(lun, cmd, &r))
		return;
	bytes = (uint64_t)r.blocks * lun->block_size;
	overrun = bytes > cmd->len;
	scsi_trim(cmd, bytes);
	rc = b->ops->read(b, cmd->iov, cmd->n_iov, r.lba * lun->block_size, &done);
	transfer_end(lun, cmd, &r, rc, done, false);
	if (!rc && overrun)
		scsi_fail_srb(cmd, SRB_DATA_OVERRUN);
}

void scsi_write(struct lun *lun, struct scsi_cmd *cmd)
{
	struct scsi_range r = scsi_range_of(cmd->cdb);
	bool fua = cmd->cdb[0] >> 5 && (cmd->cdb[1] & RW_FUA);
	struct backend *b = lun->backend;
	uint64_t bytes, done;
	int rc;

	if (lun->read_only) {
		scsi_fail(cmd, SCSI_SENSE_WRITE_PROTECTED);
		return;
	}
	if (!transfer_ok(lun, cmd, &r))
		return;
	bytes = (uint64_t)r.blocks * lun->block_size;
	if (bytes > cmd->len) {		/* half a write is worse than none */
		scsi_fail_srb(cmd, SRB_DATA_OVERRUN);
		return;
	}
	scsi_trim(cmd, bytes);
	rc = b->ops->write(b, cmd->iov, cmd->n_iov, r.lba * lun->block_size, &done);
	if (!rc && fua)
		rc = b->ops->flush(b);
	transfer_end(lun, cmd, &r, rc, done, true);
}

void scsi_synchronize_cache(struct lun *lun, struct scsi_cmd *cmd)
{
	struct scsi_range r = scsi_range_of(cmd->cdb);
	int rc;

	if (!scsi_range_ok(lun, cmd, r.lba, r.blocks))
		return;
	rc = lun->backend->ops->flush(lun->backend);
	if (rc)
		scsi_fail(cmd, scsi_sense_of_errno(rc, true));
	else
		scsi_good(cmd);
}

/* Position in the guest's buffer while it is compared. */
struct cursor {
	const struct iovec *iov;
	size_t skip;
};

/* The index of the first of @len bytes that differs from the guest's, or @len. */
static size_t compare(struct cursor *c, const uint8_t *data, size_t len)
{
	const uint8_t *guest;
	size_t at = 0, n, i;

	while (at < len) {
		n = c->iov->iov_len - c->skip;
		if (n > len - at)
			n = len - at;
		guest = (const uint8_t *)c->iov->iov_base + c->skip;
		for (i = 0; i < n; i++)
			if (guest[i] != data[at + i])
				return at + i;
		at += n;
		c->skip += n;
		if (c->skip == c->iov->iov_len) {
			c->iov++;
			c->skip = 0;
		}
	}
	return len;
}

/* Read the range piece by piece; compare it with the guest's data when @cmp. */
static void verify_range(struct lun *lun, struct scsi_cmd *cmd, const struct scsi_range *r,
			 bool cmp)
{
	uint64_t left = (uint64_t)r->blocks * lun->block_size, at = 0, done;
	struct cursor cursor = { cmd->iov, 0 };
	struct backend *b = lun->backend;
	uint8_t *buf = malloc(VERIFY_CHUNK);
	struct iovec iov;
	size_t same;
	int rc;

	if (!buf) {
		scsi_fail(cmd, SCSI_SENSE_HARDWARE);
		return;
	}
	scsi_good(cmd);
	for (; left; left -= done, at += done) {
		iov.iov_base = buf;
		iov.iov_len = left < VERIFY_CHUNK ? left : VERIFY_CHUNK;
		rc = b->ops->read(b, &iov, 1, r->lba * lun->block_size + at, &done);
		if (rc) {
			transfer_end(lun, cmd, r, rc, at + done, false);
			break;
		}
		same = cmp ? compare(&cursor, buf, done) : done;
		if (same < done) {
			scsi_fail_at(cmd, SCSI_SENSE_MISCOMPARE, at + same);
			break;
		}
	}
	cmd->done = cmp ? at : 0;
	free(buf);
}

/* BYTCHK 0: the medium can be read; 1: it holds what the guest sends (SBC-3 5.29). */
void scsi_verify(struct lun *lun, struct scsi_cmd *cmd)
{
	struct scsi_range r = scsi_range_of(cmd->cdb);
	unsigned int bytchk = (cmd->cdb[1] & VERIFY_BYTCHK) >> 1;
	uint64_t bytes = (uint64_t)r.blocks * lun->block_size;

	if (!transfer_ok(lun, cmd, &r))
		return;
	if (bytchk > 1) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	if (bytchk && bytes > cmd->len) {
		scsi_fail_srb(cmd, SRB_DATA_OVERRUN);
		return;
	}
	verify_range(lun, cmd, &r, bytchk);
}
