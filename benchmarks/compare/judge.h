/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict on each metric of B against A.
 *
 * What is promised: of comparisons of a thing with itself, at most 1 - confidence
 * call any metric better or worse, however many metrics there are, when the runs
 * of the arms could have changed places. That is so when they were interleaved, however
 * the machine drifts. When one arm ran after the other it holds for a drift along a
 * line only, and when the order is unknown for none.
 *
 * How: an exact rank test over runs (lib/rank.h), or over pairs of neighbours where
 * there are enough; the permutation test of compare/drift.h where a drift was found, or
 * one arm ran after the other; then Benjamini and Hochberg's
 * correction over all metrics. Percentiles of one histogram rise and fall together,
 * for which the correction holds. The interval is that of the test; from twelve
 * runs of each on also that of a bootstrap over runs, whichever reaches further.
 * With fewer the bootstrap of a median knows too few values to keep its promise.
 */
#ifndef AZ_BENCHMARKS_JUDGE_H
#define AZ_BENCHMARKS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "benchmarks/compare/order.h"
#include "benchmarks/compare/series.h"
#include "lib/stats.h"

/* A trend of interleaved runs is taken out from this p on, of runs apart always. */
#define JUDGE_DRIFT_P		0.05

/* So many runs nobody takes, and what few ones say of them is no figure: "over". */
#define JUDGE_MORE_SHOWN	1000u

#define JUDGE_BOOTSTRAP_MIN	12	/* runs of each */

struct judge_rule {
	bool deterministic;	/* runs are repetitions: no tests, the threshold alone */
	double alpha;		/* 1 - confidence */
	double threshold;	/* relative; changes up to it are no difference */
	double within;		/* relative; "no difference" is shown within it, 0: within 100% */
	uint64_t seed;
};

enum judge_method { JUDGE_REPEATS, JUDGE_RUNS, JUDGE_PAIRS, JUDGE_DETRENDED };

struct judged {
	const struct series *a, *b;
	double median_a, median_b;
	double diff;		/* B - A as the method sees it */
	struct az_interval ci;	/* of diff; may be infinite */
	double p, q;		/* q: p after the correction; both 1 for repeats */
	enum judge_method method;
	double drift_p;		/* of a trend over the order; 1 where there is no order */
	double drift;		/* that trend from the first run to the last, relative to A */
	enum az_verdict verdict;
	double within;		/* of "no difference": how large one could be; relative */
	unsigned int more;	/* about so many more runs of each would do; 0: enough */
};

/*
 * Compares @b, less @margin, with @a: all of @out but q, verdict, within and more.
 * @order is that of the runs of both. Returns 0, -ENOMEM, or -E2BIG (AZ_RANK_MAX).
 */
int judge_metric(const struct judge_rule *rule, const struct order *order,
		 const struct series *a, const struct series *b, double margin,
		 struct judged *out);

/* The rest, over all metrics that are judged together. Returns 0 or -ENOMEM. */
int judge_all(const struct judge_rule *rule, struct judged *list, size_t n);

/*
 * About how many more runs of each side show a difference of @size, four times in
 * five, at confidence 1 - @alpha, by the variance seen; at least 1.
 */
unsigned int judge_more(const struct judged *judged, double size, double alpha);

/* "repeats", "runs", "pairs", "detrended". */
const char *judge_method_name(enum judge_method method);

#endif
