/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of "trace netvsc": the ways of packets, each known by its skb.
 *
 *	to the host	queued -> driver -> ring -> completed
 *	from the host	interrupt -> poll -> stack -> socket -> reader runs -> read
 *
 * A queue is a channel: id = device << NETVSC_QUEUE_BITS | queue. Frames that wait for one more
 * in the driver (xmit_more) go to the host in one VMBus packet, whose skb is the last one's; the
 * driver frees the others while it takes the next, so they are over then (NETVSC_N_BATCHED).
 */
#ifndef AZ_BPF_NETVSC_MODEL_H
#define AZ_BPF_NETVSC_MODEL_H

#include "bpf/netvsc_types.h"
#include "bpf/shared/model.h"

AZT_SHARED(netvsc_queues, struct netvsc_queue, NETVSC_QUEUES)
AZT_SHARED(netvsc_rxs, struct netvsc_rx, 1u << NETVSC_FLIGHT_BITS)
AZT_SHARED(netvsc_switches, struct netvsc_switch, NETVSC_SWITCHES)
AZT_SHARED(netvsc_devs, struct netvsc_dev, NETVSC_DEVS)
AZT_SHARED(netvsc_cpus, struct netvsc_cpu, NETVSC_CPUS)
AZT_STATS(netvsc_reasons, struct netvsc_reason, NETVSC_REASONS)
AZT_TABLE(netvsc_txs, struct netvsc_tx, NETVSC_FLIGHT_BITS)
AZT_TABLE(netvsc_napis, struct netvsc_napi, 10)

/* ---- to the host ------------------------------------------------------------------ */

AZT_INLINE struct netvsc_tx *netvsc_tx_begin(const struct azt_event *e, unsigned int state)
{
	struct netvsc_tx *t = netvsc_txs_begin(e->key, e->ts);

	if (!t)
		return NULL;
	t->last = e->ts;
	t->before = 0;
	t->state = state;
	t->id = (unsigned int)e->a;
	return t;
}

/* @key went to the host in the VMBus packet of the one after it, if it did not already. */
AZT_INLINE void netvsc_batched(struct netvsc_queue *q, unsigned long long key)
{
	struct netvsc_tx *t = netvsc_txs_find(key);

	if (!t || t->state != NETVSC_DRIVER)
		return;
	azt_end(&t->f);
	q->tx_batched++;
}

/* The one that @q held before @key, if it is still with the driver; else 0. */
AZT_INLINE unsigned long long netvsc_held(struct netvsc_queue *q, unsigned long long key)
{
	unsigned long long held = q->held;
	struct netvsc_tx *t;

	q->held = key;
	if (!held || held == key)
		return 0;
	t = netvsc_txs_find(held);
	if (!t || t->state != NETVSC_DRIVER)
		return 0;
	/* What that one found held is over: it went into the same section. */
	if (t->before)
		netvsc_batched(q, t->before);
	t->before = 0;
	return held;
}

AZT_INLINE void netvsc_tx_start(const struct azt_event *e)
{
	struct netvsc_queue *q = netvsc_queues_of((unsigned int)e->a);
	struct netvsc_tx *t = netvsc_txs_find(e->key);

	if (!q)
		return;
	if (!t) {
		t = netvsc_tx_begin(e, NETVSC_DRIVER);
		if (!t)
			return;
	} else if (t->state == NETVSC_QUEUED) {
		azt_hist(NETVSC_S_QDISC, e->ts - t->last);
	} else if (t->state == NETVSC_RING) {
		q->tx--;	/* the ring was full, and the stack sends it once more */
	}
	t->state = NETVSC_DRIVER;
	t->id = (unsigned int)e->a;
	t->last = e->ts;
	t->before = netvsc_held(q, e->key);
}

AZT_INLINE void netvsc_tx_vf(const struct azt_event *e)
{
	struct netvsc_tx *t = netvsc_txs_find(e->key);
	struct netvsc_queue *q;

	if (!t || t->state != NETVSC_DRIVER)
		return;
	azt_hist(NETVSC_S_VF, e->ts - t->last);
	q = netvsc_queues_of(t->id);
	if (q) {
		if (q->held == e->key)
			q->held = 0;
		azt_add(&q->tx_vf, 1);
	}
	azt_end(&t->f);
}

