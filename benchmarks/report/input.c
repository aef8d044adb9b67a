// SPDX-License-Identifier: GPL-2.0-only
/* Reading results for a report. Whatever is wrong with one is said with its name. */
#include "benchmarks/report/input.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/compare/series.h"
#include "benchmarks/report/html.h"
#include "lib/log.h"
#include "lib/result.h"

/* ---- is it a result? -------------------------------------------------------- */

static bool array_of_numbers(const json_t *array, size_t n)
{
	const json_t *value;
	size_t i;

	if (json_array_size(array) != n)
		return false;
	json_array_foreach(array, i, value)
		if (!json_is_number(value) || json_number_value(value) < 0)
			return false;
	return true;
}

static bool good_timeline(const json_t *timeline)
{
	const json_t *slots = json_object_get(timeline, "slots"), *slot;
	size_t i;

	if (!timeline)
		return true;
	if (html_num(timeline, "interval_ns") <= 0 || !json_is_array(slots))
		return false;
	json_array_foreach(slots, i, slot)
		if (!array_of_numbers(slot, 5))
			return false;
	return true;
}

static bool good_marks(const json_t *marks)
{
	const json_t *mark;
	size_t i;

	json_array_foreach(marks, i, mark)
		if (!json_is_number(json_object_get(mark, "t_ns")) ||
		    !json_is_string(json_object_get(mark, "text")))
			return false;
	return !marks || json_is_array(marks);
}

static bool good_stages(const json_t *stages, const json_t *histograms)
{
	const json_t *stage;
	size_t i;

	json_array_foreach(stages, i, stage)
		if (!json_is_string(stage) ||
		    !json_object_get(histograms, json_string_value(stage)))
			return false;
	return !stages || json_is_array(stages);
}

static bool good_ramp(const json_t *ramp)
{
	const json_t *step;
	size_t i;

	json_array_foreach(ramp, i, step)
		if (!json_is_number(json_object_get(step, "rate")) || html_num(step, "rate") < 0)
			return false;
	return !ramp || json_is_array(ramp);
}

static bool good_metrics(const json_t *doc)
{
	struct series_set set = { 0 };
	bool good = !series_add_result(&set, doc, "");

	series_free(&set);
	/* A run that ended before its first sample has no metrics, and says so. */
	return good || !json_array_size(json_object_get(doc, "metrics"));
}

static int check_histograms(const json_t *doc, const char *path)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	json_t *json;
	const char *name;
	int ret = 0;

	if (!hist)
		return az_env("out of memory");
	json_object_foreach(json_object_get(doc, "histograms"), name, json)
		if (!ret && az_hist_from_json(hist, json))
			ret = az_usage("%s: histogram '%s' is damaged", path, name);
	free(hist);
	return ret;
}

static int check_run(const json_t *doc, const char *path)
{
	const json_t *histograms = json_object_get(doc, "histograms");

	if (!json_is_string(json_object_get(doc, "benchmark")))
		return az_usage("%s: the name of its benchmark is missing", path);
	if (!good_metrics(doc))
		return az_usage("%s: its metrics are damaged", path);
	if (!good_timeline(json_object_get(doc, "timeline")))
		return az_usage("%s: its timeline is damaged", path);
	if (!good_marks(json_object_get(doc, "marks")))
		return az_usage("%s: its marks are damaged", path);
	if (!good_stages(json_object_get(doc, "stages"), histograms))
		return az_usage("%s: its stages are damaged", path);
	if (!good_ramp(json_object_get(doc, "ramp")))
		return az_usage("%s: its ramp is damaged", path);
	return check_histograms(doc, path);
}

/* ---- arms -------------------------------------------------------------------- */

static struct report_arm *find_arm(struct report_input *in, const char *name)
{
	size_t i;

	for (i = 0; i < in->narms; i++)
		if (!strcmp(in->arms[i].name, name))
			return &in->arms[i];
	return NULL;
}

