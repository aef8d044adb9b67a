// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/exit/ticks.h"

#include <time.h>

#include "lib/clock.h"

#ifdef __x86_64__
#define TRIES	50

/* Of several readings of both the pair that was interrupted least. */
static void read_both(uint64_t *ticks, uint64_t *ns)
{
	uint64_t before, after, best = UINT64_MAX;
	struct timespec ts;

	for (int i = 0; i < TRIES; i++) {
		before = ticks_now();
		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = ticks_now();
		if (after - before >= best)
			continue;
		best = after - before;
		*ticks = before + best / 2;
		*ns = (uint64_t)ts.tv_sec * AZ_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	}
}

static uint64_t find_rate(void)
{
	uint64_t t0, t1, n0, n1;

	read_both(&t0, &n0);
	az_sleep_ns(50000000);
	read_both(&t1, &n1);
	if (n1 <= n0)
		return AZ_NSEC_PER_SEC;
	return (uint64_t)((unsigned __int128)(t1 - t0) * AZ_NSEC_PER_SEC / (n1 - n0));
}
#else
static uint64_t find_rate(void)
{
	uint64_t hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz ? hz : AZ_NSEC_PER_SEC;
}
#endif

/* All intervals are multiples of the step; of many, two differ by just one. */
static uint64_t find_step(void)
{
	uint64_t last = 0, now, before, step = UINT64_MAX, other;

	for (int i = 0; i < 10000; i++) {
		before = ticks_now();
		now = ticks_now() - before;
		other = now > last ? now - last : last - now;
		if (other && other < step)
			step = other;
		if (now && now < step)
			step = now;
		last = now;
	}
	return step;
}

void ticks_calibrate(struct ticks *t)
{
	t->step = find_step();
	t->hz = find_rate();
	t->mult = (uint64_t)(((unsigned __int128)AZ_NSEC_PER_SEC << 32) / t->hz);
}
