// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storvsp/backend.h"

#define SECTOR	512u

static int say(char *err, unsigned int err_len, int rc, const char *path, const char *what)
{
	snprintf(err, err_len, "%s: %s", path, what);
	return rc;
}

static int open_error(char *err, unsigned int err_len, const char *path, bool read_only)
{
	int rc = -errno;

	switch (rc) {
	case -ENOENT:
		return say(err, err_len, rc, path,
			   "no such disk file; make one with truncate -s SIZE or use ram=SIZE");
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return say(err, err_len, rc, path, read_only ?
			   "no permission to read this disk file" :
			   "no permission to write this disk file; add ,ro for a read-only disk");
	default:
		return say(err, err_len, rc, path, strerror(-rc));
	}
}

/* The size in bytes of what @fd is, or -errno with a line in @err. */
static int64_t disk_size(int fd, const char *path, char *err, unsigned int err_len)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st))
		return say(err, err_len, -errno, path, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		size = st.st_size;
	} else if (S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, &size))
			return say(err, err_len, -errno, path, strerror(errno));
	} else {
		return say(err, err_len, -EINVAL, path,
			   "a disk must be a regular file or a block device");
	}
	if (!size || size % SECTOR || size > INT64_MAX) {
		snprintf(err, err_len,
			 "%s: %llu bytes is not a disk: the size must be a multiple of %u, not 0",
			 path, (unsigned long long)size, SECTOR);
		return -EINVAL;
	}
	return size;
}

int backend_file_open(const char *path, bool read_only, struct backend **out,
		      char *err, unsigned int err_len)
{
	int64_t size;
	int fd, rc;

	/* O_NONBLOCK: opening a FIFO must not wait for somebody at its other end. */
	fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return open_error(err, err_len, path, read_only);
	size = disk_size(fd, path, err, err_len);
	if (size < 0) {
		rc = size;
		goto out_close;
	}
	/* A file system without locks is no reason to refuse the disk. */
	if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) && errno == EWOULDBLOCK) {
		rc = say(err, err_len, -EBUSY, path,
			 "in use as another disk; give each its own file");
		goto out_close;
	}
	*out = backend_fd_create(fd, size, true);
	if (*out)
		return 0;
	rc = say(err, err_len, -ENOMEM, path, "out of memory");
out_close:
	close(fd);
	return rc;
}
