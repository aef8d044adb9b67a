// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending: requests of the present moment to a flow in one call, or with --fanout
 * one logical request to all flows of a group. The flows of a group send in
 * step, so a number is the same logical request on each of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/net/engine.h"
#include "lib/clock.h"
#include "lib/log.h"

int net_groups_init(struct net_engine *e)
{
	unsigned int n = (unsigned int)e->net->fanout, i, j;
	struct net_group *group;

	e->ngroups = e->t->nflows / n;
	e->groups = calloc(e->ngroups ? e->ngroups : 1, sizeof(*e->groups));
	if (!e->groups)
		return -ENOMEM;
	for (i = 0; i < e->ngroups; i++) {
		group = &e->groups[i];
		group->flows = &e->t->flows[i * n];
		group->n = n;
		for (j = 0; j < n; j++)
			group->flows[j]->group = group;
		if (n == 1)
			continue;
		group->pending = calloc(group->flows[0]->mask + 1u, sizeof(*group->pending));
		if (!group->pending)
			return -ENOMEM;
	}
	return 0;
}

void net_groups_free(struct net_engine *e)
{
	unsigned int i;

	for (i = 0; e->groups && i < e->ngroups; i++)
		free(e->groups[i].pending);
	free(e->groups);
}

static void note_sent(struct net_engine *e, struct net_flow *flow, uint64_t intended, uint64_t now)
{
	bool silent = net_is_silent(flow, flow->next);
	struct net_slot slot = {
		.intended = intended, .sent = now, .state = silent ? NET_SLOT_FREE : NET_SLOT_OUT,
		.counted = recorder_counts(e->w->rec, intended),
	};

	net_window_sent(flow, &slot);
	e->out += !silent;
	if (!slot.counted)
		return;
	recorder_count(e->w->rec, NET_COUNT_SENT, 1);
	if (e->open_loop)
		recorder_add(e->w->rec, NET_HIST_SEND_DELAY, now - intended);
}

/* Up to @n requests on one flow. Returns how many went out. */
static unsigned int send_flow(struct net_engine *e, struct net_flow *flow,
			      const uint64_t *intended, unsigned int n, uint64_t now)
{
	const struct net_hooks *hooks = e->net->hooks;
	uint64_t first = flow->next;
	unsigned int i;
	int got;

	for (i = 0; i < n; i++) {
		net_make(e, i, flow, first + i);
		if (hooks && hooks->before_send)
			hooks->before_send(flow, first + i, now);
	}
	got = flow->proto->send(flow, e->outs, n);
	if (got == -EAGAIN || got == -ENOBUFS) {
		recorder_count(e->w->rec, NET_COUNT_BLOCKED, 1);
		return 0;
	}
	if (got < 0) {
		net_flow_failed(e, flow, got);
		return 0;
	}
	for (i = 0; i < (unsigned int)got; i++)
		note_sent(e, flow, intended[i], now);
	if (hooks && hooks->after_send)
		hooks->after_send(flow, first, (unsigned int)got, az_clock_ns());
	return (unsigned int)got;
}

static bool group_has_room(const struct net_group *group)
{
	unsigned int i;

	for (i = group->sending; i < group->n; i++)
		if (!net_window_room(group->flows[i]) || group->flows[i]->blocked)
			return false;
	return true;
}

/* One logical request; may take more than one call when a socket is full. */
static bool send_group(struct net_engine *e, struct net_group *group, uint64_t intended,
		       uint64_t now)
{
	struct net_flow *flow = group->flows[0];

	if (!group->sending) {
		if (!group_has_room(group))
			return false;
		group->intended = intended;
		group->pending[flow->next & flow->mask] = (uint16_t)group->n;
	}
	for (; group->sending < group->n; group->sending++)
		if (!send_flow(e, group->flows[group->sending], &group->intended, 1, now))
			return false;
	group->sending = 0;
	return true;
}

unsigned int net_group_send(struct net_engine *e, struct net_group *group,
			    const uint64_t *intended, unsigned int n, uint64_t now)
{
	struct net_flow *flow = group->flows[0];
	unsigned int room;

	if (group->n > 1)
		return n && send_group(e, group, *intended, now);
	room = net_window_room(flow);
	if (flow->blocked)
		return 0;
	return n && room ? send_flow(e, flow, intended, n < room ? n : room, now) : 0;
}

/* Logical requests of the group that are under way. */
static unsigned int under_way(const struct net_group *group)
{
	unsigned int i, most = 0;

	for (i = 0; i < group->n; i++)
		if (group->flows[i]->out > most)
			most = group->flows[i]->out;
	return most;
}

void net_refill(struct net_engine *e, struct net_group *group)
{
	unsigned int depth = (unsigned int)e->net->depth, busy = under_way(group), sent;
	uint64_t now, times[NET_BATCH];
	unsigned int i;

	/* Half a request counts as one that is under way on the flows that have it. */
	if (group->sending && !net_group_send(e, group, &group->intended, 1, az_clock_ns()))
		return;
	while (busy < depth) {
		now = az_clock_ns();
		/* Of several at once, a ns tells the last of the warm-up from the next. */
		for (i = 0; i < NET_BATCH && depth > 1; i++)
			times[i] = now + i;
		times[0] = now;
		while (!e->ended && group->owed < depth - busy && group->owed < NET_BATCH) {
			e->ended = !load_worker_goes_on(e->w, times[group->owed]);
			group->owed += !e->ended;
			e->owed += !e->ended;
		}
		if (!group->owed)
			return;
		sent = net_group_send(e, group, times, group->owed, now);
		if (!sent && !group->sending)
			return;
		/* The rest of a half sent one is sent above. */
		sent = sent ? sent : 1;
		group->owed -= sent;
		e->owed -= sent;
		if (group->sending)
			return;
		busy += sent;
	}
}

void net_refill_all(struct net_engine *e)
{
	unsigned int i;

	for (i = 0; i < e->ngroups && !e->ret; i++)
		net_refill(e, &e->groups[i]);
}

void net_group_answer(struct net_engine *e, struct net_flow *flow, uint64_t seq,
		      uint64_t intended, bool counted, bool lost, uint64_t now)
{
	uint16_t *pending = &flow->group->pending[seq & flow->mask];

	if (*pending == NET_GROUP_LOST)
		return;
	if (lost) {
		*pending = NET_GROUP_LOST;
		if (counted)
			recorder_count(e->w->rec, NET_COUNT_FANOUT_LOST, 1);
	} else if (!--*pending && counted) {
		recorder_add(e->w->rec, NET_HIST_FANOUT, now - intended);
	}
}
