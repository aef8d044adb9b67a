// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_WIDTH	22

/* Three digits, and at most seven columns with the sign and %. */
static const char *percent(char *buf, size_t len, double part, bool sign)
{
	double value = 100 * part;
	int digits = fabs(value) < 9.995 ? 1 : 0;

	if (fabs(value) >= 99999)
		snprintf(buf, len, value < 0 ? "-huge" : sign ? "+huge" : "huge");
	else
		snprintf(buf, len, sign ? "%+.*f" : "%.*f", digits, value);
	return buf;
}

static void change(const struct judged *j, char *diff, char *interval, size_t len)
{
	double base = fabs(j->median_a);
	char low[16], high[16], middle[16];

	snprintf(diff, len, "-");
	snprintf(interval, len, "-");
	if (base == 0)
		return;
	snprintf(diff, len, "%s%%", percent(middle, sizeof(middle), j->diff / base, true));
	if (isfinite(j->ci.low) && isfinite(j->ci.high))
		snprintf(interval, len, "%s..%s%%",
			 percent(low, sizeof(low), j->ci.low / base, true),
			 percent(high, sizeof(high), j->ci.high / base, true));
}

static const char *verdict_text(const struct judged *j, char *buf, size_t len)
{
	char within[16];

	if (j->verdict == AZ_NO_DIFFERENCE && isfinite(j->within) && j->within > 0)
		snprintf(buf, len, "within %s%%",
			 percent(within, sizeof(within), j->within, false));
	else if (j->verdict == AZ_TOO_FEW_RUNS && j->more > JUDGE_MORE_SHOWN)
		snprintf(buf, len, "over %u more", JUDGE_MORE_SHOWN);
	else if (j->verdict == AZ_TOO_FEW_RUNS && j->more)
		snprintf(buf, len, "about %u more", j->more);
	else
		snprintf(buf, len, "%s", az_verdict_name(j->verdict));
	return buf;
}

static const char *colour(FILE *file, enum az_verdict verdict)
{
	if (!isatty(fileno(file)) || getenv("NO_COLOR"))
		return NULL;
	if (verdict == AZ_BETTER)
		return "32";
	return verdict == AZ_WORSE ? "31" : NULL;
}

void table_head(FILE *file, const struct judge_rule *rule)
{
	char interval[24];

	snprintf(interval, sizeof(interval), "%.4g%% interval", 100 * (1 - rule->alpha));
	fprintf(file, "%-*s %8s %8s %7s %14s  %s\n", NAME_WIDTH, "metric", "A", "B", "change",
		interval, "verdict");
}

void table_row(FILE *file, const struct judged *j)
{
	const char *paint = colour(file, j->verdict);
	char left[24], right[24], diff[40], interval[40], verdict[32];

	change(j, diff, interval, sizeof(diff));
	verdict_text(j, verdict, sizeof(verdict));
	/* A long name has a line of its own, so that the columns stay. */
	if (strlen(j->a->name) > NAME_WIDTH)
		fprintf(file, "%s\n", j->a->name);
	fprintf(file, "%-*s %8s %8s %7s %14s  ", NAME_WIDTH,
		strlen(j->a->name) > NAME_WIDTH ? "" : j->a->name,
		series_format(left, j->median_a, j->a->unit),
		series_format(right, j->median_b, j->a->unit), diff, interval);
	if (paint)
		fprintf(file, "\033[%sm%s\033[0m\n", paint, verdict);
	else
		fprintf(file, "%s\n", verdict);
}

/* JSON has no infinity. */
static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *table_json(const struct judged *j)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:[o,o], s:i, s:i, s:s}",
				"name", j->a->name, "unit", j->a->unit,
				"better", j->a->lower_is_better ? "lower" : "higher",
				"a", j->median_a, "b", j->median_b, "diff", j->diff,
				"diff_ci95", number(j->ci.low), number(j->ci.high),
				"runs_a", (int)j->a->n, "runs_b", (int)j->b->n,
				"verdict", az_verdict_name(j->verdict));

	if (!row)
		return NULL;
	json_object_set_new(row, "method", json_string(judge_method_name(j->method)));
	json_object_set_new(row, "p", json_real(j->p));
	json_object_set_new(row, "q", json_real(j->q));
	json_object_set_new(row, "drift_p", json_real(j->drift_p));
	json_object_set_new(row, "drift_percent", number(100 * j->drift));
	if (j->verdict == AZ_NO_DIFFERENCE)
		json_object_set_new(row, "within_percent", number(100 * j->within));
	if (j->more)
		json_object_set_new(row, "more_runs", json_integer(j->more));
	return row;
}
