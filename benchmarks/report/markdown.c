// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report for a mail: Markdown whose tables are indented text of at most 80
 * columns, so that it reads the same in a terminal and on a list's archive.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/series.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

#define COLUMNS		76
#define NAME		20

/* @text without what would move a terminal's cursor or begin a new line. */
static const char *clean(char *buf, size_t len, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < len; text++)
		if ((unsigned char)*text >= ' ' && *text != 0x7f)
			buf[n++] = *text;
	buf[n] = '\0';
	return buf;
}

/* Words of @text in lines that begin with @first, later ones with @indent blanks. */
static void put_wrapped(FILE *out, const char *first, size_t indent, const char *text)
{
	size_t column = strlen(first), len;
	char word[256];
	bool start = true;

	fputs(first, out);
	while (*text) {
		text += strspn(text, " \n\t");
		len = strcspn(text, " \n\t");
		if (!len)
			break;
		if (len >= sizeof(word))
			len = sizeof(word) - 1;
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		clean(word, sizeof(word), word);
		if (!start && column + 1 + strlen(word) > COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!start) {
			fputc(' ', out);
			column++;
		}
		fputs(word, out);
		column += strlen(word);
		start = false;
		text += len;
	}
	fputc('\n', out);
}

/* A long name has a line of its own, so that the columns stay. */
static void put_name(FILE *out, const char *name)
{
	char text[128];

	clean(text, sizeof(text), name);
	if (strlen(text) > NAME)
		fprintf(out, "    %s\n    %*s", text, NAME, "");
	else
		fprintf(out, "    %-*s", NAME, text);
}

/* ---- verdicts ------------------------------------------------------------------- */

static void put_percent(char *buf, double part)
{
	if (!isfinite(part))
		snprintf(buf, 16, "?");
	else if (fabs(part) >= 9.995)
		snprintf(buf, 16, part > 999 ? "+huge" : "%+.0f", 100 * part);
	else
		snprintf(buf, 16, "%+.1f", 100 * part);
}

static double end_of(const json_t *row, size_t i)
{
	const json_t *end = json_array_get(json_object_get(row, "diff_ci95"), i);

	return json_is_number(end) ? json_number_value(end) : NAN;
}

static void put_verdict(FILE *out, const json_t *row)
{
	double a = html_num(row, "a"), b = html_num(row, "b"), base = fabs(a);
	char left[24], right[24], change[16] = "", interval[40] = "", verdict[40];
	char low[16], high[16];
	const char *unit = html_str(row, "unit");

	if (base > 0) {
		put_percent(change, html_num(row, "diff") / base);
		put_percent(low, end_of(row, 0) / base);
		put_percent(high, end_of(row, 1) / base);
		if (isfinite(end_of(row, 0)) && isfinite(end_of(row, 1)))
			snprintf(interval, sizeof(interval), "%s..%s", low, high);
	}
	put_name(out, html_str(row, "name"));
	fprintf(out, " %8s %8s %6s %13s %s\n", series_format(left, a, unit),
		series_format(right, b, unit), change, interval,
		clean(verdict, 17, html_str(row, "verdict")));
}

/* Of a hundred metrics a reader of mail wants the main ones and those that changed. */
static bool is_shown(const json_t *rows, const json_t *row)
{
	const char *verdict = html_str(row, "verdict");

	return !report_is_detail(rows, row) || !strcmp(verdict, "better") ||
	       !strcmp(verdict, "worse");
}

static double confidence_of(const json_t *table)
{
	double confidence = html_num(table, "confidence");

	/* The lab's summary has intervals of 95%. */
	return confidence > 0 ? confidence : 95;
}

static void put_tables(FILE *out, const json_t *tables)
{
	const json_t *table, *rows, *row;
	char text[64], head[256];
	size_t i, j, hidden;

	json_array_foreach(tables, i, table) {
		snprintf(head, sizeof(head), "%s: %s against %s", html_str(table, "title"),
			 html_str(table, "b"), html_str(table, "a"));
		put_wrapped(out, "\n## ", 3, head);
		fprintf(out, "\n    %-*s %8.8s", NAME, "metric",
			clean(text, 9, html_str(table, "a")));
		snprintf(head, sizeof(head), "%g%% interval", confidence_of(table));
		fprintf(out, " %8.8s %6s %13.13s %s\n", clean(text, 9, html_str(table, "b")),
			"diff %", head, "verdict");
		hidden = 0;
		rows = json_object_get(table, "metrics");
		json_array_foreach(rows, j, row)
			if (is_shown(rows, row))
				put_verdict(out, row);
			else
				hidden++;
		if (hidden)
			fprintf(out, "\n%zu metrics of stages, data paths and other parts, without"
				" a change,\nare not shown.\n", hidden);
	}
}

