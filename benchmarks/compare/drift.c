// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/drift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rng.h"

#define PERMUTATIONS	1999

/* Of values in the order of their places: how many pairs rise, less those that fall. */
static double kendall(const double *y, size_t n)
{
	long s = 0;
	size_t i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			s += (y[i] > y[j]) - (y[i] < y[j]);
	return (double)s;
}

static void shuffle(double *values, size_t n, struct az_rng *rng)
{
	double swap;
	size_t i, j;

	for (i = n; i > 1; i--) {
		j = az_rng_below(rng, i);
		swap = values[i - 1];
		values[i - 1] = values[j];
		values[j] = swap;
	}
}

/* Slopes between the runs within each arm; @y, @at hold A in [0, na), then B. */
static double theil_sen(const double *y, const double *at, size_t na, size_t n)
{
	double *slopes = malloc(n * n * sizeof(*slopes)), slope = NAN;
	size_t i, j, count = 0;

	if (!slopes)
		return NAN;
	for (i = 0; i < n; i++)
		for (j = i < na ? 0 : na; j < i; j++)
			if (at[i] != at[j])
				slopes[count++] = (y[i] - y[j]) / (at[i] - at[j]);
	if (count)
		slope = az_median(slopes, count);
	free(slopes);
	return slope;
}

/* Of both arms together, A in [0, na), B behind it. */
static double both(const double *y, size_t na, size_t n)
{
	return kendall(y, na) + kendall(y + na, n - na);
}

/* p of @s without shuffling: S is normal for many values. Ties make it a little too large. */
static double normal_p(double s, size_t na, size_t nb)
{
	double a = (double)na, b = (double)nb, variance;

	variance = (a * (a - 1) * (2 * a + 5) + b * (b - 1) * (2 * b + 5)) / 18;
	return erfc((s > 1 ? s - 1 : 0) / sqrt(2 * variance));
}

/* Puts one arm in the order of its places behind *@n; places of one arm are distinct. */
static void take_arm(const struct drift_data *data, bool is_b, double *y, double *at, size_t *n)
{
	size_t first = *n, i, j;

	for (i = 0; i < data->n; i++) {
		if (data->is_b[i] != is_b)
			continue;
		for (j = (*n)++; j > first && at[j - 1] > data->at[i]; j--) {
			at[j] = at[j - 1];
			y[j] = y[j - 1];
		}
		at[j] = data->at[i];
		y[j] = data->y[i];
	}
}

int drift_test(const struct drift_data *data, uint64_t seed, struct drift *out)
{
	double *y = malloc(data->n * sizeof(*y)), *at = malloc(data->n * sizeof(*at)), s;
	struct az_rng rng = { seed };
	size_t na = 0, n, i, as_far = 1;
	int ret = -ENOMEM;

	*out = (struct drift){ 1, 0 };
	if (!y || !at)
		goto out;
	take_arm(data, false, y, at, &na);
	n = na;
	take_arm(data, true, y, at, &n);
	ret = 0;
	if (na < 3 || n - na < 3)
		goto out;
	out->slope = theil_sen(y, at, na, n);
	if (isnan(out->slope)) {
		ret = -ENOMEM;
		goto out;
	}
	s = fabs(both(y, na, n));
	if (na > DRIFT_SHUFFLE_MAX || n - na > DRIFT_SHUFFLE_MAX) {
		out->p = normal_p(s, na, n - na);
		goto out;
	}
	for (i = 0; i < DRIFT_SHUFFLES; i++) {
		shuffle(y, na, &rng);
		shuffle(y + na, n - na, &rng);
		as_far += fabs(both(y, na, n)) >= s;
	}
	out->p = (double)as_far / (DRIFT_SHUFFLES + 1);
out:
	free(at);
	free(y);
	return ret;
}

/* ---- the difference without the line --------------------------------------- */

/* Vectors of n: the centred places, and what the line leaves of the arm. */
struct line {
	double *u, *arm, *left, *scratch;
	double uu, arm2;
	size_t n;
};

/* Takes mean and line out of @y. */
static void flatten(const struct line *line, double *y)
{
	double mean = 0, slope = 0;
	size_t i;

	for (i = 0; i < line->n; i++)
		mean += y[i] / (double)line->n;
	for (i = 0; i < line->n; i++)
		slope += line->u[i] * y[i] / line->uu;
	for (i = 0; i < line->n; i++)
		y[i] -= mean + slope * line->u[i];
}

/* The coefficient of the arm in flat @y, and its standard error. */
static double arm_effect(const struct line *line, const double *y, double *error)
{
	double effect = 0, rest = 0;
	size_t i;

	for (i = 0; i < line->n; i++)
		effect += line->arm[i] * y[i] / line->arm2;
	for (i = 0; i < line->n; i++)
		rest += y[i] * y[i];
	rest = fmax(rest - effect * effect * line->arm2, 0);
	*error = sqrt(rest / (double)(line->n - 3) / line->arm2);
	return effect;
}

static double in_errors(double effect, double error)
{
	if (error > 0)
		return fabs(effect) / error;
	return effect != 0 ? INFINITY : 0;
}

static int line_make(struct line *line, const struct drift_data *data)
{
	double mean = 0;
	size_t i, n = data->n;

	*line = (struct line){ .n = n };
	line->u = malloc(4 * n * sizeof(*line->u));
	if (!line->u)
		return -ENOMEM;
	line->arm = line->u + n;
	line->left = line->arm + n;
	line->scratch = line->left + n;
	for (i = 0; i < n; i++)
		mean += data->at[i] / (double)n;
	for (i = 0; i < n; i++) {
		line->u[i] = data->at[i] - mean;
		line->uu += line->u[i] * line->u[i];
		line->arm[i] = data->is_b[i];
		line->left[i] = data->y[i];
	}
	if (line->uu <= 0)
		return -EDOM;
	flatten(line, line->arm);
	flatten(line, line->left);
	for (i = 0; i < n; i++)
		line->arm2 += line->arm[i] * line->arm[i];
	return line->arm2 > 1e-9 ? 0 : -EDOM;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int drift_remove(const struct drift_data *data, double alpha, uint64_t seed,
		 struct drift_free *out)
{
	struct az_rng rng = { seed };
	double error, one, seen, far, *errors;
	size_t i, as_far = 1;
	struct line line = { 0 };
	int ret;

	if (data->n < 5)
		return -EDOM;
	errors = malloc(PERMUTATIONS * sizeof(*errors));
	ret = errors ? line_make(&line, data) : -ENOMEM;
	if (ret)
		goto out;
	out->diff = arm_effect(&line, line.left, &error);
	seen = in_errors(out->diff, error);
	for (i = 0; i < PERMUTATIONS; i++) {
		shuffle(line.left, line.n, &rng);
		memcpy(line.scratch, line.left, line.n * sizeof(*line.left));
		flatten(&line, line.scratch);
		one = arm_effect(&line, line.scratch, &far);
		errors[i] = in_errors(one, far);
		as_far += errors[i] >= seen * (1 - 1e-12);
	}
	out->p = (double)as_far / (PERMUTATIONS + 1);
	qsort(errors, PERMUTATIONS, sizeof(*errors), by_value);
	far = errors[(size_t)ceil((1 - alpha) * (PERMUTATIONS + 1)) - 1] * error;
	out->ci = (struct az_interval){ out->diff - far, out->diff + far };
out:
	free(line.u);
	free(errors);
	return ret;
}
