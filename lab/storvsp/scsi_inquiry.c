// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "storvsp/scsi.h"

/*
 * INQUIRY and its vital product data pages. Names are those of a Hyper-V
 * disk, because storvsc and user space look for "Msft" (storvsc_drv.c,
 * storvsc_device_configure()).
 */
#define STANDARD_LEN	36
#define VPD_MAX		64

static void text(uint8_t *dst, unsigned int len, const char *s)
{
	unsigned int n = strlen(s);

	memset(dst, ' ', len);
	memcpy(dst, s, n < len ? n : len);
}

static void standard(uint8_t *p)
{
	memset(p, 0, STANDARD_LEN);
	p[2] = INQUIRY_VERSION_SPC3;
	p[3] = INQUIRY_FORMAT_2;
	p[4] = STANDARD_LEN - 5;
	p[7] = INQUIRY_CMDQUE;
	text(&p[8], 8, "Msft");
	text(&p[16], 16, "Virtual Disk");
	text(&p[32], 4, "1.0");
}

/* Designators of page 83 (SPC-4 7.8.6): locally assigned NAA, T10 vendor id. */
static uint32_t vpd_device_id(const struct lun *lun, uint8_t *p)
{
	uint32_t len = strlen(lun->serial);
	uint8_t *d = p + 4;

	d[0] = 0x01;			/* binary */
	d[1] = 0x03;			/* NAA, of the logical unit */
	d[3] = 8;
	put_be64(&d[4], lun->naa);
	d += 12;
	d[0] = 0x02;			/* ASCII */
	d[1] = 0x01;			/* T10 vendor id, of the logical unit */
	d[3] = 8 + len;
	text(&d[4], 8, "Msft");
	memcpy(&d[12], lun->serial, len);
	return 12 + 12 + len;
}

static uint32_t vpd_block_limits(const struct lun *lun, uint8_t *p)
{
	uint32_t granule = LUN_DISCARD_GRANULE / lun->block_size;

	p[4] = 0x01;			/* WSNZ: WRITE SAME of 0 blocks is refused */
	put_be16(&p[6], granule);	/* optimal transfer granularity */
	put_be32(&p[8], LUN_MAX_TRANSFER / lun->block_size);
	put_be32(&p[20], LUN_MAX_DISCARD / lun->block_size);
	put_be32(&p[24], LUN_MAX_UNMAP_DESCS);
	put_be32(&p[28], granule);
	put_be32(&p[32], 1u << 31);	/* UGAVALID, alignment 0 */
	put_be64(&p[36], LUN_MAX_DISCARD / lun->block_size);
	return 60;
}

/* The page's parameters behind its header; their length, or -1 for an unknown page. */
static int vpd_page(const struct lun *lun, uint8_t page, uint8_t *p)
{
	static const uint8_t pages[] = {
		VPD_SUPPORTED_PAGES, VPD_UNIT_SERIAL, VPD_DEVICE_ID,
		VPD_BLOCK_LIMITS, VPD_BLOCK_CHARACTERISTICS, VPD_PROVISIONING,
	};
	uint32_t len;

	switch (page) {
	case VPD_SUPPORTED_PAGES:
		memcpy(p + 4, pages, sizeof(pages));
		return sizeof(pages);
	case VPD_UNIT_SERIAL:
		len = strlen(lun->serial);
		memcpy(p + 4, lun->serial, len);
		return len;
	case VPD_DEVICE_ID:
		return vpd_device_id(lun, p);
	case VPD_BLOCK_LIMITS:
		return vpd_block_limits(lun, p);
	case VPD_BLOCK_CHARACTERISTICS:
		put_be16(&p[4], 1);	/* does not rotate */
		return 60;
	case VPD_PROVISIONING:
		p[5] = 0x80 | 0x40 | 0x20 | 0x04;	/* LBPU, LBPWS, LBPWS10, LBPRZ */
		p[6] = 0x02;			/* thin provisioned */
		return 4;
	default:
		return -1;
	}
}

static void inquiry_vpd(struct lun *lun, struct scsi_cmd *cmd, uint32_t alloc_len)
{
	uint8_t buf[4 + VPD_MAX + LUN_SERIAL_MAX] = { 0 };
	uint8_t page = cmd->cdb[2];
	int len = vpd_page(lun, page, buf);

	if (len < 0) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	buf[1] = page;
	put_be16(&buf[2], len);
	scsi_reply(cmd, buf, 4 + len, alloc_len);
}

void scsi_inquiry(struct lun *lun, struct scsi_cmd *cmd)
{
	uint32_t alloc_len = be16_at(&cmd->cdb[3]);
	uint8_t buf[STANDARD_LEN];

	if (cmd->cdb[1] & INQUIRY_EVPD) {
		inquiry_vpd(lun, cmd, alloc_len);
		return;
	}
	if (cmd->cdb[2]) {		/* a page code without EVPD */
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	standard(buf);
	scsi_reply(cmd, buf, sizeof(buf), alloc_len);
}

/*
 * No disk here. storvsc turns any failed INQUIRY into a good one
 * (storvsc_on_io_completion()), so only the qualifier in the data says it, and
 * it ends the scan of this target's unit at once.
 */
void scsi_inquiry_no_lun(struct scsi_cmd *cmd)
{
	uint8_t buf[STANDARD_LEN];

	if ((cmd->cdb[1] & INQUIRY_EVPD) || cmd->cdb[2]) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	standard(buf);
	buf[0] = INQUIRY_NO_LUN;
	scsi_reply(cmd, buf, sizeof(buf), be16_at(&cmd->cdb[3]));
}
