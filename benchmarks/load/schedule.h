/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When events of an open loop are meant to happen. The intended time depends on
 * the options and the seed only, never on how long earlier events took: what an
 * overloaded or stalled system delays is counted from here, so that a stall is
 * seen by every event that it holds up (no coordinated omission).
 */
#ifndef AZ_LOAD_SCHEDULE_H
#define AZ_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/opts.h"
#include "lib/rng.h"

enum load_arrival {
	LOAD_CLOSED,	/* the next begins when the last one ended */
	LOAD_FIXED,	/* evenly spaced */
	LOAD_POISSON,	/* exponential gaps: independent users */
	LOAD_BURST,	/* @burst at once, bursts evenly spaced */
};

/* Lowest and highest rate, events a second; rates are kept in steps of 0.001. */
#define LOAD_RATE_MIN	0.001
#define LOAD_RATE_MAX	1e9

struct load_spec {
	enum load_arrival arrival;	/* what LOAD_OPTS() leaves: see load_spec_check() */
	double rate;			/* events a second of all threads, 0: closed loop */
	uint64_t burst;			/* events of one burst */
	uint64_t seed;			/* of Poisson gaps */
	uint64_t spin;			/* ns that load_wait_until() spins before the time */
};

/* A closed loop; the last 50 us before an intended time are spun. */
#define LOAD_SPEC_DEFAULT { .arrival = LOAD_CLOSED, .burst = 1, .seed = 1, .spin = 50000 }

#define LOAD_OPTS(spec) \
	AZ_OPT(CALL, "rate", 0, "N[k|M]", "open loop: N a second, all threads together", (spec), \
	       .call = load_parse_rate), \
	AZ_OPT(CALL, "arrival", 0, "HOW", "fixed, poisson or burst:N (with --rate)", (spec), \
	       .call = load_parse_arrival), \
	AZ_OPT(TIME, "spin", 0, "TIME", "do not sleep in the last TIME before an event is due", \
	       &(spec)->spin, .max = 1000000000)

/* The calls of LOAD_OPTS(). Return 0, or -EINVAL after one line on standard error. */
int load_parse_rate(void *spec, const char *text);
int load_parse_arrival(void *spec, const char *text);

/*
 * To be called when all options are read: --arrival without --rate is refused,
 * --rate without --arrival is fixed. Returns 0, or an exit code after one line.
 */
int load_spec_check(struct load_spec *spec);

/* "closed", "fixed", "poisson", "burst". */
const char *load_arrival_name(enum load_arrival arrival);

/* The schedule of one thread; all members are private. */
struct load_schedule {
	uint64_t next;			/* ns, CLOCK_MONOTONIC */
	uint64_t step, rem, acc, den;	/* the gap is step + rem / den ns, exactly */
	uint64_t burst, left;
	double mean, frac;		/* ns, Poisson only */
	struct az_rng rng;
	enum load_arrival arrival;
};

/*
 * Thread @thread of @threads, all with the same @start_ns (CLOCK_MONOTONIC).
 * The threads of a fixed schedule and of bursts take turns: event k of thread t
 * is event k * threads + t of the whole. Poisson threads are independent, and
 * their sum is a Poisson process of the whole rate. @spec must not be a closed
 * loop.
 */
void load_schedule_start(struct load_schedule *s, const struct load_spec *spec,
			 unsigned int thread, unsigned int threads, uint64_t start_ns);

/*
 * The next intended time, ns of CLOCK_MONOTONIC; never decreasing. Fixed times
 * are exact to the ns however many there were: nothing accumulates. Costs about
 * 1 ns, Poisson about 10.
 */
uint64_t load_schedule_next(struct load_schedule *s);

#endif
