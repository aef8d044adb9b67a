/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter that user space reads without a system call: the TSC on x86-64,
 * CNTVCT_EL0 on arm64. Counts at a constant rate, but in steps: CNTVCT often has
 * 25 to 50 MHz, and the TSC of some CPUs advances by 10 ns at once. What is not much
 * longer than a step has to be timed many at once.
 */
#ifndef AZ_BENCHMARKS_EXIT_TICKS_H
#define AZ_BENCHMARKS_EXIT_TICKS_H

#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "no counter is known for this architecture"
#endif

struct ticks {
	uint64_t hz;
	uint64_t mult;		/* ns of a tick, times 2^32 */
	uint64_t step;		/* ticks by which it advances at once */
};

/* Reads the counter, after all that comes before and before all that comes after. */
static inline uint64_t ticks_now(void)
{
#ifdef __x86_64__
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#else
	uint64_t now;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(now) : : "memory");
	return now;
#endif
}

/*
 * Finds the rate: what the CPU states (arm64), or the advance in 50 ms of
 * CLOCK_MONOTONIC_RAW, which is good to some 10^-5. And the step, which is at least
 * the least difference of two intervals.
 */
void ticks_calibrate(struct ticks *t);

/* From a difference of two readings to ns, rounded down. */
static inline uint64_t ticks_to_ns(const struct ticks *t, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * t->mult >> 32);
}

#endif
