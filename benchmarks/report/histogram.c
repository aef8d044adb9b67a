// SPDX-License-Identifier: GPL-2.0-only
/* How the samples are spread: their share in each of some bins, as outlines. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/plot.h"
#include "benchmarks/report/report.h"

#define BINS	64
#define TOP_PPM	999000	/* the few samples beyond would press the rest together */

struct bins {
	struct plot_axis axis;
	double share[REPORT_ARMS][BINS];	/* percent */
	double most;
};

static double edge(const struct plot_axis *axis, size_t i)
{
	double part = (double)i / BINS;

	if (axis->log)
		return axis->low * pow(axis->high / axis->low, part);
	return axis->low + part * (axis->high - axis->low);
}

/* The buckets of a histogram are wider than bins here and narrower there. */
static void fill(double *share, const struct plot_axis *axis, const struct az_hist *hist)
{
	double low, width, overlap;
	unsigned int i;
	size_t bin = 0, b;

	for (i = 0; i < AZ_HIST_BUCKETS; i++) {
		if (!hist->bucket[i])
			continue;
		low = (double)az_hist_bucket_low(i);
		width = (double)az_hist_bucket_width(i);
		while (bin < BINS - 1 && edge(axis, bin + 1) <= low)
			bin++;
		for (b = bin; b < BINS && edge(axis, b) < low + width; b++) {
			overlap = fmin(edge(axis, b + 1), low + width) - fmax(edge(axis, b), low);
			if (overlap > 0)
				share[b] += 100 * (double)hist->bucket[i] / (double)hist->count *
					    overlap / width;
		}
	}
}

static int make_bins(struct bins *bins, const struct report_group *group, const char *name)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	double low = INFINITY, high = 0;
	size_t i, b;

	if (!hist)
		return -ENOMEM;
	for (i = 0; i < group->narms; i++)
		if (!report_hist(&group->arms[i], name, hist)) {
			low = fmin(low, (double)hist->min);
			high = fmax(high, (double)az_hist_percentile(hist, TOP_PPM));
		}
	bins->axis.low = fmax(0, floor(low * 0.97));
	bins->axis.high = ceil(fmax(high, 1) * 1.03) + 1;
	bins->axis.log = bins->axis.low > 0 && bins->axis.high > 4 * bins->axis.low;
	for (i = 0; i < group->narms; i++) {
		if (report_hist(&group->arms[i], name, hist))
			continue;
		fill(bins->share[i], &bins->axis, hist);
		for (b = 0; b < BINS; b++)
			bins->most = fmax(bins->most, bins->share[i][b]);
	}
	free(hist);
	return 0;
}

static void put_outline(struct plot *p, const struct bins *bins, size_t arm, const char *kind)
{
	char class[40];
	size_t b;

	snprintf(class, sizeof(class), "%s a%zu", kind, arm);
	plot_path(p, class);
	plot_to(p, edge(&bins->axis, 0), 0);
	for (b = 0; b < BINS; b++) {
		plot_to(p, edge(&bins->axis, b), bins->share[arm][b]);
		plot_to(p, edge(&bins->axis, b + 1), bins->share[arm][b]);
	}
	plot_to(p, edge(&bins->axis, BINS), 0);
	plot_path_end(p, false);
}

int report_histogram(FILE *out, const struct report_group *group, const char *hist)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .height = 240, .left = 46, .right = 16,
			  .top = 8, .bottom = 28 };
	struct bins *bins = calloc(1, sizeof(*bins));
	char *desc = report_describe(group, hist), title[96], caption[160];
	int ret = -ENOMEM;
	size_t i;

	if (!bins || !desc || make_bins(bins, group, hist))
		goto out;
	snprintf(caption, sizeof(caption), "%s: share of samples, up to p99.9",
		 report_hist_title(title, hist));
	p.x = bins->axis;
	p.y = (struct plot_axis){ .high = bins->most > 0 ? bins->most * 1.06 : 1 };
	plot_begin(&p, caption, desc);
	plot_grid_y(&p, "%");
	for (i = 0; i < group->narms; i++) {
		if (!group->arms[i].n)
			continue;
		put_outline(&p, bins, i, "band");
		put_outline(&p, bins, i, "ln thin");
	}
	plot_axis_x(&p, "ns");
	plot_end(&p);
	ret = 0;
out:
	free(bins);
	free(desc);
	return ret;
}
