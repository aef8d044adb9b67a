/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_ACPI_H
#define AZ_LAB_MACHINE_ACPI_H

#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"

/*
 * ACPI tables of a hardware-reduced machine: RSDP, XSDT, FADT, MADT, SRAT
 * when there are NUMA nodes, the DSDT of dsdt.asl and an SSDT with the
 * processors. They lie from BOOT_ACPI_GPA on, the RSDP first.
 */

/* Registers in I/O space that the FADT announces. */
#define ACPI_PORT_SLEEP_CONTROL	0x600
#define ACPI_PORT_SLEEP_STATUS	0x601
#define ACPI_PORT_RESET		0x602
#define ACPI_RESET_VALUE	0x01
#define ACPI_SLEEP_ENABLE	0x20	/* of the sleep control register (ACPI 4.8.3.7) */
#define ACPI_SLEEP_TYPE(v)	(((v) >> 2) & 7)
#define ACPI_SLEEP_TYPE_S5	5	/* as \_S5 in dsdt.asl says */

#define IOAPIC_ADDRESS		0xfec00000u
#define LAPIC_ADDRESS		0xfee00000u

/* VMBus's windows for MMIO as a generation-2 machine has them: below the IOAPIC, above RAM. */
#define MMIO_LOW_START		0xf8000000u
#define MMIO_LOW_END		0xfebfffffu
#define MMIO_HIGH_DEFAULT	(64ull << 30)

/* How the VPs are put together. */
struct vp_layout {
	unsigned int vcpus;
	unsigned int nodes;		/* 0: the guest sees no NUMA, there is no SRAT */
	unsigned int threads;		/* of a core: 1, or 2 and then vcpus is even */
};

struct acpi_config {
	struct vp_layout layout;
	unsigned int phys_bits;		/* guest physical address bits, CPUID 0x80000008 */
	uint64_t mmio_high;		/* bytes that the high window shall have */
};

/* 0, or -E2BIG when the tables do not fit their place. */
int acpi_build(const struct guest_memory *mem, const struct acpi_config *config);

/* The high MMIO window; *@size is less, or 0, when the address bits leave no room. */
void acpi_high_window(const struct guest_memory *mem, const struct acpi_config *config,
		      uint64_t *start, uint64_t *size);

/*
 * Topology. Cores and memory are split evenly over the nodes, the first ones
 * taking what is left over; a node is a package. The APIC id has the thread in
 * its lowest bit when there are two, then the core, in acpi_package_bits() bits
 * together, the package above. So VPs 2k and 2k + 1 are threads of one core.
 */
unsigned int acpi_node_of_vp(const struct vp_layout *l, unsigned int vp);
unsigned int acpi_package_bits(const struct vp_layout *l);
/* VPs of the largest package. */
unsigned int acpi_package_vps(const struct vp_layout *l);
uint32_t acpi_apic_id(const struct vp_layout *l, unsigned int vp);

/* The node of @nodes (0 is taken for 1) whose memory has @gpa; -1 when it is not RAM. */
int acpi_node_of_gpa(const struct guest_memory *mem, unsigned int nodes, uint64_t gpa);

#endif
