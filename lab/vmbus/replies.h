/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way back to the guest on one channel. A reply waits in one of two places: in
 * the delayed list until its time, then, if the ring is full, in the backlog until the
 * guest made room. While there is a backlog a device takes no requests, so that a guest
 * which does not read holds up only itself. All on the channel's loop.
 */
#ifndef AZ_LAB_VMBUS_REPLIES_H
#define AZ_LAB_VMBUS_REPLIES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/loop.h"

struct vmbus_channel;

/* First member of what a device sends, which malloc() made. */
struct reply {
	struct reply *next;
	uint64_t due_ns;		/* CLOCK_MONOTONIC */
};

struct reply_queue {
	struct vmbus_channel *ch;
	/* Sends it. -EAGAIN: the ring is full; any other error: the channel is dead. */
	int (*send)(struct vmbus_channel *ch, const struct reply *reply);
	struct reply *delayed;		/* by time */
	unsigned int n_delayed;
	struct reply *backlog, **backlog_end;
	struct loop_timer timer;
};

/* An empty queue of an open channel. */
void replies_init(struct reply_queue *q, struct vmbus_channel *ch,
		  int (*send)(struct vmbus_channel *ch, const struct reply *reply));

/* Sends @reply, or keeps it for @delay_ns or until there is room; takes it over. */
void replies_put(struct reply_queue *q, struct reply *reply, uint64_t delay_ns);

/* Sends what did not fit. False: the ring is still full. */
bool replies_flush(struct reply_queue *q);

/* Ends all delays. */
void replies_hurry(struct reply_queue *q);

/* Frees all, and the timer; the channel closes. */
void replies_drop(struct reply_queue *q);

#endif
