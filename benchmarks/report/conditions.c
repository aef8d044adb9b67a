// SPDX-License-Identifier: GPL-2.0-only
/* What the machine did to the runs meanwhile: steal, throttling, switches, faults. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

/* Less of the time than this is lost in what the kernel itself rounds. */
#define STEAL_PART	0.001

static const struct condition {
	const char *key, *title;
	const char *unit;	/* "ns", "%" of the wall time, or "" */
} conditions[] = {
	{ "steal_ns", "CPU time that the host gave to others", "%" },
	{ "throttled", "times that the CPU quota held the run", "" },
	{ "throttled_ns", "time that the CPU quota held the run", "ns" },
	{ "switches_involuntary", "involuntary context switches", "" },
	{ "switches_voluntary", "voluntary context switches", "" },
	{ "major_faults", "page faults that went to the disk", "" },
};

#define CONDITIONS	(sizeof(conditions) / sizeof(conditions[0]))

/* NAN when the run does not know. */
static double value_of(const json_t *doc, const struct condition *c)
{
	const json_t *all = json_object_get(doc, "conditions");
	const json_t *value = json_object_get(all, c->key);
	double wall = html_num(all, "wall_ns");

	if (!json_is_number(value))
		return NAN;
	if (strcmp(c->unit, "%"))
		return json_number_value(value);
	return wall > 0 ? 100 * json_number_value(value) / wall : NAN;
}

double report_conditions_bad(const json_t *doc, char *text, size_t len)
{
	double steal = value_of(doc, &conditions[0]), times = value_of(doc, &conditions[1]);

	if (times > 0) {
		snprintf(text, len, "the CPU quota of the cgroup held the run %.0f times.", times);
		return 100 + times;
	}
	if (!(steal >= 100 * STEAL_PART))
		return 0;
	snprintf(text, len, "the host gave %.1f%% of the run's CPU time to others.", steal);
	return steal;
}

static const char *format(char *buf, double value, const char *unit)
{
	if (isnan(value))
		snprintf(buf, 32, "–");
	else if (!strcmp(unit, "ns"))
		html_value(buf, value, unit);
	else
		snprintf(buf, 32, "%.*f%s", *unit && value > 0 ? 2 : 0, value, unit);
	return buf;
}

/* Lowest and highest of the runs. */
static void put_cell(FILE *out, const struct report_arm *arm, const struct condition *c)
{
	double low = NAN, high = NAN, value;
	char text[32];
	size_t i;

	for (i = 0; i < arm->n; i++) {
		value = value_of(arm->runs[i].doc, c);
		low = fmin(low, value);
		high = fmax(high, value);
	}
	fprintf(out, "<td>%s", format(text, low, c->unit));
	if (low < high)
		fprintf(out, " to %s", format(text, high, c->unit));
	fputs("</td>", out);
}

static bool any(const struct report_group *group)
{
	size_t i, j;

	for (i = 0; i < group->narms; i++)
		for (j = 0; j < group->arms[i].n; j++)
			if (json_object_size(json_object_get(group->arms[i].runs[j].doc,
							     "conditions")))
				return true;
	return false;
}

void report_conditions(FILE *out, const struct report_group *group)
{
	size_t i, arm;

	if (!any(group))
		return;
	fputs("<h3>Conditions, lowest to highest run</h3>\n", out);
	html_table(out, "plain", "condition");
	for (arm = 0; arm < group->narms; arm++)
		if (group->arms[arm].n)
			html_tag(out, "th", group->arms[arm].name);
	fputs("</tr></thead>\n<tbody>\n", out);
	for (i = 0; i < CONDITIONS; i++) {
		fprintf(out, "<tr><th scope=\"row\">%s</th>", conditions[i].title);
		for (arm = 0; arm < group->narms; arm++)
			if (group->arms[arm].n)
				put_cell(out, &group->arms[arm], &conditions[i]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}
