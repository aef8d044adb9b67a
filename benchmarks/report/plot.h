/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plots as SVG within a page: a data area with margins, two axes, and lines,
 * bands, bars and text in it. Colours and dashes are classes of the style sheet,
 * so that a plot follows the reader's theme. Numbers have one decimal: the same
 * input gives the same bytes.
 */
#ifndef AZ_BENCHMARKS_REPORT_PLOT_H
#define AZ_BENCHMARKS_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PLOT_WIDTH	400	/* two of them beside each other fill a page */
#define PLOT_WIDE	820	/* one across the page; a phone scrolls it */
#define PLOT_TICKS	24

struct plot_axis {
	bool log;
	double low, high;
};

struct plot {
	FILE *out;
	double width, height;			/* all of it, CSS pixels at scale 1 */
	double left, right, top, bottom;	/* margins around the data area */
	struct plot_axis x, y;
	size_t points;				/* of the path that is open */
	double last_x, last_y;
};

/*
 * An axis from @low to @high, both >= 0. Latencies: logarithmic where a linear
 * one would press the rest of the curve flat, else from zero.
 */
struct plot_axis plot_latency_axis(double low, double high);

/* Opens the figure. @caption is seen; @desc is for readers who do not see the plot. */
void plot_begin(struct plot *p, const char *caption, const char *desc);
void plot_end(struct plot *p);

/* From a value to a place; what lies outside of the axis is put on its end. */
double plot_x(const struct plot *p, double value);
double plot_y(const struct plot *p, double value);

/* At most @most round values on @axis into @ticks, of PLOT_TICKS; returns how many. */
size_t plot_ticks(const struct plot_axis *axis, unsigned int most, double *ticks);

/* "2.5 ms", "10k", "40%": the label of a tick. @unit as in results. @buf of 24. */
const char *plot_label(char *buf, double value, const char *unit);

/* Lines across with labels at the left; labels below; one label below. */
void plot_grid_y(struct plot *p, const char *unit);
void plot_axis_x(struct plot *p, const char *unit);
void plot_tick_x(struct plot *p, double value, const char *label);

/* A path through values. plot_move() begins a new piece. */
void plot_path(struct plot *p, const char *class);
void plot_move(struct plot *p, double x, double y);
void plot_to(struct plot *p, double x, double y);
void plot_path_end(struct plot *p, bool closed);

/* In places, not values: see plot_x(). A line, a box, a dot, text at its baseline. */
void plot_rule(struct plot *p, const char *class, double x1, double y1, double x2, double y2);
void plot_box(struct plot *p, const char *class, double x1, double y1, double x2, double y2);
void plot_dot(struct plot *p, const char *class, double x, double y, double r);
void plot_text(struct plot *p, const char *class, double x, double y, const char *text);

/* About how wide @text is, in the plots' type. */
double plot_text_width(const char *text);

#endif
