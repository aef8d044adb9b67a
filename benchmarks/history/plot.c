// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/history/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/series.h"
#include "lib/stats.h"

#define ROWS	8
#define COLUMNS	66

struct plot {
	double at[COLUMNS];
	bool change[COLUMNS];
	size_t columns;
	double low, high;
};

void history_text(FILE *file, const char *text, int width)
{
	int used = 0;

	for (; *text && (!width || used < width); text++, used++)
		fputc((unsigned char)*text < ' ' || *text == 127 ? '?' : *text, file);
	for (; used < width; used++)
		fputc(' ', file);
}

static void fold(struct plot *plot, const struct query_series *s)
{
	size_t c, i, from, to;

	plot->columns = s->n < COLUMNS ? s->n : COLUMNS;
	plot->low = INFINITY;
	plot->high = -INFINITY;
	for (c = 0; c < plot->columns; c++) {
		from = c * s->n / plot->columns;
		to = (c + 1) * s->n / plot->columns;
		plot->at[c] = az_median(s->values + from, to - from);
		plot->low = fmin(plot->low, plot->at[c]);
		plot->high = fmax(plot->high, plot->at[c]);
		plot->change[c] = false;
		for (i = 0; i < s->n_changes; i++)
			plot->change[c] |= s->changes[i].at >= from && s->changes[i].at < to;
	}
}

static int row_of(const struct plot *plot, double value)
{
	double span = plot->high - plot->low;

	return span > 0 ? (int)lround((value - plot->low) / span * (ROWS - 1)) : ROWS / 2;
}

static void put_row(FILE *file, const struct plot *plot, int row, const char *unit)
{
	double span = plot->high - plot->low;
	char label[24] = "", line[COLUMNS + 1];
	size_t c, end = 0;

	if (row == 0 || row == ROWS - 1)
		series_format(label, plot->low + span * row / (ROWS - 1), unit);
	for (c = 0; c < plot->columns; c++) {
		line[c] = plot->change[c] ? ':' : ' ';
		if (row_of(plot, plot->at[c]) == row)
			line[c] = '*';
		if (line[c] != ' ')
			end = c + 1;
	}
	line[end] = '\0';
	fprintf(file, "%11s |%s%s\n", label, end ? " " : "", line);
}

void history_plot(FILE *file, const struct query_series *s)
{
	struct plot plot;
	int row, gap;

	history_text(file, s->metric, 0);
	fputs("  ", file);
	history_text(file, s->benchmark, 0);
	fputs(" on ", file);
	history_text(file, s->sku, 0);
	fprintf(file, ", %zu runs, %s is better\n", s->n, s->lower_is_better ? "lower" : "higher");
	if (strcmp(s->config, "{}")) {
		fputs("  ", file);
		history_text(file, s->config, strlen(s->config) > 76 ? 76 : 0);
		fputc('\n', file);
	}
	fold(&plot, s);
	for (row = ROWS - 1; row >= 0; row--)
		put_row(file, &plot, row, s->unit);
	gap = (int)plot.columns > 22 ? (int)plot.columns - 20 : 2;
	fprintf(file, "%14s", "");
	history_text(file, s->runs[0].date, 10);
	if (s->n > 1) {
		fprintf(file, "%*s", gap, "");
		history_text(file, s->runs[s->n - 1].date, 10);
	}
	fputc('\n', file);
}

void history_change(FILE *file, const struct query_series *s, size_t i)
{
	const struct change *change = &s->changes[i];
	char before[24], after[24];

	history_text(file, s->runs[change->at].date, 10);
	fputc(' ', file);
	history_text(file, s->runs[change->at].kernel, 0);
	series_format(before, change->before, s->unit);
	fprintf(file, ": %s -> %s", before, series_format(after, change->after, s->unit));
	if (change->before != 0)
		fprintf(file, ", %+.1f%%",
			100 * (change->after - change->before) / fabs(change->before));
	fprintf(file, ", %s (p %.3f)\n", query_is_worse(s, i) ? "worse" : "better", change->p);
}
