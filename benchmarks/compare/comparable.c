// SPDX-License-Identifier: GPL-2.0-only
/* What keeps two sets of results from being compared, and what differs besides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/runs.h"
#include "lib/log.h"

/* A fact: member @key, of member @where or of the result itself. */
struct fact {
	const char *where, *key;
	bool decides;
};

/*
 * What decides: the same load, of the same kind, on a machine of the same size. The
 * processor behind one size can differ between hosts, and the rest is what a
 * comparison is usually about; those are listed.
 */
static const struct fact facts[] = {
	{ NULL, "kind", true }, { NULL, "benchmark", true }, { NULL, "mode", true },
	{ NULL, "base", true }, { "env", "lab_mode", true }, { "env", "sku", true },
	{ "env", "machine", true }, { "env", "cpus", true },
	{ "env", "kernel", false }, { "env", "queue", false },
	{ "env", "netvsc_srcversion", false }, { "env", "cpu_model", false },
	{ "env", "mitigations", false }, { "env", "clocksource", false },
	{ "env", "hypervisor", false }, { "env", "cmdline", false },
	{ "env", "tool_version", false },
};

static const json_t *value_of(const json_t *doc, const struct fact *fact)
{
	return json_object_get(fact->where ? json_object_get(doc, fact->where) : doc, fact->key);
}

static const char *text_of(const json_t *value, char *buf, size_t len)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) :
			     NULL;

	snprintf(buf, len, "%s", text ? text : "nothing");
	free(text);
	return buf;
}

static bool same(const json_t *x, const json_t *y)
{
	return x == y || (x && y && json_equal(x, y));
}

/* The first result of @runs whose fact is not @value, or NULL. */
static const json_t *odd_one(const struct runs *runs, const struct fact *fact,
			     const json_t *value, size_t *index)
{
	const json_t *doc;
	size_t i;

	json_array_foreach(runs->docs, i, doc)
		if (!same(value_of(doc, fact), value)) {
			*index = i;
			return doc;
		}
	return NULL;
}

/* One line for a fact that differs anywhere. Returns true when it does. */
static bool differs(const struct runs *a, const struct runs *b, const struct fact *fact)
{
	const struct runs *sides[] = { a, b };
	const json_t *first = value_of(json_array_get(a->docs, 0), fact), *doc = NULL;
	char left[64], right[64];
	size_t i, index;

	for (i = 0; i < 2 && !doc; i++)
		doc = odd_one(sides[i], fact, first, &index);
	if (!doc)
		return false;
	az_info("%s: %s is %s in A and %s in %s (%s)", fact->decides ? "not comparable" : "note",
		fact->key, text_of(first, left, sizeof(left)),
		text_of(value_of(doc, fact), right, sizeof(right)), sides[i - 1]->label,
		json_string_value(json_array_get(sides[i - 1]->files, index)));
	return true;
}

static void add_keys(json_t *all, const struct runs *runs)
{
	const json_t *doc;
	size_t i;

	json_array_foreach(runs->docs, i, doc)
		json_object_update(all, json_object_get(doc, "config"));
}

static bool config_differs(const struct runs *a, const struct runs *b)
{
	struct fact fact = { "config", NULL, true };
	json_t *all = json_object(), *value;
	bool bad = false;
	const char *key;

	add_keys(all, a);
	add_keys(all, b);
	json_object_foreach(all, key, value) {
		fact.key = key;
		bad |= differs(a, b, &fact);
	}
	json_decref(all);
	return bad;
}

static bool metric_missing(const struct runs *from, const struct runs *in)
{
	bool bad = false;
	size_t i;

	for (i = 0; in->series.n && i < from->series.n; i++)
		if (!series_find(&in->series, from->series.list[i].name)) {
			az_info("not comparable: %s has %s, %s has not", from->label,
				from->series.list[i].name, in->label);
			bad = true;
		}
	return bad;
}

const char *runs_cut_off(const json_t *doc)
{
	const char *end = json_string_value(json_object_get(doc, "end"));

	if (json_is_true(json_object_get(doc, "partial")))
		return "partial: its writer did not live to finish it";
	if (json_is_true(json_object_get(doc, "interrupted")) ||
	    (end && !strcmp(end, "interrupted")))
		return "interrupted";
	if (end && !strcmp(end, "error"))
		return "ended by an error";
	return NULL;
}

static bool any_cut_off(const struct runs *runs)
{
	const json_t *doc;
	bool bad = false;
	size_t i;

	json_array_foreach(runs->docs, i, doc)
		if (runs_cut_off(doc)) {
			az_info("not comparable: %s is %s",
				json_string_value(json_array_get(runs->files, i)),
				runs_cut_off(doc));
			bad = true;
		}
	return bad;
}

int runs_comparable(const struct runs *a, const struct runs *b, bool force)
{
	bool bad = any_cut_off(a);
	size_t i;

	bad |= any_cut_off(b);
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		bad |= differs(a, b, &facts[i]) && facts[i].decides;
	bad |= config_differs(a, b);
	bad |= metric_missing(a, b);
	bad |= metric_missing(b, a);
	if (!bad || force)
		return 0;
	return az_usage("these results are not comparable; --force compares what both have");
}
