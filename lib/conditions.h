/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened to the CPUs while something was measured on them: reasons for a
 * slow sample that are not in the measured path.
 */
#ifndef AZ_LIB_CONDITIONS_H
#define AZ_LIB_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <sched.h>

#include <jansson.h>

/*
 * Calls @fn for each CPU of /proc/stat with its steal time since boot: ns, in steps of a clock
 * tick (10 ms). Where the hypervisor does not tell the kernel, that is 0.
 */
void az_steal_each(void (*fn)(unsigned int cpu, uint64_t ns, void *ctx), void *ctx);

/* One reading; the members are private. What cannot be read is UINT64_MAX. */
struct az_conditions {
	uint64_t now;				/* ns, CLOCK_MONOTONIC */
	uint64_t cpus;				/* how many */
	uint64_t steal_ns;			/* of the CPUs of @cpus together */
	uint64_t throttled, throttled_ns;	/* of the cgroup and its parents */
	uint64_t voluntary, involuntary, major_faults;	/* of this process, all threads */
	uint64_t khz_min, khz_max;		/* lowest and highest of the CPUs now */
};

/* Reads. @cpus: those that matter; NULL is those that the caller may run on. */
void az_conditions_read(struct az_conditions *c, const cpu_set_t *cpus);

/*
 * { "wall_ns",
 *   "steal_ns": time that the hypervisor gave to others (/proc/stat, in steps of 10 ms),
 *   "throttled", "throttled_ns": how often and for how long the CPU quota of the cgroup
 *	(or of one above it, the worst) held its processes (cpu.stat, v2 or v1),
 *   "switches_voluntary", "switches_involuntary", "major_faults": getrusage(),
 *   "khz": [lowest, highest] of all readings (scaling_cur_freq) }
 * between two readings of the same CPUs; null for what this machine does not say.
 * Returns a new reference, NULL when memory is short.
 */
json_t *az_conditions_json(const struct az_conditions *begin, const struct az_conditions *end);

/*
 * Did others take CPU time from the run? At least 0.1% of it stolen, or held
 * back by the quota at all. @text of @len gets a sentence without an end.
 */
bool az_conditions_bad(const struct az_conditions *begin, const struct az_conditions *end,
		       char *text, unsigned int len);

#endif
