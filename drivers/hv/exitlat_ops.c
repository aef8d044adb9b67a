// SPDX-License-Identifier: GPL-2.0-only
/*
 * What leaves the guest and comes back by itself: CPUID, MSRs, hypercalls, EOI. All of it is
 * harmless to a running VM:
 *
 * - CPUID of the hypervisor's first leaf is intercepted by every processor that virtualises.
 * - HV_X64_MSR_VP_INDEX only reads (TLFS 7.8.1).
 * - HV_X64_MSR_STIMER3_CONFIG gets 0, "disabled". Linux uses timer 0 alone, so it is that already.
 * - HvCallSignalEvent with a connection that the host does not have: the hypervisor looks it up
 *   and refuses (TLFS 11.11.2). No partition is told. Should the host know that connection after
 *   all, the run ends with the first call.
 * - EOI with nothing in service has no effect. Interrupts are off and this is process context, so
 *   nothing is.
 */
#include <linux/errno.h>
#include <asm/apic.h>
#include <asm/asm.h>
#include <asm/mshyperv.h>
#include <asm/processor.h>

#include "exitlat.h"

#define HYPERVISOR_LEAF		0x40000000

/* VMBus numbers its connections from 0x10000 up; the host refuses anything in bits 24 and above. */
#define NO_CONNECTION		0x00ffffff

/* Its place among the kernel's headers differs between the bases. */
static __always_inline void run_cpuid(u32 leaf)
{
	u32 ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a" (leaf), "=b" (ebx), "+c" (ecx), "=d" (edx) : : "memory");
}

static __always_inline void write_msr(u32 msr, u64 value)
{
	asm volatile("1: wrmsr\n2:\n" _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_WRMSR)
		     : : "c" (msr), "a" ((u32)value), "d" ((u32)(value >> 32)) : "memory");
}

static s64 op_nothing(struct exitlat_run *run)
{
	u64 start = exitlat_tsc();

	return exitlat_since(start);
}

static s64 op_cpuid(struct exitlat_run *run)
{
	u64 start = exitlat_tsc();

	run_cpuid(HYPERVISOR_LEAF);
	return exitlat_since(start);
}

static s64 op_rdmsr(struct exitlat_run *run)
{
	u64 start = exitlat_tsc();

	__rdmsr(run->msr);
	return exitlat_since(start);
}

static s64 op_wrmsr(struct exitlat_run *run)
{
	u64 start = exitlat_tsc();

	write_msr(run->msr, 0);
	return exitlat_since(start);
}

static int prepare_rdmsr(struct exitlat_run *run)
{
	u64 value;

	if (!(ms_hyperv.features & HV_MSR_VP_INDEX_AVAILABLE))
		return -EOPNOTSUPP;
	run->msr = HV_X64_MSR_VP_INDEX;
	return rdmsrq_safe(run->msr, &value) ? -EOPNOTSUPP : 0;
}

static int prepare_wrmsr(struct exitlat_run *run)
{
	if (!(ms_hyperv.features & HV_MSR_SYNTIMER_AVAILABLE))
		return -EOPNOTSUPP;
	run->msr = HV_X64_MSR_STIMER3_CONFIG;
	return wrmsrq_safe(run->msr, 0) ? -EOPNOTSUPP : 0;
}

/* The kernel itself writes the EOI only where the assist page asks for it: here it is always. */
static int prepare_eoi(struct exitlat_run *run)
{
	u64 base;

	if (!rdmsrq_safe(MSR_IA32_APICBASE, &base) && (base & X2APIC_ENABLE))
		run->msr = APIC_BASE_MSR + (APIC_EOI >> 4);
	else if (ms_hyperv.features & HV_MSR_APIC_ACCESS_AVAILABLE)
		run->msr = HV_X64_MSR_EOI;
	else
		return -EOPNOTSUPP;
	return wrmsrq_safe(run->msr, 0) ? -EOPNOTSUPP : 0;
}

static s64 refused(struct exitlat_run *run, u64 status, s64 cycles)
{
	run->status = hv_result(status);
	return run->status == HV_STATUS_SUCCESS ? -EBUSY : cycles;
}

static s64 op_hypercall_fast(struct exitlat_run *run)
{
	u64 start = exitlat_tsc(), status;

	status = hv_do_fast_hypercall8(HVCALL_SIGNAL_EVENT, NO_CONNECTION);
	return refused(run, status, exitlat_since(start));
}

/* The page is shared with the host in confidential VMs too; interrupts are off, so it is ours. */
static s64 op_hypercall_slow(struct exitlat_run *run)
{
	u64 *input = *this_cpu_ptr(hyperv_pcpu_input_arg);
	u64 start, status;

	*input = NO_CONNECTION;
	start = exitlat_tsc();
	status = hv_do_hypercall(HVCALL_SIGNAL_EVENT, input, NULL);
	return refused(run, status, exitlat_since(start));
}

const struct exitlat_kind exitlat_kinds[] = {
	{ .name = "overhead", .what = "the measurement itself; not subtracted here",
	  .op = op_nothing },
	{ .name = "cpuid", .what = "CPUID 0x40000000", .op = op_cpuid },
	{ .name = "msr-read", .what = "read of HV_X64_MSR_VP_INDEX", .prepare = prepare_rdmsr,
	  .op = op_rdmsr },
	{ .name = "msr-write", .what = "write of 0 to HV_X64_MSR_STIMER3_CONFIG",
	  .prepare = prepare_wrmsr, .op = op_wrmsr },
	{ .name = "eoi", .what = "EOI with nothing in service", .prepare = prepare_eoi,
	  .op = op_wrmsr },
	{ .name = "hypercall-fast", .what = "HvCallSignalEvent, input in registers, refused",
	  .op = op_hypercall_fast },
	{ .name = "hypercall-slow", .what = "HvCallSignalEvent, input in memory, refused",
	  .op = op_hypercall_slow },
	{ .name = "ipi-apic", .what = "IPI by the ICR, until its handler ran", .has_target = true,
	  .prepare = exitlat_prepare_apic, .op = exitlat_ipi },
	{ .name = "ipi-hypercall", .what = "IPI by hypercall, until its handler ran",
	  .has_target = true, .prepare = exitlat_prepare_ipi_hypercall, .op = exitlat_ipi },
	{ .name = "ipi-call", .what = "a function call as the kernel sends it, until it returned",
	  .has_target = true, .irqs_on = true, .op = exitlat_ipi_call },
	{ .name = "hlt-ipi", .what = "IPI to a CPU in HLT, until its handler ran",
	  .has_target = true, .irqs_on = true, .halts = true, .prepare = exitlat_prepare_wake,
	  .op = exitlat_wake },
	{ .name = "timer-set", .what = "programming a timer", .irqs_on = true,
	  .prepare = exitlat_prepare_timer, .op = exitlat_timer_set },
	{ .name = "timer-late", .what = "handler of a timer after the time asked for",
	  .irqs_on = true, .prepare = exitlat_prepare_timer, .op = exitlat_timer_late },
	{ .name = "hlt-timer", .what = "the same while the CPU is in HLT", .irqs_on = true,
	  .prepare = exitlat_prepare_timer, .op = exitlat_timer_hlt },
	{ }
};
