/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VMBUS_BUS_H
#define AZ_LAB_VMBUS_BUS_H

#include "vmbus/device.h"

/*
 * The bus as the machine sees it. The machine provides the SynIC through
 * struct vmbus_platform; unit tests and fuzzers provide a fake one, so that
 * nothing here needs KVM.
 */
struct vmbus_platform {
	void *ctx;

	/*
	 * Put @msg (header of 16 bytes and payload, 256 in all; TLFS 11.9) into
	 * the guest's message slot of SINT @sint on VP @vp and raise the
	 * interrupt. 0; -EAGAIN when the slot is occupied, then msg_pending
	 * was set and vmbus_eom() will be called; -ENODEV when that VP has no
	 * message page enabled.
	 */
	int (*post_message)(void *ctx, uint32_t vp, unsigned int sint, const void *msg);

	/*
	 * Set event flag @flag of SINT @sint on VP @vp; interrupt if it was clear. 0; 1 when
	 * it was set still, so that one interrupt stands for both; -ENODEV.
	 */
	int (*signal_event)(void *ctx, uint32_t vp, unsigned int sint, unsigned int flag);

	/*
	 * SIGNAL_EVENT hypercalls for @connection_id shall write to eventfd
	 * @fd (-1: stop). In the kernel where KVM_HYPERV_EVENTFD is there.
	 */
	int (*bind_signal)(void *ctx, uint32_t connection_id, int fd);

	/* The highest VP index + 1. */
	uint32_t vp_count;
};

/*
 * The bus with its control loop. Announces its own fault kinds and those that
 * every device has (rescind, refuse-open) to @faults. @mem, @faults and what
 * @platform points to must outlive it. NULL with errno set on failure.
 */
struct vmbus *vmbus_create(const struct guest_memory *mem, struct faults *faults,
			   const struct vmbus_platform *platform);
/* Close all channels, destroy all devices. */
void vmbus_free(struct vmbus *bus);

/* Add @dev before the guest starts; the bus owns it then and calls ops->destroy. 0 or -errno. */
int vmbus_add_device(struct vmbus *bus, struct vmbus_device *dev);
struct vmbus_device *vmbus_find_device(struct vmbus *bus, const char *name);
/* Is @name the bus ("vmbus"), a device, or a type that a device has? For faults_set_devices(). */
bool vmbus_is_there(void *bus, const char *name);

/*
 * From a vCPU thread: HvCallPostMessage with connection id, type and payload
 * (at most 240 bytes, TLFS 11.10.3). The return value is the hypercall's
 * status (HV_STATUS_*). The message is handled on the control loop.
 */
uint16_t vmbus_post_message(struct vmbus *bus, uint32_t connection_id, uint32_t type,
			    const void *payload, uint32_t len);

/* The guest freed its message slot on VP @vp. Any thread. */
void vmbus_eom(struct vmbus *bus, uint32_t vp);

/* The guest was reset or crashed: forget the connection, close everything. */
void vmbus_reset(struct vmbus *bus);

/* Channels with counters, as in counters.json ("channels"); new reference. Any thread. */
json_t *vmbus_counters(struct vmbus *bus);

/*
 * Channel messages by type in both directions, and what was wrong with some:
 * {"received":{"open":n,...},"sent":{...},"ignored":n,...}; new reference. Any thread.
 */
json_t *vmbus_message_counters(struct vmbus *bus);

/* The newest version that the host accepts (VMBUS_VERSION_*); before the guest starts. */
void vmbus_set_max_version(struct vmbus *bus, uint32_t version);
/* "5.3" as VMBUS_VERSION_*. 0, or -EINVAL for a version that there never was. */
int vmbus_parse_version(const char *text, uint32_t *version);

/*
 * A timed fault that faults_add() gave: it happens fault_at_ms() after this
 * call. Any thread. 0; -ENODEV when there is no such device; -ENOMEM.
 */
int vmbus_timed_fault(struct vmbus *bus, struct fault *fault);

/*
 * Hand a command of the control socket to device @name, on the control loop.
 * As ops->command; -ENOENT also when there is no such device. Not from a
 * channel's loop.
 */
int vmbus_device_command(struct vmbus *bus, const char *name, const char *cmd,
			 json_t *args, json_t *reply);

/* What can go wrong on the bus itself and with every device. */
extern const struct fault_kind vmbus_fault_kinds[];

#endif
