// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/vstor.h"
#include "storvsp/scsi.h"

/*
 * UNMAP and WRITE SAME (SBC-3 5.28, 5.43). The disk promises that unmapped
 * blocks read as zero (LBPRZ), so where the store cannot make holes, zeros
 * are written.
 */
#define FILL_CHUNK	(64u << 10)
#define UNMAP_HEADER	8
#define UNMAP_DESC	16

/* Write @pattern (a block) over the range, through a buffer of many copies. */
static int fill(struct lun *lun, uint64_t lba, uint64_t blocks, const uint8_t *pattern)
{
	uint64_t offset = lba * lun->block_size, left = blocks * lun->block_size, done;
	struct backend *b = lun->backend;
	struct iovec iov;
	uint32_t at;
	uint8_t *buf;
	int rc = 0;

	buf = malloc(FILL_CHUNK);
	if (!buf)
		return -ENOMEM;
	for (at = 0; at < FILL_CHUNK; at += lun->block_size)
		memcpy(buf + at, pattern, lun->block_size);
	while (left && !rc) {
		iov.iov_base = buf;
		iov.iov_len = left < FILL_CHUNK ? left : FILL_CHUNK;
		rc = b->ops->write(b, &iov, 1, offset, &done);
		offset += done;
		left -= done;
	}
	free(buf);
	return rc;
}

static int discard(struct lun *lun, uint64_t lba, uint64_t blocks)
{
	static const uint8_t zeros[4096];
	struct backend *b = lun->backend;
	int rc;

	rc = b->ops->discard(b, lba * lun->block_size, blocks * lun->block_size);
	if (rc == -EOPNOTSUPP)
		rc = fill(lun, lba, blocks, zeros);
	return rc;
}

static void finish(struct scsi_cmd *cmd, int rc)
{
	if (rc)
		scsi_fail(cmd, scsi_sense_of_errno(rc, true));
	else
		scsi_good(cmd);
}

/* Check all descriptors, so that a bad one leaves the disk as it was. */
static bool descriptors_ok(const struct lun *lun, struct scsi_cmd *cmd, const uint8_t *list,
			   unsigned int n)
{
	uint64_t lba, blocks;
	unsigned int i;

	for (i = 0; i < n; i++) {
		lba = be64_at(list + UNMAP_HEADER + i * UNMAP_DESC);
		blocks = be32_at(list + UNMAP_HEADER + i * UNMAP_DESC + 8);
		if (!scsi_range_ok(lun, cmd, lba, blocks))
			return false;
		if (blocks > LUN_MAX_DISCARD / lun->block_size) {
			scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
			return false;
		}
	}
	return true;
}

void scsi_unmap(struct lun *lun, struct scsi_cmd *cmd)
{
	uint8_t list[UNMAP_HEADER + LUN_MAX_UNMAP_DESCS * UNMAP_DESC];
	uint32_t len = be16_at(&cmd->cdb[7]), desc_bytes;
	unsigned int i, n;
	int rc = 0;

	if (lun->read_only) {
		scsi_fail(cmd, SCSI_SENSE_WRITE_PROTECTED);
		return;
	}
	if (cmd->cdb[1] & UNMAP_ANCHOR) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	if (!len) {			/* no list is no error (SBC-3 5.28.1) */
		scsi_good(cmd);
		return;
	}
	if (len < UNMAP_HEADER || len > sizeof(list)) {
		scsi_fail(cmd, SCSI_SENSE_BAD_LIST_LENGTH);
		return;
	}
	if (!scsi_fetch(cmd, list, len)) {
		scsi_fail_srb(cmd, SRB_DATA_OVERRUN);
		return;
	}
	desc_bytes = be16_at(&list[2]);
	if (desc_bytes > len - UNMAP_HEADER) {
		scsi_fail(cmd, SCSI_SENSE_BAD_LIST_LENGTH);
		return;
	}
	n = desc_bytes / UNMAP_DESC;
	if (!descriptors_ok(lun, cmd, list, n))
		return;
	for (i = 0; i < n && !rc; i++)
		rc = discard(lun, be64_at(list + UNMAP_HEADER + i * UNMAP_DESC),
			     be32_at(list + UNMAP_HEADER + i * UNMAP_DESC + 8));
	cmd->done = len;
	finish(cmd, rc);
}

static bool all_zero(const uint8_t *p, uint32_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

void scsi_write_same(struct lun *lun, struct scsi_cmd *cmd)
{
	bool ndob = cmd->cdb[0] == SCSI_WRITE_SAME_16 && (cmd->cdb[1] & WRITE_SAME_NDOB);
	struct scsi_range r = scsi_range_of(cmd->cdb);
	uint8_t block[4096] = { 0 };
	int rc;

	if (lun->read_only) {
		scsi_fail(cmd, SCSI_SENSE_WRITE_PROTECTED);
		return;
	}
	if ((cmd->cdb[1] & (RW_PROTECT | WRITE_SAME_ANCHOR)) || !r.blocks ||
	    r.blocks > LUN_MAX_DISCARD / lun->block_size) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	if (!scsi_range_ok(lun, cmd, r.lba, r.blocks))
		return;
	if (!ndob && !scsi_fetch(cmd, block, lun->block_size)) {
		scsi_fail_srb(cmd, SRB_DATA_OVERRUN);
		return;
	}
	if ((cmd->cdb[1] & WRITE_SAME_UNMAP) && all_zero(block, lun->block_size))
		rc = discard(lun, r.lba, r.blocks);
	else
		rc = fill(lun, r.lba, r.blocks, block);
	cmd->done = ndob ? 0 : lun->block_size;
	finish(cmd, rc);
}
