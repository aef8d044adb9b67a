// SPDX-License-Identifier: GPL-2.0-only
/* What the results say about their machines, side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

/* These differ between any two runs and make nothing incomparable. */
static bool always_differs(const char *name)
{
	return !strcmp(name, "date") || !strcmp(name, "command") || !strcmp(name, "seed");
}

static json_t *find_row(const json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (!strcmp(html_str(row, "name"), name))
			return row;
	return NULL;
}

static json_t *new_row(json_t *rows, const char *name, size_t narms)
{
	json_t *row = json_pack("{s:s, s:[], s:b}", "name", name, "values", "differs", 0);
	size_t i;

	for (i = 0; row && i < narms; i++)
		json_array_append_new(json_object_get(row, "values"), json_object());
	return json_array_append_new(rows, row) ? NULL : row;
}

/* Counts @text as a value of fact @name in arm @arm. */
static int count_value(json_t *rows, const char *name, size_t narms, size_t arm, const char *text)
{
	json_t *row = find_row(rows, name), *seen;
	json_int_t times;

	if (!row)
		row = new_row(rows, name, narms);
	if (!row)
		return -ENOMEM;
	seen = json_array_get(json_object_get(row, "values"), arm);
	times = json_integer_value(json_object_get(seen, text));
	return json_object_set_new(seen, text, json_integer(times + 1));
}

/* A time is easier to read as "1.00 ms" than as a number of ns. Free it. */
static char *value_text(const char *name, const json_t *value)
{
	size_t len = strlen(name);
	char text[32];

	if (!json_is_number(value) || len < 3 || strcmp(name + len - 3, "_ns"))
		return html_json_text(value);
	return strdup(html_value(text, json_number_value(value), "ns"));
}

/* Objects are taken apart, so that what differs in them stands alone: "mitigations.mds". */
static int add_fact(json_t *rows, const char *name, size_t narms, size_t arm, const json_t *value)
{
	const char *key;
	char *text;
	json_t *one;
	int ret = 0;

	if (json_object_size(value)) {
		json_object_foreach((json_t *)value, key, one) {
			if (asprintf(&text, "%s.%s", name, key) < 0)
				return -ENOMEM;
			ret = ret ? ret : add_fact(rows, text, narms, arm, one);
			free(text);
		}
		return ret;
	}
	text = value_text(name, value);
	if (!text)
		return -ENOMEM;
	ret = count_value(rows, name, narms, arm, text);
	free(text);
	return ret;
}

static int add_facts(json_t *rows, const char *member, size_t narms, size_t arm,
		     const json_t *facts)
{
	const char *key;
	json_t *value;
	char *name;
	int ret = 0;

	if (facts && !json_is_object(facts))
		return add_fact(rows, member, narms, arm, facts);
	json_object_foreach((json_t *)facts, key, value) {
		if (json_is_string(value) && !json_string_length(value))
			continue;
		/* What is measured and what measures it need no prefix; other ends do. */
		if (!strcmp(member, "env") || !strcmp(member, "config"))
			name = strdup(key);
		else if (asprintf(&name, "%s: %s", member, key) < 0)
			name = NULL;
		if (!name)
			return -ENOMEM;
		ret = ret ? ret : add_fact(rows, name, narms, arm, value);
		free(name);
	}
	return ret;
}

/* From counted values to text: "6.12.48", or "6.12.48 (3 runs), 7.3.1 (1 run)". */
static json_t *values_text(const json_t *seen)
{
	char *text = NULL;
	const char *value;
	json_t *count, *result;
	size_t len, n = 0;
	FILE *out;

	if (!json_object_size(seen))
		return json_null();
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	json_object_foreach((json_t *)seen, value, count) {
		fprintf(out, "%s%s", n++ ? ", " : "", value);
		if (json_object_size(seen) > 1)
			fprintf(out, " (%d run%s)", (int)json_integer_value(count),
				json_integer_value(count) == 1 ? "" : "s");
	}
	fclose(out);
	result = json_string(text);
	free(text);
	return result;
}

