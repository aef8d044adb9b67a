// SPDX-License-Identifier: GPL-2.0-only
/*
 * One system call a request: pread and pwrite, or preadv2 and pwritev2 with
 * RWF_HIPRI (poll for the completion) or RWF_NOWAIT (do not sleep; what would
 * have to is counted and done again without).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "benchmarks/io/engine.h"
#include "lib/log.h"

static int sync_open(struct io_thread *t)
{
	if (t->io->poll)
		io_has_feature(t->io, IO_F_HIPRI);
	if (t->io->nowait)
		io_has_feature(t->io, IO_F_NOWAIT);
	return 0;
}

static void sync_close(struct io_thread *t)
{
}

/* Depth is 1: what is queued is the only request. */
static void sync_queue(struct io_thread *t, struct io_req *req)
{
	t->state = req;
}

static ssize_t transfer(struct io_thread *t, struct io_req *req)
{
	uint8_t *buf = req->buf + req->done;
	size_t len = req->len - req->done;
	off_t offset = (off_t)(req->offset + req->done);

	return req->op == IO_WRITE ? pwrite(t->io->fd, buf, len, offset) :
				     pread(t->io->fd, buf, len, offset);
}

static ssize_t transfer_flags(struct io_thread *t, struct io_req *req, int flags)
{
	struct iovec iov = { req->buf + req->done, req->len - req->done };
	off_t offset = (off_t)(req->offset + req->done);

	return req->op == IO_WRITE ? pwritev2(t->io->fd, &iov, 1, offset, flags) :
				     preadv2(t->io->fd, &iov, 1, offset, flags);
}

static ssize_t transfer2(struct io_thread *t, struct io_req *req)
{
	int flags = t->io->poll ? RWF_HIPRI : 0;
	ssize_t ret;

	if (!t->io->nowait)
		return transfer_flags(t, req, flags);
	ret = transfer_flags(t, req, flags | RWF_NOWAIT);
	if (ret >= 0 || errno != EAGAIN)
		return ret;
	t->would_block++;
	return transfer_flags(t, req, flags);
}

static ssize_t trim(struct io_thread *t, struct io_req *req)
{
	uint64_t range[2] = { req->offset, req->len };

	if (t->io->is_device)
		return ioctl(t->io->fd, BLKDISCARD, range);
	return fallocate(t->io->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)req->offset, req->len);
}

static ssize_t perform(struct io_thread *t, struct io_req *req)
{
	switch (req->op) {
	case IO_SYNC:
		return t->io->fdatasync ? fdatasync(t->io->fd) : fsync(t->io->fd);
	case IO_TRIM:
		return trim(t, req);
	default:
		return t->engine == &io_engine_preadv2 ? transfer2(t, req) : transfer(t, req);
	}
}

static void sync_go(struct io_thread *t, uint64_t until)
{
	struct io_req *req = t->state;
	ssize_t ret;

	if (!req)
		return;
	if (t->io->stages)
		req->submit = t->clock->now();
	ret = perform(t, req);
	req->res = ret < 0 ? -errno : (int)ret;
	t->seen = t->clock->now();
	req->submitted = t->seen;
}

static unsigned int sync_reap(struct io_thread *t, struct io_req **reqs, unsigned int max)
{
	if (!t->state)
		return 0;
	reqs[0] = t->state;
	t->state = NULL;
	return 1;
}

const struct io_engine io_engine_sync = {
	"sync", false, sync_open, sync_close, sync_queue, sync_go, sync_reap,
};

const struct io_engine io_engine_preadv2 = {
	"preadv2", false, sync_open, sync_close, sync_queue, sync_go, sync_reap,
};
