// SPDX-License-Identifier: GPL-2.0-only
/* The tables that say whether it is better or worse. */
#include <math.h>
#include <string.h>

#include "benchmarks/compare/judge.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

/* ---- the table ------------------------------------------------------------------ */

/* B over A by "diff", from which a drift may have been taken out; NAN where A is 0. */
static double diff_ratio(const json_t *row)
{
	double a = html_num(row, "a");

	return a > 0 ? 1 + html_num(row, "diff") / a : NAN;
}

/* Place of a ratio on a scale from a quarter to four times, in percent. */
static double scale(double ratio)
{
	return ratio > 0 ? fmin(100, fmax(0, 50 + 25 * log2(ratio))) : 0;
}

const char *report_verdict_class(const char *verdict)
{
	return !strcmp(verdict, "better") || !strcmp(verdict, "worse") ? verdict : "same";
}

/* Length of the histogram's name in that of a metric, "rtt" of "rtt_p99.9"; 0: of none. */
static size_t hist_length(const char *name)
{
	const struct az_percentile *p;
	const char *last = strrchr(name, '_');

	if (!last)
		return 0;
	for (p = az_percentiles; p->name; p++)
		if (!strcmp(last + 1, p->name))
			return (size_t)(last - name);
	if (!strcmp(last, "_min") || !strcmp(last, "_max") || !strcmp(last, "_mean"))
		return (size_t)(last - name);
	return 0;
}

/* Is there the mean of histogram @name, which is @len bytes? Then all its figures are. */
static bool has_mean(const json_t *rows, const char *name, size_t len)
{
	const json_t *row;
	const char *other;
	size_t i;

	json_array_foreach(rows, i, row) {
		other = html_str(row, "name");
		if (!strncmp(other, name, len) && !strcmp(other + len, "_mean"))
			return true;
	}
	return false;
}

bool report_is_detail(const json_t *rows, const json_t *row)
{
	const char *main = html_str(json_array_get(rows, 0), "name"), *name = html_str(row, "name");
	size_t len = hist_length(name), of_main = hist_length(main);
	char actual[80];

	if (!len || (len == of_main && !strncmp(name, main, len)))
		return false;
	/* The lab's summary picks single figures, each of which is a main one. */
	if (!has_mean(rows, name, len))
		return false;
	if (report_is_stage(name) || report_is_cpu(name) || strchr(name, '@') ||
	    strstr(name, "_actual_"))
		return true;
	/* Of an open loop, all else explains its latency; azimuth bench exit has many equals. */
	snprintf(actual, sizeof(actual), "%.*s_actual", (int)(of_main < 64 ? of_main : 63), main);
	return has_mean(rows, actual, strlen(actual));
}

/* Three digits, with the minus of print. */
static void put_percent(FILE *out, double value)
{
	fprintf(out, "%s%.*f", value < 0 ? "−" : "+", fabs(value) < 99.95, fabs(value));
}

static void put_interval(FILE *out, const json_t *row)
{
	const json_t *ci = json_object_get(row, "diff_ci95");
	const json_t *low = json_array_get(ci, 0), *high = json_array_get(ci, 1);
	double base = fabs(html_num(row, "a"));

	fputs("<td data-label=\"interval\">", out);
	/* With few runs an end may be infinite, which JSON has as null. */
	if (base > 0 && json_is_number(low) && json_is_number(high)) {
		put_percent(out, 100 * json_number_value(low) / base);
		fputs("…", out);
		put_percent(out, 100 * json_number_value(high) / base);
		fputs("%</td>", out);
	} else {
		fputs("–</td>", out);
	}
}

/* One of two values; on a phone the name of its arm stands above it. */
static void put_value(FILE *out, const json_t *table, const char *side, const json_t *row)
{
	char text[32];

	fputs("<td data-label=\"", out);
	html_text(out, html_str(table, side));
	fprintf(out, "\">%s</td>", html_value(text, html_num(row, side), html_str(row, "unit")));
}

