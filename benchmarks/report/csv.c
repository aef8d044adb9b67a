// SPDX-License-Identifier: GPL-2.0-only
/* One line for each metric of each run, as RFC 4180 has it but for the line end. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

static const char head[] =
	"arm,run,file,benchmark,metric,unit,better,value,state,kernel,sku,date\n";

/* Quoted when it holds what would end a field. */
static void put_field(FILE *out, const char *text, char end)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fprintf(out, "%s%c", text, end);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fprintf(out, "\"%c", end);
}

struct line {
	const char *arm, *file, *benchmark, *state;
	size_t run;
	const json_t *env;
};

static void put_line(FILE *out, const struct line *line, const json_t *metric, double value)
{
	put_field(out, line->arm, ',');
	fprintf(out, "%zu,", line->run);
	put_field(out, line->file, ',');
	put_field(out, line->benchmark, ',');
	put_field(out, html_str(metric, "name"), ',');
	put_field(out, html_str(metric, "unit"), ',');
	put_field(out, html_str(metric, "better"), ',');
	fprintf(out, "%.12g,%s,", value, line->state);
	put_field(out, html_str(line->env, "kernel"), ',');
	put_field(out, html_str(line->env, "sku"), ',');
	put_field(out, html_str(line->env, "date"), '\n');
}

static const char *state_of(const json_t *doc)
{
	const char *end = html_str(doc, "end");

	if (json_is_true(json_object_get(doc, "partial")))
		return "partial";
	if (!strcmp(end, "error"))
		return "error";
	return json_is_true(json_object_get(doc, "interrupted")) || !strcmp(end, "interrupted") ?
		"interrupted" : "done";
}

static void put_run(FILE *out, const struct report_run *run, const char *arm, size_t number)
{
	const struct line line = {
		.arm = arm, .file = run->file, .benchmark = html_str(run->doc, "benchmark"),
		.state = state_of(run->doc), .run = number, .env = json_object_get(run->doc, "env"),
	};
	const json_t *metric;
	size_t i;

	json_array_foreach(json_object_get(run->doc, "metrics"), i, metric)
		put_line(out, &line, metric, html_num(metric, "value"));
}

static void put_summary(FILE *out, const struct report_input *in)
{
	static const char *const arms[][2] = { { "stock", "stock_runs" },
					       { "patched", "patched_runs" } };
	struct line line = { .file = in->summary_file, .benchmark = "summary", .state = "done" };
	const json_t *metric, *value;
	size_t i, arm;

	for (arm = 0; arm < 2; arm++)
		json_array_foreach(json_object_get(in->summary, "metrics"), i, metric) {
			line.arm = arms[arm][0];
			line.env = json_object_get(json_object_get(in->summary, line.arm), "guest");
			json_array_foreach(json_object_get(metric, arms[arm][1]), line.run, value) {
				struct line one = line;

				one.run++;
				put_line(out, &one, metric, json_number_value(value));
			}
		}
}

/* A comparison has no runs, only their medians. */
static void put_compare(FILE *out, const json_t *compare)
{
	const json_t *row, *ci;
	size_t i;

	fputs("metric,unit,better,a,b,diff,low,high,runs_a,runs_b,verdict\n", out);
	json_array_foreach(json_object_get(compare, "metrics"), i, row) {
		ci = json_object_get(row, "diff_ci95");
		put_field(out, html_str(row, "name"), ',');
		put_field(out, html_str(row, "unit"), ',');
		put_field(out, html_str(row, "better"), ',');
		fprintf(out, "%.12g,%.12g,%.12g,", html_num(row, "a"), html_num(row, "b"),
			html_num(row, "diff"));
		for (size_t end = 0; end < 2; end++)
			if (json_is_number(json_array_get(ci, end)))
				fprintf(out, "%.12g,", json_number_value(json_array_get(ci, end)));
			else
				fputc(',', out);
		fprintf(out, "%.0f,%.0f,", html_num(row, "runs_a"), html_num(row, "runs_b"));
		put_field(out, html_str(row, "verdict"), '\n');
	}
}

int report_csv(FILE *out, const struct report_input *in)
{
	size_t i, j;

	if (!in->summary && !in->narms) {
		put_compare(out, in->compare);
		return 0;
	}
	fputs(head, out);
	if (in->summary)
		put_summary(out, in);
	for (i = 0; i < in->narms; i++)
		for (j = 0; j < in->arms[i].n; j++)
			put_run(out, &in->arms[i].runs[j], in->arms[i].name, j + 1);
	return 0;
}
