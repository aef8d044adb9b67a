/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_DEVICES_H
#define AZ_LAB_DEVICES_H

#include "options.h"
#include "vmbus/bus.h"
#include "vpci/vpci.h"

/* Announce the faults of every type of device to @faults; the bus does its own. 0 or -ENOMEM. */
int devices_register_faults(struct faults *faults);

/* Print them on standard output, for --list-faults. */
void devices_list_faults(void);

/*
 * Add to @bus what @o asks for: network devices net0.., one SCSI controller
 * scsi0 with all disks, and the integration services. 0, or -errno after one
 * line on standard error.
 */
int devices_add(struct vmbus *bus, struct vpci *vpci, const struct options *o);

#endif
