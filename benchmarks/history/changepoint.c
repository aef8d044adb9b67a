// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/history/changepoint.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rng.h"
#include "lib/stats.h"

#define SHUFFLES	999

struct search {
	const double *values;
	double alpha;
	struct az_rng rng;
	struct change *out;
	size_t max, found;
	double *ranks;
};

/* The largest scaled CUSUM of centred @ranks, and the place that it points to. */
static double largest(const double *ranks, size_t n, size_t *at)
{
	double sum = 0, best = -1, one;
	size_t k;

	for (k = 1; k <= n - CHANGE_MIN_RUNS; k++) {
		sum += ranks[k - 1];
		if (k < CHANGE_MIN_RUNS)
			continue;
		one = fabs(sum) / sqrt((double)k * (double)(n - k));
		if (one > best) {
			best = one;
			*at = k;
		}
	}
	return best;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int rank(const double *values, size_t n, double *ranks)
{
	double *sorted = malloc(n * sizeof(*sorted)), *first;
	size_t i, low, high;

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (i = 0; i < n; i++) {
		first = bsearch(&values[i], sorted, n, sizeof(*sorted), by_value);
		low = high = (size_t)(first - sorted);
		while (low > 0 && sorted[low - 1] == values[i])
			low--;
		while (high + 1 < n && sorted[high + 1] == values[i])
			high++;
		ranks[i] = (double)(low + high) / 2 - (double)(n - 1) / 2;
	}
	free(sorted);
	return 0;
}

static double chance(struct search *search, size_t n, double seen)
{
	double *ranks = search->ranks, swap;
	size_t i, j, pass, as_large = 1, at;

	for (pass = 0; pass < SHUFFLES; pass++) {
		for (i = n; i > 1; i--) {
			j = az_rng_below(&search->rng, i);
			swap = ranks[i - 1];
			ranks[i - 1] = ranks[j];
			ranks[j] = swap;
		}
		as_large += largest(ranks, n, &at) >= seen * (1 - 1e-12);
	}
	return (double)as_large / (SHUFFLES + 1);
}

/* Looks at values[from..to), first into the earlier part. */
static int look(struct search *search, size_t from, size_t to)
{
	size_t n = to - from, at = 0;
	double seen, p;
	int ret;

	if (n < 2 * CHANGE_MIN_RUNS)
		return 0;
	ret = rank(search->values + from, n, search->ranks);
	if (ret)
		return ret;
	seen = largest(search->ranks, n, &at);
	if (seen <= 0)
		return 0;
	p = chance(search, n, seen);
	if (p > search->alpha)
		return 0;
	ret = look(search, from, from + at);
	if (!ret && search->found < search->max)
		search->out[search->found++] = (struct change){ .at = from + at, .p = p };
	return ret ? ret : look(search, from + at, to);
}

/* The levels lie between neighbours, which are known only at the end. */
static void set_levels(struct search *search, size_t n)
{
	size_t i, from = 0, to;

	for (i = 0; i < search->found; i++) {
		to = i + 1 < search->found ? search->out[i + 1].at : n;
		search->out[i].before = az_median(search->values + from, search->out[i].at - from);
		search->out[i].after = az_median(search->values + search->out[i].at,
						 to - search->out[i].at);
		from = search->out[i].at;
	}
}

long change_points(const double *values, size_t n, double alpha, uint64_t seed,
		   struct change *out, size_t max)
{
	struct search search = { values, alpha, { seed }, out, max, 0,
				 malloc((n + 1) * sizeof(double)) };
	int ret = search.ranks ? look(&search, 0, n) : -ENOMEM;

	free(search.ranks);
	if (ret)
		return ret;
	set_levels(&search, n);
	return (long)search.found;
}
