// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth exitlat": has hv_exitlat measure, and shows what it found. */
#include <string.h>

#include "benchmarks/exit/module.h"
#include "cli/cli.h"
#include "lib/log.h"

static const char epilog[] =
	"NAME is one of the names in " EXITLAT_DIR "/run, or the first\n"
	"part of one, such as ipi-apic for -sibling, -core and -remote. Without a name,\n"
	"all are measured that this VM has. Times are of round trips, in ns, less the\n"
	"overhead.\n"
	"Exit codes: 0 good, 1 a measurement failed, 2 usage, 3 no module hv_exitlat.";

int az_cmd_exitlat(int argc, char **argv)
{
	static struct exitlat e = EXITLAT_DEFAULT;
	const struct az_opt table[] = {
		AZ_OPT(U64, "count", 'n', "N", "samples of each measurement", &e.samples,
		       .min = 1, .max = 10000000),
		AZ_OPT(U32, "cpu", 0, "N", "measure on this CPU", &e.cpu),
		AZ_OPT(STRING, "target", 0, "CPU",
		       "interrupt this CPU; auto is one of each distance", &e.target),
		AZ_OPT(TIME, "delay", 0, "TIME", "of timers, and of idleness before a wake-up",
		       &e.delay, .min = 10000, .max = 10000000),
		AZ_OPT(FLAG, "show", 0, NULL, "measure nothing, show the last results", &e.show),
		AZ_OPT(STRING, "dir", 0, "DIR", "the module's directory", &e.dir),
		AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output",
		       &e.bench.sink.json),
		AZ_OPT(STRING, "json-line", 0, "NAME",
		       "print the result as one line '@json NAME {...}'", &e.bench.sink.line),
		AZ_OPT(FLAG, "imds", 0, NULL, "ask the metadata service for the VM size",
		       &e.bench.sink.imds),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "[NAME]...", "What a trip to the host costs on this Hyper-V guest.",
		epilog, table
	};
	uint64_t target;
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (strcmp(e.target, "auto") && az_parse_number(e.target, AZ_OPT_U32, &target))
		return az_usage("--target: '%s' is neither auto nor the number of a CPU", e.target);
	return exitlat_run(&e, argv + first, argc - first);
}
