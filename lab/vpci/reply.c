// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completions. One waits in one of two places: in the delayed list until its
 * time, then, if the ring is full, in the backlog until the guest made room.
 * While there is a backlog no requests are taken, so that a guest which does
 * not read holds up only itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vpci/internal.h"

#define NS_PER_US	1000ull

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

const struct fault *vpci_fault(struct vpci_bus *bus, const char *what, const char *op)
{
	return fault_fires(vmbus_faults(bus->dev.bus), bus->dev.name, what, op);
}

/* Send or keep for later; takes over @r. An error other than a full ring: the channel is dead. */
static void send_or_queue(struct vpci_bus *bus, struct vpci_reply *r)
{
	if (!bus->backlog && channel_complete(bus->ch, r->trans_id, r->data, r->len) != -EAGAIN) {
		free(r);
		return;
	}
	r->next = NULL;
	*bus->backlog_end = r;
	bus->backlog_end = &r->next;
}

bool vpci_flush(struct vpci_bus *bus)
{
	struct vpci_reply *r;

	while ((r = bus->backlog)) {
		if (channel_complete(bus->ch, r->trans_id, r->data, r->len) == -EAGAIN)
			return false;
		bus->backlog = r->next;
		if (!bus->backlog)
			bus->backlog_end = &bus->backlog;
		free(r);
	}
	return true;
}

static void arm(struct vpci_bus *bus);

static void due(void *ctx)
{
	struct vpci_bus *bus = ctx;
	uint64_t now = now_ns();
	struct vpci_reply *r;

	while ((r = bus->delayed) && r->due_ns <= now) {
		bus->delayed = r->next;
		bus->n_delayed--;
		send_or_queue(bus, r);
	}
	arm(bus);
}

static void arm(struct vpci_bus *bus)
{
	uint64_t now = now_ns();

	loop_timer_cancel(bus->ch->loop, &bus->timer);
	if (!bus->delayed)
		return;
	bus->timer.fn = due;
	bus->timer.ctx = bus;
	loop_timer_arm(bus->ch->loop, &bus->timer,
		       bus->delayed->due_ns > now ? bus->delayed->due_ns - now : 0);
}

static void delay(struct vpci_bus *bus, struct vpci_reply *r, uint64_t delay_ns)
{
	struct vpci_reply **at = &bus->delayed;

	r->due_ns = now_ns() + delay_ns;
	while (*at && (*at)->due_ns <= r->due_ns)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
	bus->n_delayed++;
	count(&bus->counters.replies_delayed);
	if (bus->delayed == r)
		arm(bus);
}

/* Out of memory loses the reply, as a host that cannot answer would. */
static void post(struct vpci_request *req, const void *data, uint32_t len, uint64_t delay_ns)
{
	struct vpci_bus *bus = req->bus;
	struct vpci_reply *r = calloc(1, sizeof(*r));

	if (!r) {
		count(&bus->counters.replies_lost);
		return;
	}
	r->trans_id = req->trans_id;
	r->len = len;
	memcpy(r->data, data, len);
	if (delay_ns && bus->n_delayed < VPCI_MAX_DELAYED)
		delay(bus, r, delay_ns);
	else
		send_or_queue(bus, r);
}

void vpci_reply(struct vpci_request *req, const void *data, uint32_t len, uint64_t delay_ns)
{
	struct vpci_bus *bus = req->bus;
	uint8_t copy[VPCI_MAX_REPLY];
	const struct fault *f;
	uint32_t status;

	if (!req->wanted)
		return;
	if (len > sizeof(copy))
		len = sizeof(copy);
	memcpy(copy, data, len);
	f = vpci_fault(bus, "status", req->op);
	if (f) {
		status = (uint32_t)fault_u64(f, "code", VPCI_STATUS_NO_RESOURCES);
		memcpy(copy, &status, sizeof(status));
	}
	f = vpci_fault(bus, "short", req->op);
	if (f && fault_u64(f, "bytes", 4) < len)
		len = (uint32_t)fault_u64(f, "bytes", 4);
	f = vpci_fault(bus, "delay", req->op);
	if (f)
		delay_ns += fault_u64(f, "us", 1000) * NS_PER_US;
	post(req, copy, len, delay_ns);
	if (vpci_fault(bus, "dup", req->op))
		post(req, copy, len, delay_ns);
}

void vpci_reply_status(struct vpci_request *req, uint32_t status)
{
	struct vpci_status answer = { .status = status };

	if (status)
		count(&req->bus->counters.refused);
	vpci_reply(req, &answer, sizeof(answer), 0);
}

static void free_list(struct vpci_reply *r)
{
	struct vpci_reply *next;

	for (; r; r = next) {
		next = r->next;
		free(r);
	}
}

void vpci_drop(struct vpci_bus *bus)
{
	loop_timer_cancel(bus->ch->loop, &bus->timer);
	free_list(bus->delayed);
	free_list(bus->backlog);
	bus->delayed = NULL;
	bus->n_delayed = 0;
	bus->backlog = NULL;
	bus->backlog_end = &bus->backlog;
}
