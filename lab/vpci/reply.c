// SPDX-License-Identifier: GPL-2.0-only
/* Completions, and what faults make of them (vmbus/replies.h). */
#include <stdlib.h>
#include <string.h>

#include "vpci/internal.h"

#define NS_PER_US	1000ull

const struct fault *vpci_fault(struct vpci_bus *bus, const char *what, const char *op)
{
	return fault_fires(vmbus_faults(bus->dev.bus), bus->dev.name, what, op);
}

int vpci_transmit(struct vmbus_channel *ch, const struct reply *reply)
{
	const struct vpci_reply *r = (const struct vpci_reply *)reply;

	return channel_complete(ch, r->trans_id, r->data, r->len);
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
	if (bus->replies.n_delayed >= VPCI_MAX_DELAYED)
		delay_ns = 0;
	if (delay_ns)
		count(&bus->counters.replies_delayed);
	replies_put(&bus->replies, &r->reply, delay_ns);
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
