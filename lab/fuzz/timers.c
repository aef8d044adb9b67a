// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/timers.h"

#include <stddef.h>

static struct loop_timer *timers;	/* by deadline */
static uint64_t clock_ns = 1;		/* a deadline of 0 is none */

uint64_t loop_now_ns(void)
{
	return clock_ns;
}

static struct loop_timer **place_of(const struct loop_timer *timer)
{
	struct loop_timer **t = &timers;

	while (*t && *t != timer)
		t = &(*t)->next;
	return t;
}

bool fuzz_timers_armed(const void *ctx)
{
	const struct loop_timer *t = timers;

	while (t && t->ctx != ctx)
		t = t->next;
	return t;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **t = place_of(timer);

	if (*t)
		*t = timer->next;
	timer->next = NULL;
	timer->deadline_ns = 0;
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t delay_ns)
{
	struct loop_timer **t = &timers;

	loop_timer_cancel(loop, timer);
	timer->deadline_ns = clock_ns + delay_ns;
	while (*t && (*t)->deadline_ns <= timer->deadline_ns)
		t = &(*t)->next;
	timer->next = *t;
	*t = timer;
}

void fuzz_timers_run(void)
{
	struct loop_timer *t;
	unsigned int n = 0;

	for (t = timers; t; t = t->next) {
		clock_ns = t->deadline_ns;
		n++;
	}
	/* One that arms itself again at no delay would never end. */
	while (n-- > 0 && (t = timers) && t->deadline_ns <= clock_ns) {
		loop_timer_cancel(NULL, t);
		t->fn(t->ctx);
	}
}

void fuzz_timers_reset(void)
{
	timers = NULL;
	clock_ns = 1;
}
