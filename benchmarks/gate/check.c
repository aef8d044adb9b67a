// SPDX-License-Identifier: GPL-2.0-only
/* From rules and results to checks. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/gate/gate.h"
#include "lib/log.h"

static bool is_change(const struct gate_rule *rule)
{
	return rule->limit <= GATE_CHANGE;
}

/* +1 where more is worse, -1 where less is. */
static double worse_sign(const struct gate_check *check, const struct series *series)
{
	bool lower = check->rule->lower_is_better < 0 ? series->lower_is_better :
							check->rule->lower_is_better;

	return lower ? 1 : -1;
}

static struct gate_check *add(struct gate *gate, const struct gate_rule *rule, const char *metric)
{
	struct gate_check *list = realloc(gate->checks, (gate->n + 1) * sizeof(*list));

	if (!list)
		return NULL;
	gate->checks = list;
	list[gate->n] = (struct gate_check){ .rule = rule, .metric = metric };
	return &list[gate->n++];
}

static void few_runs(struct gate_check *check, const char *text)
{
	check->few = true;
	check->status = check->rule->skip_few ? GATE_SKIP : GATE_FAIL;
	snprintf(check->text, sizeof(check->text), "not enough runs: %s", text);
}

/* ---- limits of one side ---------------------------------------------------- */

static double worst(const struct series *series, bool want_max)
{
	double value = series->values[0];
	size_t i;

	for (i = 1; i < series->n; i++)
		value = want_max ? fmax(value, series->values[i]) : fmin(value, series->values[i]);
	return value;
}

static int check_limit(struct gate_check *check, const struct series *b)
{
	const struct gate_rule *rule = check->rule;
	bool is_max = rule->limit == GATE_MAX, bad;
	char have[24], limit[24], text[64];
	double value;

	check->judged.b = b;
	check->judged.median_b = az_median(b->values, b->n);
	if (isnan(check->judged.median_b))
		return -ENOMEM;
	value = rule->safety ? worst(b, is_max) : check->judged.median_b;
	bad = is_max ? value > rule->allowed : value < rule->allowed;
	check->status = bad ? GATE_FAIL : GATE_PASS;
	snprintf(check->text, sizeof(check->text), "%s of %zu runs is %s, %s %s",
		 rule->safety ? "worst" : "median", b->n, series_format(have, value, b->unit),
		 is_max ? "at most" : "at least", series_format(limit, rule->allowed, b->unit));
	if (b->n < rule->min_runs) {
		snprintf(text, sizeof(text), "%zu, at least %u are wanted", b->n, rule->min_runs);
		few_runs(check, text);
	}
	return 0;
}

/* ---- changes --------------------------------------------------------------- */

static double margin_of(const struct gate_check *check, const struct series *a)
{
	double allowed = check->rule->allowed;

	if (check->rule->limit == GATE_CHANGE_PERCENT)
		allowed *= fabs(az_median(a->values, a->n)) / 100;
	return worse_sign(check, a) * allowed;
}

static int compare(const struct gate *gate, struct gate_check *check, const struct series *a,
		   const struct series *b)
{
	const struct judge_rule rule = {
		.deterministic = runs_deterministic(&gate->a),
		.alpha = 1 - check->rule->confidence / 100, .seed = gate->seed,
	};

	check->compared = true;
	return judge_metric(&rule, &gate->order, a, b, margin_of(check, a), &check->judged);
}

static void describe(struct gate_check *check)
{
	const struct judged *j = &check->judged;
	double base = fabs(j->median_a);
	char from[24], to[24], allowed[32];

	if (check->rule->limit == GATE_CHANGE_PERCENT)
		snprintf(allowed, sizeof(allowed), "%.4g%%", check->rule->allowed);
	else
		series_format(allowed, check->rule->allowed, j->a->unit);
	series_format(from, j->median_a, j->a->unit);
	series_format(to, j->median_b, j->a->unit);
	if (base > 0 && isfinite(j->ci.low) && isfinite(j->ci.high))
		snprintf(check->text, sizeof(check->text),
			 "%s -> %s, %+.2f%% (%+.2f..%+.2f%%), allowed %s", from, to,
			 100 * j->diff / base, 100 * j->ci.low / base, 100 * j->ci.high / base,
			 allowed);
	else
		snprintf(check->text, sizeof(check->text), "%s -> %s, allowed %s", from, to,
			 allowed);
}

