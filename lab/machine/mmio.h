/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_MMIO_H
#define AZ_LAB_MACHINE_MMIO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/kvm.h"
#include "pci/bus.h"

/*
 * What the guest finds at addresses that are not RAM: registers, whose
 * accesses leave the guest and come here, and memory of devices, which KVM
 * maps. Only addresses in VMBus's windows of the DSDT can be used.
 */
#define MMIO_MAX_REGIONS	256u
/* KVM's memory slots 0 and 1 are the RAM. */
#define MMIO_FIRST_SLOT		2u

struct mmio_region;

struct mmio {
	const struct kvm *kvm;
	uint64_t high_start, high_size;		/* the window above 4 GiB; size 0: none */
	pthread_mutex_t lock;			/* the table and the users of its regions */
	pthread_cond_t unused;			/* a region that ends has lost its last user */
	struct mmio_region *region[MMIO_MAX_REGIONS];	/* by address */
	unsigned int n;
	uint64_t slots[(MMIO_MAX_REGIONS + 63) / 64];	/* taken */
};

/* An empty table. @kvm is used when memory is mapped, and need not be open yet. */
void mmio_init(struct mmio *m, const struct kvm *kvm);
/* The window above RAM, before the guest starts. */
void mmio_set_high(struct mmio *m, uint64_t start, uint64_t size);
/* Drop what is left; nothing runs any more. */
void mmio_free(struct mmio *m);

/* As in struct pci_platform. */
int mmio_map_io(struct mmio *m, uint64_t gpa, uint64_t size, const struct pci_io *io, void **out);
int mmio_map_memory(struct mmio *m, uint64_t gpa, uint64_t size, void *host, void **out);
void mmio_unmap(struct mmio *m, void *mapping);

/*
 * An access of the guest, 1 to 8 bytes. False when nobody answers, or the
 * access leaves the region; a read then gives ones. vCPU threads.
 */
bool mmio_access(struct mmio *m, uint64_t gpa, void *data, unsigned int size, bool write);

#endif
