// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth bench io": from the options to the result. */
#include "benchmarks/io/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/io/describe.h"
#include "benchmarks/io/record.h"
#include "benchmarks/io/target.h"
#include "benchmarks/io/verify.h"
#include "lib/log.h"

static struct io_bench *bench_of(const struct load_run *run)
{
	return run->priv;
}

static bool walks(const struct io_bench *io)
{
	return io->mode == IO_MODE_VERIFY || io->mode == IO_MODE_CHECK;
}

/* In the thread: what belongs to it is made on its CPU and its NUMA node. */
static int setup(struct load_worker *w)
{
	struct io_bench *io = bench_of(w->run);
	struct io_thread *t = &io->threads[w->index];
	/* More than all blocks would write over what is to be read back. */
	uint64_t walk = io->walk && io->walk < io->blocks ? io->walk : io->blocks;
	int ret = io_thread_init(t, io, w->index, io->depth);

	if (ret)
		return ret;
	t->worker = w;
	io_pattern_init(&t->pattern, io, w->index, w->run->threads);
	if (io->verify || walks(io))
		ret = io_verify_init(t, w->run->threads, walk);
	if (!ret)
		ret = t->engine->open(t);
	t->opened = !ret;
	return ret;
}

static void teardown(struct load_worker *w)
{
	struct io_thread *t = &bench_of(w->run)->threads[w->index];

	if (t->opened)
		t->engine->close(t);
	t->opened = false;
}

static int next_request(struct io_thread *t, struct io_req *req)
{
	io_pattern_next(&t->pattern, req);
	/*
	 * The contents were made before the run. A smaller request writes the start of
	 * the same; its length does not fit then, but nothing checks such blocks.
	 */
	req->buf = req->op == IO_WRITE ? req->write_buf : req->read_buf;
	if (req->op == IO_WRITE)
		io_block_place(req->buf, req->offset, t->issued + 1);
	return 1;
}

static const struct io_pass work_pass = { next_request, NULL, true, true };

static bool has_written(const struct io_bench *io)
{
	return io_writes(io) && io->mode != IO_MODE_FLUSH && io->mode != IO_MODE_TRIM;
}

static int work(struct io_thread *t)
{
	const struct io_pass *pass = t->io->verify ? &io_verify_pass : &work_pass;

	if (t->io->load.rate > 0)
		io_loop_open(t, pass);
	else
		io_loop_closed(t, pass);
	t->ended = t->seen;
	/* What the target has not taken yet may still fail. */
	if (has_written(t->io) && !atomic_load(&t->io->over) && fdatasync(t->io->fd)) {
		az_err("flush of %s: %s", t->io->file, strerror(errno));
		io_errors_add(&t->errors, IO_SYNC, errno, 0);
	}
	return t->io->verify && !bench_stopped() ? io_verify_read_back(t) : AZ_EXIT_OK;
}

/*
 * What failed is counted, and told by io_describe() at the end: an exit code from
 * here would end the other threads early.
 */
static int worker(struct load_worker *w)
{
	struct io_bench *io = bench_of(w->run);
	struct io_thread *t = &io->threads[w->index];

	return walks(io) ? io_verify_walk(t, io->mode == IO_MODE_VERIFY) : work(t);
}

static int refused(const struct io_bench *io, int error)
{
	if (io->poll)
		return az_env("--poll: %s cannot be polled: its driver has no poll queues",
			      io->file);
	return az_env("%s: --engine %s cannot read %u bytes from it: %s", io->file,
		      io->engine->name, io->sizes.min, strerror(error));
}

/*
 * One request before the threads start, so that what the kernel or the device
 * refuses altogether is one line and no result.
 */
static int probe(struct io_bench *io)
{
	struct io_thread t;
	struct io_req *req, *done = NULL;
	int ret = io_thread_init(&t, io, 0, 1);

	if (!ret)
		ret = io->engine->open(&t);
	if (ret)
		goto out;
	req = &t.reqs[0];
	req->op = io->mode == IO_MODE_FLUSH ? IO_SYNC : IO_READ;
	req->offset = io->offset;
	req->len = io->sizes.min;
	io->engine->queue(&t, req);
	while (!done && !bench_stopped()) {
		io->engine->go(&t, 0);
		io->engine->reap(&t, &done, 1);
	}
	if (done && (done->res == -EOPNOTSUPP || done->res == -EINVAL))
		ret = refused(io, -done->res);
	io->engine->close(&t);
out:
	io_thread_free(&t);
	return ret;
}

static unsigned int threads_of(const struct io_bench *io)
{
	return io->bench.threads ? io->bench.threads : 1;
}

static int check_size(const struct io_bench *io)
{
	unsigned int threads = threads_of(io);

	if (threads > io->size / io->sizes.max)
		return az_usage("--threads: %s has only %llu blocks", io->file,
				(unsigned long long)(io->size / io->sizes.max));
	if ((uint64_t)threads * io->depth * io->sizes.max > IO_MEMORY_MAX)
		return az_usage("--depth: %u threads with %u requests of %u bytes need more than "
				"2 GiB", threads, io->depth, io->sizes.max);
	if (io->verify && io->blocks * sizeof(uint32_t) > IO_VERIFY_MEMORY)
		return az_usage("--verify: of %llu blocks; 64 million are the most, use --size",
				(unsigned long long)io->blocks);
	return 0;
}

static int measure(struct io_bench *io)
{
	struct load_run run = {
		.bench = &io->bench,
		.name = "io",
		.load = &io->load,
		.recorder = io_record_spec(io),
		.setup = setup,
		.teardown = teardown,
		.worker = worker,
		.describe = io_describe,
		.say = io_say,
		.priv = io,
	};
	unsigned int i, threads = threads_of(io);
	int ret;

	io->threads = calloc(threads, sizeof(*io->threads));
	if (!io->threads)
		return az_env("out of memory");
	io->facts = io_facts(io->fd);
	ret = load_run(&run);
	json_decref(io->facts);
	for (i = 0; i < threads; i++) {
		io_verify_free(&io->threads[i]);
		io_thread_free(&io->threads[i]);
	}
	free(io->threads);
	return ret;
}

int bench_io(int argc, char **argv)
{
	static struct io_bench io;
	int ret;

	if (io_options(&io, argc, argv, &ret))
		return ret;
	ret = bench_begin(&io.bench, io.rw);
	if (!ret)
		ret = io_open(&io);
	if (!ret)
		ret = check_size(&io);
	if (!ret)
		ret = probe(&io);
	if (ret) {
		io_close(&io, true);
		return ret;
	}
	ret = measure(&io);
	io_close(&io, false);
	return ret;
}
