// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/loop.h"

#define N_POSTS	20000
#define MS	1000000ull

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* ---- calls ---------------------------------------------------------------- */

struct sender {
	struct loop *loop;
	unsigned int next;	/* on the loop */
	bool out_of_order;
};

struct numbered {
	struct sender *sender;
	unsigned int n;
};

static void take_number(void *ctx)
{
	struct numbered *m = ctx;

	if (m->n != m->sender->next++)
		m->sender->out_of_order = true;
	free(m);
}

static void *send_numbers(void *arg)
{
	struct sender *s = arg;
	struct numbered *m;
	unsigned int i;

	for (i = 0; i < N_POSTS; i++) {
		m = malloc(sizeof(*m));
		*m = (struct numbered){ s, i };
		assert_int_equal(loop_post(s->loop, take_number, m), 0);
	}
	return NULL;
}

static void nothing(void *ctx)
{
}

static void test_posts_keep_order(void **state)
{
	struct loop *loop = loop_start("order");
	struct sender s[3];
	pthread_t t[3];
	int i;

	for (i = 0; i < 3; i++) {
		s[i] = (struct sender){ .loop = loop };
		pthread_create(&t[i], NULL, send_numbers, &s[i]);
	}
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	loop_call(loop, nothing, NULL);
	for (i = 0; i < 3; i++) {
		assert_int_equal(s[i].next, N_POSTS);
		assert_false(s[i].out_of_order);
	}
	loop_stop(loop);
}

struct nested {
	struct loop *loop;
	bool current, inner;
};

static void inner(void *ctx)
{
	struct nested *n = ctx;

	n->inner = true;
}

static void outer(void *ctx)
{
	struct nested *n = ctx;

	n->current = loop_is_current(n->loop);
	loop_call(n->loop, inner, n);
	assert_true(n->inner);
}

static void test_call_on_own_thread(void **state)
{
	struct nested n = { .loop = loop_start("a-name-longer-than-15-bytes") };

	assert_non_null(n.loop);
	assert_false(loop_is_current(n.loop));
	loop_call(n.loop, outer, &n);
	assert_true(n.current);
	assert_true(n.inner);
	loop_stop(n.loop);
}

static void wait_for(void *ctx)
{
	sem_wait(ctx);
}

static void post_more(void *ctx)
{
	struct sender *s = ctx;
	struct numbered *m = malloc(sizeof(*m));

	*m = (struct numbered){ s, N_POSTS };
	assert_int_equal(loop_post(s->loop, take_number, m), 0);
}

static void *stop_thread(void *arg)
{
	loop_stop(arg);
	return NULL;
}

/* What was queued before loop_stop() still runs, and what that queues as well. */
static void test_stop_drains(void **state)
{
	struct sender s = { .loop = loop_start("drain") };
	pthread_t stopper;
	sem_t gate;

	sem_init(&gate, 0, 0);
	loop_post(s.loop, wait_for, &gate);
	send_numbers(&s);
	loop_post(s.loop, post_more, &s);
	pthread_create(&stopper, NULL, stop_thread, s.loop);
	sem_post(&gate);
	pthread_join(stopper, NULL);
	assert_int_equal(s.next, N_POSTS + 1);
	assert_false(s.out_of_order);
	sem_destroy(&gate);
	loop_stop(NULL);
}

/* ---- timers --------------------------------------------------------------- */

struct timed {
	struct loop *loop;
	struct loop_timer timer[4];
	uint64_t started, fired_at[4];
	int order[8], n;
	sem_t done;
};

static void fired(struct timed *t, int i)
{
	t->fired_at[i] = now_ns();
	t->order[t->n++] = i;
	sem_post(&t->done);
}

static void fire0(void *ctx)
{
	fired(ctx, 0);
}

static void fire1(void *ctx)
{
	fired(ctx, 1);
}

static void fire2(void *ctx)
{
	struct timed *t = ctx;

	/* Cancelling in a callback, even what is due in the same turn. */
	loop_timer_cancel(t->loop, &t->timer[3]);
	loop_timer_cancel(t->loop, &t->timer[3]);
	fired(t, 2);
}

static void never(void *ctx)
{
	fail_msg("a cancelled timer fired");
}

static void arm_four(void *ctx)
{
	static const loop_fn fn[4] = { fire0, fire1, fire2, never };
	struct timed *t = ctx;
	int i;

	t->started = now_ns();
	for (i = 0; i < 4; i++) {
		t->timer[i].fn = fn[i];
		t->timer[i].ctx = t;
	}
	loop_timer_arm(t->loop, &t->timer[3], 3 * MS);
	loop_timer_arm(t->loop, &t->timer[0], 9 * MS);
	loop_timer_arm(t->loop, &t->timer[1], 1 * MS);
	loop_timer_arm(t->loop, &t->timer[2], 2 * MS);
	/* Arming again replaces: later for this one, now last. */
	loop_timer_arm(t->loop, &t->timer[1], 20 * MS);
	loop_timer_arm(t->loop, &t->timer[3], 2 * MS);
	assert_true(t->timer[3].deadline_ns != 0);
}

static void test_timer_order(void **state)
{
	struct timed t = { .loop = loop_start("timers") };
	int i;

	sem_init(&t.done, 0, 0);
	loop_call(t.loop, arm_four, &t);
	for (i = 0; i < 3; i++)
		sem_wait(&t.done);
	loop_stop(t.loop);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.order[0], 2);
	assert_int_equal(t.order[1], 0);
	assert_int_equal(t.order[2], 1);
	assert_true(t.fired_at[2] >= t.started + 2 * MS);
	assert_true(t.fired_at[0] >= t.started + 9 * MS);
	assert_true(t.fired_at[1] >= t.started + 20 * MS);
	assert_int_equal(t.timer[0].deadline_ns, 0);
	sem_destroy(&t.done);
}

