// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks of "trace hvcall". Sources of the facts: arch/x86/hyperv/, drivers/hv/hv.c and
 * connection.c, drivers/clocksource/hyperv_timer.c, drivers/pci/controller/pci-hyperv.c.
 */
#include "bpf/kern/base.h"
#include "bpf/hvcall_model.h"

AZT_EVENTS(AZT_TOOL_HVCALL, hvcall_model)

LICENSE_GPL;

#include "bpf/kern/caller.h"

/* ---- every hypercall, where the kernel has one function for them ------------------------- */

SEC("fentry/hv_std_hypercall")
int BPF_PROG(all_begin, u64 control, u64 param1, u64 param2)
{
	note(HVCALL_BEGIN, caller(), control, 0);
	return 0;
}

SEC("fexit/hv_std_hypercall")
int BPF_PROG(all_end, u64 control, u64 param1, u64 param2, u64 status)
{
	note(HVCALL_END, caller(), control, status);
	return 0;
}

/* ---- those who make them ------------------------------------------------------------------ */

#define CALLER(name, function, who)	\
	BRACKET(name, function, HVCALL_CALLER_BEGIN, HVCALL_CALLER_END, who, 0, 0)

CALLER(signal, vmbus_set_event, HVCALL_SIGNAL)
CALLER(post, hv_post_message, HVCALL_POST)
CALLER(flush, hyperv_flush_tlb_multi, HVCALL_FLUSH)
CALLER(retarget, hv_irq_unmask, HVCALL_RETARGET)
CALLER(timer, hv_ce_set_next_event, HVCALL_TIMER)

#define COUNTED(name, section, who)				\
	SEC(section)						\
	int name(void *ctx)					\
	{							\
		note(HVCALL_CALLER, 0, who, 0);		\
		return 0;					\
	}

COUNTED(signal_kprobe, "kprobe/vmbus_set_event", HVCALL_SIGNAL)
COUNTED(post_kprobe, "kprobe/hv_post_message", HVCALL_POST)
COUNTED(flush_tp, "tp_btf/hyperv_mmu_flush_tlb_multi", HVCALL_FLUSH)
COUNTED(ipi_one_tp, "tp_btf/hyperv_send_ipi_one", HVCALL_IPI_ONE)
COUNTED(ipi_mask_tp, "tp_btf/hyperv_send_ipi_mask", HVCALL_IPI_MASK)
COUNTED(mmio_read_func, "fentry/hv_pci_read_mmio", HVCALL_MMIO_READ)
COUNTED(mmio_write_func, "fentry/hv_pci_write_mmio", HVCALL_MMIO_WRITE)
