/* SPDX-License-Identifier: GPL-2.0-only */
/* The result files of one side of a comparison. */
#ifndef AZ_BENCHMARKS_RUNS_H
#define AZ_BENCHMARKS_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "benchmarks/compare/order.h"
#include "benchmarks/compare/series.h"
#include "lib/stats.h"

/* More files than this on one side are refused. */
#define RUNS_MAX	1000

/*
 * Results are kept without their histograms and timelines, so that memory does not
 * grow with their resolution. All members start empty but @label and @arm.
 */
struct runs {
	const char *label;	/* "A" */
	const char *arm;	/* of a summary: "stock" or "patched" */
	json_t *paths;		/* array: what is to be read */
	json_t *docs, *files;	/* arrays: heads of the results, their names */
	json_t *hists;		/* name -> histogram of all runs, merged; only when not NULL */
	struct series_set series;
	struct order_run *when;	/* of each run of the series */
	size_t n_when;
};

/* Notes a path for runs_operands(); for az_opt.call. Returns 0 or -ENOMEM. */
int runs_add_path(void *runs, const char *path);

/*
 * Reads what was noted: result files, and each *.json of a directory in the order of
 * the names. Returns 0, or negative errno after one line.
 */
int runs_read(struct runs *runs);

/* The order of two sides. As order_make(). */
int runs_order(const struct runs *a, const struct runs *b, struct order *order);

/* Were the results made on virtual time, where runs are repetitions? */
bool runs_deterministic(const struct runs *runs);

/* @hists: merge histograms, too. Returns 0 or -ENOMEM; runs_free() in either case. */
int runs_init(struct runs *runs, const char *label, bool hists);
void runs_free(struct runs *runs);

/*
 * Takes operands A and B unless --a and --b gave paths, and reads all of both. Returns
 * 0 or the exit code, after a line.
 */
int runs_operands(struct runs *a, struct runs *b, int argc, char **argv, int first);

/* Why @doc is not a whole result ("interrupted"), or NULL when it is one. */
const char *runs_cut_off(const json_t *doc);

/*
 * Can @b be compared with @a? Lists on standard error what keeps it from that, and
 * other facts that differ; an empty @b only has to agree in itself. Also lists
 * results that were cut off. Returns 0 or the exit code, after a line; with @force
 * always 0.
 */
int runs_comparable(const struct runs *a, const struct runs *b, bool force);

#endif
