// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine/boot.h"
#include "machine/kvm.h"
#include "machine/vcpu.h"
#include "proto/hv.h"

#define CR0_PE		(1ull << 0)
#define CR0_MP		(1ull << 1)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define RFLAGS_FIXED	2

#define MSR_MTRR_DEF_TYPE	0x2ff
#define MTRR_ENABLE_WRITE_BACK	(1ull << 11 | 6)

#define CPUID_CAP	256

int cpustate_set_cpuid(int vcpu_fd, const struct kvm_cpuid2 *host, const struct cpu_topology *topo,
		       char *err, size_t err_len)
{
	struct kvm_enable_cap synic = { .cap = KVM_CAP_HYPERV_SYNIC2 };
	struct kvm_cpuid2 *hv = NULL, *out = NULL;
	const char *what = "KVM_ENABLE_CAP(KVM_CAP_HYPERV_SYNIC2)";
	int rc;

	/* First: without a SynIC the list below lacks what depends on it. */
	if (ioctl(vcpu_fd, KVM_ENABLE_CAP, &synic))
		goto fail;
	what = "KVM_GET_SUPPORTED_HV_CPUID";
	hv = kvm_get_cpuid(vcpu_fd, KVM_GET_SUPPORTED_HV_CPUID);
	out = calloc(1, sizeof(*out) + CPUID_CAP * sizeof(out->entries[0]));
	if (!hv || !out)
		goto fail;
	rc = hvcpuid_build(host, hv, topo, out, CPUID_CAP);
	if (rc) {
		snprintf(err, err_len,
			 "KVM_GET_SUPPORTED_HV_CPUID: no SynIC, VP index, messages or events");
		goto out;
	}
	what = "KVM_SET_CPUID2";
	if (!ioctl(vcpu_fd, KVM_SET_CPUID2, out))
		goto out;
fail:
	rc = -errno;
	snprintf(err, err_len, "%s: %s", what, strerror(-rc));
out:
	free(hv);
	free(out);
	return rc;
}

static struct kvm_segment segment(uint16_t selector)
{
	uint64_t d = boot_gdt[selector / 8];

	return (struct kvm_segment){
		.base = (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000),
		.limit = d >> 55 & 1 ? 0xffffffff : (uint32_t)(d & 0xffff),
		.selector = selector,
		.type = d >> 40 & 0xf,
		.s = d >> 44 & 1,
		.dpl = d >> 45 & 3,
		.present = d >> 47 & 1,
		.l = d >> 53 & 1,
		.db = d >> 54 & 1,
		.g = d >> 55 & 1,
	};
}

int cpustate_set_boot(int vcpu_fd, uint64_t entry)
{
	struct kvm_regs regs = {
		.rip = entry,
		.rsi = BOOT_PARAMS_GPA,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = segment(BOOT_CS);
	sregs.ds = segment(BOOT_DS);
	sregs.es = sregs.ds;
	sregs.fs = sregs.ds;
	sregs.gs = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.tr = segment(BOOT_TSS);
	sregs.gdt.base = BOOT_GDT_GPA;
	sregs.gdt.limit = sizeof(boot_gdt) - 1;
	sregs.idt.base = 0;
	sregs.idt.limit = 0;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG;
	sregs.cr3 = BOOT_TABLES_GPA;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu_fd, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

/* What KVM_GET_MSRS and KVM_SET_MSRS take: struct kvm_msrs has no room for its entries. */
union msr_list {
	struct kvm_msrs head;
	uint8_t room[sizeof(struct kvm_msrs) + 5 * sizeof(struct kvm_msr_entry)];
};

/* There is no firmware: memory is write-back unless page tables differ. Crashes are wanted. */
int cpustate_set_msrs(int vcpu_fd)
{
	union msr_list msrs = { .room = { 0 } };
	int n;

	msrs.head.nmsrs = 2;
	msrs.head.entries[0].index = MSR_MTRR_DEF_TYPE;
	msrs.head.entries[0].data = MTRR_ENABLE_WRITE_BACK;
	msrs.head.entries[1].index = HV_MSR_CRASH_CTL;
	msrs.head.entries[1].data = HV_CRASH_CTL_NOTIFY;
	n = ioctl(vcpu_fd, KVM_SET_MSRS, &msrs);
	if (n == 2)
		return 0;
	return n < 0 ? -errno : -EINVAL;
}

int cpustate_crash_report(int vcpu_fd, uint64_t p[5])
{
	union msr_list msrs = { .room = { 0 } };
	int n;

	msrs.head.nmsrs = 5;
	for (uint32_t i = 0; i < 5; i++)
		msrs.head.entries[i].index = HV_MSR_CRASH_P0 + i;
	n = ioctl(vcpu_fd, KVM_GET_MSRS, &msrs);
	if (n != 5)
		return n < 0 ? -errno : -EINVAL;
	for (unsigned int i = 0; i < 5; i++)
		p[i] = msrs.head.entries[i].data;
	return 0;
}
