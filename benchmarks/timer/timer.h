/* SPDX-License-Identifier: GPL-2.0-only */
/* "azimuth bench timer": how long after its time a thread runs. */
#ifndef AZ_BENCHMARKS_TIMER_H
#define AZ_BENCHMARKS_TIMER_H

#include "benchmarks/load/run.h"

enum timer_mode { TIMER_NANOSLEEP, TIMER_TIMERFD, TIMER_FUTEX };

/* A scheduling policy: of --sched. */
struct timer_sched {
	const char *text;	/* as given */
	int policy;		/* SCHED_OTHER, SCHED_FIFO, SCHED_DEADLINE */
	unsigned int priority;	/* of SCHED_FIFO */
};

struct timer_bench {
	struct bench bench;
	struct load_spec load;		/* made from --period */
	const char *mode_name;
	enum timer_mode mode;
	struct timer_sched sched;
	uint64_t period;		/* ns */
	const char *to_cpu;		/* of the woken thread of futex, NULL: the same CPU */
	unsigned int to;
	bool no_idle, locked;
	int latency_fd;			/* of /dev/cpu_dma_latency, -1 */
};

/* Histograms and counters: indices into the lists of timer.c. */
enum { TIMER_MAIN, TIMER_SECOND };
enum { TIMER_OVERRUNS };

/* Parses "other", "fifo:80", "deadline". Returns 0, or an exit code after one line. */
int timer_sched_parse(struct timer_sched *sched);

/*
 * Puts the calling thread under @sched; @period is that of SCHED_DEADLINE. Returns 0,
 * or AZ_EXIT_ENV after one line that says what is not permitted.
 */
int timer_sched_apply(const struct timer_sched *sched, uint64_t period);

/*
 * Sleeps until @at (CLOCK_MONOTONIC) with clock_nanosleep(). Returns 0, or -EINTR
 * when the run is over.
 */
int timer_sleep(const struct load_worker *w, uint64_t at);

/*
 * The futex mode: setup makes the thread that is woken, the worker wakes it each
 * period, teardown ends it. As struct load_run says.
 */
int timer_futex_setup(struct load_worker *w);
int timer_futex_worker(struct load_worker *w);
void timer_futex_teardown(struct load_worker *w);

#endif
