/* SPDX-License-Identifier: GPL-2.0-only */
/* How requests reach the kernel, and one thread that sends them. */
#ifndef AZ_BENCHMARKS_IO_ENGINE_H
#define AZ_BENCHMARKS_IO_ENGINE_H

#include "benchmarks/io/errors.h"
#include "benchmarks/io/io.h"
#include "benchmarks/io/pattern.h"

/* Where the time comes from; a test has its own. */
struct io_clock {
	uint64_t (*now)(void);
	void (*wait_until)(uint64_t ns);
};

extern const struct io_clock io_real_clock;

struct io_engine {
	const char *name;
	bool async;	/* more than one request at a time */

	/*
	 * In the thread that will use it. Returns 0, or an exit code after one
	 * line on standard error; close() is called only after 0.
	 */
	int (*open)(struct io_thread *t);
	void (*close)(struct io_thread *t);

	/* Takes one request: op, offset, len, done, buf are set. Cannot fail. */
	void (*queue)(struct io_thread *t, struct io_req *req);

	/*
	 * Submits what is queued and waits for a completion: until @until (ns),
	 * without a limit when that is 0, not at all when it is 1. Returns early
	 * on a signal. Sets t->seen.
	 */
	void (*go)(struct io_thread *t, uint64_t until);

	/* Takes up to @max complete requests, res is set. Returns how many. */
	unsigned int (*reap)(struct io_thread *t, struct io_req **reqs, unsigned int max);
};

extern const struct io_engine io_engine_sync, io_engine_preadv2, io_engine_uring;

/* By name; NULL when there is none. "auto" is sync for depth 1, else io_uring. */
const struct io_engine *io_engine_find(const char *name, unsigned int depth);

struct io_thread {
	struct io_bench *io;
	const struct io_engine *engine;
	const struct io_clock *clock;
	void *state;		/* the engine's */
	unsigned int index, depth;
	struct load_worker *worker;	/* NULL: nothing is recorded */

	struct io_req *reqs;	/* depth of them */
	struct io_req **idle;	/* a stack of those that are free */
	struct io_req **batch;	/* room for reap() */
	unsigned int idles, inflight;
	uint8_t *buffers;	/* depth of @span bytes, aligned */
	size_t span;		/* of a slot: room for sizes.max, twice for a mixed load */
	uint64_t seen;		/* when go() saw what it returned for */

	struct io_pattern pattern;
	uint64_t issued, since_sync;
	struct io_errors errors;
	struct io_verify *verify;	/* of verify.c, or NULL */
	uint64_t bytes_read, bytes_written, resubmitted, would_block, unsent;
	uint64_t ended;		/* ns: the last request was complete */
	bool opened;
};

/*
 * Memory of thread @index for @depth requests; buffers hold valid blocks of the
 * seed already. Returns 0, or AZ_EXIT_ENV after one line. Free it in any case.
 */
int io_thread_init(struct io_thread *t, struct io_bench *io, unsigned int index,
		   unsigned int depth);
void io_thread_free(struct io_thread *t);

#endif
