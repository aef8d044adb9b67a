// SPDX-License-Identifier: GPL-2.0-only
/* The command line of a tracer that looks live: options, wait, show. */
#include "bpf/core/internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

#define OPTIONS_MAX	24

struct live {
	struct bench bench;
	uint64_t interval;
	bool ready;		/* --ready: a line when it is attached, for scripts */
};

/* The tool's own options behind those that all have. */
static void join_options(struct az_opt *table, const struct az_opt *common,
			 const struct az_opt *own)
{
	unsigned int n = 0;

	for (; common->type != AZ_OPT_END; common++)
		table[n++] = *common;
	for (; own && own->type != AZ_OPT_END && n < OPTIONS_MAX - 1; own++)
		table[n++] = *own;
	table[n].type = AZ_OPT_END;
}

static int parse(const struct trace_tool *tool, struct live *live, int argc, char **argv)
{
	const struct az_opt common[] = {
		AZ_OPT(TIME, "duration", 'd', "TIME", "stop after this time; else at Ctrl-C",
		       &live->bench.duration),
		AZ_OPT(TIME, "interval", 'i', "TIME", "show what there is so far this often",
		       &live->interval, .min = 10000000),
		AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output",
		       &live->bench.sink.json),
		AZ_OPT(STRING, "json-line", 0, "NAME",
		       "print the result as one line '@json NAME {...}'", &live->bench.sink.line),
		AZ_OPT(FLAG, "imds", 0, NULL, "ask the metadata service for the VM size",
		       &live->bench.sink.imds),
		AZ_OPT(FLAG, "verbose", 'v', NULL, "show what libbpf and the verifier say",
		       &trace_verbose),
		AZ_OPT(FLAG, "ready", 0, NULL, "print 'tracing' when all is attached",
		       &live->ready),
		AZ_OPT_DONE
	};
	struct az_opt table[OPTIONS_MAX];
	char command[48];
	const struct az_opts opts = {
		.command = command, .summary = tool->summary, .table = table,
	};
	int first;

	snprintf(command, sizeof(command), "azimuth trace %s", tool->name);
	join_options(table, common, tool->options);
	return az_opts_parse(&opts, argc, argv, &first);
}

/* Clears the terminal for a table that is shown again and again. */
static void show_again(struct trace_run *run, FILE *out)
{
	if (isatty(fileno(out)))
		fputs("\033[H\033[J", out);
	trace_show(run, out);
	fputc('\n', out);
	fflush(out);
}

static void wait_until_over(struct live *live, struct trace_run *run)
{
	uint64_t end = live->bench.duration ? az_clock_ns() + live->bench.duration : UINT64_MAX;
	uint64_t next = live->interval ? az_clock_ns() + live->interval : UINT64_MAX, now, left;

	while (!bench_stopped() && (now = az_clock_ns()) < end) {
		if (now >= next) {
			show_again(run, bench_output(&live->bench));
			next += live->interval;
			continue;
		}
		left = (end < next ? end : next) - now;
		if (left > AZ_NSEC_PER_SEC)
			left = AZ_NSEC_PER_SEC;
		poll(NULL, 0, (int)(left / 1000000) + 1);
	}
}

int trace_main(const struct trace_tool *tool, int argc, char **argv)
{
	struct live live = { 0 };
	struct trace_run run = { .tool = tool };
	json_t *result;
	int ret = parse(tool, &live, argc, argv);

	if (ret)
		return az_opts_exit(ret);
	ret = trace_start_all(&run, 1, &live.bench, tool->name);
	if (ret)
		return ret;
	if (live.ready) {
		puts("tracing");
		fflush(stdout);
	}
	wait_until_over(&live, &run);
	trace_detach(&run);
	trace_show(&run, bench_output(&live.bench));
	result = trace_result(&run);
	ret = bench_end(&live.bench, result, AZ_EXIT_OK);
	trace_free(&run);
	return ret;
}
