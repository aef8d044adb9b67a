// SPDX-License-Identifier: GPL-2.0-only
/* Which runs go on one plot, and what they have together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/input.h"

const json_t *report_first(const struct report_group *group)
{
	size_t i;

	for (i = 0; i < group->narms; i++)
		if (group->arms[i].n)
			return group->arms[i].runs[0].doc;
	return NULL;
}

/*
 * What has to be equal within a group but the benchmark. The seed makes samples
 * differ only; of a ramp, the rate is what was found.
 */
static json_t *config_of(const json_t *doc)
{
	json_t *config = json_deep_copy(json_object_get(doc, "config"));

	json_object_del(config, "seed");
	if (json_object_get(doc, "ramp"))
		json_object_del(config, "rate");
	return config;
}

static bool same_config(const json_t *x, const json_t *y)
{
	json_t *left = config_of(x), *right = config_of(y);
	bool same = left == right || (left && right && json_equal(left, right));

	json_decref(left);
	json_decref(right);
	return same;
}

/* A suite may have one benchmark several times, each under a name of its own. */
static const char *name_of(const json_t *doc)
{
	const char *name = html_str(json_object_get(doc, "suite"), "benchmark");

	return *name ? name : html_str(doc, "benchmark");
}

static bool same_benchmark(const json_t *x, const json_t *y)
{
	return !strcmp(html_str(x, "benchmark"), html_str(y, "benchmark")) &&
	       !strcmp(name_of(x), name_of(y));
}

/* Has each arm, of those with runs of the benchmark of @doc, one configuration? */
static bool one_config_each(const struct report_input *in, const json_t *doc)
{
	const json_t *first, *other;
	size_t i, j;

	for (i = 0; i < in->narms; i++) {
		first = NULL;
		for (j = 0; j < in->arms[i].n; j++) {
			other = in->arms[i].runs[j].doc;
			if (!same_benchmark(doc, other))
				continue;
			if (first && !same_config(first, other))
				return false;
			first = other;
		}
	}
	return true;
}

static int add_to_group(struct report_group *group, const struct report_input *in, size_t arm,
			const struct report_run *run)
{
	struct report_arm *to = &group->arms[arm];
	struct report_run *runs = realloc(to->runs, (to->n + 1) * sizeof(*runs));

	if (!runs)
		return -ENOMEM;
	to->runs = runs;
	runs[to->n++] = *run;
	return 0;
}

static struct report_group *new_group(const struct report_input *in, struct report_group **groups,
				      size_t *n)
{
	struct report_group *all = realloc(*groups, (*n + 1) * sizeof(*all));
	size_t i;

	if (!all)
		return NULL;
	*groups = all;
	all[*n] = (struct report_group){ .narms = in->narms };
	for (i = 0; i < in->narms; i++)
		all[*n].arms[i].name = in->arms[i].name;
	return &all[(*n)++];
}

static int place_run(const struct report_input *in, size_t arm, const struct report_run *run,
		     struct report_group **groups, size_t *n)
{
	bool together = one_config_each(in, run->doc);
	struct report_group *group = NULL;
	const json_t *first;
	size_t i;

	for (i = 0; !group && i < *n; i++) {
		first = report_first(&(*groups)[i]);
		if (same_benchmark(first, run->doc) && (together || same_config(first, run->doc)))
			group = &(*groups)[i];
	}
	if (!group)
		group = new_group(in, groups, n);
	return group ? add_to_group(group, in, arm, run) : -ENOMEM;
}

/* Do groups of the benchmark of @group differ in configuration key @key? */
static bool tells_apart(const struct report_group *groups, size_t n,
			const struct report_group *group, const char *key)
{
	const json_t *mine = report_first(group), *other, *x, *y;
	size_t i;

	x = json_object_get(json_object_get(mine, "config"), key);
	for (i = 0; i < n; i++) {
		other = report_first(&groups[i]);
		y = json_object_get(json_object_get(other, "config"), key);
		if (same_benchmark(mine, other) && x != y && !(x && y && json_equal(x, y)))
			return true;
	}
	return false;
}

/* The benchmark and what tells this group from the others. */
static int set_title(struct report_group *groups, size_t n, struct report_group *group)
{
	const json_t *doc = report_first(group);
	json_t *config = config_of(doc), *value;
	const char *key;
	size_t len;
	FILE *out = open_memstream(&group->title, &len);
	char *text;

	if (!out) {
		json_decref(config);
		return -ENOMEM;
	}
	fputs(name_of(doc), out);
	json_object_foreach(config, key, value) {
		if (!tells_apart(groups, n, group, key))
			continue;
		text = html_json_text(value);
		fprintf(out, ", %s %s", key, text ? text : "");
		free(text);
	}
	json_decref(config);
	return fclose(out) ? -ENOMEM : 0;
}

int report_groups(const struct report_input *in, struct report_group **groups, size_t *n)
{
	size_t i, j;
	int ret = 0;

	*groups = NULL;
	*n = 0;
	for (i = 0; i < in->narms; i++)
		for (j = 0; !ret && j < in->arms[i].n; j++)
			ret = place_run(in, i, &in->arms[i].runs[j], groups, n);
	for (i = 0; !ret && i < *n; i++)
		ret = set_title(*groups, *n, &(*groups)[i]);
	return ret;
}

void report_groups_free(struct report_group *groups, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < groups[i].narms; j++)
			free(groups[i].arms[j].runs);
		free(groups[i].title);
	}
	free(groups);
}

int report_run_hist(const struct report_run *run, const char *name, struct az_hist *out)
{
	const json_t *json = json_object_get(json_object_get(run->doc, "histograms"), name);

	return json && !az_hist_from_json(out, json) && out->count ? 0 : -ENOENT;
}

int report_hist(const struct report_arm *arm, const char *name, struct az_hist *out)
{
	struct az_hist *one = malloc(sizeof(*one));
	size_t i;

	if (!one)
		return -ENOMEM;
	az_hist_reset(out);
	for (i = 0; i < arm->n; i++)
		if (!report_run_hist(&arm->runs[i], name, one))
			az_hist_merge(out, one);
	free(one);
	return out->count ? 0 : -ENOENT;
}

static bool in_array(const json_t *array, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one)
		if (!strcmp(json_string_value(one), text))
			return true;
	return false;
}

json_t *report_hist_names(const struct report_group *group)
{
	json_t *names = json_array(), *hist;
	const char *name;
	size_t i, j;

	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++)
			json_object_foreach(json_object_get(group->arms[i].runs[j].doc,
							    "histograms"), name, hist)
				if (html_num(hist, "count") > 0 && !in_array(names, name))
					json_array_append_new(names, json_string(name));
	return names;
}

bool report_is_stage(const char *name)
{
	return !strncmp(name, "stage_", 6);
}

bool report_is_cpu(const char *name)
{
	const char *cpu = strstr(name, "_cpu");

	return cpu && cpu[4] >= '0' && cpu[4] <= '9';
}
