// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "tests/unit/fakepci.h"

#define DEADLINE_S	30

struct region {
	uint64_t gpa, size;
	struct pci_io io;
	uint8_t *memory;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct region region[FAKEPCI_REGIONS];
	struct {
		uint32_t vp;
		uint8_t vector;
	} interrupt[FAKEPCI_INTERRUPTS];
	unsigned int interrupts;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

void fakepci_reset(void)
{
	memset(fake.region, 0, sizeof(fake.region));
	fake.interrupts = 0;
}

static bool good(uint64_t gpa, uint64_t size)
{
	if (!size || gpa + size < gpa)
		return false;
	return (gpa >= FAKEPCI_LOW && gpa + size <= FAKEPCI_LOW_END) ||
	       (gpa >= FAKEPCI_HIGH && gpa + size <= FAKEPCI_HIGH_END);
}

static int add(const struct region *new, void **out)
{
	struct region *free = NULL;
	int rc = 0;

	if (!good(new->gpa, new->size))
		return -EINVAL;
	pthread_mutex_lock(&fake.lock);
	for (int i = 0; i < FAKEPCI_REGIONS; i++) {
		struct region *r = &fake.region[i];

		if (!r->size)
			free = r;
		else if (r->gpa < new->gpa + new->size && new->gpa < r->gpa + r->size)
			rc = -EEXIST;
	}
	if (!free)
		rc = -ENOMEM;
	if (!rc) {
		*free = *new;
		*out = free;
	}
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

static int map_io(void *ctx, uint64_t gpa, uint64_t size, const struct pci_io *io, void **out)
{
	return add(&(struct region){ .gpa = gpa, .size = size, .io = *io }, out);
}

static int map_memory(void *ctx, uint64_t gpa, uint64_t size, void *host, void **out)
{
	return add(&(struct region){ .gpa = gpa, .size = size, .memory = host }, out);
}

/* The test's one thread makes all accesses, so that there is nobody to wait for. */
static void unmap(void *ctx, void *mapping)
{
	pthread_mutex_lock(&fake.lock);
	((struct region *)mapping)->size = 0;
	pthread_mutex_unlock(&fake.lock);
}

static int interrupt(void *ctx, uint32_t vp, uint8_t vector)
{
	pthread_mutex_lock(&fake.lock);
	if (fake.interrupts < FAKEPCI_INTERRUPTS) {
		fake.interrupt[fake.interrupts].vp = vp;
		fake.interrupt[fake.interrupts].vector = vector;
		fake.interrupts++;
	}
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	return 0;
}

const struct pci_platform fakepci = {
	.map_io = map_io,
	.map_memory = map_memory,
	.unmap = unmap,
	.vp_count = FAKEPCI_VPS,
	.interrupt = interrupt,
};

/* ---- the guest ------------------------------------------------------------------ */

static struct region find(uint64_t gpa)
{
	struct region found = { 0 };

	pthread_mutex_lock(&fake.lock);
	for (int i = 0; i < FAKEPCI_REGIONS; i++) {
		if (gpa >= fake.region[i].gpa && gpa - fake.region[i].gpa < fake.region[i].size)
			found = fake.region[i];
	}
	pthread_mutex_unlock(&fake.lock);
	return found;
}

bool fakepci_access(uint64_t gpa, unsigned int size, bool write, uint64_t *value)
{
	struct region r = find(gpa);

	if (!r.size || r.memory || gpa + size > r.gpa + r.size) {
		if (!write)
			*value = ~0ull;
		return false;
	}
	if (write)
		r.io.write(r.io.ctx, gpa - r.gpa, size, *value);
	else
		*value = r.io.read(r.io.ctx, gpa - r.gpa, size);
	if (!write && size < 8)
		*value &= (1ull << 8 * size) - 1;
	return true;
}

uint64_t fakepci_read(uint64_t gpa, unsigned int size)
{
	uint64_t value;

	fakepci_access(gpa, size, false, &value);
	return value;
}

void fakepci_write(uint64_t gpa, unsigned int size, uint64_t value)
{
	fakepci_access(gpa, size, true, &value);
}

uint8_t *fakepci_memory(uint64_t gpa)
{
	struct region r = find(gpa);

	return r.memory ? r.memory + (gpa - r.gpa) : NULL;
}

unsigned int fakepci_mappings(void)
{
	unsigned int n = 0;

	pthread_mutex_lock(&fake.lock);
	for (int i = 0; i < FAKEPCI_REGIONS; i++)
		n += fake.region[i].size != 0;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

/* ---- interrupts -------------------------------------------------------------------- */

static unsigned int seen(uint32_t vp, uint8_t vector)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < fake.interrupts; i++)
		n += fake.interrupt[i].vp == vp && fake.interrupt[i].vector == vector;
	return n;
}

unsigned int fakepci_interrupts(uint32_t vp, uint8_t vector)
{
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = seen(vp, vector);
	pthread_mutex_unlock(&fake.lock);
	return n;
}

bool fakepci_wait(uint32_t vp, uint8_t vector, unsigned int n)
{
	struct timespec until;
	bool came;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	pthread_mutex_lock(&fake.lock);
	while (!(came = seen(vp, vector) >= n)) {
		if (pthread_cond_timedwait(&fake.changed, &fake.lock, &until))
			break;
	}
	pthread_mutex_unlock(&fake.lock);
	return came;
}
