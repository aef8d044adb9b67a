// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GPADL messages. A list of pages arrives as one header and as many bodies
 * as it takes; it counts against the limits from the header on. Its size is
 * known from the header, so bodies can neither grow it nor be too many.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

static void send_created(struct vmbus *bus, uint32_t relid, uint32_t id, uint32_t status)
{
	struct vmbus_msg_gpadl_created m = {
		.h.type = VMBUS_MSG_GPADL_CREATED,
		.relid = relid,
		.gpadl = id,
		.status = status,
	};

	if (status)
		count(&bus->messages.refused);
	outq_send(bus, &m, sizeof(m));
}

static void send_torndown(struct vmbus *bus, uint32_t id)
{
	struct vmbus_msg_gpadl_torndown m = {
		.h.type = VMBUS_MSG_GPADL_TORNDOWN,
		.gpadl = id,
	};

	outq_send(bus, &m, sizeof(m));
}

/* Under the lock. One handle may stand for an old list that is still pinned and a new one. */
static struct gpadl *find(struct vmbus *bus, uint32_t id)
{
	struct gpadl *g;

	for (g = bus->gpadls; g; g = g->next)
		if (g->id == id && !g->forgotten)
			return g;
	return NULL;
}

static struct partial_gpadl **find_partial(struct vmbus *bus, uint32_t id)
{
	struct partial_gpadl **p = &bus->partial;

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

static bool id_in_use(struct vmbus *bus, uint32_t id)
{
	bool used;

	pthread_mutex_lock(&bus->lock);
	used = find(bus, id) != NULL;
	pthread_mutex_unlock(&bus->lock);
	return used || *find_partial(bus, id);
}

static int reserve(struct vmbus *bus, uint32_t pages)
{
	int ret = 0;

	pthread_mutex_lock(&bus->lock);
	if (bus->n_gpadls >= BUS_MAX_GPADLS || pages > BUS_MAX_GPADL_PAGES - bus->n_gpadl_pages) {
		ret = -ENOSPC;
	} else {
		bus->n_gpadls++;
		bus->n_gpadl_pages += pages;
	}
	pthread_mutex_unlock(&bus->lock);
	return ret;
}

/* Under the lock. */
static void unreserve(struct vmbus *bus, uint32_t pages)
{
	bus->n_gpadls--;
	bus->n_gpadl_pages -= pages;
}

static void drop_partial(struct vmbus *bus, struct partial_gpadl **link)
{
	struct partial_gpadl *p = *link;

	*link = p->next;
	pthread_mutex_lock(&bus->lock);
	unreserve(bus, p->pages);
	pthread_mutex_unlock(&bus->lock);
	free(p);
}

/* All pages are there: the list exists, or is refused. */
static void complete(struct vmbus *bus, struct partial_gpadl **link)
{
	struct partial_gpadl *p = *link;
	uint32_t id = p->id, relid = p->relid;
	struct gpadl *g;

	g = gpadl_create(bus->mem, id, relid, p->pfn, p->pages, p->byte_offset, p->byte_count);
	if (!g) {
		drop_partial(bus, link);
		send_created(bus, relid, id, VMBUS_STATUS_INVALID_PARAMETER);
		return;
	}
	*link = p->next;
	free(p);
	pthread_mutex_lock(&bus->lock);
	g->next = bus->gpadls;
	bus->gpadls = g;
	pthread_mutex_unlock(&bus->lock);
	send_created(bus, relid, id, VMBUS_STATUS_SUCCESS);
}

static void add_pfns(struct vmbus *bus, struct partial_gpadl **link, const uint8_t *pfns,
		     uint32_t n)
{
	struct partial_gpadl *p = *link;

	if (n > p->pages - p->have)
		n = p->pages - p->have;
	memcpy(&p->pfn[p->have], pfns, n * sizeof(p->pfn[0]));
	p->have += n;
	if (p->have == p->pages)
		complete(bus, link);
}

/* The number of pages that the header declares, or 0 when it contradicts itself. */
static uint32_t declared_pages(const struct vmbus_msg_gpadl_header *m)
{
	uint64_t end = (uint64_t)m->range.byte_offset + m->range.byte_count;
	uint64_t pages = (end + GUEST_PAGE_SIZE - 1) / GUEST_PAGE_SIZE;

	if (m->range_count != 1 || m->range.byte_offset >= GUEST_PAGE_SIZE ||
	    !m->range.byte_count ||
	    m->range_buflen != sizeof(struct vmbus_gpa_range) + pages * sizeof(uint64_t))
		return 0;
	return (uint32_t)pages;
}

void gpadls_header(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_gpadl_header *m = payload;
	uint32_t status = VMBUS_STATUS_INVALID_PARAMETER;
	uint32_t pages = declared_pages(m);
	struct partial_gpadl *p;

	if (!pages || !m->gpadl || !offers_channel(bus, m->relid) || id_in_use(bus, m->gpadl))
		goto refuse;
	status = VMBUS_STATUS_INSUFFICIENT_RESOURCES;
	p = malloc(sizeof(*p) + pages * sizeof(p->pfn[0]));
	if (!p)
		goto refuse;
	if (reserve(bus, pages)) {
		free(p);
		goto refuse;
	}
	*p = (struct partial_gpadl) {
		.id = m->gpadl,
		.relid = m->relid,
		.byte_offset = m->range.byte_offset,
		.byte_count = m->range.byte_count,
		.pages = pages,
		.next = bus->partial,
	};
	bus->partial = p;
	add_pfns(bus, &bus->partial, (const uint8_t *)payload + sizeof(*m),
		 (len - (uint32_t)sizeof(*m)) / sizeof(p->pfn[0]));
	return;

refuse:
	send_created(bus, m->relid, m->gpadl, status);
}

void gpadls_body(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_gpadl_body *m = payload;
	struct partial_gpadl **link = find_partial(bus, m->gpadl);

	if (!*link) {
		count(&bus->messages.ignored);
		return;
	}
	add_pfns(bus, link, (const uint8_t *)payload + sizeof(*m),
		 (len - (uint32_t)sizeof(*m)) / sizeof(uint64_t));
}

/* Under the lock: unlink and account for a list that nobody uses. */
static void remove_locked(struct vmbus *bus, struct gpadl *g)
{
	struct gpadl **link = &bus->gpadls;

	while (*link != g)
		link = &(*link)->next;
	*link = g->next;
	unreserve(bus, g->pages);
}

struct torndown_later {
	struct vmbus *bus;
	struct gpadl *g;
};

static void last_put_on_loop(void *ctx)
{
	struct torndown_later *t = ctx;
	struct vmbus *bus = t->bus;

	pthread_mutex_lock(&bus->lock);
	remove_locked(bus, t->g);
	pthread_mutex_unlock(&bus->lock);
	if (!t->g->forgotten)
		send_torndown(bus, t->g->id);
	gpadl_free(t->g);
	free(t);
}

struct gpadl *vmbus_gpadl_get(struct vmbus *bus, uint32_t id)
{
	struct gpadl *g;

