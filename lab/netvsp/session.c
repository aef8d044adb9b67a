// SPDX-License-Identifier: GPL-2.0-only
/* What the channels share and the guest sets up: buffers and settings. */
#include "netvsp/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct net_buffer *net_buffer_create(struct vmbus *bus, uint32_t gpadl, uint32_t section_size)
{
	struct gpadl *g = vmbus_gpadl_get(bus, gpadl);
	struct net_buffer *b;

	if (!g)
		return NULL;
	b = calloc(1, sizeof(*b) + g->byte_count / section_size);
	if (!b || g->byte_count < section_size) {
		free(b);
		vmbus_gpadl_put(bus, g);
		return NULL;
	}
	atomic_init(&b->refs, 1);
	b->bus = bus;
	b->gpadl = g;
	b->section_size = section_size;
	b->sections = g->byte_count / section_size;
	return b;
}

struct net_buffer *net_buffer_get(struct net_buffer *b)
{
	if (b)
		atomic_fetch_add(&b->refs, 1);
	return b;
}

void net_buffer_put(struct net_buffer *b)
{
	if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	vmbus_gpadl_put(b->bus, b->gpadl);
	free(b);
}

void netvsp_set_config(struct netvsp_channel *nc, const struct net_config *config)
{
	struct netvsp *dev = nc->dev;
	unsigned int i;

	pthread_mutex_lock(&dev->lock);
	dev->config = *config;
	atomic_fetch_add(&dev->config_changes, 1);
	pthread_mutex_unlock(&dev->lock);
	netvsp_take_config(nc);
	for (i = 0; i < dev->queues; i++)
		slot_event(&dev->slot[i], NET_EVENT_CONFIG);
}

void netvsp_take_config(struct netvsp_channel *nc)
{
	struct net_backend *b = nc->dev->backend;

	if (nc->config_seen == atomic_load_explicit(&nc->dev->config_changes, memory_order_acquire))
		return;
	pthread_mutex_lock(&nc->dev->lock);
	nc->config = nc->dev->config;
	nc->config_seen = atomic_load(&nc->dev->config_changes);
	pthread_mutex_unlock(&nc->dev->lock);
	if (b->ops->offload_changed)
		b->ops->offload_changed(b, nc->backend);
}

bool netvsp_store_buffer(struct netvsp *dev, bool recv, struct net_buffer *b)
{
	struct net_buffer **at = recv ? &dev->recv : &dev->send;
	bool stored;

	pthread_mutex_lock(&dev->lock);
	stored = !*at;
	if (stored)
		*at = b;
	pthread_mutex_unlock(&dev->lock);
	return stored;
}

int netvsp_attach(struct netvsp_channel *nc)
{
	struct netvsp *dev = nc->dev;

	pthread_mutex_lock(&dev->lock);
	nc->recv = net_buffer_get(dev->recv);
	nc->send = net_buffer_get(dev->send);
	nc->config = dev->config;
	nc->config_seen = atomic_load(&dev->config_changes);
	pthread_mutex_unlock(&dev->lock);
	return rx_init(nc);
}

static void drop(struct net_buffer **b)
{
	if (*b)
		atomic_store(&(*b)->gone, true);
	net_buffer_put(*b);
	*b = NULL;
}

/* A GPADL is torn down only when the last channel let go of it. */
static void tell_all(struct netvsp *dev)
{
	unsigned int i;

	for (i = 0; i < dev->queues; i++)
		slot_event(&dev->slot[i], NET_EVENT_BUFFERS);
}

void netvsp_revoke(struct netvsp *dev, bool recv)
{
	pthread_mutex_lock(&dev->lock);
	drop(recv ? &dev->recv : &dev->send);
	pthread_mutex_unlock(&dev->lock);
	tell_all(dev);
}

void netvsp_drop_gone(struct netvsp_channel *nc)
{
	if (nc->recv && !net_buffer_usable(nc->recv)) {
		rx_free(nc);
		net_buffer_put(nc->recv);
		nc->recv = NULL;
	}
	if (nc->send && !net_buffer_usable(nc->send)) {
		net_buffer_put(nc->send);
		nc->send = NULL;
	}
}

void netvsp_gpadl_gone(struct netvsp *dev, const struct gpadl *g)
{
	pthread_mutex_lock(&dev->lock);
	if (dev->recv && dev->recv->gpadl == g)
		drop(&dev->recv);
	if (dev->send && dev->send->gpadl == g)
		drop(&dev->send);
	pthread_mutex_unlock(&dev->lock);
	tell_all(dev);
}

void netvsp_session_reset(struct netvsp *dev)
{
	pthread_mutex_lock(&dev->lock);
	drop(&dev->recv);
	drop(&dev->send);
	memset(&dev->config, 0, sizeof(dev->config));
	atomic_fetch_add(&dev->config_changes, 1);
	pthread_mutex_unlock(&dev->lock);
	memcpy(dev->current_mac, dev->mac, sizeof(dev->mac));
	dev->guest_mtu = 0;
	dev->guest_caps = 0;
	atomic_store(&dev->version, 0);
	atomic_store(&dev->rndis_up, false);
	atomic_store(&dev->subchannels, 0);
}
