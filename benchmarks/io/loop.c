// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/loop.h"

#include <errno.h>
#include <string.h>

#include "benchmarks/io/record.h"
#include "lib/log.h"

/* How long an open loop sleeps before it looks whether the run is over. */
#define LOOK_NS		100000000ull

static bool goes_on(struct io_thread *t, const struct io_pass *pass, uint64_t now)
{
	if (bench_stopped() || atomic_load_explicit(&t->io->over, memory_order_relaxed))
		return false;
	return !pass->limited || load_worker_goes_on(t->worker, now);
}

static void give_back(struct io_thread *t, struct io_req *req)
{
	t->idle[t->idles++] = req;
}

/* @req was made but will not be started. */
static void cancel(struct io_thread *t, const struct io_pass *pass, struct io_req *req)
{
	req->res = -ECANCELED;
	if (pass->done)
		pass->done(t, req);
	give_back(t, req);
}

/* The next request, made, or NULL. *@more becomes false when there are no more. */
static struct io_req *take(struct io_thread *t, const struct io_pass *pass, bool *more)
{
	struct io_req *req;
	int ret;

	if (!t->idles)
		return NULL;
	req = t->idle[--t->idles];
	req->done = 0;
	req->chain = 0;
	ret = pass->next(t, req);
	if (ret > 0)
		return req;
	give_back(t, req);
	*more = *more && ret;
	return NULL;
}

static void start(struct io_thread *t, struct io_req *req, uint64_t intended, uint64_t now)
{
	req->intended = intended;
	req->begin = now;
	t->engine->queue(t, req);
	t->inflight++;
	t->issued++;
}

/* Errors after which each further request would fail as well. */
static bool is_fatal(int error)
{
	return error == ENODEV || error == ENXIO || error == ENOSPC || error == EOPNOTSUPP ||
	       error == EBADF || error == ENOMEDIUM || error == EROFS;
}

static void say_first(struct io_thread *t, const struct io_req *req, int error)
{
	struct io_bench *io = t->io;

	if (atomic_exchange(&io->said, true))
		return;
	/* A hole of a file can be read without its disk: the probe did not see it. */
	if (error == EOPNOTSUPP)
		atomic_store(&io->refused, true);
	if (error == EOPNOTSUPP && io->poll)
		az_env("--poll: %s cannot be polled: its driver has no poll queues", io->file);
	else
		az_err("%s of %s at byte %llu: %s", io_op_name(req->op), io->file,
		       (unsigned long long)req->offset,
		       error == ENODATA ? "the end of the file came too early" :
					  strerror(error));
}

static void failed(struct io_thread *t, const struct io_req *req, int error)
{
	say_first(t, req, error);
	io_errors_add(&t->errors, req->op, error, req->offset);
	io_record_lost(t, req);
	if (is_fatal(error) || (t->io->max_errors && t->errors.total >= t->io->max_errors))
		atomic_store(&t->io->over, true);
}

/*
 * Is there something of @req left to do? A short transfer goes on behind what was
 * moved, and what the kernel could not take just now is done again.
 */
static bool goes_again(struct io_thread *t, struct io_req *req)
{
	if (req->op == IO_SYNC || req->op == IO_TRIM)
		return false;
	if (req->res == -EINTR || req->res == -EAGAIN) {
		t->resubmitted++;
		return !bench_stopped();
	}
	if (req->res > 0 && req->done + (uint32_t)req->res < req->len) {
		req->done += (uint32_t)req->res;
		t->resubmitted++;
		return true;
	}
	if (!req->res)
		req->res = -ENODATA;
	return false;
}

/* After which writes a sync follows, in the same slot. */
static bool wants_sync(struct io_thread *t, const struct io_req *req)
{
	uint64_t every = t->io->fsync ? t->io->fsync : t->io->fdatasync;

	if (!every || req->op != IO_WRITE || req->res < 0 || ++t->since_sync < every)
		return false;
	t->since_sync = 0;
	return true;
}