	pthread_mutex_lock(&bus->lock);
	g = find(bus, id);
	if (g && g->torn_down)
		g = NULL;
	if (g)
		g->users++;
	pthread_mutex_unlock(&bus->lock);
	return g;
}

void vmbus_gpadl_put(struct vmbus *bus, struct gpadl *g)
{
	struct torndown_later *t;
	bool last;

	pthread_mutex_lock(&bus->lock);
	last = --g->users == 0 && g->torn_down;
	pthread_mutex_unlock(&bus->lock);
	if (!last)
		return;
	t = malloc(sizeof(*t));
	if (t) {
		*t = (struct torndown_later) { .bus = bus, .g = g };
		if (!loop_post(bus->loop, last_put_on_loop, t))
			return;
	}
	free(t);	/* the list stays until the connection ends */
}

void gpadls_teardown(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_gpadl_teardown *m = payload;
	struct partial_gpadl **partial = find_partial(bus, m->gpadl);
	struct vmbus_channel *ch = offers_channel(bus, m->relid);
	struct gpadl *g;

	if (*partial && (*partial)->relid == m->relid) {
		drop_partial(bus, partial);
		send_torndown(bus, m->gpadl);
		return;
	}
	pthread_mutex_lock(&bus->lock);
	g = find(bus, m->gpadl);
	if (g && (g->torn_down || g->relid != m->relid))
		g = NULL;
	if (g) {
		g->users++;	/* until the device was told */
		g->torn_down = true;
	}
	pthread_mutex_unlock(&bus->lock);
	if (!g) {
		count(&bus->messages.ignored);
		return;
	}
	if (ch && ch->dev->ops->gpadl_gone)
		ch->dev->ops->gpadl_gone(ch->dev, g);
	vmbus_gpadl_put(bus, g);
}

void gpadls_forget(struct vmbus *bus, uint32_t relid)
{
	struct partial_gpadl **p = &bus->partial;
	struct gpadl **link, *g;

	while (*p) {
		if (!relid || (*p)->relid == relid)
			drop_partial(bus, p);
		else
			p = &(*p)->next;
	}
	pthread_mutex_lock(&bus->lock);
	for (link = &bus->gpadls; (g = *link);) {
		if (relid && g->relid != relid) {
			link = &g->next;
			continue;
		}
		/* One that is on its way to last_put_on_loop() is freed there. */
		g->forgotten = true;
		if (g->users || g->torn_down) {
			g->torn_down = true;
			link = &g->next;
			continue;
		}
		*link = g->next;
		unreserve(bus, g->pages);
		gpadl_free(g);
	}
	pthread_mutex_unlock(&bus->lock);
}
