// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to the guest. A SINT has one message slot on each VP; while the
 * guest has not freed it, everything waits here in order, and the platform has
 * set msg_pending in the slot, so that the guest's EOM brings us back (TLFS
 * 11.8, drivers/hv: vmbus_signal_eom()). All messages of a connection go to
 * the VP that INITIATE_CONTACT named, so one queue is enough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

void outq_init(struct vmbus *bus)
{
	bus->out.end = &bus->out.first;
}

static void free_msg(struct vmbus *bus, struct out_msg *m)
{
	free(m);
	atomic_fetch_sub(&bus->n_out, 1);
}

void outq_flush(struct vmbus *bus)
{
	struct out_queue *q = &bus->out;
	struct out_msg *m;
	int ret;

	while ((m = q->first)) {
		ret = bus->platform.post_message(bus->platform.ctx, m->vp, m->sint, &m->msg);
		q->blocked = ret == -EAGAIN;
		if (q->blocked) {
			count(&bus->messages.slot_busy);
			return;
		}
		if (ret)
			count(&bus->messages.lost);
		q->first = m->next;
		if (!q->first)
			q->end = &q->first;
		free_msg(bus, m);
	}
}

static void append(struct vmbus *bus, struct out_msg *m)
{
	m->next = NULL;
	*bus->out.end = m;
	bus->out.end = &m->next;
	if (!bus->out.blocked)
		outq_flush(bus);
}

static void delay_is_over(void *ctx)
{
	struct out_msg *m = ctx, **link = &m->bus->out.delayed;

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
	m->bus->out.n_delayed--;
	append(m->bus, m);
}

static void queue_one(struct vmbus *bus, const void *payload, uint32_t len, uint64_t delay_us)
{
	struct out_msg *m = calloc(1, sizeof(*m));

	if (!m) {
		count(&bus->messages.lost);
		return;
	}
	m->bus = bus;
	m->vp = bus->msg_vp;
	m->sint = bus->msg_sint;
	m->msg.type = HV_MESSAGE_TYPE_VMBUS;
	m->msg.payload_size = (uint8_t)len;
	memcpy(m->msg.payload, payload, len);
	atomic_fetch_add(&bus->n_out, 1);
	if (!delay_us) {
		append(bus, m);
		return;
	}
	m->timer.fn = delay_is_over;
	m->timer.ctx = m;
	m->next = bus->out.delayed;
	bus->out.delayed = m;
	bus->out.n_delayed++;
	loop_timer_arm(bus->loop, &m->timer, delay_us * 1000);
}

void outq_send(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct fault *fault;
	uint64_t delay_us = 0;
	const char *name;
	uint32_t type;

	memcpy(&type, payload, sizeof(type));
	name = message_name(type);
	if (fault_fires(bus->faults, "vmbus", "withhold", name)) {
		count(&bus->messages.withheld);
		return;
	}
	fault = fault_fires(bus->faults, "vmbus", "delay", name);
	if (fault && bus->out.n_delayed < BUS_MAX_DELAYED) {
		delay_us = fault_u64(fault, "us", 1000);
		count(&bus->messages.delayed);
	}
	count(&bus->messages.sent[type]);
	queue_one(bus, payload, len, delay_us);
	if (fault_fires(bus->faults, "vmbus", "dup", name)) {
		count(&bus->messages.duplicated);
		queue_one(bus, payload, len, delay_us);
	}
}

void outq_drop(struct vmbus *bus)
{
	struct out_queue *q = &bus->out;
	struct out_msg *m;

	while ((m = q->first)) {
		q->first = m->next;
		free_msg(bus, m);
	}
	while ((m = q->delayed)) {
		q->delayed = m->next;
		loop_timer_cancel(bus->loop, &m->timer);
		free_msg(bus, m);
	}
	q->end = &q->first;
	q->n_delayed = 0;
	q->blocked = false;
}

static void eom_on_loop(void *ctx)
{
	struct vmbus *bus = ctx;

	atomic_store(&bus->eom_posted, false);
	bus->out.blocked = false;
	outq_flush(bus);
}

void vmbus_eom(struct vmbus *bus, uint32_t vp)
{
	/* Only a queue that waits for a slot cares; n_out is 0 nearly always. */
	if (!atomic_load(&bus->n_out) || atomic_exchange(&bus->eom_posted, true))
		return;
	if (loop_post(bus->loop, eom_on_loop, bus))
		atomic_store(&bus->eom_posted, false);
}
