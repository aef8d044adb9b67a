// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window of a flow's requests: what is awaited, what was given up and what
 * was answered, in memory that does not grow with the number of requests.
 */
#include <errno.h>
#include <stdlib.h>

#include "benchmarks/net/flow.h"

int net_window_init(struct net_flow *flow, unsigned int window)
{
	unsigned int slots = 1;

	while (slots < window)
		slots *= 2;
	flow->slots = calloc(slots, sizeof(*flow->slots));
	if (!flow->slots)
		return -ENOMEM;
	flow->mask = slots - 1;
	return 0;
}

void net_window_free(struct net_flow *flow)
{
	free(flow->slots);
	flow->slots = NULL;
}

/* The oldest request that is awaited, if any, is number tail. */
static void move_tail(struct net_flow *flow)
{
	while (flow->tail < flow->next &&
	       flow->slots[flow->tail & flow->mask].state != NET_SLOT_OUT)
		flow->tail++;
}

void net_window_sent(struct net_flow *flow, const struct net_slot *slot)
{
	flow->slots[flow->next & flow->mask] = *slot;
	flow->next++;
	if (slot->state == NET_SLOT_OUT)
		flow->out++;
	else if (!flow->out)
		flow->tail = flow->next;
}

enum net_match net_window_answer(struct net_flow *flow, uint64_t seq,
				 const struct net_slot **slot, bool *reordered)
{
	struct net_slot *found = &flow->slots[seq & flow->mask];

	*slot = NULL;
	if (seq >= flow->next)
		return NET_MATCH_UNASKED;
	if (flow->next - seq > flow->mask + 1ull)
		return NET_MATCH_STALE;
	switch (found->state) {
	case NET_SLOT_FREE:
		return NET_MATCH_UNASKED;
	case NET_SLOT_LOST:
		*slot = found;
		/* It has come after all; a further one is a duplicate. */
		found->state = NET_SLOT_DONE;
		return NET_MATCH_LATE;
	case NET_SLOT_DONE:
		*slot = found;
		return NET_MATCH_DUPLICATE;
	}
	found->state = NET_SLOT_DONE;
	flow->out--;
	*reordered = seq + 1 < flow->highest;
	if (seq >= flow->highest)
		flow->highest = seq + 1;
	if (seq == flow->tail)
		move_tail(flow);
	*slot = found;
	return NET_MATCH_GOOD;
}

const struct net_slot *net_window_expire(struct net_flow *flow, uint64_t limit, uint64_t *seq)
{
	struct net_slot *oldest = &flow->slots[flow->tail & flow->mask];

	if (!flow->out || oldest->sent >= limit)
		return NULL;
	oldest->state = NET_SLOT_LOST;
	flow->out--;
	*seq = flow->tail;
	move_tail(flow);
	return oldest;
}
