// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/series.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/bench.h"
#include "lib/hist.h"

const struct series *series_find(const struct series_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (!strcmp(set->list[i].name, name))
			return &set->list[i];
	return NULL;
}

static struct series *series_new(struct series_set *set, const char *name, const char *unit,
				 bool lower_is_better)
{
	struct series *list = realloc(set->list, (set->n + 1) * sizeof(*list)), *series;

	if (!list)
		return NULL;
	set->list = list;
	series = &list[set->n];
	*series = (struct series){ .lower_is_better = lower_is_better };
	series->name = strdup(name);
	series->unit = strdup(unit);
	if (!series->name || !series->unit) {
		free(series->name);
		free(series->unit);
		return NULL;
	}
	set->n++;
	return series;
}

int series_add(struct series_set *set, const char *name, const char *unit,
	       bool lower_is_better, double value)
{
	struct series *series = (struct series *)series_find(set, name);
	double *values;
	size_t *runs;

	if (!series)
		series = series_new(set, name, unit, lower_is_better);
	if (!series)
		return -ENOMEM;
	values = realloc(series->values, (series->n + 1) * sizeof(*values));
	if (!values)
		return -ENOMEM;
	series->values = values;
	runs = realloc(series->runs, (series->n + 1) * sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	series->runs = runs;
	runs[series->n] = set->run;
	values[series->n++] = value;
	return 0;
}

void series_free(struct series_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		free(set->list[i].name);
		free(set->list[i].unit);
		free(set->list[i].values);
		free(set->list[i].runs);
	}
	free(set->list);
	*set = (struct series_set){ 0 };
}

/* The runs of arm @arm, which a summary keeps in each metric. */
static int add_runs(struct series_set *set, const json_t *metric, const char *name,
		    const char *unit, bool lower, const char *arm)
{
	const json_t *runs, *run;
	size_t first = set->run, i;
	char key[32];
	int ret = 0;

	snprintf(key, sizeof(key), "%s_runs", arm);
	runs = json_object_get(metric, key);
	if (!json_array_size(runs))
		return -EINVAL;
	json_array_foreach(runs, i, run) {
		if (!json_is_number(run))
			return -EINVAL;
		set->run = first + i;
		ret = ret ? ret : series_add(set, name, unit, lower, json_number_value(run));
	}
	set->run = first;
	return ret;
}

static int add_metric(struct series_set *set, const json_t *metric, const char *arm)
{
	const char *name = json_string_value(json_object_get(metric, "name"));
	const char *unit = json_string_value(json_object_get(metric, "unit"));
	const char *better = json_string_value(json_object_get(metric, "better"));
	const json_t *value = json_object_get(metric, "value");
	const struct series *known;
	bool lower;

	if (!name || !unit || !better)
		return -EINVAL;
	lower = !strcmp(better, "lower");
	if (!json_is_number(value))
		return add_runs(set, metric, name, unit, lower, arm);
	known = series_find(set, name);
	/* Twice in one file: the first one counts. */
	if (known && known->n && known->runs[known->n - 1] == set->run)
		return 0;
	return series_add(set, name, unit, lower, json_number_value(value));
}

static int add_figure(struct series_set *set, const char *hist, const char *figure, double value)
{
	const struct series *known;
	char name[128];

	snprintf(name, sizeof(name), "%s_%s", hist, figure);
	known = series_find(set, name);
	if (known && known->n && known->runs[known->n - 1] == set->run)
		return 0;
	return series_add(set, name, "ns", true, value);
}

static int add_hist(struct series_set *set, const char *name, const json_t *json,
		    struct az_hist *hist)
{
	const struct az_percentile *p;
	int ret;

	if (az_hist_from_json(hist, json))
		return -EINVAL;
	if (!hist->count)
		return 0;
	ret = add_figure(set, name, "min", (double)hist->min);
	for (p = az_percentiles; !ret && p->name; p++)
		ret = add_figure(set, name, p->name, (double)az_hist_percentile(hist, p->ppm));
	ret = ret ? ret : add_figure(set, name, "max", (double)hist->max);
	return ret ? ret : add_figure(set, name, "mean", az_hist_mean(hist));
}

static int add_hists(struct series_set *set, const json_t *doc)
{
	json_t *all = json_object_get(doc, "histograms"), *json;
	struct az_hist *hist;
	const char *name;
	int ret = 0;

	if (!json_object_size(all))
		return 0;
	hist = malloc(sizeof(*hist));
	if (!hist)
		return -ENOMEM;
	json_object_foreach(all, name, json)
		ret = ret ? ret : add_hist(set, name, json, hist);
	free(hist);
	return ret;
}

/* How many runs the set holds now: one more than the last number. */
static size_t runs_held(const struct series_set *set)
{
	size_t held = 0, i;

	for (i = 0; i < set->n; i++)
		if (set->list[i].n && set->list[i].runs[set->list[i].n - 1] >= held)
			held = set->list[i].runs[set->list[i].n - 1] + 1;
	return held;
}

int series_add_result(struct series_set *set, const json_t *doc, const char *arm)
{
	const json_t *metrics = json_object_get(doc, "metrics"), *metric;
	size_t before = set->run, i;
	int ret = 0;

	json_array_foreach(metrics, i, metric)
		ret = ret ? ret : add_metric(set, metric, arm);
	ret = ret ? ret : add_hists(set, doc);
	if (ret)
		return ret;
	set->run = runs_held(set);
	return set->run > before ? 0 : -EINVAL;
}

/* Three digits and a prefix: "124k", "1.25 MB/s". */
static const char *large(char *buf, double value, const char *unit)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P" };
	unsigned int i = 0;

	while (fabs(value) >= 999.5 && i < 5) {
		value /= 1000;
		i++;
	}
	snprintf(buf, 24, "%.3g%s%s%s", value, *unit ? " " : "", prefixes[i], unit);
	return buf;
}

const char *series_format(char *buf, double value, const char *unit)
{
	if (!strcmp(unit, "ns") && value >= 0)
		return bench_time(buf, value);
	if (!strcmp(unit, "B/s"))
		return large(buf, value, "B/s");
	/* No exponents, which a narrow column would cut. */
	if (fabs(value) >= (strcmp(unit, "ratio") ? 9999.5 : 999.5))
		return large(buf, value, "");
	snprintf(buf, 24, strcmp(unit, "ratio") ? "%.4g" : "%.3g", value);
	return buf;
}
