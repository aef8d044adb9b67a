/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VPCI_VPCI_H
#define AZ_LAB_VPCI_VPCI_H

#include "pci/bus.h"
#include "vmbus/bus.h"

/*
 * vPCI: PCI functions on VMBus, the host side of pci-hyperv. A struct vpci is
 * all buses of a machine; each bus is a VMBus device "vpci<number>" with up to
 * VPCI_MAX_SLOTS functions, and a PCI domain of its own in the guest.
 */
#define VPCI_MAX_SLOTS	8u

struct vpci;

/* Without functions; @vmbus and what @platform points to must stay. NULL: no memory. */
struct vpci *vpci_create(struct vmbus *vmbus, const struct pci_platform *platform);

/* After vmbus_free(), which frees buses and functions. NULL is harmless. */
void vpci_free(struct vpci *v);

/* Add the device of @spec of --pci. 0, or -errno with one line in @err. */
int vpci_add(struct vpci *v, const char *spec, char *err, unsigned int err_len);

/*
 * Hand the buses to VMBus, after the last vpci_add() and before the guest
 * starts. 0 or -errno.
 */
int vpci_offer(struct vpci *v);

/* Announce the faults of vPCI and of all types of devices. 0 or -ENOMEM. */
int vpci_register_faults(struct faults *faults);
/* Call @fn with each table of faults. */
void vpci_each_fault_table(void (*fn)(const struct fault_kind *table));

/* For faults_set_devices(): is @name a function or the type of one? */
bool vpci_is_there(const struct vpci *v, const char *name);

/* As vmbus_timed_fault(), for a fault that names functions. */
int vpci_timed_fault(struct vpci *v, struct fault *fault);

/*
 * A command of the control socket for function @name: eject, remove, add, or
 * the device's own. As vmbus_device_command(); -ENOENT: no such function or
 * command.
 */
int vpci_command(struct vpci *v, const char *name, const char *cmd, json_t *args, json_t *reply);

/* Where the guest wants a message of a device to go, from RETARGET_INTERRUPT. */
struct vpci_target {
	uint64_t device_id;
	uint64_t address;
	uint32_t data;
	uint32_t vector;
	uint64_t vps;		/* mask of VPs that exist */
};

/* HV_STATUS_*. vCPU threads. */
uint16_t vpci_retarget(struct vpci *v, const struct vpci_target *target);

/* All functions with their counters, as in counters.json ("pci"); new reference. Any thread. */
json_t *vpci_counters(struct vpci *v);

/* What --help says of --pci; a static buffer. */
const char *vpci_help(void);

#endif
