// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/bench.h"

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

	if (!series)
		series = series_new(set, name, unit, lower_is_better);
	if (!series)
		return -ENOMEM;
	values = realloc(series->values, (series->n + 1) * sizeof(*values));
	if (!values)
		return -ENOMEM;
	series->values = values;
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
	}
	free(set->list);
	*set = (struct series_set){ 0 };
}

static int add_metric(struct series_set *set, const json_t *metric, const char *arm)
{
	const char *name = json_string_value(json_object_get(metric, "name"));
	const char *unit = json_string_value(json_object_get(metric, "unit"));
	const char *better = json_string_value(json_object_get(metric, "better"));
	const json_t *value = json_object_get(metric, "value"), *runs, *run;
	bool lower;
	char key[32];
	size_t i;
	int ret = 0;

	if (!name || !unit || !better)
		return -EINVAL;
	lower = !strcmp(better, "lower");
	if (json_is_number(value))
		return series_add(set, name, unit, lower, json_number_value(value));
	snprintf(key, sizeof(key), "%s_runs", arm);
	runs = json_object_get(metric, key);
	if (!json_array_size(runs))
		return -EINVAL;
	json_array_foreach(runs, i, run) {
		if (!json_is_number(run))
			return -EINVAL;
		ret = ret ? ret : series_add(set, name, unit, lower, json_number_value(run));
	}
	return ret;
}

int series_add_result(struct series_set *set, const json_t *doc, const char *arm)
{
	const json_t *metrics = json_object_get(doc, "metrics"), *metric;
	size_t i;
	int ret = 0;

	if (!json_array_size(metrics))
		return -EINVAL;
	json_array_foreach(metrics, i, metric)
		ret = ret ? ret : add_metric(set, metric, arm);
	return ret;
}

const char *series_format(char *buf, double value, const char *unit)
{
	if (!strcmp(unit, "ns") && value >= 0)
		return bench_time(buf, value);
	if (!strcmp(unit, "B/s"))
		snprintf(buf, 24, "%.4g MB/s", value / 1e6);
	else
		snprintf(buf, 24, strcmp(unit, "ratio") ? "%.4g" : "%.3g", value);
	return buf;
}
