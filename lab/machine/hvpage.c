// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "machine/hvpage.h"
#include "proto/hv.h"

/* Extended codes that nobody else uses; the TLFS defines the first three only. */
#define EXT_RETARGET	0x8010
#define EXT_MMIO_READ	0x8011
#define EXT_MMIO_WRITE	0x8012

/*
 * RCX holds the control word with the code in its lowest 16 bits; RAX is the
 * result's, RCX and the flags are the callee's as well (TLFS 3.8).
 */
static const uint8_t template[HVPAGE_SIZE] = {
	0x0f, 0xb7, 0xc1,			/* 00 movzx	%cx, %eax */
	0x83, 0xf8, HVCALL_RETARGET_INTERRUPT,	/* 03 cmp	$0x7e, %eax */
	0x74, 0x0f,				/* 06 je	17 */
	0x2d, 0x06, 0x01, 0x00, 0x00,		/* 08 sub	$0x106, %eax */
	0x83, 0xf8, 0x01,			/* 0d cmp	$1, %eax */
	0x76, 0x0d,				/* 10 jbe	1f */
	0x0f, 0x01, 0xc1, 0xc3,			/* 12 vmcall; ret */
	0xcc,
	0x66, 0xb9, 0x10, 0x80,			/* 17 mov	$0x8010, %cx */
	0x0f, 0x01, 0xc1, 0xc3,			/* 1b vmcall; ret */
	0x66, 0x81, 0xc1, 0x0b, 0x7f,		/* 1f add	$0x7f0b, %cx */
	0x0f, 0x01, 0xc1, 0xc3,			/* 24 vmcall; ret */
};

static const unsigned int calls[] = { 0x12, 0x1b, 0x24 };

void hvpage_code(uint8_t page[HVPAGE_SIZE], const uint8_t call[3])
{
	memcpy(page, template, HVPAGE_SIZE);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		memcpy(page + calls[i], call, 3);
}

uint16_t hvpage_original_code(uint16_t code)
{
	switch (code) {
	case EXT_RETARGET:
		return HVCALL_RETARGET_INTERRUPT;
	case EXT_MMIO_READ:
		return HVCALL_MMIO_READ;
	case EXT_MMIO_WRITE:
		return HVCALL_MMIO_WRITE;
	default:
		return code;
	}
}

int hvpage_attach(const struct kvm *kvm, char *err, size_t err_len)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args[0] = KVM_MSR_EXIT_REASON_FILTER,
	};
	uint8_t none[8] = { 0 };
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_WRITE,
			.base = HV_MSR_HYPERCALL,
			.nmsrs = 1,
			.bitmap = none,
		},
	};
	const char *what = "KVM_CAP_X86_USER_SPACE_MSR";
	int rc = 0;

	if (!ioctl(kvm->vm, KVM_ENABLE_CAP, &cap)) {
		what = "KVM_X86_SET_MSR_FILTER";
		if (!ioctl(kvm->vm, KVM_X86_SET_MSR_FILTER, &filter))
			return 0;
	}
	rc = -errno;
	snprintf(err, err_len, "--pci: %s: %s; it needs a Linux of 6.3 or later, or the lab's %s",
		 what, strerror(-rc), "nested mode");
	return rc;
}

int hvpage_written(int vcpu_fd, const struct guest_memory *mem, uint64_t value)
{
	/* struct kvm_msrs has no room for its entries. */
	union {
		struct kvm_msrs head;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} msrs = { .room = { 0 } };
	uint8_t *page = mem_at(mem, HV_HYPERCALL_PAGE_ADDRESS(value), GUEST_PAGE_SIZE);
	uint8_t call[3];

	if ((value & HV_HYPERCALL_PAGE_ENABLE) && !page)
		return -EFAULT;
	msrs.head.nmsrs = 1;
	msrs.head.entries[0].index = HV_MSR_HYPERCALL;
	msrs.head.entries[0].data = value;
	/* Hypercalls are on from here; KVM writes its own page first. */
	if (ioctl(vcpu_fd, KVM_SET_MSRS, &msrs) != 1)
		return -EINVAL;
	if (!(value & HV_HYPERCALL_PAGE_ENABLE))
		return 0;
	memcpy(call, page, sizeof(call));
	/* Without a guest id KVM leaves the page alone (TLFS 3.13): so is this one. */
	if (call[0] != 0x0f || call[1] != 0x01 || (call[2] != 0xc1 && call[2] != 0xd9))
		return 0;
	hvpage_code(page, call);
	return 0;
}
