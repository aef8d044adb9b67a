// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "storvsp/backend.h"

/*
 * A memory file rather than a mapping: sparse, holes can be punched, it can
 * grow while other channels read it, and running out of memory is an error
 * number of the one write that met it.
 */
int backend_ram_create(uint64_t size, struct backend **out)
{
	int fd;

	if (size > INT64_MAX)
		return -EINVAL;
	fd = memfd_create("azhost-disk", MFD_CLOEXEC);
	return fd < 0 ? -errno : backend_fd_sized(fd, size, false, out);
}
