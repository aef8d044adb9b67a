// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/judge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/drift.h"
#include "lib/rank.h"

#define POWER		0.8	/* of the runs that "more" counts */
#define RANK_EFFICIENCY	0.955	/* of the rank test against the t test, normal values */
#define MORE_MAX	100000

/* ---- one metric ------------------------------------------------------------ */

/* Values, places and arms of both series in one row each. */
static int gather(const struct order *order, const struct judged *j, double margin,
		  struct drift_data *data)
{
	size_t n = j->a->n + j->b->n, i, k;
	double *y = malloc(n * sizeof(*y)), *at = malloc(n * sizeof(*at));
	bool *is_b = malloc(n * sizeof(*is_b));

	*data = (struct drift_data){ y, at, is_b, n };
	if (!y || !at || !is_b)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		is_b[i] = i >= j->a->n;
		k = is_b[i] ? i - j->a->n : i;
		y[i] = is_b[i] ? j->b->values[k] - margin : j->a->values[k];
		at[i] = is_b[i] ? order->at_b[j->b->runs[k]] : order->at_a[j->a->runs[k]];
	}
	return 0;
}

static void drop(struct drift_data *data)
{
	free((void *)data->y);
	free((void *)data->at);
	free((void *)data->is_b);
}

static const double *value_of(const struct series *series, size_t run)
{
	size_t i;

	for (i = 0; i < series->n; i++)
		if (series->runs[i] == run)
			return &series->values[i];
	return NULL;
}

/* The differences of the pairs that have the metric on both sides. */
static size_t pair_diffs(const struct order *order, const struct judged *j, double *diffs)
{
	const double *a, *b;
	size_t i, n = 0;

	for (i = 0; i < order->n_pairs; i++) {
		a = value_of(j->a, order->pairs[i].a);
		b = value_of(j->b, order->pairs[i].b);
		if (a && b)
			diffs[n++] = *b - *a;
	}
	return n;
}

static void reach_further(struct az_interval *ci, const struct az_interval *other)
{
	ci->low = fmin(ci->low, other->low);
	ci->high = fmax(ci->high, other->high);
}

static int by_pairs(const struct judge_rule *rule, double margin, double *diffs, size_t n,
		    struct judged *out)
{
	const double zero[] = { 0 };
	struct az_interval boot;
	struct az_rank rank;
	size_t i;
	int ret;

	out->method = JUDGE_PAIRS;
	out->diff = az_median(diffs, n);
	for (i = 0; i < n; i++)
		diffs[i] -= margin;
	ret = az_rank_paired(diffs, n, rule->alpha, &rank);
	if (ret)
		return ret;
	out->p = rank.p;
	out->ci = rank.ci;
	if (n >= JUDGE_BOOTSTRAP_MIN) {
		ret = az_bootstrap_median_diff(zero, 1, diffs, n, rule->alpha, rule->seed, &boot);
		reach_further(&out->ci, &boot);
	}
	return ret;
}

static int by_runs(const struct judge_rule *rule, double margin, struct judged *out)
{
	const struct series *a = out->a, *b = out->b;
	double *shifted = malloc(b->n * sizeof(*shifted));
	struct az_interval boot;
	struct az_rank rank;
	int ret = -ENOMEM;
	size_t i;

	if (!shifted)
		return ret;
	for (i = 0; i < b->n; i++)
		shifted[i] = b->values[i] - margin;
	out->method = JUDGE_RUNS;
	out->diff = out->median_b - out->median_a;
	ret = az_rank_two(a->values, a->n, shifted, b->n, rule->alpha, &rank);
	if (ret)
		goto out;
	out->p = rank.p;
	out->ci = rank.ci;
	if (a->n >= JUDGE_BOOTSTRAP_MIN && b->n >= JUDGE_BOOTSTRAP_MIN) {
		ret = az_bootstrap_median_diff(a->values, a->n, shifted, b->n, rule->alpha,
					       rule->seed, &boot);
		reach_further(&out->ci, &boot);
	}
out:
	free(shifted);
	return ret;
}