AZT_INLINE void netvsc_tx_ring(const struct azt_event *e)
{
	struct netvsc_queue *q = netvsc_queues_of((unsigned int)e->a);
	struct netvsc_tx *t = netvsc_txs_find(e->key);

	if (!q)
		return;
	q->tx++;
	if (!q->signals_base)
		q->signals_base = e->b + 1;
	if (q->held == e->key)
		q->held = 0;
	if (!t) {
		netvsc_tx_begin(e, NETVSC_RING);	/* XDP_TX does not pass the stack */
		return;
	}
	if (t->state == NETVSC_DRIVER)
		azt_hist(NETVSC_S_DRIVER, e->ts - t->last);
	t->state = NETVSC_RING;
	t->last = e->ts;
	if (t->before)
		netvsc_batched(q, t->before);
	t->before = 0;
}

AZT_INLINE void netvsc_tx_done(const struct azt_event *e)
{
	struct netvsc_queue *q = netvsc_queues_of((unsigned int)e->a);
	struct netvsc_tx *t = e->key ? netvsc_txs_find(e->key) : NULL;
	unsigned long long all;

	if (!q)
		return;
	q->tx_done++;
	if (q->signals_base)
		q->signals = e->b + 1 - q->signals_base;
	if (!t || t->state != NETVSC_RING) {
		azt_count(AZT_UNMATCHED, 1);
		return;
	}
	azt_hist(NETVSC_S_HOST, e->ts - t->last);
	all = e->ts - t->f.since;
	q->tx_sum += all;
	if (all > q->tx_max)
		q->tx_max = all;
	azt_end(&t->f);
}

/* ---- from the host ---------------------------------------------------------------- */

AZT_INLINE void netvsc_rx_irq(const struct azt_event *e)
{
	struct netvsc_queue *q = netvsc_queues_of((unsigned int)e->a);
	struct netvsc_napi *n = netvsc_napis_find(e->key);

	if (!n)
		n = netvsc_napis_begin(e->key, e->ts);
	if (!n || !q)
		return;
	n->id = e->a;
	q->interrupts++;
	if (q->waiting)
		return;
	q->waiting = 1;
	q->irq = e->ts;
}

AZT_INLINE void netvsc_rx_poll(const struct azt_event *e)
{
	struct netvsc_napi *n = netvsc_napis_find(e->key);
	struct netvsc_queue *q = n ? netvsc_queues_of((unsigned int)n->id) : NULL;

	if (!q)
		return;
	q->polls++;
	q->poll = e->ts;
	q->begin = e->ts;
	if (!q->waiting)
		return;
	q->waiting = 0;
	q->begin = q->irq;
	azt_hist(NETVSC_S_IRQ, e->ts - q->irq);
}

/* The first packet after a switch of the data path: how long there was none. */
AZT_INLINE void netvsc_seen(struct netvsc_dev *d, unsigned long long ts)
{
	struct netvsc_switch *s;

	if (d->awaited) {
		s = netvsc_switches_of((unsigned int)(d->awaited - 1));
		if (s && s->end && d->last_rx)
			s->quiet = ts - d->last_rx;
		d->awaited = 0;
	}
	d->last_rx = ts;
}

AZT_INLINE struct netvsc_rx *netvsc_rx_of(unsigned long long key)
{
	return netvsc_rxs_of(azt_hash(key, NETVSC_FLIGHT_BITS));
}

AZT_INLINE void netvsc_rx_stack(const struct azt_event *e)
{
	struct netvsc_queue *q = netvsc_queues_of((unsigned int)e->a);
	struct netvsc_dev *d = netvsc_devs_of((unsigned int)e->a >> NETVSC_QUEUE_BITS);
	struct netvsc_rx *r = netvsc_rx_of(e->key);

	if (!q || !r || !d)
		return;
	netvsc_seen(d, e->ts);
	r->key = e->key;
	r->id = e->a;
	r->ready = 0;
	r->begin = e->ts;
	r->stack = e->ts;
	if (e->b) {
		azt_add(&q->rx_vf, 1);
		return;
	}
	azt_add(&q->rx, 1);
	if (!q->poll)
		return;
	r->begin = q->begin;
	azt_hist(NETVSC_S_POLL, e->ts - q->poll);
}

AZT_INLINE void netvsc_rx_socket(const struct azt_event *e)
{
	struct netvsc_rx *r = netvsc_rx_of(e->key);
	struct netvsc_queue *q = r ? netvsc_queues_of((unsigned int)r->id) : NULL;

	if (!q || r->key != e->key || r->ready)
		return;
	r->ready = e->ts;
	azt_hist(NETVSC_S_STACK, e->ts - r->stack);
	azt_add(&q->rx_socket, 1);
	azt_add(&q->rx_sum, e->ts - r->begin);
	azt_raise(&q->rx_max, e->ts - r->begin);
}

