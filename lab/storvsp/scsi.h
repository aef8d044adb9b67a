/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_SCSI_H
#define AZ_LAB_STORVSP_SCSI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/scsi.h"
#include "storvsp/lun.h"

/*
 * The SCSI target: commands in, data and sense out. It knows nothing of VMBus,
 * takes nothing that a guest says for granted and never blocks but for the
 * store of the disk.
 */
enum scsi_dir {
	SCSI_NO_DATA,
	SCSI_DATA_IN,			/* to the guest */
	SCSI_DATA_OUT,
};

/* Sense data that this target reports, by meaning. */
enum scsi_sense {
	SCSI_SENSE_NONE,
	SCSI_SENSE_NOT_READY,
	SCSI_SENSE_READ_ERROR,
	SCSI_SENSE_WRITE_ERROR,
	SCSI_SENSE_HARDWARE,
	SCSI_SENSE_BAD_OPCODE,
	SCSI_SENSE_BAD_FIELD,
	SCSI_SENSE_BAD_LIST_LENGTH,
	SCSI_SENSE_LBA_RANGE,
	SCSI_SENSE_NO_SAVED_PAGES,
	SCSI_SENSE_WRITE_PROTECTED,
	SCSI_SENSE_NO_SPACE,
	SCSI_SENSE_MISCOMPARE,
	SCSI_SENSE_CAPACITY_CHANGED,
	SCSI_SENSE_ABORTED,
	SCSI_SENSE_ATTENTION,
	SCSI_SENSE_COUNT,
};

struct scsi_cmd {
	/* the request; the CDB is a private copy, the buffer is the guest's memory */
	uint8_t cdb[SCSI_CDB_MAX];
	uint8_t cdb_len;
	enum scsi_dir dir;
	struct iovec *iov;		/* used up */
	int n_iov;
	uint32_t len;			/* bytes in @iov */

	/* the answer */
	uint8_t status;			/* SAM_* */
	uint8_t srb_status;		/* SRB_* */
	uint8_t sense[SCSI_SENSE_LEN];	/* valid when status is SAM_CHECK_CONDITION */
	uint32_t done;			/* bytes of the buffer that were transferred */
};

/* What kind of work an operation is: the op= of faults and the counters. */
enum scsi_class {
	SCSI_CLASS_OTHER,
	SCSI_CLASS_INQUIRY,
	SCSI_CLASS_TEST,
	SCSI_CLASS_CAPACITY,
	SCSI_CLASS_MODE,
	SCSI_CLASS_LUNS,
	SCSI_CLASS_READ,
	SCSI_CLASS_WRITE,
	SCSI_CLASS_VERIFY,
	SCSI_CLASS_FLUSH,
	SCSI_CLASS_UNMAP,
	SCSI_CLASS_COUNT,
};

struct scsi_opcode {
	const char *name;		/* "read_10"; NULL: unknown */
	enum scsi_class class;
	enum scsi_dir dir;
	void (*run)(struct lun *lun, struct scsi_cmd *cmd);	/* NULL: refused */
};

/* The entry of @code; one without a name for what is unknown. */
const struct scsi_opcode *scsi_opcode(uint8_t code);

/* The op= by which faults know a class: "read", "write", "flush", ... */
const char *scsi_class_name(enum scsi_class class);

/* True for classes that touch the medium, whose completions a disk delays. */
bool scsi_class_is_media(enum scsi_class class);

/* Carry out @cmd for logical unit @number of @luns; the answer is always filled. */
void scsi_execute(struct lun_table *luns, unsigned int number, struct scsi_cmd *cmd);

/* INQUIRY and REPORT LUNS are answered where no disk is (SPC-4 6.6.2, 6.33). */
void scsi_inquiry_no_lun(struct scsi_cmd *cmd);
void scsi_report_luns(struct lun_table *luns, struct scsi_cmd *cmd);

/* ---- answers (scsi_sense.c) ------------------------------------------------ */

/* GOOD; cmd->done, the bytes transferred, stays as it is. */
void scsi_good(struct scsi_cmd *cmd);

/* CHECK CONDITION with @sense. */
void scsi_fail(struct scsi_cmd *cmd, enum scsi_sense sense);

/* The same with the LBA in the information field where it fits (SPC-4 4.5.3). */
void scsi_fail_at(struct scsi_cmd *cmd, enum scsi_sense sense, uint64_t lba);

/* A failure of the transport, without sense: @srb_status is one of SRB_*. */
void scsi_fail_srb(struct scsi_cmd *cmd, uint8_t srb_status);

/* What a negative errno of a backend means to the guest. */
enum scsi_sense scsi_sense_of_errno(int rc, bool write);

/* The sense that error,sense=NAME asks for; SCSI_SENSE_NONE for an unknown name. */
enum scsi_sense scsi_sense_by_name(const char *name);

/* Fixed format sense data, SCSI_SENSE_LEN bytes. */
void scsi_sense_fill(uint8_t *buf, enum scsi_sense sense);

/* ---- data (scsi_data.c) ---------------------------------------------------- */

/* Answer with @len bytes of parameter data, cut to @alloc_len and to the buffer. */
void scsi_reply(struct scsi_cmd *cmd, const void *data, uint32_t len, uint32_t alloc_len);

/* Copy the first @len bytes that the guest sent. False: the buffer has fewer. */
bool scsi_fetch(struct scsi_cmd *cmd, void *data, uint32_t len);

/* Shorten the vector to @len bytes, at most cmd->len. */
void scsi_trim(struct scsi_cmd *cmd, uint32_t len);

/* ---- commands -------------------------------------------------------------- */
/* One each for struct scsi_opcode: carry out the CDB on @lun and fill the answer. */
void scsi_test_unit_ready(struct lun *lun, struct scsi_cmd *cmd);
void scsi_start_stop(struct lun *lun, struct scsi_cmd *cmd);
void scsi_request_sense(struct lun *lun, struct scsi_cmd *cmd);
void scsi_inquiry(struct lun *lun, struct scsi_cmd *cmd);
void scsi_mode_sense(struct lun *lun, struct scsi_cmd *cmd);
void scsi_read_capacity_10(struct lun *lun, struct scsi_cmd *cmd);
void scsi_service_action_in(struct lun *lun, struct scsi_cmd *cmd);
void scsi_read(struct lun *lun, struct scsi_cmd *cmd);
void scsi_write(struct lun *lun, struct scsi_cmd *cmd);
void scsi_verify(struct lun *lun, struct scsi_cmd *cmd);
void scsi_synchronize_cache(struct lun *lun, struct scsi_cmd *cmd);
void scsi_unmap(struct lun *lun, struct scsi_cmd *cmd);
void scsi_write_same(struct lun *lun, struct scsi_cmd *cmd);

/* A block range of a CDB of 6, 10, 12 or 16 bytes (SBC-3 5). */
struct scsi_range {
	uint64_t lba;
	uint32_t blocks;
};

/*
 * The range in @cdb of SCSI_CDB_MAX bytes, whose opcode says where it is; not
 * checked against any disk. 0 blocks of a 6-byte CDB are 256 (SBC-3, READ(6)).
 */
struct scsi_range scsi_range_of(const uint8_t *cdb);

/* True when the range lies on the disk; else the answer is LBA OUT OF RANGE. */
bool scsi_range_ok(const struct lun *lun, struct scsi_cmd *cmd, uint64_t lba, uint64_t blocks);

#endif