/* ---- latencies ------------------------------------------------------------------ */

static void put_figures(FILE *out, const char *name, const char *arm, const struct az_hist *hist)
{
	static const unsigned int ppm[] = { 500000, 990000, 999000 };
	char both[160], text[24];
	size_t i;

	snprintf(both, sizeof(both), "%.60s %.80s", name, arm);
	put_name(out, both);
	fprintf(out, " %9llu", (unsigned long long)hist->count);
	for (i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++)
		fprintf(out, " %9s", series_format(text, (double)az_hist_percentile(hist, ppm[i]),
						   "ns"));
	fprintf(out, " %9s\n", series_format(text, (double)hist->max, "ns"));
}

static int put_latencies(FILE *out, const struct report_group *group)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	json_t *names = report_hist_names(group), *name;
	size_t i, arm;

	if (!hist || !names) {
		free(hist);
		json_decref(names);
		return -ENOMEM;
	}
	if (json_array_size(names))
		fprintf(out, "\n    %-*s %9s %9s %9s %9s %9s\n", NAME, "latency", "samples", "p50",
			"p99", "p99.9", "max");
	json_array_foreach(names, i, name)
		for (arm = 0; arm < group->narms; arm++)
			if (!report_hist(&group->arms[arm], json_string_value(name), hist))
				put_figures(out, json_string_value(name), group->arms[arm].name,
					    hist);
	json_decref(names);
	free(hist);
	return 0;
}

static void put_ramp(FILE *out, const struct report_arm *arm, const struct report_run *run)
{
	static const char *const keys[] = { "p50", "p99", "p99.9" };
	const json_t *step;
	char text[24];
	size_t i, k;

	if (!json_array_size(json_object_get(run->doc, "ramp")))
		return;
	fprintf(out, "\n    %-*s %9s %9s %9s %9s %9s\n", NAME, "ramp", "rate", "p50", "p99",
		"p99.9", "lost");
	json_array_foreach(json_object_get(run->doc, "ramp"), i, step) {
		put_name(out, arm->name);
		fprintf(out, " %9.0f", html_num(step, "rate"));
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			fprintf(out, " %9s", html_num(step, keys[k]) > 0 ?
				series_format(text, html_num(step, keys[k]), "ns") : "-");
		fprintf(out, " %9.0f\n", html_num(step, "lost"));
	}
}

static void put_marks(FILE *out, const struct report_arm *arm, const struct report_run *run)
{
	const json_t *mark;
	char text[128], line[512];
	size_t i;

	if (!json_array_size(json_object_get(run->doc, "marks")))
		return;
	snprintf(line, sizeof(line), "Marks of %.80s, %.300s:", arm->name, run->file);
	fputc('\n', out);
	put_wrapped(out, "", 0, line);
	fputc('\n', out);
	json_array_foreach(json_object_get(run->doc, "marks"), i, mark)
		fprintf(out, "    %10.3f s  %s\n", html_num(mark, "t_ns") / 1e9,
			clean(text, 60, html_str(mark, "text")));
}

static int put_group(FILE *out, const struct report_group *group)
{
	size_t i, j;
	int ret;

	put_wrapped(out, "\n## ", 3, group->title);
	ret = put_latencies(out, group);
	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++)
			put_ramp(out, &group->arms[i], &group->arms[i].runs[j]);
	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++)
			put_marks(out, &group->arms[i], &group->arms[i].runs[j]);
	return ret;
}

/* ---- head and facts --------------------------------------------------------------- */

static void put_warning(void *ctx, const char *what, const char *text, const char *arm,
			const char *where)
{
	char line[512];

	snprintf(line, sizeof(line), "**%s** %s (%.80s, %.200s)", what, text, arm, where);
	put_wrapped(ctx, "- ", 2, line);
}

