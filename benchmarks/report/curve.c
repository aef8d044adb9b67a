// SPDX-License-Identifier: GPL-2.0-only
/*
 * Latency against percentile, on an axis of nines: 90% is 1, 99% is 2, so that
 * the tail has as much room as the middle. The arms lie over each other, each
 * with the range of its runs behind it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/curve.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

#define BAND	160	/* places along the axis at which runs are compared */

static double nines(uint64_t rank, uint64_t count)
{
	/* The last sample ends the axis: its percentile would be infinity. */
	return rank >= count ? log10((double)count) :
			       -log10(1 - (double)rank / (double)count);
}

void curve_axes(struct plot *p, uint64_t low, uint64_t high, uint64_t count)
{
	static const char *const labels[] = {
		"min", "p90", "p99", "p99.9", "p99.99", "p99.999", "p99.9999", "p99.99999"
	};
	double top = fmax(1, log10((double)count));
	size_t i;

	p->x = (struct plot_axis){ .low = 0, .high = top + 0.05 };
	p->y = plot_latency_axis((double)low, (double)high);
	plot_grid_y(p, "ns");
	plot_rule(p, "axis", p->left, p->height - p->bottom, p->width - p->right,
		  p->height - p->bottom);
	for (i = 1; i < sizeof(labels) / sizeof(labels[0]) && (double)i <= top; i++)
		plot_tick_x(p, (double)i, labels[i]);
	plot_tick_x(p, log10(2), "p50");
	if (plot_x(p, log10(2)) - plot_x(p, 0) > 30)
		plot_tick_x(p, 0, labels[0]);
}

void curve_line(struct plot *p, const struct az_hist *hist, const char *class)
{
	uint64_t seen = 0, value;
	unsigned int i;

	plot_path(p, class);
	for (i = 0; i < AZ_HIST_BUCKETS; i++) {
		if (!hist->bucket[i])
			continue;
		value = az_hist_bucket_low(i) + az_hist_bucket_width(i) / 2;
		plot_to(p, nines(seen, hist->count), (double)value);
		seen += hist->bucket[i];
		plot_to(p, nines(seen, hist->count), (double)value);
	}
	plot_path_end(p, false);
}

struct band {
	double top;			/* of the axis, in nines, that all runs reach */
	uint64_t low[BAND], high[BAND];
};

static void widen(struct band *band, const struct az_hist *run)
{
	uint64_t value;
	double x;
	size_t i;

	for (i = 0; i < BAND; i++) {
		x = band->top * (double)i / (BAND - 1);
		value = az_hist_percentile(run, (unsigned int)(AZ_PPM * (1 - pow(10, -x))));
		if (value < band->low[i])
			band->low[i] = value;
		if (value > band->high[i])
			band->high[i] = value;
	}
}

/* How far to the right every run of @arm has samples; 0 for fewer than two. */
static double common_top(const struct report_arm *arm, const char *name, struct az_hist *hist)
{
	double top = 6;		/* percentiles are in millionths */
	size_t i, n = 0;

	for (i = 0; i < arm->n; i++)
		if (!report_run_hist(&arm->runs[i], name, hist)) {
			top = fmin(top, log10((double)hist->count));
			n++;
		}
	return n > 1 ? top : 0;
}

static void put_band(struct plot *p, const struct report_arm *arm, size_t index, const char *name,
		     struct az_hist *hist)
{
	struct band band = { .top = common_top(arm, name, hist) };
	char class[40];
	size_t i;

	if (band.top <= 0)
		return;
	memset(band.low, 0xff, sizeof(band.low));
	for (i = 0; i < arm->n; i++)
		if (!report_run_hist(&arm->runs[i], name, hist))
			widen(&band, hist);
	snprintf(class, sizeof(class), "band a%zu", index);
	plot_path(p, class);
	for (i = 0; i < BAND; i++)
		plot_to(p, band.top * (double)i / (BAND - 1), (double)band.high[i]);
	for (i = BAND; i-- > 0;)
		plot_to(p, band.top * (double)i / (BAND - 1), (double)band.low[i]);
	plot_path_end(p, true);
}

static void put_curves(struct plot *p, const struct report_group *group, const char *name,
		       struct az_hist *hist)
{
	uint64_t low = UINT64_MAX, high = 0, most = 1;
	char class[40];
	size_t i;

	for (i = 0; i < group->narms; i++) {
		if (report_hist(&group->arms[i], name, hist))
			continue;
		low = hist->min < low ? hist->min : low;
		high = hist->max > high ? hist->max : high;
		most = hist->count > most ? hist->count : most;
	}
	curve_axes(p, low, high, most);
	for (i = 0; i < group->narms; i++)
		put_band(p, &group->arms[i], i, name, hist);
	for (i = 0; i < group->narms; i++)
		if (!report_hist(&group->arms[i], name, hist)) {
			snprintf(class, sizeof(class), "ln a%zu", i);
			curve_line(p, hist, class);
		}
}

int report_curve(FILE *out, const struct report_group *group, const char *hist)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .height = 240, .left = 58, .right = 12,
			  .top = 8, .bottom = 28 };
	struct az_hist *scratch = malloc(sizeof(*scratch));
	char *desc = report_describe(group, hist), title[96], caption[128];

	if (!scratch || !desc) {
		free(scratch);
		free(desc);
		return -ENOMEM;
	}
	snprintf(caption, sizeof(caption), "%s by percentile", report_hist_title(title, hist));
	plot_begin(&p, caption, desc);
	put_curves(&p, group, hist, scratch);
	plot_end(&p);
	free(scratch);
	free(desc);
	return 0;
}
