/* SPDX-License-Identifier: GPL-2.0-only */
/* What every workload shares: options, Ctrl-C, progress, and the end of a run. */
#ifndef AZ_BENCHMARKS_BENCH_H
#define AZ_BENCHMARKS_BENCH_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "lib/conditions.h"
#include "lib/opts.h"
#include "lib/result.h"

struct bench {
	struct az_result_sink sink;
	const char *cpus;	/* "0,2-3": where to run, NULL anywhere */
	uint64_t seed;
	uint64_t count;
	uint64_t duration;	/* ns, 0 = no limit */
	uint64_t start, shown;	/* ns; the progress line was last shown then */
	const char *what;	/* of the progress line */

	/* BENCH_LOAD_OPTS */
	unsigned int threads;
	uint64_t warmup_ns, warmup_count;	/* at most one is not 0 */
	const char *samples;	/* file of raw samples, NULL none */
	uint64_t interval;	/* ns, of the timeline; 0: 100 ms */

	cpu_set_t allowed;	/* where this process might run before bench_begin() */
	cpu_set_t used;		/* where it may run since */
	struct az_conditions begin;
};

#define BENCH_OPTS(b) \
	AZ_OPT(U64, "count", 'n', "N", "how many, see above; 0 = until --duration or Ctrl-C", \
	       &(b)->count), \
	AZ_OPT(TIME, "duration", 'd', "TIME", "stop after this time (250ms, 10s, 5m)", \
	       &(b)->duration), \
	AZ_OPT(STRING, "cpus", 0, "LIST", "run on these CPUs only (0,2-3)", &(b)->cpus), \
	AZ_OPT(U64, "seed", 0, "N", "seed of contents and order", &(b)->seed), \
	AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output", \
	       &(b)->sink.json), \
	AZ_OPT(STRING, "json-line", 0, "NAME", "print the result as one line '@json NAME {...}'", \
	       &(b)->sink.line), \
	AZ_OPT(FLAG, "imds", 0, NULL, "ask the metadata service for the VM size", \
	       &(b)->sink.imds)

/* Of the workloads that run threads with benchmarks/load/run.h. */
#define BENCH_LOAD_OPTS(b) \
	AZ_OPT(U32, "threads", 0, "N", "threads; the i-th runs on the i-th CPU of --cpus", \
	       &(b)->threads, .min = 1, .max = 1024), \
	AZ_OPT(CALL, "warmup", 0, "TIME|N", "first run for TIME (1s), or N events, not counted", \
	       (b), .call = bench_parse_warmup), \
	AZ_OPT(STRING, "samples", 0, "FILE", "write each sample here, for 'azimuth samples'", \
	       &(b)->samples), \
	AZ_OPT(TIME, "interval", 0, "TIME", "step of the timeline (100ms); doubles in long runs", \
	       &(b)->interval, .min = 1000000)

/*
 * The call of --warmup: a bare number is a number of events, of all threads
 * together. Returns 0, or -EINVAL after one line on standard error.
 */
int bench_parse_warmup(void *bench, const char *text);

/*
 * Parses "0,2-3" into @set. Returns 0, or the exit code after one line on standard
 * error, in which @option stands for the list.
 */
int bench_parse_cpus(const char *option, const char *list, cpu_set_t *set);

/*
 * Pins the process, and makes SIGINT and SIGTERM set bench_stopped() instead of
 * ending it. Returns 0, or an exit code after one line on standard error.
 */
int bench_begin(struct bench *bench, const char *what);

/* A signal asked for the end. System calls that wait return EINTR then. */
bool bench_stopped(void);

/*
 * Is there more to do after @done of --count at time @now (ns)? Shows progress
 * on a terminal as a side effect.
 */
bool bench_goes_on(struct bench *bench, uint64_t done, uint64_t now);

/* Where what a person reads goes: standard output unless JSON goes there. */
FILE *bench_output(const struct bench *bench);

/* The summary for a person, one line, to bench_output(). */
void bench_say(const struct bench *bench, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Shows @text as the progress line, when standard error is a terminal. */
void bench_progress(struct bench *bench, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Ends a run: wipes the progress line, warns when others took CPU time from the
 * run, notes the conditions and how it ended, writes @result and drops it.
 * Returns @ret, or the exit code of a failed write. "end" is left alone where the
 * workload has set it.
 */
int bench_end(struct bench *bench, json_t *result, int ret);

/* A time in ns as text with three digits and a unit: "1.23 ms". @buf of 16. */
const char *bench_time(char *buf, double ns);

/*
 * The workloads of "azimuth bench", called as struct az_command says: measure
 * the network path to ADDR:PORT (or serve it), and a disk or file. Return the
 * exit code: an enum az_exit, after one line on standard error unless it is 0.
 */
int bench_net(int argc, char **argv);
int bench_io(int argc, char **argv);

/* A suite file: runs of the workloads above. Called as they are. */
int bench_suite(int argc, char **argv);

/*
 * The same for wake-ups of timers, for what the host costs a program that computes,
 * and for accesses to a PCI function.
 */
int bench_timer(int argc, char **argv);
int bench_exit(int argc, char **argv);
int bench_pci(int argc, char **argv);

#endif
