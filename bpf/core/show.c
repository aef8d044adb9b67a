// SPDX-License-Identifier: GPL-2.0-only
/* What a person sees of a run: stages, counts, and which hooks gave them. */
#include "bpf/core/internal.h"

#include <string.h>

static const char *kind_text(const struct trace_rung *rung)
{
	switch (rung->kind) {
	case TRACE_TP:
		return "tracepoint";
	case TRACE_RAW_TP:
		return "raw tracepoint";
	case TRACE_FUNC:
		return "function";
	case TRACE_KPROBE:
		return "kprobe";
	}
	return "?";
}

const char *trace_rung_text(const struct trace_rung *rung, char *text, size_t len)
{
	snprintf(text, len, "%s %s", kind_text(rung), rung->target);
	return text;
}

static void show_stage(const struct trace_stage *stage, const struct az_hist *hist, FILE *out)
{
	static const unsigned int ppm[] = { 500000, 900000, 990000, 999000 };
	char text[16];
	unsigned int i;

	fprintf(out, "%-30s %8llu", stage->what, (unsigned long long)hist->count);
	for (i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++)
		fprintf(out, " %7s", hist->count ?
			bench_time(text, (double)az_hist_percentile(hist, ppm[i])) : "-");
	fprintf(out, " %7s\n", hist->count ? bench_time(text, (double)hist->max) : "-");
}

static void show_stages(const struct trace_run *run, FILE *out)
{
	static struct az_hist hist;
	const struct trace_stage *stage = run->tool->stages;
	unsigned int i;

	if (!stage[0].name)
		return;
	fprintf(out, "%-30s %8s %7s %7s %7s %7s %7s\n", "stage", "count", "p50", "p90", "p99",
		"p99.9", "max");
	for (i = 0; stage[i].name; i++) {
		if (!trace_has(run, stage[i].needs)) {
			fprintf(out, "%-30s        - no hook reached\n", stage[i].what);
			continue;
		}
		trace_hist(run, i, &hist);
		show_stage(&stage[i], &hist, out);
	}
}

const struct trace_counter trace_common[TRACE_COMMON] = {
	[AZT_LOST] = { "lost", "events lost for want of room", 0 },
	[AZT_DISPLACED] = { "displaced", "requests displaced by others in the table", 0 },
	[AZT_UNMATCHED] = { "unmatched", "ends without a begin", 0 },
	[AZT_TWICE] = { "twice", "begins without an end", 0 },
};

static void show_counters(const struct trace_run *run, FILE *out)
{
	const struct trace_counter *c = run->tool->counters;
	unsigned long long n;
	unsigned int i;

	for (i = 0; c[i].name; i++) {
		if (trace_has(run, c[i].needs))
			fprintf(out, "%-50s %12llu\n", c[i].what,
				(unsigned long long)trace_count(run, AZT_COUNTS + i));
		else
			fprintf(out, "%-50s %12s no hook reached\n", c[i].what, "-");
	}
	for (i = 0; i < TRACE_COMMON; i++) {
		n = trace_count(run, i);
		if (n)
			fprintf(out, "%-50s %12llu\n", trace_common[i].what, n);
	}
	n = trace_missed(run);
	if (n)
		fprintf(out, "%-50s %12llu\n", "calls the kernel left out (nested)", n);
}

static void show_hooks(const struct trace_run *run, FILE *out)
{
	const struct trace_hook *hook = run->tool->hooks;
	const struct trace_rung *rung;
	char text[96];
	unsigned int i;

	fprintf(out, "hooks:\n");
	for (i = 0; hook[i].name; i++) {
		rung = trace_rung(run, i);
		if (rung)
			fprintf(out, "  %-18s %s\n", hook[i].name,
				trace_rung_text(rung, text, sizeof(text)));
		else
			fprintf(out, "  %-18s %s; blank: %s\n", hook[i].name,
				run->without & TRACE_HOOK(i) ? "not asked for" : "not reached",
				hook[i].shows);
	}
}

void trace_show(struct trace_run *run, FILE *out)
{
	show_stages(run, out);
	show_counters(run, out);
	if (run->tool->show)
		run->tool->show(run, out);
	show_hooks(run, out);
	fflush(out);
}
