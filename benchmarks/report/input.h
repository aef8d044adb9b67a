/* SPDX-License-Identifier: GPL-2.0-only */
/* What a report is made of: arms with their runs, read and checked. */
#ifndef AZ_BENCHMARKS_REPORT_INPUT_H
#define AZ_BENCHMARKS_REPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "lib/hist.h"

#define REPORT_ARMS	8	/* as many as the style sheet has colours and dashes for */
#define REPORT_RUNS	1000	/* of all arms: a run with its histograms takes about 1 MiB */

struct report_run {
	char *file;
	json_t *doc;
};

struct report_arm {
	char *name;
	struct report_run *runs;
	size_t n;
};

/*
 * Either arms of benchmark runs, with what azimuth compare said about them when
 * that was given too; or the comparison alone; or one summary of the lab.
 * All zero is the empty input.
 */
struct report_input {
	struct report_arm arms[REPORT_ARMS];
	size_t narms, nruns;
	json_t *compare, *summary;
	char *compare_file, *summary_file;
};

/*
 * Adds @path, a result, a directory of them or the directory of a suite, to arm
 * @arm, made when new; with @arm NULL to the arm that a suite has put the run into,
 * else to an arm of its own, named by the file. A comparison or a summary is no
 * run and goes to its own member. Returns 0, or an exit code after
 * one line on standard error; report_input_free() in either case.
 */
int report_input_add(struct report_input *in, const char *arm, const char *path);

/*
 * To be called when all is added: is there something to report, and does it go
 * together? Returns as above.
 */
int report_input_check(struct report_input *in);


/* Frees all that @in holds and leaves it empty. */
void report_input_free(struct report_input *in);

/*
 * Runs that belong on one plot: the same benchmark with the same configuration.
 * Where each arm has a configuration of its own, that is what the arms differ
 * in, and they share the plot.
 */
struct report_group {
	char *title;			/* "net-rtt, size 64" */
	struct report_arm arms[REPORT_ARMS];	/* at the place of the input; borrowed runs */
	size_t narms;
};

/* Makes the groups of @in, in the order of its runs. Returns 0 or -ENOMEM. */
int report_groups(const struct report_input *in, struct report_group **groups, size_t *n);
void report_groups_free(struct report_group *groups, size_t n);

/* The first run of @group, which has one. */
const json_t *report_first(const struct report_group *group);

/*
 * Histogram @name of all runs of @arm, merged, or of one run. Returns 0, or
 * -ENOENT when none has it or all are empty, or -ENOMEM.
 */
int report_hist(const struct report_arm *arm, const char *name, struct az_hist *out);
int report_run_hist(const struct report_run *run, const char *name, struct az_hist *out);

/*
 * Names of the histograms in @group, in the order of the first run that has
 * them, as a JSON array. NULL: no memory.
 */
json_t *report_hist_names(const struct report_group *group);

/* Is @name the time of one stage, "stage_wire", or of one CPU, "wakeup_cpu3"? */
bool report_is_stage(const char *name);
bool report_is_cpu(const char *name);

#endif
