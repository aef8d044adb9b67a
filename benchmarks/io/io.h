/* SPDX-License-Identifier: GPL-2.0-only */
/* What the disk workloads share. */
#ifndef AZ_BENCHMARKS_IO_H
#define AZ_BENCHMARKS_IO_H

#include "benchmarks/bench.h"

struct io_bench {
	struct bench bench;
	const char *file;
	const char *rw;
	uint64_t bs;		/* bytes of one request */
	uint64_t size;		/* bytes of the target that are used */
	uint64_t warmup;
	bool buffered;		/* no O_DIRECT */
	bool force;
	int fd;
	uint64_t blocks;	/* size / bs */
	uint8_t *buf;		/* bs bytes, aligned for O_DIRECT */
	struct az_hist reads, writes;
	uint64_t errors;
};

/*
 * Opens the target, for writing when @write, finds its size and settles the
 * number of blocks. A target that is in use or holds data of others is refused
 * unless --force. Returns 0, or an exit code after one line on standard error;
 * the caller closes io->fd.
 */
int io_open(struct io_bench *io, bool write);

/* One request at block @block, timed into the histogram of its kind. 0 or -errno. */
int io_read_block(struct io_bench *io, uint64_t block, bool counted);
int io_write_block(struct io_bench *io, uint64_t block, bool counted);

/* Makes the contents of block @block, as io_check_block() wants them. */
void io_make_block(struct io_bench *io, uint64_t block);

/*
 * Is what was read at @block what io_make_block() made? NULL, or what is wrong
 * with it: "no header", "other seed", "other block", "checksum", "contents".
 */
const char *io_check_block(const struct io_bench *io, uint64_t block);

/* Does @buf, of at least 24 bytes, begin with a block that this program wrote? */
bool io_is_ours(const void *buf);

/*
 * Why must @fd not be written to? Copies a short reason ("holds swap space", "is
 * in use: ...") into @why. Returns 0 when there is none, 1, or negative errno.
 */
int io_find_owner(int fd, char *why, size_t len);

/* The modes that write a pattern and check it; both return an exit code. */
int io_verify(struct io_bench *io, bool write_first);

#endif
