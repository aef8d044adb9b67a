// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "proto/vstor.h"
#include "storvsp/scsi.h"

#define OP(code, n, c, d, r) \
	[code] = { .name = n, .class = SCSI_CLASS_##c, .dir = SCSI_##d, .run = r }

/* REPORT LUNS is missing a handler because it needs no unit; PERSISTENT RESERVE is refused. */
static const struct scsi_opcode opcodes[256] = {
	OP(SCSI_TEST_UNIT_READY, "test_unit_ready", TEST, NO_DATA, scsi_test_unit_ready),
	OP(SCSI_REQUEST_SENSE, "request_sense", OTHER, DATA_IN, scsi_request_sense),
	OP(SCSI_INQUIRY, "inquiry", INQUIRY, DATA_IN, scsi_inquiry),
	OP(SCSI_MODE_SENSE_6, "mode_sense_6", MODE, DATA_IN, scsi_mode_sense),
	OP(SCSI_MODE_SENSE_10, "mode_sense_10", MODE, DATA_IN, scsi_mode_sense),
	OP(SCSI_START_STOP_UNIT, "start_stop_unit", OTHER, NO_DATA, scsi_start_stop),
	OP(SCSI_READ_CAPACITY_10, "read_capacity_10", CAPACITY, DATA_IN, scsi_read_capacity_10),
	OP(SCSI_SERVICE_ACTION_IN_16, "service_action_in_16", CAPACITY, DATA_IN,
	   scsi_service_action_in),
	OP(SCSI_REPORT_LUNS, "report_luns", LUNS, DATA_IN, NULL),
	OP(SCSI_READ_6, "read_6", READ, DATA_IN, scsi_read),
	OP(SCSI_READ_10, "read_10", READ, DATA_IN, scsi_read),
	OP(SCSI_READ_12, "read_12", READ, DATA_IN, scsi_read),
	OP(SCSI_READ_16, "read_16", READ, DATA_IN, scsi_read),
	OP(SCSI_WRITE_6, "write_6", WRITE, DATA_OUT, scsi_write),
	OP(SCSI_WRITE_10, "write_10", WRITE, DATA_OUT, scsi_write),
	OP(SCSI_WRITE_12, "write_12", WRITE, DATA_OUT, scsi_write),
	OP(SCSI_WRITE_16, "write_16", WRITE, DATA_OUT, scsi_write),
	OP(SCSI_VERIFY_10, "verify_10", VERIFY, DATA_OUT, scsi_verify),
	OP(SCSI_VERIFY_12, "verify_12", VERIFY, DATA_OUT, scsi_verify),
	OP(SCSI_VERIFY_16, "verify_16", VERIFY, DATA_OUT, scsi_verify),
	OP(SCSI_SYNCHRONIZE_CACHE_10, "synchronize_cache_10", FLUSH, NO_DATA,
	   scsi_synchronize_cache),
	OP(SCSI_SYNCHRONIZE_CACHE_16, "synchronize_cache_16", FLUSH, NO_DATA,
	   scsi_synchronize_cache),
	OP(SCSI_UNMAP, "unmap", UNMAP, DATA_OUT, scsi_unmap),
	OP(SCSI_WRITE_SAME_10, "write_same_10", UNMAP, DATA_OUT, scsi_write_same),
	OP(SCSI_WRITE_SAME_16, "write_same_16", UNMAP, DATA_OUT, scsi_write_same),
	OP(SCSI_PERSISTENT_RESERVE_IN, "persistent_reserve_in", OTHER, DATA_IN, NULL),
	OP(SCSI_PERSISTENT_RESERVE_OUT, "persistent_reserve_out", OTHER, DATA_OUT, NULL),
};

static const char *const class_names[SCSI_CLASS_COUNT] = {
	[SCSI_CLASS_OTHER] = "other",
	[SCSI_CLASS_INQUIRY] = "inquiry",
	[SCSI_CLASS_TEST] = "test",
	[SCSI_CLASS_CAPACITY] = "capacity",
	[SCSI_CLASS_MODE] = "mode",
	[SCSI_CLASS_LUNS] = "luns",
	[SCSI_CLASS_READ] = "read",
	[SCSI_CLASS_WRITE] = "write",
	[SCSI_CLASS_VERIFY] = "verify",
	[SCSI_CLASS_FLUSH] = "flush",
	[SCSI_CLASS_UNMAP] = "unmap",
};

const struct scsi_opcode *scsi_opcode(uint8_t code)
{
	return &opcodes[code];
}

const char *scsi_class_name(enum scsi_class class)
{
	return class_names[class];
}

bool scsi_class_is_media(enum scsi_class class)
{
	return class >= SCSI_CLASS_READ;
}

/* The length of a CDB from its group, the top three bits (SPC-4 4.3.1); 0: any. */
static unsigned int cdb_length(uint8_t code)
{
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	return lengths[code >> 5];
}

/*
 * A pending unit attention takes the place of the answer. INQUIRY, REPORT LUNS
 * and REQUEST SENSE pass it by (SAM-5 5.14.1); so does MODE SENSE, because
 * storvsc turns its failure into success and the attention would be lost.
 */
static bool attention(struct lun *lun, const struct scsi_opcode *op, struct scsi_cmd *cmd)
{
	unsigned int sense;

	if (op->class == SCSI_CLASS_INQUIRY || op->class == SCSI_CLASS_MODE ||
	    cmd->cdb[0] == SCSI_REQUEST_SENSE)
		return false;
	if (!atomic_load_explicit(&lun->attention, memory_order_relaxed))
		return false;
	sense = atomic_exchange(&lun->attention, SCSI_SENSE_NONE);
	if (!sense)
		return false;
	scsi_fail(cmd, sense);
	return true;
}

void scsi_execute(struct lun_table *luns, unsigned int number, struct scsi_cmd *cmd)
{
	const struct scsi_opcode *op = scsi_opcode(cmd->cdb[0]);
	struct lun *lun = lun_at(luns, number);

	cmd->done = 0;
	if (cmd->cdb_len > SCSI_CDB_MAX || cmd->cdb_len < cdb_length(cmd->cdb[0]) ||
	    !cmd->cdb_len) {
		scsi_fail_srb(cmd, SRB_INVALID_REQUEST);
		return;
	}
	if (op->dir != SCSI_NO_DATA && cmd->len && cmd->dir != op->dir) {
		scsi_fail_srb(cmd, SRB_INVALID_REQUEST);
		return;
	}
	if (cmd->cdb[0] == SCSI_REPORT_LUNS)
		scsi_report_luns(luns, cmd);
	else if (!lun && cmd->cdb[0] == SCSI_INQUIRY)
		scsi_inquiry_no_lun(cmd);
	else if (!lun)
		scsi_fail_srb(cmd, SRB_INVALID_LUN);
	else if (!op->run)
		scsi_fail(cmd, SCSI_SENSE_BAD_OPCODE);
	else if (!attention(lun, op, cmd))
		op->run(lun, cmd);
}
