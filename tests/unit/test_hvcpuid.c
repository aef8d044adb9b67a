// SPDX-License-Identifier: GPL-2.0-only
/* CPUID as a guest sees it, from lists such as KVM gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/hvcpuid.h"
#include "proto/hv.h"

#define CAP	64

static struct kvm_cpuid2 *list(const struct kvm_cpuid_entry2 *entries, uint32_t n)
{
	struct kvm_cpuid2 *l = calloc(1, sizeof(*l) + CAP * sizeof(*entries));

	l->nent = n;
	if (n)
		memcpy(l->entries, entries, n * sizeof(*entries));
	return l;
}

static const struct kvm_cpuid_entry2 host_entries[] = {
	{ .function = 0, .eax = 0xd },
	{ .function = 1, .eax = 0x60fb1, .ebx = 0x07100800, .ecx = 0x00200000, .edx = 0x078bfbff },
	{ .function = 4, .index = 0, .eax = 0x7c004121, .flags = 1 },
	{ .function = 4, .index = 3, .eax = 0x7c004163, .flags = 1 },
	{ .function = 4, .index = 4, .eax = 0, .flags = 1 },
	{ .function = 0xb, .index = 0, .flags = 1, .edx = 99 },
	{ .function = 0xb, .index = 1, .flags = 1, .edx = 99 },
	{ .function = 0xb, .index = 2, .flags = 1, .eax = 7, .ebx = 7 },
	{ .function = 0x40000000, .eax = 0x40000001, .ebx = 0x4b4d564b },	/* "KVMK" */
	{ .function = 0x40000001, .eax = 0xffffffff },
	{ .function = 0x40000100, .ebx = 0x4b4d564b },
	{ .function = 0x80000001, .ecx = 1u << 1 },
	{ .function = 0x80000008, .eax = 0x3028, .ecx = 0x700f },
	{ .function = 0x8000001e, .eax = 77, .ebx = 77, .ecx = 77 },
	{ .function = 0x80000026, .index = 0, .flags = 1 },
};

static const struct kvm_cpuid_entry2 hv_entries[] = {
	{ .function = 0x40000000, .eax = 0x40000082 },
	{ .function = 0x40000003, .eax = 0xffffffff, .ebx = 0xffffffff, .edx = 0xffffffff },
	{ .function = 0x40000004, .eax = 0xffffffff },
	{ .function = 0x4000000a, .eax = 0xffffffff },
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *l, uint32_t function,
					   uint32_t index)
{
	for (uint32_t i = 0; i < l->nent; i++) {
		if (l->entries[i].function == function && l->entries[i].index == index)
			return &l->entries[i];
	}
	return NULL;
}

static struct kvm_cpuid2 *build(const struct cpu_topology *topo)
{
	struct kvm_cpuid2 *host = list(host_entries, N(host_entries));
	struct kvm_cpuid2 *hv = list(hv_entries, N(hv_entries));
	struct kvm_cpuid2 *out = list(NULL, 0);

	assert_int_equal(hvcpuid_build(host, hv, topo, out, CAP), 0);
	free(host);
	free(hv);
	return out;
}

static void test_hyperv_leaves(void **state)
{
	const struct cpu_topology topo = { .package_vps = 1, .threads = 1, .vcpus = 1 };
	struct kvm_cpuid2 *out = build(&topo);
	const struct kvm_cpuid_entry2 *e = leaf(out, HV_CPUID_VENDOR, 0);

	assert_int_equal(e->eax, HV_CPUID_LIMITS);
	assert_memory_equal(&e->ebx, "Micr", 4);
	assert_memory_equal(&e->ecx, "osof", 4);
	assert_memory_equal(&e->edx, "t Hv", 4);
	assert_int_equal(leaf(out, HV_CPUID_INTERFACE, 0)->eax, 0x31237648);
	e = leaf(out, HV_CPUID_FEATURES, 0);
	assert_true(e->eax & HV_FEAT_SYNIC);
	assert_true(e->eax & HV_FEAT_REFERENCE_TSC);
	assert_true(e->eax & HV_FEAT_SYNTIMER);
	assert_int_equal(e->ebx, HV_PRIV_POST_MESSAGES | HV_PRIV_SIGNAL_EVENTS);
	assert_true(e->edx & HV_MISC_GUEST_CRASH_MSR);
	assert_true(e->edx & HV_MISC_STIMER_DIRECT);
	/* Not offered: reset MSR, invariant TSC control, debugging. */
	assert_false(e->eax & (HV_FEAT_RESET | HV_FEAT_TSC_INVARIANT));
	assert_false(e->edx & 1u << 1);
	e = leaf(out, HV_CPUID_HINTS, 0);
	assert_true(e->eax & HV_HINT_DEPRECATING_AEOI);
	/* Nor hypercalls for TLB flush and IPI, nor an enlightened VMCS. */
	assert_false(e->eax & (1u << 2 | 1u << 10 | 1u << 11 | 1u << 14));
	assert_int_equal(leaf(out, HV_CPUID_LIMITS, 0)->eax, 1);
	assert_null(leaf(out, HV_CPUID_NESTED_FEATURES, 0));
	free(out);
}

