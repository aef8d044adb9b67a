// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "storvsp/scsi.h"

/*
 * Commands against the SCSI target: a CDB, a direction and a buffer in pieces
 * of the fuzzer's choosing. The disks stay as earlier inputs left them, which
 * a guest can do as well.
 */
#define MAX_PIECES	8
#define MAX_BUFFER	(64u << 10)
#define HEADER		(4 + SCSI_CDB_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lun_table *make_disks(void)
{
	static const char *const specs[] = { "ram=1M", "ram=1M,lbs=4096", "ram=64K,ro" };
	static struct lun_table table;
	struct lun_extra extra;
	struct lun *lun;
	char err[200];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (lun_create(specs[i], "fuzz", i, &lun, &extra, err, sizeof(err)))
			abort();
		lun_replace(&table, i, lun);
	}
	return &table;
}

/* Separate allocations, so that one byte too far is seen. */
static int make_pieces(struct iovec *iov, uint32_t len, uint8_t shape)
{
	uint32_t n;
	int i;

	for (i = 0; len && i < MAX_PIECES; i++) {
		n = i == MAX_PIECES - 1 ? len : 1 + (shape * 37u + i * 1031u) % len;
		iov[i].iov_base = calloc(1, n);
		iov[i].iov_len = n;
		if (!iov[i].iov_base)
			abort();
		len -= n;
	}
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lun_table *disks;
	struct iovec pieces[MAX_PIECES], iov[MAX_PIECES];
	struct scsi_cmd cmd = { 0 };
	size_t at = HEADER, n;
	uint32_t len;
	int i;

	if (!disks)
		disks = make_disks();
	if (size < HEADER)
		return 0;
	cmd.cdb_len = data[0] % 20;
	cmd.dir = data[0] >> 5 & 1 ? SCSI_DATA_IN : data[0] >> 6 & 1 ? SCSI_NO_DATA : SCSI_DATA_OUT;
	cmd.len = (uint32_t)data[2] << 8 | (data[0] & 0x80 ? size - HEADER : data[3]);
	cmd.len %= MAX_BUFFER;
	memcpy(cmd.cdb, data + 4, SCSI_CDB_MAX);
	cmd.n_iov = make_pieces(pieces, cmd.len, data[1]);
	for (i = 0; i < cmd.n_iov; at += n, i++) {
		n = size - at < pieces[i].iov_len ? size - at : pieces[i].iov_len;
		memcpy(pieces[i].iov_base, data + at, n);
	}
	memcpy(iov, pieces, sizeof(iov));
	n = cmd.n_iov;
	len = cmd.len;
	cmd.iov = iov;
	scsi_execute(disks, data[1] % 4, &cmd);
	if (cmd.done > len || !cmd.srb_status)	/* more than there is, or no answer */
		abort();
	while (n--)
		free(pieces[n].iov_base);
	return 0;
}
