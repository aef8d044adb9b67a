/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PCI_BUS_H
#define AZ_LAB_PCI_BUS_H

#include "pci/pci.h"

/*
 * The other side of a PCI function: what the machine provides, what a bus
 * provides, and what a bus calls. Devices never include this.
 */

/* Somebody who answers accesses to a stretch of guest physical addresses. On vCPU threads. */
struct pci_io {
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned int size);
	void (*write)(void *ctx, uint64_t offset, unsigned int size, uint64_t value);
	void *ctx;
};

/* The machine; unit tests and fuzzers provide a fake one. Any thread. */
struct pci_platform {
	void *ctx;
	/*
	 * Accesses to [@gpa, @gpa + @size) call @io from now on. 0 and a cookie in
	 * *@out; -EINVAL when these are not addresses for devices; -EEXIST when
	 * something is there; -ENOMEM.
	 */
	int (*map_io)(void *ctx, uint64_t gpa, uint64_t size, const struct pci_io *io,
		      void **out);
	/* The guest sees the memory at @host there. As above. */
	int (*map_memory)(void *ctx, uint64_t gpa, uint64_t size, void *host, void **out);
	/*
	 * End a mapping and wait until no access is under way. Not from within an
	 * access to that same mapping.
	 */
	void (*unmap)(void *ctx, void *mapping);
	uint32_t vp_count;		/* VPs are 0 to this - 1 */
	/* Interrupt @vector at VP @vp, fixed delivery, edge. 0 or -EINVAL. */
	int (*interrupt)(void *ctx, uint32_t vp, uint8_t vector);
};

/* A function's place on a bus. The bus embeds it and fills in all of it. Calls on any thread. */
struct pci_link {
	const struct pci_platform *platform;
	void *ctx;
	/* The function wrote @data to @address, an interrupt. False: it means nothing. */
	bool (*message)(void *ctx, uint64_t address, uint32_t data);
	int (*request)(void *ctx, enum pci_request what);
	int (*invalidate)(void *ctx, uint64_t mask);
};

/* Put @fn on a bus; its description is complete. @link must stay. */
void pci_attach(struct pci_function *fn, struct pci_link *link);

/*
 * The calls below are serialised for each function by the bus's config lock,
 * which is not taken on any path of pci_raise() and pci_dma_*().
 */

/* The guest reads or writes @size bytes (1, 2 or 4) at @offset; what is beyond gives ones. */
uint32_t pci_config_read(struct pci_function *fn, unsigned int offset, unsigned int size);
void pci_config_write(struct pci_function *fn, unsigned int offset, unsigned int size,
		      uint32_t value);

/* What reads as BAR @bar after ones were written to it. */
uint32_t pci_probed_bar(const struct pci_function *fn, unsigned int bar);

/* The bus enters D0; its resources are assigned; the function is reset. */
void pci_start(struct pci_function *fn);
void pci_assigned(struct pci_function *fn);
void pci_reset(struct pci_function *fn, enum pci_reset_reason why);

/* Names of enum pci_phase, as in counters. */
extern const char *const pci_phase_names[PCI_PHASES];

/* The core's counters and the device's own; a new reference. Any thread. */
json_t *pci_counters(struct pci_function *fn);

/* ---- bar.c and msix.c, for function.c and config.c -------------------------------- */

/* Map or unmap all BARs as the command register says. */
void pci_bars_update(struct pci_function *fn);
/* MSI-X control was written; the pending ones that are allowed now are sent. */
void pci_msix_control(struct pci_function *fn, uint16_t control);
void pci_msix_reset(struct pci_function *fn);
/* True when @offset of BAR @bar is the table or the pending bits: done here. */
bool pci_msix_access(struct pci_function *fn, unsigned int bar, uint64_t offset,
		     unsigned int size, bool write, uint64_t *value);

#endif
