// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region is found under the lock and used without it, so that an access may
 * map and unmap other regions: a write to config space does. While it is used
 * it is counted; mmio_unmap() takes it out of the table first, so that nobody
 * finds it any more, and then waits for its users.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "machine/acpi.h"
#include "machine/mmio.h"

struct mmio_region {
	uint64_t gpa, size;
	struct pci_io io;
	int slot;			/* KVM's, -1: trapped */
	unsigned int users;
};

void mmio_init(struct mmio *m, const struct kvm *kvm)
{
	memset(m, 0, sizeof(*m));
	m->kvm = kvm;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->unused, NULL);
}

void mmio_set_high(struct mmio *m, uint64_t start, uint64_t size)
{
	m->high_start = start;
	m->high_size = size;
}

void mmio_free(struct mmio *m)
{
	for (unsigned int i = 0; i < m->n; i++)
		free(m->region[i]);
	m->n = 0;
	pthread_cond_destroy(&m->unused);
	pthread_mutex_destroy(&m->lock);
}

/* ---- the table, under the lock --------------------------------------------------- */

/* Is all of it in one of the windows that the DSDT gives VMBus? */
static bool is_window(const struct mmio *m, uint64_t gpa, uint64_t size)
{
	if (gpa % GUEST_PAGE_SIZE || size % GUEST_PAGE_SIZE || !size || gpa + size < gpa)
		return false;
	if (gpa >= MMIO_LOW_START && gpa + size - 1 <= MMIO_LOW_END)
		return true;
	return gpa >= m->high_start && gpa + size <= m->high_start + m->high_size;
}

/* The number of regions that begin at @gpa or below. */
static unsigned int below(const struct mmio *m, uint64_t gpa)
{
	unsigned int low = 0, high = m->n;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (m->region[middle]->gpa <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_taken(const struct mmio *m, uint64_t gpa, uint64_t size)
{
	unsigned int at = below(m, gpa);

	if (at && m->region[at - 1]->gpa + m->region[at - 1]->size > gpa)
		return true;
	return at < m->n && m->region[at]->gpa < gpa + size;
}

static int take_slot(struct mmio *m)
{
	for (unsigned int i = 0; i < MMIO_MAX_REGIONS; i++) {
		if (m->slots[i / 64] & 1ull << i % 64)
			continue;
		m->slots[i / 64] |= 1ull << i % 64;
		return (int)(MMIO_FIRST_SLOT + i);
	}
	return -ENOSPC;
}

static void release_slot(struct mmio *m, int slot)
{
	unsigned int i = (unsigned int)slot - MMIO_FIRST_SLOT;

	m->slots[i / 64] &= ~(1ull << i % 64);
}

static int insert(struct mmio *m, struct mmio_region *r)
{
	unsigned int at = below(m, r->gpa);

	if (!is_window(m, r->gpa, r->size))
		return -EINVAL;
	if (is_taken(m, r->gpa, r->size))
		return -EEXIST;
	if (m->n == MMIO_MAX_REGIONS)
		return -ENOSPC;
	memmove(&m->region[at + 1], &m->region[at], (m->n - at) * sizeof(m->region[0]));
	m->region[at] = r;
	m->n++;
	return 0;
}

static void take_out(struct mmio *m, const struct mmio_region *r)
{
	unsigned int at = below(m, r->gpa) - 1;

	m->n--;
	memmove(&m->region[at], &m->region[at + 1], (m->n - at) * sizeof(m->region[0]));
}

/* ---- mapping ------------------------------------------------------------------------ */

static struct mmio_region *new_region(uint64_t gpa, uint64_t size)
{
	struct mmio_region *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->gpa = gpa;
	r->size = size;
	r->slot = -1;
	return r;
}

int mmio_map_io(struct mmio *m, uint64_t gpa, uint64_t size, const struct pci_io *io, void **out)
{
	struct mmio_region *r = new_region(gpa, size);
	int rc;

	if (!r)
		return -ENOMEM;
	r->io = *io;
	pthread_mutex_lock(&m->lock);
	rc = insert(m, r);
	pthread_mutex_unlock(&m->lock);
	if (rc)
		free(r);
	else
		*out = r;
	return rc;
}

int mmio_map_memory(struct mmio *m, uint64_t gpa, uint64_t size, void *host, void **out)
{
	struct mmio_region *r = new_region(gpa, size);
	int rc;

	if (!r)
		return -ENOMEM;
	pthread_mutex_lock(&m->lock);
	rc = insert(m, r);
	if (rc)
		goto out_free;
	r->slot = rc = take_slot(m);
	if (rc >= 0)
		rc = kvm_set_slot(m->kvm, (uint32_t)r->slot, gpa, size, host);
	if (!rc) {
		*out = r;
		goto out;
	}
	if (r->slot >= 0)
		release_slot(m, r->slot);
	take_out(m, r);
out_free:
	free(r);
out:
	pthread_mutex_unlock(&m->lock);
	return rc;
}

void mmio_unmap(struct mmio *m, void *mapping)
{
	struct mmio_region *r = mapping;

	pthread_mutex_lock(&m->lock);
	take_out(m, r);
	if (r->slot >= 0) {
		kvm_set_slot(m->kvm, (uint32_t)r->slot, r->gpa, 0, NULL);
		release_slot(m, r->slot);
	}
	while (r->users)
		pthread_cond_wait(&m->unused, &m->lock);
	pthread_mutex_unlock(&m->lock);
	free(r);
}

/* ---- accesses -------------------------------------------------------------------------- */

static struct mmio_region *get(struct mmio *m, uint64_t gpa, unsigned int size)
{
	struct mmio_region *r = NULL;
	unsigned int at;

	pthread_mutex_lock(&m->lock);
	at = below(m, gpa);
	if (at)
		r = m->region[at - 1];
	if (r && r->slot < 0 && gpa - r->gpa < r->size && size <= r->size - (gpa - r->gpa))
		r->users++;
	else
		r = NULL;
	pthread_mutex_unlock(&m->lock);
	return r;
}

static void put(struct mmio *m, struct mmio_region *r)
{
	pthread_mutex_lock(&m->lock);
	if (!--r->users)
		pthread_cond_broadcast(&m->unused);
	pthread_mutex_unlock(&m->lock);
}

bool mmio_access(struct mmio *m, uint64_t gpa, void *data, unsigned int size, bool write)
{
	struct mmio_region *r = NULL;
	uint64_t value = 0;

	if (size == 1 || size == 2 || size == 4 || size == 8)
		r = get(m, gpa, size);
	if (!r) {
		if (!write)
			memset(data, 0xff, size);
		return false;
	}
	if (write) {
		memcpy(&value, data, size);
		r->io.write(r->io.ctx, gpa - r->gpa, size, value);
	} else {
		value = r->io.read(r->io.ctx, gpa - r->gpa, size);
		memcpy(data, &value, size);
	}
	put(m, r);
	return true;
}
