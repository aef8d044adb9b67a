// SPDX-License-Identifier: GPL-2.0-only
/* Is it better or worse? The comparison of each arm with the first one. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/series.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"
#include "lib/stats.h"

/* As azimuth compare has it by default. */
#define THRESHOLD	0.005
#define SEED		1

/* ---- rows --------------------------------------------------------------------- */

static bool is_deterministic(const json_t *doc)
{
	return !strcmp(html_str(json_object_get(doc, "env"), "lab_mode"), "deterministic");
}

static int make_series(struct series_set *set, const struct report_arm *arm)
{
	const json_t *doc;
	size_t i;

	for (i = 0; i < arm->n; i++) {
		doc = arm->runs[i].doc;
		/* A run that was cut off has no full set of samples behind its figures. */
		if (json_is_true(json_object_get(doc, "partial")) ||
		    !json_array_size(json_object_get(doc, "metrics")))
			continue;
		if (series_add_result(set, doc, "") == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static json_t *make_row(const struct series *a, const struct series *b,
			const struct az_comparison *c)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:[f,f], s:i, s:i, s:s}",
			 "name", a->name, "unit", a->unit,
			 "better", a->lower_is_better ? "lower" : "higher",
			 "a", c->median_a, "b", c->median_b, "diff", c->diff,
			 "diff_ci95", c->ci.low, c->ci.high, "runs_a", (int)a->n,
			 "runs_b", (int)b->n, "verdict", az_verdict_name(c->verdict));
}

static int compare_series(json_t *rows, const struct series_set *from, const struct series_set *to,
			  bool deterministic)
{
	struct az_compare_rule rule = { .deterministic = deterministic, .threshold = THRESHOLD,
					.seed = SEED };
	const struct series *a, *b;
	struct az_comparison c;
	size_t i;

	for (i = 0; i < from->n; i++) {
		a = &from->list[i];
		b = series_find(to, a->name);
		if (!b)
			continue;
		rule.lower_is_better = a->lower_is_better;
		if (az_compare_runs(a->values, a->n, b->values, b->n, &rule, &c) ||
		    json_array_append_new(rows, make_row(a, b, &c)))
			return -ENOMEM;
	}
	return 0;
}

static int compare_arms(json_t *tables, const struct report_group *group, size_t a, size_t b)
{
	struct series_set from = { 0 }, to = { 0 };
	json_t *rows = json_array();
	int ret = make_series(&from, &group->arms[a]);

	ret = ret ? ret : make_series(&to, &group->arms[b]);
	ret = ret ? ret : compare_series(rows, &from, &to,
					 is_deterministic(report_first(group)));
	if (!ret && json_array_size(rows) &&
	    json_array_append_new(tables, json_pack("{s:s, s:s, s:s, s:O}", "title", group->title,
						    "a", group->arms[a].name,
						    "b", group->arms[b].name, "metrics", rows)))
		ret = -ENOMEM;
	json_decref(rows);
	series_free(&from);
	series_free(&to);
	return ret;
}

json_t *report_rows(const struct report_group *group)
{
	json_t *tables = json_array();
	size_t i, first = 0;

	while (first < group->narms && !group->arms[first].n)
		first++;
	for (i = first + 1; i < group->narms; i++)
		if (group->arms[i].n && compare_arms(tables, group, first, i)) {
			json_decref(tables);
			return NULL;
		}
	return tables;
}

json_t *report_compare_rows(const json_t *compare)
{
	return json_pack("[{s:s, s:s, s:s, s:O}]", "title", "Comparison", "a", "A", "b", "B",
			 "metrics", json_object_get(compare, "metrics"));
}

/* ---- the table ------------------------------------------------------------------ */

/* Place of a ratio on a scale from a quarter to four times, in percent. */
static double scale(double ratio)
{
	return ratio > 0 ? fmin(100, fmax(0, 50 + 25 * log2(ratio))) : 0;
}

const char *report_verdict_class(const char *verdict)
{
	return !strcmp(verdict, "better") || !strcmp(verdict, "worse") ? verdict : "same";
}

bool report_is_detail(const char *name)
{
	return report_is_stage(name) || strchr(name, '@') || strstr(name, "_actual");
}

static void put_interval(FILE *out, const json_t *row)
{
	const json_t *ci = json_object_get(row, "diff_ci95");
	const json_t *low = json_array_get(ci, 0), *high = json_array_get(ci, 1);
	double base = fabs(html_num(row, "a"));

	fputs("<td data-label=\"95% interval\">", out);
	/* With few runs an end may be infinite, which JSON has as null. */
	if (base > 0 && json_is_number(low) && json_is_number(high))
		fprintf(out, "%+.1f…%+.1f%%</td>", 100 * json_number_value(low) / base,
			100 * json_number_value(high) / base);
	else
		fputs("–</td>", out);
}

/* One of two values; on a phone the name of its arm stands above it. */
static void put_value(FILE *out, const json_t *table, const char *side, const json_t *row)
{
	char text[32];

	fputs("<td data-label=\"", out);
	html_text(out, html_str(table, side));
	fprintf(out, "\">%s</td>", html_value(text, html_num(row, side), html_str(row, "unit")));
}

static void put_row(FILE *out, const json_t *table, const json_t *row)
{
	double a = html_num(row, "a"), b = html_num(row, "b"), ratio = a > 0 ? b / a : NAN;
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
	fputs("</td></tr>\n", out);
}

static size_t count_rows(const json_t *rows, bool details)
{
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach(rows, i, row)
		n += report_is_detail(html_str(row, "name")) == details;
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
	fprintf(out, "</h3>\n<table class=\"metrics verdicts%s\">\n<thead><tr><th>metric</th>",
		details ? " dense" : "");
	html_tag(out, "th", html_str(table, "a"));
	html_tag(out, "th", html_str(table, "b"));
	fputs("<th>change</th><th>95% interval</th><th>runs</th><th>verdict</th></tr></thead>\n"
	      "<tbody>\n", out);
	json_array_foreach(rows, i, row)
		if (report_is_detail(html_str(row, "name")) == details)
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
		"Verdicts on stages, data paths, and latency from the actual start" : "Verdicts");
	json_array_foreach(tables, i, table)
		put_table(out, table, details);
	if (!details)
		fputs("<p class=\"note\">Medians over runs; lower is better where nothing else is"
		      " said. The bar below a change reaches from a quarter to four times.</p>\n",
		      out);
	fputs("</section>\n", out);
}
