// SPDX-License-Identifier: GPL-2.0-only
/*
 * Latency over the time of one run: p50, p99 and the maximum of each slot, what
 * was lost, the data path that served it, and the marks of what happened.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/plot.h"
#include "benchmarks/report/report.h"

#define STRIP		14	/* height of the strips of losses and of data paths */

enum { SLOT_COUNT, SLOT_LOST, SLOT_P50, SLOT_P99, SLOT_MAX };

struct run_view {
	const json_t *slots;
	json_t *marks;			/* sorted by time; to be dropped */
	double interval, end;		/* ns */
	double lost, most_lost;		/* all, and in one slot */
	bool paths;			/* some mark is a change of the data path */
	bool losses;
};

static double slot_num(const json_t *slot, size_t i)
{
	return json_number_value(json_array_get(slot, i));
}

static bool is_path(const json_t *mark)
{
	return !strcmp(html_str(mark, "kind"), "path") && strstr(html_str(mark, "text"), " -> ");
}

/* Threads put marks in any order. */
static json_t *sorted_marks(const json_t *marks)
{
	json_t *sorted = json_array();
	const json_t *mark;
	size_t i, at;
	double t;

	json_array_foreach(marks, i, mark) {
		at = json_array_size(sorted);
		t = html_num(mark, "t_ns");
		while (at && html_num(json_array_get(sorted, at - 1), "t_ns") > t)
			at--;
		json_array_insert(sorted, at, (json_t *)mark);
	}
	return sorted;
}

static void view_run(struct run_view *v, const json_t *doc)
{
	const json_t *timeline = json_object_get(doc, "timeline"), *slot, *mark;
	size_t i;

	*v = (struct run_view){ .slots = json_object_get(timeline, "slots"),
				.marks = sorted_marks(json_object_get(doc, "marks")),
				.interval = html_num(timeline, "interval_ns") };
	json_array_foreach(v->slots, i, slot) {
		v->lost += slot_num(slot, SLOT_LOST);
		v->most_lost = fmax(v->most_lost, slot_num(slot, SLOT_LOST));
	}
	v->losses = v->lost > 0;
	v->end = v->interval * (double)json_array_size(v->slots);
	json_array_foreach(v->marks, i, mark) {
		v->paths |= is_path(mark);
		v->end = fmax(v->end, html_num(mark, "t_ns"));
	}
}

/* ---- lines ---------------------------------------------------------------------- */

static double slot_middle(const struct run_view *v, size_t i)
{
	return v->interval * ((double)i + 0.5);
}

/* A slot without samples breaks the line: nothing is known there. */
static void put_line(struct plot *p, const struct run_view *v, size_t figure, const char *class)
{
	bool broken = true;
	const json_t *slot;
	size_t i;

	plot_path(p, class);
	json_array_foreach(v->slots, i, slot) {
		if (slot_num(slot, SLOT_COUNT) > 0) {
			if (broken)
				plot_move(p, slot_middle(v, i), slot_num(slot, figure));
			/* Also the first point of a piece: alone, it is drawn as a dot. */
			plot_to(p, slot_middle(v, i) + v->interval * 1e-3, slot_num(slot, figure));
		}
		broken = slot_num(slot, SLOT_COUNT) <= 0;
	}
	plot_path_end(p, false);
}

static void put_maxima(struct plot *p, const struct run_view *v, size_t arm)
{
	const json_t *slot;
	char class[40];
	size_t i;

	snprintf(class, sizeof(class), "pt a%zu", arm);
	json_array_foreach(v->slots, i, slot)
		if (slot_num(slot, SLOT_COUNT) > 0)
			plot_dot(p, class, plot_x(p, slot_middle(v, i)),
				 plot_y(p, slot_num(slot, SLOT_MAX)), 1.6);
}

