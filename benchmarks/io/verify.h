/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocks that are written and compared: a walk over all, or random ones at depth. */
#ifndef AZ_BENCHMARKS_IO_VERIFY_H
#define AZ_BENCHMARKS_IO_VERIFY_H

#include "benchmarks/io/block.h"
#include "benchmarks/io/loop.h"

#define IO_VERIFY_MEMORY	(256u << 20)	/* most that --verify keeps of all blocks */

struct io_verify {
	uint64_t checked, wrong[IO_WRONGS];
	uint64_t first_wrong;		/* offset of the first that is wrong */
	enum io_wrong first_what;
	bool said;

	/* The walk: positions [from, to) of an order that visits each block once. */
	uint64_t position, to, stride;
	/* --after-kill: the first that was never written, the last that was. */
	uint64_t first_hole, last_written;

	/*
	 * --verify: what is known of each block of this thread, 4 bytes each: bit 31
	 * a write is in flight, bits 24-30 how many reads are, below that the number
	 * of the last complete write, 0 for none or not known.
	 */
	uint32_t *blocks;
	uint64_t count;
	uint32_t *next_write;		/* the number that each slot writes */
	struct io_req held;		/* waits for one in flight to the same block */
	bool holds;
};

/*
 * The memory of t->verify for the mode of the run. Returns 0, or an exit code
 * after one line. io_verify_free() in any case.
 */
int io_verify_init(struct io_thread *t, unsigned int threads, uint64_t walk_blocks);
void io_verify_free(struct io_thread *t);

/* Modes verify and check. Returns an exit code. */
int io_verify_walk(struct io_thread *t, bool write_first);

/*
 * --verify: the pass to be used in place of the ordinary one. Requests that
 * overlap one in flight, where either writes, wait for it, so that it is known
 * what a block holds; each read of a block that was written is checked.
 */
extern const struct io_pass io_verify_pass;

/* After io_verify_pass: flushes, drops caches, reads all that was written. Exit code. */
int io_verify_read_back(struct io_thread *t);

/* Sum of all threads, for the result: {"checked", "wrong": {"checksum": 1}, ...}. */
json_t *io_verify_json(const struct io_bench *io, unsigned int threads);

#endif
