// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "machine/hvcpuid.h"
#include "proto/hv.h"

#define HYPERVISOR_FIRST	0x40000000u
#define HYPERVISOR_LAST		0x4fffffffu
#define DEFAULT_PHYS_BITS	36

/* Leaf 1 */
#define ECX_HYPERVISOR		(1u << 31)
#define EDX_HTT			(1u << 28)
/* Leaf 0x80000001 ECX: core topology in leaf 0x80000008 */
#define ECX_CMP_LEGACY		(1u << 1)

/*
 * What the guest may use. KVM offers more (TLB flush and IPI hypercalls,
 * enlightened VMCS, debugging): each would be one more thing that differs
 * between hosts, and none of them is needed to drive VMBus.
 */
#define FEATURES_EAX	(HV_FEAT_VP_RUNTIME | HV_FEAT_TIME_REF_COUNT | HV_FEAT_SYNIC | \
			 HV_FEAT_SYNTIMER | HV_FEAT_APIC_ACCESS | HV_FEAT_HYPERCALL | \
			 HV_FEAT_VP_INDEX | HV_FEAT_REFERENCE_TSC | HV_FEAT_FREQUENCY_MSRS)
#define FEATURES_EBX	(HV_PRIV_POST_MESSAGES | HV_PRIV_SIGNAL_EVENTS)
#define FEATURES_EDX	(HV_MISC_FREQUENCY_MSRS | HV_MISC_GUEST_CRASH_MSR | HV_MISC_STIMER_DIRECT)

#define REQUIRED_EAX	(HV_FEAT_SYNIC | HV_FEAT_HYPERCALL | HV_FEAT_VP_INDEX)
#define REQUIRED_EBX	FEATURES_EBX

/* As a Windows Server 2022 host of Azure shows it; Linux only prints it. */
#define VERSION_BUILD	20348
#define VERSION_MAJOR	10
#define VERSION_MINOR	0

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *list, uint32_t function)
{
	for (uint32_t i = 0; i < list->nent; i++) {
		if (list->entries[i].function == function)
			return &list->entries[i];
	}
	return NULL;
}

unsigned int hvcpuid_phys_bits(const struct kvm_cpuid2 *host)
{
	const struct kvm_cpuid_entry2 *e = find(host, 0x80000008);

	return e && (e->eax & 0xff) ? e->eax & 0xff : DEFAULT_PHYS_BITS;
}

static struct kvm_cpuid_entry2 *add(struct kvm_cpuid2 *out, uint32_t cap, uint32_t function)
{
	struct kvm_cpuid_entry2 *e;

	if (out->nent >= cap)
		return NULL;
	e = &out->entries[out->nent++];
	memset(e, 0, sizeof(*e));
	e->function = function;
	return e;
}

/* Caches of levels 1 and 2 belong to a core, the one above to the package. */
static void set_cache(struct kvm_cpuid_entry2 *e, const struct cpu_topology *t)
{
	unsigned int level = e->eax >> 5 & 7;
	uint32_t sharing = level >= 3 ? (1u << t->package_bits) - 1 : t->threads - 1;

	if (!(e->eax & 0x1f))
		return;
	e->eax &= ~(0xfffu << 14);
	e->eax |= sharing << 14;
	if (e->function == 4) {
		e->eax &= ~(0x3fu << 26);
		e->eax |= ((1u << t->package_bits) / t->threads - 1) << 26;
	}
}

/* Level @index of leaf 0xb or 0x1f: the threads of a core, then the cores of a package. */
static void set_level(struct kvm_cpuid_entry2 *e, uint32_t index, const struct cpu_topology *t)
{
	e->index = index;
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	e->ecx = index;
	e->edx = t->apic_id;
	if (index == 0) {
		e->eax = t->threads - 1;	/* bits: 0 or 1 */
		e->ebx = t->threads;
		e->ecx |= 1 << 8;	/* thread */
	} else if (index == 1) {
		e->eax = t->package_bits;
		e->ebx = t->package_vps;
		e->ecx |= 2 << 8;	/* core */
	}
}

