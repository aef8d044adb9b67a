// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between channels. A slot outlives its channel, so a sender only
 * needs to be sure that the channel's loop is there while it posts: it counts
 * itself into @posters before it looks at @open, and slot_close() clears
 * @open and then waits for the posters. No lock, and a sender never waits.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

struct net_msg *net_msg_alloc(enum net_msg_type type, uint32_t len)
{
	struct net_msg *m = malloc(sizeof(*m) + len);

	if (!m)
		return NULL;
	*m = (struct net_msg){ .type = type, .len = len };
	return m;
}

static void handle(struct netvsp_channel *nc, struct net_msg *m)
{
	switch (m->type) {
	case NET_MSG_FRAME:
		rx_enqueue(nc, m);
		return;
	case NET_MSG_INDICATE:
		rndis_indicate(nc, m->status, m->len ? m->data : NULL, m->len);
		break;
	case NET_MSG_INJECT:
		inject_malformed(nc, m->status, m->value);
		break;
	case NET_MSG_RSC:
		inject_rsc(nc, m->value);
		break;
	}
	free(m);
}

/* The inbox is newest first; give it back in order. */
static struct net_msg *take(struct net_slot *slot)
{
	struct net_msg *m = atomic_exchange(&slot->inbox, NULL), *list = NULL;

	while (m) {
		struct net_msg *next = m->next;

		m->next = list;
		list = m;
		m = next;
		atomic_fetch_sub(&slot->inbox_depth, 1);
	}
	return list;
}

static void run(void *ctx)
{
	struct net_slot *slot = ctx;
	struct netvsp_channel *nc = slot->nc;
	unsigned int events;
	struct net_msg *m;

	atomic_store(&slot->kicked, false);
	events = atomic_exchange(&slot->events, 0);
	if (nc)
		netvsp_take_config(nc);
	m = take(slot);
	while (m) {
		struct net_msg *next = m->next;

		if (nc)
			handle(nc, m);
		else
			free(m);
		m = next;
	}
	if (!nc)
		return;
	if (events & NET_EVENT_BUFFERS)
		netvsp_drop_gone(nc);
	if (events & NET_EVENT_TABLE)
		nvsp_send_table(nc);
	netvsp_service(nc);
}

/* One call of run() is on its way at a time; without memory the next sender tries again. */
static void kick(struct net_slot *slot)
{
	if (!atomic_exchange(&slot->kicked, true) && loop_post(slot->loop, run, slot))
		atomic_store(&slot->kicked, false);
}

static bool enter(struct net_slot *slot)
{
	atomic_fetch_add(&slot->posters, 1);
	if (atomic_load(&slot->open))
		return true;
	atomic_fetch_sub(&slot->posters, 1);
	return false;
}

int slot_post(struct net_slot *slot, struct net_msg *m)
{
	struct net_msg *head;
	int ret = 0;

	if (!enter(slot)) {
		free(m);
		return -ENOTCONN;
	}
	if (atomic_fetch_add(&slot->inbox_depth, 1) >= INBOX_MAX) {
		atomic_fetch_sub(&slot->inbox_depth, 1);
		free(m);
		ret = -ENOBUFS;
		goto out;
	}
	head = atomic_load(&slot->inbox);
	do {
		m->next = head;
	} while (!atomic_compare_exchange_weak(&slot->inbox, &head, m));
	kick(slot);
out:
	atomic_fetch_sub(&slot->posters, 1);
	return ret;
}

void slot_event(struct net_slot *slot, unsigned int events)
{
	if (!enter(slot))
		return;
	atomic_fetch_or(&slot->events, events);
	kick(slot);
	atomic_fetch_sub(&slot->posters, 1);
}

void slot_open(struct net_slot *slot, struct netvsp_channel *nc)
{
	slot->nc = nc;
	slot->loop = nc->ch->loop;
	atomic_store(&slot->kicked, false);
	atomic_store(&slot->open, true);
}

void slot_close(struct net_slot *slot)
{
	struct net_msg *m;

	atomic_store(&slot->open, false);
	while (atomic_load(&slot->posters))
		sched_yield();
	slot->nc = NULL;
	atomic_store(&slot->events, 0);
	m = take(slot);
	while (m) {
		struct net_msg *next = m->next;

		free(m);
		m = next;
	}
}
