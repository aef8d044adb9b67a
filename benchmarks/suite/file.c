// SPDX-License-Identifier: GPL-2.0-only
/* The suite file: everything in it is checked before anything runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/suite/suite.h"
#include "lib/log.h"

#define FILE_MAX	(1 << 20)

static const struct field suite_fields[] = {
	FIELD("name", NAME, suite, name, .required = true),
	FIELD("order", STRING, suite, order_name),
	FIELD("seed", UINT, suite, seed),
	FIELD("repetitions", UINT, suite, repetitions, .min = 1, .max = 10000),
	FIELD("warmup", UINT, suite, warmup, .max = 1000),
	FIELD("cooldown", TIME, suite, cooldown),
	FIELD("timeout", TIME, suite, timeout, .min = 1),
	FIELD("setup_timeout", TIME, suite, setup_timeout, .min = 1),
	FIELD("env", ENV, suite, env),
	FIELD("setup", STEPS, suite, setup),
	FIELD("teardown", STEPS, suite, teardown),
	FIELD("ends", ARRAY, suite, ends_doc),
	FIELD("arms", ARRAY, suite, arms_doc, .required = true),
	FIELD("benchmarks", ARRAY, suite, benchmarks_doc, .required = true),
	FIELD_DONE
};

static const struct field end_fields[] = {
	FIELD("name", NAME, suite_end, name, .required = true),
	FIELD("netns", NAME, suite_end, netns),
	FIELD("ssh", STRING, suite_end, ssh),
	FIELD("ssh_command", ARGV, suite_end, ssh_command),
	FIELD("azimuth", STRING, suite_end, azimuth),
	FIELD_DONE
};

static const struct field arm_fields[] = {
	FIELD("name", NAME, suite_arm, name, .required = true),
	FIELD("args", ARGV, suite_arm, args),
	FIELD("env", ENV, suite_arm, env),
	FIELD("setup", STEPS, suite_arm, setup),
	FIELD("teardown", STEPS, suite_arm, teardown),
	FIELD_DONE
};

static const struct field benchmark_fields[] = {
	FIELD("name", NAME, suite_benchmark, name, .required = true),
	FIELD("command", ARGV, suite_benchmark, command, .required = true),
	FIELD("end", NAME, suite_benchmark, end),
	FIELD("arms", ARGV, suite_benchmark, arm_names),
	FIELD("server", OBJECT, suite_benchmark, server_doc),
	FIELD("repetitions", UINT, suite_benchmark, repetitions, .min = 1, .max = 10000),
	FIELD("warmup", UINT, suite_benchmark, warmup, .max = 1000),
	FIELD("timeout", TIME, suite_benchmark, timeout, .min = 1),
	FIELD_DONE
};

static const struct field server_fields[] = {
	FIELD("command", ARGV, suite_server, command, .required = true),
	FIELD("end", NAME, suite_server, end),
	FIELD("ready", STRING, suite_server, ready),
	FIELD_DONE
};

const struct suite_end *suite_end_find(const struct suite *suite, const char *name)
{
	size_t i;

	for (i = 0; name && i < suite->n_ends; i++)
		if (!strcmp(suite->ends[i].name, name))
			return &suite->ends[i];
	return NULL;
}

const struct suite_arm *suite_arm_find(const struct suite *suite, const char *name)
{
	size_t i;

	for (i = 0; name && i < suite->n_arms; i++)
		if (!strcmp(suite->arms[i].name, name))
			return &suite->arms[i];
	return NULL;
}

bool suite_has_arm(const struct suite_benchmark *benchmark, const struct suite_arm *arm)
{
	json_t *name;
	size_t i;

	json_array_foreach(benchmark->arm_names, i, name)
		if (!strcmp(json_string_value(name), arm->name))
			return true;
	return !benchmark->arm_names;
}

static int read_order(struct suite *suite, const struct place *place)
{
	static const char *const names[] = { "abba", "random", "sequential" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (!strcmp(suite->order_name, names[i])) {
			suite->order = (enum suite_order)i;
			return 0;
		}
	return place_error(place, "order: '%s' is none of abba, random, sequential",
			   suite->order_name);
}

/* Ends of steps can only be looked up when all ends are known. */
static int check_step_ends(const struct suite *suite, const json_t *steps, const char *file,
			   const char *where)
{
	char path[256];
	struct place at = { file, path };
	const char *name;
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step) {
		name = json_string_value(json_object_get(step, "end"));
		snprintf(path, sizeof(path), "%s[%zu].end", where, i);
		if (name && !suite_end_find(suite, name))
			return place_error(&at, "there is no end '%s'", name);
	}
	return 0;
}

