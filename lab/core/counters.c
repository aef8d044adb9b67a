// SPDX-License-Identifier: GPL-2.0-only
#include "core/counters.h"

json_t *counters_json(const void *base, const struct counter_name *names)
{
	json_t *obj = json_object();
	const counter_t *c;

	for (; names->name; names++) {
		c = (const counter_t *)((const char *)base + names->offset);
		json_object_set_new(obj, names->name, json_integer((json_int_t)count_get(c)));
	}
	return obj;
}
