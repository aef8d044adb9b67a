// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/gate/gate.h"
#include "lib/log.h"
#include "lib/result.h"

#define RULES_MAX	256

static const char *const limits[] = {
	[GATE_CHANGE_PERCENT] = "max_change_percent",
	[GATE_CHANGE] = "max_change",
	[GATE_MAX] = "max",
	[GATE_MIN] = "min",
};

/* What a rule may say, and the file for all rules. */
static const char *const common[] = {
	"confidence", "min_runs", "not_enough_runs", "missing", "prove", NULL
};
static const char *const of_rule[] = {
	"metric", "direction", "max_change_percent", "max_change", "max", "min", "comment", NULL
};
static const char *const of_file[] = { "schema", "name", "rules", "comment", NULL };

static bool is_in(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static int check_keys(const char *path, const char *where, json_t *object,
		      const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		if (!is_in(known, key) && !is_in(common, key))
			return az_usage("%s: %s: '%s' is not known", path, where, key);
	return 0;
}

/* A choice of two words; sets *@second when it is the second. */
static int choose(const char *path, const json_t *object, const char *key, const char *first,
		  const char *other, bool *second)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (!value)
		return 0;
	if (!text || (strcmp(text, first) && strcmp(text, other)))
		return az_usage("%s: %s is \"%s\" or \"%s\"", path, key, first, other);
	*second = !strcmp(text, other);
	return 0;
}

static int take_common(const char *path, const json_t *object, struct gate_rule *rule)
{
	const json_t *value = json_object_get(object, "confidence");
	int ret;

	if (value && (!json_is_number(value) || json_number_value(value) < 50 ||
		      json_number_value(value) > 99.9))
		return az_usage("%s: confidence is a number of percent from 50 to 99.9", path);
	if (value)
		rule->confidence = json_number_value(value);
	value = json_object_get(object, "min_runs");
	if (value && (!json_is_integer(value) || json_integer_value(value) < 1 ||
		      json_integer_value(value) > RUNS_MAX))
		return az_usage("%s: min_runs is a whole number from 1 to %d", path, RUNS_MAX);
	if (value)
		rule->min_runs = (unsigned int)json_integer_value(value);
	ret = choose(path, object, "not_enough_runs", "fail", "skip", &rule->skip_few);
	ret = ret ? ret : choose(path, object, "missing", "fail", "skip", &rule->skip_missing);
	return ret ? ret : choose(path, object, "prove", "harm", "safety", &rule->safety);
}

static int take_limit(const char *path, const json_t *object, struct gate_rule *rule)
{
	unsigned int found = 0, i;
	const json_t *value;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		value = json_object_get(object, limits[i]);
		if (!value)
			continue;
		if (!json_is_number(value))
			return az_usage("%s: %s: %s is a number", path, rule->metric, limits[i]);
		rule->limit = (enum gate_limit)i;
		rule->allowed = json_number_value(value);
		found++;
	}
	if (found != 1)
		return az_usage("%s: %s: one of max_change_percent, max_change, max and min is"
				" wanted", path, rule->metric);
	if (rule->limit <= GATE_CHANGE && rule->allowed < 0)
		return az_usage("%s: %s: an allowed change is not negative", path, rule->metric);
	return 0;
}

static int take_rule(const char *path, json_t *object, struct gate_rule *rule)
{
	bool higher = false;
	int ret;

	rule->metric = json_string_value(json_object_get(object, "metric"));
	if (!rule->metric)
		return az_usage("%s: a rule without \"metric\"", path);
	ret = check_keys(path, rule->metric, object, of_rule);
	ret = ret ? ret : take_common(path, object, rule);
	ret = ret ? ret : take_limit(path, object, rule);
	ret = ret ? ret : choose(path, object, "direction", "lower", "higher", &higher);
	if (!ret && json_object_get(object, "direction"))
		rule->lower_is_better = !higher;
	return ret;
}

int criteria_read(struct gate_criteria *criteria, const char *path)
{
	struct gate_rule usual = { .lower_is_better = -1, .confidence = 95 };
	json_t *doc = az_json_read(path), *rules, *rule;
	size_t i;
	int ret;

	*criteria = (struct gate_criteria){ .doc = doc };
	if (!doc)
		return AZ_EXIT_USAGE;
	rules = json_object_get(doc, "rules");
	ret = check_keys(path, "the file", doc, of_file);
	if (!ret && json_integer_value(json_object_get(doc, "schema")) != AZ_RESULT_SCHEMA)
		ret = az_usage("%s: \"schema\": %d is wanted", path, AZ_RESULT_SCHEMA);
	if (!ret && (!json_array_size(rules) || json_array_size(rules) > RULES_MAX))
		ret = az_usage("%s: \"rules\" has to be a list of 1 to %d", path, RULES_MAX);
	ret = ret ? ret : take_common(path, doc, &usual);
	if (ret)
		return ret;
	criteria->name = json_string_value(json_object_get(doc, "name"));
	criteria->rules = calloc(json_array_size(rules), sizeof(*criteria->rules));
	if (!criteria->rules)
		return az_env("out of memory");
	json_array_foreach(rules, i, rule) {
		criteria->rules[i] = usual;
		ret = ret ? ret : take_rule(path, rule, &criteria->rules[i]);
	}
	criteria->n = json_array_size(rules);
	return ret;
}

void criteria_free(struct gate_criteria *criteria)
{
	free(criteria->rules);
	json_decref(criteria->doc);
}
