// SPDX-License-Identifier: GPL-2.0-only
/* One HTML page that needs nothing beside it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

void report_page_start(FILE *out, const char *title, const char *title_end)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", out);
	html_text(out, title);
	html_text(out, title_end);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", report_style);
}

void report_page_end(FILE *out)
{
	fputs("</main>\n</body>\n</html>\n", out);
}

void report_legend(FILE *out, const struct report_arm *arms, size_t narms)
{
	size_t i;

	fputs("<p class=\"legend\">", out);
	for (i = 0; i < narms; i++) {
		if (!arms[i].n)
			continue;
		fprintf(out, "<span><svg class=\"swatch\" viewBox=\"0 0 34 12\""
			" aria-hidden=\"true\"><path class=\"ln a%zu\" d=\"M2 6H32\"/></svg>", i);
		html_text(out, arms[i].name);
		fprintf(out, ", %zu run%s</span> ", arms[i].n, arms[i].n == 1 ? "" : "s");
	}
	fputs("</p>\n", out);
}

/* ---- the head -------------------------------------------------------------------- */

static size_t count_verdicts(const json_t *tables, const char *verdict)
{
	const json_t *table, *row;
	size_t i, j, n = 0;

	json_array_foreach(tables, i, table)
		json_array_foreach(json_object_get(table, "metrics"), j, row)
			n += !verdict || !strcmp(html_str(row, "verdict"), verdict);
	return n;
}

static void put_lead(FILE *out, const struct report_input *in, const json_t *tables)
{
	size_t all = count_verdicts(tables, NULL), better = count_verdicts(tables, "better");
	size_t worse = count_verdicts(tables, "worse"), i, runs = 0;
	size_t few = count_verdicts(tables, "not enough runs");

	for (i = 0; i < in->narms; i++)
		runs += in->arms[i].n;
	fputs("<p class=\"lead\">", out);
	if (runs)
		fprintf(out, "%zu run%s in %zu arm%s. ", runs, runs == 1 ? "" : "s", in->narms,
			in->narms == 1 ? "" : "s");
	if (all) {
		fprintf(out, "Of %zu metric%s, %s %s better", all, all == 1 ? "" : "s",
			html_number_word(better), better > 1 ? "are" : "is");
		fprintf(out, " and %s %s worse.", html_number_word(worse),
			worse > 1 ? "are" : "is");
		if (few)
			fprintf(out, " There are not enough runs for a verdict on %s.",
				few == all ? "any" : html_number_word(few));
	}
	fputs("</p>\n", out);
}

/* The latency that a group is about, NULL: none. Free it. */
static char *main_hist(const struct report_group *group)
{
	json_t *names = report_hist_names(group), *name;
	const char *text;
	char *found = NULL;
	size_t i;

	json_array_foreach(names, i, name) {
		text = json_string_value(name);
		/* What azimuth bench exit takes off its figures is none of them. */
		if (!found && !report_is_stage(text) && !strchr(text, '@') &&
		    strcmp(text, "overhead"))
			found = strdup(text);
	}
	json_decref(names);
	return found;
}

static const struct figure {
	const char *title, *name;
	unsigned int ppm;
} figures[] = {
	{ "median", "p50", 500000 }, { "p99", "p99", 990000 }, { "p99.9", "p99.9", 999000 }
};

#define FIGURES	(sizeof(figures) / sizeof(figures[0]))

/* The row of metric @hist_@figure, NULL: none. */
static const json_t *find_row(const json_t *table, const char *hist, const char *figure)
{
	const json_t *row;
	char name[128];
	size_t i;

	snprintf(name, sizeof(name), "%.100s_%s", hist, figure);
	json_array_foreach(json_object_get(table, "metrics"), i, row)
		if (!strcmp(html_str(row, "name"), name))
			return row;
	return NULL;
}

static void put_change(FILE *out, const struct figure *figure, const char *hist,
		       const json_t *table)
{
	const json_t *row = find_row(table, hist, figure->name);
	double a = html_num(row, "a"), b = html_num(row, "b");
	char change[16], left[32], right[32];

	if (!row)
		return;
	fprintf(out, "<div class=\"key\"><b class=\"%s\">%s</b><span>%s, ",
		report_verdict_class(html_str(row, "verdict")),
		html_change(change, a > 0 ? b / a : NAN), figure->title);
	html_text(out, hist);
	fputs("</span><small>", out);
	html_text(out, html_str(table, "a"));
	fprintf(out, " %s → ", html_value(left, a, "ns"));
	html_text(out, html_str(table, "b"));
	fprintf(out, " %s, ", html_value(right, b, "ns"));
	html_text(out, html_str(row, "verdict"));
	fputs("</small></div>\n", out);
}

static void put_level(FILE *out, const struct figure *figure, const char *name,
		      const struct az_hist *hist)
{
	char text[32];

	fprintf(out, "<div class=\"key\"><b>%s</b><span>%s, ",
		html_value(text, (double)az_hist_percentile(hist, figure->ppm), "ns"),
		figure->title);
	html_text(out, name);
	fputs("</span></div>\n", out);
}

