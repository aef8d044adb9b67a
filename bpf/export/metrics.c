// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/export/metrics.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include "bpf/core/internal.h"
#include "lib/clock.h"
#include "lib/version.h"

static void put_family(FILE *out, const char *name, const char *type, const char *unit,
		       const char *help)
{
	fprintf(out, "# TYPE azimuth_trace%s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT azimuth_trace%s %s\n", name, unit);
	fprintf(out, "# HELP azimuth_trace%s %s\n", name, help);
}

static void put_info(FILE *out)
{
	struct utsname name = { .release = "unknown" };

	uname(&name);
	put_family(out, "", "info", NULL, "What traces.");
	fprintf(out, "azimuth_trace_info{kernel=\"%s\",tool_version=\"%s\"} 1\n", name.release,
		AZ_VERSION);
}

static void put_hooks(FILE *out, const struct trace_run *run)
{
	const struct trace_hook *hook = run->tool->hooks;
	const struct trace_rung *rung;
	char text[96];
	unsigned int i;

	for (i = 0; hook[i].name; i++) {
		rung = trace_rung(run, i);
		fprintf(out, "azimuth_trace_hook_reached{tracer=\"%s\",hook=\"%s\",rung=\"%s\"} "
			"%d\n", run->tool->name, hook[i].name,
			rung ? trace_rung_text(rung, text, sizeof(text)) : "none", !!rung);
	}
}

static void put_hist(FILE *out, const char *tracer, const char *stage, const struct az_hist *hist)
{
	uint64_t below = 0;
	unsigned int i, at = 0;

	for (i = 0; i < TRACE_LES; i++) {
		for (; at < AZT_BUCKETS && az_hist_bucket_low(at) <= trace_le(i); at++)
			below += hist->bucket[at];
		fprintf(out, "azimuth_trace_stage_seconds_bucket{tracer=\"%s\",stage=\"%s\","
			"le=\"%.12g\"} %llu\n", tracer, stage, (double)trace_le(i) / 1e9,
			(unsigned long long)below);
	}
	fprintf(out, "azimuth_trace_stage_seconds_bucket{tracer=\"%s\",stage=\"%s\",le=\"+Inf\"} "
		"%llu\n", tracer, stage, (unsigned long long)hist->count);
	fprintf(out, "azimuth_trace_stage_seconds_count{tracer=\"%s\",stage=\"%s\"} %llu\n",
		tracer, stage, (unsigned long long)hist->count);
	fprintf(out, "azimuth_trace_stage_seconds_sum{tracer=\"%s\",stage=\"%s\"} %llu.%09llu\n",
		tracer, stage, (unsigned long long)(hist->sum / AZ_NSEC_PER_SEC),
		(unsigned long long)(hist->sum % AZ_NSEC_PER_SEC));
}

static void put_stages(FILE *out, const struct trace_run *run)
{
	static struct az_hist hist;
	const struct trace_stage *stage = run->tool->stages;
	unsigned int i;

	for (i = 0; stage[i].name; i++) {
		if (!trace_has(run, stage[i].needs))
			continue;
		trace_hist(run, i, &hist);
		put_hist(out, run->tool->name, stage[i].name, &hist);
	}
}

static void put_events(FILE *out, const struct trace_run *run)
{
	const struct trace_counter *c = run->tool->counters;
	unsigned int i;

	for (i = 0; c[i].name; i++)
		if (trace_has(run, c[i].needs))
			fprintf(out, "azimuth_trace_events_total{tracer=\"%s\",event=\"%s\"} "
				"%llu\n", run->tool->name, c[i].name,
				(unsigned long long)trace_count(run, AZT_COUNTS + i));
}

static void put_problems(FILE *out, const struct trace_run *run)
{
	const char *form = "azimuth_trace_problems_total{tracer=\"%s\",problem=\"%s\"} %llu\n";
	unsigned int i;

	for (i = 0; i < TRACE_COMMON; i++)
		fprintf(out, form, run->tool->name, trace_common[i].name,
			(unsigned long long)trace_count(run, i));
	fprintf(out, form, run->tool->name, "missed", (unsigned long long)trace_missed(run));
}

char *trace_metrics(const struct trace_run *runs, unsigned int count, size_t *len)
{
	static const struct {
		const char *name, *type, *unit, *help;
		void (*put)(FILE *out, const struct trace_run *run);
	} families[] = {
		{ "_hook_reached", "gauge", NULL, "1: the kernel had a way to the hook.",
		  put_hooks },
		{ "_stage_seconds", "histogram", "seconds", "Time in a stage of the path.",
		  put_stages },
		{ "_events", "counter", NULL, "What happened.", put_events },
		{ "_problems", "counter", NULL, "What the tracer could not see or match.",
		  put_problems },
	};
	unsigned int i, j;
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	put_info(out);
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		put_family(out, families[i].name, families[i].type, families[i].unit,
			   families[i].help);
		for (j = 0; j < count; j++)
			families[i].put(out, &runs[j]);
	}
	fputs("# EOF\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
