/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_NETVSP_H
#define AZ_LAB_NETVSP_NETVSP_H

#include "vmbus/device.h"

/*
 * The host side of netvsc: NVSP and RNDIS over a VMBus channel.
 *
 * @spec is the value of --net: "responder[,key=value]..." or
 * "tap=NAME[,key=value]...". The device is named net<@instance>. 0 and *@out,
 * owned by the caller until vmbus_add_device(); -EINVAL for a bad @spec,
 * -EPERM, -ENOENT, -EBUSY for a TAP that cannot be had; then @err holds one
 * line with what would be right.
 */
int netvsp_create(const char *spec, unsigned int instance, struct vmbus_device **out,
		  char *err, unsigned int err_len);

/* One line for each key of --net, for --help. */
extern const char netvsp_help[];

extern const struct fault_kind netvsp_faults[];

#endif
