/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_IOVWALK_H
#define AZ_LAB_NETVSP_IOVWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The pieces of @left bytes from @offset of @n pieces at @iov; set up by the caller. */
struct iov_walk {
	const struct iovec *iov;
	int n;
	size_t offset, left;
};

/* The next piece, not empty, in *@at and *@len. False: nothing is left, or @iov ended before. */
static inline bool iov_walk_next(struct iov_walk *w, uint8_t **at, size_t *len)
{
	for (; w->n > 0 && w->left; w->n--, w->iov++) {
		if (w->offset >= w->iov->iov_len) {
			w->offset -= w->iov->iov_len;
			continue;
		}
		*at = (uint8_t *)w->iov->iov_base + w->offset;
		*len = w->iov->iov_len - w->offset;
		if (*len > w->left)
			*len = w->left;
		w->left -= *len;
		w->offset += *len;
		return true;
	}
	return false;
}

#endif
