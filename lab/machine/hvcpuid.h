/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_HVCPUID_H
#define AZ_LAB_MACHINE_HVCPUID_H

#include <stdint.h>
#include <linux/kvm.h>

/* What differs between machines: where a VP stands, APIC ids as acpi_apic_id() gives them. */
struct cpu_topology {
	uint32_t apic_id;
	unsigned int package_bits;	/* bits of the APIC id below the package */
	unsigned int package_vps;	/* of the largest package */
	unsigned int threads;		/* of a core: 1 or 2, in the lowest bit of the APIC id */
	unsigned int vcpus;
	uint32_t hints;			/* HV_HINT_* beside those that every guest gets */
};

/*
 * The CPUID leaves of one VP: what @host (KVM_GET_SUPPORTED_CPUID) offers,
 * without KVM's own leaves, with the topology of @topo, and the leaves of the
 * TLFS made from @hv (KVM_GET_SUPPORTED_HV_CPUID). @out has room for @cap
 * entries. 0; -E2BIG: @cap is too small; -ENODEV: @hv lacks a feature without
 * which VMBus cannot work.
 */
int hvcpuid_build(const struct kvm_cpuid2 *host, const struct kvm_cpuid2 *hv,
		  const struct cpu_topology *topo, struct kvm_cpuid2 *out, uint32_t cap);

/* Guest physical address bits that @host reports; 36 when it does not say. */
unsigned int hvcpuid_phys_bits(const struct kvm_cpuid2 *host);

#endif
