/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_CLI_CLI_H
#define AZ_CLI_CLI_H

/*
 * One subcommand: argv[0] is its full name ("azimuth bench"), the rest are its
 * arguments. Returns the exit code of the program.
 */
struct az_command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};

/*
 * Runs the entry of @table (ended by name NULL) that argv[1] names. Without one,
 * or with help, --help or -h, prints the table. Returns the exit code.
 */
int az_dispatch(const char *prog, const char *summary, const struct az_command *table,
		int argc, char **argv);

/*
 * The commands of azimuth, called as struct az_command says. All say one line on
 * standard error for a wrong command line (AZ_EXIT_USAGE) or a machine that
 * lacks something (AZ_EXIT_ENV), and may change @argv.
 */

/* Runs the workload that argv[1] names, with the arguments after it. */
int az_cmd_bench(int argc, char **argv);

/* Shows where the latency goes in the running kernel, by the tracer that argv[1] names. */
int az_cmd_trace(int argc, char **argv);

/* Runs XDP programs in a network driver: the command that argv[1] names. */
int az_cmd_xdp(int argc, char **argv);

/* Has the module hv_exitlat measure: AZ_EXIT_FAILED when one measurement failed. */
int az_cmd_exitlat(int argc, char **argv);

/* Compares two sets of results: AZ_EXIT_FAILED when B is worse, AZ_EXIT_SKIP on too few runs. */
int az_cmd_compare(int argc, char **argv);

/* Prints a file of raw samples: AZ_EXIT_FAILED when it is cut off or damaged. */
int az_cmd_samples(int argc, char **argv);

/* Checks results by rules: AZ_EXIT_FAILED when one fails, AZ_EXIT_SKIP when all are skipped. */
int az_cmd_gate(int argc, char **argv);

/* The store of results: its commands add, list, show, changes and reindex. */
int az_cmd_history(int argc, char **argv);

/* Makes result.json from run directories: AZ_EXIT_FAILED when one had to be left out. */
int az_cmd_summary(int argc, char **argv);

/* Makes a page, a mail or a table from results. */
int az_cmd_report(int argc, char **argv);

/* Prints the counters of the interface in argv[1] and of its queues, a line each: NAME VALUE. */
int az_cmd_stats(int argc, char **argv);

/*
 * Becomes the lab's launcher: that of $AZIMUTH_LAB or of the source tree that
 * the program lies in. Returns only when it cannot, with AZ_EXIT_ENV.
 */
int az_cmd_lab(int argc, char **argv);

#endif
