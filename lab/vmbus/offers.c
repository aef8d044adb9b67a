// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channel ids and the offers that carry them. A relid names an event flag and
 * is unique while the guest knows it: after a rescind it stays taken until the
 * guest has sent RELID_RELEASED, or a late message would hit a new channel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

struct vmbus_channel *offers_channel(struct vmbus *bus, uint32_t relid)
{
	if (!relid || relid > VMBUS_MAX_RELID)
		return NULL;
	return bus->relid[relid].use == RELID_OFFERED ? bus->relid[relid].ch : NULL;
}

struct vmbus_channel *channel_find_or_create(struct vmbus_device *dev, unsigned int index)
{
	struct vmbus_channel *ch, **end = &dev->channels;

	for (; (ch = *end); end = &ch->next)
		if (ch->sub_index == index)
			return ch;
	ch = calloc(1, sizeof(*ch));
	if (!ch)
		return NULL;
	ch->state = calloc(1, sizeof(*ch->state));
	if (!ch->state) {
		free(ch);
		return NULL;
	}
	ch->dev = dev;
	ch->bus = dev->bus;
	ch->sub_index = (uint16_t)index;
	ch->state->monitor_id = -1;
	ch->state->signal_fd = -1;
	pthread_mutex_lock(&dev->bus->lock);
	*end = ch;
	pthread_mutex_unlock(&dev->bus->lock);
	return ch;
}

static uint32_t alloc_relid(struct vmbus *bus)
{
	uint32_t i;

	for (i = 1; i <= VMBUS_MAX_RELID; i++)
		if (bus->relid[i].use == RELID_FREE)
			return i;
	return 0;
}

/* Flags that a fault adds to the offer of @ch, 0 when none fires. */
static uint16_t flags_by_fault(const struct vmbus_channel *ch)
{
	const struct fault *f;
	char tag[8];

	snprintf(tag, sizeof(tag), "%u", ch->sub_index);
	f = fault_fires(ch->bus->faults, ch->dev->name, "offer-flags", tag);
	return f ? (uint16_t)fault_u64(f, "flags", VMBUS_CHANNEL_CONFIDENTIAL_EXTERNAL_MEMORY) : 0;
}

static void send_offer(struct vmbus_channel *ch)
{
	const struct vmbus_device *dev = ch->dev;
	struct vmbus_msg_offer m = {
		.h.type = VMBUS_MSG_OFFER,
		.offer.if_type = dev->ops->class_id,
		.offer.if_instance = dev->instance_id,
		.offer.flags = dev->ops->channel_flags,
		.offer.mmio_megabytes = dev->ops->mmio_mib,
		.offer.sub_channel_index = ch->sub_index,
		.relid = ch->relid,
		.is_dedicated_interrupt = 1,
		.connection_id = ch->connection_id,
	};

	memcpy(m.offer.user_defined, dev->user_defined, sizeof(m.offer.user_defined));
	if (ch->state->monitor_id >= 0) {
		m.monitor_id = (uint8_t)ch->state->monitor_id;
		m.monitor_allocated = 1;
		m.offer.flags |= VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION;
	}
	m.offer.flags |= flags_by_fault(ch);
	outq_send(ch->bus, &m, sizeof(m));
}

static void offer(struct vmbus_channel *ch)
{
	struct vmbus *bus = ch->bus;
	uint32_t relid;

	if (ch->state->offered)
		return;
	relid = alloc_relid(bus);
	if (!relid)
		return;	/* 2047 channels: the guest could not name another */
	bus->relid[relid] = (struct relid_slot) { .use = RELID_OFFERED, .ch = ch };
	if (ch->dev->monitor_latency_us)
		ch->state->monitor_id = monitor_alloc(bus);
	pthread_mutex_lock(&bus->lock);
	ch->relid = relid;
	/* As Hyper-V forms it: the SINT above the channel id. */
	ch->connection_id = bus->msg_sint << 12 | relid;
	ch->state->offered = true;
	if (!ch->sub_index)
		ch->dev->primary = ch;
	pthread_mutex_unlock(&bus->lock);
	send_offer(ch);
}

void offers_send_all(struct vmbus *bus)
{
	struct vmbus_device *dev;
	struct vmbus_channel *ch;

	for (dev = bus->devices; dev; dev = dev->next) {
		ch = dev->absent ? NULL : channel_find_or_create(dev, 0);
		if (ch)
			offer(ch);
	}
}

