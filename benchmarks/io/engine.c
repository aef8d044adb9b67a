// SPDX-License-Identifier: GPL-2.0-only
/* The engines by name, and the memory of a thread. */
#include "benchmarks/io/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/io/block.h"
#include "lib/clock.h"
#include "lib/log.h"

const struct io_engine *io_engine_find(const char *name, unsigned int depth)
{
	static const struct io_engine *const engines[] = {
		&io_engine_sync, &io_engine_preadv2, &io_engine_uring,
	};
	size_t i;

	if (!strcmp(name, "auto"))
		return depth > 1 ? &io_engine_uring : &io_engine_sync;
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(name, engines[i]->name))
			return engines[i];
	return NULL;
}

static void real_wait(uint64_t ns)
{
	load_wait_until(ns);
}

const struct io_clock io_real_clock = { az_clock_ns, real_wait };

static size_t buffer_size(const struct io_bench *io)
{
	return (io->sizes.max + IO_BUFFER_ALIGN - 1) & ~(size_t)(IO_BUFFER_ALIGN - 1);
}

static int alloc(struct io_thread *t)
{
	size_t bytes = t->span * t->depth;

	t->reqs = calloc(t->depth, sizeof(*t->reqs));
	t->idle = calloc(t->depth, sizeof(*t->idle));
	t->batch = calloc(t->depth, sizeof(*t->batch));
	t->buffers = aligned_alloc(IO_BUFFER_ALIGN, bytes);
	if (!t->reqs || !t->idle || !t->batch || !t->buffers)
		return az_env("out of memory for %u requests of %u bytes; use a lower --depth",
			      t->depth, t->io->sizes.max);
	/* Touched now: a page fault must not fall into a measured request. */
	memset(t->buffers, 0, bytes);
	return 0;
}

int io_thread_init(struct io_thread *t, struct io_bench *io, unsigned int index,
		   unsigned int depth)
{
	unsigned int i;
	int ret;

	memset(t, 0, sizeof(*t));
	t->io = io;
	t->index = index;
	t->engine = io->engine;
	t->clock = &io_real_clock;
	t->depth = depth;
	/* What is read must not take the place of what is to be written. */
	t->span = buffer_size(io) * (io->mode == IO_MODE_MIXED ? 2 : 1);
	ret = alloc(t);
	if (ret)
		return ret;
	for (i = t->depth; i--; ) {
		t->reqs[i].slot = i;
		t->reqs[i].read_buf = t->buffers + t->span * i;
		t->reqs[i].write_buf = t->reqs[i].read_buf + t->span - buffer_size(io);
		t->reqs[i].buf = t->reqs[i].read_buf;
		t->idle[t->idles++] = &t->reqs[i];
		/* Requests of less than max bytes are filled when they are made. */
		if (io_writes(io))
			io_block_fill(t->reqs[i].write_buf, io->sizes.max, io->bench.seed,
				      (uint64_t)index << 32 | i);
	}
	return 0;
}

void io_thread_free(struct io_thread *t)
{
	free(t->buffers);
	free(t->batch);
	free(t->idle);
	free(t->reqs);
	memset(t, 0, sizeof(*t));
}