static int read_end(struct suite *suite, struct suite_end *end, const json_t *json,
		    const struct place *place)
{
	if (fields_read(json, place, end_fields, end))
		return -EINVAL;
	if (!end->netns == !end->ssh)
		return place_error(place, "one of 'netns' and 'ssh' is wanted");
	if (end->ssh_command && !end->ssh)
		return place_error(place, "'ssh_command' is for an end with 'ssh'");
	if (end->ssh_command && !json_array_size(end->ssh_command))
		return place_error(place, "ssh_command: is empty");
	/* ssh would take it for an option. */
	if (end->ssh && end->ssh[0] == '-')
		return place_error(place, "ssh: '%s' is not a host", end->ssh);
	if (suite_end_find(suite, end->name) != end)
		return place_error(place, "name: there are two ends '%s'", end->name);
	return 0;
}

static int read_arm(struct suite *suite, struct suite_arm *arm, const json_t *json,
		    const struct place *place)
{
	char where[128];

	if (fields_read(json, place, arm_fields, arm))
		return -EINVAL;
	if (suite_arm_find(suite, arm->name) != arm)
		return place_error(place, "name: there are two arms '%s'", arm->name);
	snprintf(where, sizeof(where), "%s.setup", place->path);
	if (check_step_ends(suite, arm->setup, place->file, where))
		return -EINVAL;
	snprintf(where, sizeof(where), "%s.teardown", place->path);
	return check_step_ends(suite, arm->teardown, place->file, where);
}

/* The suite gives where the result goes; two answers would leave one without. */
static int check_command(const json_t *command, const struct place *place)
{
	static const char *const workloads[] = { "net", "io", "timer", "exit", "pci" };
	const char *first = json_string_value(json_array_get(command, 0)), *text;
	json_t *item;
	size_t i;

	for (i = 0; first && i < 5; i++)
		if (!strcmp(first, workloads[i]))
			break;
	if (!first || i == 5)
		return place_error(place, "%s%s%sis no workload: net, io, timer, exit or pci",
				   first ? "'" : "", first ? first : "an empty list ",
				   first ? "' " : "");
	json_array_foreach(command, i, item) {
		text = json_string_value(item);
		if (!strcmp(text, "--json") || !strncmp(text, "--json=", 7))
			return place_error(place, "--json is the suite's to give");
	}
	return 0;
}

static int check_arms(struct suite *suite, struct suite_benchmark *bench,
		      const struct place *place)
{
	const char *name;
	json_t *item;
	size_t i, k;

	if (bench->arm_names && !json_array_size(bench->arm_names))
		return place_error(place, "arms: is empty");
	json_array_foreach(bench->arm_names, i, item) {
		name = json_string_value(item);
		if (!suite_arm_find(suite, name))
			return place_error(place, "arms[%zu]: there is no arm '%s'", i, name);
		for (k = 0; k < i; k++)
			if (json_equal(item, json_array_get(bench->arm_names, k)))
				return place_error(place, "arms[%zu]: '%s' is there twice", i,
						   name);
	}
	return 0;
}

static int read_server(struct suite *suite, struct suite_benchmark *bench,
		       const struct place *place)
{
	char path[128], command[160];
	struct place at = { place->file, path }, within = { place->file, command };

	snprintf(path, sizeof(path), "%s.server", place->path);
	snprintf(command, sizeof(command), "%s.command", path);
	if (!bench->server_doc)
		return 0;
	if (fields_read(bench->server_doc, &at, server_fields, &bench->server) ||
	    check_command(bench->server.command, &within))
		return -EINVAL;
	if (bench->server.end && !suite_end_find(suite, bench->server.end))
		return place_error(&at, "end: there is no end '%s'", bench->server.end);
	return 0;
}

static int read_benchmark(struct suite *suite, struct suite_benchmark *bench,
			  const json_t *json, const struct place *place)
{
	char path[128];
	struct place at = { place->file, path };
	const struct suite_end *end;
	const struct suite_benchmark *other;

	bench->repetitions = suite->repetitions;
	bench->warmup = suite->warmup;
	bench->timeout = suite->timeout;
	snprintf(path, sizeof(path), "%s.command", place->path);
	if (fields_read(json, place, benchmark_fields, bench) ||
	    check_command(bench->command, &at) || check_arms(suite, bench, place) ||
	    read_server(suite, bench, place))
		return -EINVAL;
	for (other = suite->benchmarks; other < bench; other++)
		if (!strcmp(other->name, bench->name))
			return place_error(place, "name: there are two benchmarks '%s'",
					   bench->name);
	end = suite_end_find(suite, bench->end);
	if (bench->end && !end)
		return place_error(place, "end: there is no end '%s'", bench->end);
	if (end && end->ssh)
		return place_error(place, "end: '%s' is another machine; results are made here,"
				   " so start the suite there", bench->end);
	return 0;
}

