/* SPDX-License-Identifier: GPL-2.0-only */
/* Measurements by the kernel module hv_exitlat: Documentation/exitlat.md. */
#ifndef AZ_BENCHMARKS_EXIT_MODULE_H
#define AZ_BENCHMARKS_EXIT_MODULE_H

#include "benchmarks/bench.h"
#include "drivers/hv/hv_exitlat.h"

#define EXITLAT_DIR	"/sys/kernel/debug/hv_exitlat"
#define EXITLAT_NAMES	64

struct exitlat {
	struct bench bench;
	const char *dir, *target;
	unsigned int cpu;
	uint64_t samples, delay;
	bool show;			/* what was measured before */

	/* private */
	unsigned int done, failed;
	char name[EXITLAT_NAMES][EXITLAT_NAME_LEN];
	bool asked[EXITLAT_NAMES];	/* for just this one, by its whole name */
	unsigned int names;
};

#define EXITLAT_DEFAULT \
	{ .dir = EXITLAT_DIR, .target = "auto", .samples = 10000, .delay = 50000 }

/*
 * Has the module measure @names of its measurements (0: all that this VM has),
 * prints a line for each and writes the result "exitlat". Returns the exit code,
 * AZ_EXIT_FAILED when one measurement failed.
 */
int exitlat_run(struct exitlat *e, char **name, int names);

#endif
