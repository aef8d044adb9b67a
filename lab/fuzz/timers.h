/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_FUZZ_TIMERS_H
#define AZ_LAB_FUZZ_TIMERS_H

#include "core/loop.h"

/*
 * The clock and the timers of every loop (core/loop.h), for fuzzers that play the
 * loops in one thread. Time moves only when timers run, so that an input
 * does the same each time.
 */

/* The clock jumps to the last deadline there is; what was armed until now runs, by deadline. */
void fuzz_timers_run(void);

/* True while a timer of that @ctx is armed. */
bool fuzz_timers_armed(const void *ctx);

/* Time starts again with nothing armed: before an input. */
void fuzz_timers_reset(void);

#endif