/* Arm @name, made when new. Returns 0 or an exit code. */
static int need_arm(struct report_input *in, const char *name, const char *path,
		    struct report_arm **arm)
{
	*arm = find_arm(in, name);
	if (*arm)
		return 0;
	if (in->narms == REPORT_ARMS)
		return az_usage("%s: more than %d arms; directories, and --arm NAME=FILE..., put"
				" runs into one arm", path, REPORT_ARMS);
	*arm = &in->arms[in->narms];
	(*arm)->name = strdup(name);
	if (!(*arm)->name)
		return az_env("out of memory");
	in->narms++;
	return 0;
}

static int add_run(struct report_input *in, const char *name, const char *path, json_t *doc)
{
	struct report_run *runs;
	struct report_arm *arm;
	int ret = need_arm(in, name, path, &arm);

	if (ret)
		return ret;
	if (in->nruns == REPORT_RUNS)
		return az_usage("%s: more than %d runs", path, REPORT_RUNS);
	in->nruns++;
	runs = realloc(arm->runs, (arm->n + 1) * sizeof(*runs));
	if (!runs)
		return az_env("out of memory");
	arm->runs = runs;
	runs[arm->n].file = strdup(path);
	if (!runs[arm->n].file)
		return az_env("out of memory");
	runs[arm->n++].doc = json_incref(doc);
	return 0;
}

/* Keeps what there may be only one of. */
static int take_one(json_t **slot, char **file, json_t *doc, const char *path)
{
	if (!json_array_size(json_object_get(doc, "metrics")))
		return az_usage("%s: it has no metrics", path);
	if (*slot)
		return az_usage("%s: a report has one file of kind '%s', and %s is one", path,
				html_str(doc, "kind"), *file);
	*file = strdup(path);
	if (!*file)
		return az_env("out of memory");
	*slot = json_incref(doc);
	return 0;
}

/* @fallback names the arm of a run that neither --arm nor a suite has put into one. */
static int add_doc(struct report_input *in, const char *arm, const char *fallback,
		   const char *path, json_t *doc)
{
	const char *kind = html_str(doc, "kind");
	const char *suite = html_str(json_object_get(doc, "suite"), "arm");
	int ret;

	if (json_integer_value(json_object_get(doc, "schema")) != AZ_RESULT_SCHEMA)
		return az_usage("%s: schema %d is wanted", path, AZ_RESULT_SCHEMA);
	if (!strcmp(kind, "compare"))
		return take_one(&in->compare, &in->compare_file, doc, path);
	if (!strcmp(kind, "summary") || json_is_string(json_object_get(doc, "base")))
		return take_one(&in->summary, &in->summary_file, doc, path);
	if (strcmp(kind, "bench"))
		return az_usage("%s: not a result of azimuth bench, compare or summary", path);
	if (!arm)
		arm = *suite ? suite : fallback;
	ret = check_run(doc, path);
	return ret ? ret : add_run(in, arm, path, doc);
}

/* ---- files and directories ------------------------------------------------------ */

/* What is being added; the names as add_doc() takes them. */
struct source {
	struct report_input *in;
	const char *arm, *fallback;
};

static int add_file(const struct source *src, const char *path)
{
	json_t *doc = az_json_read(path);
	int ret;

	if (!doc)
		return AZ_EXIT_USAGE;
	ret = add_doc(src->in, src->arm, src->fallback, path, doc);
	json_decref(doc);
	return ret;
}

static int is_json(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && entry->d_name[0] != '.' && !strcmp(entry->d_name + len - 5, ".json");
}

/* Directories of a suite that hold results; "failed" has what did not become one. */
static int is_benchmark(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && entry->d_type == DT_DIR &&
	       strcmp(entry->d_name, "failed") && strcmp(entry->d_name, "log");
}

