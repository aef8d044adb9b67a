// SPDX-License-Identifier: GPL-2.0-only
/*
 * The config window: the guest writes the number of a function to the first
 * page, and finds its config space in the second. vCPU threads, by a trap or
 * by a hypercall.
 */
#include "vpci/internal.h"

#define ONES	(~0ull)

/* The chosen function, under the lock. */
static struct pci_function *chosen(struct vpci_bus *bus)
{
	struct vpci_slot *slot = bus->in_d0 ? vpci_find(bus, bus->selected) : NULL;

	if (!slot)
		count(&bus->counters.window_absent);
	return slot ? slot->fn : NULL;
}

static uint64_t window_read(void *ctx, uint64_t offset, unsigned int size)
{
	struct vpci_bus *bus = ctx;
	struct pci_function *fn;
	uint64_t value = ONES;

	if (offset < VPCI_WINDOW_CONFIG)
		return value;
	if (vpci_fault(bus, "config-ones", NULL))
		return value;
	pthread_mutex_lock(&bus->lock);
	fn = chosen(bus);
	if (fn)
		value = pci_config_read(fn, (unsigned int)offset - VPCI_WINDOW_CONFIG, size);
	pthread_mutex_unlock(&bus->lock);
	return value;
}

static void window_write(void *ctx, uint64_t offset, unsigned int size, uint64_t value)
{
	struct vpci_bus *bus = ctx;
	struct pci_function *fn;

	pthread_mutex_lock(&bus->lock);
	if (offset >= VPCI_WINDOW_CONFIG) {
		fn = chosen(bus);
		if (fn)
			pci_config_write(fn, (unsigned int)offset - VPCI_WINDOW_CONFIG, size,
					 (uint32_t)value);
	} else if (!offset && size == 4) {
		count(&bus->counters.window_selects);
		bus->selected = (uint32_t)value;
	}
	pthread_mutex_unlock(&bus->lock);
}

int vpci_window_map(struct vpci_bus *bus, uint64_t gpa)
{
	const struct pci_platform *p = &bus->vpci->platform;
	struct pci_io io = { .read = window_read, .write = window_write, .ctx = bus };

	return p->map_io(p->ctx, gpa, VPCI_WINDOW_SIZE, &io, &bus->window);
}

void vpci_window_unmap(struct vpci_bus *bus)
{
	const struct pci_platform *p = &bus->vpci->platform;

	if (bus->window)
		p->unmap(p->ctx, bus->window);
	bus->window = NULL;
}
