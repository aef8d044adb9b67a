// SPDX-License-Identifier: GPL-2.0-only
/* What commands with several tracers share: "record", "exporter", and with one each of them. */
#include "bpf/core/trace.h"

#include "lib/log.h"

int trace_choose(struct trace_run *runs, unsigned int *count, int argc, char **argv)
{
	const struct trace_tool *tool;
	unsigned int i;

	if (!argc)
		return az_usage("no tracer is given, see 'azimuth trace --help'");
	for (; argc; argc--, argv++) {
		tool = trace_operand(*argv);
		if (!tool)
			return AZ_EXIT_USAGE;
		for (i = 0; i < *count; i++)
			if (runs[i].tool == tool)
				return az_usage("tracer '%s' is given twice", tool->name);
		runs[(*count)++].tool = tool;
	}
	return AZ_EXIT_OK;
}

int trace_start_all(struct trace_run *runs, unsigned int count, struct bench *bench,
		    const char *what)
{
	unsigned int i;
	int ret = trace_environment();

	for (i = 0; !ret && i < count; i++) {
		runs[i].bench = bench;
		if (runs[i].tool->prepare)
			ret = runs[i].tool->prepare(&runs[i]);
	}
	if (!ret)
		ret = bench_begin(bench, what);
	for (i = 0; !ret && i < count; i++)
		ret = trace_start(&runs[i]);
	return ret;
}