struct ticking {
	struct loop *loop;
	struct loop_timer timer, far;
	unsigned int n;
	sem_t done;
};

static void tick(void *ctx)
{
	struct ticking *t = ctx;

	if (++t->n == 1000)
		sem_post(&t->done);
	else
		loop_timer_arm(t->loop, &t->timer, 0);
}

static void start_ticking(void *ctx)
{
	struct ticking *t = ctx;

	t->timer = (struct loop_timer){ .fn = tick, .ctx = t };
	t->far = (struct loop_timer){ .fn = never };
	loop_timer_arm(t->loop, &t->far, UINT64_MAX);
	loop_timer_arm(t->loop, &t->timer, 0);
}

/* A timer that arms itself for "now" does not keep the loop from anything else. */
static void test_timer_arms_itself(void **state)
{
	struct ticking t = { .loop = loop_start("ticks") };

	sem_init(&t.done, 0, 0);
	loop_call(t.loop, start_ticking, &t);
	loop_call(t.loop, nothing, NULL);
	sem_wait(&t.done);
	loop_stop(t.loop);
	assert_int_equal(t.n, 1000);
	sem_destroy(&t.done);
}

/* ---- descriptors ---------------------------------------------------------- */

struct pipes {
	struct loop *loop;
	int fd[2][2];
	int calls;
	int ret[6];
	uint32_t events;
	sem_t done;
};

/* Whichever comes first takes both away; the event of the other was fetched already. */
static void take_both_away(void *ctx, uint32_t events)
{
	struct pipes *p = ctx;
	int i;

	p->calls++;
	for (i = 0; i < 2; i++) {
		loop_unwatch(p->loop, p->fd[i][0]);
		loop_unwatch(p->loop, p->fd[i][0]);
	}
	sem_post(&p->done);
}

static void watch_both(void *ctx)
{
	struct pipes *p = ctx;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(write(p->fd[i][1], "x", 1), 1);
		p->ret[i] = loop_watch(p->loop, p->fd[i][0], EPOLLIN, take_both_away, p);
	}
	p->ret[2] = loop_watch(p->loop, p->fd[0][0], EPOLLIN, take_both_away, p);
	p->ret[3] = loop_rewatch(p->loop, 0, EPOLLIN);
	p->ret[4] = loop_watch(p->loop, -1, EPOLLIN, take_both_away, p);
}

static void test_unwatch_fetched_event(void **state)
{
	struct pipes p = { .loop = loop_start("fds") };
	int i;

	sem_init(&p.done, 0, 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pipe(p.fd[i]), 0);
	loop_call(p.loop, watch_both, &p);
	sem_wait(&p.done);
	for (i = 0; i < 3; i++)
		loop_call(p.loop, nothing, NULL);
	loop_stop(p.loop);
	assert_int_equal(p.calls, 1);
	assert_int_equal(p.ret[0], 0);
	assert_int_equal(p.ret[1], 0);
	assert_int_equal(p.ret[2], -EEXIST);
	assert_int_equal(p.ret[3], -ENOENT);
	assert_int_equal(p.ret[4], -EBADF);
	for (i = 0; i < 2; i++) {
		close(p.fd[i][0]);
		close(p.fd[i][1]);
	}
	sem_destroy(&p.done);
}

static void on_event(void *ctx, uint32_t events)
{
	struct pipes *p = ctx;

	p->events = events;
	p->ret[1] = loop_rewatch(p->loop, p->fd[0][1], 0);
	sem_post(&p->done);
}

static void watch_writable(void *ctx)
{
	struct pipes *p = ctx;

	p->ret[0] = loop_watch(p->loop, p->fd[0][1], EPOLLOUT, on_event, p);
}

static void test_rewatch(void **state)
{
	struct pipes p = { .loop = loop_start("fds") };
	int waiting;

	sem_init(&p.done, 0, 0);
	assert_int_equal(pipe(p.fd[0]), 0);
	loop_call(p.loop, watch_writable, &p);
	sem_wait(&p.done);
	loop_call(p.loop, nothing, NULL);
	sem_getvalue(&p.done, &waiting);
	assert_int_equal(waiting, 0);
	/* Still watched when the loop stops, and unwatched without being asked to. */
	loop_stop(p.loop);
	assert_int_equal(p.ret[0], 0);
	assert_int_equal(p.ret[1], 0);
	assert_int_equal(p.events, EPOLLOUT);
	close(p.fd[0][0]);
	close(p.fd[0][1]);
	sem_destroy(&p.done);
}

/* ---- idle ----------------------------------------------------------------- */

/* Voluntary switches of the loop's thread: each sleep is one. */
static void count_sleeps(void *ctx)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	*(long *)ctx = usage.ru_nvcsw;
}

static void test_idle_sleeps(void **state)
{
	struct ticking t = { .loop = loop_start("idle") };
	struct timespec nap = { .tv_nsec = 50 * MS };
	long before, after;

	sem_init(&t.done, 0, 0);
	loop_call(t.loop, start_ticking, &t);
	sem_wait(&t.done);
	loop_call(t.loop, count_sleeps, &before);
	nanosleep(&nap, NULL);
	loop_call(t.loop, count_sleeps, &after);
	assert_true(after - before <= 3);
	loop_stop(t.loop);
	sem_destroy(&t.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_posts_keep_order),
		cmocka_unit_test(test_call_on_own_thread),
		cmocka_unit_test(test_stop_drains),
		cmocka_unit_test(test_timer_order),
		cmocka_unit_test(test_timer_arms_itself),
		cmocka_unit_test(test_unwatch_fetched_event),
		cmocka_unit_test(test_rewatch),
		cmocka_unit_test(test_idle_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