/* Names at the right end of the lines, moved apart where they would meet. */
static void put_names(struct plot *p, const struct run_view *v)
{
	static const struct {
		size_t figure;
		const char *name;
	} names[] = { { SLOT_P50, "p50" }, { SLOT_P99, "p99" }, { SLOT_MAX, "max" } };
	const json_t *last = NULL, *slot;
	double y, below = p->height - p->bottom + 12;
	size_t i;

	json_array_foreach(v->slots, i, slot)
		if (slot_num(slot, SLOT_COUNT) > 0)
			last = slot;
	for (i = 0; last && i < sizeof(names) / sizeof(names[0]); i++) {
		y = fmin(plot_y(p, slot_num(last, names[i].figure)) + 4, below - 13);
		plot_text(p, "start", p->width - p->right + 6, y, names[i].name);
		below = y;
	}
}

/* ---- strips and marks --------------------------------------------------------------- */

static void put_losses(struct plot *p, const struct run_view *v)
{
	double bottom = p->height - p->bottom + STRIP + 2, height;
	const json_t *slot;
	char text[48];
	size_t i;

	plot_text(p, "end", p->left - 7, bottom - 2, "lost");
	json_array_foreach(v->slots, i, slot) {
		if (slot_num(slot, SLOT_LOST) <= 0)
			continue;
		height = fmax(3, (STRIP - 2) * slot_num(slot, SLOT_LOST) / v->most_lost);
		plot_box(p, "lost", plot_x(p, v->interval * (double)i), bottom - height,
			 plot_x(p, v->interval * (double)i) +
			 fmax(2, plot_x(p, v->interval) - p->left), bottom);
	}
	snprintf(text, sizeof(text), "%.0f", v->lost);
	plot_text(p, "start", p->width - p->right + 6, bottom - 2, text);
}

static void put_path(struct plot *p, double from, double to, const char *name, size_t len,
		     size_t nth)
{
	char text[64];

	plot_box(p, nth % 2 ? "path odd" : "path", plot_x(p, from), 4, plot_x(p, to), 4 + STRIP);
	snprintf(text, sizeof(text), "%.*s", (int)(len < 60 ? len : 60), name);
	if (plot_x(p, to) - plot_x(p, from) > plot_text_width(text) + 6)
		plot_text(p, "start", plot_x(p, from) + 4, STRIP + 1, text);
}

static void put_paths(struct plot *p, const struct run_view *v)
{
	const char *name = NULL, *text, *arrow;
	double from = 0;
	size_t i, len = 0, nth = 0;
	const json_t *mark;

	json_array_foreach(v->marks, i, mark) {
		if (!is_path(mark))
			continue;
		text = html_str(mark, "text");
		arrow = strstr(text, " -> ");
		if (!name) {
			name = text;
			len = (size_t)(arrow - text);
		}
		put_path(p, from, html_num(mark, "t_ns"), name, len, nth++);
		from = html_num(mark, "t_ns");
		name = arrow + 4;
		len = strlen(name);
	}
	put_path(p, from, v->end, name, len, nth);
	plot_text(p, "end", p->left - 7, STRIP + 1, "path");
}

/* A line with its number; the text too where it fits before the next mark. */
static void put_marks(struct plot *p, const struct run_view *v)
{
	double x, next, y = p->top - 5;
	const json_t *mark;
	char text[128];
	size_t i;

	json_array_foreach(v->marks, i, mark) {
		x = plot_x(p, html_num(mark, "t_ns"));
		next = i + 1 < json_array_size(v->marks) ?
			plot_x(p, html_num(json_array_get(v->marks, i + 1), "t_ns")) : p->width;
		plot_rule(p, "mark", x, p->top - 14, x, p->height - p->bottom);
		snprintf(text, sizeof(text), "%zu %.80s", i + 1, html_str(mark, "text"));
		if (plot_text_width(text) > next - x - 6)
			snprintf(text, sizeof(text), "%zu", i + 1);
		if (plot_text_width(text) <= next - x - 3)
			plot_text(p, "start", x + 3, y, text);
	}
}

static void put_mark_list(FILE *out, const struct run_view *v)
{
	const json_t *mark;
	char at[24];
	size_t i;

	if (!json_array_size(v->marks))
		return;
	fputs("<ol class=\"marks\">\n", out);
	json_array_foreach(v->marks, i, mark) {
		snprintf(at, sizeof(at), "%.3f s", html_num(mark, "t_ns") / 1e9);
		fprintf(out, "<li><b>%s</b> ", at);
		html_text(out, html_str(mark, "text"));
		fputs("</li>\n", out);
	}
	fputs("</ol>\n", out);
}

