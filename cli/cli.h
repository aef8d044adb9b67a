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

int az_cmd_bench(int argc, char **argv);
int az_cmd_compare(int argc, char **argv);
int az_cmd_summary(int argc, char **argv);
int az_cmd_report(int argc, char **argv);
int az_cmd_lab(int argc, char **argv);

#endif