void offers_rescind(struct vmbus_channel *ch)
{
	struct vmbus *bus = ch->bus;
	struct vmbus_msg_relid m = { .h.type = VMBUS_MSG_RESCIND, .relid = ch->relid };

	if (!ch->state->offered)
		return;
	channel_close(ch);
	bus->relid[ch->relid].use = RELID_REVOKED;
	monitor_release(bus, ch->state->monitor_id);
	ch->state->monitor_id = -1;
	pthread_mutex_lock(&bus->lock);
	ch->state->offered = false;
	ch->relid = 0;
	if (!ch->sub_index)
		ch->dev->primary = NULL;
	pthread_mutex_unlock(&bus->lock);
	outq_send(bus, &m, sizeof(m));
}

/*
 * Before the primary: its driver waits for the rescind of each sub-channel
 * that it has marked so, and one that comes later would find the primary gone
 * (vmbus_disconnect_ring(), hv_process_channel_removal()).
 */
void offers_rescind_subchannels(struct vmbus_device *dev)
{
	struct vmbus_channel *ch;

	for (ch = dev->channels; ch; ch = ch->next)
		if (ch->sub_index)
			offers_rescind(ch);
}

void offers_rescind_device(struct vmbus_device *dev)
{
	dev->absent = true;
	dev->reoffer_due = false;
	offers_rescind_subchannels(dev);
	if (dev->primary)
		offers_rescind(dev->primary);
}

/* The guest knows the device by its primary channel until it has released that one. */
static bool guest_holds(const struct vmbus_device *dev)
{
	unsigned int i;

	for (i = 1; i <= VMBUS_MAX_RELID; i++) {
		const struct relid_slot *slot = &dev->bus->relid[i];

		if (slot->use == RELID_REVOKED && slot->ch->dev == dev && !slot->ch->sub_index)
			return true;
	}
	return false;
}

void offers_reoffer_device(struct vmbus_device *dev)
{
	struct vmbus_channel *ch = channel_find_or_create(dev, 0);

	dev->reoffer_due = guest_holds(dev);
	if (dev->reoffer_due)
		return;
	dev->absent = false;
	if (ch && dev->bus->offers_requested)
		offer(ch);
}

void offers_relid_released(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_relid *m = payload;
	struct vmbus_channel *ch;

	if (!m->relid || m->relid > VMBUS_MAX_RELID || bus->relid[m->relid].use != RELID_REVOKED) {
		count(&bus->messages.ignored);
		return;
	}
	/* A guest that saw the rescind need not tear down its lists one by one. */
	gpadls_forget(bus, m->relid);
	ch = bus->relid[m->relid].ch;
	bus->relid[m->relid] = (struct relid_slot) { .use = RELID_FREE };
	if (ch->dev->reoffer_due)
		offers_reoffer_device(ch->dev);
}

static void rescind_on_loop(void *ctx)
{
	offers_rescind_device(ctx);
}

int vmbus_rescind(struct vmbus_device *dev)
{
	return loop_post(dev->bus->loop, rescind_on_loop, dev);
}

static void reoffer_on_loop(void *ctx)
{
	offers_reoffer_device(ctx);
}

int vmbus_reoffer(struct vmbus_device *dev)
{
	return loop_post(dev->bus->loop, reoffer_on_loop, dev);
}

struct subchannels {
	struct vmbus_device *dev;
	unsigned int first, n;
};

static void subchannels_on_loop(void *ctx)
{
	struct subchannels *s = ctx;
	struct vmbus_channel *ch;
	unsigned int i;

	/* The primary may have been closed or rescinded since. */
	if (s->dev->primary && s->dev->primary->state->open)
		for (i = s->first; i < s->first + s->n; i++) {
			ch = channel_find_or_create(s->dev, i);
			if (ch)
				offer(ch);
		}
	free(s);
}

int vmbus_offer_subchannels(struct vmbus_device *dev, unsigned int first, unsigned int n)
{
	struct subchannels *s;
	int ret;

	if (!first || n > VMBUS_MAX_RELID || first > VMBUS_MAX_RELID)
		return -EINVAL;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct subchannels) { .dev = dev, .first = first, .n = n };
	ret = loop_post(dev->bus->loop, subchannels_on_loop, s);
	if (ret)
		free(s);
	return ret;
}