AZT_INLINE void netvsc_rx_read(const struct azt_event *e)
{
	struct netvsc_rx *r = netvsc_rx_of(e->key);
	struct netvsc_cpu *cpu = netvsc_cpus_of(azt_cpu(e));
	unsigned long long from;

	if (!r || r->key != e->key)
		return;
	from = r->ready;
	r->key = 0;
	if (!from)
		return;
	/* The reader slept: it runs only since then. */
	if (cpu && cpu->run > from) {
		azt_hist(NETVSC_S_WAKE, cpu->run - from);
		from = cpu->run;
	}
	azt_hist(NETVSC_S_READ, e->ts - from);
}

AZT_INLINE void netvsc_run(const struct azt_event *e)
{
	struct netvsc_cpu *cpu = netvsc_cpus_of(azt_cpu(e));

	if (cpu)
		cpu->run = e->ts;
}

/* ---- what is rare ----------------------------------------------------------------- */

AZT_INLINE void netvsc_drop(const struct azt_event *e)
{
	struct netvsc_tx *t = netvsc_txs_find(e->key);
	unsigned int reason = e->b < NETVSC_REASONS ? (unsigned int)e->b : NETVSC_REASONS - 1;
	struct netvsc_reason *r = netvsc_reasons_of(reason);

	azt_count(NETVSC_N_DROPS, 1);
	if (r)
		azt_add(&r->drops, 1);
	if (t)
		azt_end(&t->f);
}

AZT_INLINE void netvsc_xdp(const struct azt_event *e)
{
	azt_count(e->b < 5 ? NETVSC_N_XDP + (unsigned int)e->b : NETVSC_N_XDP_OTHER, 1);
}

/* The entry of the timeline that is device @index's last; NULL: it has none. */
AZT_INLINE struct netvsc_switch *netvsc_switch_of(struct netvsc_dev *d, unsigned long long device,
						  unsigned int *index)
{
	unsigned int share = NETVSC_SWITCHES / NETVSC_DEVS;

	*index = (unsigned int)(device * share + d->switches % share);
	return netvsc_switches_of(*index);
}

AZT_INLINE void netvsc_switch(const struct azt_event *e)
{
	struct netvsc_dev *d = netvsc_devs_of((unsigned int)e->key);
	struct netvsc_switch *s;
	unsigned int index;

	s = d ? netvsc_switch_of(d, e->key, &index) : NULL;
	if (!s)
		return;
	s->since = e->ts;
	s->end = 0;
	s->quiet = 0;
	s->device = e->key;
	s->to_vf = e->a;
	s->failed = 0;
}

AZT_INLINE void netvsc_switched(const struct azt_event *e)
{
	struct netvsc_dev *d = netvsc_devs_of((unsigned int)e->key);
	struct netvsc_switch *s;
	unsigned int index;

	s = d ? netvsc_switch_of(d, e->key, &index) : NULL;
	if (!s || !s->since)
		return;
	s->end = e->ts;
	s->failed = e->b;
	azt_hist(NETVSC_S_SWITCH, e->ts - s->since);
	d->switches++;
	d->awaited = index + 1;
}

AZT_INLINE void netvsc_model(const struct azt_event *e)
{
	switch (e->type) {
	case NETVSC_TX_QUEUE:
		netvsc_tx_begin(e, NETVSC_QUEUED);
		break;
	case NETVSC_TX_START:
		netvsc_tx_start(e);
		break;
	case NETVSC_TX_VF:
		netvsc_tx_vf(e);
		break;
	case NETVSC_TX_RING:
		netvsc_tx_ring(e);
		break;
	case NETVSC_TX_DONE:
		netvsc_tx_done(e);
		break;
	case NETVSC_RX_IRQ:
		netvsc_rx_irq(e);
		break;
	case NETVSC_RX_POLL:
		netvsc_rx_poll(e);
		break;
	case NETVSC_RX_STACK:
		netvsc_rx_stack(e);
		break;
	case NETVSC_RX_SOCKET:
		netvsc_rx_socket(e);
		break;
	case NETVSC_RX_READ:
		netvsc_rx_read(e);
		break;
	case NETVSC_RUN:
		netvsc_run(e);
		break;
	case NETVSC_DROP:
		netvsc_drop(e);
		break;
	case NETVSC_XDP:
		netvsc_xdp(e);
		break;
	case NETVSC_SWITCH:
		netvsc_switch(e);
		break;
	case NETVSC_SWITCHED:
		netvsc_switched(e);
		break;
	}
}

#endif
