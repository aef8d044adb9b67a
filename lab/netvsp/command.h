/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_COMMAND_H
#define AZ_LAB_NETVSP_COMMAND_H

#include "netvsp/internal.h"

/*
 * Commands of the control socket for @dev, beside those of its backend:
 *
 *	media		state: "up" or "down"; the guest gets an indication
 *	inject		kind: "ppi-size0" and so on, see ppi.c: one malformed packet
 *	send-rsc	segments: 2..44; one coalesced TCP frame
 *	delay		us: of the responder's answers
 *
 * 0, -ENOENT, or -EINVAL with "error" in @reply.
 */
int netvsp_command(struct netvsp *dev, const char *cmd, json_t *args, json_t *reply);

#endif
