// SPDX-License-Identifier: GPL-2.0-only
#include "lib/rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps that the exact distribution may take; above it the normal one is as good. */
#define EXACT_WORK	30e6
#define EXACT_PAIRS	200

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double normal_below(double z)
{
	return erfc(-z / sqrt(2)) / 2;
}

double az_normal_quantile(double p)
{
	double low = -40, high = 40, middle;
	int i;

	for (i = 0; i < 100; i++) {
		middle = (low + high) / 2;
		if (normal_below(middle) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/*
 * Twice the rank of each of @values, which are sorted: twice, so that the mean
 * rank of ties is whole. Returns the sum of t^3 - t over the ties.
 */
static double double_ranks(const double *sorted, size_t n, unsigned int *ranks)
{
	double ties = 0, t;
	size_t i, j, k;

	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && sorted[j] == sorted[i]; j++)
			;
		for (k = i; k < j; k++)
			ranks[k] = (unsigned int)(i + j + 1);
		t = (double)(j - i);
		ties += t * t * t - t;
	}
	return ties;
}

/* Of ranks[]: how many values are below @value, and so the index of its rank. */
static size_t index_of(const double *sorted, size_t n, double value)
{
	const double *at = bsearch(&value, sorted, n, sizeof(*sorted), by_value);

	return (size_t)(at - sorted);
}

/* ---- two samples --------------------------------------------------------- */

/*
 * Adds to @ways (rows of @width for 0..@k drawn) all draws of @k out of @n ranks:
 * ways[k * width + s] is how many of them sum to s, as a share of all.
 */
static void draw_sums(const unsigned int *ranks, size_t n, size_t k, size_t width, double *ways)
{
	double *from, *to, total = 1;
	size_t i, j, s;

	ways[0] = 1;
	for (i = 0; i < n; i++)
		for (j = i < k ? i + 1 : k; j > 0; j--) {
			from = &ways[(j - 1) * width];
			to = &ways[j * width];
			for (s = width; s-- > ranks[i];)
				to[s] += from[s - ranks[i]];
		}
	for (i = 1; i <= k; i++)
		total *= (double)(n - k + i) / (double)i;
	for (s = 0; s < width; s++)
		ways[k * width + s] /= total;
}

struct two {
	double *sorted;		/* all values */
	unsigned int *ranks;
	size_t n, k;		/* all, and those of the smaller side */
	double ties;
};

static bool two_is_exact(const struct two *two)
{
	return (double)two->n * (double)two->k * (double)(2 * two->n * two->k) <= EXACT_WORK;
}

/* Share of the draws whose sum is as far from the middle as @sum. */
static int two_exact_p(const struct two *two, double sum, double *p)
{
	size_t width = 2 * two->n * two->k + 1, s;
	double middle = (double)two->k * (double)(two->n + 1), *ways, total = 0;

	ways = calloc((two->k + 1) * width, sizeof(*ways));
	if (!ways)
		return -ENOMEM;
	draw_sums(two->ranks, two->n, two->k, width, ways);
	for (s = 0; s < width; s++)
		if (fabs((double)s - middle) >= fabs(sum - middle) - 1e-9)
			total += ways[two->k * width + s];
	free(ways);
	*p = fmin(total, 1);
	return 0;
}

static double two_normal_p(const struct two *two, double sum)
{
	double n = (double)two->n, k = (double)two->k, variance, off;

	/* In ranks, not in doubled ones. */
	off = fabs(sum / 2 - k * (n + 1) / 2) - 0.5;
	variance = k * (n - k) / 12 * (n + 1 - two->ties / (n * (n - 1)));
	if (off <= 0 || variance <= 0)
		return 1;
	return 2 * normal_below(-off / sqrt(variance));
}

/*
 * How many of the lowest differences the interval leaves out at each end:
 * the most for which that has probability <= @tail. -1 when even none has more.
 */
static int two_cut(const struct two *two, double tail, double *cut)
{
	size_t n = two->n, k = two->k, width = 2 * n * k + 1, s, first = k * (k + 1), i;
	double below = 0, mean, sd, *ways;
	unsigned int *plain;
	int ret = 0;

	if (!two_is_exact(two)) {
		mean = (double)k * (double)(n - k) / 2;
		sd = sqrt((double)k * (double)(n - k) * (double)(n + 1) / 12);
		*cut = floor(mean + az_normal_quantile(tail) * sd - 0.5);
		return 0;
	}
	plain = malloc(n * sizeof(*plain));
	ways = calloc((k + 1) * width, sizeof(*ways));
	if (!plain || !ways) {
		ret = -ENOMEM;
		goto out;
	}
	for (i = 0; i < n; i++)
		plain[i] = 2 * (unsigned int)(i + 1);
	draw_sums(plain, n, k, width, ways);
	*cut = -1;
	for (s = first; s < width; s += 2) {
		below += ways[k * width + s];
		if (below > tail)
			break;
		*cut += 1;
	}
out:
	free(ways);
	free(plain);
	return ret;
}

static int two_interval(const double *a, size_t na, const double *b, size_t nb,
			const struct two *two, double alpha, struct az_interval *ci)
{
	double *diffs, cut;
	size_t i, j, n = na * nb;
	int ret;

	*ci = (struct az_interval){ -INFINITY, INFINITY };
	ret = two_cut(two, alpha / 2, &cut);
	if (ret || cut < 0)
		return ret;
	diffs = malloc(n * sizeof(*diffs));
	if (!diffs)
		return -ENOMEM;
	for (i = 0; i < na; i++)
		for (j = 0; j < nb; j++)
			diffs[i * nb + j] = b[j] - a[i];
	qsort(diffs, n, sizeof(*diffs), by_value);
	ci->low = diffs[(size_t)cut];
	ci->high = diffs[n - 1 - (size_t)cut];
	free(diffs);
	return 0;
}

int az_rank_two(const double *a, size_t na, const double *b, size_t nb, double alpha,
		struct az_rank *out)
{
	const double *few = na < nb ? a : b;
	struct two two = { .n = na + nb, .k = na < nb ? na : nb };
	double sum = 0;
	int ret = -ENOMEM;
	size_t i;

	if (na > AZ_RANK_MAX || nb > AZ_RANK_MAX)
		return -E2BIG;
	two.sorted = malloc(two.n * sizeof(*two.sorted));
	two.ranks = malloc(two.n * sizeof(*two.ranks));
	if (!two.sorted || !two.ranks)
		goto out;
	memcpy(two.sorted, a, na * sizeof(*a));
	memcpy(two.sorted + na, b, nb * sizeof(*b));
	qsort(two.sorted, two.n, sizeof(*two.sorted), by_value);
	two.ties = double_ranks(two.sorted, two.n, two.ranks);
	for (i = 0; i < two.k; i++)
		sum += two.ranks[index_of(two.sorted, two.n, few[i])];
	ret = 0;
	if (two_is_exact(&two))
		ret = two_exact_p(&two, sum, &out->p);
	else
		out->p = two_normal_p(&two, sum);
	if (!ret)
		ret = two_interval(a, na, b, nb, &two, alpha, &out->ci);
out:
	free(two.ranks);
	free(two.sorted);
	return ret;
}

/* ---- pairs --------------------------------------------------------------- */

/* Share of the 2^n choices of signs by the sum of the positive ranks. NULL without memory. */
static double *sign_sums(const unsigned int *ranks, size_t n, size_t width)
{
	double *ways = calloc(width, sizeof(*ways));
	size_t i, s;

	if (!ways)
		return NULL;
	ways[0] = 1;
	for (i = 0; i < n; i++)
		for (s = width; s-- > 0;)
			ways[s] = (ways[s] + (s >= ranks[i] ? ways[s - ranks[i]] : 0)) / 2;
	return ways;
}

static int paired_p(const double *size, const bool *up, size_t n, double *p)
{
	size_t width = n * (n + 1) + 1, i, s;
	double sum = 0, middle = (double)n * (double)(n + 1) / 2, ties, variance, off, *ways;
	unsigned int *ranks = malloc(n * sizeof(*ranks));

	if (!ranks)
		return -ENOMEM;
	ties = double_ranks(size, n, ranks);
	for (i = 0; i < n; i++)
		sum += up[i] ? ranks[i] : 0;
	if (n > EXACT_PAIRS) {
		variance = middle * (double)(2 * n + 1) / 12 - ties / 48;
		off = fabs(sum - middle) / 2 - 0.5;
		*p = off <= 0 ? 1 : 2 * normal_below(-off / sqrt(variance));
		free(ranks);
		return 0;
	}
	ways = sign_sums(ranks, n, width);
	free(ranks);
	if (!ways)
		return -ENOMEM;
	*p = 0;
	for (s = 0; s < width; s++)
		if (fabs((double)s - middle) >= fabs(sum - middle) - 1e-9)
			*p += ways[s];
	*p = fmin(*p, 1);
	free(ways);
	return 0;
}

static int paired_cut(size_t n, double tail, double *cut)
{
	size_t width = n * (n + 1) / 2 + 1, i, s;
	double below = 0, middle = (double)(width - 1) / 2, *ways;
	unsigned int *plain;

	if (n > EXACT_PAIRS) {
		*cut = floor(middle + az_normal_quantile(tail) *
			     sqrt(middle * (double)(2 * n + 1) / 6) - 0.5);
		return 0;
	}
	plain = malloc(n * sizeof(*plain));
	if (!plain)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		plain[i] = (unsigned int)(i + 1);
	ways = sign_sums(plain, n, width);
	free(plain);
	if (!ways)
		return -ENOMEM;
	*cut = -1;
	for (s = 0; s < width; s++) {
		below += ways[s];
		if (below > tail)
			break;
		*cut += 1;
	}
	free(ways);
	return 0;
}

static int paired_interval(const double *d, size_t n, double alpha, struct az_interval *ci)
{
	size_t i, j, count = n * (n + 1) / 2, at = 0;
	double *means, cut;
	int ret;

	*ci = (struct az_interval){ -INFINITY, INFINITY };
	ret = paired_cut(n, alpha / 2, &cut);
	if (ret || cut < 0)
		return ret;
	means = malloc(count * sizeof(*means));
	if (!means)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			means[at++] = (d[i] + d[j]) / 2;
	qsort(means, count, sizeof(*means), by_value);
	ci->low = means[(size_t)cut];
	ci->high = means[count - 1 - (size_t)cut];
	free(means);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

int az_rank_paired(const double *d, size_t n, double alpha, struct az_rank *out)
{
	double *size = malloc(n * sizeof(*size));
	bool *up = malloc(n * sizeof(*up));
	size_t i, used = 0;
	int ret = -ENOMEM;

	if (n > AZ_RANK_MAX)
		ret = -E2BIG;
	if (n > AZ_RANK_MAX || !size || !up)
		goto out;
	for (i = 0; i < n; i++)
		if (d[i] != 0)
			size[used++] = d[i];
	qsort(size, used, sizeof(*size), by_size);
	for (i = 0; i < used; i++) {
		up[i] = size[i] > 0;
		size[i] = fabs(size[i]);
	}
	out->p = 1;
	ret = used ? paired_p(size, up, used, &out->p) : 0;
	if (!ret)
		ret = paired_interval(d, n, alpha, &out->ci);
out:
	free(up);
	free(size);
	return ret;
}
