/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_BACKEND_H
#define AZ_LAB_STORVSP_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Where the bytes of a disk are. A backend has a fixed size and no state of
 * its own beyond its store, so all calls may run on several threads at once.
 * Failures are negative errno and become sense data in the SCSI layer.
 */
struct backend;

struct backend_ops {
	/*
	 * Transfer the bytes that @iov describes at byte @offset; @iov is used
	 * up. *@done is how many bytes were transferred, also on failure.
	 */
	int (*read)(struct backend *b, struct iovec *iov, int n, uint64_t offset, uint64_t *done);
	int (*write)(struct backend *b, struct iovec *iov, int n, uint64_t offset, uint64_t *done);

	/* All that was written is on stable storage when this returns 0. */
	int (*flush)(struct backend *b);

	/* The bytes read as zero from now on; -EOPNOTSUPP: write zeros instead. */
	int (*discard)(struct backend *b, uint64_t offset, uint64_t len);

	/*
	 * Another backend for the same store with @size bytes, into *@out; @b
	 * stays valid and sees what is written through either.
	 */
	int (*resized)(struct backend *b, uint64_t size, struct backend **out);

	void (*free)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	uint64_t size;			/* bytes */
};

/* A disk of @size zero bytes in memory, sparse. 0 and *@out, -ENOMEM, -EINVAL. */
int backend_ram_create(uint64_t size, struct backend **out);

/*
 * The regular file or block device at @path, locked against a second user.
 * 0 and *@out, or -errno with one line in @err.
 */
int backend_file_open(const char *path, bool read_only, struct backend **out,
		      char *err, unsigned int err_len);

/* @size bytes on descriptor @fd, which the backend owns; syncs when @durable. NULL: no memory. */
struct backend *backend_fd_create(int fd, uint64_t size, bool durable);

/*
 * The same after the file was given @size bytes. 0 and *@out, or -errno; then @fd
 * is closed.
 */
int backend_fd_sized(int fd, uint64_t size, bool durable, struct backend **out);

#endif
