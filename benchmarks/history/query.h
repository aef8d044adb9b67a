/* SPDX-License-Identifier: GPL-2.0-only */
/* What the store holds, by series: one metric of one load on one kind of machine. */
#ifndef AZ_BENCHMARKS_HISTORY_QUERY_H
#define AZ_BENCHMARKS_HISTORY_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "benchmarks/history/changepoint.h"
#include "benchmarks/history/store.h"

/* Patterns as in SQLite's GLOB (*, ?); NULL is any. */
struct query {
	const char *metric, *benchmark, *kernel, *sku, *queue, *since;
};

struct query_run {
	char *date, *kernel, *queue, *file;
};

/* Runs in the order of their dates. */
struct query_series {
	char *metric, *unit, *benchmark, *sku, *config, *lab_mode;
	bool lower_is_better;
	double *values;
	struct query_run *runs;
	size_t n, room;
	struct change *changes;
	size_t n_changes;
};

/*
 * Calls @each with every series that @query names, its changes at level @alpha marked.
 * One series is in memory at a time. Returns 0, what @each returned when that was not
 * 0, or the exit code after a line.
 */
int query_each(struct store *store, const struct query *query, double alpha,
	       int (*each)(void *ctx, const struct query_series *series), void *ctx);

/* Did change @i make it worse? */
bool query_is_worse(const struct query_series *series, size_t i);

#endif
