/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMBus channels of this machine, from sysfs. */
#ifndef AZ_BPF_CORE_CHANNELS_H
#define AZ_BPF_CORE_CHANNELS_H

#include <stddef.h>

#include <jansson.h>

struct trace_channel {
	unsigned int relid;
	unsigned int index;	/* subchannel_id: 0 is the primary channel */
	unsigned int cpu;	/* that its interrupts go to */
	char device[40];	/* network interface, "host2" of SCSI, or the driver's name */
};

struct trace_channels {
	struct trace_channel *channel;	/* by relid */
	size_t count;
};

/*
 * Reads /sys/bus/vmbus/devices, or what trace_channels_recall() was given. Returns 0, also for a
 * machine without any, or negative errno. trace_channels_free() afterwards.
 */
int trace_channels_read(struct trace_channels *list);
void trace_channels_free(struct trace_channels *list);

/*
 * The channels as [[relid, index, cpu, device], ...] for a recording, NULL when they cannot be
 * read; and from there, for all later calls of trace_channels_read(). What is not of
 * this form is left out.
 */
json_t *trace_channels_remember(void);
void trace_channels_recall(const json_t *list);

/* That channel, or NULL. */
const struct trace_channel *trace_channels_find(const struct trace_channels *list,
						unsigned int relid);

#endif
