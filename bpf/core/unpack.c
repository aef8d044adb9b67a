// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/core/unpack.h"

#include <stdlib.h>

#include <zlib.h>

#define GZIP_WRAPPER	16	/* added to the window's bits: as zlib.h says */

static int inflate_all(void *out, size_t size, const unsigned char *packed, size_t len)
{
	z_stream z = {
		.next_in = (unsigned char *)packed, .avail_in = (unsigned int)len,
		.next_out = out, .avail_out = (unsigned int)size,
	};
	int rc;

	if (inflateInit2(&z, MAX_WBITS + GZIP_WRAPPER) != Z_OK)
		return -1;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.total_out == size ? 0 : -1;
}

const void *trace_unpack(void **bytes, size_t size, const unsigned char *packed, size_t len)
{
	if (*bytes)
		return *bytes;
	*bytes = malloc(size);
	if (*bytes && inflate_all(*bytes, size, packed, len)) {
		free(*bytes);
		*bytes = NULL;
	}
	return *bytes;
}
