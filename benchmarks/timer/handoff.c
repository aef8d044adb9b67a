// SPDX-License-Identifier: GPL-2.0-only
/*
 * From FUTEX_WAKE in one thread to the return of FUTEX_WAIT in another, one at a
 * time: the first waits for the answer, then sleeps until the next period.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "benchmarks/timer/timer.h"
#include "lib/clock.h"
#include "lib/log.h"

struct handoff {
	const struct timer_bench *timer;
	pthread_t thread;
	bool started;
	int cpu;
	int ret;		/* of the other thread's preparation */
	/* Each on its own cache line, so that one store makes one miss. */
	_Alignas(64) uint32_t post;	/* the other thread waits for a change */
	_Alignas(64) uint32_t answer;	/* becomes what post was, when @woken is set */
	uint64_t woken;
	int stop;
};

static void futex_wait(const uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static int prepare(struct handoff *h)
{
	cpu_set_t set;

	if (h->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(h->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			return az_env("--to-cpu: cannot run on CPU %d: %s", h->cpu,
				      strerror(errno));
	}
	return timer_sched_apply(&h->timer->sched, h->timer->period);
}

static void *wait_for_posts(void *arg)
{
	struct handoff *h = arg;
	uint32_t seen = 0;

	h->ret = prepare(h);
	/* The first answer says that it is ready. */
	__atomic_store_n(&h->answer, 1, __ATOMIC_RELEASE);
	futex_wake(&h->answer);
	while (!h->ret) {
		while (load(&h->post) == seen)
			futex_wait(&h->post, seen);
		h->woken = az_clock_ns();
		if (__atomic_load_n(&h->stop, __ATOMIC_RELAXED))
			break;
		seen = load(&h->post);
		__atomic_store_n(&h->answer, seen + 1, __ATOMIC_RELEASE);
		futex_wake(&h->answer);
	}
	return NULL;
}

/* Usually there at once. Returns 0, or -EINTR when the run is over. */
static int wait_for_answer(const struct load_worker *w, const struct handoff *h, uint32_t want)
{
	uint32_t now;

	while ((now = load(&h->answer)) != want) {
		if (load_worker_over(w))
			return -EINTR;
		futex_wait(&h->answer, now);
	}
	return 0;
}

int timer_futex_setup(struct load_worker *w)
{
	const struct timer_bench *timer = w->run->priv;
	struct handoff *h = aligned_alloc(64, sizeof(*h));
	int rc;

	if (!h)
		return az_env("out of memory");
	memset(h, 0, sizeof(*h));
	h->timer = timer;
	h->cpu = timer->to_cpu ? (int)timer->to : w->cpu;
	w->priv = h;
	rc = pthread_create(&h->thread, NULL, wait_for_posts, h);
	if (rc)
		return az_env("cannot start a thread: %s", strerror(rc));
	h->started = true;
	while (load(&h->answer) != 1)
		futex_wait(&h->answer, 0);
	return h->ret ? h->ret : timer_sched_apply(&timer->sched, timer->period);
}

void timer_futex_teardown(struct load_worker *w)
{
	struct handoff *h = w->priv;

	if (!h)
		return;
	if (h->started) {
		__atomic_store_n(&h->stop, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&h->post, 1, __ATOMIC_RELEASE);
		futex_wake(&h->post);
		pthread_join(h->thread, NULL);
	}
	free(h);
	w->priv = NULL;
}

int timer_futex_worker(struct load_worker *w)
{
	struct handoff *h = w->priv;
	uint64_t at = load_schedule_next(&w->schedule), posted = 0;
	uint32_t turn = 0;

	for (; load_worker_goes_on(w, at); at = load_schedule_next(&w->schedule)) {
		if (az_clock_ns() > at)
			recorder_count(w->rec, TIMER_OVERRUNS, 1);
		if (timer_sleep(w, at))
			break;
		recorder_add(w->rec, TIMER_SECOND, az_clock_ns() - at);
		posted = az_clock_ns();
		__atomic_store_n(&h->post, ++turn, __ATOMIC_RELEASE);
		futex_wake(&h->post);
		if (wait_for_answer(w, h, turn + 1))
			break;
		/* The thread may run before FUTEX_WAKE returns, but not before the post. */
		recorder_sample(w->rec, at, h->woken - posted, 0);
	}
	return AZ_EXIT_OK;
}
