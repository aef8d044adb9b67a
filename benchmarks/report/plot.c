// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/report/plot.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "benchmarks/report/html.h"

/* ---- axes ------------------------------------------------------------------ */

struct plot_axis plot_latency_axis(double low, double high)
{
	struct plot_axis axis = { .log = low > 0 && high > 10 * low };

	axis.low = axis.log ? low * 0.9 : 0;
	axis.high = high > 0 ? high * (axis.log ? 1.12 : 1.06) : 1;
	return axis;
}

/* 0 at the low end, 1 at the high one. */
static double share(const struct plot_axis *axis, double value)
{
	double span = axis->high - axis->low, part;

	value = fmin(fmax(value, axis->low), axis->high);
	if (axis->log)
		part = log(value / axis->low) / log(axis->high / axis->low);
	else
		part = (value - axis->low) / span;
	/* An axis without a length, or beyond what a double holds. */
	return isfinite(part) ? part : 0;
}

double plot_x(const struct plot *p, double value)
{
	return p->left + share(&p->x, value) * (p->width - p->left - p->right);
}

double plot_y(const struct plot *p, double value)
{
	return p->height - p->bottom - share(&p->y, value) * (p->height - p->top - p->bottom);
}

/* The smallest of 1, 2 and 5 times a power of ten that is not below @value. */
static double round_step(double value)
{
	double power = pow(10, floor(log10(value)));

	if (value <= power * 1.0001)
		return power;
	if (value <= 2 * power)
		return 2 * power;
	return value <= 5 * power ? 5 * power : 10 * power;
}

static size_t linear_ticks(const struct plot_axis *axis, unsigned int most, double *ticks)
{
	double span = axis->high - axis->low, step, first;
	size_t n = 0;

	if (!(span > 0) || !most)
		return 0;
	step = round_step(span / most);
	first = ceil(axis->low / step - 1e-9);
	while (n < PLOT_TICKS && (first + (double)n) * step <= axis->high * (1 + 1e-12)) {
		ticks[n] = (first + (double)n) * step;
		n++;
	}
	return n;
}

/* Decades, with 2 and 5 of each where there is room. @every: of decades. */
static size_t log_ticks(const struct plot_axis *axis, bool between, int every, double *ticks)
{
	static const double factors[] = { 1, 2, 5 };
	int decade = (int)floor(log10(axis->low));
	double value;
	size_t n = 0, i;

	for (; pow(10, decade) <= axis->high; decade++)
		for (i = 0; i < (between ? 3 : 1); i++) {
			value = factors[i] * pow(10, decade);
			if (decade % every || value < axis->low || value > axis->high)
				continue;
			if (n == PLOT_TICKS)
				return n;
			ticks[n++] = value;
		}
	return n;
}

size_t plot_ticks(const struct plot_axis *axis, unsigned int most, double *ticks)
{
	size_t n;
	int every;

	if (!axis->log)
		return linear_ticks(axis, most, ticks);
	n = log_ticks(axis, true, 1, ticks);
	for (every = 1; n > most; every++)
		n = log_ticks(axis, false, every, ticks);
	return n >= 2 ? n : linear_ticks(axis, most, ticks);
}

const char *plot_label(char *buf, double value, const char *unit)
{
	static const char *const times[] = { "ns", "µs", "ms", "s" };
	static const char *const sizes[] = { "", "k", "M", "G", "T" };
	size_t i = 0;

	if (!strcmp(unit, "ns")) {
		for (; value >= 999.999 && i < 3; i++)
			value /= 1000;
		snprintf(buf, 24, value > 0 ? "%.4g %s" : "0", value, times[i]);
	} else if (!strcmp(unit, "%")) {
		snprintf(buf, 24, "%.4g%%", value);
	} else {
		for (; value >= 9999.999 && i < 4; i++)
			value /= 1000;
		snprintf(buf, 24, "%.4g%s%s", value, sizes[i], !strcmp(unit, "s") ? " s" : "");
	}
	return buf;
}

/* ---- the figure ------------------------------------------------------------ */

