// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts to another CPU. What is sent is the reschedule interrupt: its handler does nothing
 * when there is nothing to reschedule, and the kernel counts it, per CPU, where it is entered. So
 * no handler of our own is needed, the sender sees when the other CPU took it, and both ends of a
 * sample are read from one CPU's clock. A reschedule interrupt that somebody else sends in the
 * same microseconds ends a sample too early; on a CPU with nothing to do there are none.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/hardirq.h>
#include <asm/irq_vectors.h>
#include <asm/mshyperv.h>

#include "exitlat.h"

static unsigned int handled(unsigned int cpu)
{
#ifdef EXITLAT_IRQ_COUNTS
	return READ_ONCE(per_cpu(irq_stat, cpu).counts[IRQ_COUNT_RESCHEDULE]);
#else
	return READ_ONCE(per_cpu(irq_stat, cpu).irq_resched_count);
#endif
}

static int send_icr(struct exitlat_run *run)
{
	/* A write of an x2APIC register does not wait for what was stored before. */
	asm volatile("mfence; lfence" ::: "memory");
	return wrmsrq_safe(run->msr, run->ipi) ? -EIO : 0;
}

static int send_hypercall(struct exitlat_run *run)
{
	run->status = hv_result(hv_do_fast_hypercall16(HVCALL_SEND_IPI, RESCHEDULE_VECTOR,
						       run->ipi));
	return run->status == HV_STATUS_SUCCESS ? 0 : -EOPNOTSUPP;
}

int exitlat_prepare_apic(struct exitlat_run *run)
{
	u32 apicid = per_cpu(x86_cpu_to_apicid, run->target);
	u64 base;

	if (!rdmsrq_safe(MSR_IA32_APICBASE, &base) && (base & X2APIC_ENABLE)) {
		run->msr = APIC_BASE_MSR + (APIC_ICR >> 4);
		run->ipi = (u64)apicid << 32;
	} else if ((ms_hyperv.features & HV_MSR_APIC_ACCESS_AVAILABLE) && apicid <= 0xff) {
		run->msr = HV_X64_MSR_ICR;
		run->ipi = (u64)apicid << 56;
	} else {
		return -EOPNOTSUPP;
	}
	run->ipi |= APIC_DM_FIXED | APIC_DEST_PHYSICAL | RESCHEDULE_VECTOR;
	run->send = send_icr;
	return 0;
}

/* The short form of the call has a mask of the first 64 VPs. */
int exitlat_prepare_ipi_hypercall(struct exitlat_run *run)
{
	u32 vp = hv_vp_index[run->target];

	if (vp >= 64)
		return -EOPNOTSUPP;
	run->ipi = BIT_ULL(vp);
	run->send = send_hypercall;
	return run->send(run);
}

/* As the kernel would: by hypercall where the host recommends it. */
int exitlat_prepare_wake(struct exitlat_run *run)
{
	if ((ms_hyperv.hints & HV_X64_CLUSTER_IPI_RECOMMENDED) &&
	    !exitlat_prepare_ipi_hypercall(run))
		return 0;
	return exitlat_prepare_apic(run);
}

static s64 handled_since(struct exitlat_run *run, unsigned int before, u64 start)
{
	u64 irqs_off = exitlat_cycles(EXITLAT_IRQS_OFF_US);
	u64 timeout = exitlat_cycles(EXITLAT_TIMEOUT_US);
	bool enabled = false;
	s64 cycles;

	while (handled(run->target) == before) {
		cpu_relax();
		cycles = (s64)(rdtsc() - start);
		if (!enabled && cycles > (s64)irqs_off) {
			local_irq_enable();
			enabled = true;
		}
		if (cycles > (s64)timeout)
			break;
	}
	cycles = exitlat_since(start);
	if (enabled)
		local_irq_disable();
	return cycles > (s64)timeout ? -ETIMEDOUT : cycles;
}

/* Interrupts are off, but for an answer that does not come. */
s64 exitlat_ipi(struct exitlat_run *run)
{
	unsigned int before = handled(run->target);
	u64 start = exitlat_tsc();
	int rc = run->send(run);

	return rc ? rc : handled_since(run, before, start);
}

static void nothing(void *unused)
{
}

s64 exitlat_ipi_call(struct exitlat_run *run)
{
	u64 start = exitlat_tsc();
	int rc = smp_call_function_single(run->target, nothing, NULL, true);

	return rc ? rc : exitlat_since(start);
}

/* ---- a CPU in HLT -------------------------------------------------------------------- */

static void halter(struct work_struct *work)
{
	struct exitlat_halter *h = container_of(work, struct exitlat_halter, work);

	preempt_disable();
	for (;;) {
		local_irq_disable();
		if (READ_ONCE(h->stop))
			break;
		WRITE_ONCE(h->halts, h->halts + 1);
		safe_halt();
	}
	local_irq_enable();
	preempt_enable();
}

void exitlat_halter_start(struct exitlat_run *run)
{
	struct exitlat_halter *h = &run->halter;

	INIT_WORK(&h->work, halter);
	h->stop = false;
	h->halts = 0;
	run->halts_seen = 0;
	queue_work_on(run->target, system_highpri_wq, &h->work);
}

void exitlat_halter_stop(struct exitlat_run *run)
{
	WRITE_ONCE(run->halter.stop, true);
	smp_call_function_single(run->target, nothing, NULL, true);
	flush_work(&run->halter.work);
}

s64 exitlat_wake(struct exitlat_run *run)
{
	u64 timeout = exitlat_cycles(EXITLAT_TIMEOUT_US), since = rdtsc();
	s64 cycles;

	while (READ_ONCE(run->halter.halts) == run->halts_seen) {
		cpu_relax();
		if (rdtsc() - since > timeout)
			return -ETIMEDOUT;
	}
	/* It said so before the instruction: give it the time to be asleep. */
	since = rdtsc();
	while (rdtsc() - since < run->delay_cycles)
		cpu_relax();
	run->halts_seen = READ_ONCE(run->halter.halts);
	local_irq_disable();
	cycles = exitlat_ipi(run);
	local_irq_enable();
	return cycles;
}
