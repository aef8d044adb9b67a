/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks of the network measurements. Samples are taken on CLOCK_MONOTONIC; the
 * kernel stamps packets on CLOCK_REALTIME. Both run on one timekeeper and are
 * slewed as one, so their difference is a constant until somebody sets the time
 * (timekeeping.c: only settimeofday, a step by adjtimex and a leap second change
 * wall_to_monotonic). A watch knows this constant and tells when it has changed.
 */
#ifndef AZ_BENCHMARKS_NET_CLOCK_H
#define AZ_BENCHMARKS_NET_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

struct clock_watch {
	int64_t offset;		/* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
	int64_t low, high;	/* what all readings of this epoch leave for it */
	uint32_t epoch;		/* increases with each step */
	int64_t last_step;	/* ns, positive when the time was set forward */
	/* How a clock is read: clock_gettime(), but for tests. */
	int (*read)(clockid_t id, struct timespec *ts);
};

/* Takes the difference as it is now. */
void clock_watch_start(struct clock_watch *watch);

/*
 * Has CLOCK_REALTIME been set since the last look? If so, takes the new
 * difference and begins a new epoch. Costs three reads of the vDSO. Steps below
 * the time of such a reading (some 50 ns) cannot be told from its jitter.
 */
bool clock_watch_stepped(struct clock_watch *watch);

/* A time of CLOCK_REALTIME on CLOCK_MONOTONIC, within the present epoch. */
static inline uint64_t clock_to_mono(const struct clock_watch *watch, uint64_t real)
{
	return (uint64_t)((int64_t)real - watch->offset);
}

#define CLOCK_UNSYNC	UINT32_MAX

/* What one end knows of its CLOCK_REALTIME, to state the error of a one-way time. */
struct clock_sync {
	uint64_t boot;		/* hash of the boot id, 0 when it cannot be read */
	uint32_t error;		/* ns from the reference, at most; CLOCK_UNSYNC: not kept */
	char source[64];	/* a PTP clock of this machine ("ptp0 hyperv"), or "" */
};

/*
 * Asks the kernel: adjtimex(2) gives whether a daemon keeps the clock (STA_UNSYNC
 * is clear) and by how much it is wrong at most (maxerror, which the daemon sets
 * and the kernel lets grow by 500 ppm). A PTP clock that the machine has is named.
 */
void clock_sync_read(struct clock_sync *sync);

/*
 * May times of the two ends be subtracted? Returns NULL and the error of such a
 * difference, in ns, or the reason why not. Ends with the same boot id share one
 * clock: the error is 0.
 */
const char *clock_shared(const struct clock_sync *local, uint64_t boot, uint32_t error,
			 uint64_t *total);

/* { "shared", "error_ns", "source", ... } for the result, of the arguments above. */
json_t *clock_to_json(const struct clock_sync *local, uint64_t boot, uint32_t error);

#endif
