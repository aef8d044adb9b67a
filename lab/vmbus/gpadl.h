/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VMBUS_GPADL_H
#define AZ_LAB_VMBUS_GPADL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/memory.h"

/*
 * A guest physical address descriptor list: pages that the guest shares with
 * the host, in the order of the list and not contiguous. Host pointers of all
 * pages are looked up once, when the list is complete; a list with a page
 * that is not RAM is refused.
 */
struct gpadl {
	uint32_t id;
	uint32_t relid;		/* the channel whose owner made it */
	uint32_t pages;
	uint32_t byte_count;	/* as declared by the guest, <= pages * 4096 */
	uint32_t byte_offset;	/* of the first byte in the first page */
	unsigned int users;	/* open channels and devices; torn down only at 0 */
	bool torn_down;		/* the guest wants it back: not found any more */
	bool forgotten;		/* its connection ended: nobody is told when it goes */
	struct gpadl *next;	/* of the bus */
	uint8_t *page[];	/* host address of each page */
};

/* @pfns are guest page numbers. NULL with errno EFAULT, EINVAL or ENOMEM. */
struct gpadl *gpadl_create(const struct guest_memory *mem, uint32_t id, uint32_t relid,
			   const uint64_t *pfns, uint32_t pages, uint32_t byte_offset,
			   uint32_t byte_count);
void gpadl_free(struct gpadl *g);

/*
 * Access by offset from the start of page 0. -EFAULT when the stretch leaves
 * the list; then nothing was copied.
 */
int gpadl_read(const struct gpadl *g, uint64_t offset, void *dst, size_t len);
int gpadl_write(const struct gpadl *g, uint64_t offset, const void *src, size_t len);

/*
 * Describe [@offset, @offset + @len) as pieces of guest memory without a
 * copy; neighbouring pages are merged. Number of pieces, -EFAULT, or -E2BIG
 * when more than @max are needed.
 */
int gpadl_iov(const struct gpadl *g, uint64_t offset, size_t len, struct iovec *iov, int max);

#endif