/* @present: the arms that have runs. */
static void finish_row(json_t *row, const bool *present)
{
	json_t *values = json_object_get(row, "values"), *first = NULL, *text;
	bool differs = false;
	size_t i;

	for (i = 0; i < json_array_size(values); i++) {
		differs |= json_object_size(json_array_get(values, i)) > 1;
		text = values_text(json_array_get(values, i));
		json_array_set_new(values, i, text);
		if (!present[i])
			continue;
		differs |= first && !json_equal(first, text);
		first = first ? first : text;
	}
	if (differs && !always_differs(html_str(row, "name")))
		json_object_set_new(row, "differs", json_true());
}

json_t *report_fact_rows(const struct report_arm *arms, size_t narms, const char *const *members)
{
	bool present[REPORT_ARMS] = { false };
	json_t *rows = json_array(), *row;
	size_t i, j, m;

	for (m = 0; members[m]; m++)
		for (i = 0; i < narms; i++)
			for (j = 0; j < arms[i].n; j++) {
				present[i] = true;
				if (add_facts(rows, members[m], narms, i,
					      json_object_get(arms[i].runs[j].doc, members[m]))) {
					json_decref(rows);
					return NULL;
				}
			}
	json_array_foreach(rows, i, row)
		finish_row(row, present);
	return rows;
}

/* ---- tables --------------------------------------------------------------------- */

static void put_row(FILE *out, const json_t *row, const struct report_arm *arms, size_t narms)
{
	const json_t *values = json_object_get(row, "values");
	bool differs = json_is_true(json_object_get(row, "differs"));
	const char *text;
	size_t i;

	fprintf(out, "<tr%s><th scope=\"row\">", differs ? " class=\"differs\"" : "");
	html_text(out, html_str(row, "name"));
	if (differs)
		fputs(" <b class=\"ne\" title=\"differs\">≠<span class=\"hidden\"> differs</span>"
		      "</b>", out);
	fputs("</th>", out);
	for (i = 0; i < narms; i++) {
		if (!arms[i].n)
			continue;
		text = json_string_value(json_array_get(values, i));
		fputs("<td>", out);
		html_text(out, text ? text : "–");
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_rows(FILE *out, const json_t *rows, const struct report_arm *arms, size_t narms)
{
	const json_t *row;
	size_t i;

	html_table(out, "plain facts", "fact");
	for (i = 0; i < narms; i++)
		if (arms[i].n)
			html_tag(out, "th", arms[i].name);
	fputs("</tr></thead>\n<tbody>\n", out);
	/* What differs is what the reader looks for. */
	json_array_foreach(rows, i, row)
		if (json_is_true(json_object_get(row, "differs")))
			put_row(out, row, arms, narms);
	json_array_foreach(rows, i, row)
		if (!json_is_true(json_object_get(row, "differs")))
			put_row(out, row, arms, narms);
	fputs("</tbody></table></div>\n", out);
}

void report_facts(FILE *out, const struct report_input *in)
{
	static const char *const members[] = { "env", "peer", NULL };
	json_t *rows = report_fact_rows(in->arms, in->narms, members);

	if (json_array_size(rows)) {
		fputs("<section>\n<h2>Facts of the machines</h2>\n", out);
		put_rows(out, rows, in->arms, in->narms);
		fputs("<p class=\"note\">Rows with ≠ differ between arms, or between runs of one"
		      " arm.</p>\n</section>\n", out);
	}
	json_decref(rows);
}

void report_config(FILE *out, const struct report_group *group)
{
	static const char *const members[] = { "config", "device", "features", "path",
						"clock", "stamps", NULL };
	json_t *rows = report_fact_rows(group->arms, group->narms, members);

	if (json_array_size(rows)) {
		fputs("<h3>Configuration</h3>\n", out);
		put_rows(out, rows, group->arms, group->narms);
	}
	json_decref(rows);
}
