// SPDX-License-Identifier: GPL-2.0-only
#include "vmbus/replies.h"

#include <errno.h>
#include <stdlib.h>

#include "vmbus/device.h"

void replies_init(struct reply_queue *q, struct vmbus_channel *ch,
		  int (*send)(struct vmbus_channel *ch, const struct reply *reply))
{
	*q = (struct reply_queue){ .ch = ch, .send = send };
	q->backlog_end = &q->backlog;
}

static void send_or_queue(struct reply_queue *q, struct reply *reply)
{
	if (!q->backlog && q->send(q->ch, reply) != -EAGAIN) {
		free(reply);
		return;
	}
	reply->next = NULL;
	*q->backlog_end = reply;
	q->backlog_end = &reply->next;
}

bool replies_flush(struct reply_queue *q)
{
	struct reply *reply;

	while ((reply = q->backlog)) {
		if (q->send(q->ch, reply) == -EAGAIN)
			return false;
		q->backlog = reply->next;
		if (!q->backlog)
			q->backlog_end = &q->backlog;
		free(reply);
	}
	return true;
}

static void arm(struct reply_queue *q);

/* Send what is due at @now. */
static void release(struct reply_queue *q, uint64_t now)
{
	struct reply *reply;

	while ((reply = q->delayed) && reply->due_ns <= now) {
		q->delayed = reply->next;
		q->n_delayed--;
		send_or_queue(q, reply);
	}
	arm(q);
}

static void due(void *ctx)
{
	release(ctx, loop_now_ns());
}

static void arm(struct reply_queue *q)
{
	uint64_t now = loop_now_ns();

	loop_timer_cancel(q->ch->loop, &q->timer);
	if (!q->delayed)
		return;
	q->timer.fn = due;
	q->timer.ctx = q;
	loop_timer_arm(q->ch->loop, &q->timer,
		       q->delayed->due_ns > now ? q->delayed->due_ns - now : 0);
}

static void delay(struct reply_queue *q, struct reply *reply, uint64_t delay_ns)
{
	struct reply **at = &q->delayed;

	reply->due_ns = loop_now_ns() + delay_ns;
	while (*at && (*at)->due_ns <= reply->due_ns)
		at = &(*at)->next;
	reply->next = *at;
	*at = reply;
	q->n_delayed++;
	if (q->delayed == reply)
		arm(q);
}

void replies_put(struct reply_queue *q, struct reply *reply, uint64_t delay_ns)
{
	if (delay_ns)
		delay(q, reply, delay_ns);
	else
		send_or_queue(q, reply);
}

void replies_hurry(struct reply_queue *q)
{
	release(q, UINT64_MAX);
}

static void free_list(struct reply *reply)
{
	struct reply *next;

	for (; reply; reply = next) {
		next = reply->next;
		free(reply);
	}
}

void replies_drop(struct reply_queue *q)
{
	loop_timer_cancel(q->ch->loop, &q->timer);
	free_list(q->delayed);
	free_list(q->backlog);
	q->delayed = NULL;
	q->n_delayed = 0;
	q->backlog = NULL;
	q->backlog_end = &q->backlog;
}
