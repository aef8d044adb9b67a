// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli/cli.h"
#include "lib/env.h"
#include "lib/log.h"
#include "lib/version.h"

static int cmd_version(int argc, char **argv)
{
	if (argc > 1)
		return az_usage("unexpected argument '%s'", argv[1]);
	printf("azimuth %s\n", AZ_VERSION);
	return 0;
}

static const struct az_command commands[] = {
	{ "bench", "measure the network, a disk, timers", az_cmd_bench },
	{ "trace", "show where the latency goes, in the running kernel", az_cmd_trace },
	{ "xdp", "echo packets within the network driver", az_cmd_xdp },
	{ "exitlat", "measure what a trip to the host costs (module hv_exitlat)", az_cmd_exitlat },
	{ "compare", "compare two sets of results, with confidence intervals", az_cmd_compare },
	{ "gate", "check results by rules, for CI", az_cmd_gate },
	{ "history", "keep results, and see what changed", az_cmd_history },
	{ "summary", "make result.json from the lab's runs of two arms", az_cmd_summary },
	{ "report", "make a report from results: HTML, Markdown or CSV", az_cmd_report },
	{ "samples", "print the raw samples of a run as CSV", az_cmd_samples },
	{ "stats", "print what the kernel counts for a network interface", az_cmd_stats },
	{ "lab", "run scenarios on the simulated Azure host", az_cmd_lab },
	{ "version", "print the version", cmd_version },
	{ NULL, NULL, NULL }
};

int main(int argc, char **argv)
{
	az_env_set_command(argc, argv);
	return az_dispatch("azimuth", "Measure and prove Linux on Azure hardware.", commands,
			   argc, argv);
}
