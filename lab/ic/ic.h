/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_IC_IC_H
#define AZ_LAB_IC_IC_H

#include "vmbus/device.h"

/*
 * The integration services: heartbeat, shutdown, time synchronisation, KVP.
 * Each is a device of its own ("heartbeat", "shutdown", "timesync", "kvp").
 * 0 or -ENOMEM.
 *
 * Commands of the control socket, with "device" the service:
 *	ic-status		versions, counts, the last answer; every service
 *	heartbeat period_ms=N	0 is silent; 2000 at the start
 *	shutdown [reboot=bool] [force=bool]
 *	timesync send="sync"|"sample", on_open=bool
 *				on_open: tell the time when the guest opens the
 *				channel (true at the start)
 *	kvp-get key=TEXT [pool="auto"|"guest"|"external"]
 *				look for a key; ic-status has the value when it is found
 */
int ic_add_all(struct vmbus *bus);

extern const struct fault_kind ic_faults[];

#endif
