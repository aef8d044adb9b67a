// SPDX-License-Identifier: GPL-2.0-only
/* The figures of the histograms and what was counted, as tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

const char *report_hist_title(char *buf, const char *name)
{
	const char *at = strchr(name, '@');
	size_t len = strlen(name);

	if (at)
		snprintf(buf, 96, "%.*s on path %.40s", (int)(at - name < 40 ? at - name : 40),
			 name, at + 1);
	else if (len > 7 && len < 60 && !strcmp(name + len - 7, "_actual"))
		snprintf(buf, 96, "%.*s from the actual start", (int)(len - 7), name);
	else
		snprintf(buf, 96, "%.90s", name);
	return buf;
}

char *report_describe(const struct report_group *group, const char *name)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	char *text = NULL, a[32], b[32], c[32];
	size_t len, i;
	FILE *out;

	if (!hist)
		return NULL;
	out = open_memstream(&text, &len);
	for (i = 0; out && i < group->narms; i++)
		if (!report_hist(&group->arms[i], name, hist))
			fprintf(out, "%s%s: median %s, p99 %s, maximum %s", ftell(out) ? "; " : "",
				group->arms[i].name,
				html_value(a, (double)az_hist_percentile(hist, 500000), "ns"),
				html_value(b, (double)az_hist_percentile(hist, 990000), "ns"),
				html_value(c, (double)hist->max, "ns"));
	if (out && fclose(out)) {
		free(text);
		text = NULL;
	}
	free(hist);
	return text;
}

static void put_hist(FILE *out, const char *arm, const char *name, const struct az_hist *hist)
{
	const struct az_percentile *p;
	char text[32], title[96];

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, report_hist_title(title, name));
	fputs("</th><td class=\"left\">", out);
	html_text(out, arm);
	fprintf(out, "</td><td>%llu</td><td>%s</td>", (unsigned long long)hist->count,
		html_value(text, (double)hist->min, "ns"));
	for (p = az_percentiles; p->name; p++)
		fprintf(out, "<td>%s</td>",
			html_value(text, (double)az_hist_percentile(hist, p->ppm), "ns"));
	fprintf(out, "<td>%s</td>", html_value(text, (double)hist->max, "ns"));
	fprintf(out, "<td>%s</td></tr>\n", html_value(text, az_hist_mean(hist), "ns"));
}

int report_percentiles(FILE *out, const struct report_group *group)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	json_t *names = report_hist_names(group), *name;
	const struct az_percentile *p;
	size_t i, arm;

	if (!hist || !names) {
		free(hist);
		json_decref(names);
		return -ENOMEM;
	}
	if (!json_array_size(names))
		goto out;
	fputs("<h3>Percentiles, all runs of an arm together</h3>\n", out);
	html_table(out, "plain", "latency");
	fputs("<th class=\"left\">arm</th><th>samples</th><th>min</th>", out);
	for (p = az_percentiles; p->name; p++)
		html_tag(out, "th", p->name);
	fputs("<th>max</th><th>mean</th></tr></thead>\n<tbody>\n", out);
	json_array_foreach(names, i, name)
		for (arm = 0; arm < group->narms; arm++)
			if (!report_hist(&group->arms[arm], json_string_value(name), hist))
				put_hist(out, group->arms[arm].name, json_string_value(name), hist);
	fputs("</tbody></table></div>\n", out);
out:
	free(hist);
	json_decref(names);
	return 0;
}

/* ---- counts --------------------------------------------------------------------- */

static void sum_counts(json_t *sums, const struct report_arm *arm, size_t index, size_t narms)
{
	const char *key;
	json_t *value, *row;
	size_t i, j;

	for (i = 0; i < arm->n; i++)
		json_object_foreach(json_object_get(arm->runs[i].doc, "counts"), key, value) {
			if (!json_is_number(value))
				continue;
			row = json_object_get(sums, key);
			if (!row) {
				row = json_array();
				for (j = 0; j < narms; j++)
					json_array_append_new(row, json_real(0));
				json_object_set_new(sums, key, row);
			}
			json_real_set(json_array_get(row, index), json_number_value(value) +
				      json_real_value(json_array_get(row, index)));
		}
}

void report_counts(FILE *out, const struct report_group *group)
{
	json_t *sums = json_object(), *row;
	const char *key;
	size_t i;

	for (i = 0; i < group->narms; i++)
		sum_counts(sums, &group->arms[i], i, group->narms);
	if (!json_object_size(sums))
		goto out;
	fputs("<h3>Counts, sums over the runs</h3>\n", out);
	html_table(out, "plain", "count");
	for (i = 0; i < group->narms; i++)
		if (group->arms[i].n)
			html_tag(out, "th", group->arms[i].name);
	fputs("</tr></thead>\n<tbody>\n", out);
	json_object_foreach(sums, key, row) {
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, key);
		fputs("</th>", out);
		for (i = 0; i < group->narms; i++)
			if (group->arms[i].n)
				fprintf(out, "<td>%.0f</td>",
					json_real_value(json_array_get(row, i)));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
out:
	json_decref(sums);
}
