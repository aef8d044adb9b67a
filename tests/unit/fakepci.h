/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_FAKEPCI_H
#define AZ_TESTS_FAKEPCI_H

#include "pci/bus.h"

/*
 * A machine for PCI functions without KVM: remembers what is mapped where and
 * which interrupts came. One at a time; fakepci_reset() begins anew.
 */
#define FAKEPCI_REGIONS		32
#define FAKEPCI_INTERRUPTS	4096
#define FAKEPCI_VPS		2

/* Addresses that the machine takes, as mmio.c does. */
#define FAKEPCI_LOW		0xf8000000ull
#define FAKEPCI_LOW_END		0xfec00000ull
#define FAKEPCI_HIGH		0x100000000ull
#define FAKEPCI_HIGH_END	0x10000000000ull

extern const struct pci_platform fakepci;

/* Nothing is mapped, no interrupt came. */
void fakepci_reset(void);

/* An access of the guest; a read of nothing gives ones. False when nobody is there. */
bool fakepci_access(uint64_t gpa, unsigned int size, bool write, uint64_t *value);
uint64_t fakepci_read(uint64_t gpa, unsigned int size);
void fakepci_write(uint64_t gpa, unsigned int size, uint64_t value);
/* The memory that the guest sees at @gpa, or NULL. */
uint8_t *fakepci_memory(uint64_t gpa);
unsigned int fakepci_mappings(void);

/* How often the interrupt came; wait until it came @n times, true when it did. */
unsigned int fakepci_interrupts(uint32_t vp, uint8_t vector);
bool fakepci_wait(uint32_t vp, uint8_t vector, unsigned int n);

#endif
