// SPDX-License-Identifier: GPL-2.0-only
#include "lib/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rank.h"
#include "lib/rng.h"

#define RESAMPLES	10000
#define MIN_REPEATS	3

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted_median(const double *values, size_t n)
{
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double az_median(const double *values, size_t n)
{
	double *copy = malloc(n * sizeof(*copy)), median;

	if (!copy)
		return NAN;
	memcpy(copy, values, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_value);
	median = sorted_median(copy, n);
	free(copy);
	return median;
}

double az_spread(const double *values, size_t n)
{
	double low = values[0], high = values[0], median;
	size_t i;

	for (i = 1; i < n; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	if (low == high)
		return 0;
	median = az_median(values, n);
	return median != 0 ? (high - low) / fabs(median) : INFINITY;
}

/* Draws @n of @values with replacement into @scratch and returns their median. */
static double resampled_median(const double *values, size_t n, double *scratch,
			       struct az_rng *rng)
{
	size_t i;

	for (i = 0; i < n; i++)
		scratch[i] = values[az_rng_below(rng, n)];
	qsort(scratch, n, sizeof(*scratch), by_value);
	return sorted_median(scratch, n);
}

int az_bootstrap_median_diff(const double *a, size_t na, const double *b, size_t nb,
			     double alpha, uint64_t seed, struct az_interval *out)
{
	size_t tail = (size_t)(RESAMPLES * alpha / 2);
	struct az_rng rng = { seed };
	double *diffs, *scratch;
	int ret = -ENOMEM, i;

	diffs = malloc(RESAMPLES * sizeof(*diffs));
	scratch = malloc((na > nb ? na : nb) * sizeof(*scratch));
	if (!diffs || !scratch)
		goto out;
	for (i = 0; i < RESAMPLES; i++) {
		diffs[i] = -resampled_median(a, na, scratch, &rng);
		diffs[i] += resampled_median(b, nb, scratch, &rng);
	}
	qsort(diffs, RESAMPLES, sizeof(*diffs), by_value);
	out->low = diffs[tail];
	out->high = diffs[RESAMPLES - 1 - tail];
	ret = 0;
out:
	free(scratch);
	free(diffs);
	return ret;
}

int az_bootstrap_diff(const double *a, size_t na, const double *b, size_t nb,
		      uint64_t seed, struct az_interval *out)
{
	return az_bootstrap_median_diff(a, na, b, nb, 0.05, seed, out);
}

bool az_enough_runs(size_t na, size_t nb, bool deterministic)
{
	double orders = 1;
	size_t i;

	if (deterministic)
		return na >= MIN_REPEATS && nb >= MIN_REPEATS;
	for (i = 1; i <= na; i++)
		orders = orders * (double)(nb + i) / (double)i;
	return 2 / orders <= 0.05;
}

static enum az_verdict judge(const struct az_comparison *cmp, const struct az_compare_rule *rule)
{
	bool excludes_zero = cmp->ci.low > 0 || cmp->ci.high < 0;

	if (!excludes_zero || fabs(cmp->diff) <= rule->threshold * fabs(cmp->median_a))
		return AZ_NO_DIFFERENCE;
	return (cmp->diff < 0) == rule->lower_is_better ? AZ_BETTER : AZ_WORSE;
}

int az_compare_runs(const double *a, size_t na, const double *b, size_t nb,
		    const struct az_compare_rule *rule, struct az_comparison *out)
{
	struct az_rank rank;
	int ret;

	out->median_a = az_median(a, na);
	out->median_b = az_median(b, nb);
	if (isnan(out->median_a) || isnan(out->median_b))
		return -ENOMEM;
	out->diff = out->median_b - out->median_a;
	out->ratio = out->median_a != 0 ? out->median_b / out->median_a : NAN;
	ret = az_bootstrap_diff(a, na, b, nb, rule->seed, &out->ci);
	if (ret)
		return ret;
	if (!az_enough_runs(na, nb, rule->deterministic)) {
		out->verdict = AZ_TOO_FEW_RUNS;
		return 0;
	}
	if (!rule->deterministic) {
		ret = az_rank_two(a, na, b, nb, 0.05, &rank);
		if (ret)
			return ret;
		out->ci.low = fmin(out->ci.low, rank.ci.low);
		out->ci.high = fmax(out->ci.high, rank.ci.high);
	}
	out->verdict = judge(out, rule);
	return 0;
}

const char *az_verdict_name(enum az_verdict verdict)
{
	static const char *const names[] = {
		[AZ_TOO_FEW_RUNS] = "not enough runs",
		[AZ_NO_DIFFERENCE] = "no difference",
		[AZ_BETTER] = "better",
		[AZ_WORSE] = "worse",
	};

	return names[verdict];
}
