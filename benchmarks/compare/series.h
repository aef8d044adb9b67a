/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics over runs: for each name, one value per run. */
#ifndef AZ_BENCHMARKS_SERIES_H
#define AZ_BENCHMARKS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct series {
	char *name, *unit;
	bool lower_is_better;
	double *values;
	size_t n;
};

/* All zero is the empty set. */
struct series_set {
	struct series *list;
	size_t n;
};

/*
 * Appends @value to the series @name, made when new; @unit and @lower_is_better
 * are those of the first call. Returns 0 or -ENOMEM.
 */
int series_add(struct series_set *set, const char *name, const char *unit,
	       bool lower_is_better, double value);

/* The series @name, or NULL. */
const struct series *series_find(const struct series_set *set, const char *name);

/*
 * Adds the metrics of one result: of a benchmark's file one value each, of a
 * summary (result.json of azimuth summary) the runs of arm @arm. Returns 0,
 * -EINVAL when @doc is neither, or -ENOMEM.
 */
int series_add_result(struct series_set *set, const json_t *doc, const char *arm);

/* Frees all series, with pointers from series_find(), and leaves @set empty. */
void series_free(struct series_set *set);

/* A value with its unit, at most ten columns: "13.3 us", "0.125". @buf of 24. */
const char *series_format(char *buf, double value, const char *unit);

#endif
