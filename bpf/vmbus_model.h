/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of "trace vmbus": what happens on each channel, by relid. An interrupt asks for
 * the channel's callback, at once (netvsc) or by tasklet; the driver then reads until the ring
 * is empty. A write to the outbound ring signals the host only when that ring was
 * empty and the host wants to be told.
 */
#ifndef AZ_BPF_VMBUS_MODEL_H
#define AZ_BPF_VMBUS_MODEL_H

#include "bpf/shared/model.h"

/* Events; key is the relid. Part of the file format: append only. */
enum vmbus_event {
	VMBUS_INTERRUPT = 1,
	VMBUS_CALLBACK,		/* the tasklet runs it */
	VMBUS_DRAINED,		/* the driver has read what there was */
	VMBUS_SEND,		/* a: bytes in the ring then, b: its size */
	VMBUS_FULL,		/* a write found no room */
	VMBUS_SIGNAL,		/* a: the channel's intr_out_empty */
};

enum vmbus_slot { VMBUS_ISR_CALLBACK, VMBUS_CALLBACK_DRAIN, VMBUS_SLOTS };

enum vmbus_counter {
	VMBUS_N_INTERRUPTS = AZT_COUNTS,
	VMBUS_N_CALLBACKS,
	VMBUS_N_SENDS,
	VMBUS_N_FULL,
	VMBUS_N_SIGNALS,
};

/* More relids than any VM has had; those above are not counted. */
#define VMBUS_RELIDS	4096

/* Of one channel, on one CPU. */
struct vmbus_stats {
	unsigned long long interrupts, callbacks, drains;
	unsigned long long sends, full;
	unsigned long long signals_write;	/* the ring was empty: not suppressed */
	unsigned long long signals_read;	/* there is room again */
	unsigned long long occupied;		/* bytes, sum over the writes */
	unsigned long long occupied_max;
	unsigned long long size;		/* of the ring */
};

/* Where a channel is; an entry stays for good. */
struct vmbus_state {
	struct azt_flight f;			/* since: the interrupt */
	unsigned long long callback;		/* ns, 0: not yet */
	unsigned long long out_empty;		/* of the last signal */
	unsigned int waiting;			/* an interrupt has not been served */
	unsigned int pad;
};

AZT_STATS(vmbus_channels, struct vmbus_stats, VMBUS_RELIDS)
AZT_TABLE(vmbus_states, struct vmbus_state, 12)

AZT_INLINE struct vmbus_state *vmbus_state_of(const struct azt_event *e)
{
	struct vmbus_state *state = vmbus_states_find(e->key);

	return state ? state : vmbus_states_begin(e->key, e->ts);
}

AZT_INLINE void vmbus_interrupt(const struct azt_event *e, struct vmbus_stats *stats)
{
	struct vmbus_state *state = vmbus_state_of(e);

	azt_count(VMBUS_N_INTERRUPTS, 1);
	azt_add(&stats->interrupts, 1);
	if (!state || state->waiting)
		return;
	state->f.since = e->ts;
	state->callback = 0;
	state->waiting = 1;
}

AZT_INLINE void vmbus_callback(const struct azt_event *e, struct vmbus_stats *stats)
{
	struct vmbus_state *state = vmbus_states_find(e->key);

	azt_count(VMBUS_N_CALLBACKS, 1);
	azt_add(&stats->callbacks, 1);
	if (!state || !state->waiting || state->callback)
		return;
	azt_hist(VMBUS_ISR_CALLBACK, e->ts - state->f.since);
	state->callback = e->ts;
}

AZT_INLINE void vmbus_drained(const struct azt_event *e, struct vmbus_stats *stats)
{
	struct vmbus_state *state = vmbus_states_find(e->key);

	azt_add(&stats->drains, 1);
	if (!state || !state->waiting)
		return;
	azt_hist(VMBUS_CALLBACK_DRAIN,
		 e->ts - (state->callback ? state->callback : state->f.since));
	state->waiting = 0;
}

AZT_INLINE void vmbus_send(const struct azt_event *e, struct vmbus_stats *stats)
{
	azt_count(VMBUS_N_SENDS, 1);
	azt_add(&stats->sends, 1);
	azt_add(&stats->occupied, e->a);
	azt_raise(&stats->occupied_max, e->a);
	stats->size = e->b;
}

/* The channel counts the signals of an empty ring itself, just before it signals. */
AZT_INLINE void vmbus_signal(const struct azt_event *e, struct vmbus_stats *stats)
{
	struct vmbus_state *state = vmbus_state_of(e);

	azt_count(VMBUS_N_SIGNALS, 1);
	if (state && state->out_empty == e->a) {
		azt_add(&stats->signals_read, 1);
		return;
	}
	azt_add(&stats->signals_write, 1);
	if (state)
		state->out_empty = e->a;
}

AZT_INLINE void vmbus_model(const struct azt_event *e)
{
	struct vmbus_stats *stats = vmbus_channels_of((unsigned int)e->key);

	if (!stats)
		return;
	switch (e->type) {
	case VMBUS_INTERRUPT:
		vmbus_interrupt(e, stats);
		break;
	case VMBUS_CALLBACK:
		vmbus_callback(e, stats);
		break;
	case VMBUS_DRAINED:
		vmbus_drained(e, stats);
		break;
	case VMBUS_SEND:
		vmbus_send(e, stats);
		break;
	case VMBUS_FULL:
		azt_count(VMBUS_N_FULL, 1);
		azt_add(&stats->full, 1);
		break;
	case VMBUS_SIGNAL:
		vmbus_signal(e, stats);
		break;
	}
}

#endif
