// SPDX-License-Identifier: GPL-2.0-only
/* What a channel does later: delayed replies, by one timer on its loop. */
#include "netvsp/internal.h"

#include <errno.h>

static void arm(struct netvsp_channel *nc)
{
	struct defer_queue *q = &nc->defer;
	uint64_t now, deadline = q->head.next->deadline_ns;

	if (q->head.next == &q->head) {
		loop_timer_cancel(nc->ch->loop, &q->timer);
		return;
	}
	now = loop_now_ns();
	loop_timer_arm(nc->ch->loop, &q->timer, deadline > now ? deadline - now : 0);
}

static struct defer_item *pop(struct defer_queue *q)
{
	struct defer_item *item = q->head.next;

	item->prev->next = item->next;
	item->next->prev = item->prev;
	q->count--;
	return item;
}

static void expired(void *ctx)
{
	struct netvsp_channel *nc = ctx;
	struct defer_queue *q = &nc->defer;
	uint64_t now = loop_now_ns();

	while (q->head.next != &q->head && q->head.next->deadline_ns <= now) {
		struct defer_item *item = pop(q);

		item->run(nc, item);
	}
	arm(nc);
	netvsp_service(nc);
}

void defer_init(struct netvsp_channel *nc)
{
	struct defer_queue *q = &nc->defer;

	q->head.next = &q->head;
	q->head.prev = &q->head;
	q->timer.fn = expired;
	q->timer.ctx = nc;
}

int defer_add(struct netvsp_channel *nc, struct defer_item *item, uint64_t delay_ns)
{
	struct defer_queue *q = &nc->defer;
	struct defer_item *at = q->head.prev;

	if (q->count >= DEFER_MAX)
		return -ENOBUFS;
	item->deadline_ns = loop_now_ns() + delay_ns;
	/* Delays are nearly always equal, so that the place is at the end. */
	while (at != &q->head && at->deadline_ns > item->deadline_ns)
		at = at->prev;
	item->prev = at;
	item->next = at->next;
	at->next->prev = item;
	at->next = item;
	q->count++;
	if (q->head.next == item)
		arm(nc);
	return 0;
}

void defer_drop_all(struct netvsp_channel *nc)
{
	struct defer_queue *q = &nc->defer;

	loop_timer_cancel(nc->ch->loop, &q->timer);
	while (q->head.next != &q->head) {
		struct defer_item *item = pop(q);

		item->drop(item);
	}
}