/* Returns 1 when the difference is without the drift now, 0 when it is still to be had. */
static int by_drift(const struct judge_rule *rule, const struct order *order, double margin,
		    struct judged *out)
{
	bool immune = order->kind == ORDER_PAIRED && !order->one_sided;
	struct drift_data data = { 0 };
	struct drift_free clean;
	struct drift drift;
	int ret;

	ret = gather(order, out, margin, &data);
	ret = ret ? ret : drift_test(&data, rule->seed, &drift);
	if (ret)
		goto out;
	out->drift_p = drift.p;
	if (out->median_a != 0)
		out->drift = drift.slope * (double)(data.n - 1) / fabs(out->median_a);
	if (immune || (order->kind != ORDER_APART && drift.p > JUDGE_DRIFT_P))
		goto out;
	ret = drift_remove(&data, rule->alpha, rule->seed, &clean);
	if (ret) {
		ret = ret == -EDOM ? 0 : ret;
		goto out;
	}
	out->method = JUDGE_DETRENDED;
	out->diff = clean.diff + margin;
	out->p = clean.p;
	out->ci = clean.ci;
	ret = 1;
out:
	drop(&data);
	return ret;
}

/* Repetitions on virtual time: what lib/stats.h does with them. */
static int by_repeats(const struct judge_rule *rule, struct judged *out)
{
	const struct az_compare_rule plain = {
		.lower_is_better = out->a->lower_is_better, .deterministic = true,
		.threshold = rule->threshold, .seed = rule->seed,
	};
	struct az_comparison cmp;
	int ret = az_compare_runs(out->a->values, out->a->n, out->b->values, out->b->n, &plain,
				  &cmp);

	out->method = JUDGE_REPEATS;
	out->diff = cmp.diff;
	out->ci = cmp.ci;
	out->verdict = cmp.verdict;
	return ret;
}

int judge_metric(const struct judge_rule *rule, const struct order *order,
		 const struct series *a, const struct series *b, double margin,
		 struct judged *out)
{
	double *diffs;
	size_t n;
	int ret = 0;

	*out = (struct judged){ .a = a, .b = b, .p = 1, .q = 1, .drift_p = 1 };
	out->median_a = az_median(a->values, a->n);
	out->median_b = az_median(b->values, b->n);
	if (isnan(out->median_a) || isnan(out->median_b))
		return -ENOMEM;
	if (rule->deterministic)
		return by_repeats(rule, out);
	if (order->kind != ORDER_UNKNOWN)
		ret = by_drift(rule, order, margin, out);
	if (ret < 0)
		return ret;
	diffs = malloc((order->n_pairs + 1) * sizeof(*diffs));
	if (!diffs)
		return -ENOMEM;
	n = order->kind == ORDER_PAIRED && !ret ? pair_diffs(order, out, diffs) : 0;
	if (n >= ORDER_MIN_PAIRS)
		ret = by_pairs(rule, margin, diffs, n, out);
	else if (!ret)
		ret = by_runs(rule, margin, out);
	free(diffs);
	if (ret < 0)
		return ret;
	out->ci.low += margin;
	out->ci.high += margin;
	return 0;
}

/* ---- all of them ----------------------------------------------------------- */

static int by_p(const void *a, const void *b)
{
	const struct judged *x = *(struct judged *const *)a, *y = *(struct judged *const *)b;

	return (x->p > y->p) - (x->p < y->p);
}

/* Benjamini, Hochberg (1995): q is the least rate of false claims that lets it pass. */
static int correct(struct judged *list, size_t n)
{
	struct judged **sorted = malloc((n + 1) * sizeof(*sorted));
	double q = 1;
	size_t i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		sorted[i] = &list[i];
	qsort(sorted, n, sizeof(*sorted), by_p);
	for (i = n; i-- > 0;) {
		q = fmin(q, sorted[i]->p * (double)n / (double)(i + 1));
		sorted[i]->q = q;
	}
	free(sorted);
	return 0;
}

