// SPDX-License-Identifier: GPL-2.0-only
/* Channels: open, close, modify, and the way from a signal to the device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmbus/internal.h"

/* Packets until a channel's loop sees to its timers, descriptors and calls again. */
#define DISPATCH_BUDGET	1024

static void dispatch_on_loop(void *ctx)
{
	channel_dispatch(ctx);
}

/*
 * Drain with the interrupt mask set, clear it, look once more (ring.c, rule
 * 3). A device that stops early waits for room in the other ring; then it is
 * the guest that signals, so packets that remain are no reason to go round.
 */
void channel_dispatch(struct vmbus_channel *ch)
{
	struct channel_state *st = ch->state;
	uint64_t taken;

	st->dispatching = true;
	st->budget = DISPATCH_BUDGET;
	while (!st->dead) {
		taken = st->taken;
		ring_mask(&ch->in);
		ring_clear_pending(&ch->out);
		ch->dev->ops->ready(ch);
		if (st->dead)
			break;
		if (!st->budget) {
			if (!loop_post(ch->loop, dispatch_on_loop, ch))
				break;	/* still masked: nothing is lost */
			st->budget = DISPATCH_BUDGET;
		}
		if (!ring_unmask(&ch->in) || st->taken == taken)
			break;
	}
	st->dispatching = false;
}

static void on_signal(void *ctx, uint32_t events)
{
	struct vmbus_channel *ch = ctx;
	uint64_t n;

	if (read(ch->state->signal_fd, &n, sizeof(n)) != sizeof(n))
		return;
	count_add(&ch->counters.signals_received, n);
	channel_dispatch(ch);
}

static int set_up_rings(struct vmbus_channel *ch, uint32_t downstream)
{
	const struct gpadl *g = ch->state->gpadl;
	int ret;

	if (downstream >= g->pages)
		return -EINVAL;
	ret = ring_init(&ch->in, g, 0, downstream, RING_CONSUMER);
	if (ret)
		return ret;
	return ring_init(&ch->out, g, downstream, g->pages - downstream, RING_PRODUCER);
}

/* On the channel's loop. */
static void open_on_loop(void *ctx)
{
	struct vmbus_channel *ch = ctx;
	struct channel_state *st = ch->state;

	st->dead = false;
	st->have_packet = false;
	st->open_result = loop_watch(ch->loop, st->signal_fd, EPOLLIN, on_signal, ch);
	if (st->open_result)
		return;
	if (ch->dev->ops->open)
		st->open_result = ch->dev->ops->open(ch);
	if (st->open_result)
		loop_unwatch(ch->loop, st->signal_fd);
	else
		monitor_start(ch);
}

static void close_on_loop(void *ctx)
{
	struct vmbus_channel *ch = ctx;

	/* A dispatch that was posted meanwhile comes after this and finds nothing to do. */
	ch->state->dead = true;
	monitor_stop(ch);
	loop_unwatch(ch->loop, ch->state->signal_fd);
	if (ch->dev->ops->close)
		ch->dev->ops->close(ch);
}

static void release(struct vmbus_channel *ch)
{
	struct channel_state *st = ch->state;
	struct loop *loop = ch->loop;

	pthread_mutex_lock(&ch->bus->lock);
	ch->loop = NULL;
	pthread_mutex_unlock(&ch->bus->lock);
	loop_stop(loop);
	if (st->signal_fd >= 0)
		close(st->signal_fd);
	st->signal_fd = -1;
	free(st->buf);
	st->buf = NULL;
	if (st->gpadl)
		vmbus_gpadl_put(ch->bus, st->gpadl);
	st->gpadl = NULL;
}

static int set_up(struct vmbus_channel *ch, const struct vmbus_msg_open *m)
{
	struct channel_state *st = ch->state;
	struct vmbus *bus = ch->bus;
	char name[16];
	int ret;

	st->gpadl = vmbus_gpadl_get(bus, m->gpadl);
	if (!st->gpadl || st->gpadl->relid != ch->relid || m->target_vp >= bus->platform.vp_count)
		return -EINVAL;
	ret = set_up_rings(ch, m->downstream_page_offset);
	if (ret)
		return ret;
	ch->target_vp = m->target_vp;
	st->open_id = m->open_id;
	st->sint = bus->msg_sint;
	memcpy(ch->open_data, m->user_data, sizeof(ch->open_data));
	st->buf = malloc(VMBUS_MAX_PACKET);
	st->signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!st->buf || st->signal_fd < 0)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%.9s.%u", ch->dev->name, ch->sub_index);
	ch->loop = loop_start(name);
	if (!ch->loop)
		return -ENOMEM;
	ret = bus->platform.bind_signal(bus->platform.ctx, ch->connection_id, st->signal_fd);
	if (ret)
		return ret;
	loop_call(ch->loop, open_on_loop, ch);
	if (st->open_result)
		bus->platform.bind_signal(bus->platform.ctx, ch->connection_id, -1);
	return st->open_result;
}