static void test_kvm_is_hidden(void **state)
{
	const struct cpu_topology topo = { .package_vps = 1, .threads = 1, .vcpus = 1 };
	struct kvm_cpuid2 *out = build(&topo);

	assert_null(leaf(out, 0x40000100, 0));
	for (uint32_t i = 0; i < out->nent; i++)
		assert_int_not_equal(out->entries[i].ebx, 0x4b4d564b);
	/* And that there is a hypervisor is not. */
	assert_true(leaf(out, 1, 0)->ecx & 1u << 31);
	free(out);
}

static void test_features_follow_kvm(void **state)
{
	const struct cpu_topology topo = { .package_vps = 1, .threads = 1, .vcpus = 1 };
	struct kvm_cpuid_entry2 few = {
		.function = HV_CPUID_FEATURES,
		.eax = HV_FEAT_SYNIC | HV_FEAT_HYPERCALL | HV_FEAT_VP_INDEX,
		.ebx = HV_PRIV_POST_MESSAGES | HV_PRIV_SIGNAL_EVENTS,
	};
	struct kvm_cpuid2 *host = list(host_entries, N(host_entries));
	struct kvm_cpuid2 *hv = list(&few, 1), *out = list(NULL, 0);

	assert_int_equal(hvcpuid_build(host, hv, &topo, out, CAP), 0);
	assert_int_equal(leaf(out, HV_CPUID_FEATURES, 0)->eax, few.eax);
	assert_int_equal(leaf(out, HV_CPUID_FEATURES, 0)->edx, 0);
	hv->entries[0].eax &= ~HV_FEAT_SYNIC;
	assert_int_equal(hvcpuid_build(host, hv, &topo, out, CAP), -ENODEV);
	hv->nent = 0;
	assert_int_equal(hvcpuid_build(host, hv, &topo, out, CAP), -ENODEV);
	free(host);
	free(hv);
	free(out);
}

static void test_topology(void **state)
{
	/* VP with APIC id 6: core 2 of package 1; 3 cores of 4 ids in each of two packages. */
	const struct cpu_topology topo = {
		.apic_id = 6, .package_bits = 2, .package_vps = 3, .threads = 1,
		.vcpus = 6,
	};
	struct kvm_cpuid2 *out = build(&topo);
	const struct kvm_cpuid_entry2 *e = leaf(out, 1, 0);

	assert_int_equal(e->ebx >> 24, 6);
	assert_int_equal(e->ebx >> 16 & 0xff, 4);
	assert_int_equal(e->ebx & 0xffff, 0x0800);
	assert_true(e->edx & 1u << 28);
	e = leaf(out, 0xb, 0);
	assert_int_equal(e->eax, 0);
	assert_int_equal(e->ebx, 1);
	assert_int_equal(e->ecx, 0x100);
	assert_int_equal(e->edx, 6);
	e = leaf(out, 0xb, 1);
	assert_int_equal(e->eax, 2);
	assert_int_equal(e->ebx, 3);
	assert_int_equal(e->ecx, 0x201);
	e = leaf(out, 0xb, 2);
	assert_int_equal(e->ebx, 0);
	assert_int_equal(e->ecx, 2);
	/* The first-level cache is a core's own, the third level is shared by the package. */
	assert_int_equal(leaf(out, 4, 0)->eax >> 14 & 0xfff, 0);
	assert_int_equal(leaf(out, 4, 3)->eax >> 14 & 0xfff, 3);
	assert_int_equal(leaf(out, 4, 3)->eax & 0x3fff, 0x0163);
	assert_int_equal(leaf(out, 4, 3)->eax >> 26, 3);
	assert_int_equal(leaf(out, 4, 4)->eax, 0);
	e = leaf(out, 0x80000008, 0);
	assert_int_equal(e->eax, 0x3028);
	assert_int_equal(e->ecx, 2 << 12 | 2);
	e = leaf(out, 0x8000001e, 0);
	assert_int_equal(e->eax, 6);
	assert_int_equal(e->ebx, 2);
	assert_int_equal(e->ecx, 1);
	assert_null(leaf(out, 0x80000026, 0));
	free(out);
}

