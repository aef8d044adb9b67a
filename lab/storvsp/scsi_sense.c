// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "proto/vstor.h"
#include "storvsp/scsi.h"

/* Meaning to sense key and code; @name is what error,sense= calls it. */
static const struct {
	uint8_t key;
	uint16_t asc;
	const char *name;
} senses[SCSI_SENSE_COUNT] = {
	[SCSI_SENSE_NONE] = { SENSE_NO_SENSE, ASC_NONE, NULL },
	[SCSI_SENSE_NOT_READY] = { SENSE_NOT_READY, ASC_BECOMING_READY, "not-ready" },
	[SCSI_SENSE_READ_ERROR] = { SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ_ERROR, "medium" },
	[SCSI_SENSE_WRITE_ERROR] = { SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR, "medium-write" },
	[SCSI_SENSE_HARDWARE] = { SENSE_HARDWARE_ERROR, ASC_INTERNAL_TARGET_FAILURE, "hardware" },
	[SCSI_SENSE_BAD_OPCODE] = { SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE, "illegal" },
	[SCSI_SENSE_BAD_FIELD] = { SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB, NULL },
	[SCSI_SENSE_BAD_LIST_LENGTH] = { SENSE_ILLEGAL_REQUEST, ASC_PARAMETER_LIST_LENGTH, NULL },
	[SCSI_SENSE_LBA_RANGE] = { SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE, NULL },
	[SCSI_SENSE_NO_SAVED_PAGES] = { SENSE_ILLEGAL_REQUEST, ASC_SAVING_NOT_SUPPORTED, NULL },
	[SCSI_SENSE_WRITE_PROTECTED] = { SENSE_DATA_PROTECT, ASC_WRITE_PROTECTED, "protect" },
	[SCSI_SENSE_NO_SPACE] = { SENSE_DATA_PROTECT, ASC_SPACE_ALLOCATION_FAILED, "no-space" },
	[SCSI_SENSE_MISCOMPARE] = { SENSE_MISCOMPARE, ASC_MISCOMPARE_DURING_VERIFY, NULL },
	[SCSI_SENSE_CAPACITY_CHANGED] = { SENSE_UNIT_ATTENTION, ASC_CAPACITY_CHANGED,
					  "capacity" },
	[SCSI_SENSE_ABORTED] = { SENSE_ABORTED_COMMAND, ASC_COMMAND_ABORTED, "aborted" },
	[SCSI_SENSE_ATTENTION] = { SENSE_UNIT_ATTENTION, ASC_RESET_OCCURRED, "attention" },
};

enum scsi_sense scsi_sense_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < SCSI_SENSE_COUNT; i++)
		if (senses[i].name && !strcmp(senses[i].name, name))
			return i;
	return SCSI_SENSE_NONE;
}

enum scsi_sense scsi_sense_of_errno(int rc, bool write)
{
	switch (rc) {
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
	case -ENOMEM:		/* a RAM disk that cannot grow */
		return SCSI_SENSE_NO_SPACE;
	case -EIO:
		return write ? SCSI_SENSE_WRITE_ERROR : SCSI_SENSE_READ_ERROR;
	default:
		return SCSI_SENSE_HARDWARE;
	}
}

void scsi_sense_fill(uint8_t *buf, enum scsi_sense sense)
{
	memset(buf, 0, SCSI_SENSE_LEN);
	buf[0] = SCSI_SENSE_FIXED_CURRENT;
	buf[2] = senses[sense].key;
	buf[7] = SCSI_SENSE_LEN - 8;
	put_be16(&buf[12], senses[sense].asc);
}

void scsi_good(struct scsi_cmd *cmd)
{
	cmd->status = SAM_GOOD;
	cmd->srb_status = SRB_SUCCESS;
}

void scsi_fail(struct scsi_cmd *cmd, enum scsi_sense sense)
{
	cmd->status = SAM_CHECK_CONDITION;
	cmd->srb_status = SRB_ERROR | SRB_AUTOSENSE_VALID;
	scsi_sense_fill(cmd->sense, sense);
}

void scsi_fail_at(struct scsi_cmd *cmd, enum scsi_sense sense, uint64_t lba)
{
	scsi_fail(cmd, sense);
	if (lba > UINT32_MAX)
		return;
	cmd->sense[0] |= SCSI_SENSE_INFO_VALID;
	put_be32(&cmd->sense[3], lba);
}

void scsi_fail_srb(struct scsi_cmd *cmd, uint8_t srb_status)
{
	cmd->status = SAM_GOOD;
	cmd->srb_status = srb_status;
}