/* The status of a refused open by fault, 0 when none fires. */
static uint32_t refused_by_fault(struct vmbus_channel *ch)
{
	const struct fault *fault;
	char tag[8];

	snprintf(tag, sizeof(tag), "%u", ch->sub_index);
	fault = fault_fires(ch->bus->faults, ch->dev->name, "refuse-open", tag);
	if (!fault)
		fault = fault_fires(ch->bus->faults, "vmbus", "refuse-open", tag);
	return fault ? (uint32_t)fault_u64(fault, "status", VMBUS_STATUS_UNSUCCESSFUL) : 0;
}

static void send_result(struct vmbus *bus, const struct vmbus_msg_open *m, uint32_t status)
{
	struct vmbus_msg_open_result r = {
		.h.type = VMBUS_MSG_OPEN_RESULT,
		.relid = m->relid,
		.open_id = m->open_id,
		.status = status,
	};

	if (status)
		count(&bus->messages.refused);
	outq_send(bus, &r, sizeof(r));
}

void channel_open_msg(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_open *m = payload;
	struct vmbus_channel *ch = offers_channel(bus, m->relid);
	uint32_t status = VMBUS_STATUS_UNSUCCESSFUL;
	int ret;

	if (!ch || ch->state->open)
		goto result;
	status = refused_by_fault(ch);
	if (status)
		goto result;
	ret = set_up(ch, m);
	if (ret) {
		release(ch);
		status = ret == -ENOMEM ? VMBUS_STATUS_INSUFFICIENT_RESOURCES :
					  VMBUS_STATUS_INVALID_PARAMETER;
		goto result;
	}
	pthread_mutex_lock(&bus->lock);
	ch->state->open = true;
	ch->state->was_open = true;
	pthread_mutex_unlock(&bus->lock);
result:
	send_result(bus, m, status);
}

void channel_close(struct vmbus_channel *ch)
{
	struct vmbus *bus = ch->bus;

	if (!ch->state->open)
		return;
	/* No new call from vmbus_for_each_open() from here; those before run before close. */
	pthread_mutex_lock(&bus->lock);
	ch->state->open = false;
	pthread_mutex_unlock(&bus->lock);
	bus->platform.bind_signal(bus->platform.ctx, ch->connection_id, -1);
	loop_call(ch->loop, close_on_loop, ch);
	release(ch);
}

/*
 * Sub-channels live as long as their primary is open: its next open
 * negotiates new ones, and the host takes the old ones back.
 */
void channel_close_msg(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_relid *m = payload;
	struct vmbus_channel *ch = offers_channel(bus, m->relid);

	if (!ch || !ch->state->open) {
		count(&bus->messages.ignored);
		return;
	}
	channel_close(ch);
	if (!ch->sub_index)
		offers_rescind_subchannels(ch->dev);
}

struct retarget {
	struct vmbus_channel *ch;
	uint32_t vp;
};

static void retarget_on_loop(void *ctx)
{
	struct retarget *r = ctx;

	r->ch->target_vp = r->vp;
}

/*
 * The response promises that the old VP gets no more interrupts for the
 * channel, so the change is made where interrupts are sent.
 */
void channel_modify_msg(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_modify *m = payload;
	struct retarget retarget = { .ch = offers_channel(bus, m->relid), .vp = m->target_vp };
	struct vmbus_msg_modify_response r = {
		.h.type = VMBUS_MSG_MODIFY_RESPONSE,
		.relid = m->relid,
		.status = VMBUS_STATUS_SUCCESS,
	};

	if (retarget.ch && retarget.ch->state->open && m->target_vp < bus->platform.vp_count) {
		loop_call(retarget.ch->loop, retarget_on_loop, &retarget);
	} else {
		r.status = VMBUS_STATUS_INVALID_PARAMETER;
		count(&bus->messages.refused);
	}
	if (bus->version >= VMBUS_VERSION_5_3)
		outq_send(bus, &r, sizeof(r));
}

void channel_free(struct vmbus_channel *ch)
{
	free(ch->state);
	free(ch);
}

struct for_open {
	struct vmbus_channel *ch;
	void (*fn)(struct vmbus_channel *ch, void *ctx);
	void *ctx;
};

static void for_open_on_loop(void *ctx)
{
	struct for_open *f = ctx;

	f->fn(f->ch, f->ctx);
	free(f);
}

void vmbus_for_each_open(struct vmbus_device *dev, void (*fn)(struct vmbus_channel *ch, void *ctx),
			 void *ctx)
{
	struct vmbus_channel *ch;
	struct for_open *f;

	pthread_mutex_lock(&dev->bus->lock);
	for (ch = dev->channels; ch; ch = ch->next) {
		f = ch->state->open ? malloc(sizeof(*f)) : NULL;
		if (!f)
			continue;
		*f = (struct for_open) { .ch = ch, .fn = fn, .ctx = ctx };
		if (loop_post(ch->loop, for_open_on_loop, f))
			free(f);
	}
	pthread_mutex_unlock(&dev->bus->lock);
}

struct vmbus_channel *vmbus_find_open(struct vmbus_device *dev, unsigned int sub_index)
{
	struct vmbus_channel *ch;

	pthread_mutex_lock(&dev->bus->lock);
	for (ch = dev->channels; ch; ch = ch->next)
		if (ch->sub_index == sub_index && ch->state->open)
			break;
	pthread_mutex_unlock(&dev->bus->lock);
	return ch;
}
