// SPDX-License-Identifier: GPL-2.0-only
/* Latency against the rate that was asked for: where it begins to climb. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/plot.h"
#include "benchmarks/report/report.h"

static const struct line {
	const char *key, *class;
} lines[] = { { "p50", "ln thin dot" }, { "p99", "ln thin p99" }, { "p99.9", "ln mid2" } };

#define LINES	(sizeof(lines) / sizeof(lines[0]))

/* The steps by rate: the search for the knee takes them in another order. A new array. */
static json_t *ramp_of(const struct report_arm *arm, size_t run)
{
	json_t *sorted = json_array(), *step;
	size_t i, at;

	json_array_foreach(json_object_get(arm->runs[run].doc, "ramp"), i, step) {
		at = json_array_size(sorted);
		while (at && html_num(json_array_get(sorted, at - 1), "rate") >
			     html_num(step, "rate"))
			at--;
		json_array_insert(sorted, at, step);
	}
	return sorted;
}

/* Metric "knee_rate" of @doc, 0: none. */
static double knee_of(const json_t *doc)
{
	const json_t *metric;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (!strcmp(html_str(metric, "name"), "knee_rate"))
			return html_num(metric, "value");
	return 0;
}

static void widen(const struct report_arm *arm, double *rate, double *low, double *high)
{
	const json_t *step;
	double value;
	size_t i, j, k;

	for (i = 0; i < arm->n; i++)
		json_array_foreach(json_object_get(arm->runs[i].doc, "ramp"), j, step) {
			*rate = fmax(*rate, html_num(step, "rate"));
			for (k = 0; k < LINES; k++) {
				value = html_num(step, lines[k].key);
				if (value > 0) {
					*low = fmin(*low, value);
					*high = fmax(*high, value);
				}
			}
		}
}

static void put_ramp(struct plot *p, const json_t *ramp, size_t arm)
{
	const json_t *step;
	char class[40];
	size_t i, k;

	for (k = 0; k < LINES; k++) {
		snprintf(class, sizeof(class), "%s a%zu", lines[k].class, arm);
		plot_path(p, class);
		json_array_foreach(ramp, i, step)
			if (html_num(step, lines[k].key) > 0)
				plot_to(p, html_num(step, "rate"), html_num(step, lines[k].key));
		plot_path_end(p, false);
	}
	snprintf(class, sizeof(class), "pt a%zu", arm);
	json_array_foreach(ramp, i, step)
		if (html_num(step, "p99.9") > 0)
			plot_dot(p, html_num(step, "lost") > 0 ? "pt bad" : class,
				 plot_x(p, html_num(step, "rate")),
				 plot_y(p, html_num(step, "p99.9")), 3);
}

static const char *rate_text(char *buf, double rate)
{
	snprintf(buf, 32, rate < 100 ? "%.4g" : "%.0f", rate);
	return buf;
}

static void put_step(FILE *out, const char *arm, size_t run, const json_t *step)
{
	char text[32];
	double value;
	size_t k;

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, arm);
	fprintf(out, ", run %zu</th><td>%s</td>", run + 1,
		rate_text(text, html_num(step, "rate")));
	for (k = 0; k < LINES; k++) {
		value = html_num(step, lines[k].key);
		fprintf(out, "<td>%s</td>", value > 0 ? html_value(text, value, "ns") : "–");
	}
	value = html_num(step, "lost");
	fprintf(out, value > 0 ? "<td class=\"worse\">%.0f lost</td></tr>\n" :
				 "<td>%.0f</td></tr>\n", value);
}

/* The bound that p99.9 had to stay under, and the highest rate at which it did. */
static void put_knee(struct plot *p, const struct report_run *run, size_t arm)
{
	double bound = html_num(json_object_get(run->doc, "config"), "bound_ns");
	double knee = knee_of(run->doc), y = plot_y(p, bound);
	char text[64], label[24], class[40];

	if (bound <= p->y.low || bound >= p->y.high)
		return;
	plot_rule(p, "mark", p->left, y, p->width - p->right, y);
	snprintf(text, sizeof(text), "bound %s", plot_label(label, bound, "ns"));
	plot_text(p, "halo", p->left + 6, y - 5, text);
	if (knee <= 0)
		return;
	snprintf(class, sizeof(class), "ln thin p99 a%zu", arm);
	plot_rule(p, class, plot_x(p, knee), y, plot_x(p, knee), p->height - p->bottom);
}

/* In words, as the rules of several runs stand close to each other. */
static void put_knees(FILE *out, const struct report_group *group)
{
	const struct report_arm *arm;
	char text[32];
	size_t i, j;

	fputs("<p class=\"note\">Vertical: the knee, the highest rate that was good.", out);
	for (i = 0; i < group->narms; i++) {
		arm = &group->arms[i];
		for (j = 0; j < arm->n; j++) {
			fputs(j ? ", " : " ", out);
			if (!j) {
				html_text(out, arm->name);
				fputs(": ", out);
			}
			if (knee_of(arm->runs[j].doc) > 0)
				fprintf(out, "%s/s", rate_text(text, knee_of(arm->runs[j].doc)));
			else
				fputs("none", out);
		}
		if (arm->n)
			fputs(".", out);
	}
	fputs("</p>\n", out);
}

static void put_arm(struct plot *p, const struct report_arm *arm, size_t index)
{
	json_t *ramp;
	size_t i;

	for (i = 0; i < arm->n; i++) {
		ramp = ramp_of(arm, i);
		put_ramp(p, ramp, index);
		if (json_array_size(ramp))
			put_knee(p, &arm->runs[i], index);
		json_decref(ramp);
	}
}

static void put_table(FILE *out, const struct report_group *group)
{
	const json_t *step;
	json_t *ramp;
	size_t i, j, k;

	html_table(out, "plain", "arm");
	fputs("<th>rate, 1/s</th><th>p50</th><th>p99</th><th>p99.9</th><th>lost</th></tr></thead>\n"
	      "<tbody>\n", out);
	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++) {
			ramp = ramp_of(&group->arms[i], j);
			json_array_foreach(ramp, k, step)
				put_step(out, group->arms[i].name, j, step);
			json_decref(ramp);
		}
	fputs("</tbody></table></div>\n", out);
}

int report_knee(FILE *out, const struct report_group *group)
{
	struct plot p = { .out = out, .width = PLOT_WIDE, .height = 280, .left = 58, .right = 20,
			  .top = 8, .bottom = 28 };
	double rate = 0, low = INFINITY, high = 0;
	size_t i;

	for (i = 0; i < group->narms; i++)
		widen(&group->arms[i], &rate, &low, &high);
	if (rate <= 0 || high <= 0)
		return 0;
	fputs("<h3>Rate and latency</h3>\n", out);
	p.x = (struct plot_axis){ .high = rate * 1.03 };
	p.y = plot_latency_axis(low, high);
	plot_begin(&p, "p99.9 (strong, dots), p99 (dashed) and p50 (dotted) by events a second",
		   "The values are in the table below");
	plot_grid_y(&p, "ns");
	for (i = 0; i < group->narms; i++)
		put_arm(&p, &group->arms[i], i);
	plot_axis_x(&p, "1/s");
	plot_end(&p);
	put_knees(out, group);
	put_table(out, group);
	return 0;
}
