/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steal time: what the host gave to others while a CPU of this guest wanted to run. The kernel
 * knows it only where the hypervisor tells: KVM and Xen do, Hyper-V does not; /proc/stat says 0
 * in all other cases.
 */
#ifndef AZ_BPF_CORE_STEAL_H
#define AZ_BPF_CORE_STEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_steal {
	const char *missing;	/* why it is not known; NULL: it is */
	uint64_t *ns;		/* CPU by CPU, since boot */
	unsigned int cpus;
};

/* Of now; short of memory it is "not known". trace_steal_free() when done. */
void trace_steal_read(struct trace_steal *steal);
void trace_steal_free(struct trace_steal *steal);

/* Not known, for reason @why, which is not copied. */
void trace_steal_unknown(struct trace_steal *steal, const char *why);

/* What @cpu lost between the two, in steps of a clock tick (10 ms); false: not known. */
bool trace_steal_of(const struct trace_steal *before, const struct trace_steal *now,
		    unsigned int cpu, uint64_t *ns);

/* That as text, "-" when not known. */
void trace_steal_text(const struct trace_steal *before, const struct trace_steal *now,
		      unsigned int cpu, char *text, size_t len);

#endif