static void put_fact(FILE *out, const json_t *row, const struct report_input *in)
{
	const char *value;
	char first[80];
	size_t i;

	if (!json_is_true(json_object_get(row, "differs")) && in->narms > 1) {
		value = json_string_value(json_array_get(json_object_get(row, "values"), 0));
		snprintf(first, sizeof(first), "- %.60s: ", html_str(row, "name"));
		put_wrapped(out, clean(first, sizeof(first), first), 2, value ? value : "-");
		return;
	}
	put_wrapped(out, "- ", 2, html_str(row, "name"));
	for (i = 0; i < in->narms; i++) {
		value = json_string_value(json_array_get(json_object_get(row, "values"), i));
		snprintf(first, sizeof(first), "    %.40s: ", in->arms[i].name);
		clean(first, sizeof(first), first);
		put_wrapped(out, first, 8, value ? value : "-");
	}
}

static void put_facts(FILE *out, const struct report_input *in)
{
	static const char *const members[] = { "env", "peer", "config", NULL };
	static const char *const always[] = { "kernel", "machine", "cpu_model", "sku", "lab_mode",
					      "date", NULL };
	json_t *rows = report_fact_rows(in->arms, in->narms, members), *row;
	bool shown;
	size_t i, k;

	if (json_array_size(rows))
		fprintf(out, "\n## Facts%s\n\n", in->narms > 1 ? ", and what differs" : "");
	json_array_foreach(rows, i, row) {
		shown = json_is_true(json_object_get(row, "differs"));
		for (k = 0; always[k]; k++)
			shown |= !strcmp(always[k], html_str(row, "name"));
		if (shown)
			put_fact(out, row, in);
	}
	json_decref(rows);
}

static void put_head(FILE *out, const struct report_input *in)
{
	char line[256];
	size_t i;

	fputs("# Azimuth report\n\n", out);
	for (i = 0; i < in->narms; i++) {
		snprintf(line, sizeof(line), "%.200s: %zu run%s", in->arms[i].name, in->arms[i].n,
			 in->arms[i].n == 1 ? "" : "s");
		put_wrapped(out, "- ", 2, line);
	}
	report_each_warning(in, put_warning, out);
}

/* ---- a summary of the lab ------------------------------------------------------------ */

/* Its metrics in the form of compare's. */
static json_t *summary_tables(const json_t *doc)
{
	json_t *rows = json_array(), *metric, *row;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		row = json_copy(metric);
		json_object_set(row, "a", json_object_get(metric, "stock"));
		json_object_set(row, "b", json_object_get(metric, "patched"));
		json_object_set_new(row, "diff", json_real(html_num(metric, "patched") -
							   html_num(metric, "stock")));
		json_array_append_new(rows, row);
	}
	return json_pack("[{s:s, s:s, s:s, s:o}]", "title", "Lab", "a", "stock", "b", "patched",
			 "metrics", rows);
}

static void put_summary(FILE *out, const json_t *doc)
{
	const json_t *fault;
	char line[256];
	size_t i;

	snprintf(line, sizeof(line), "Linux %.60s, lab mode %.60s. None of this ran on Azure: the"
		 " guest is a real kernel, its host a simulation.", html_str(doc, "base"),
		 html_str(doc, "mode"));
	put_wrapped(out, "", 0, line);
	if (json_array_size(json_object_get(doc, "faults")))
		fprintf(out, "\n    %-*s %8s %8s\n", NAME, "fault", "stock", "patched");
	json_array_foreach(json_object_get(doc, "faults"), i, fault) {
		put_name(out, html_str(fault, "name"));
		fprintf(out, " %8.8s %8.8s\n", html_str(fault, "stock"),
			html_str(fault, "patched"));
	}
}

/* ---- all -------------------------------------------------------------------------------- */

int report_markdown(FILE *out, const struct report_input *in)
{
	struct report_group *groups = NULL;
	size_t n = 0, i;
	json_t *tables;
	int ret = report_groups(in, &groups, &n);

	tables = ret ? NULL : in->summary ? summary_tables(in->summary) :
		 report_tables(in, groups, n);
	if (!tables) {
		report_groups_free(groups, n);
		return -ENOMEM;
	}
	put_head(out, in);
	if (in->summary)
		put_summary(out, in->summary);
	put_tables(out, tables);
	for (i = 0; i < n; i++)
		ret = ret ? ret : put_group(out, &groups[i]);
	if (in->narms)
		put_facts(out, in);
	json_decref(tables);
	report_groups_free(groups, n);
	return ret;
}
