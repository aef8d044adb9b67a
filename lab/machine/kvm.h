/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_KVM_H
#define AZ_LAB_MACHINE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "core/memory.h"

/*
 * The virtual machine as the kernel keeps it: memory, interrupt controllers,
 * interrupt routes. Guest interrupt numbers (GSI) 0-23 are the pins of the
 * IOAPIC; GSI_SYNIC + n is the VMBus SINT of VP n.
 */
#define IOAPIC_PINS	24
#define GSI_SYNIC	IOAPIC_PINS

struct kvm {
	int fd;			/* /dev/kvm */
	int vm;
	size_t run_size;	/* of the page that a vCPU shares with the kernel */
	bool has_signal_eventfd;	/* KVM_CAP_HYPERV_EVENTFD */
};

/*
 * Open /dev/kvm and check every capability that azhost needs. 0, or -errno
 * with one line in @err: what is missing and what would help.
 */
int kvm_open(struct kvm *kvm, char *err, size_t err_len);

/* Print each capability with its value on standard output. 0 when all are there, else -ENODEV. */
int kvm_print_caps(struct kvm *kvm);

/*
 * Create the machine with an in-kernel IOAPIC and local APICs, and @mem as its
 * RAM. 0 or -errno with one line in @err.
 */
int kvm_create(struct kvm *kvm, const struct guest_memory *mem, char *err, size_t err_len);
void kvm_close(struct kvm *kvm);

/*
 * Map @size bytes at @host as memory slot @slot at @gpa; slots 0 and 1 are the
 * RAM. @size 0 takes the slot away. 0 or -errno.
 */
int kvm_set_slot(const struct kvm *kvm, uint32_t slot, uint64_t gpa, uint64_t size, void *host);

/* CPUID leaves that KVM can give a guest on @fd (/dev/kvm or a vCPU). malloc()ed, NULL: errno. */
struct kvm_cpuid2 *kvm_get_cpuid(int fd, unsigned long request);

/*
 * Route the IOAPIC's pins and the SINTs of VPs 0 to @vp_count - 1. After the
 * VPs have their SynIC: KVM notes then, and only then, which route an EOM
 * belongs to. 0 or -errno.
 */
int kvm_set_routes(const struct kvm *kvm, unsigned int vp_count);

/*
 * A write to @trigger raises @gsi; with @resample >= 0 the kernel writes to
 * that eventfd when the guest has ended the interrupt. 0 or -errno.
 */
int kvm_irqfd(const struct kvm *kvm, unsigned int gsi, int trigger, int resample);

/* Set the level of an IOAPIC pin. */
void kvm_irq_line(const struct kvm *kvm, unsigned int gsi, bool level);

/* A message-signalled interrupt: @data written to @address by a device. 0 or -errno. */
int kvm_signal_msi(const struct kvm *kvm, uint64_t address, uint32_t data);

/* SIGNAL_EVENT for @connection_id writes to @fd from now on; -1 ends it. 0 or -errno. */
int kvm_bind_signal(const struct kvm *kvm, uint32_t connection_id, int fd);

#endif
