// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "storvsp/backend.h"

/*
 * Transfers between guest memory and a descriptor with vectored positioned
 * system calls: the kernel copies straight from or to the guest's pages, and
 * an unreadable store gives an error number where a mapping would give a
 * signal.
 */
struct backend_fd {
	struct backend b;
	int fd;
	bool durable;
};

static struct backend_fd *to_fd(struct backend *b)
{
	return (struct backend_fd *)b;
}

typedef ssize_t (*vector_fn)(int fd, const struct iovec *iov, int n, off_t offset);

/* Drop @bytes from the front of the vector. */
static void advance(struct iovec **iov, int *n, size_t bytes)
{
	while (*n && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
	}
	if (*n) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
}

static int transfer(struct backend *b, vector_fn fn, struct iovec *iov, int n,
		    uint64_t offset, uint64_t *done)
{
	ssize_t got;

	*done = 0;
	advance(&iov, &n, 0);
	while (n) {
		got = fn(to_fd(b)->fd, iov, n < IOV_MAX ? n : IOV_MAX, offset + *done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)	/* the file was cut short behind our back */
			return -EIO;
		*done += got;
		advance(&iov, &n, got);
	}
	return 0;
}

static int fd_read(struct backend *b, struct iovec *iov, int n, uint64_t offset, uint64_t *done)
{
	return transfer(b, preadv, iov, n, offset, done);
}

static int fd_write(struct backend *b, struct iovec *iov, int n, uint64_t offset, uint64_t *done)
{
	return transfer(b, pwritev, iov, n, offset, done);
}

static int fd_flush(struct backend *b)
{
	if (!to_fd(b)->durable)
		return 0;
	return fdatasync(to_fd(b)->fd) ? -errno : 0;
}

static int fd_discard(struct backend *b, uint64_t offset, uint64_t len)
{
	if (!len)
		return 0;
	if (!fallocate(to_fd(b)->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len))
		return 0;
	return errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

static int fd_resized(struct backend *b, uint64_t size, struct backend **out)
{
	int fd = fcntl(to_fd(b)->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : backend_fd_sized(fd, size, to_fd(b)->durable, out);
}

static void fd_free(struct backend *b)
{
	close(to_fd(b)->fd);
	free(b);
}

static const struct backend_ops fd_ops = {
	.read = fd_read,
	.write = fd_write,
	.flush = fd_flush,
	.discard = fd_discard,
	.resized = fd_resized,
	.free = fd_free,
};

struct backend *backend_fd_create(int fd, uint64_t size, bool durable)
{
	struct backend_fd *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->b.ops = &fd_ops;
	f->b.size = size;
	f->fd = fd;
	f->durable = durable;
	return &f->b;
}

int backend_fd_sized(int fd, uint64_t size, bool durable, struct backend **out)
{
	int rc;

	if (ftruncate(fd, size)) {
		rc = -errno;
		goto out_close;
	}
	*out = backend_fd_create(fd, size, durable);
	if (*out)
		return 0;
	rc = -ENOMEM;
out_close:
	close(fd);
	return rc;
}
