/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_STORVSP_H
#define AZ_LAB_STORVSP_STORVSP_H

#include "vmbus/device.h"

#define STORVSP_MAX_CONTROLLERS	4	/* as many as a generation-2 machine has */

/*
 * The host side of storvsc: one SCSI controller (scsi<@instance>) with a LUN
 * for each of the @n values of --disk: "ram=SIZE[,ro][,key=value]..." or
 * "FILE[,ro][,key=value]...". 0 and *@out; -EINVAL, -ENOENT, -EACCES and so
 * on with one line in @err (a file that is missing, or whose size is not a
 * multiple of 512).
 */
int storvsp_create(const char *const *specs, unsigned int n, unsigned int instance,
		   struct vmbus_device **out, char *err, unsigned int err_len);

/*
 * The controller that @spec of --disk names (0 when it names none), below
 * STORVSP_MAX_CONTROLLERS. 0, or -errno with one line in @err.
 */
int storvsp_controller_of(const char *spec, unsigned int *controller, char *err,
			  unsigned int err_len);

extern const char storvsp_help[];
extern const struct fault_kind storvsp_faults[];

#endif
