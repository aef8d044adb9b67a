// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/exit/exitlat_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static_assert(EXITLAT_SUB_BITS == AZ_HIST_SUB_BITS && EXITLAT_BUCKETS == AZ_HIST_BUCKETS,
	      "the module and lib/hist.h cut time in the same way");

static const char *what_is_wrong(const struct exitlat_record *r)
{
	if (r->magic != EXITLAT_MAGIC)
		return "no record of hv_exitlat";
	if (r->version != EXITLAT_VERSION)
		return "a record of another version of hv_exitlat";
	if (r->sub_bits != EXITLAT_SUB_BITS || r->buckets != EXITLAT_BUCKETS)
		return "a histogram of another resolution";
	if (!memchr(r->name, '\0', sizeof(r->name)))
		return "a name without an end";
	if (r->count && (r->min > r->max || r->max > INT64_MAX || r->sum > INT64_MAX))
		return "a histogram whose limits contradict each other";
	return NULL;
}

static const char *fill(struct az_hist *hist, const struct exitlat_record *r)
{
	uint64_t total = 0;
	unsigned int i;

	az_hist_reset(hist);
	for (i = 0; i < EXITLAT_BUCKETS; i++) {
		if (r->bucket[i] > r->count - total)
			return "a histogram with more samples than it says";
		total += r->bucket[i];
		hist->bucket[i] = r->bucket[i];
	}
	if (total != r->count)
		return "a histogram with fewer samples than it says";
	hist->count = total;
	hist->sum = r->sum;
	if (total) {
		hist->min = r->min;
		hist->max = r->max;
	}
	return NULL;
}

int exitlat_parse(const void *data, size_t len, struct exitlat_record *record,
		  struct az_hist *hist, const char **why)
{
	if (!len)
		return -ENODATA;
	if (len != sizeof(*record)) {
		*why = "a record of another length";
		return -EINVAL;
	}
	memcpy(record, data, len);
	*why = what_is_wrong(record);
	if (!*why)
		*why = fill(hist, record);
	return *why ? -EINVAL : 0;
}

/* All of it, as the kernel may give it in parts. Returns the length, or negative errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t got;

	while (have < size) {
		got = read(fd, buf + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int exitlat_read(const char *dir, const char *name, struct exitlat_record *record,
		 struct az_hist *hist, const char **why)
{
	const size_t size = sizeof(*record) + 1;	/* one more byte shows a longer file */
	char path[PATH_MAX], *buf;
	ssize_t len;
	int fd, rc;

	if (snprintf(path, sizeof(path), "%s/hist/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	buf = malloc(size);
	len = buf ? read_all(fd, buf, size) : -ENOMEM;
	rc = len < 0 ? (int)len : exitlat_parse(buf, (size_t)len, record, hist, why);
	free(buf);
	close(fd);
	return rc;
}
