// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/runs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hist.h"
#include "lib/log.h"
#include "lib/result.h"

int runs_init(struct runs *runs, const char *label, bool hists)
{
	*runs = (struct runs){ .label = label, .arm = "patched", .paths = json_array(),
			       .docs = json_array(), .files = json_array(),
			       .hists = hists ? json_object() : NULL };
	return runs->paths && runs->docs && runs->files && (!hists || runs->hists) ? 0 : -ENOMEM;
}

void runs_free(struct runs *runs)
{
	json_decref(runs->paths);
	json_decref(runs->docs);
	json_decref(runs->files);
	json_decref(runs->hists);
	series_free(&runs->series);
	free(runs->when);
}

static int merge_hist(struct runs *runs, const char *name, const json_t *json)
{
	struct az_hist *one = malloc(sizeof(*one)), *all = malloc(sizeof(*all));
	int ret = -ENOMEM;

	if (!one || !all)
		goto out;
	ret = az_hist_from_json(one, json);
	if (ret)
		goto out;
	if (!az_hist_from_json(all, json_object_get(runs->hists, name)))
		az_hist_merge(one, all);
	if (json_object_set_new(runs->hists, name, az_hist_to_json(one)))
		ret = -ENOMEM;
out:
	free(all);
	free(one);
	return ret;
}

static int merge_hists(struct runs *runs, const json_t *doc)
{
	json_t *all = json_object_get(doc, "histograms"), *json;
	const char *name;
	int ret = 0;

	if (!runs->hists)
		return 0;
	json_object_foreach(all, name, json)
		ret = ret ? ret : merge_hist(runs, name, json);
	return ret;
}

/* All runs that @doc added to the series were taken when it was. */
static int note_when(struct runs *runs, const json_t *doc)
{
	struct order_run *list = realloc(runs->when, runs->series.run * sizeof(*list));

	if (!list)
		return -ENOMEM;
	runs->when = list;
	while (runs->n_when < runs->series.run)
		list[runs->n_when++] = order_of_result(doc);
	return 0;
}

static int take(struct runs *runs, json_t *doc, const char *path)
{
	static const char *const large[] = { "histograms", "timeline", "metrics", "samples" };
	const json_t *schema = json_object_get(doc, "schema");
	int ret = -EINVAL;
	size_t i;

	if (!schema || json_integer_value(schema) == AZ_RESULT_SCHEMA)
		ret = series_add_result(&runs->series, doc, runs->arm);
	ret = ret ? ret : merge_hists(runs, doc);
	ret = ret ? ret : note_when(runs, doc);
	if (ret) {
		if (ret == -ENOMEM)
			az_err("out of memory");
		else
			az_err("%s: not a result of azimuth bench or summary", path);
		return ret;
	}
	for (i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		json_object_del(doc, large[i]);
	return json_array_append(runs->docs, doc) ||
	       json_array_append_new(runs->files, json_string(path)) ? -ENOMEM : 0;
}

static int add_file(struct runs *runs, const char *path)
{
	json_t *doc;
	int ret;

	if (json_array_size(runs->docs) >= RUNS_MAX || runs->series.run >= RUNS_MAX) {
		az_err("%s: more than %d runs of %s", path, RUNS_MAX, runs->label);
		return -E2BIG;
	}
	doc = az_json_read(path);
	if (!doc)
		return -EINVAL;
	ret = take(runs, doc, path);
	json_decref(doc);
	return ret;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_result(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int add_directory(struct runs *runs, const char *path)
{
	struct dirent **entries;
	char name[4096];
	int count = scandir(path, &entries, is_result, by_name), ret = 0, i;

	if (count < 0) {
		az_err("cannot read %s: %s", path, strerror(errno));
		return -errno;
	}
	if (!count) {
		az_err("%s: no *.json there", path);
		ret = -ENOENT;
	}
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		ret = ret ? ret : add_file(runs, name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int runs_add_path(void *ctx, const char *path)
{
	struct runs *runs = ctx;

	/* json_string() refuses what is not UTF-8. */
	if (!json_array_append_new(runs->paths, json_string(path)))
		return 0;
	az_err("%s: not a name in UTF-8", path);
	return -EINVAL;
}

int runs_read(struct runs *runs)
{
	const json_t *item;
	const char *path;
	struct stat st;
	size_t i;
	int ret = 0;

	json_array_foreach(runs->paths, i, item) {
		path = json_string_value(item);
		if (ret)
			break;
		if (!stat(path, &st) && S_ISDIR(st.st_mode))
			ret = add_directory(runs, path);
		else
			ret = add_file(runs, path);
	}
	return ret;
}

int runs_order(const struct runs *a, const struct runs *b, struct order *order)
{
	return order_make(order, a->when, a->n_when, b->when, b->n_when);
}

bool runs_deterministic(const struct runs *runs)
{
	const json_t *doc = json_array_get(runs->docs, 0);
	const char *mode = json_string_value(json_object_get(json_object_get(doc, "env"),
							     "lab_mode"));

	if (json_is_string(json_object_get(doc, "base")))
		mode = json_string_value(json_object_get(doc, "mode"));
	return mode && !strcmp(mode, "deterministic");
}

/* Two operands are A and B; more would not say where A ends. */
int runs_operands(struct runs *a, struct runs *b, int argc, char **argv, int first)
{
	size_t na = json_array_size(a->paths), nb = json_array_size(b->paths);

	if (argc - first == 2 && !na && !nb) {
		if (runs_add_path(a, argv[first]) || runs_add_path(b, argv[first + 1]))
			return AZ_EXIT_USAGE;
	} else if (argc != first || !na || !nb) {
		return az_usage("give A and B, each a file or directory, or --a FILE... --b"
				" FILE...");
	}
	return runs_read(a) || runs_read(b) ? AZ_EXIT_USAGE : 0;
}
