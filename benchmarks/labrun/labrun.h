/* SPDX-License-Identifier: GPL-2.0-only */
/* One guest run of the lab, as its directory holds it. */
#ifndef AZ_BENCHMARKS_LABRUN_H
#define AZ_BENCHMARKS_LABRUN_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "lib/hist.h"

/*
 * Results of the guest by name, from the "@json NAME {...}" lines of results.txt;
 * what the host counted, from counters.json; how it ended, from status.json.
 */
struct labrun {
	const char *dir;
	json_t *results;	/* object: name -> result */
	json_t *counters;
	json_t *status;
};

/*
 * Reads the run at @dir, which is kept by reference. Returns 0, or -EINVAL with
 * one line on standard error when a file is missing or broken. labrun_free() in
 * either case.
 */
int labrun_read(struct labrun *run, const char *dir);
void labrun_free(struct labrun *run);

/* Did the guest end as expected? status.json says "ok": true. */
bool labrun_good(const struct labrun *run);

/* Histogram @hist of result @name, or -ENOENT when the run has none. */
int labrun_hist(const struct labrun *run, const char *name, const char *hist,
		struct az_hist *out);

struct labrun_metric {
	const char *name, *unit;
	bool lower_is_better;
	const char *help;
	int (*get)(const struct labrun *run, double *out);
};

/* The metrics of make run, ended by name NULL; @get returns 0 or -ENOENT. */
extern const struct labrun_metric labrun_metrics[];

/*
 * What a fault did to the guest of the run at @dir: "hang" (watchdog expiry, soft
 * lockup or RCU stall), "splat" (BUG, WARNING, Oops, KASAN, panic, unasked reset)
 * or "ok"; NULL after one line on standard error when the run cannot tell, for
 * it has no status or the host itself failed. The console line that gave the
 * proof is copied into @proof ("" when there is none).
 */
const char *labrun_outcome(const char *dir, char *proof, size_t len);

#endif
