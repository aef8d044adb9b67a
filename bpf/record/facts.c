// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/record/facts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "bpf/core/internal.h"
#include "lib/clock.h"
#include "lib/env.h"

#define CPUS_MAX	(1u << 16)

/* ---- of what runs ------------------------------------------------------------------ */

static json_t *hooks_json(const struct trace_run *run)
{
	const struct trace_hook *hook = run->tool->hooks;
	const struct trace_rung *rung;
	json_t *list = json_array();
	char text[96];
	unsigned int i;

	for (i = 0; hook[i].name; i++) {
		rung = trace_rung(run, i);
		json_array_append_new(list, rung ?
			json_pack("{s:s, s:s, s:s}", "name", hook[i].name, "rung",
				  trace_rung_text(rung, text, sizeof(text)),
				  "program", rung->prog) :
			json_pack("{s:s, s:n}", "name", hook[i].name, "rung"));
	}
	return list;
}

static void add_own(json_t *tracer, struct trace_run *run)
{
	json_t *facts = run->tool->remember ? run->tool->remember(run) : NULL;

	if (facts)
		json_object_set_new(tracer, "facts", facts);
}

/* @start: before the first event. */
static json_t *clock_json(uint64_t start)
{
	struct timespec now;
	json_int_t since = (json_int_t)(az_clock_ns() - start);

	clock_gettime(CLOCK_REALTIME, &now);
	return json_pack("{s:I, s:I}", "monotonic_ns", (json_int_t)start, "date_ns",
			 (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec - since);
}

json_t *trace_facts_head(struct trace_run *runs, unsigned int count, bool imds)
{
	json_t *tracers = json_array(), *one;
	unsigned int i;

	for (i = 0; i < count; i++) {
		one = json_pack("{s:s, s:i, s:o}", "name", runs[i].tool->name, "id",
				runs[i].tool->id, "hooks", hooks_json(&runs[i]));
		add_own(one, &runs[i]);
		json_array_append_new(tracers, one);
	}
	return json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "kind", "trace", "env",
			 az_env_full(imds), "cpus", (json_int_t)runs[0].cpus, "ring",
			 (json_int_t)runs[0].ring_bytes, "clock",
			 clock_json(runs[0].bench->start), "tracers",
			 tracers);
}

json_t *trace_facts_counts(struct trace_run *run, uint64_t events, bool last)
{
	json_t *one = json_pack("{s:s, s:I, s:I, s:I}", "name", run->tool->name,
				"events", (json_int_t)events,
				"lost", (json_int_t)trace_count(run, AZT_LOST),
				"missed", (json_int_t)trace_missed(run));

	if (last)
		add_own(one, run);
	return one;
}

/* ---- of a recording ------------------------------------------------------------------ */

static const json_t *named(const json_t *list, const char *name)
{
	const char *text;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		text = json_string_value(json_object_get(json_array_get(list, i), "name"));
		if (text && !strcmp(text, name))
			return json_array_get(list, i);
	}
	return NULL;
}

static const json_t *tracer_of(const json_t *json, const struct trace_run *run)
{
	return named(json_object_get(json, "tracers"), run->tool->name);
}

static uint64_t number(const json_t *json, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(json, name));

	return value > 0 ? (uint64_t)value : 0;
}

int trace_facts_check(const json_t *head, char *error, size_t len)
{
	const json_t *tracers = json_object_get(head, "tracers");
	uint64_t cpus = number(head, "cpus");
	size_t i;

	for (i = 0; i < json_array_size(tracers); i++)
		if (!json_is_string(json_object_get(json_array_get(tracers, i), "name")))
			break;
	if (i && i == json_array_size(tracers) && cpus && cpus <= CPUS_MAX &&
	    json_is_object(json_object_get(head, "env")))
		return 0;
	snprintf(error, len, "its facts are not those of a recording");
	return -EINVAL;
}

/* The rung of @hook that @program is on; -1: not of this azimuth. */
static int rung_of(const struct trace_hook *hook, const char *program)
{
	int i;

	for (i = 0; i < TRACE_RUNGS && hook->rungs[i].prog; i++)
		if (!strcmp(hook->rungs[i].prog, program))
			return i;
	return -1;
}

static int recall_hooks(const json_t *tracer, struct trace_run *run, char *error, size_t len)
{
	const struct trace_hook *hook = run->tool->hooks;
	const char *program;
	int *rung;

	for (; hook->name; hook++) {
		program = json_string_value(json_object_get(
			named(json_object_get(tracer, "hooks"), hook->name), "program"));
		rung = &run->rung[hook - run->tool->hooks];
		*rung = program ? rung_of(hook, program) : -1;
		if (program && *rung < 0) {
			snprintf(error, len, "hook '%s' of tracer '%s' is of another version of "
				 "azimuth", hook->name, run->tool->name);
			return -EINVAL;
		}
	}
	return 0;
}

int trace_facts_recall(const json_t *head, const json_t *counts, struct trace_run *run,
		       char *error, size_t len)
{
	const json_t *tracer = tracer_of(head, run), *last = tracer_of(counts, run), *facts;

	if (!tracer)
		return -ENOENT;
	run->replay = true;
	run->cpus = (unsigned int)number(head, "cpus");
	run->missed = number(last, "missed");
	facts = json_object_get(last, "facts");
	if (!facts)
		facts = json_object_get(tracer, "facts");
	if (facts && run->tool->recall)
		run->tool->recall(run, facts);
	return recall_hooks(tracer, run, error, len);
}

uint64_t trace_facts_lost(const json_t *counts, const struct trace_run *run)
{
	return number(tracer_of(counts, run), "lost");
}
