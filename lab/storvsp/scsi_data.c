// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "storvsp/scsi.h"

void scsi_reply(struct scsi_cmd *cmd, const void *data, uint32_t len, uint32_t alloc_len)
{
	const uint8_t *p = data;
	uint32_t n;
	int i;

	if (len > alloc_len)
		len = alloc_len;
	if (len > cmd->len)
		len = cmd->len;
	cmd->done = 0;
	for (i = 0; i < cmd->n_iov && cmd->done < len; i++) {
		n = len - cmd->done;
		if (n > cmd->iov[i].iov_len)
			n = cmd->iov[i].iov_len;
		memcpy(cmd->iov[i].iov_base, p + cmd->done, n);
		cmd->done += n;
	}
	scsi_good(cmd);
}

bool scsi_fetch(struct scsi_cmd *cmd, void *data, uint32_t len)
{
	uint8_t *p = data;
	uint32_t got = 0, n;
	int i;

	if (len > cmd->len)
		return false;
	for (i = 0; i < cmd->n_iov && got < len; i++) {
		n = len - got;
		if (n > cmd->iov[i].iov_len)
			n = cmd->iov[i].iov_len;
		memcpy(p + got, cmd->iov[i].iov_base, n);
		got += n;
	}
	return true;
}

void scsi_trim(struct scsi_cmd *cmd, uint32_t len)
{
	int i;

	if (len > cmd->len)
		len = cmd->len;
	cmd->len = len;
	for (i = 0; i < cmd->n_iov && len; i++) {
		if (cmd->iov[i].iov_len > len)
			cmd->iov[i].iov_len = len;
		len -= cmd->iov[i].iov_len;
	}
	cmd->n_iov = i;
}
