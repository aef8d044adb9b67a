/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_HVPAGE_H
#define AZ_LAB_MACHINE_HVPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "machine/kvm.h"

/*
 * The hypercall page. KVM hands POST_MESSAGE and SIGNAL_EVENT to user space
 * and refuses what it does not know, with one exception: the codes of extended
 * hypercalls (0x8001 to 0x8041, TLFS 3.11) come out as well, since Linux 6.3.
 * vPCI needs three more calls. So, when there are PCI devices, the guest's
 * write of HV_X64_MSR_HYPERCALL comes here (an MSR filter), and the page that
 * the guest gets is one that sends these three as extended ones. The guest is
 * not told of extended hypercalls and does not see a difference.
 */
#define HVPAGE_SIZE		48

/*
 * The code of the page in @page; @call are the three bytes by which this
 * processor calls its hypervisor (vmcall or vmmcall).
 */
void hvpage_code(uint8_t page[HVPAGE_SIZE], const uint8_t call[3]);

/* The code of the hypercall that came out of KVM as @code. */
uint16_t hvpage_original_code(uint16_t code);

/* Have the guest's writes of the MSR come out. 0 or -errno with one line in @err. */
int hvpage_attach(const struct kvm *kvm, char *err, size_t err_len);

/*
 * From KVM_EXIT_X86_WRMSR: the guest writes @value to HV_X64_MSR_HYPERCALL. 0,
 * or -errno: the guest gets #GP.
 */
int hvpage_written(int vcpu_fd, const struct guest_memory *mem, uint64_t value);

#endif