/* How far "no difference" goes, what "not enough runs" would take, and a method to know of. */
static void put_beside(FILE *out, const json_t *row)
{
	bool detrended = !strcmp(html_str(row, "method"), "detrended");
	double within = html_num(row, "within_percent"), more = html_num(row, "more_runs");

	if (within > 0)
		fprintf(out, " <small>within %.*f%%</small>", within < 9.95, within);
	else if (more > JUDGE_MORE_SHOWN)
		fprintf(out, " <small>over %u more of each</small>", JUDGE_MORE_SHOWN);
	else if (more > 0)
		fprintf(out, " <small>about %.0f more of each</small>", more);
	if (detrended)
		fputs(" <small>a drift taken out</small>", out);
}

static void put_row(FILE *out, const json_t *table, const json_t *row)
{
	double ratio = diff_ratio(row);
	const char *verdict = html_str(row, "verdict"), *class = report_verdict_class(verdict);
	double place = isfinite(ratio) ? scale(ratio) : 50;
	char text[16];

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, html_str(row, "name"));
	if (!strcmp(html_str(row, "better"), "higher"))
		fputs("<code>higher is better</code>", out);
	fputs("</th>", out);
	put_value(out, table, "a", row);
	put_value(out, table, "b", row);
	fprintf(out, "<td data-label=\"change\" class=\"%s\">%s<i class=\"bar\"><i style=\"left:"
		"%.1f%%;width:%.1f%%\"></i></i></td>", class, html_change(text, ratio),
		fmin(place, 50), fabs(place - 50));
	put_interval(out, row);
	fprintf(out, "<td data-label=\"runs\">%.0f+%.0f</td><td class=\"verdict %s\">",
		html_num(row, "runs_a"), html_num(row, "runs_b"), class);
	html_text(out, verdict);
	put_beside(out, row);
	fputs("</td></tr>\n", out);
}

static size_t count_rows(const json_t *rows, bool details)
{
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row)
		n += report_is_detail(rows, row) == details;
	return n;
}

static void put_table(FILE *out, const json_t *table, bool details)
{
	const json_t *rows = json_object_get(table, "metrics"), *row;
	size_t i;

	if (!count_rows(rows, details))
		return;
	fputs("<h3>", out);
	html_text(out, html_str(table, "title"));
	fputs(": ", out);
	html_text(out, html_str(table, "b"));
	fputs(" against ", out);
	html_text(out, html_str(table, "a"));
	if (*html_str(table, "order"))
		fprintf(out, " <small>order of the runs: %s</small>", html_str(table, "order"));
	fprintf(out, "</h3>\n<table class=\"metrics verdicts%s\">\n<thead><tr><th>metric</th>",
		details ? " dense" : "");
	html_tag(out, "th", html_str(table, "a"));
	html_tag(out, "th", html_str(table, "b"));
	fprintf(out, "<th>change</th><th>%g%% interval</th><th>runs</th><th>verdict</th></tr>"
		"</thead>\n<tbody>\n", html_num(table, "confidence"));
	json_array_foreach(rows, i, row)
		if (report_is_detail(rows, row) == details)
			put_row(out, table, row);
	fputs("</tbody></table>\n", out);
}

static size_t count_all(const json_t *tables, bool details)
{
	const json_t *table;
	size_t i, n = 0;

	json_array_foreach(tables, i, table)
		n += count_rows(json_object_get(table, "metrics"), details);
	return n;
}

void report_verdicts(FILE *out, const json_t *tables, bool details)
{
	const json_t *table;
	size_t i;

	if (!count_all(tables, details))
		return;
	fprintf(out, "<section>\n<h2>%s</h2>\n", details ?
		"Verdicts on parts: stages, data paths, other latencies" : "Verdicts");
	json_array_foreach(tables, i, table)
		put_table(out, table, details);
	if (!details)
		fputs("<p class=\"note\">Medians over runs; lower is better where nothing else is"
		      " said. The bar below a change reaches from a quarter to four times. The"
		      " verdicts are those of azimuth compare, by rank tests over runs; the"
		      " confidence holds over all metrics of a table together.</p>\n", out);
	fputs("</section>\n", out);
}