static void complete(struct io_thread *t, const struct io_pass *pass, struct io_req *req)
{
	if (goes_again(t, req)) {
		t->engine->queue(t, req);
		return;
	}
	if (req->res < 0)
		failed(t, req, -req->res);
	else if (pass->measured)
		io_record(t, req);
	if (pass->done)
		pass->done(t, req);
	if (pass->measured && wants_sync(t, req)) {
		req->chain = req->intended;
		req->op = IO_SYNC;
		req->intended = t->seen;
		req->begin = t->seen;
		t->engine->queue(t, req);
		return;
	}
	t->inflight--;
	give_back(t, req);
}

static void go(struct io_thread *t, const struct io_pass *pass, uint64_t until)
{
	unsigned int i, n;

	t->engine->go(t, until);
	n = t->engine->reap(t, t->batch, t->depth);
	for (i = 0; i < n; i++)
		complete(t, pass, t->batch[i]);
}

void io_loop_closed(struct io_thread *t, const struct io_pass *pass)
{
	struct io_req *req;
	bool more = true;
	unsigned int i, n;
	uint64_t now;

	t->seen = t->clock->now();
	for (;;) {
		n = 0;
		/* All are made first: the time that takes is not the device's. */
		while (more && (req = take(t, pass, &more))) {
			more = goes_on(t, pass, t->seen);
			if (more)
				t->batch[n++] = req;
			else
				cancel(t, pass, req);
		}
		now = n ? t->clock->now() : 0;
		for (i = 0; i < n; i++)
			start(t, t->batch[i], now, now);
		if (!t->inflight)
			return;
		go(t, pass, 0);
	}
}

struct open_loop {
	struct io_req *ready;	/* made in advance, not yet due */
	uint64_t next;		/* when it is */
	bool more;
};

/* Starts all that is due. */
static void start_due(struct io_thread *t, const struct io_pass *pass, struct open_loop *loop)
{
	uint64_t now;

	while (loop->more) {
		if (!loop->ready)
			loop->ready = take(t, pass, &loop->more);
		now = t->clock->now();
		if (bench_stopped())
			loop->more = false;
		if (!loop->ready || !loop->more || loop->next > now)
			return;
		loop->more = goes_on(t, pass, loop->next);
		if (!loop->more)
			return;
		start(t, loop->ready, loop->next, now);
		loop->ready = NULL;
		loop->next = load_schedule_next(&t->worker->schedule);
	}
}

static uint64_t next_look(struct io_thread *t, const struct open_loop *loop)
{
	uint64_t look = t->clock->now() + LOOK_NS;

	return loop->next < look ? loop->next : look;
}

/*
 * The end. All that was due before it is sent, unless the run had to be ended
 * with requests waiting for a slot: these are counted and not forgotten.
 */
static void end_open(struct io_thread *t, const struct io_pass *pass, struct open_loop *loop)
{
	uint64_t now = t->clock->now();

	if (loop->ready)
		cancel(t, pass, loop->ready);
	loop->ready = NULL;
	if (!load_worker_over(t->worker) && !bench_stopped() && !atomic_load(&t->io->over))
		return;
	if (t->io->bench.duration && now > t->worker->start_ns + t->io->bench.duration)
		now = t->worker->start_ns + t->io->bench.duration;
	for (; loop->next <= now; loop->next = load_schedule_next(&t->worker->schedule))
		t->unsent++;
}

void io_loop_open(struct io_thread *t, const struct io_pass *pass)
{
	struct open_loop loop = { .more = true };
	bool ended = false;

	loop.next = load_schedule_next(&t->worker->schedule);
	for (;;) {
		start_due(t, pass, &loop);
		if (!loop.more && !ended) {
			end_open(t, pass, &loop);
			ended = true;
		}
		if (t->inflight)
			go(t, pass, loop.ready ? loop.next : 0);
		else if (loop.more)
			t->clock->wait_until(next_look(t, &loop));
		else
			return;
	}
}