/* Calls @add for each entry of @path that @filter takes, "2" before "10". */
static int for_each_entry(const struct source *src, const char *path,
			  int (*filter)(const struct dirent *),
			  int (*add)(const struct source *, const char *))
{
	struct dirent **entries;
	int count = scandir(path, &entries, filter, versionsort), ret = 0, i;
	char *name;

	if (count < 0)
		return az_usage("cannot read %s: %s", path, strerror(errno));
	if (!count)
		ret = az_usage("%s: no results there", path);
	for (i = 0; i < count; i++) {
		if (!ret && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			ret = az_env("out of memory");
		if (!ret) {
			ret = add(src, name);
			free(name);
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int add_results(const struct source *src, const char *path)
{
	return for_each_entry(src, path, is_json, add_file);
}

/*
 * The arms in the order of the suite's file, so that the first of it is the
 * reference. Returns 0, or an exit code after one line.
 */
static int add_suite_arms(const struct source *src, const char *file)
{
	json_t *suite = az_json_read(file);
	const json_t *one;
	struct report_arm *arm;
	int ret = suite ? 0 : AZ_EXIT_USAGE;
	size_t i;

	json_array_foreach(json_object_get(suite, "arms"), i, one)
		if (!ret && *html_str(one, "name"))
			ret = need_arm(src->in, html_str(one, "name"), file, &arm);
	json_decref(suite);
	return ret;
}

/* What azimuth bench suite left: a directory for each benchmark beside suite.json. */
static int add_directory(const struct source *src, const char *path)
{
	char *file;
	int ret = 0;
	bool suite;

	if (asprintf(&file, "%s/suite.json", path) < 0)
		return az_env("out of memory");
	suite = !access(file, F_OK);
	if (suite && !src->arm)
		ret = add_suite_arms(src, file);
	free(file);
	if (ret)
		return ret;
	return suite ? for_each_entry(src, path, is_benchmark, add_results) :
		       add_results(src, path);
}

/* "runs/old/" is "old", "runs/old.json" too. Free it. */
static char *name_of(const char *path)
{
	size_t len = strlen(path);
	const char *start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = path + len; start > path && start[-1] != '/'; start--)
		;
	len = (size_t)(path + len - start);
	if (len > 5 && !strncmp(start + len - 5, ".json", 5))
		len -= 5;
	return strndup(start, len);
}

/* Operands that have the same last part stay apart: "a/run" and "b/run". */
static char *new_name(struct report_input *in, const char *path)
{
	char *name = name_of(path);

	if (!name || !find_arm(in, name))
		return name;
	free(name);
	return strdup(path);
}

int report_input_add(struct report_input *in, const char *arm, const char *path)
{
	char *fallback = new_name(in, path);
	const struct source src = { in, arm, fallback };
	struct stat st;
	int ret;

	if (!fallback)
		return az_env("out of memory");
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		ret = add_directory(&src, path);
	else
		ret = add_file(&src, path);
	free(fallback);
	return ret;
}

/* Arms of a suite that has not come to them yet. */
static void drop_empty_arms(struct report_input *in)
{
	size_t i, kept = 0;

	for (i = 0; i < in->narms; i++)
		if (in->arms[i].n)
			in->arms[kept++] = in->arms[i];
		else
			free(in->arms[i].name);
	in->narms = kept;
}

int report_input_check(struct report_input *in)
{
	drop_empty_arms(in);
	if (in->summary && (in->narms || in->compare))
		return az_usage("%s: a summary of the lab is reported alone", in->summary_file);
	if (!in->summary && !in->compare && !in->narms)
		return az_usage("results are missing: files or directories of them");
	return 0;
}

void report_input_free(struct report_input *in)
{
	size_t i, j;

	for (i = 0; i < in->narms; i++) {
		for (j = 0; j < in->arms[i].n; j++) {
			free(in->arms[i].runs[j].file);
			json_decref(in->arms[i].runs[j].doc);
		}
		free(in->arms[i].runs);
		free(in->arms[i].name);
	}
	json_decref(in->compare);
	json_decref(in->summary);
	free(in->compare_file);
	free(in->summary_file);
	*in = (struct report_input){ 0 };
}
