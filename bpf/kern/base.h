/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First in every BPF program: the types of the BPF helpers. There is no vmlinux.h: the few
 * kernel types that the tracers read are declared by hand in the other files of this
 * folder, only with the members that are read, and the kernel's own BTF tells where
 * those are (preserve_access_index).
 */
#ifndef AZ_BPF_KERN_BASE_H
#define AZ_BPF_KERN_BASE_H

#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;

#define NULL	((void *)0)
#define true	1
#define false	0

#define KERN_TYPE	__attribute__((preserve_access_index))

/* Arguments of kprobes: only what bpf_tracing.h asks for, by the kernel's names. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8, sp, bp, ax, ip;
} KERN_TYPE;
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
} KERN_TYPE;
struct pt_regs {
	struct user_pt_regs user_regs;
} KERN_TYPE;
#endif
/* bpf_tracing.h takes the kernel's names of registers where a vmlinux.h was read. */
#define __VMLINUX_H__

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define LICENSE_GPL	char _license[] SEC("license") = "GPL"

/* A member of a kernel struct behind any pointer, for programs that may not follow it. */
#define READ(src, ...)	BPF_CORE_READ((src), __VA_ARGS__)

#endif
