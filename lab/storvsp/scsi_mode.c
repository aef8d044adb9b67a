// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "storvsp/scsi.h"

#define PC_CHANGEABLE	1
#define PC_SAVED	3

#define MODE_MAX	64

/* Append a page: current and default values are the same, nothing can be changed. */
static uint32_t page_caching(uint8_t *p, unsigned int pc)
{
	memset(p, 0, 20);
	p[0] = MODE_PAGE_CACHING;
	p[1] = 18;
	if (pc != PC_CHANGEABLE)
		p[2] = MODE_CACHING_WCE;
	return 20;
}

static uint32_t page_control(uint8_t *p, unsigned int pc)
{
	memset(p, 0, 12);
	p[0] = MODE_PAGE_CONTROL;
	p[1] = 10;
	if (pc != PC_CHANGEABLE)
		p[3] = 0x10;		/* commands may be reordered without restriction */
	return 12;
}

/* The pages that @cdb asks for; bytes, or 0 for an unknown page. */
static uint32_t pages(const uint8_t *cdb, uint8_t *p)
{
	unsigned int page = cdb[2] & 0x3f, pc = cdb[2] >> 6, subpage = cdb[3];
	uint32_t len = 0;

	if (subpage && !(subpage == 0xff && page == MODE_PAGE_ALL))
		return 0;
	if (page == MODE_PAGE_CACHING || page == MODE_PAGE_ALL)
		len += page_caching(p + len, pc);
	if (page == MODE_PAGE_CONTROL || page == MODE_PAGE_ALL)
		len += page_control(p + len, pc);
	return len;
}

/* The block descriptor, short or long (SBC-3 6.4.2). Bytes. */
static uint32_t descriptor(const struct lun *lun, uint8_t *p, bool longlba)
{
	if (longlba) {
		put_be64(p, lun->blocks);
		put_be32(p + 12, lun->block_size);
		return 16;
	}
	put_be32(p, lun->blocks > UINT32_MAX ? UINT32_MAX : lun->blocks);
	put_be32(p + 4, lun->block_size);	/* 3 bytes behind a reserved one */
	return 8;
}

void scsi_mode_sense(struct lun *lun, struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == SCSI_MODE_SENSE_10;
	bool longlba = ten && (cmd->cdb[1] & MODE_LLBAA);
	uint32_t header = ten ? 8 : 4, desc_len = 0, len;
	uint8_t buf[MODE_MAX] = { 0 };
	uint8_t device = MODE_DEVICE_DPOFUA | (lun->read_only ? MODE_DEVICE_WP : 0);

	if (cmd->cdb[2] >> 6 == PC_SAVED) {
		scsi_fail(cmd, SCSI_SENSE_NO_SAVED_PAGES);
		return;
	}
	if (!(cmd->cdb[1] & MODE_DBD))
		desc_len = descriptor(lun, buf + header, longlba);
	len = pages(cmd->cdb, buf + header + desc_len);
	if (!len) {
		scsi_fail(cmd, SCSI_SENSE_BAD_FIELD);
		return;
	}
	len += header + desc_len;
	if (ten) {
		put_be16(&buf[0], len - 2);
		buf[3] = device;
		buf[4] = longlba;
		put_be16(&buf[6], desc_len);
		scsi_reply(cmd, buf, len, be16_at(&cmd->cdb[7]));
	} else {
		buf[0] = len - 1;
		buf[2] = device;
		buf[3] = desc_len;
		scsi_reply(cmd, buf, len, cmd->cdb[4]);
	}
}
