// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run as a result in the schema of lib/result.h, with one member more:
 *
 *	"hooks": [{ "name", "rung": text | null, "blank": what it would have shown }]
 *
 * A stage or a count that none of its hooks was there for is left out, not zero.
 */
#include "bpf/core/internal.h"

#include <string.h>

#include "lib/result.h"

static void add_stages(const struct trace_run *run, json_t *result)
{
	static struct az_hist hist;
	const struct trace_stage *stage = run->tool->stages;
	json_t *names = json_array();
	unsigned int i;

	for (i = 0; stage[i].name; i++) {
		if (!trace_has(run, stage[i].needs))
			continue;
		trace_hist(run, i, &hist);
		az_result_hist(result, stage[i].name, &hist);
		if (!stage[i].apart)
			json_array_append_new(names, json_string(stage[i].name));
	}
	json_object_set_new(result, "stages", names);
}

static void add_counts(const struct trace_run *run, json_t *result)
{
	const struct trace_counter *c = run->tool->counters;
	unsigned int i;

	for (i = 0; c[i].name; i++)
		if (trace_has(run, c[i].needs))
			az_result_count(result, c[i].name, trace_count(run, AZT_COUNTS + i));
	for (i = 0; i < TRACE_COMMON; i++)
		az_result_count(result, trace_common[i].name, trace_count(run, i));
	az_result_count(result, "missed", trace_missed(run));
}

static void add_hooks(const struct trace_run *run, json_t *result)
{
	const struct trace_hook *hook = run->tool->hooks;
	json_t *list = json_array(), *one;
	const struct trace_rung *rung;
	char text[96];
	unsigned int i;

	for (i = 0; hook[i].name; i++) {
		rung = trace_rung(run, i);
		if (rung)
			one = json_pack("{s:s, s:s}", "name", hook[i].name, "rung",
					trace_rung_text(rung, text, sizeof(text)));
		else
			one = json_pack("{s:s, s:n, s:s}", "name", hook[i].name, "rung", "blank",
					hook[i].shows);
		json_array_append_new(list, one);
	}
	json_object_set_new(result, "hooks", list);
}

json_t *trace_result(struct trace_run *run)
{
	char name[32];
	json_t *result;

	snprintf(name, sizeof(name), "trace-%s", run->tool->name);
	result = az_result_new(name);
	if (!result)
		return NULL;
	add_stages(run, result);
	add_counts(run, result);
	add_hooks(run, result);
	if (run->tool->result)
		run->tool->result(run, result);
	return result;
}