static double variance(const struct series *series)
{
	double mean = 0, sum = 0;
	size_t i;

	for (i = 0; i < series->n; i++)
		mean += series->values[i] / (double)series->n;
	for (i = 0; i < series->n; i++)
		sum += (series->values[i] - mean) * (series->values[i] - mean);
	return series->n > 1 ? sum / (double)(series->n - 1) : 0;
}

/*
 * Runs of each arm that show a difference of @size with the POWER above, by the
 * formula for two means and the variance seen. Few runs know it badly: "about".
 */
static unsigned int runs_for(const struct judged *j, double size, double alpha)
{
	double z = az_normal_quantile(1 - alpha / 2) + az_normal_quantile(POWER), runs;

	if (size <= 0)
		return 0;
	runs = ceil(z * z * (variance(j->a) + variance(j->b)) / (size * size) / RANK_EFFICIENCY);
	return runs > MORE_MAX ? MORE_MAX : (unsigned int)runs;
}

static unsigned int runs_that_can(void)
{
	unsigned int n = 1;

	while (!az_enough_runs(n, n, false))
		n++;
	return n;
}

unsigned int judge_more(const struct judged *j, double size, double alpha)
{
	unsigned int have = (unsigned int)(j->a->n < j->b->n ? j->a->n : j->b->n), want, least;
	bool repeats = j->method == JUDGE_REPEATS;

	want = repeats ? 0 : runs_for(j, size, alpha);
	least = repeats ? 3 : runs_that_can();
	want = want < least ? least : want;
	return want > have ? want - have : 1;
}

static unsigned int count_more(const struct judge_rule *rule, const struct judged *j, size_t n)
{
	double base = fabs(j->median_a), size = fmax(fabs(j->diff), rule->threshold * base);

	/* An undecided one has to pass the correction. */
	if (j->p <= rule->alpha)
		return judge_more(j, size, rule->alpha / (double)n);
	if (rule->within > 0)
		size = rule->within * base;
	else if (j->within > 1 && isfinite(j->within))
		size = base;
	return judge_more(j, size, rule->alpha);
}

/* How large a difference could still be: the far end of the interval. */
static double could_be(const struct judged *j)
{
	double far = fmax(fabs(j->ci.low), fabs(j->ci.high));

	if (far == 0)
		return 0;
	return j->median_a != 0 ? far / fabs(j->median_a) : INFINITY;
}

static enum az_verdict verdict(const struct judge_rule *rule, const struct judged *j)
{
	bool enough = j->method == JUDGE_PAIRS || az_enough_runs(j->a->n, j->b->n, false);
	bool apart = j->ci.low > 0 || j->ci.high < 0;

	if (!enough || isinf(j->ci.low) || isinf(j->ci.high))
		return AZ_TOO_FEW_RUNS;
	if (apart && j->p <= rule->alpha && fabs(j->diff) > rule->threshold * fabs(j->median_a)) {
		if (j->q > rule->alpha)
			return AZ_TOO_FEW_RUNS;
		return (j->diff < 0) == j->a->lower_is_better ? AZ_BETTER : AZ_WORSE;
	}
	if (j->within > (rule->within > 0 ? rule->within : 1) && isfinite(j->within))
		return AZ_TOO_FEW_RUNS;
	return AZ_NO_DIFFERENCE;
}

int judge_all(const struct judge_rule *rule, struct judged *list, size_t n)
{
	size_t i;

	if (!rule->deterministic && correct(list, n))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		list[i].within = could_be(&list[i]);
		if (!rule->deterministic)
			list[i].verdict = verdict(rule, &list[i]);
		if (list[i].verdict == AZ_TOO_FEW_RUNS)
			list[i].more = count_more(rule, &list[i], n);
	}
	return 0;
}

const char *judge_method_name(enum judge_method method)
{
	static const char *const names[] = {
		[JUDGE_REPEATS] = "repeats",
		[JUDGE_RUNS] = "runs",
		[JUDGE_PAIRS] = "pairs",
		[JUDGE_DETRENDED] = "detrended",
	};

	return names[method];
}
