// SPDX-License-Identifier: GPL-2.0-only
/* The plots of a summary of the lab. The stock drivers are arm 0, the patched ones arm 1. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/curve.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

static const char *const arms[] = { "stock", "patched" };

/* ---- latency by percentile -------------------------------------------------------- */

static int read_arms(struct az_hist *hist, const json_t *doc, const char *result)
{
	const json_t *json;
	size_t i;

	for (i = 0; i < 2; i++) {
		json = json_object_get(json_object_get(json_object_get(doc, arms[i]),
						       "histograms"), result);
		if (!json || az_hist_from_json(&hist[i], json) || !hist[i].count)
			return -ENOENT;
	}
	return 0;
}

int report_lab_latency(FILE *out, const json_t *doc, const char *result, const char *caption)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .height = 240, .left = 58, .right = 12,
			  .top = 8, .bottom = 28 };
	struct az_hist *hist = calloc(2, sizeof(*hist));
	char desc[128], a[32], b[32];

	if (!hist)
		return -ENOMEM;
	if (read_arms(hist, doc, result))
		goto out;
	snprintf(desc, sizeof(desc), "Median: stock %s, patched %s",
		 html_value(a, (double)az_hist_percentile(&hist[0], 500000), "ns"),
		 html_value(b, (double)az_hist_percentile(&hist[1], 500000), "ns"));
	plot_begin(&p, caption, desc);
	curve_axes(&p, hist[0].min < hist[1].min ? hist[0].min : hist[1].min,
		   hist[0].max > hist[1].max ? hist[0].max : hist[1].max,
		   hist[0].count > hist[1].count ? hist[0].count : hist[1].count);
	/* The wide line stays visible where both arms coincide. */
	curve_line(&p, &hist[0], "ln a0");
	curve_line(&p, &hist[1], "ln a1");
	plot_end(&p);
out:
	free(hist);
	return 0;
}

/* ---- every run ---------------------------------------------------------------------- */

#define ROW	38

/* Metrics whose stock runs allow a percentage. */
static bool usable(const json_t *metric)
{
	return json_array_size(json_object_get(metric, "stock_runs")) &&
	       json_array_size(json_object_get(metric, "patched_runs")) &&
	       html_num(metric, "stock") > 0;
}

static const json_t *runs_of(const json_t *metric, size_t arm)
{
	return json_object_get(metric, arm ? "patched_runs" : "stock_runs");
}

static void measure_runs(const json_t *doc, size_t *rows, double *low, double *top)
{
	const json_t *metric, *run;
	double percent;
	size_t i, j, arm;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		if (!usable(metric))
			continue;
		(*rows)++;
		for (arm = 0; arm < 2; arm++)
			json_array_foreach(runs_of(metric, arm), j, run) {
				percent = 100 * json_number_value(run) / html_num(metric, "stock");
				*low = fmin(*low, percent);
				*top = fmax(*top, percent);
			}
	}
}

static void put_dots(struct plot *p, const json_t *metric, double y)
{
	double stock = html_num(metric, "stock");
	const json_t *run;
	size_t arm, j;

	for (arm = 0; arm < 2; arm++)
		json_array_foreach(runs_of(metric, arm), j, run)
			plot_dot(p, arm ? "pt a1" : "pt a0",
				 plot_x(p, 100 * json_number_value(run) / stock),
				 y + (arm ? 4 : -4), 4);
}

void report_lab_runs(FILE *out, const json_t *doc)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .left = 10, .right = 24, .top = 4,
			  .bottom = 28 };
	double low = 100, top = 105, y;
	const json_t *metric;
	size_t rows = 0, i;

	measure_runs(doc, &rows, &low, &top);
	if (!rows)
		return;
	p.height = p.top + p.bottom + ROW * (double)rows;
	p.x = (struct plot_axis){ .high = top * 1.05 };
	/* One metric that is many times worse would hide what the others do. */
	if (low > 0 && top > 400)
		p.x = (struct plot_axis){ .log = true, .low = low * 0.8, .high = top * 1.2 };
	plot_begin(&p, "Every run, in percent of the stock median",
		   "The table above has the medians and the spread");
	plot_rule(&p, "axis", plot_x(&p, 100), p.top, plot_x(&p, 100), p.height - p.bottom);
	y = p.top + ROW - 12;
	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		if (!usable(metric))
			continue;
		plot_rule(&p, "grid", p.left, y, p.width - p.right, y);
		plot_text(&p, "halo", p.left, y - 12, html_str(metric, "name"));
		put_dots(&p, metric, y);
		y += ROW;
	}
	plot_axis_x(&p, "%");
	plot_end(&p);
}

/* ---- counts --------------------------------------------------------------------------- */

static bool is_count(const json_t *metric)
{
	return !strcmp(html_str(metric, "unit"), "ratio");
}

static void put_bar(struct plot *p, size_t arm, double value, double y)
{
	char text[24];

	plot_box(p, arm ? "fill a1" : "fill a0", plot_x(p, 0), y, plot_x(p, value), y + 14);
	snprintf(text, sizeof(text), "%.3g", value);
	plot_text(p, "start", plot_x(p, value) + 6, y + 11.5, text);
}

void report_lab_counts(FILE *out, const json_t *doc)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .left = 1, .right = 48, .top = 14 };
	const json_t *metric;
	double top = 0, y = p.top, rows = 0;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (is_count(metric)) {
			rows++;
			top = fmax(top, html_num(metric, "stock"));
			top = fmax(top, html_num(metric, "patched"));
		}
	if (rows <= 0)
		return;
	p.height = p.top + 64 * rows;
	p.x = (struct plot_axis){ .high = top > 0 ? top : 1 };
	plot_begin(&p, "Host counts for each skb of a burst", "The table above has the values");
	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		if (!is_count(metric))
			continue;
		plot_text(&p, "start", p.left, y, html_str(metric, "name"));
		put_bar(&p, 0, html_num(metric, "stock"), y + 7);
		put_bar(&p, 1, html_num(metric, "patched"), y + 24);
		y += 64;
	}
	plot_end(&p);
}
