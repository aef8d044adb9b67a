// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "machine/kvmstats.h"

/* Far above what kernels have (some 70 of 48 bytes), far below what would hurt. */
#define STATS_MAX	512
#define NAME_SIZE_MAX	256

struct stat {
	char *name;
	off_t offset;		/* of its value in the file */
};

struct kvmstats {
	int fd;
	unsigned int n;
	struct stat stat[];
};

/* A count that grows and has one value and no unit. */
static int wanted(const struct kvm_stats_desc *d)
{
	return (d->flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
	       (d->flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_NONE && d->size == 1;
}

static int read_names(struct kvmstats *s, const struct kvm_stats_header *h)
{
	size_t size = sizeof(struct kvm_stats_desc) + h->name_size;
	struct kvm_stats_desc *d = calloc(1, size + 1);
	int rc = -1;

	if (!d)
		return -1;
	for (uint32_t i = 0; i < h->num_desc; i++) {
		if (pread(s->fd, d, size, (off_t)(h->desc_offset + i * size)) != (ssize_t)size)
			goto out;
		if (!wanted(d))
			continue;
		s->stat[s->n].name = strdup(d->name);
		if (!s->stat[s->n].name)
			goto out;
		s->stat[s->n].offset = (off_t)h->data_offset + d->offset;
		s->n++;
	}
	rc = 0;
out:
	free(d);
	return rc;
}

struct kvmstats *kvmstats_open(int vcpu_fd)
{
	struct kvm_stats_header h;
	struct kvmstats *s;
	int fd = ioctl(vcpu_fd, KVM_GET_STATS_FD, NULL);

	if (fd < 0)
		return NULL;
	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || h.num_desc > STATS_MAX ||
	    !h.name_size || h.name_size > NAME_SIZE_MAX)
		goto fail;
	s = calloc(1, sizeof(*s) + h.num_desc * sizeof(s->stat[0]));
	if (!s)
		goto fail;
	s->fd = fd;
	if (!read_names(s, &h))
		return s;
	kvmstats_close(s);
	return NULL;
fail:
	close(fd);
	return NULL;
}

void kvmstats_close(struct kvmstats *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < s->n; i++)
		free(s->stat[i].name);
	close(s->fd);
	free(s);
}

void kvmstats_add(const struct kvmstats *s, json_t *obj)
{
	uint64_t value;
	json_int_t before;

	for (unsigned int i = 0; s && i < s->n; i++) {
		if (pread(s->fd, &value, sizeof(value), s->stat[i].offset) != sizeof(value))
			continue;
		before = json_integer_value(json_object_get(obj, s->stat[i].name));
		json_object_set_new(obj, s->stat[i].name,
				    json_integer(before + (json_int_t)value));
	}
}
