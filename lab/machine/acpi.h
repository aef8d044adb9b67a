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
#define MMIO_HIGH_SIZE		(64ull << 30)

struct acpi_config {
	unsigned int vcpus;
	unsigned int numa_nodes;	/* 0: no SRAT */
	unsigned int phys_bits;		/* guest physical address bits, CPUID 0x80000008 */
};

/* 0, or -E2BIG when the tables do not fit their place. */
int acpi_build(const struct guest_memory *mem, const struct acpi_config *config);

/* The high MMIO window; *@size 0 when the address bits leave no room. */
void acpi_high_window(const struct guest_memory *mem, unsigned int phys_bits,
		      uint64_t *start, uint64_t *size);

/*
 * Topology. VPs and memory are split evenly over the nodes, the first ones
 * taking what is left over; a node is a package. The APIC id has the core in
 * its low acpi_core_bits() bits, the package above.
 */
unsigned int acpi_node_of_vp(unsigned int vp, unsigned int vcpus, unsigned int nodes);
unsigned int acpi_core_bits(unsigned int vcpus, unsigned int nodes);
uint32_t acpi_apic_id(unsigned int vp, unsigned int vcpus, unsigned int nodes);

#endif
