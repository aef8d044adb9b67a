// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "benchmarks/io/block.h"
#include "benchmarks/io/engine.h"
#include "lib/log.h"

#define FILL_CHUNK	(1u << 20)

static int find_size(struct io_bench *io, uint64_t *bytes)
{
	struct stat st;
	int sector = 1;

	if (fstat(io->fd, &st))
		return az_env("%s: %s", io->file, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		*bytes = (uint64_t)st.st_size;
		return 0;
	}
	io->is_device = true;
	if (io->mode == IO_MODE_TRIM && io->engine->async)
		return az_usage("--rw trim: a device is trimmed by --engine sync only");
	if (ioctl(io->fd, BLKGETSIZE64, bytes) || ioctl(io->fd, BLKSSZGET, &sector))
		return az_env("%s: cannot read its size: %s", io->file, strerror(errno));
	if (!io->buffered && io->sizes.min % (uint32_t)sector)
		return az_usage("--bs: %u is no multiple of the sector size of %s, %d",
				io->sizes.min, io->file, sector);
	if (!io->buffered && io->offset % (uint32_t)sector)
		return az_usage("--offset: %llu is no multiple of the sector size of %s, %d",
				(unsigned long long)io->offset, io->file, sector);
	return 0;
}

static int check_owner(struct io_bench *io)
{
	char why[160];
	int ret = io_find_owner(io->fd, why, sizeof(why));

	if (ret < 0)
		return az_env("%s: cannot read it: %s", io->file, strerror(-ret));
	if (ret)
		return az_usage("%s %s; --force overwrites it", io->file, why);
	/* Nobody is to mount it while it is written to. */
	io->guard = io->is_device ? open(io->file, O_RDONLY | O_EXCL | O_CLOEXEC) : -1;
	if (io->is_device && io->guard < 0)
		return az_usage("%s: cannot be had alone: %s; --force does without", io->file,
				strerror(errno));
	return 0;
}

/* Signed blocks, so that the next run knows the file for one of ours. */
static int fill_file(struct io_bench *io, uint8_t *chunk, uint64_t bytes)
{
	uint64_t at, len;
	ssize_t put;

	io_block_fill(chunk, FILL_CHUNK, io->bench.seed, 0);
	for (at = 0; at < bytes && !bench_stopped(); at += (uint64_t)put) {
		len = bytes - at < FILL_CHUNK ? bytes - at : FILL_CHUNK;
		io_block_place(chunk, at, 0);
		put = pwrite(io->fd, chunk, len, (off_t)at);
		if (put <= 0)
			return put ? -errno : -EIO;
		bench_progress(&io->bench, "making %s: %llu of %llu MiB", io->file,
			       (unsigned long long)(at >> 20), (unsigned long long)(bytes >> 20));
	}
	return fsync(io->fd) ? -errno : bench_stopped() ? -EINTR : 0;
}

static int say_no_space(const struct io_bench *io, uint64_t bytes, int error)
{
	struct statvfs fs;

	if (error != ENOSPC || fstatvfs(io->fd, &fs))
		return az_env("cannot make %s: %s", io->file, strerror(error));
	return az_env("cannot make %s of %llu bytes: no space left; its file system has room for "
		      "%llu", io->file, (unsigned long long)bytes,
		      (unsigned long long)fs.f_bavail * fs.f_frsize);
}

/*
 * A hole would be read without a disk, and space that is only reserved is slower
 * to write for the first time: the file is written in full.
 */
static int make_file(struct io_bench *io)
{
	uint64_t bytes = io->offset + io->size;
	uint8_t *chunk;
	int ret;

	io->fd = open(io->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (io->fd < 0)
		return az_env("cannot create %s: %s", io->file, strerror(errno));
	io->created = true;
	chunk = malloc(FILL_CHUNK);
	ret = posix_fallocate(io->fd, 0, (off_t)bytes);
	/* The space is asked for first: a full disk is found before it is full. */
	if (!ret || ret == EOPNOTSUPP)
		ret = chunk ? -fill_file(io, chunk, bytes) : ENOMEM;
	free(chunk);
	if (ret)
		ret = ret == EINTR ? az_env("interrupted while %s was made", io->file) :
				     say_no_space(io, bytes, ret);
	close(io->fd);
	io->fd = -1;
	return ret;
}

/* Looked at first: opening a tape or a pipe would already do something. */
static int look(struct io_bench *io)
{
	struct stat st;

	if (stat(io->file, &st)) {
		if (errno == ENOENT && io->size)
			return make_file(io);
		return az_usage("--file: %s: %s%s", io->file, strerror(errno),
				errno == ENOENT ? "; --size makes a file of that many bytes" : "");
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return az_usage("--file: %s is neither a block device nor a file", io->file);
	return 0;
}

static int settle_size(struct io_bench *io)
{
	uint64_t bytes = 0;
	int ret = find_size(io, &bytes);

	if (ret)
		return ret;
	if (io->offset >= bytes && io->offset)
		return az_usage("--offset: %s has only %llu bytes", io->file,
				(unsigned long long)bytes);
	bytes -= io->offset;
	if (!io->size || io->size > bytes)
		io->size = bytes;
	io->blocks = io->size / io->sizes.min;
	if (io->size < io->sizes.max)
		return az_usage("%s: %llu bytes hold no block of %u", io->file,
				(unsigned long long)bytes, io->sizes.max);
	return 0;
}

int io_open(struct io_bench *io)
{
	bool write = io_writes(io);
	int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	int ret = look(io);

	if (ret)
		return ret;
	if (!io->buffered && io->mode != IO_MODE_FLUSH)
		flags |= O_DIRECT;
	io->fd = open(io->file, flags);
	if (io->fd < 0 && errno == EINVAL && flags & O_DIRECT)
		return az_env("%s: its file system has no direct I/O on this kernel (tmpfs has it "
			      "since 6.6); use --buffered", io->file);
	if (io->fd < 0)
		return az_env("%s: %s", io->file, strerror(errno));
	if (flags & O_DIRECT)
		io_has_feature(io, IO_F_DIRECT);
	ret = settle_size(io);
	if (ret)
		return ret;
	return write && !io->force && !io->created ? check_owner(io) : 0;
}

void io_close(struct io_bench *io, bool failed_early)
{
	if (io->fd >= 0)
		close(io->fd);
	if (io->guard >= 0)
		close(io->guard);
	io->fd = io->guard = -1;
	if (io->created && failed_early)
		unlink(io->file);
	else if (io->unlink && !io->is_device)
		unlink(io->file);
}
