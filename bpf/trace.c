// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace": which tracers there are. */
#include "bpf/core/trace.h"

#include <string.h>

#include "cli/cli.h"

const struct trace_tool *const trace_tools[] = {
	&trace_vmbus,
	&trace_netvsc,
	&trace_wake,
	&trace_hvcall,
	&trace_vpci,
	NULL
};

const struct trace_tool *trace_tool_named(const char *name)
{
	const struct trace_tool *const *tool = trace_tools;

	while (*tool && strcmp((*tool)->name, name))
		tool++;
	return *tool;
}

/* argv[0] is "azimuth trace NAME". */
static int run_tracer(int argc, char **argv)
{
	return trace_main(trace_tool_named(strrchr(argv[0], ' ') + 1), argc, argv);
}

static const struct az_command commands[] = {
	{ "vmbus", "channels: interrupts, callbacks, signals to the host, rings", run_tracer },
	{ "netvsc", "packets: queue, driver, host, NAPI, stack, socket, reader", run_tracer },
	{ "wake", "threads: how long they wait for a CPU; steal time", run_tracer },
	{ "hvcall", "hypercalls: how many of each code, who makes them", run_tracer },
	{ "vpci", "PCI devices behind VMBus: config space, interrupts, probes", run_tracer },
	{ "record", "write what tracers see to a file", trace_record },
	{ "replay", "show a recording as its tracers would, or as a timeline", trace_replay },
	{ "exporter", "what tracers see, for Prometheus (OpenMetrics)", trace_exporter },
	{ NULL, NULL, NULL }
};

int az_cmd_trace(int argc, char **argv)
{
	return az_dispatch("azimuth trace", "Shows where the latency goes, in the running kernel.",
			   commands, argc, argv);
}
