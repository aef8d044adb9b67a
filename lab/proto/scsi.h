/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_SCSI_H
#define AZ_LAB_PROTO_SCSI_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/*
 * The part of SCSI that a disk on a Hyper-V controller speaks: SAM-5 status
 * codes, SPC-4 and SBC-3 commands. Everything on the wire is big endian.
 */

/* ---- status (SAM-5 5.3) ---------------------------------------------------- */
#define SAM_GOOD			0x00
#define SAM_CHECK_CONDITION		0x02
#define SAM_BUSY			0x08
#define SAM_TASK_SET_FULL		0x28

/* ---- operation codes (SPC-4 annex E) --------------------------------------- */
#define SCSI_TEST_UNIT_READY		0x00
#define SCSI_REQUEST_SENSE		0x03
#define SCSI_READ_6			0x08
#define SCSI_WRITE_6			0x0a
#define SCSI_INQUIRY			0x12
#define SCSI_MODE_SENSE_6		0x1a
#define SCSI_START_STOP_UNIT		0x1b
#define SCSI_READ_CAPACITY_10		0x25
#define SCSI_READ_10			0x28
#define SCSI_WRITE_10			0x2a
#define SCSI_VERIFY_10			0x2f
#define SCSI_SYNCHRONIZE_CACHE_10	0x35
#define SCSI_WRITE_SAME_10		0x41
#define SCSI_UNMAP			0x42
#define SCSI_MODE_SENSE_10		0x5a
#define SCSI_PERSISTENT_RESERVE_IN	0x5e
#define SCSI_PERSISTENT_RESERVE_OUT	0x5f
#define SCSI_READ_16			0x88
#define SCSI_WRITE_16			0x8a
#define SCSI_VERIFY_16			0x8f
#define SCSI_SYNCHRONIZE_CACHE_16	0x91
#define SCSI_WRITE_SAME_16		0x93
#define SCSI_SERVICE_ACTION_IN_16	0x9e
#define SCSI_REPORT_LUNS		0xa0
#define SCSI_READ_12			0xa8
#define SCSI_WRITE_12			0xaa
#define SCSI_VERIFY_12			0xaf

#define SCSI_SAI_READ_CAPACITY_16	0x10	/* service action, byte 1 bits 0-4 */

#define SCSI_CDB_MAX			16

/* ---- sense data, fixed format (SPC-4 4.5.3) -------------------------------- */
#define SCSI_SENSE_LEN			18
#define SCSI_SENSE_FIXED_CURRENT	0x70
#define SCSI_SENSE_INFO_VALID		0x80	/* byte 0: bytes 3-6 hold an LBA */

#define SENSE_NO_SENSE			0x0
#define SENSE_NOT_READY			0x2
#define SENSE_MEDIUM_ERROR		0x3
#define SENSE_HARDWARE_ERROR		0x4
#define SENSE_ILLEGAL_REQUEST		0x5
#define SENSE_UNIT_ATTENTION		0x6
#define SENSE_DATA_PROTECT		0x7
#define SENSE_ABORTED_COMMAND		0xb
#define SENSE_MISCOMPARE		0xe

/* Additional sense code and qualifier as one number (SPC-4 annex D). */
#define ASC_NONE			0x0000
#define ASC_BECOMING_READY		0x0401
#define ASC_WRITE_ERROR			0x0c00
#define ASC_UNRECOVERED_READ_ERROR	0x1100
#define ASC_PARAMETER_LIST_LENGTH	0x1a00
#define ASC_MISCOMPARE_DURING_VERIFY	0x1d00
#define ASC_INVALID_OPCODE		0x2000
#define ASC_LBA_OUT_OF_RANGE		0x2100
#define ASC_INVALID_FIELD_IN_CDB	0x2400
#define ASC_WRITE_PROTECTED		0x2700
#define ASC_SPACE_ALLOCATION_FAILED	0x2707
#define ASC_RESET_OCCURRED		0x2900	/* power on or reset */
#define ASC_CAPACITY_CHANGED		0x2a09
#define ASC_SAVING_NOT_SUPPORTED	0x3900
#define ASC_INTERNAL_TARGET_FAILURE	0x4400
#define ASC_COMMAND_ABORTED		0x4700

/* ---- INQUIRY (SPC-4 6.6, 7.8; SBC-3 6.5) ----------------------------------- */
#define INQUIRY_EVPD			0x01	/* cdb byte 1 */
#define INQUIRY_NO_LUN			0x7f	/* qualifier 011b, type 1Fh */
#define INQUIRY_VERSION_SPC3		0x05
#define INQUIRY_FORMAT_2		0x02
#define INQUIRY_CMDQUE			0x02	/* byte 7 */

#define VPD_SUPPORTED_PAGES		0x00
#define VPD_UNIT_SERIAL			0x80
#define VPD_DEVICE_ID			0x83
#define VPD_BLOCK_LIMITS		0xb0
#define VPD_BLOCK_CHARACTERISTICS	0xb1
#define VPD_PROVISIONING		0xb2

/* ---- mode pages (SPC-4 7.5, SBC-3 6.4) ------------------------------------- */
#define MODE_PAGE_CACHING		0x08
#define MODE_PAGE_CONTROL		0x0a
#define MODE_PAGE_ALL			0x3f
#define MODE_DBD			0x08	/* cdb byte 1: no block descriptors */
#define MODE_LLBAA			0x10	/* cdb byte 1 of MODE SENSE(10) */
#define MODE_DEVICE_WP			0x80
#define MODE_DEVICE_DPOFUA		0x10
#define MODE_CACHING_WCE		0x04

/* ---- bits of block commands (SBC-3 5) -------------------------------------- */
#define RW_FUA				0x08	/* byte 1 of READ and WRITE 10, 12, 16 */
#define RW_PROTECT			0xe0	/* byte 1: protection information */
#define VERIFY_BYTCHK			0x06	/* byte 1 */
#define WRITE_SAME_NDOB			0x01	/* byte 1 of WRITE SAME(16) */
#define WRITE_SAME_UNMAP		0x08	/* byte 1 */
#define WRITE_SAME_ANCHOR		0x10	/* byte 1 */
#define UNMAP_ANCHOR			0x01	/* byte 1 */

/* ---- unaligned big endian -------------------------------------------------- */
/*
 * Numbers in CDBs, parameter data and sense data: SPC-4 puts the most significant
 * byte first. At any address; the caller has checked that the bytes are there.
 */

/* The 16-bit number at @p. */
static inline uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The 32-bit number at @p. */
static inline uint32_t be32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

/* The 64-bit number at @p. */
static inline uint64_t be64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* Write @v as two bytes at @p. */
static inline void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

/* Write @v as four bytes at @p. */
static inline void put_be32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

/* Write @v as eight bytes at @p. */
static inline void put_be64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
