// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/errors.h"

#include <string.h>

const char *io_op_name(enum io_op op)
{
	static const char *const names[] = {
		[IO_READ] = "read", [IO_WRITE] = "write", [IO_SYNC] = "flush", [IO_TRIM] = "trim",
	};

	return names[op];
}

static void add_kind(struct io_errors *errors, int error, uint64_t count)
{
	unsigned int i;

	for (i = 0; i < errors->kinds && errors->kind[i].error != error; i++)
		;
	if (i == IO_ERRNOS) {
		errors->other += count;
		return;
	}
	if (i == errors->kinds) {
		errors->kind[i].error = error;
		errors->kind[i].count = 0;
		errors->kinds++;
	}
	errors->kind[i].count += count;
}

static void add_first(struct io_errors *errors, enum io_op op, int error, uint64_t offset)
{
	if (errors->firsts == IO_FIRST)
		return;
	errors->first[errors->firsts].op = op;
	errors->first[errors->firsts].error = error;
	errors->first[errors->firsts++].offset = offset;
}

void io_errors_add(struct io_errors *errors, enum io_op op, int error, uint64_t offset)
{
	errors->total++;
	add_kind(errors, error, 1);
	add_first(errors, op, error, offset);
}

void io_errors_merge(struct io_errors *to, const struct io_errors *from)
{
	unsigned int i;

	to->total += from->total;
	to->other += from->other;
	for (i = 0; i < from->kinds; i++)
		add_kind(to, from->kind[i].error, from->kind[i].count);
	for (i = 0; i < from->firsts; i++)
		add_first(to, from->first[i].op, from->first[i].error, from->first[i].offset);
}

json_t *io_errors_json(const struct io_errors *errors)
{
	json_t *kinds = json_object(), *first = json_array();
	unsigned int i;

	for (i = 0; i < errors->kinds; i++)
		json_object_set_new(kinds, strerrorname_np(errors->kind[i].error) ?: "unknown",
				    json_integer((json_int_t)errors->kind[i].count));
	if (errors->other)
		json_object_set_new(kinds, "others", json_integer((json_int_t)errors->other));
	for (i = 0; i < errors->firsts; i++)
		json_array_append_new(first, json_pack("{s:s, s:s, s:I}",
			"op", io_op_name(errors->first[i].op),
			"errno", strerrorname_np(errors->first[i].error) ?: "unknown",
			"offset", (json_int_t)errors->first[i].offset));
	return json_pack("{s:o, s:o}", "by_errno", kinds, "first", first);
}
