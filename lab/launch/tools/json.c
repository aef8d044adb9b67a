// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what lies at a path of a JSON file, so that a scenario's verify() can
 * read counters in plain sh. A path is a list of steps, joined by dots:
 *
 *	name		member of an object
 *	2		element of an array
 *	*		every member or element
 *	key=value	every element of an array whose member "key" is "value"
 *
 * as in  marks.name=burst-end.channels.device=net0.counters.packets_in
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/tools/tool.h"

#define STEP_MAX	128

static void print_value(const json_t *v)
{
	char *text;

	if (json_is_string(v)) {
		puts(json_string_value(v));
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text)
		puts(text);
	free(text);
}

static int member_is(const json_t *obj, const char *key, const char *want)
{
	const json_t *v = json_object_get(obj, key);
	char number[32];

	if (json_is_string(v))
		return !strcmp(json_string_value(v), want);
	if (!json_is_integer(v))
		return 0;
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return !strcmp(number, want);
}

/* Prints every value at @path below @v; returns how many there were. */
static long walk(json_t *v, const char *path)
{
	char step[STEP_MAX], *eq;
	size_t len = strcspn(path, "."), i;
	const char *key, *rest;
	json_t *child;
	long found = 0;

	if (!*path) {
		print_value(v);
		return 1;
	}
	if (len >= sizeof(step))
		return 0;
	memcpy(step, path, len);
	step[len] = '\0';
	rest = path[len] ? path + len + 1 : "";

	eq = strchr(step, '=');
	if (eq)
		*eq = '\0';
	if (json_is_array(v)) {
		json_array_foreach(v, i, child) {
			if (eq ? member_is(child, step, eq + 1) :
			    !strcmp(step, "*") || (*step >= '0' && *step <= '9' &&
						   strtoul(step, NULL, 10) == i))
				found += walk(child, rest);
		}
	} else if (json_is_object(v)) {
		json_object_foreach(v, key, child) {
			if (!strcmp(step, "*") || !strcmp(step, key))
				found += walk(child, rest);
		}
	}
	return found;
}

int tool_json(int argc, char **argv)
{
	json_error_t err;
	json_t *root;
	long found;

	if (argc != 3) {
		tool_error("usage: labtool json FILE PATH");
		return TOOL_USAGE;
	}
	root = json_load_file(argv[1], 0, &err);
	if (!root) {
		tool_error("%s:%d: %s", argv[1], err.line, err.text);
		return TOOL_FAILED;
	}
	found = walk(root, argv[2]);
	json_decref(root);
	if (!found) {
		tool_error("%s: nothing at %s", argv[1], argv[2]);
		return TOOL_FAILED;
	}
	return TOOL_OK;
}
