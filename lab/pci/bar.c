// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base address registers: what they look like, and where they are mapped
 * (PCI Local Bus 3.0, 6.2.5).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pci/bus.h"

#define BAR_32_MAX	(1ull << 31)

static unsigned int bar_offset(unsigned int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * bar;
}

static int check(const struct pci_function *fn, unsigned int bar, uint64_t size,
		 unsigned int flags)
{
	if (bar >= PCI_BARS || fn->bar[bar].kind != PCI_BAR_NONE)
		return -EINVAL;
	if (size < PCI_BAR_MIN || size > PCI_BAR_MAX || size & (size - 1))
		return -EINVAL;
	if (!(flags & PCI_BAR_64))
		return size > BAR_32_MAX ? -EINVAL : 0;
	return bar + 1 < PCI_BARS && fn->bar[bar + 1].kind == PCI_BAR_NONE ? 0 : -EINVAL;
}

int pci_add_bar(struct pci_function *fn, unsigned int bar, enum pci_bar_kind kind, uint64_t size,
		unsigned int flags)
{
	int rc = check(fn, bar, size, flags);
	struct pci_bar *b = &fn->bar[bar];
	uint32_t type = 0;
	void *memory;

	if (rc || (kind != PCI_BAR_TRAPPED && kind != PCI_BAR_MEMORY))
		return -EINVAL;
	if (kind == PCI_BAR_MEMORY) {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return -ENOMEM;
		madvise(memory, size, MADV_DONTFORK);
		madvise(memory, size, MADV_DONTDUMP);
		b->memory = memory;
	}
	b->kind = kind;
	b->flags = flags;
	b->size = size;
	b->fn = fn;
	if (flags & PCI_BAR_PREFETCH)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (flags & PCI_BAR_64) {
		type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
		fn->bar[bar + 1].kind = PCI_BAR_UPPER;
		pci_set_writable(fn, bar_offset(bar + 1), (uint32_t)(~(size - 1) >> 32));
	}
	pci_set32(fn, bar_offset(bar), type);
	pci_set_writable(fn, bar_offset(bar), (uint32_t)~(size - 1));
	return 0;
}

void pci_destroy(struct pci_function *fn)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		if (fn->bar[i].memory)
			munmap(fn->bar[i].memory, fn->bar[i].size);
	}
	free(fn->msix.entry);
	free(fn->msix.pending);
	pthread_mutex_destroy(&fn->msix.lock);
}

uint32_t pci_probed_bar(const struct pci_function *fn, unsigned int bar)
{
	uint32_t writable = 0;

	for (unsigned int i = 0; i < 4; i++)
		writable |= (uint32_t)fn->writable[bar_offset(bar) + i] << 8 * i;
	if (!writable && fn->bar[bar].kind == PCI_BAR_NONE)
		return 0;
	return writable | (fn->power_on[bar_offset(bar)] & 0xf);
}

/* ---- accesses, on vCPU threads ------------------------------------------------- */

static uint64_t bar_read(void *ctx, uint64_t offset, unsigned int size)
{
	struct pci_bar *b = ctx;
	struct pci_function *fn = b->fn;
	unsigned int bar = (unsigned int)(b - fn->bar);
	uint64_t value = ~0ull;

	if (pci_msix_access(fn, bar, offset, size, false, &value)) {
		count(&fn->counters.msix_reads);
		return value;
	}
	count(&fn->counters.bar_reads[bar]);
	return fn->ops->bar_read ? fn->ops->bar_read(fn, bar, offset, size) : value;
}

static void bar_write(void *ctx, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_bar *b = ctx;
	struct pci_function *fn = b->fn;
	unsigned int bar = (unsigned int)(b - fn->bar);

	if (pci_msix_access(fn, bar, offset, size, true, &value)) {
		count(&fn->counters.msix_writes);
		return;
	}
	count(&fn->counters.bar_writes[bar]);
	if (fn->ops->bar_write)
		fn->ops->bar_write(fn, bar, offset, size, value);
}

/* ---- mapping, under the config lock ------------------------------------------------ */

static uint64_t address_of(const struct pci_function *fn, unsigned int bar)
{
	uint64_t address = pci_get(fn, bar_offset(bar), 4) & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;

	if (fn->bar[bar].flags & PCI_BAR_64)
		address |= (uint64_t)pci_get(fn, bar_offset(bar + 1), 4) << 32;
	return address;
}

static void map(struct pci_function *fn, unsigned int bar)
{
	const struct pci_platform *p = fn->link->platform;
	struct pci_bar *b = &fn->bar[bar];
	struct pci_io io = { .read = bar_read, .write = bar_write, .ctx = b };
	uint64_t at = address_of(fn, bar);
	int rc;

	if (b->kind == PCI_BAR_MEMORY)
		rc = p->map_memory(p->ctx, at, b->size, b->memory, &b->mapping);
	else
		rc = p->map_io(p->ctx, at, b->size, &io, &b->mapping);
	if (rc) {
		b->mapping = NULL;
		count(&fn->counters.bar_refused);
		return;
	}
	b->mapped_at = at;
	count(&fn->counters.bar_maps);
}

void pci_bars_update(struct pci_function *fn)
{
	bool on = atomic_load(&fn->memory_on);

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *b = &fn->bar[i];

		if (b->kind != PCI_BAR_TRAPPED && b->kind != PCI_BAR_MEMORY)
			continue;
		if (b->mapping && !on) {
			fn->link->platform->unmap(fn->link->platform->ctx, b->mapping);
			b->mapping = NULL;
			count(&fn->counters.bar_unmaps);
		} else if (!b->mapping && on) {
			map(fn, i);
		}
	}
}
