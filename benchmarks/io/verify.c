// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write, flush, read back, compare. Each block names itself, so what is wrong with
 * one can be said: see block.h.
 */
#include "benchmarks/io/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "benchmarks/io/record.h"
#include "lib/log.h"
#include "lib/rng.h"

#define WRITING		(1u << 31)
#define READERS_SHIFT	24
#define READER		(1u << READERS_SHIFT)
#define READERS		(0x7fu << READERS_SHIFT)
#define GENERATION	(READER - 1)

/* An order that visits each block once and is not sequential. */
static uint64_t stride_of(uint64_t blocks)
{
	uint64_t a, b, t, stride = blocks / 3 * 2 + 1;

	for (;; stride++) {
		for (a = blocks, b = stride; b; t = a % b, a = b, b = t)
			;
		if (a == 1)
			return stride;
	}
}

int io_verify_init(struct io_thread *t, unsigned int threads, uint64_t walk_blocks)
{
	struct io_verify *v = calloc(1, sizeof(*v));
	bool walk = t->io->mode == IO_MODE_VERIFY || t->io->mode == IO_MODE_CHECK;

	t->verify = v;
	if (!v)
		return az_env("out of memory");
	v->stride = stride_of(t->io->blocks);
	v->position = walk_blocks * t->index / threads;
	v->to = walk_blocks * (t->index + 1) / threads;
	v->first_hole = UINT64_MAX;
	if (walk)
		return 0;
	v->count = t->pattern.span / t->io->sizes.min;
	v->blocks = calloc(v->count, sizeof(*v->blocks));
	v->next_write = calloc(t->depth, sizeof(*v->next_write));
	return v->blocks && v->next_write ? 0 : az_env("out of memory for --verify; use --size");
}

void io_verify_free(struct io_thread *t)
{
	if (!t->verify)
		return;
	free(t->verify->next_write);
	free(t->verify->blocks);
	free(t->verify);
	t->verify = NULL;
}

static void is_wrong(struct io_thread *t, const struct io_req *req, enum io_wrong what)
{
	struct io_verify *v = t->verify;
	uint64_t all = 0;
	unsigned int i;

	for (i = IO_RIGHT + 1; i < IO_WRONGS; i++)
		all += v->wrong[i];
	if (!all) {
		v->first_wrong = req->offset;
		v->first_what = what;
	}
	v->wrong[what]++;
	if (!atomic_exchange(&t->io->said, true))
		az_err("%s: block at byte %llu: %s", t->io->file, (unsigned long long)req->offset,
		       io_wrong_names[what]);
}

static uint64_t content_of(uint64_t offset, uint64_t generation)
{
	return az_mix64(offset) ^ generation;
}

static void make_block(struct io_thread *t, struct io_req *req, uint64_t generation)
{
	io_block_fill(req->buf, req->len, t->io->bench.seed, content_of(req->offset, generation));
	io_block_place(req->buf, req->offset, generation);
}

static uint64_t place(const struct io_thread *t, uint64_t position)
{
	uint64_t block = (uint64_t)((unsigned __int128)position * t->verify->stride %
				    t->io->blocks);

	return t->io->offset + block * t->io->sizes.min;
}

static bool walk_next(struct io_thread *t, struct io_req *req)
{
	struct io_verify *v = t->verify;

	if (v->position >= v->to)
		return false;
	req->tag = v->position;
	req->len = t->io->sizes.min;
	req->offset = place(t, v->position++);
	return true;
}

static int next_write(struct io_thread *t, struct io_req *req)
{
	if (!walk_next(t, req))
		return 0;
	req->op = IO_WRITE;
	make_block(t, req, 1);
	return 1;
}

static int next_read(struct io_thread *t, struct io_req *req)
{
	req->op = IO_READ;
	return walk_next(t, req);
}

/* A write that was cancelled is the first one not to be read back. */
static void done_write(struct io_thread *t, struct io_req *req)
{
	if (req->res == -ECANCELED && req->tag < t->verify->position)
		t->verify->position = req->tag;
}

static void done_read(struct io_thread *t, struct io_req *req)
{
	struct io_verify *v = t->verify;
	enum io_wrong what;

	if (req->res < 0)
		return;
	what = io_block_check(req->buf, req->len, t->io->bench.seed, req->offset, NULL);
	v->checked++;
	if (what == IO_RIGHT && (!v->last_written || req->tag > v->last_written))
		v->last_written = req->tag;
	if (what == IO_UNWRITTEN && req->tag < v->first_hole)
		v->first_hole = req->tag;
	/* A run that was killed did not get to all blocks. */
	if (what == IO_UNWRITTEN && t->io->after_kill)
		v->wrong[IO_UNWRITTEN]++;
	else if (what != IO_RIGHT)
		is_wrong(t, req, what);
}

static const struct io_pass write_pass = { next_write, done_write, true, true };
static const struct io_pass read_pass = { next_read, done_read, true, false };

