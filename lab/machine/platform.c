// SPDX-License-Identifier: GPL-2.0-only
/* What the machine is to PCI functions: addresses and interrupts. */
#include <errno.h>

#include "machine/machine.h"

static int map_io(void *ctx, uint64_t gpa, uint64_t size, const struct pci_io *io, void **out)
{
	return mmio_map_io(&((struct machine *)ctx)->mmio, gpa, size, io, out);
}

static int map_memory(void *ctx, uint64_t gpa, uint64_t size, void *host, void **out)
{
	return mmio_map_memory(&((struct machine *)ctx)->mmio, gpa, size, host, out);
}

static void unmap(void *ctx, void *mapping)
{
	mmio_unmap(&((struct machine *)ctx)->mmio, mapping);
}

/* As a message to the local APIC: physical destination, fixed, edge (SDM 3A, 11.11). */
static int interrupt(void *ctx, uint32_t vp, uint8_t vector)
{
	struct machine *m = ctx;
	const struct vp_layout layout = machine_layout(m->config);

	if (vp >= m->n_vcpus || vector < 16)
		return -EINVAL;
	return kvm_signal_msi(&m->kvm, LAPIC_ADDRESS | acpi_apic_id(&layout, vp) << 12, vector);
}

struct pci_platform machine_platform(struct machine *m)
{
	return (struct pci_platform){
		.ctx = m,
		.map_io = map_io,
		.map_memory = map_memory,
		.unmap = unmap,
		.vp_count = m->config->vcpus,
		.interrupt = interrupt,
	};
}