static int read_lists(struct suite *suite, const char *file)
{
	char path[64];
	struct place at = { file, path };
	json_t *item;
	size_t i;

	json_array_foreach(suite->ends_doc, i, item) {
		snprintf(path, sizeof(path), "ends[%zu]", i);
		suite->n_ends = i + 1;
		if (read_end(suite, &suite->ends[i], item, &at))
			return -EINVAL;
	}
	json_array_foreach(suite->arms_doc, i, item) {
		snprintf(path, sizeof(path), "arms[%zu]", i);
		suite->n_arms = i + 1;
		if (read_arm(suite, &suite->arms[i], item, &at))
			return -EINVAL;
	}
	json_array_foreach(suite->benchmarks_doc, i, item) {
		snprintf(path, sizeof(path), "benchmarks[%zu]", i);
		suite->n_benchmarks = i + 1;
		if (read_benchmark(suite, &suite->benchmarks[i], item, &at))
			return -EINVAL;
	}
	if (check_step_ends(suite, suite->setup, file, "setup"))
		return -EINVAL;
	return check_step_ends(suite, suite->teardown, file, "teardown");
}

static int check_amount(const struct suite *suite, const struct place *place)
{
	const struct suite_benchmark *bench;
	uint64_t runs = 0;
	size_t i;

	for (i = 0; i < suite->n_benchmarks; i++) {
		bench = &suite->benchmarks[i];
		runs += (bench->repetitions + bench->warmup) *
			(bench->arm_names ? json_array_size(bench->arm_names) : suite->n_arms);
	}
	if (runs > SUITE_RUNS_MAX)
		return place_error(place, "%llu runs, %d at most", (unsigned long long)runs,
				   SUITE_RUNS_MAX);
	return 0;
}

static int read_all(struct suite *suite, const char *file)
{
	struct place top = { file, "" };

	if (fields_read(suite->doc, &top, suite_fields, suite) || read_order(suite, &top))
		return -EINVAL;
	suite->ends = calloc(json_array_size(suite->ends_doc) + 1, sizeof(*suite->ends));
	suite->arms = calloc(json_array_size(suite->arms_doc), sizeof(*suite->arms));
	suite->benchmarks = calloc(json_array_size(suite->benchmarks_doc),
				   sizeof(*suite->benchmarks));
	if (!suite->ends || !suite->arms || !suite->benchmarks)
		return place_error(&top, "out of memory");
	if (read_lists(suite, file))
		return -EINVAL;
	return check_amount(suite, &top);
}

static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (len--)
		hash = (hash ^ (uint8_t)*text++) * 0x100000001b3ull;
	return hash;
}

int suite_parse(struct suite *suite, const char *text, size_t len, const char *path)
{
	json_error_t error;

	*suite = (struct suite){
		.hash = hash_of(text, len), .order_name = "abba", .seed = 1, .repetitions = 5,
		.timeout = 600000000000ull, .setup_timeout = 60000000000ull,
	};
	suite->doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!suite->doc)
		return az_usage("%s: line %d: not JSON: %s", path, error.line, error.text);
	if (!json_is_object(suite->doc)) {
		suite_free(suite);
		return az_usage("%s: not a JSON object", path);
	}
	if (read_all(suite, path)) {
		suite_free(suite);
		return AZ_EXIT_USAGE;
	}
	return 0;
}

int suite_read(struct suite *suite, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;
	int ret;

	if (!file)
		return az_usage("cannot read %s: %s", path, strerror(errno));
	text = malloc(FILE_MAX + 1);
	len = text ? fread(text, 1, FILE_MAX + 1, file) : 0;
	if (!text)
		ret = az_env("out of memory");
	else if (ferror(file))
		ret = az_usage("cannot read %s: %s", path, strerror(errno));
	else if (len > FILE_MAX)
		ret = az_usage("%s: more than 1 MiB is no suite file", path);
	else
		ret = suite_parse(suite, text, len, path);
	fclose(file);
	free(text);
	return ret;
}

void suite_free(struct suite *suite)
{
	json_decref(suite->doc);
	free(suite->ends);
	free(suite->arms);
	free(suite->benchmarks);
	*suite = (struct suite){ 0 };
}
