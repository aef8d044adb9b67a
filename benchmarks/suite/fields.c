// SPDX-License-Identifier: GPL-2.0-only
/* Members of JSON objects into structures, and what is wrong with them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "benchmarks/suite/suite.h"
#include "lib/log.h"
#include "lib/opts.h"

#define KEYS_MAX	32

int place_error(const struct place *place, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (place->path[0])
		az_err("%s: %s: %s", place->file, place->path, text);
	else
		az_err("%s: %s", place->file, text);
	return -EINVAL;
}

/* A path that does not fit ends in "...": keys are as long as the file's author likes. */
static void item_path(char *buf, size_t len, const struct place *place, size_t i)
{
	if (snprintf(buf, len, "%s[%zu]", place->path, i) >= (int)len)
		strcpy(buf + len - 4, "...");
}

static void member_path(char *buf, size_t len, const struct place *place, const char *key)
{
	if (snprintf(buf, len, "%s%s%s", place->path, place->path[0] ? "." : "", key) >= (int)len)
		strcpy(buf + len - 4, "...");
}

static const char *type_name(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_NULL:
		return "null";
	default:
		return "true or false";
	}
}

static int wrong_type(const struct place *place, const char *wanted, const json_t *got)
{
	return place_error(place, "%s is wanted, not %s", wanted, type_name(got));
}

/* Names become names of files, so "..", "/" and a leading "-" are none. */
static int check_name(const json_t *json, const struct place *place)
{
	const char *text = json_string_value(json);
	size_t len = strlen(text);

	if (len && len <= 64 && text[0] != '.' && text[0] != '-' &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	    len)
		return 0;
	return place_error(place, "'%s' is not a name: up to 64 letters, digits, '_', '-' and '.'"
			   ", not first '.' or '-'", text);
}

static int check_strings(const json_t *json, const struct place *place)
{
	char path[256];
	struct place at = { place->file, path };
	json_t *item;
	size_t i;

	json_array_foreach(json, i, item) {
		item_path(path, sizeof(path), place, i);
		if (!json_is_string(item))
			return wrong_type(&at, "text", item);
	}
	return 0;
}

static int check_env(json_t *json, const struct place *place)
{
	char path[256];
	struct place at = { place->file, path };
	const char *key;
	json_t *item;

	json_object_foreach(json, key, item) {
		member_path(path, sizeof(path), place, key);
		if (!json_is_string(item))
			return wrong_type(&at, "text", item);
		if (!key[0] || strchr("0123456789", key[0]) ||
		    key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_")])
			return place_error(&at, "'%s' is not the name of a variable", key);
	}
	return 0;
}

struct step {
	const char *run, *end;
};

static const struct field step_fields[] = {
	FIELD("run", STRING, step, run, .required = true),
	FIELD("end", NAME, step, end),
	FIELD_DONE
};

static int check_steps(const json_t *json, const struct place *place)
{
	char path[256];
	struct place at = { place->file, path };
	struct step step;
	json_t *item;
	size_t i;

	json_array_foreach(json, i, item) {
		item_path(path, sizeof(path), place, i);
		if (json_is_object(item)) {
			if (fields_read(item, &at, step_fields, &step))
				return -EINVAL;
		} else if (!json_is_string(item)) {
			return wrong_type(&at, "a command, as text or {\"run\", \"end\"},", item);
		}
	}
	return 0;
}

static int check_objects(const json_t *json, const struct place *place)
{
	char path[256];
	struct place at = { place->file, path };
	json_t *item;
	size_t i;

	if (!json_array_size(json))
		return place_error(place, "at least one is wanted");
	json_array_foreach(json, i, item) {
		item_path(path, sizeof(path), place, i);
		if (!json_is_object(item))
			return wrong_type(&at, "an object", item);
	}
	return 0;
}

static int read_number(const json_t *json, const struct place *place, const struct field *field,
		       uint64_t *out)
{
	bool time = field->kind == FIELD_TIME;
	uint64_t value = (uint64_t)json_integer_value(json);

	if (json_is_integer(json) && json_integer_value(json) < 0)
		return place_error(place, "a negative number");
	if (time && json_is_string(json)) {
		if (az_parse_number(json_string_value(json), AZ_OPT_TIME, &value))
			return place_error(place, "'%s' is not a time such as 250ms, 10s or 2m",
					   json_string_value(json));
	} else if (!json_is_integer(json)) {
		return wrong_type(place, time ? "a time such as \"250ms\"" : "a whole number",
				  json);
	} else if (time && __builtin_mul_overflow(value, 1000000000ull, &value)) {
		return place_error(place, "the time is too long");
	}
	if (value < field->min || (field->max && value > field->max))
		return place_error(place, "%llu is out of range, %llu to %llu",
				   (unsigned long long)value, (unsigned long long)field->min,
				   (unsigned long long)(field->max ? field->max : UINT64_MAX));
	*out = value;
	return 0;
}

static int read_text(const json_t *json, const struct place *place, const struct field *field,
		     const char **out)
{
	if (!json_is_string(json))
		return wrong_type(place, "text", json);
	if (!json_string_length(json))
		return place_error(place, "is empty");
	*out = json_string_value(json);
	return field->kind == FIELD_NAME ? check_name(json, place) : 0;
}

static int read_container(json_t *json, const struct place *place, const struct field *field,
			  json_t **out)
{
	bool object = field->kind == FIELD_ENV || field->kind == FIELD_OBJECT;

	if (object ? !json_is_object(json) : !json_is_array(json))
		return wrong_type(place, object ? "an object" : "an array", json);
	*out = json;
	switch (field->kind) {
	case FIELD_ARGV:
		return check_strings(json, place);
	case FIELD_ENV:
		return check_env(json, place);
	case FIELD_STEPS:
		return check_steps(json, place);
	case FIELD_ARRAY:
		return check_objects(json, place);
	default:
		return 0;
	}
}

static int read_value(json_t *json, const struct place *place, const struct field *field,
		      void *dst)
{
	switch (field->kind) {
	case FIELD_UINT:
	case FIELD_TIME:
		return read_number(json, place, field, dst);
	case FIELD_STRING:
	case FIELD_NAME:
		return read_text(json, place, field, dst);
	default:
		return read_container(json, place, field, dst);
	}
}

static int unknown_key(const struct place *place, const struct field *table, const char *key)
{
	const char *names[KEYS_MAX] = { NULL }, *near;
	char all[400] = "";
	size_t n, len = 0;

	for (n = 0; table[n].key && n < KEYS_MAX; n++) {
		names[n] = table[n].key;
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", n ? ", " : "",
					table[n].key);
	}
	near = az_nearest(key, names, n);
	if (near)
		return place_error(place, "unknown key '%s', did you mean '%s'?", key, near);
	return place_error(place, "unknown key '%s'; there are: %s", key, all);
}

int fields_read(const json_t *json, const struct place *place, const struct field *table,
		void *base)
{
	char path[256];
	struct place at = { place->file, path };
	const struct field *field;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value) {
		for (field = table; field->key && strcmp(field->key, key); field++)
			;
		if (!field->key)
			return unknown_key(place, table, key);
		member_path(path, sizeof(path), place, key);
		if (read_value(value, &at, field, (char *)base + field->offset))
			return -EINVAL;
	}
	for (field = table; field->key; field++)
		if (field->required && !json_object_get(json, field->key))
			return place_error(place, "'%s' is missing", field->key);
	return 0;
}
