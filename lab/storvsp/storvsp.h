/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_STORVSP_H
#define AZ_LAB_STORVSP_STORVSP_H

#include "vmbus/device.h"

/*
 * The host side of storvsc: one SCSI controller (scsi<@instance>) with a LUN
 * for each of the @n values of --disk: "ram=SIZE[,ro][,key=value]..." or
 * "FILE[,ro][,key=value]...". 0 and *@out; -EINVAL, -ENOENT, -EACCES and so
 * on with one line in @err (a file that is missing, or whose size is not a
 * multiple of 512).
 */
int storvsp_create(const char *const *specs, unsigned int n, unsigned int instance,
		   struct vmbus_device **out, char *err, unsigned int err_len);

extern const char storvsp_help[];
extern const struct fault_kind storvsp_faults[];

#endif
