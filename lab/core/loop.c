// SPDX-License-Identifier: GPL-2.0-only
#include "core/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_WAIT	16

/* A call from another thread. @done is set for loop_call(): the caller owns it and waits. */
struct call {
	loop_fn fn;
	void *ctx;
	sem_t *done;
	struct call *next;
};

struct watch {
	int fd;
	loop_fd_fn fn;		/* NULL once unwatched */
	void *ctx;
	struct watch *next;
};

/*
 * @lock guards the queue of calls and @stopping, nothing else. The eventfd is
 * written only when the queue was empty and the writer is another thread: the
 * loop looks at the queue under the lock before each sleep.
 */
struct loop {
	pthread_t thread;
	int epoll_fd, timer_fd, event_fd;
	char name[16];

	pthread_mutex_t lock;
	struct call *calls, **calls_end;
	bool stopping;

	struct watch *watches;
	struct watch *dead;		/* unwatched, an event may still point here */
	struct loop_timer *timers;	/* by deadline; first armed first among equals */
	uint64_t programmed_ns;		/* what timer_fd is set to, 0: nothing */
	struct watch timer_watch;
};

static __thread const struct loop *current_loop;

uint64_t loop_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* ---- calls from other threads --------------------------------------------- */

static void wake(struct loop *loop)
{
	const uint64_t one = 1;

	/* Cannot fail: the counter would have to reach 2^64 - 1. */
	if (write(loop->event_fd, &one, sizeof(one)) < 0)
		abort();
}

static void enqueue(struct loop *loop, struct call *call)
{
	bool was_empty;

	call->next = NULL;
	pthread_mutex_lock(&loop->lock);
	was_empty = !loop->calls;
	*loop->calls_end = call;
	loop->calls_end = &call->next;
	pthread_mutex_unlock(&loop->lock);
	if (was_empty && !loop_is_current(loop))
		wake(loop);
}

/* Run what is queued now; calls queued by these wait for the next turn. */
static void run_calls(struct loop *loop)
{
	struct call *call, *next;

	pthread_mutex_lock(&loop->lock);
	call = loop->calls;
	loop->calls = NULL;
	loop->calls_end = &loop->calls;
	pthread_mutex_unlock(&loop->lock);

	for (; call; call = next) {
		next = call->next;
		call->fn(call->ctx);
		if (call->done)
			sem_post(call->done);
		else
			free(call);
	}
}

void loop_call(struct loop *loop, loop_fn fn, void *ctx)
{
	struct call call = { .fn = fn, .ctx = ctx };
	sem_t done;

	if (loop_is_current(loop)) {
		fn(ctx);
		return;
	}
	sem_init(&done, 0, 0);
	call.done = &done;
	enqueue(loop, &call);
	while (sem_wait(&done) && errno == EINTR)
		;
	sem_destroy(&done);
}

int loop_post(struct loop *loop, loop_fn fn, void *ctx)
{
	struct call *call = malloc(sizeof(*call));

	if (!call)
		return -ENOMEM;
	*call = (struct call){ .fn = fn, .ctx = ctx };
	enqueue(loop, call);
	return 0;
}

/* ---- descriptors ---------------------------------------------------------- */

static struct watch **find_watch(struct loop *loop, int fd)
{
	struct watch **w;

	for (w = &loop->watches; *w; w = &(*w)->next)
		if ((*w)->fd == fd)
			break;
	return w;
}

static int epoll_set(struct loop *loop, int op, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(loop->epoll_fd, op, w->fd, &ev) ? -errno : 0;
}

int loop_watch(struct loop *loop, int fd, uint32_t epoll_events, loop_fd_fn fn, void *ctx)
{
	struct watch *w;
	int ret;

	assert(loop_is_current(loop));
	w = malloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct watch){ .fd = fd, .fn = fn, .ctx = ctx, .next = loop->watches };
	ret = epoll_set(loop, EPOLL_CTL_ADD, w, epoll_events);
	if (ret) {
		free(w);
		return ret;
	}
	loop->watches = w;
	return 0;
}

int loop_rewatch(struct loop *loop, int fd, uint32_t epoll_events)
{
	struct watch *w;

	assert(loop_is_current(loop));
	w = *find_watch(loop, fd);
	return w ? epoll_set(loop, EPOLL_CTL_MOD, w, epoll_events) : -ENOENT;
}

void loop_unwatch(struct loop *loop, int fd)
{
	struct watch **link, *w;

	assert(loop_is_current(loop));
	link = find_watch(loop, fd);
	w = *link;
	if (!w)
		return;
	epoll_set(loop, EPOLL_CTL_DEL, w, 0);
	*link = w->next;
	w->fn = NULL;
	w->next = loop->dead;
	loop->dead = w;
}

static void free_watches(struct watch **list)
{
	struct watch *w;

	while ((w = *list)) {
		*list = w->next;
		free(w);
	}
}

