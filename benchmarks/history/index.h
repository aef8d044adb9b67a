/* SPDX-License-Identifier: GPL-2.0-only */
/* The SQLite side of the store: tables runs and vals. For the store's own files. */
#ifndef AZ_BENCHMARKS_HISTORY_INDEX_H
#define AZ_BENCHMARKS_HISTORY_INDEX_H

#include <jansson.h>

#include "benchmarks/compare/series.h"
#include "benchmarks/history/store.h"

/* Makes the tables when they are missing. Returns 0 or the exit code, after a line. */
int index_prepare(struct store *store);

/*
 * Enters the result @doc, whose metrics are @series, as runs/@name, in a transaction of
 * its own unless one is open. *@added is false when it was there already. Returns 0
 * or the exit code, after a line.
 */
int index_add(struct store *store, const char *name, const json_t *doc,
	      const struct series_set *series, bool *added);

/* As store_reindex(), of a database that can be read. */
int index_rebuild(struct store *store, size_t *files, size_t *skipped);

/*
 * Reads and checks a result: its document, and its metrics into @series. Returns NULL
 * after one line that names the file. The caller frees both.
 */
json_t *index_read_result(const char *path, struct series_set *series);

#endif