static void set_topology(struct kvm_cpuid_entry2 *e, const struct cpu_topology *t)
{
	switch (e->function) {
	case 1:
		e->ebx &= 0x0000ffff;
		e->ebx |= t->apic_id << 24 | (1u << t->package_bits) << 16;
		e->ecx |= ECX_HYPERVISOR;
		e->edx &= ~EDX_HTT;
		if (t->package_vps > 1)
			e->edx |= EDX_HTT;
		break;
	case 4:
	case 0x8000001d:
		set_cache(e, t);
		break;
	case 0x80000001:
		e->ecx &= ~ECX_CMP_LEGACY;
		if (t->package_vps > 1)
			e->ecx |= ECX_CMP_LEGACY;
		break;
	case 0x80000008:
		e->ecx = t->package_bits << 12 | (t->package_vps - 1);
		break;
	case 0x8000001e:
		e->eax = t->apic_id;
		e->ebx = (t->apic_id & ((1u << t->package_bits) - 1)) / t->threads |
			 (t->threads - 1) << 8;
		e->ecx = t->apic_id >> t->package_bits;
		break;
	}
}

/* KVM lists these leaves without their levels: they are made anew. */
static int add_levels(const struct cpu_topology *topo, struct kvm_cpuid2 *out, uint32_t cap,
		      uint32_t function)
{
	struct kvm_cpuid_entry2 *e;

	for (uint32_t index = 0; index < 3; index++) {
		e = add(out, cap, function);
		if (!e)
			return -E2BIG;
		set_level(e, index, topo);
	}
	return 0;
}

/* Leaf 0xb also where the host has none: nothing else says on AMD what a thread is. */
static int add_topology_leaves(const struct cpu_topology *topo, struct kvm_cpuid2 *out,
			       uint32_t cap)
{
	struct kvm_cpuid_entry2 *first = out->nent ? &out->entries[0] : NULL;
	int rc = add_levels(topo, out, cap, 0xb);

	if (!first || first->function)
		return rc;
	if (first->eax < 0xb)
		first->eax = 0xb;
	if (!rc && first->eax >= 0x1f)
		rc = add_levels(topo, out, cap, 0x1f);
	return rc;
}

static int add_host_leaves(const struct kvm_cpuid2 *host, const struct cpu_topology *topo,
			   struct kvm_cpuid2 *out, uint32_t cap)
{
	for (uint32_t i = 0; i < host->nent; i++) {
		const struct kvm_cpuid_entry2 *from = &host->entries[i];
		struct kvm_cpuid_entry2 *e;

		if (from->function >= HYPERVISOR_FIRST && from->function <= HYPERVISOR_LAST)
			continue;
		if (from->function == 0x80000026)	/* dies and complexes of the host */
			continue;
		if (from->function == 0xb || from->function == 0x1f)
			continue;
		e = add(out, cap, from->function);
		if (!e)
			return -E2BIG;
		*e = *from;
		set_topology(e, topo);
	}
	return add_topology_leaves(topo, out, cap);
}

static int add_hv_leaves(const struct kvm_cpuid2 *hv, const struct cpu_topology *topo,
			 struct kvm_cpuid2 *out, uint32_t cap)
{
	const struct kvm_cpuid_entry2 *features = find(hv, HV_CPUID_FEATURES);
	struct kvm_cpuid_entry2 *e[6];

	if (!features || (features->eax & REQUIRED_EAX) != REQUIRED_EAX ||
	    (features->ebx & REQUIRED_EBX) != REQUIRED_EBX)
		return -ENODEV;
	for (unsigned int i = 0; i < 6; i++) {
		e[i] = add(out, cap, HV_CPUID_VENDOR + i);
		if (!e[i])
			return -E2BIG;
	}
	e[0]->eax = HV_CPUID_LIMITS;
	memcpy(&e[0]->ebx, "Micr", 4);
	memcpy(&e[0]->ecx, "osof", 4);
	memcpy(&e[0]->edx, "t Hv", 4);
	e[1]->eax = HV_INTERFACE_SIGNATURE;
	e[2]->eax = VERSION_BUILD;
	e[2]->ebx = VERSION_MAJOR << 16 | VERSION_MINOR;
	e[3]->eax = features->eax & FEATURES_EAX;
	e[3]->ebx = features->ebx & FEATURES_EBX;
	e[3]->edx = features->edx & FEATURES_EDX;
	e[4]->eax = HV_HINT_DEPRECATING_AEOI | HV_HINT_RELAXED_TIMING | topo->hints;
	e[4]->ebx = 0xffffffff;		/* never report spinning to the hypervisor */
	e[5]->eax = topo->vcpus;
	e[5]->ebx = topo->vcpus;
	return 0;
}

int hvcpuid_build(const struct kvm_cpuid2 *host, const struct kvm_cpuid2 *hv,
		  const struct cpu_topology *topo, struct kvm_cpuid2 *out, uint32_t cap)
{
	int rc;

	out->nent = 0;
	rc = add_host_leaves(host, topo, out, cap);
	return rc ? rc : add_hv_leaves(hv, topo, out, cap);
}
