/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads of a workload: started at one moment, watched, ended, merged.
 *
 *	static int worker(struct load_worker *w)	// closed loop
 *	{
 *		while (load_worker_goes_on(w, now = az_clock_ns())) {
 *			... one event ...
 *			recorder_sample(w->rec, now, az_clock_ns() - now, 0);
 *		}
 *		return AZ_EXIT_OK;
 *	}
 *
 * and open loop:
 *
 *	at = load_schedule_next(&w->schedule);
 *	while (load_worker_goes_on(w, at)) {
 *		if (load_wait_until(at))
 *			break;
 *		... one event; its latency is az_clock_ns() - at ...
 *	}
 */
#ifndef AZ_LOAD_RUN_H
#define AZ_LOAD_RUN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "benchmarks/bench.h"
#include "benchmarks/load/recorder.h"
#include "benchmarks/load/schedule.h"

struct load_run;

/* One thread. Members under "private" belong to run.c. */
struct load_worker {
	struct load_run *run;
	unsigned int index;
	int cpu;			/* that it is pinned to, -1 none */
	uint64_t start_ns;		/* all threads begin then, CLOCK_MONOTONIC */
	struct recorder *rec;
	struct load_schedule schedule;	/* started at start_ns; not of a closed loop */
	void *priv;			/* of the workload; setup() may set it */
	uint64_t done;			/* events begun that count; of the warm-up before */

	/* private */
	uint64_t quota, warm_quota, end_ns;
	bool warm;
	int ret;
	pthread_t thread;
};

#define LOAD_MARKS_MAX	1024	/* further marks are counted in "marks_dropped" */

struct load_run {
	/* Set by the workload; zero is "none" for all that is not said to be needed. */
	struct bench *bench;			/* needed; bench_begin() was called */
	const char *name;			/* needed: "benchmark" of the result */
	const struct load_spec *load;		/* NULL is a closed loop */
	unsigned int threads;			/* 0: bench->threads, else 1 */
	bool pin;				/* to CPUs that may be used, also without --cpus */
	const struct recorder_spec *recorder;	/* needed */
	/*
	 * In the thread, on its CPU, before the start: opens and touches what it
	 * needs. teardown() is called after it for each worker, also when the setup of
	 * another one failed. Returns an exit code after one line on standard error.
	 */
	int (*setup)(struct load_worker *w);
	void (*teardown)(struct load_worker *w);
	/*
	 * Needed: the measurement of one thread. Returns an exit code; the first one
	 * that is not AZ_EXIT_OK ends the run, and what all have recorded is kept.
	 */
	int (*worker)(struct load_worker *w);
	/* In the main thread each 100 ms. */
	void (*tick)(struct load_run *run, uint64_t now);
	/*
	 * Adds "config" and what else it knows to @result, from @total, the sum of all
	 * threads. Called for each checkpoint, too: partial. At the end it may set
	 * run->ret to AZ_EXIT_FAILED.
	 */
	void (*describe)(struct load_run *run, const struct recorder *total, json_t *result,
			 bool partial);
	/* The line for a person, with bench_say(), at the end. */
	void (*say)(struct load_run *run, const struct recorder *total);
	void *priv;

	/* Valid while the run lasts and in describe() and say(). */
	struct load_worker *workers;		/* [threads] */
	uint64_t start_ns;			/* of the timeline: a timed warm-up is before */
	uint64_t elapsed_ns;			/* from start_ns to the end, or until now */
	int ret;				/* exit code */

	/* private */
	struct load_private *p;
};

/*
 * Runs until --count events, --duration, a signal, or the failure of a worker.
 * Thread i is pinned to the i-th CPU of --cpus (round and round); the main thread
 * stays away from these CPUs where the process may use others.
 *
 * While it runs: the progress line; raw samples to --samples; and each second the
 * result so far to the file of --json, marked "partial" (more rarely when that
 * takes more than 2% of the time).
 *
 * The result has "histograms", "metrics", "counts", "stages", "timeline", "marks", "end",
 * and of "config": "threads", "arrival", "rate", "burst", "count", "duration_ns",
 * "warmup_ns", "warmup_count".
 *
 * load_run() writes the result through bench_end() and returns the exit code.
 * load_measure() leaves it in *@result (a new reference, NULL when nothing was
 * started) for a workload that makes one of several runs; it takes no checkpoints.
 */
int load_run(struct load_run *run);
int load_measure(struct load_run *run, json_t **result);

/*
 * Does the worker begin another event? @now is the time of it: of a closed loop
 * az_clock_ns(), of an open one the intended time. A yes counts the event in
 * w->done, so it has to be begun. The end of the warm-up is noticed here.
 */
bool load_worker_goes_on(struct load_worker *w, uint64_t now);

/*
 * Is the run over, apart from this thread's own count and time? For loops that
 * wait for answers. When it is over, each thread gets a signal (SIGUSR1) every
 * 10 ms, so that system calls that wait return EINTR.
 */
bool load_worker_over(const struct load_worker *w);

/*
 * Waits until @ns (CLOCK_MONOTONIC): sleeps, and spins the last spec->spin ns.
 * Returns 0 when it is time, at once when that is past, or -EINTR when the run
 * is over. Only in the threads of a run.
 */
int load_wait_until(uint64_t ns);

/* A mark on the timeline at @at_ns (CLOCK_MONOTONIC), from any thread. @text is copied. */
void load_mark(struct load_run *run, uint64_t at_ns, const char *kind, const char *text);

#endif