/* ---- timers --------------------------------------------------------------- */

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **t;

	assert(loop_is_current(loop));
	if (!timer->deadline_ns)
		return;
	for (t = &loop->timers; *t && *t != timer; t = &(*t)->next)
		;
	if (*t)
		*t = timer->next;
	timer->next = NULL;
	timer->deadline_ns = 0;
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t delay_ns)
{
	uint64_t now = loop_now_ns();
	struct loop_timer **t;

	loop_timer_cancel(loop, timer);
	/* At least 1 ns, so that a timer that arms itself again ends its turn. */
	delay_ns = delay_ns ? delay_ns : 1;
	timer->deadline_ns = delay_ns < INT64_MAX - now ? now + delay_ns : INT64_MAX;
	for (t = &loop->timers; *t && (*t)->deadline_ns <= timer->deadline_ns; t = &(*t)->next)
		;
	timer->next = *t;
	*t = timer;
}

/* Forget the expiry, so that a timer which is a rounding error too young is programmed again. */
static void on_expiry(void *ctx, uint32_t events)
{
	struct loop *loop = ctx;

	loop->programmed_ns = 0;
}

static void run_timers(struct loop *loop)
{
	struct loop_timer *t;
	uint64_t now;

	if (!loop->timers)
		return;
	now = loop_now_ns();
	while ((t = loop->timers) && t->deadline_ns <= now) {
		loop->timers = t->next;
		t->next = NULL;
		t->deadline_ns = 0;
		t->fn(t->ctx);
	}
}

/* Once a turn, so that arming and cancelling cost no system call each. */
static void program_timer(struct loop *loop)
{
	uint64_t deadline = loop->timers ? loop->timers->deadline_ns : 0;
	struct itimerspec its = {
		.it_value.tv_sec = deadline / 1000000000,
		.it_value.tv_nsec = deadline % 1000000000,
	};

	if (deadline == loop->programmed_ns)
		return;
	loop->programmed_ns = deadline;
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/* ---- the thread ----------------------------------------------------------- */

/* Milliseconds to sleep for epoll_wait(): 0 when calls wait; -EINTR: stop. */
static int next_wait(struct loop *loop)
{
	int wait = -1;

	pthread_mutex_lock(&loop->lock);
	if (loop->calls)
		wait = 0;
	else if (loop->stopping)
		wait = -EINTR;
	pthread_mutex_unlock(&loop->lock);
	return wait;
}

static bool is_stopping(struct loop *loop)
{
	bool stopping;

	pthread_mutex_lock(&loop->lock);
	stopping = loop->stopping;
	pthread_mutex_unlock(&loop->lock);
	return stopping;
}

static void run_events(struct loop *loop, const struct epoll_event *ev, int n)
{
	struct watch *w;
	int i;

	for (i = 0; i < n; i++) {
		w = ev[i].data.ptr;
		/* NULL is the eventfd, which only wakes the loop up. */
		if (w && w->fn)
			w->fn(w->ctx, ev[i].events);
	}
	free_watches(&loop->dead);
}

static void *loop_main(void *arg)
{
	struct epoll_event ev[EVENTS_PER_WAIT];
	struct loop *loop = arg;
	int wait, n;

	current_loop = loop;
	for (;;) {
		run_calls(loop);
		wait = next_wait(loop);
		if (wait == -EINTR)
			break;
		program_timer(loop);
		n = epoll_wait(loop->epoll_fd, ev, EVENTS_PER_WAIT, wait);
		if (is_stopping(loop))
			continue;
		run_events(loop, ev, n);
		run_timers(loop);
	}
	return NULL;
}

/* Edge-triggered: each write or expiry wakes the loop once and nothing has to be read. */
static int add_own_fd(struct loop *loop, int fd, struct watch *w)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = w };

	if (fd < 0)
		return -1;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void loop_free(struct loop *loop)
{
	free_watches(&loop->watches);
	free_watches(&loop->dead);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->event_fd >= 0)
		close(loop->event_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

/* Signals are for the main thread and the vCPUs, so the new thread starts with none. */
static int start_thread(struct loop *loop)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&loop->thread, NULL, loop_main, loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		errno = err;
		return -1;
	}
	pthread_setname_np(loop->thread, loop->name);
	return 0;
}

struct loop *loop_start(const char *name)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return NULL;
	snprintf(loop->name, sizeof(loop->name), "%s", name);
	pthread_mutex_init(&loop->lock, NULL);
	loop->calls_end = &loop->calls;
	loop->timer_watch = (struct watch){ .fn = on_expiry, .ctx = loop };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || add_own_fd(loop, loop->timer_fd, &loop->timer_watch) ||
	    add_own_fd(loop, loop->event_fd, NULL) || start_thread(loop)) {
		err = errno;
		loop_free(loop);
		errno = err;
		return NULL;
	}
	return loop;
}

void loop_stop(struct loop *loop)
{
	if (!loop)
		return;
	assert(!loop_is_current(loop));
	pthread_mutex_lock(&loop->lock);
	loop->stopping = true;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
	pthread_join(loop->thread, NULL);
	loop_free(loop);
}

bool loop_is_current(const struct loop *loop)
{
	return current_loop == loop;
}
