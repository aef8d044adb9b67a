// SPDX-License-Identifier: GPL-2.0-only
/* DMA, requests to the bus, and what is counted. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "pci/bus.h"

/* ---- DMA -------------------------------------------------------------------------- */

void *pci_dma_at(struct pci_function *fn, uint64_t gpa, uint64_t len, bool write)
{
	struct pci_counters *c = &fn->counters;
	void *at = NULL;

	if (atomic_load(&fn->master_on))
		at = mem_at(fn->mem, gpa, len);
	if (!at) {
		count(&c->dma_refused);
		return NULL;
	}
	count(write ? &c->dma_writes : &c->dma_reads);
	count_add(write ? &c->dma_write_bytes : &c->dma_read_bytes, len);
	return at;
}

int pci_dma_read(struct pci_function *fn, uint64_t gpa, void *dst, uint64_t len)
{
	const void *src = pci_dma_at(fn, gpa, len, false);

	if (!src)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}

int pci_dma_write(struct pci_function *fn, uint64_t gpa, const void *src, uint64_t len)
{
	void *dst = pci_dma_at(fn, gpa, len, true);

	if (!dst)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}

/* ---- requests ----------------------------------------------------------------------- */

const struct fault *pci_fault(struct pci_function *fn, const char *what, const char *tag)
{
	return fault_fires(fn->faults, fn->name, what, tag);
}

int pci_request(struct pci_function *fn, enum pci_request what)
{
	return fn->link ? fn->link->request(fn->link->ctx, what) : -ENODEV;
}

int pci_invalidate_blocks(struct pci_function *fn, uint64_t mask)
{
	return fn->link ? fn->link->invalidate(fn->link->ctx, mask) : -ENODEV;
}

/* ---- counters --------------------------------------------------------------------------- */

#define NAME(field) { #field, offsetof(struct pci_counters, field) }

static const struct counter_name counter_names[] = {
	NAME(msix_reads), NAME(msix_writes),
	NAME(bar_maps), NAME(bar_unmaps), NAME(bar_refused), NAME(bar_writes_ignored),
	NAME(interrupts), NAME(interrupts_pended), NAME(interrupts_dropped),
	NAME(dma_reads), NAME(dma_writes), NAME(dma_read_bytes), NAME(dma_write_bytes),
	NAME(dma_refused),
	NAME(resets_flr), NAME(resets_bus), NAME(resets_removed), NAME(starts),
	{ NULL, 0 }
};

const char *const pci_phase_names[PCI_PHASES] = { "setup", "scan", "enabled", "running" };
static const char *const reg_names[PCI_REGS] = {
	"id", "command", "bar", "header", "capability", "extended"
};

static json_t *regs_json(const counter_t regs[PCI_REGS], uint64_t *total)
{
	json_t *obj = json_object();

	for (unsigned int i = 0; i < PCI_REGS; i++) {
		uint64_t n = count_get(&regs[i]);

		json_object_set_new(obj, reg_names[i], json_integer((json_int_t)n));
		*total += n;
	}
	return obj;
}

/* {"total":n,"setup":{"id":n,...},...} */
static json_t *phases_json(const counter_t counters[PCI_PHASES][PCI_REGS])
{
	json_t *obj = json_object();
	uint64_t total = 0;

	for (unsigned int i = 0; i < PCI_PHASES; i++)
		json_object_set_new(obj, pci_phase_names[i], regs_json(counters[i], &total));
	json_object_set_new(obj, "total", json_integer((json_int_t)total));
	return obj;
}

static json_t *bars_json(const struct pci_function *fn)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &fn->bar[i];

		if (b->kind != PCI_BAR_TRAPPED && b->kind != PCI_BAR_MEMORY)
			continue;
		json_array_append_new(list, json_pack("{s:i, s:s, s:I, s:I, s:I}", "bar", (int)i,
			"kind", b->kind == PCI_BAR_MEMORY ? "memory" : "trapped",
			"size", (json_int_t)b->size,
			"reads", (json_int_t)count_get(&fn->counters.bar_reads[i]),
			"writes", (json_int_t)count_get(&fn->counters.bar_writes[i])));
	}
	return list;
}

json_t *pci_counters(struct pci_function *fn)
{
	json_t *obj = counters_json(&fn->counters, counter_names);
	int phase = atomic_load(&fn->phase);

	json_object_set_new(obj, "name", json_string(fn->name));
	json_object_set_new(obj, "phase", json_string(pci_phase_names[phase]));
	json_object_set_new(obj, "config_reads", phases_json(fn->counters.config_read));
	json_object_set_new(obj, "config_writes", phases_json(fn->counters.config_write));
	json_object_set_new(obj, "bars", bars_json(fn));
	if (fn->ops->counters)
		fn->ops->counters(fn, obj);
	return obj;
}
