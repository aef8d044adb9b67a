/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_LOOP_H
#define AZ_LAB_CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An event loop with a thread of its own: epoll for descriptors, one timerfd
 * for all timers, one eventfd for calls from other threads. Everything that a
 * loop calls runs on its thread, so that what one loop owns needs no lock. An
 * idle loop sleeps in the kernel.
 */
struct loop;

typedef void (*loop_fd_fn)(void *ctx, uint32_t epoll_events);
typedef void (*loop_fn)(void *ctx);

/* A timer belongs to the caller; zero it before first use. */
struct loop_timer {
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0 when not armed */
	loop_fn fn;
	void *ctx;
	struct loop_timer *next;
};

/* Create a loop and start its thread (named @name). NULL with errno set on failure. */
struct loop *loop_start(const char *name);

/*
 * Stop the thread after the running callback, join it, free the loop. Calls
 * that were queued before are still run, in their order (nobody waits for ever,
 * what they own is not lost); timers and descriptors are not. Not from the
 * loop's own thread. NULL is harmless.
 */
void loop_stop(struct loop *loop);

/* True on the loop's own thread. */
bool loop_is_current(const struct loop *loop);

/*
 * Run @fn on the loop's thread and wait for it (runs at once on the loop's own
 * thread). Two loops must not call each other: one of the two directions posts.
 */
void loop_call(struct loop *loop, loop_fn fn, void *ctx);

/* Run @fn on the loop's thread soon; calls of one sender keep their order. 0 or -ENOMEM. */
int loop_post(struct loop *loop, loop_fn fn, void *ctx);

/*
 * Watch @fd (level-triggered). The descriptor stays the caller's. These and
 * the timer calls may be used on the loop's own thread only. 0 or -errno.
 */
int loop_watch(struct loop *loop, int fd, uint32_t epoll_events, loop_fd_fn fn, void *ctx);
int loop_rewatch(struct loop *loop, int fd, uint32_t epoll_events);
void loop_unwatch(struct loop *loop, int fd);

/* CLOCK_MONOTONIC, by which timers are armed. */
uint64_t loop_now_ns(void);

/* Arm (again) for @delay_ns from now; cancel is harmless when not armed. */
void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t delay_ns);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

#endif
