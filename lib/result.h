/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Result files of the benchmarks:
 *
 *	{ "schema": 1, "kind": "bench", "benchmark": "net-rtt",
 *	  "config": { what makes two runs comparable: size, count, ... },
 *	  "metrics": [ { "name", "unit", "better": "lower"|"higher", "value" } ],
 *	  "counts": { "sent", "received", "lost", ... },
 *	  "histograms": { "rtt": as in lib/hist.h },
 *	  "interrupted": false, "env": as in lib/env.h }
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
 * Writes @result to where @sink says: the file with all facts of the machine,
 * the line with the brief ones. The file is complete or absent. Returns 0, or an
 * exit code after one line on standard error.
 */
int az_result_put(json_t *result, const struct az_result_sink *sink);

/*
 * Writes @json to @path ("-": standard output), indented, through a temporary
 * file beside it. Returns 0, or an exit code after one line on standard error.
 */
int az_json_write(const json_t *json, const char *path);

/* Reads a JSON object. Returns NULL after one line on standard error. */
json_t *az_json_read(const char *path);

#endif
