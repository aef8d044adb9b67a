// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own way to a timer: a high-resolution timer on this CPU, which programs the clock
 * event device of the platform (a synthetic timer, the APIC's) when it is the next to expire. The
 * handler runs in the interrupt.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>

#include "exitlat.h"

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct exitlat_run *run = container_of(timer, struct exitlat_run, timer);

	run->fired_at = exitlat_tsc();
	/* The CPU that waits is this one: no barrier but the compiler's. */
	WRITE_ONCE(run->fired, true);
	return HRTIMER_NORESTART;
}

int exitlat_prepare_timer(struct exitlat_run *run)
{
#ifdef EXITLAT_HRTIMER_SETUP
	hrtimer_setup(&run->timer, fire, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(&run->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	run->timer.function = fire;
#endif
	return 0;
}

/*
 * Sets the timer and waits for it: the cycles of the former. To halt, looks with interrupts off,
 * so that the timer cannot strike between the look and the halt.
 */
static s64 strike(struct exitlat_run *run, bool halt, u64 *start)
{
	u64 timeout = run->delay_cycles + exitlat_cycles(EXITLAT_TIMEOUT_US);
	s64 cycles;

	WRITE_ONCE(run->fired, false);
	*start = exitlat_tsc();
	hrtimer_start(&run->timer, ns_to_ktime(run->delay_ns), HRTIMER_MODE_REL_PINNED_HARD);
	cycles = exitlat_since(*start);
	for (;;) {
		if (halt)
			local_irq_disable();
		if (READ_ONCE(run->fired))
			break;
		if (rdtsc() - *start > timeout) {
			cycles = -ETIMEDOUT;
			break;
		}
		if (halt)
			safe_halt();
		else
			cpu_relax();
	}
	if (halt)
		local_irq_enable();
	if (cycles < 0)
		hrtimer_cancel(&run->timer);
	return cycles;
}

static s64 late(struct exitlat_run *run, bool halt)
{
	u64 start;
	s64 rc = strike(run, halt, &start);

	if (rc < 0)
		return rc;
	return max_t(s64, (s64)(run->fired_at - start - run->delay_cycles), 0);
}

s64 exitlat_timer_set(struct exitlat_run *run)
{
	u64 start;

	return strike(run, false, &start);
}

s64 exitlat_timer_late(struct exitlat_run *run)
{
	return late(run, false);
}

s64 exitlat_timer_hlt(struct exitlat_run *run)
{
	return late(run, true);
}
