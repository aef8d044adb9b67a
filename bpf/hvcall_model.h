/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of "trace hvcall": calls of the hypervisor by code, and by the function of the kernel
 * that makes them. Where the kernel has one function for all hypercalls (hv_std_hypercall, 7.x)
 * that one tells the codes; where they are inline (6.12) the callers stand for the codes that
 * only they use. A caller's time is that of the whole function, around the hypercall.
 */
#ifndef AZ_BPF_HVCALL_MODEL_H
#define AZ_BPF_HVCALL_MODEL_H

#include "bpf/shared/model.h"

/*
 * Events; key names the thread (or the CPU that is idle), so that a begin and its end meet.
 * Part of the file format: append only.
 */
enum hvcall_event {
	HVCALL_BEGIN = 1,	/* a: control word, whose low 16 bits are the code */
	HVCALL_END,		/* the same, b: status */
	HVCALL_CALLER_BEGIN,	/* a: enum hvcall_caller */
	HVCALL_CALLER_END,	/* the same */
	HVCALL_CALLER,		/* the same, without its time */
};

/* Functions that make hypercalls. Part of the file format: append only. */
enum hvcall_caller {
	HVCALL_SIGNAL,		/* vmbus_set_event() */
	HVCALL_POST,		/* hv_post_message() */
	HVCALL_FLUSH,		/* hyperv_flush_tlb_multi() */
	HVCALL_IPI_ONE,		/* __send_ipi_one() */
	HVCALL_IPI_MASK,	/* __send_ipi_mask() */
	HVCALL_RETARGET,	/* hv_irq_unmask() */
	HVCALL_MMIO_READ,	/* hv_pci_read_mmio() */
	HVCALL_MMIO_WRITE,	/* hv_pci_write_mmio() */
	HVCALL_TIMER,		/* hv_ce_set_next_event(): an MSR */
	HVCALL_CALLERS
};

enum hvcall_slot {
	HVCALL_ANY_NS, HVCALL_SIGNAL_NS, HVCALL_POST_NS, HVCALL_FLUSH_NS, HVCALL_RETARGET_NS,
	HVCALL_TIMER_NS, HVCALL_SLOTS
};

enum hvcall_counter {
	HVCALL_N_ALL = AZT_COUNTS,
	HVCALL_N_FAILED,
	HVCALL_N_CALLER,	/* the first of HVCALL_CALLERS */
};

/* Codes 0 to 0x1ff, then the extended ones, 0x8000 to 0x80ff. */
#define HVCALL_PLAIN	0x200
#define HVCALL_CODES	(HVCALL_PLAIN + 0x100)

struct hvcall_stats {
	unsigned long long count, failed, ns, max_ns;
};

/* One that is under way. */
struct hvcall_flight {
	struct azt_flight f;
};

AZT_STATS(hvcall_codes, struct hvcall_stats, HVCALL_CODES)
AZT_TABLE(hvcall_flights, struct hvcall_flight, 10)

AZT_INLINE unsigned int hvcall_index(unsigned long long control)
{
	unsigned int code = (unsigned int)control & 0xffff;

	if (code < HVCALL_PLAIN)
		return code;
	return code >= 0x8000 && code < 0x8100 ? HVCALL_PLAIN + (code & 0xff) : HVCALL_CODES;
}

/* A thread may be in a caller and in the hypercall that it makes. */
AZT_INLINE unsigned long long hvcall_key(const struct azt_event *e, unsigned int what)
{
	return e->key << 16 | 0x8000 | what;
}

AZT_INLINE void hvcall_begin(const struct azt_event *e, unsigned int what)
{
	hvcall_flights_begin(hvcall_key(e, what), e->ts);
}

/* How long it took, ~0 when its begin was not seen. */
AZT_INLINE unsigned long long hvcall_end(const struct azt_event *e, unsigned int what)
{
	struct hvcall_flight *flight = hvcall_flights_find(hvcall_key(e, what));
	unsigned long long ns;

	if (!flight) {
		azt_count(AZT_UNMATCHED, 1);
		return ~0ull;
	}
	ns = e->ts - flight->f.since;
	azt_end(&flight->f);
	return ns;
}

AZT_INLINE void hvcall_done(const struct azt_event *e)
{
	struct hvcall_stats *stats = hvcall_codes_of(hvcall_index(e->a));
	unsigned long long ns = hvcall_end(e, HVCALL_CALLERS);

	azt_count(HVCALL_N_ALL, 1);
	/* The result is in the low 16 bits, as many as were done above. */
	if (e->b & 0xffff)
		azt_count(HVCALL_N_FAILED, 1);
	if (ns != ~0ull)
		azt_hist(HVCALL_ANY_NS, ns);
	if (!stats)
		return;
	azt_add(&stats->count, 1);
	if (e->b & 0xffff)
		azt_add(&stats->failed, 1);
	if (ns != ~0ull) {
		azt_add(&stats->ns, ns);
		azt_raise(&stats->max_ns, ns);
	}
}

/* The histogram of a caller, HVCALL_SLOTS: it has none. */
AZT_INLINE unsigned int hvcall_slot_of(unsigned int caller)
{
	switch (caller) {
	case HVCALL_SIGNAL:
		return HVCALL_SIGNAL_NS;
	case HVCALL_POST:
		return HVCALL_POST_NS;
	case HVCALL_FLUSH:
		return HVCALL_FLUSH_NS;
	case HVCALL_RETARGET:
		return HVCALL_RETARGET_NS;
	case HVCALL_TIMER:
		return HVCALL_TIMER_NS;
	}
	return HVCALL_SLOTS;
}

AZT_INLINE void hvcall_caller_done(const struct azt_event *e)
{
	unsigned int caller = (unsigned int)e->a, slot = hvcall_slot_of(caller);
	unsigned long long ns = hvcall_end(e, caller);

	if (ns != ~0ull && slot < HVCALL_SLOTS)
		azt_hist(slot, ns);
}

AZT_INLINE void hvcall_model(const struct azt_event *e)
{
	if ((e->type == HVCALL_CALLER || e->type == HVCALL_CALLER_BEGIN) && e->a < HVCALL_CALLERS)
		azt_count(HVCALL_N_CALLER + (unsigned int)e->a, 1);
	switch (e->type) {
	case HVCALL_BEGIN:
		hvcall_begin(e, HVCALL_CALLERS);
		break;
	case HVCALL_END:
		hvcall_done(e);
		break;
	case HVCALL_CALLER_BEGIN:
		if (e->a < HVCALL_CALLERS)
			hvcall_begin(e, (unsigned int)e->a);
		break;
	case HVCALL_CALLER_END:
		if (e->a < HVCALL_CALLERS)
			hvcall_caller_done(e);
		break;
	}
}

#endif