/* The main latency of the first benchmark: how it changed, or of one arm how high it is. */
static int put_key_figures(FILE *out, const struct report_group *group, const json_t *table)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	char *name = main_hist(group);
	size_t i, arm = 0;

	if (!hist) {
		free(name);
		return -ENOMEM;
	}
	while (name && arm < group->narms && report_hist(&group->arms[arm], name, hist))
		arm++;
	if (name && arm < group->narms) {
		fputs("<div class=\"keys\">\n", out);
		for (i = 0; i < FIGURES; i++)
			if (table)
				put_change(out, &figures[i], name, table);
			else
				put_level(out, &figures[i], name, hist);
		fputs("</div>\n", out);
	}
	free(name);
	free(hist);
	return 0;
}

static void put_title(FILE *out, const struct report_input *in, const struct report_group *groups)
{
	size_t i;

	if (!in->narms) {
		fputs("Comparison", out);
	} else if (in->narms == 1) {
		fputs(html_str(report_first(groups), "benchmark"), out);
		fprintf(out, ": %s", in->arms[0].name);
	} else {
		for (i = 1; i < in->narms; i++)
			fprintf(out, "%s%s", i == 1 ? "" : ", ", in->arms[i].name);
		fprintf(out, " against %s", in->arms[0].name);
	}
}

static int put_head(FILE *out, const struct report_input *in, const struct report_group *groups,
		    size_t n, const json_t *tables)
{
	char *title = NULL;
	size_t len;
	FILE *text = open_memstream(&title, &len);
	int ret = 0;

	if (!text)
		return -ENOMEM;
	put_title(text, in, groups);
	if (fclose(text)) {
		free(title);
		return -ENOMEM;
	}
	report_page_start(out, "Azimuth report: ", title);
	fputs("<header>\n<p class=\"eyebrow\">Azimuth report</p>\n<h1>", out);
	html_text(out, title);
	fputs("</h1>\n", out);
	put_lead(out, in, tables);
	if (n)
		ret = put_key_figures(out, &groups[0], json_array_get(tables, 0));
	fputs("</header>\n", out);
	free(title);
	return ret;
}

/* ---- groups ------------------------------------------------------------------------- */

/* The main latency, and what else it is cut into: "rtt", "rtt_actual", "rtt@vf". */
static bool is_main(const char *main, const char *name)
{
	size_t len = main ? strlen(main) : 0;

	return len && !strncmp(name, main, len) &&
	       (!name[len] || name[len] == '@' || !strcmp(name + len, "_actual"));
}

static int put_latencies(FILE *out, const struct report_group *group)
{
	json_t *names = report_hist_names(group), *name;
	char *main = main_hist(group);
	const char *text;
	size_t i;
	int ret = 0;

	if (!names) {
		free(main);
		return -ENOMEM;
	}
	fputs("<div class=\"plots\">\n", out);
	json_array_foreach(names, i, name) {
		text = json_string_value(name);
		/* Stages have a plot of their own; of a hundred CPUs the table has the figures. */
		if (report_is_stage(text) || report_is_cpu(text))
			continue;
		ret = ret ? ret : report_curve(out, group, text);
		if (is_main(main, text))
			ret = ret ? ret : report_histogram(out, group, text);
	}
	free(main);
	fputs("</div>\n", out);
	json_decref(names);
	return ret;
}

static int put_group(FILE *out, const struct report_group *group)
{
	size_t i, most = 0;
	int ret;

	fputs("<section>\n<h2>", out);
	html_text(out, group->title);
	fputs("</h2>\n", out);
	report_legend(out, group->arms, group->narms);
	ret = report_knee(out, group);
	ret = ret ? ret : put_latencies(out, group);
	for (i = 0; i < group->narms; i++)
		most = group->arms[i].n > most ? group->arms[i].n : most;
	if (most > 1)
		fputs("<p class=\"note\">The line is all runs of an arm together, the shade behind"
		      " it is from the lowest to the highest run.</p>\n", out);
	ret = ret ? ret : report_timelines(out, group);
	ret = ret ? ret : report_stages(out, group);
	ret = ret ? ret : report_percentiles(out, group);
	report_counts(out, group);
	report_conditions(out, group);
	report_config(out, group);
	fputs("</section>\n", out);
	return ret;
}

json_t *report_tables(const struct report_input *in, const struct report_group *groups, size_t n)
{
	json_t *tables, *some;
	size_t i;

	if (in->compare)
		return report_compare_rows(in->compare);
	tables = json_array();
	for (i = 0; tables && i < n; i++) {
		some = report_rows(&groups[i]);
		if (!some || json_array_extend(tables, some)) {
			json_decref(tables);
			tables = NULL;
		}
		json_decref(some);
	}
	return tables;
}

static int put_page(FILE *out, const struct report_input *in, const struct report_group *groups,
		    size_t n, const json_t *tables)
{
	size_t i;
	int ret = put_head(out, in, groups, n, tables);

	report_warnings(out, in);
	report_verdicts(out, tables, false);
	for (i = 0; i < n; i++)
		ret = ret ? ret : put_group(out, &groups[i]);
	report_verdicts(out, tables, true);
	report_facts(out, in);
	report_page_end(out);
	return ret;
}

int report_html(FILE *out, const struct report_input *in)
{
	struct report_group *groups = NULL;
	json_t *tables = NULL;
	size_t n;
	int ret;

	if (in->summary) {
		report_lab_html(out, in->summary);
		return 0;
	}
	ret = report_groups(in, &groups, &n);
	if (!ret) {
		tables = report_tables(in, groups, n);
		ret = tables ? put_page(out, in, groups, n, tables) : -ENOMEM;
	}
	json_decref(tables);
	report_groups_free(groups, n);
	return ret;
}
