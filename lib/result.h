/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Result files of the benchmarks:
 *
 *	{ "schema": 1, "kind": "bench", "benchmark": "net-rtt",
 *	  "config": { what makes two runs comparable: size, count, ... },
 *	  "metrics": [ { "name", "unit", "better": "lower"|"higher", "value" } ],
 *	  "counts": { "sent", "received", "lost", ... },
 *	  "histograms": { "rtt": as in lib/hist.h },
 *	  "interrupted": false, "end": "done"|"interrupted"|"error", "error": text,
 *	  "env": as in lib/env.h }
 *
 * and, where a workload has them:
 *
 *	  "conditions": as in lib/conditions.h
 *	  "stages": [names of histograms in the order of the path],
 *	  "timeline": { "interval_ns", "start": date with ns, "error": of p50 and p99,
 *			"slots": [[count, lost, p50, p99, max], ...] }, by intended time,
 *	  "marks": [{ "t_ns": since the start of the timeline, "kind", "text" }],
 *	  "partial": true in a file that a run wrote before its end: without an end,
 *		     the run was killed
 */
#ifndef AZ_LIB_RESULT_H
#define AZ_LIB_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/hist.h"

#define AZ_RESULT_SCHEMA	1

/* Where results go. @json and @line may be NULL. */
struct az_result_sink {
	const char *json;	/* file, "-" is standard output */
	const char *line;	/* name of an "@json NAME {...}" line */
	bool imds;		/* ask the metadata service for the SKU */
};

/*
 * A new result for @benchmark, NULL when memory is short. The calls below pass
 * over a NULL result, so that only the end has to check: az_result_put().
 * The caller drops the reference.
 */
json_t *az_result_new(const char *benchmark);

/*
 * Set member @key of "config" or "counts"; strings are copied. A number is at
 * most INT64_MAX. What JSON cannot hold (text that is not UTF-8), what is NULL
 * and what there is no memory for is left out.
 */
void az_result_config_int(json_t *result, const char *key, uint64_t value);
void az_result_config_str(json_t *result, const char *key, const char *value);
void az_result_count(json_t *result, const char *key, uint64_t value);

/* Adds a metric, @value in @unit; left out as above, and when @value is not finite. */
void az_result_metric(json_t *result, const char *name, const char *unit, bool lower_is_better,
		      double value);

/* Adds histogram @name of times in ns and a metric for each figure of it. */
void az_result_hist(json_t *result, const char *name, const struct az_hist *hist);

/* Notes that the run was ended before its time. */
void az_result_interrupted(json_t *result);

/*
 * How the run ended, "done", "interrupted" or "error", and for the last one why
 * (NULL: not stated). Takes "partial" away.
 */
void az_result_end(json_t *result, const char *end, const char *error);

/*
 * Writes @result to the file of @sink with "partial": true and the facts of the
 * machine as they were at the first call. Does nothing when results go to
 * standard output, a pipe or a device. Returns 0, or negative errno without a
 * message: then the last file is still there.
 */
int az_result_checkpoint(json_t *result, const struct az_result_sink *sink);

/*
 * Writes @result to where @sink says: the file with all facts of the machine,
 * the line with the brief ones and without the timeline. The file is complete or
 * absent. Returns 0, or an exit code after one line on standard error.
 */
int az_result_put(json_t *result, const struct az_result_sink *sink);

/*
 * Writes @json to @path ("-": standard output), indented, through a temporary
 * file beside it: @path has the old or the new content whenever the program dies.
 * Returns 0, or an exit code after one line on standard error.
 */
int az_json_write(const json_t *json, const char *path);

/* Reads a JSON object. Returns NULL after one line on standard error. */
json_t *az_json_read(const char *path);

#endif