/* ---- one run -------------------------------------------------------------------------- */

static void set_axes(struct plot *p, const struct run_view *v)
{
	double low = INFINITY, high = 0;
	const json_t *slot;
	size_t i;

	json_array_foreach(v->slots, i, slot)
		if (slot_num(slot, SLOT_COUNT) > 0) {
			low = fmin(low, slot_num(slot, SLOT_P50));
			high = fmax(high, slot_num(slot, SLOT_MAX));
		}
	p->x = (struct plot_axis){ .high = v->end > 0 ? v->end : 1 };
	p->y = plot_latency_axis(isfinite(low) ? low : 0, high);
	p->top = (v->paths ? STRIP + 8 : 6) + (json_array_size(v->marks) ? 16 : 0);
	p->bottom = 28 + (v->losses ? STRIP + 4 : 0);
}

/* The axis of time lies below the strip of losses. */
static void put_time_axis(struct plot *p, const struct run_view *v)
{
	struct plot below = *p;

	plot_rule(p, "axis", p->left, p->height - p->bottom, p->width - p->right,
		  p->height - p->bottom);
	below.bottom = 28;
	plot_axis_x(&below, "ns");
}

static void put_timeline(FILE *out, const struct run_view *v, size_t arm, const char *caption)
{
	struct plot p = { .out = out, .width = PLOT_WIDE, .height = 250, .left = 58, .right = 56 };
	char class[40], desc[160], every[24];

	set_axes(&p, v);
	snprintf(desc, sizeof(desc), "p50, p99 and maximum of every %s, %zu marks, %.0f lost",
		 plot_label(every, v->interval, "ns"), json_array_size(v->marks), v->lost);
	plot_begin(&p, caption, desc);
	plot_grid_y(&p, "ns");
	if (v->paths)
		put_paths(&p, v);
	put_maxima(&p, v, arm);
	snprintf(class, sizeof(class), "ln thin p99 a%zu", arm);
	put_line(&p, v, SLOT_P99, class);
	snprintf(class, sizeof(class), "ln mid2 a%zu", arm);
	put_line(&p, v, SLOT_P50, class);
	put_names(&p, v);
	put_marks(&p, v);
	if (v->losses)
		put_losses(&p, v);
	put_time_axis(&p, v);
	plot_end(&p);
	put_mark_list(out, v);
}

/* Of quiet runs the first of an arm stands for all of them. */
static bool is_drawn(const struct run_view *v, size_t drawn)
{
	return !drawn || v->losses || json_array_size(v->marks);
}

/* Returns how many runs of arm @arm are not drawn. */
static size_t put_arm(FILE *out, const struct report_arm *arm, size_t index, bool *headed)
{
	size_t i, drawn = 0, left_out = 0;
	struct run_view v;
	char caption[256];

	for (i = 0; i < arm->n; i++) {
		view_run(&v, arm->runs[i].doc);
		if (json_array_size(v.slots) && is_drawn(&v, drawn)) {
			if (!*headed)
				fputs("<h3>Over time</h3>\n", out);
			*headed = true;
			drawn++;
			snprintf(caption, sizeof(caption), "%.80s, run %zu of %zu: %.130s",
				 arm->name, i + 1, arm->n, arm->runs[i].file);
			put_timeline(out, &v, index, caption);
		} else {
			left_out += json_array_size(v.slots) > 0;
		}
		json_decref(v.marks);
	}
	return left_out;
}

int report_timelines(FILE *out, const struct report_group *group)
{
	size_t i, left_out = 0;
	bool headed = false;

	for (i = 0; i < group->narms; i++)
		left_out += put_arm(out, &group->arms[i], i, &headed);
	if (left_out)
		fprintf(out, "<p class=\"note\">%zu more run%s without marks and losses %s not"
			" drawn.</p>\n", left_out, left_out == 1 ? "" : "s",
			left_out == 1 ? "is" : "are");
	return 0;
}
