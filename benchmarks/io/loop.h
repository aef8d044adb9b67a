/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests in closed and in open loop, whatever the engine and whatever for. */
#ifndef AZ_BENCHMARKS_IO_LOOP_H
#define AZ_BENCHMARKS_IO_LOOP_H

#include "benchmarks/io/engine.h"

/* What is to be done: one run of requests. */
struct io_pass {
	/*
	 * Makes @req: op, offset, len, and the contents of a write. Returns 1; 0
	 * when there are no more; -EAGAIN when the next has to wait until one of
	 * those in flight is complete.
	 */
	int (*next)(struct io_thread *t, struct io_req *req);
	/* @req is complete, req->res < 0 when it failed. May be NULL. */
	void (*done)(struct io_thread *t, struct io_req *req);
	bool measured;	/* it is recorded */
	bool limited;	/* --count and --duration end it, as a signal always does */
};

/*
 * Keeps up to t->depth requests in flight until the pass ends, in a closed loop
 * or at the intended times of t->worker->schedule. All are complete when they
 * return. What fails goes into t->errors; what ends the run (the device is
 * gone, full, or too many errors) also into io->over.
 */
void io_loop_closed(struct io_thread *t, const struct io_pass *pass);
void io_loop_open(struct io_thread *t, const struct io_pass *pass);

#endif
