// SPDX-License-Identifier: GPL-2.0-only
/* Where the time goes: the stages of the path, end to end, for each arm. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/plot.h"
#include "benchmarks/report/report.h"

#define COLOURS	8
#define ROW	46

static const struct figure {
	const char *name;
	unsigned int ppm;
} figures[] = { { "median", 500000 }, { "p99", 990000 } };

#define FIGURES	(sizeof(figures) / sizeof(figures[0]))

struct stages {
	const json_t *names;	/* array of strings */
	size_t n;
	double *value;		/* [arm][figure][stage] ns, NAN: no samples */
	double longest[FIGURES];	/* bar: p99 is often a thousand times the median */
};

static double *cell(const struct stages *s, size_t arm, size_t figure, size_t stage)
{
	return &s->value[(arm * FIGURES + figure) * s->n + stage];
}

/* "stage_wire" is "wire". */
static const char *stage_name(const struct stages *s, size_t i)
{
	const char *name = json_string_value(json_array_get(s->names, i));

	return report_is_stage(name) ? name + 6 : name;
}

static const json_t *stage_list(const struct report_group *group)
{
	const json_t *names;
	size_t i, j;

	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++) {
			names = json_object_get(group->arms[i].runs[j].doc, "stages");
			if (json_array_size(names))
				return names;
		}
	return NULL;
}

static double total(const struct stages *s, size_t arm, size_t figure)
{
	double sum = 0, value;
	size_t i;

	for (i = 0; i < s->n; i++) {
		value = *cell(s, arm, figure, i);
		sum += isnan(value) ? 0 : value;
	}
	return sum;
}

static int read_stages(struct stages *s, const struct report_group *group)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	size_t arm, figure, i;
	int none;

	s->value = calloc(group->narms * FIGURES * s->n, sizeof(*s->value));
	if (!hist || !s->value) {
		free(hist);
		return -ENOMEM;
	}
	for (arm = 0; arm < group->narms; arm++) {
		for (i = 0; i < s->n; i++) {
			none = report_hist(&group->arms[arm],
					   json_string_value(json_array_get(s->names, i)), hist);
			for (figure = 0; figure < FIGURES; figure++)
				*cell(s, arm, figure, i) = none ? NAN :
					(double)az_hist_percentile(hist, figures[figure].ppm);
		}
		for (figure = 0; figure < FIGURES; figure++)
			s->longest[figure] = fmax(s->longest[figure], total(s, arm, figure));
	}
	free(hist);
	return 0;
}

/* One bar: a box for each stage, with its number where that fits. */
static void put_bar(struct plot *p, const struct stages *s, size_t arm, size_t figure, double y)
{
	double from = 0, value, x1, x2;
	char class[40], number[24];
	size_t i;

	for (i = 0; i < s->n; i++) {
		value = *cell(s, arm, figure, i);
		if (isnan(value))
			continue;
		x1 = plot_x(p, from);
		x2 = plot_x(p, from + value);
		from += value;
		snprintf(class, sizeof(class), "stage s%zu", i % COLOURS);
		plot_box(p, class, x1, y, x2, y + 20);
		snprintf(number, sizeof(number), "%zu", i + 1);
		if (x2 - x1 > plot_text_width(number) + 6)
			plot_text(p, "mid on", (x1 + x2) / 2, y + 14.5, number);
	}
}

static void put_bars(FILE *out, const struct report_group *group, const struct stages *s,
		     size_t figure, size_t rows)
{
	struct plot p = { .out = out, .width = PLOT_WIDTH, .height = 34 + ROW * (double)rows,
			  .left = 6, .right = 20, .top = 4, .bottom = 28 };
	double y = p.top;
	char caption[64], label[160], sum[32];
	size_t arm;

	p.x = (struct plot_axis){ .high = s->longest[figure] > 0 ? s->longest[figure] * 1.02 : 1 };
	snprintf(caption, sizeof(caption), "Stages, %s of each", figures[figure].name);
	plot_begin(&p, caption, "The values are in the table below");
	for (arm = 0; arm < group->narms; arm++) {
		if (!total(s, arm, figure))
			continue;
		snprintf(label, sizeof(label), "%.100s, sum %s", group->arms[arm].name,
			 html_value(sum, total(s, arm, figure), "ns"));
		plot_text(&p, "start", p.left, y + 12, label);
		put_bar(&p, s, arm, figure, y + 18);
		y += ROW;
	}
	plot_axis_x(&p, "ns");
	plot_end(&p);
}

static void put_table(FILE *out, const struct report_group *group, const struct stages *s)
{
	size_t i, arm, figure;
	char text[32];
	double value;

	html_table(out, "plain", "stage");
	for (arm = 0; arm < group->narms; arm++)
		for (figure = 0; group->arms[arm].n && figure < FIGURES; figure++) {
			fputs("<th>", out);
			html_text(out, group->arms[arm].name);
			fprintf(out, ", %s</th>", figures[figure].name);
		}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (i = 0; i < s->n; i++) {
		fprintf(out, "<tr><th scope=\"row\"><i class=\"chip s%zu\"></i>%zu ", i % COLOURS,
			i + 1);
		html_text(out, stage_name(s, i));
		fputs("</th>", out);
		for (arm = 0; arm < group->narms; arm++)
			for (figure = 0; group->arms[arm].n && figure < FIGURES; figure++) {
				value = *cell(s, arm, figure, i);
				fprintf(out, "<td>%s</td>", isnan(value) ? "–" :
					html_value(text, value, "ns"));
			}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* What a driver did not stamp, or nobody asked for: said, not guessed. */
static void put_missing(FILE *out, const struct report_group *group)
{
	const json_t *missing = NULL, *line;
	size_t i;

	for (i = 0; !missing && i < group->narms; i++)
		if (group->arms[i].n)
			missing = json_object_get(group->arms[i].runs[0].doc, "stages_missing");
	if (!json_array_size(missing))
		return;
	fputs("<p class=\"note\">Stages without a figure: ", out);
	json_array_foreach(missing, i, line) {
		fputs(i ? "; " : "", out);
		html_text(out, json_string_value(line));
	}
	fputs(".</p>\n", out);
}

int report_stages(FILE *out, const struct report_group *group)
{
	struct stages s = { .names = stage_list(group) };
	size_t figure, arm, rows = 0;
	int ret;

	s.n = json_array_size(s.names);
	if (!s.n) {
		put_missing(out, group);
		return 0;
	}
	ret = read_stages(&s, group);
	for (arm = 0; !ret && arm < group->narms; arm++)
		rows += total(&s, arm, 0) > 0;
	if (ret || !rows)
		goto out;
	fputs("<h3>Where the time goes</h3>\n<div class=\"plots\">\n", out);
	for (figure = 0; figure < FIGURES; figure++)
		put_bars(out, group, &s, figure, rows);
	fputs("</div>\n", out);
	put_table(out, group, &s);
	fputs("<p class=\"note\">Percentiles of stages do not add up to the percentile of the"
	      " whole: the samples that are slow in one stage are not those that are slow in the"
	      " next. Read the bars as where to look, not as a sum; each plot has a scale of its"
	      " own.</p>\n", out);
	put_missing(out, group);
out:
	free(s.value);
	return ret;
}
