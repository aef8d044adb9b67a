// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps KVM in level 1 from patching its own code while guests run.
 *
 * KVM has code that it patches when the first virtual processor with a disabled
 * APIC appears and when the last one has enabled it, which is about a second
 * after each guest's start, and the scheduler has some for the first and last
 * VM. The kernel patches by way of an int3. QEMU 7.2 with a thread for each
 * processor can translate that int3 while another thread replaces it, and keep
 * the translation: level 1 then dies of "Oops: int3" in kvm_arch_vcpu_ioctl_run.
 *
 * A virtual processor that is never run keeps its APIC disabled and its VM alive:
 * with it there is neither a first nor a last.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "launch/tools/tool.h"

int hold_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		return -errno;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0)
		return -errno;
	return 0;
}