/* VPs 2k and 2k + 1 are the threads of a core. */
static void test_smt(void **state)
{
	const struct cpu_topology topo = {
		.apic_id = 7, .package_bits = 2, .package_vps = 4, .threads = 2, .vcpus = 8,
	};
	struct kvm_cpuid2 *out = build(&topo);
	const struct kvm_cpuid_entry2 *e = leaf(out, 0xb, 0);

	assert_int_equal(e->eax, 1);
	assert_int_equal(e->ebx, 2);
	assert_int_equal(e->ecx, 0x100);
	assert_int_equal(leaf(out, 0xb, 1)->eax, 2);
	assert_int_equal(leaf(out, 0xb, 1)->ebx, 4);
	assert_int_equal(leaf(out, 0, 0)->eax, 0xd);
	assert_null(leaf(out, 0x1f, 0));	/* beyond the last leaf */
	/* Threads share the first-level cache; two cores are in the package. */
	assert_int_equal(leaf(out, 4, 0)->eax >> 14 & 0xfff, 1);
	assert_int_equal(leaf(out, 4, 3)->eax >> 14 & 0xfff, 3);
	assert_int_equal(leaf(out, 4, 3)->eax >> 26, 1);
	assert_int_equal(leaf(out, 0x80000008, 0)->ecx, 2 << 12 | 3);
	e = leaf(out, 0x8000001e, 0);
	assert_int_equal(e->eax, 7);
	assert_int_equal(e->ebx, 1 << 8 | 1);	/* two threads, core 1 */
	assert_int_equal(e->ecx, 1);
	free(out);
}

/* KVM lists leaf 0xb without levels, or not at all: the guest has it with both. */
static void test_levels_are_made(void **state)
{
	const struct cpu_topology topo = { .package_vps = 2, .package_bits = 1, .threads = 1 };
	const struct kvm_cpuid_entry2 few[] = {
		{ .function = 0, .eax = 0x5 }, { .function = 1 },
	};
	struct kvm_cpuid2 *host = list(few, N(few)), *hv = list(hv_entries, N(hv_entries));
	struct kvm_cpuid2 *out = list(NULL, 0);

	assert_int_equal(hvcpuid_build(host, hv, &topo, out, CAP), 0);
	assert_int_equal(leaf(out, 0, 0)->eax, 0xb);
	assert_int_equal(leaf(out, 0xb, 1)->ebx, 2);
	host->entries[0].eax = 0x1f;
	assert_int_equal(hvcpuid_build(host, hv, &topo, out, CAP), 0);
	assert_int_equal(leaf(out, 0x1f, 1)->ebx, 2);
	free(host);
	free(hv);
	free(out);
}

static void test_one_vp(void **state)
{
	const struct cpu_topology topo = { .package_vps = 1, .threads = 1, .vcpus = 1 };
	struct kvm_cpuid2 *out = build(&topo);

	assert_false(leaf(out, 1, 0)->edx & 1u << 28);
	assert_false(leaf(out, 0x80000001, 0)->ecx & 1u << 1);
	assert_int_equal(leaf(out, 0x80000008, 0)->ecx, 0);
	free(out);
}

static void test_too_small(void **state)
{
	const struct cpu_topology topo = { .package_vps = 1, .threads = 1, .vcpus = 1 };
	struct kvm_cpuid2 *host = list(host_entries, N(host_entries));
	struct kvm_cpuid2 *hv = list(hv_entries, N(hv_entries)), *out = list(NULL, 0);

	for (uint32_t cap = 0; cap < N(host_entries) + 2; cap++) {
		assert_int_equal(hvcpuid_build(host, hv, &topo, out, cap), -E2BIG);
		assert_true(out->nent <= cap);
	}
	free(host);
	free(hv);
	free(out);
}

static void test_phys_bits(void **state)
{
	struct kvm_cpuid2 *host = list(host_entries, N(host_entries));

	assert_int_equal(hvcpuid_phys_bits(host), 0x28);
	host->nent = 1;
	assert_int_equal(hvcpuid_phys_bits(host), 36);
	free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hyperv_leaves),
		cmocka_unit_test(test_kvm_is_hidden),
		cmocka_unit_test(test_features_follow_kvm),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_smt),
		cmocka_unit_test(test_levels_are_made),
		cmocka_unit_test(test_one_vp),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_phys_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
