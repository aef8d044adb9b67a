// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0 text. Names and labels are few and bounded: a store of time
 * series pays for each of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/gate/gate.h"
#include "benchmarks/gate/outfile.h"
#include "lib/hist.h"
#include "lib/log.h"

/* Upper ends of the histogram's buckets, in ns: 1-2-5 from 100 ns to 10 s. */
static const uint64_t ends[] = {
	100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000,
	2000000, 5000000, 10000000, 20000000, 50000000, 100000000, 200000000, 500000000,
	1000000000, 2000000000, 5000000000, 10000000000
};

#define ENDS	(sizeof(ends) / sizeof(ends[0]))

/* The value of a label: backslash, quote and line feed are escaped. */
static void put_label(FILE *file, const char *name, const char *text, const char *end)
{
	fprintf(file, "%s=\"", name);
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', file);
		if (*text == '\n')
			fputs("\\n", file);
		else
			fputc(*text, file);
	}
	fprintf(file, "\"%s", end);
}

static void put_facts(FILE *file, const struct runs *runs)
{
	static const char *const keys[] = { "kernel", "sku", "cpu_model", "tool_version" };
	const json_t *env = json_object_get(json_array_get(runs->docs, 0), "env");
	const char *text;
	size_t i;

	if (!json_array_size(runs->docs))
		return;
	fputs("azimuth_machine_info{", file);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		text = json_string_value(json_object_get(env, keys[i]));
		put_label(file, keys[i], text ? text : "unknown", ",");
	}
	put_label(file, "side", runs->label, "} 1\n");
}

static void put_metrics(FILE *file, const struct gate *gate, const struct runs *runs)
{
	const struct series *series;
	size_t i;

	for (i = 0; i < runs->series.n; i++) {
		series = &runs->series.list[i];
		fputs("azimuth_metric{", file);
		put_label(file, "benchmark", gate_subject(gate), ",");
		put_label(file, "metric", series->name, ",");
		put_label(file, "unit", series->unit, ",");
		put_label(file, "side", runs->label, "} ");
		fprintf(file, "%.12g\n", az_median(series->values, series->n));
	}
}

/* Two rules for one metric are two checks, so the number of the check is a label. */
static void put_checks(FILE *file, const struct gate *gate)
{
	size_t i;

	fputs("# TYPE azimuth_gate_passed gauge\n"
	      "# HELP azimuth_gate_passed 1 when the check of the gate passed; skipped are not"
	      " here.\n", file);
	for (i = 0; i < gate->n; i++) {
		if (gate->checks[i].status == GATE_SKIP)
			continue;
		fprintf(file, "azimuth_gate_passed{check=\"%zu\",", i + 1);
		put_label(file, "metric", gate->checks[i].metric, "} ");
		fprintf(file, "%d\n", gate->checks[i].status == GATE_PASS);
	}
}

/* A bucket of ours counts below an end when all of it lies there. */
static uint64_t count_below(const struct az_hist *hist, uint64_t end)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < AZ_HIST_BUCKETS; i++) {
		if (az_hist_bucket_low(i) + az_hist_bucket_width(i) - 1 > end)
			break;
		count += hist->bucket[i];
	}
	return count;
}

static void put_hist_labels(FILE *file, const char *suffix, const char *name, const char *side,
			    const char *end)
{
	fprintf(file, "azimuth_latency_seconds_%s{", suffix);
	put_label(file, "histogram", name, ",");
	put_label(file, "side", side, end);
}

static void put_hist(FILE *file, const char *name, const char *side, const struct az_hist *hist)
{
	size_t i;

	for (i = 0; i < ENDS; i++) {
		put_hist_labels(file, "bucket", name, side, ",");
		fprintf(file, "le=\"%.10g\"} %llu\n", (double)ends[i] / 1e9,
			(unsigned long long)count_below(hist, ends[i]));
	}
	put_hist_labels(file, "bucket", name, side, ",");
	fprintf(file, "le=\"+Inf\"} %llu\n", (unsigned long long)hist->count);
	put_hist_labels(file, "count", name, side, "} ");
	fprintf(file, "%llu\n", (unsigned long long)hist->count);
	put_hist_labels(file, "sum", name, side, "} ");
	fprintf(file, "%.12g\n", (double)hist->sum / 1e9);
}

static void put_hists(FILE *file, const struct runs *runs, struct az_hist *hist)
{
	const char *name;
	json_t *json;

	json_object_foreach(runs->hists, name, json)
		if (!az_hist_from_json(hist, json))
			put_hist(file, name, runs->label, hist);
}

int gate_openmetrics(const struct gate *gate, const char *path)
{
	struct az_hist *hist = malloc(sizeof(*hist));
	struct outfile out;
	int ret;

	if (!hist)
		return az_env("out of memory");
	ret = outfile_open(&out, path);
	if (ret)
		goto out;
	fputs("# TYPE azimuth_machine info\n# HELP azimuth_machine Where it was measured.\n",
	      out.file);
	put_facts(out.file, &gate->a);
	put_facts(out.file, &gate->b);
	fputs("# TYPE azimuth_metric gauge\n# HELP azimuth_metric Median over the runs.\n",
	      out.file);
	put_metrics(out.file, gate, &gate->a);
	put_metrics(out.file, gate, &gate->b);
	put_checks(out.file, gate);
	fputs("# TYPE azimuth_latency_seconds histogram\n# UNIT azimuth_latency_seconds seconds\n"
	      "# HELP azimuth_latency_seconds All runs together.\n", out.file);
	put_hists(out.file, &gate->a, hist);
	put_hists(out.file, &gate->b, hist);
	fputs("# EOF\n", out.file);
	ret = outfile_close(&out);
out:
	free(hist);
	return ret;
}
