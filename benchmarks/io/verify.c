// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write, flush, read back, compare. Each block names itself: a block that is
 * whole but lies in the wrong place, or is from an earlier run, is told from one
 * that is damaged.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "benchmarks/io/io.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pattern.h"

#define BLOCK_MAGIC	0x4b4c4256495a41ull	/* "AZIVBLK" and a zero byte */

struct block_header {
	uint64_t magic, seed, block;	/* little endian, as the checksum */
	uint64_t checksum;		/* of the contents that follow */
};

bool io_is_ours(const void *buf)
{
	uint64_t magic;

	memcpy(&magic, buf, sizeof(magic));
	return le64toh(magic) == BLOCK_MAGIC;
}

/* Contents depend on the place, so that two blocks never look alike. */
static uint64_t block_seed(const struct io_bench *io, uint64_t block)
{
	return io->bench.seed * 0x9e3779b97f4a7c15ull ^ block;
}

void io_make_block(struct io_bench *io, uint64_t block)
{
	size_t len = io->bs - sizeof(struct block_header);
	uint8_t *contents = io->buf + sizeof(struct block_header);
	struct block_header header = {
		.magic = htole64(BLOCK_MAGIC),
		.seed = htole64(io->bench.seed),
		.block = htole64(block),
	};

	az_pattern_fill(contents, len, block_seed(io, block), 0);
	header.checksum = htole64(az_checksum(AZ_CHECKSUM_INIT, contents, len));
	memcpy(io->buf, &header, sizeof(header));
}

const char *io_check_block(const struct io_bench *io, uint64_t block)
{
	size_t len = io->bs - sizeof(struct block_header);
	const uint8_t *contents = io->buf + sizeof(struct block_header);
	struct block_header header;

	memcpy(&header, io->buf, sizeof(header));
	if (le64toh(header.magic) != BLOCK_MAGIC)
		return "no header";
	if (le64toh(header.seed) != io->bench.seed)
		return "other seed";
	if (le64toh(header.block) != block)
		return "other block";
	if (le64toh(header.checksum) != az_checksum(AZ_CHECKSUM_INIT, contents, len))
		return "checksum";
	return az_pattern_match(contents, len, block_seed(io, block), 0) == len ? NULL : "contents";
}

/* Blocks are taken in an order that visits each once and is not sequential. */
static uint64_t stride_of(const struct io_bench *io)
{
	uint64_t a, b, t, stride = io->blocks / 3 * 2 + 1;

	for (;; stride++) {
		for (a = io->blocks, b = stride; b; t = a % b, a = b, b = t)
			;
		if (a == 1)
			return stride;
	}
}

static int write_all(struct io_bench *io, uint64_t count, uint64_t stride)
{
	uint64_t i, block = 0;
	int ret;

	for (i = 0; i < count && bench_goes_on(&io->bench, i, az_clock_ns()); i++) {
		io_make_block(io, block);
		ret = io_write_block(io, block, true);
		if (ret && !bench_stopped()) {
			io->errors++;
			az_err("write of %s at byte %llu: %s", io->file,
			       (unsigned long long)(block * io->bs), strerror(-ret));
			return AZ_EXIT_FAILED;
		}
		block = (block + stride) % io->blocks;
	}
	if (fsync(io->fd)) {
		io->errors++;
		az_err("flush of %s: %s", io->file, strerror(errno));
		return AZ_EXIT_FAILED;
	}
	return 0;
}

/* The device must be asked again: forget what any cache of this system holds. */
static void drop_caches(struct io_bench *io)
{
	ioctl(io->fd, BLKFLSBUF, 0);
	posix_fadvise(io->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int read_all(struct io_bench *io, uint64_t count, uint64_t stride)
{
	uint64_t i, block = 0, wrong = 0;
	const char *what;
	int ret;

	for (i = 0; i < count && bench_goes_on(&io->bench, i, az_clock_ns()); i++) {
		ret = io_read_block(io, block, true);
		what = ret ? strerror(-ret) : io_check_block(io, block);
		if (ret && bench_stopped())
			break;
		if (what && !wrong++)
			az_err("%s: block at byte %llu: %s", io->file,
			       (unsigned long long)(block * io->bs), what);
		block = (block + stride) % io->blocks;
	}
	if (wrong) {
		io->errors += wrong;
		az_err("%s: %llu of %llu blocks are wrong", io->file, (unsigned long long)wrong,
		       (unsigned long long)i);
	}
	return wrong ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

int io_verify(struct io_bench *io, bool write_first)
{
	uint64_t count = io->blocks, stride = stride_of(io);
	int ret = 0;

	/* More than all blocks would write over what is to be read back. */
	if (io->bench.count && io->bench.count < count)
		count = io->bench.count;
	io->bench.count = count;
	if (write_first)
		ret = write_all(io, count, stride);
	if (ret || bench_stopped())
		return ret;
	drop_caches(io);
	io->bench.start = az_clock_ns();
	return read_all(io, count, stride);
}