void plot_begin(struct plot *p, const char *caption, const char *desc)
{
	bool wide = p->width > PLOT_WIDTH;

	fprintf(p->out, "<figure%s><figcaption>", wide ? " class=\"wide\"" : "");
	html_text(p->out, caption);
	/* What scrolls must be reachable by the keyboard. */
	fprintf(p->out, "</figcaption>\n<div class=\"plot\"%s><svg viewBox=\"0 0 %g %g\""
		" role=\"img\" aria-label=\"", wide ? " tabindex=\"0\"" : "", p->width, p->height);
	html_text(p->out, caption);
	fputs(". ", p->out);
	html_text(p->out, desc);
	fputs("\">\n", p->out);
	p->points = 0;
}

void plot_end(struct plot *p)
{
	fputs("</svg></div></figure>\n", p->out);
}

void plot_grid_y(struct plot *p, const char *unit)
{
	double ticks[PLOT_TICKS], y;
	size_t i, n = plot_ticks(&p->y, (unsigned int)fmax(3, p->height / 32), ticks);
	char label[24];

	for (i = 0; i < n; i++) {
		y = plot_y(p, ticks[i]);
		plot_rule(p, "grid", p->left, y, p->width - p->right, y);
		plot_text(p, "end", p->left - 7, y + 4, plot_label(label, ticks[i], unit));
	}
}

void plot_tick_x(struct plot *p, double value, const char *label)
{
	double x = plot_x(p, value), y = p->height - p->bottom;

	plot_rule(p, "axis", x, y, x, y + 4);
	if (x + plot_text_width(label) / 2 > p->width)
		plot_text(p, "end", p->width, y + 18, label);
	else
		plot_text(p, "mid", x, y + 18, label);
}

void plot_axis_x(struct plot *p, const char *unit)
{
	double ticks[PLOT_TICKS], room = p->width - p->left - p->right;
	size_t i, n = plot_ticks(&p->x, (unsigned int)fmax(2, room / 62), ticks);
	char label[24];

	plot_rule(p, "axis", p->left, p->height - p->bottom, p->width - p->right,
		  p->height - p->bottom);
	for (i = 0; i < n; i++)
		plot_tick_x(p, ticks[i], plot_label(label, ticks[i], unit));
}

/* ---- what is drawn --------------------------------------------------------- */

void plot_path(struct plot *p, const char *class)
{
	fprintf(p->out, "<path class=\"%s\" d=\"", class);
	p->points = 0;
}

static void put_point(struct plot *p, char command, double x, double y)
{
	x = round(10 * plot_x(p, x)) / 10;
	y = round(10 * plot_y(p, y)) / 10;
	/* A histogram has more buckets than the plot has places. */
	if (command == 'L' && x == p->last_x && y == p->last_y)
		return;
	fprintf(p->out, "%c%g %g", command, x, y);
	p->last_x = x;
	p->last_y = y;
	p->points++;
}

void plot_move(struct plot *p, double x, double y)
{
	put_point(p, 'M', x, y);
}

void plot_to(struct plot *p, double x, double y)
{
	put_point(p, p->points ? 'L' : 'M', x, y);
}

void plot_path_end(struct plot *p, bool closed)
{
	fputs(closed && p->points ? "Z\"/>\n" : "\"/>\n", p->out);
}

void plot_rule(struct plot *p, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(p->out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

void plot_box(struct plot *p, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(p->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\""
		" height=\"%.1f\"/>\n", class, fmin(x1, x2), fmin(y1, y2), fabs(x2 - x1),
		fabs(y2 - y1));
}

void plot_dot(struct plot *p, const char *class, double x, double y, double r)
{
	fprintf(p->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>\n", class, x, y,
		r);
}

void plot_text(struct plot *p, const char *class, double x, double y, const char *text)
{
	fprintf(p->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	html_text(p->out, text);
	fputs("</text>\n", p->out);
}

double plot_text_width(const char *text)
{
	double width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) == 0x80 ? 0 : 6.6;
	return width;
}
