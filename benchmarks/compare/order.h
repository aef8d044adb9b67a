/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which order the runs of A and B were taken, and what follows from it.
 *
 * A machine drifts: it warms up, a neighbour comes and goes. Runs side by side
 * share the drift, and their difference is free of it. Where one arm ran after the
 * other, a drift looks like a difference, and no statistic can tell them apart
 * for certain: then a line over the order is taken out of both, whether one shows or
 * not, for a few runs show none until it has done its harm. That doubles the interval.
 */
#ifndef AZ_BENCHMARKS_ORDER_H
#define AZ_BENCHMARKS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "benchmarks/compare/series.h"

/*
 * With fewer pairs their test finds little (with 6, all signs have to agree), and the
 * test of the runs finds more: interleaved runs keep its promise under a drift, too.
 */
#define ORDER_MIN_PAIRS	8

enum order_kind {
	ORDER_UNKNOWN,		/* a run without a date, or two arms in one second */
	ORDER_APART,		/* one arm (mostly) after the other */
	ORDER_MIXED,		/* interleaved, too few pairs for pairs */
	ORDER_PAIRED,		/* pairs of neighbours */
};

/* When a run was taken. */
struct order_run {
	double at;		/* NAN when unknown */
	long block;		/* -1 without one */
};

struct order_pair {
	size_t a, b;		/* numbers of the runs, as in struct series */
};

struct order {
	enum order_kind kind;
	double *at_a, *at_b;	/* place in the order, 0, 1, 2 ... over both arms */
	size_t na, nb;
	struct order_pair *pairs;
	size_t n_pairs;
	bool one_sided;		/* nearly always the same arm goes first in a pair */
};

/*
 * When @doc was taken: "order" (a number) and "block" of azimuth suite, at the top
 * or in "suite"; else env.time_ns or env.date.
 */
struct order_run order_of_result(const json_t *doc);

/*
 * Makes the order of @na runs of A and @nb of B. Pairs are the runs of each arm in a
 * block, first with first; or, without blocks, the 1st and 2nd run, the 3rd and
 * 4th and so on when in each one is of A and one of B (ABAB and ABBA). The values
 * are not looked at: a choice by them would bias the verdicts. Returns 0 or
 * -ENOMEM; order_free() in either case.
 */
int order_make(struct order *order, const struct order_run *a, size_t na,
	       const struct order_run *b, size_t nb);
void order_free(struct order *order);

/* "unknown", "one arm after the other", "interleaved", "pairs". */
const char *order_name(enum order_kind kind);

#endif
