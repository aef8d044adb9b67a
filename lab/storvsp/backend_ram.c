// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storvsp/backend.h"

/*
 * A memory file rather than a mapping: sparse, holes can be punched, it can
 * grow while other channels read it, and running out of memory is an error
 * number of the one write that met it.
 */
int backend_ram_create(uint64_t size, struct backend **out)
{
	int fd, rc;

	if (size > INT64_MAX)
		return -EINVAL;
	fd = memfd_create("azhost-disk", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size)) {
		rc = -errno;
		goto out_close;
	}
	*out = backend_fd_create(fd, size, false);
	if (*out)
		return 0;
	rc = -ENOMEM;
out_close:
	close(fd);
	return rc;
}
