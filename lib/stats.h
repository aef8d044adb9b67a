/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics over runs. A run, not a sample, is the unit: samples of one run
 * share its memory layout, its interrupts and its luck.
 */
#ifndef AZ_LIB_STATS_H
#define AZ_LIB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Median of @n values, n > 0; the mean of the two middle ones for an even @n. */
double az_median(const double *values, size_t n);

/*
 * (max - min) / median, the spread of the runs; 0 when all are equal, and
 * INFINITY when they differ around a median of 0.
 */
double az_spread(const double *values, size_t n);

struct az_interval {
	double low, high;
};

/*
 * Percentile bootstrap at confidence 1 - @alpha of median(b) - median(a) over runs,
 * as below. With fewer than a dozen runs it covers less than it says: see
 * lib/rank.h for those.
 */
int az_bootstrap_median_diff(const double *a, size_t na, const double *b, size_t nb,
			     double alpha, uint64_t seed, struct az_interval *out);

/*
 * Percentile bootstrap, 95%, of median(b) - median(a) over runs. Both arms are
 * resampled with replacement, 10000 times, from @seed. Returns 0, or -ENOMEM.
 */
int az_bootstrap_diff(const double *a, size_t na, const double *b, size_t nb,
		      uint64_t seed, struct az_interval *out);

enum az_verdict {
	AZ_TOO_FEW_RUNS,
	AZ_NO_DIFFERENCE,
	AZ_BETTER,
	AZ_WORSE,
};

/*
 * Are there enough runs for a claim at 95%? Without a difference between the
 * arms, all of one still lie above all of the other in 2 of C(na + nb, na)
 * orders; when that alone is more than 5% (3 against 3: 10%), the runs cannot
 * carry the claim. Runs on virtual time are repetitions, not samples: three
 * are enough to show that they repeat.
 */
bool az_enough_runs(size_t na, size_t nb, bool deterministic);

struct az_comparison {
	double median_a, median_b;
	double diff;			/* median_b - median_a */
	double ratio;			/* median_b / median_a, NAN for a median_a of 0 */
	struct az_interval ci;		/* of diff */
	enum az_verdict verdict;	/* of b against a */
};

struct az_compare_rule {
	bool lower_is_better;
	bool deterministic;
	double threshold;	/* relative differences up to this one are none */
	uint64_t seed;
};

/*
 * Compares the runs of b with those of a (each n > 0), one metric alone. Unless they are
 * repetitions the interval also covers that of lib/rank.h, which keeps its promise with few
 * runs, too. Returns 0, -ENOMEM or -E2BIG.
 */
int az_compare_runs(const double *a, size_t na, const double *b, size_t nb,
		    const struct az_compare_rule *rule, struct az_comparison *out);

/* "better", "worse", "no difference", "not enough runs". */
const char *az_verdict_name(enum az_verdict verdict);

#endif