/* The device must be asked again: forget what any cache of this system holds. */
static void drop_caches(struct io_thread *t)
{
	ioctl(t->io->fd, BLKFLSBUF, 0);
	posix_fadvise(t->io->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int flush(struct io_thread *t)
{
	if (fsync(t->io->fd)) {
		io_errors_add(&t->errors, IO_SYNC, errno, 0);
		az_err("flush of %s: %s", t->io->file, strerror(errno));
		return AZ_EXIT_FAILED;
	}
	return 0;
}

/*
 * The writer has at most depth requests in flight: more blocks than that after one
 * that was never written mean that a completed write was lost.
 */
static void find_lost(struct io_thread *t)
{
	struct io_verify *v = t->verify;
	struct io_req at = { .tag = v->first_hole };

	if (!t->io->after_kill || v->first_hole == UINT64_MAX ||
	    v->last_written < v->first_hole + t->depth)
		return;
	at.offset = place(t, v->first_hole);
	is_wrong(t, &at, IO_STALE);
}

int io_verify_walk(struct io_thread *t, bool write_first)
{
	uint64_t from = t->verify->position;

	if (write_first) {
		io_loop_closed(t, &write_pass);
		if (flush(t) || t->errors.total)
			return AZ_EXIT_FAILED;
		t->verify->to = t->verify->position;
		t->verify->position = from;
	}
	if (bench_stopped())
		return AZ_EXIT_OK;
	drop_caches(t);
	io_loop_closed(t, &read_pass);
	find_lost(t);
	return AZ_EXIT_OK;
}

static uint32_t *state_of(struct io_thread *t, const struct io_req *req)
{
	return &t->verify->blocks[(req->offset - t->pattern.base) / t->io->sizes.min];
}

/* Takes the block for @req, if those in flight let it. */
static bool claim(struct io_thread *t, struct io_req *req)
{
	struct io_verify *v = t->verify;
	uint32_t *state = state_of(t, req), generation;

	if (*state & WRITING || (*state & READERS) == READERS)
		return false;
	if (req->op == IO_READ) {
		*state += READER;
		return true;
	}
	if (*state & READERS)
		return false;
	/* 0 is "not written", so that 24 bits go round from the last to 1. */
	generation = (*state & GENERATION) == GENERATION ? 1 : (*state & GENERATION) + 1;
	v->next_write[req->slot] = generation;
	*state |= WRITING;
	make_block(t, req, generation);
	return true;
}

static int verify_next(struct io_thread *t, struct io_req *req)
{
	struct io_verify *v = t->verify;

	if (v->holds) {
		req->op = v->held.op;
		req->offset = v->held.offset;
		req->len = v->held.len;
	} else {
		io_pattern_next(&t->pattern, req);
	}
	v->holds = !claim(t, req);
	if (!v->holds)
		return 1;
	v->held = *req;
	return -EAGAIN;
}

static void check_read(struct io_thread *t, struct io_req *req, uint32_t want)
{
	uint64_t generation = want;
	enum io_wrong what;

	if (req->res < 0 || !want)
		return;
	what = io_block_check(req->buf, req->len, t->io->bench.seed, req->offset, &generation);
	t->verify->checked++;
	if (what == IO_RIGHT && generation != want)
		what = IO_STALE;
	if (what != IO_RIGHT)
		is_wrong(t, req, what);
}

static void verify_done(struct io_thread *t, struct io_req *req)
{
	uint32_t *state = state_of(t, req);

	if (req->op == IO_READ) {
		*state -= READER;
		check_read(t, req, *state & GENERATION);
		return;
	}
	if (req->op != IO_WRITE)
		return;
	/* A write that failed may have happened or not, or in part: nothing is known. */
	if (req->res >= 0)
		*state = t->verify->next_write[req->slot];
	else if (req->res == -ECANCELED)
		*state &= GENERATION;
	else
		*state = 0;
}

const struct io_pass io_verify_pass = { verify_next, verify_done, true, true };

static int next_written(struct io_thread *t, struct io_req *req)
{
	struct io_verify *v = t->verify;

	while (v->position < v->count && !(v->blocks[v->position] & GENERATION))
		v->position++;
	if (v->position >= v->count)
		return 0;
	req->op = IO_READ;
	req->len = t->io->sizes.min;
	req->offset = t->pattern.base + v->position * t->io->sizes.min;
	v->blocks[v->position++] += READER;
	return 1;
}

static const struct io_pass read_back_pass = { next_written, verify_done, false, false };

int io_verify_read_back(struct io_thread *t)
{
	if (flush(t))
		return AZ_EXIT_FAILED;
	drop_caches(t);
	t->verify->position = 0;
	io_loop_closed(t, &read_back_pass);
	return AZ_EXIT_OK;
}

json_t *io_verify_json(const struct io_bench *io, unsigned int threads)
{
	uint64_t checked = 0, wrong[IO_WRONGS] = { 0 };
	json_t *json = json_object(), *kinds = json_object();
	unsigned int i, kind;

	for (i = 0; i < threads; i++) {
		const struct io_verify *v = io->threads[i].verify;

		if (!v)
			continue;
		checked += v->checked;
		for (kind = 0; kind < IO_WRONGS; kind++)
			wrong[kind] += v->wrong[kind];
	}
	json_object_set_new(json, "checked", json_integer((json_int_t)checked));
	if (io->after_kill) {
		json_object_set_new(json, "unwritten",
				    json_integer((json_int_t)wrong[IO_UNWRITTEN]));
		wrong[IO_UNWRITTEN] = 0;
	}
	for (kind = IO_RIGHT + 1; kind < IO_WRONGS; kind++)
		if (wrong[kind])
			json_object_set_new(kinds, io_wrong_names[kind],
					    json_integer((json_int_t)wrong[kind]));
	json_object_set_new(json, "wrong", kinds);
	return json;
}
