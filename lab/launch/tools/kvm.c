// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says whether /dev/kvm is usable: not whether the file is there, but whether
 * it has what a Hyper-V guest needs and runs an instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "launch/tools/tool.h"

#define PROBE_GPA	0x1000
#define PROBE_PORT	0x80

static const struct {
	int cap;
	const char *name;
} needed[] = {
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_HYPERV, "KVM_CAP_HYPERV" },
	{ KVM_CAP_HYPERV_SYNIC2, "KVM_CAP_HYPERV_SYNIC2" },
	{ KVM_CAP_HYPERV_EVENTFD, "KVM_CAP_HYPERV_EVENTFD" },
	{ KVM_CAP_HYPERV_VP_INDEX, "KVM_CAP_HYPERV_VP_INDEX" },
};

static int missing(const char *what)
{
	tool_error("/dev/kvm: %s: %s", what, strerror(errno));
	return TOOL_ENV;
}

/* Puts @vcpu into flat real mode at PROBE_GPA. */
static int start_at(int vcpu, __u64 rip)
{
	struct kvm_regs regs = { .rip = rip, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
		return -errno;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0 || ioctl(vcpu, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

/* Runs "out %al, $0x80" in a VM of one page and expects its exit. */
static int run_one(int kvm, int vm)
{
	static const unsigned char code[] = { 0xe6, PROBE_PORT };
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = PROBE_GPA,
		.memory_size = 0x1000,
	};
	struct kvm_enable_cap synic = { .cap = KVM_CAP_HYPERV_SYNIC2 };
	struct kvm_run *run;
	void *page;
	int vcpu, size;

	page = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return missing("no memory");
	memcpy(page, code, sizeof(code));
	slot.userspace_addr = (unsigned long)page;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return missing("KVM_SET_USER_MEMORY_REGION");
	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0)
		return missing("KVM_CREATE_IRQCHIP");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		return missing("KVM_CREATE_VCPU");
	if (ioctl(vcpu, KVM_ENABLE_CAP, &synic) < 0)
		return missing("enabling KVM_CAP_HYPERV_SYNIC2");
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(*run))
		return missing("KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED || start_at(vcpu, PROBE_GPA) < 0)
		return missing("vCPU state");
	if (ioctl(vcpu, KVM_RUN, 0) < 0)
		return missing("KVM_RUN");
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PROBE_PORT) {
		tool_error("/dev/kvm: a one-instruction guest ended with exit reason %u",
			   run->exit_reason);
		return TOOL_ENV;
	}
	return TOOL_OK;
}

int tool_kvm(int argc, char **argv)
{
	int kvm, vm;
	size_t i;

	if (argc != 1) {
		tool_error("usage: labtool kvm");
		return TOOL_USAGE;
	}
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return missing("cannot open");
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ioctl(kvm, KVM_CHECK_EXTENSION, needed[i].cap) <= 0) {
			tool_error("/dev/kvm lacks %s", needed[i].name);
			return TOOL_ENV;
		}
	}
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return missing("KVM_CREATE_VM");
	/* The process ends here, and with it the VM: nothing to undo. */
	return run_one(kvm, vm);
}
