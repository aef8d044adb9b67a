// SPDX-License-Identifier: GPL-2.0-only
/* Is it better or worse? Each arm against the first one, by the rules of azimuth compare. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/judge.h"
#include "benchmarks/compare/order.h"
#include "benchmarks/compare/series.h"
#include "benchmarks/compare/table.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

/* As azimuth compare has them by default. */
#define ALPHA		0.05
#define THRESHOLD	0.005
#define SEED		1

/* The values of one arm, and when each of its runs was taken. */
struct side {
	struct series_set series;
	struct order_run *when;
	size_t n;
};

/* A run that was cut off has no full set of samples behind its figures. */
static bool counts(const json_t *doc)
{
	return !json_is_true(json_object_get(doc, "partial")) &&
	       json_array_size(json_object_get(doc, "metrics"));
}

static int read_side(struct side *side, const struct report_arm *arm)
{
	const json_t *doc;
	size_t i;

	side->when = calloc(arm->n + 1, sizeof(*side->when));
	if (!side->when)
		return -ENOMEM;
	for (i = 0; i < arm->n; i++) {
		doc = arm->runs[i].doc;
		if (!counts(doc))
			continue;
		if (series_add_result(&side->series, doc, ""))
			return -ENOMEM;
		side->when[side->n++] = order_of_result(doc);
	}
	return 0;
}

static void free_side(struct side *side)
{
	series_free(&side->series);
	free(side->when);
}

static int judge_sides(json_t *rows, const struct judge_rule *rule, const struct order *order,
		       const struct side *a, const struct side *b)
{
	struct judged *list = calloc(a->series.n + 1, sizeof(*list));
	const struct series *series;
	size_t i, n = 0;
	int ret = list ? 0 : -ENOMEM;

	for (i = 0; !ret && i < a->series.n; i++) {
		series = series_find(&b->series, a->series.list[i].name);
		if (series)
			ret = judge_metric(rule, order, &a->series.list[i], series, 0, &list[n++]);
	}
	ret = ret ? ret : judge_all(rule, list, n);
	for (i = 0; !ret && i < n; i++)
		ret = json_array_append_new(rows, table_json(&list[i])) ? -ENOMEM : 0;
	free(list);
	return ret;
}

static int add_table(json_t *tables, const struct report_group *group, size_t a, size_t b,
		     const struct order *order, json_t *rows)
{
	json_t *table = json_pack("{s:s, s:s, s:s, s:s, s:f, s:O}", "title", group->title,
				  "a", group->arms[a].name, "b", group->arms[b].name,
				  "order", order_name(order->kind),
				  "confidence", 100 * (1 - ALPHA), "metrics", rows);

	return json_array_append_new(tables, table) ? -ENOMEM : 0;
}

static int compare_arms(json_t *tables, const struct report_group *group, size_t a, size_t b)
{
	const char *mode = html_str(json_object_get(report_first(group), "env"), "lab_mode");
	const struct judge_rule rule = { .deterministic = !strcmp(mode, "deterministic"),
					 .alpha = ALPHA, .threshold = THRESHOLD, .seed = SEED };
	struct side from = { 0 }, to = { 0 };
	struct order order = { 0 };
	json_t *rows = json_array();
	int ret = read_side(&from, &group->arms[a]);

	ret = ret ? ret : read_side(&to, &group->arms[b]);
	if (!ret && from.n && to.n) {
		ret = order_make(&order, from.when, from.n, to.when, to.n);
		ret = ret ? ret : judge_sides(rows, &rule, &order, &from, &to);
	}
	if (!ret && json_array_size(rows))
		ret = add_table(tables, group, a, b, &order, rows);
	json_decref(rows);
	order_free(&order);
	free_side(&from);
	free_side(&to);
	return ret;
}

json_t *report_rows(const struct report_group *group)
{
	json_t *tables = json_array();
	size_t i, first = 0;

	while (first < group->narms && !group->arms[first].n)
		first++;
	for (i = first + 1; i < group->narms; i++)
		if (group->arms[i].n && compare_arms(tables, group, first, i)) {
			json_decref(tables);
			return NULL;
		}
	return tables;
}

json_t *report_compare_rows(const json_t *compare)
{
	double confidence = html_num(compare, "confidence_percent");

	return json_pack("[{s:s, s:s, s:s, s:s, s:f, s:O}]", "title", "Comparison", "a", "A",
			 "b", "B", "order", html_str(compare, "order"),
			 "confidence", confidence > 0 ? confidence : 100 * (1 - ALPHA), "metrics",
			 json_object_get(compare, "metrics"));
}
