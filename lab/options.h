/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_OPTIONS_H
#define AZ_LAB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MAX_LIST	64	/* of one option that may repeat */

struct option_list {
	const char *name;		/* of the option, for messages */
	const char *item[OPTIONS_MAX_LIST];
	unsigned int n;
};

/* The command line of azhost. Strings point into argv. */
struct options {
	const char *kernel, *append, *console, *results, *counters, *control, *mode;
	const char *send;		/* socket; the JSON line is @operand */
	const char *operand;
	struct option_list initrds, nets, disks, pcis, faults;
	unsigned int memory_mib, vcpus, numa;
	uint32_t vmbus_version;		/* the newest, VMBUS_VERSION_* */
	uint64_t watchdog_ns, seed;
	uint64_t mmio_high;		/* bytes */
	bool mmio_hypercalls;
	bool smt, probe_kvm, list_faults, version;
};

/* 0; 1: help was printed; -EINVAL after one line on standard error. */
int options_parse(struct options *o, int argc, char **argv);

#endif
