/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LIB_CLOCK_H
#define AZ_LIB_CLOCK_H

#include <stdint.h>

#define AZ_NSEC_PER_SEC		1000000000ull

/*
 * Monotonic time in ns. In a guest of the deterministic lab this is virtual
 * time, so the difference of two readings is a path length.
 */
uint64_t az_clock_ns(void);

/* Sleeps @ns, or less when a signal arrives. */
void az_sleep_ns(uint64_t ns);

#endif
