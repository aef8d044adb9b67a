/* SPDX-License-Identifier: GPL-2.0-only */
/* Between run.c (threads) and watch.c (what the main thread does meanwhile). */
#ifndef AZ_LOAD_RUN_IMPL_H
#define AZ_LOAD_RUN_IMPL_H

#include "benchmarks/load/run.h"

struct load_mark {
	uint64_t at;
	char kind[16], text[112];
};

struct load_private {
	pthread_mutex_t lock;		/* of the start, and of the marks */
	pthread_cond_t start;
	bool go, began;
	bool behind;			/* an open loop had to be ended late */
	int over;			/* atomic: the run is over */
	unsigned int ready, finished;	/* atomic: workers */
	int wake;			/* eventfd: one of these changed */

	uint64_t warm_ns, warm_count;	/* the warm-up: a time, or (closed loops) events */
	uint64_t zero_ns;		/* the threads' start, begin of the warm-up */
	struct recorder *total;
	bool checkpoints;
	uint64_t next_tick, next_checkpoint;
	int checkpoint_error;
	struct az_samples_writer *samples;
	int samples_error;
	struct az_sample *drained;	/* [AZ_SAMPLES_BLOCK] */
	struct load_mark *marks;	/* [LOAD_MARKS_MAX] */
	unsigned int marks_used;
	uint64_t marks_dropped;
	char started[48];		/* date of start_ns */
};

/* watch.c: opens --samples; returns an exit code. Sets when what is due first. */
int load_watch_begin(struct load_run *run);

/* What is due at @now: raw samples, tick, progress, checkpoint. Returns ns until the next. */
uint64_t load_watch(struct load_run *run, uint64_t now);

/* After the end: the last raw samples. */
void load_watch_end(struct load_run *run);

/* The result so far; also leaves the sum of all threads in p->total. */
json_t *load_result(struct load_run *run, bool partial);

#endif
