/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics over runs: for each name, one value per run.
 *
 * A percentile is taken of each run and the runs' values are compared, instead of
 * one percentile of all runs thrown together. The run is what repeats, so only
 * its values can be dealt anew to the arms; one disturbed run moves one of n
 * values, where in the pooled histogram it can be the whole tail; and runs of
 * unlike length weigh the same. The price: a percentile beyond the resolution of
 * one run (p99.99 of 1000 samples) is that run's maximum, and no more.
 */
#ifndef AZ_BENCHMARKS_SERIES_H
#define AZ_BENCHMARKS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct series {
	char *name, *unit;
	bool lower_is_better;
	double *values;
	size_t *runs;		/* values[i] is of this run, counted from 0 */
	size_t n;
};

/* All zero is the empty set. */
struct series_set {
	struct series *list;
	size_t n;
	size_t run;		/* number of the run whose values are added */
};

/*
 * Appends @value to the series @name, made when new; @unit and @lower_is_better
 * are those of the first call. The value is of run set->run. Returns 0 or -ENOMEM.
 */
int series_add(struct series_set *set, const char *name, const char *unit,
	       bool lower_is_better, double value);

/* The series @name, or NULL. */
const struct series *series_find(const struct series_set *set, const char *name);

/*
 * Adds the metrics of one result and counts set->run on: of a benchmark's file one
 * value each, and the figures of those histograms that "metrics" does not name
 * ("rtt@vf" gives "rtt@vf_p99.9"); of a summary (result.json of azimuth summary)
 * the runs of arm @arm. Returns 0, -EINVAL when @doc is neither, or -ENOMEM.
 */
int series_add_result(struct series_set *set, const json_t *doc, const char *arm);

/* Frees all series, with pointers from series_find(), and leaves @set empty. */
void series_free(struct series_set *set);

/* A value with its unit, at most ten columns: "13.3 us", "0.125". @buf of 24. */
const char *series_format(char *buf, double value, const char *unit);

#endif
