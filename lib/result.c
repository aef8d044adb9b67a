// SPDX-License-Identifier: GPL-2.0-only
#include "lib/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/log.h"

#define JSON_FORMAT	(JSON_INDENT(1) | JSON_REAL_PRECISION(12) | JSON_ENSURE_ASCII)
#define LINE_FORMAT	(JSON_COMPACT | JSON_REAL_PRECISION(12) | JSON_ENSURE_ASCII)

json_t *az_result_new(const char *benchmark)
{
	return json_pack("{s:i, s:s, s:s, s:{}, s:[], s:{}, s:{}, s:b}",
			 "schema", AZ_RESULT_SCHEMA, "kind", "bench", "benchmark", benchmark,
			 "config", "metrics", "counts", "histograms", "interrupted", 0);
}

void az_result_config_int(json_t *result, const char *key, uint64_t value)
{
	json_object_set_new(json_object_get(result, "config"), key,
			    json_integer((json_int_t)value));
}

void az_result_config_str(json_t *result, const char *key, const char *value)
{
	json_object_set_new(json_object_get(result, "config"), key, json_string(value));
}

void az_result_count(json_t *result, const char *key, uint64_t value)
{
	json_object_set_new(json_object_get(result, "counts"), key,
			    json_integer((json_int_t)value));
}

void az_result_metric(json_t *result, const char *name, const char *unit, bool lower_is_better,
		      double value)
{
	json_t *metric = json_pack("{s:s, s:s, s:s, s:f}", "name", name, "unit", unit,
				   "better", lower_is_better ? "lower" : "higher", "value", value);

	json_array_append_new(json_object_get(result, "metrics"), metric);
}

static void hist_metric(json_t *result, const char *hist, const char *figure, double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", hist, figure);
	az_result_metric(result, name, "ns", true, value);
}

void az_result_hist(json_t *result, const char *name, const struct az_hist *hist)
{
	const struct az_percentile *p;

	json_object_set_new(json_object_get(result, "histograms"), name, az_hist_to_json(hist));
	if (!hist->count)
		return;
	hist_metric(result, name, "min", (double)hist->min);
	for (p = az_percentiles; p->name; p++)
		hist_metric(result, name, p->name, (double)az_hist_percentile(hist, p->ppm));
	hist_metric(result, name, "max", (double)hist->max);
	hist_metric(result, name, "mean", az_hist_mean(hist));
}

void az_result_interrupted(json_t *result)
{
	json_object_set_new(result, "interrupted", json_true());
}

void az_result_end(json_t *result, const char *end, const char *error)
{
	json_object_del(result, "partial");
	json_object_set_new(result, "end", json_string(end));
	if (error)
		json_object_set_new(result, "error", json_string(error));
}

/*
 * The line leaves out what can be derived from it again, metrics that the
 * histograms hold too, and the timeline. On an emulated serial port each byte is
 * an exit.
 */
static int put_line(json_t *result, const char *name)
{
	json_t *brief = json_copy(result);
	char *text;

	if (!brief || json_object_set_new(brief, "env", az_env_brief()))
		goto no_memory;
	if (json_object_size(json_object_get(result, "histograms")))
		json_object_del(brief, "metrics");
	json_object_del(brief, "timeline");
	text = json_dumps(brief, LINE_FORMAT);
	if (!text)
		goto no_memory;
	printf("@json %s %s\n", name, text);
	fflush(stdout);
	free(text);
	json_decref(brief);
	return 0;
no_memory:
	json_decref(brief);
	return az_env("out of memory for the result line");
}

int az_result_put(json_t *result, const struct az_result_sink *sink)
{
	int ret = 0;

	if (!result)
		return az_env("out of memory for the result");
	if (sink->line)
		ret = put_line(result, sink->line);
	if (ret || !sink->json)
		return ret;
	if (json_object_set_new(result, "env", az_env_full(sink->imds)))
		return az_env("out of memory for the result");
	return az_json_write(result, sink->json);
}

/* A device or a pipe cannot be replaced by a finished file: write into it. */
static bool is_special(const char *path)
{
	struct stat st;

	return !strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode));
}

/* Returns 0 or negative errno. */
static int dump(const json_t *json, FILE *file)
{
	errno = 0;
	if (json_dumpf(json, file, JSON_FORMAT) || fputc('\n', file) == EOF || fflush(file))
		return errno ? -errno : -ENOMEM;
	return 0;
}

static int write_special(const json_t *json, const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	int ret;

	if (!file)
		return az_env("cannot open %s: %s", path, strerror(errno));
	ret = dump(json, file);
	if (ret)
		az_env("cannot write %s: %s", file == stdout ? "standard output" : path,
		       strerror(-ret));
	if (file != stdout)
		fclose(file);
	return ret ? AZ_EXIT_ENV : 0;
}

/* Returns 0 or negative errno, with what could not be done in *@what. */
static int replace(const json_t *json, const char *path, const char *tmp, const char **what)
{
	FILE *file = fopen(tmp, "we");
	int ret;

	*what = "create";
	if (!file)
		return -errno;
	*what = "write";
	ret = dump(json, file);
	if (fclose(file) && !ret)
		ret = -errno;
	if (!ret && rename(tmp, path)) {
		*what = "rename";
		ret = -errno;
	}
	if (ret)
		unlink(tmp);
	return ret;
}

int az_json_write(const json_t *json, const char *path)
{
	const char *what;
	char tmp[4096];
	int ret;

	if (is_special(path))
		return write_special(json, path);
	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return az_usage("%s: the name is too long", path);
	ret = replace(json, path, tmp, &what);
	return ret ? az_env("cannot %s %s: %s", what, tmp, strerror(-ret)) : 0;
}

int az_result_checkpoint(json_t *result, const struct az_result_sink *sink)
{
	static json_t *env;
	const char *what;
	char tmp[4096];

	if (!sink->json || is_special(sink->json))
		return 0;
	if (snprintf(tmp, sizeof(tmp), "%s.tmp", sink->json) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	if (!env)
		env = az_env_full(false);
	if (json_object_set(result, "env", env) ||
	    json_object_set_new(result, "partial", json_true()))
		return -ENOMEM;
	return replace(result, sink->json, tmp, &what);
}

json_t *az_json_read(const char *path)
{
	json_error_t error;
	json_t *json;
	FILE *file = fopen(path, "re");

	if (!file) {
		az_err("cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	if (json_is_object(json))
		return json;
	if (json)
		az_err("%s: not a JSON object", path);
	else
		az_err("%s: line %d: not JSON: %s", path, error.line, error.text);
	json_decref(json);
	return NULL;
}
