/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_IC_IC_H
#define AZ_LAB_IC_IC_H

#include "vmbus/device.h"

/*
 * The integration services: heartbeat, shutdown, time synchronisation, KVP.
 * Each is a device of its own ("heartbeat", "shutdown", "timesync", "kvp").
 * 0 or -ENOMEM.
 */
int ic_add_all(struct vmbus *bus);

extern const struct fault_kind ic_faults[];

#endif