/* By how much B is beyond what is allowed: the near and the far end of the interval. */
static void beyond(const struct gate_check *check, double *near, double *far)
{
	const struct judged *j = &check->judged;
	double sign = worse_sign(check, j->a), margin = margin_of(check, j->a);

	*near = sign > 0 ? j->ci.low - margin : margin - j->ci.high;
	*far = sign > 0 ? j->ci.high - margin : margin - j->ci.low;
}

static void not_decided(struct gate_check *check)
{
	const struct judged *j = &check->judged;
	double size = fabs(j->diff - margin_of(check, j->a)), alpha;
	unsigned int more, fewest;
	char text[64];

	alpha = 1 - check->rule->confidence / 100;
	more = judge_more(j, size, alpha);
	fewest = (unsigned int)(j->a->n < j->b->n ? j->a->n : j->b->n);
	if (fewest + more < check->rule->min_runs)
		more = check->rule->min_runs - fewest;
	if (more > JUDGE_MORE_SHOWN)
		snprintf(text, sizeof(text), "over %u more of each are needed", JUDGE_MORE_SHOWN);
	else
		snprintf(text, sizeof(text), "about %u more of each would do", more);
	few_runs(check, text);
}

/* With p, q and the interval known. */
static void decide(struct gate_check *check)
{
	const struct judged *j = &check->judged;
	double alpha = 1 - check->rule->confidence / 100, near, far;
	bool repeats = j->method == JUDGE_REPEATS, enough;

	describe(check);
	beyond(check, &near, &far);
	if (repeats)
		enough = j->verdict != AZ_TOO_FEW_RUNS;
	else
		enough = j->method == JUDGE_PAIRS || az_enough_runs(j->a->n, j->b->n, false);
	if (!enough || !isfinite(near) || !isfinite(far) || j->a->n < check->rule->min_runs ||
	    j->b->n < check->rule->min_runs)
		not_decided(check);
	else if (near > 0 && (repeats || j->q <= alpha))
		check->status = GATE_FAIL;
	else if (near > 0)
		not_decided(check);
	else if (check->rule->safety && far > 0)
		not_decided(check);
	else
		check->status = GATE_PASS;
}

/* Corrects over all changes together, and decides. */
static int decide_changes(struct gate *gate)
{
	struct judge_rule rule = { .deterministic = runs_deterministic(&gate->a), .alpha = 0.05 };
	struct judged *list = calloc(gate->n + 1, sizeof(*list));
	size_t i, n = 0;
	int ret;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < gate->n; i++)
		if (gate->checks[i].compared)
			list[n++] = gate->checks[i].judged;
	ret = judge_all(&rule, list, n);
	for (i = 0, n = 0; !ret && i < gate->n; i++)
		if (gate->checks[i].compared) {
			gate->checks[i].judged = list[n++];
			decide(&gate->checks[i]);
		}
	free(list);
	return ret;
}

/* ---- all ------------------------------------------------------------------- */

static int apply(struct gate *gate, const struct gate_rule *rule)
{
	const struct series *a, *b;
	struct gate_check *check;
	size_t i, found = 0;
	int ret = 0;

	for (i = 0; !ret && i < gate->b.series.n; i++) {
		b = &gate->b.series.list[i];
		a = series_find(&gate->a.series, b->name);
		if (fnmatch(rule->metric, b->name, 0) || (is_change(rule) && !a))
			continue;
		found++;
		check = add(gate, rule, b->name);
		if (!check)
			return -ENOMEM;
		ret = is_change(rule) ? compare(gate, check, a, b) : check_limit(check, b);
	}
	if (found || ret)
		return ret;
	check = add(gate, rule, rule->metric);
	if (!check)
		return -ENOMEM;
	check->status = rule->skip_missing ? GATE_SKIP : GATE_FAIL;
	snprintf(check->text, sizeof(check->text), "no such metric");
	return 0;
}

int gate_check_all(struct gate *gate)
{
	const struct gate_rule *rule = gate->criteria.rules;
	size_t i;
	int ret;

	for (i = 0; i < gate->criteria.n; i++)
		if (is_change(&rule[i]) && !gate->a.series.n)
			return az_usage("a rule for %s limits a change: give A and B",
					rule[i].metric);
	ret = runs_order(&gate->a, &gate->b, &gate->order);
	for (i = 0; !ret && i < gate->criteria.n; i++)
		ret = apply(gate, &rule[i]);
	ret = ret ? ret : decide_changes(gate);
	return ret ? az_env("out of memory") : 0;
}

const char *gate_subject(const struct gate *gate)
{
	const json_t *doc = json_array_get(gate->b.docs, 0);
	const char *name = json_string_value(json_object_get(doc, "benchmark"));

	return name ? name : "summary";
}
