/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a series of runs changed its level.
 *
 * For each place the ranks before and after it are compared (the rank CUSUM, scaled so
 * that every place has the same variance); the largest is held against the largest
 * in shuffles of the series. That is a test of "no change at all" at its stated
 * level whatever the distribution of the runs, and an outlier is only one rank. Where
 * it refuses, the series is cut there, and both parts are looked at in the same way
 * (binary segmentation). A slow drift is found as steps.
 */
#ifndef AZ_BENCHMARKS_CHANGEPOINT_H
#define AZ_BENCHMARKS_CHANGEPOINT_H

#include <stddef.h>
#include <stdint.h>

/* So many runs at least lie on either side of a change. */
#define CHANGE_MIN_RUNS	3

/* A series without a change shows one in at most so many cases. */
#define CHANGE_ALPHA	0.01

struct change {
	size_t at;		/* first run of the new level */
	double before, after;	/* medians up to the neighbouring changes */
	double p;
};

/*
 * Finds the changes of @n values, in their order, at most @max, with level @alpha (not
 * below 0.001) and 999 shuffles from @seed. Returns their number, or -ENOMEM. Fewer
 * than ten values cannot show a change at 1%.
 */
long change_points(const double *values, size_t n, double alpha, uint64_t seed,
		   struct change *out, size_t max);

#endif
