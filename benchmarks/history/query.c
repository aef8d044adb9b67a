// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/history/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define CHANGES_MAX	64

/* The columns below, in this order. */
enum { METRIC, BENCHMARK, SKU, CONFIG, LAB_MODE, UNIT, LOWER, DATE, KERNEL, QUEUE, FILE_, VALUE };

static const char select_sql[] =
	"SELECT metric, benchmark, sku, config, lab_mode, unit, lower, date, kernel, queue, file,"
	" value FROM vals JOIN runs ON runs.id = vals.run"
	" WHERE metric GLOB ?1 AND benchmark GLOB ?2 AND sku GLOB ?3 AND kernel GLOB ?4"
	" AND queue GLOB ?5 AND date >= ?6"
	" ORDER BY metric, benchmark, sku, config, lab_mode, unit, date, file";

static char *column(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return strdup(text ? text : "");
}

static bool is(const char *have, sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return !strcmp(have, text ? text : "");
}

static bool same_series(const struct query_series *s, sqlite3_stmt *stmt)
{
	return s->metric && is(s->metric, stmt, METRIC) && is(s->benchmark, stmt, BENCHMARK) &&
	       is(s->sku, stmt, SKU) && is(s->config, stmt, CONFIG) &&
	       is(s->lab_mode, stmt, LAB_MODE) && is(s->unit, stmt, UNIT);
}

static void drop(struct query_series *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->runs[i].date);
		free(s->runs[i].kernel);
		free(s->runs[i].queue);
		free(s->runs[i].file);
	}
	free(s->runs);
	free(s->values);
	free(s->changes);
	free(s->metric);
	free(s->unit);
	free(s->benchmark);
	free(s->sku);
	free(s->config);
	free(s->lab_mode);
	*s = (struct query_series){ 0 };
}

static int begin(struct query_series *s, sqlite3_stmt *stmt)
{
	s->metric = column(stmt, METRIC);
	s->unit = column(stmt, UNIT);
	s->benchmark = column(stmt, BENCHMARK);
	s->sku = column(stmt, SKU);
	s->config = column(stmt, CONFIG);
	s->lab_mode = column(stmt, LAB_MODE);
	s->lower_is_better = sqlite3_column_int(stmt, LOWER);
	s->changes = calloc(CHANGES_MAX, sizeof(*s->changes));
	return s->metric && s->unit && s->benchmark && s->sku && s->config && s->lab_mode &&
	       s->changes ? 0 : -ENOMEM;
}

static int grow(struct query_series *s)
{
	size_t room = s->room ? 2 * s->room : 32;
	struct query_run *runs = realloc(s->runs, room * sizeof(*runs));
	double *values;

	if (!runs)
		return -ENOMEM;
	s->runs = runs;
	values = realloc(s->values, room * sizeof(*values));
	if (!values)
		return -ENOMEM;
	s->values = values;
	s->room = room;
	return 0;
}

static int append(struct query_series *s, sqlite3_stmt *stmt)
{
	struct query_run run;

	if (s->n == s->room && grow(s))
		return -ENOMEM;
	run = (struct query_run){ column(stmt, DATE), column(stmt, KERNEL), column(stmt, QUEUE),
				  column(stmt, FILE_) };
	s->runs[s->n] = run;
	s->values[s->n++] = sqlite3_column_double(stmt, VALUE);
	return run.date && run.kernel && run.queue && run.file ? 0 : -ENOMEM;
}

/* Returns what @each said, or -ENOMEM. */
static int finish(struct query_series *s, double alpha,
		  int (*each)(void *ctx, const struct query_series *series), void *ctx)
{
	long found;
	int ret;

	if (!s->n)
		return 0;
	found = change_points(s->values, s->n, alpha, 1, s->changes, CHANGES_MAX);
	if (found < 0)
		return -ENOMEM;
	s->n_changes = (size_t)found;
	ret = each(ctx, s);
	drop(s);
	return ret;
}

static void bind(sqlite3_stmt *stmt, int at, const char *text, const char *otherwise)
{
	sqlite3_bind_text(stmt, at, text ? text : otherwise, -1, SQLITE_STATIC);
}

int query_each(struct store *store, const struct query *query, double alpha,
	       int (*each)(void *ctx, const struct query_series *series), void *ctx)
{
	struct query_series series = { 0 };
	sqlite3_stmt *stmt;
	int ret = 0, step;

	if (sqlite3_prepare_v2(store->db, select_sql, -1, &stmt, NULL))
		return store_failed(store, "read");
	bind(stmt, 1, query->metric, "*");
	bind(stmt, 2, query->benchmark, "*");
	bind(stmt, 3, query->sku, "*");
	bind(stmt, 4, query->kernel, "*");
	bind(stmt, 5, query->queue, "*");
	bind(stmt, 6, query->since, "");
	while (!ret && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (!same_series(&series, stmt)) {
			ret = finish(&series, alpha, each, ctx);
			drop(&series);
			ret = ret ? ret : begin(&series, stmt);
		}
		ret = ret ? ret : append(&series, stmt);
	}
	if (!ret && step != SQLITE_DONE)
		ret = store_failed(store, "read");
	ret = ret ? ret : finish(&series, alpha, each, ctx);
	drop(&series);
	sqlite3_finalize(stmt);
	return ret == -ENOMEM ? az_env("out of memory") : ret;
}

bool query_is_worse(const struct query_series *series, size_t i)
{
	return (series->changes[i].after > series->changes[i].before) == series->lower_is_better;
}
