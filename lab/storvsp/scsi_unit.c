// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "storvsp/scsi.h"

/* Commands about the unit as a whole: its state, its size, its neighbours. */

void scsi_test_unit_ready(struct lun *lun, struct scsi_cmd *cmd)
{
	scsi_good(cmd);
}

/* There is no motor, and the medium is always there. */
void scsi_start_stop(struct lun *lun, struct scsi_cmd *cmd)
{
	scsi_good(cmd);
}

/* Sense travels with each failed command; what is left is a pending attention. */
void scsi_request_sense(struct lun *lun, struct scsi_cmd *cmd)
{
	uint8_t buf[SCSI_SENSE_LEN];

	if (cmd->cdb[1] & 0x01) {	/* descriptor format */
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	scsi_sense_fill(buf, atomic_exchange(&lun->attention, SCSI_SENSE_NONE));
	scsi_reply(cmd, buf, sizeof(buf), cmd->cdb[4]);
}

void scsi_read_capacity_10(struct lun *lun, struct scsi_cmd *cmd)
{
	uint64_t last = lun->blocks - 1;
	uint8_t buf[8];

	put_be32(&buf[0], last > UINT32_MAX ? UINT32_MAX : last);
	put_be32(&buf[4], lun->block_size);
	scsi_reply(cmd, buf, sizeof(buf), sizeof(buf));
}

/* READ CAPACITY(16) is the one service action there is. */
void scsi_service_action_in(struct lun *lun, struct scsi_cmd *cmd)
{
	uint8_t buf[32] = { 0 };

	if ((cmd->cdb[1] & 0x1f) != SCSI_SAI_READ_CAPACITY_16) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	put_be64(&buf[0], lun->blocks - 1);
	put_be32(&buf[8], lun->block_size);
	if (lun->block_size < LUN_DISCARD_GRANULE)
		buf[13] = 3;		/* 8 logical blocks in a physical one */
	buf[14] = 0x80 | 0x40;		/* LBPME, LBPRZ: provisioned, holes read as zero */
	scsi_reply(cmd, buf, sizeof(buf), be32_at(&cmd->cdb[10]));
}

void scsi_report_luns(struct lun_table *luns, struct scsi_cmd *cmd)
{
	uint8_t buf[8 + 8 * LUN_MAX] = { 0 };
	uint8_t select = cmd->cdb[2];
	uint32_t len = 8;
	unsigned int i;

	if (select > 2) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	/* select 1 asks for well known units only: there are none */
	for (i = 0; luns && i < LUN_MAX && select != 1; i++) {
		if (!lun_at(luns, i))
			continue;
		buf[len + 1] = i;	/* peripheral device addressing (SAM-5 4.7.7.2) */
		len += 8;
	}
	put_be32(buf, len - 8);
	scsi_reply(cmd, buf, len, be32_at(&cmd->cdb[6]));
}
