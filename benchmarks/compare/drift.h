/* SPDX-License-Identifier: GPL-2.0-only */
/* A trend over the order of the runs, and the difference of two arms without it. */
#ifndef AZ_BENCHMARKS_DRIFT_H
#define AZ_BENCHMARKS_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/stats.h"

/* Values of both arms with their places in the order. */
struct drift_data {
	const double *y, *at;
	const bool *is_b;
	size_t n;
};

struct drift {
	double p;		/* of "no trend within the arms", two-sided */
	double slope;		/* per run, Theil-Sen over the pairs within the arms */
};

/*
 * Kendall's S summed over both arms, so that a difference between them is no
 * trend, against DRIFT_SHUFFLES shuffles within the arms from @seed; by the normal
 * approximation with more than DRIFT_SHUFFLE_MAX values in an arm. Returns 0 or
 * -ENOMEM; fewer than three values in each arm give p = 1.
 */
#define DRIFT_SHUFFLES		999
#define DRIFT_SHUFFLE_MAX	60
int drift_test(const struct drift_data *data, uint64_t seed, struct drift *out);

struct drift_free {
	double diff, p;
	struct az_interval ci;
};

/*
 * The difference B - A with a line over the order taken out of both: least
 * squares with the arm and the place as regressors, p and interval (at confidence
 * 1 - @alpha) from 1999 permutations of what the line leaves (Freedman and Lane
 * 1983). Where one arm ran after the other, arm and place are nearly the same
 * thing, and the interval becomes as wide as that deserves. Returns 0, -ENOMEM,
 * or -EDOM when the place says which arm it is (or there are fewer than 5 values).
 */
int drift_remove(const struct drift_data *data, double alpha, uint64_t seed,
		 struct drift_free *out);

#endif
