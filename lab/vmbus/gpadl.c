// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/gpadl.h"

struct gpadl *gpadl_create(const struct guest_memory *mem, uint32_t id, uint32_t relid,
			   const uint64_t *pfns, uint32_t pages, uint32_t byte_offset,
			   uint32_t byte_count)
{
	struct gpadl *g;
	uint32_t i;

	if (!pages || byte_offset >= GUEST_PAGE_SIZE ||
	    (uint64_t)byte_offset + byte_count > (uint64_t)pages * GUEST_PAGE_SIZE) {
		errno = EINVAL;
		return NULL;
	}
	g = calloc(1, sizeof(*g) + (size_t)pages * sizeof(g->page[0]));
	if (!g)
		return NULL;
	g->id = id;
	g->relid = relid;
	g->pages = pages;
	g->byte_count = byte_count;
	g->byte_offset = byte_offset;
	for (i = 0; i < pages; i++) {
		if (pfns[i] < UINT64_MAX >> GUEST_PAGE_SHIFT)
			g->page[i] = mem_at(mem, pfns[i] << GUEST_PAGE_SHIFT, GUEST_PAGE_SIZE);
		if (!g->page[i]) {
			free(g);
			errno = EFAULT;
			return NULL;
		}
	}
	return g;
}

void gpadl_free(struct gpadl *g)
{
	free(g);
}

static bool in_range(const struct gpadl *g, uint64_t offset, size_t len)
{
	uint64_t size = (uint64_t)g->pages * GUEST_PAGE_SIZE;

	return offset <= size && len <= size - offset;
}

/* The piece of [@offset, @offset + @len) that lies in one page. */
static size_t piece_at(const struct gpadl *g, uint64_t offset, size_t len, uint8_t **at)
{
	size_t in_page = offset % GUEST_PAGE_SIZE, run = GUEST_PAGE_SIZE - in_page;

	*at = g->page[offset / GUEST_PAGE_SIZE] + in_page;
	return run < len ? run : len;
}

int gpadl_read(const struct gpadl *g, uint64_t offset, void *dst, size_t len)
{
	uint8_t *to = dst, *at;
	size_t run;

	if (!in_range(g, offset, len))
		return -EFAULT;
	for (; len; len -= run, offset += run, to += run) {
		run = piece_at(g, offset, len, &at);
		memcpy(to, at, run);
	}
	return 0;
}

int gpadl_write(const struct gpadl *g, uint64_t offset, const void *src, size_t len)
{
	const uint8_t *from = src;
	uint8_t *at;
	size_t run;

	if (!in_range(g, offset, len))
		return -EFAULT;
	for (; len; len -= run, offset += run, from += run) {
		run = piece_at(g, offset, len, &at);
		memcpy(at, from, run);
	}
	return 0;
}

int gpadl_iov(const struct gpadl *g, uint64_t offset, size_t len, struct iovec *iov, int max)
{
	uint8_t *at;
	size_t run;
	int n = 0;

	if (!in_range(g, offset, len))
		return -EFAULT;
	for (; len; len -= run, offset += run) {
		run = piece_at(g, offset, len, &at);
		if (n && (uint8_t *)iov[n - 1].iov_base + iov[n - 1].iov_len == at) {
			iov[n - 1].iov_len += run;
			continue;
		}
		if (n == max)
			return -E2BIG;
		iov[n++] = (struct iovec) { .iov_base = at, .iov_len = run };
	}
	return n;
}
