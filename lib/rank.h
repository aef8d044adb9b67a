/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exact rank tests for few runs. Under "A and B are the same", every way to deal
 * the labels is equally likely, whatever the distribution of the values: that
 * makes the promised rate of false claims hold for four runs as for forty, where
 * a percentile bootstrap of so few values promises 5% and gives up to twice it.
 * Ties get the mean of their ranks, and the tests stay exact with them.
 *
 * The interval is the set of shifts that the test does not refuse (the
 * Hodges-Lehmann interval): test and interval cannot disagree but by ties.
 * Reference: Hollander, Wolfe, Chicken, "Nonparametric Statistical Methods",
 * chapters 3 and 4.
 */
#ifndef AZ_LIB_RANK_H
#define AZ_LIB_RANK_H

#include <stddef.h>

#include "lib/stats.h"

/* More runs than this of one side, or pairs, are refused with -E2BIG. */
#define AZ_RANK_MAX	1024

struct az_rank {
	double p;		/* two-sided */
	struct az_interval ci;	/* of the shift; infinite when the runs are too few for one */
};

/*
 * Wilcoxon-Mann-Whitney of b against a (each n > 0), and the interval for the shift
 * at confidence 1 - @alpha. Exact up to some 70 runs together (or few against
 * many), else by the normal approximation with the correction for ties. Returns 0,
 * -ENOMEM or -E2BIG.
 */
int az_rank_two(const double *a, size_t na, const double *b, size_t nb, double alpha,
		struct az_rank *out);

/*
 * Wilcoxon's signed-rank test of the @n > 0 differences of pairs @d, and the
 * interval for their middle. Differences of 0 say nothing and do not count for
 * p. Exact up to 200. Same errors.
 */
int az_rank_paired(const double *d, size_t n, double alpha, struct az_rank *out);

/* The value that a standard normal variable stays below with probability @p, 0 < p < 1. */
double az_normal_quantile(double p);

#endif
