// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages from the guest: HvCallPostMessage on a vCPU's thread, then the
 * control loop. A message that is unknown, too short, or that this version or
 * state of the connection does not have, is counted and ignored, as Hyper-V
 * does; only what a guest waits for gets an answer, if need be a failure.
 */
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

typedef void (*message_fn)(struct vmbus *bus, const void *payload, uint32_t len);

struct message_type {
	const char *name;	/* also in faults: msg=NAME */
	message_fn handle;	/* NULL: only the host sends it */
	uint32_t min_len;
	uint32_t min_version;	/* 0: also without a connection */
};

static const struct message_type message_types[VMBUS_MSG_COUNT] = {
	[VMBUS_MSG_OFFER]		= { .name = "offer" },
	[VMBUS_MSG_RESCIND]		= { .name = "rescind" },
	[VMBUS_MSG_REQUEST_OFFERS]	= { "request-offers", connection_request_offers,
					    sizeof(struct vmbus_msg_header), VMBUS_VERSION_4_0 },
	[VMBUS_MSG_ALL_OFFERS_DELIVERED] = { .name = "offers-delivered" },
	[VMBUS_MSG_OPEN]		= { "open", channel_open_msg,
					    sizeof(struct vmbus_msg_open), VMBUS_VERSION_4_0 },
	[VMBUS_MSG_OPEN_RESULT]		= { .name = "open-result" },
	[VMBUS_MSG_CLOSE]		= { "close", channel_close_msg,
					    sizeof(struct vmbus_msg_relid), VMBUS_VERSION_4_0 },
	[VMBUS_MSG_GPADL_HEADER]	= { "gpadl-header", gpadls_header,
					    sizeof(struct vmbus_msg_gpadl_header),
					    VMBUS_VERSION_4_0 },
	[VMBUS_MSG_GPADL_BODY]		= { "gpadl-body", gpadls_body,
					    sizeof(struct vmbus_msg_gpadl_body),
					    VMBUS_VERSION_4_0 },
	[VMBUS_MSG_GPADL_CREATED]	= { .name = "gpadl-created" },
	[VMBUS_MSG_GPADL_TEARDOWN]	= { "gpadl-teardown", gpadls_teardown,
					    sizeof(struct vmbus_msg_gpadl_teardown),
					    VMBUS_VERSION_4_0 },
	[VMBUS_MSG_GPADL_TORNDOWN]	= { .name = "torndown" },
	[VMBUS_MSG_RELID_RELEASED]	= { "relid-released", offers_relid_released,
					    sizeof(struct vmbus_msg_relid), VMBUS_VERSION_4_0 },
	[VMBUS_MSG_INITIATE_CONTACT]	= { "initiate-contact", connection_contact,
					    sizeof(struct vmbus_msg_initiate_contact), 0 },
	[VMBUS_MSG_VERSION_RESPONSE]	= { .name = "version-response" },
	[VMBUS_MSG_UNLOAD]		= { "unload", connection_unload,
					    sizeof(struct vmbus_msg_header), VMBUS_VERSION_4_0 },
	[VMBUS_MSG_UNLOAD_RESPONSE]	= { .name = "unload-response" },
	[VMBUS_MSG_TL_CONNECT]		= { "tl-connect", connection_tl_connect,
					    sizeof(struct vmbus_msg_tl_connect),
					    VMBUS_VERSION_4_0 },
	[VMBUS_MSG_MODIFY]		= { "modify", channel_modify_msg,
					    sizeof(struct vmbus_msg_modify), VMBUS_VERSION_4_1 },
	[VMBUS_MSG_TL_CONNECT_RESULT]	= { .name = "tl-connect-result" },
	[VMBUS_MSG_MODIFY_RESPONSE]	= { .name = "modify-response" },
};

const char *message_name(uint32_t type)
{
	return type < VMBUS_MSG_COUNT ? message_types[type].name : NULL;
}

void messages_handle(struct vmbus *bus, const uint8_t *payload, uint32_t len)
{
	const struct message_type *t;
	struct vmbus_msg_header h;

	if (len < sizeof(h))
		goto ignore;
	memcpy(&h, payload, sizeof(h));
	if (h.type >= VMBUS_MSG_COUNT)
		goto ignore;
	t = &message_types[h.type];
	if (!t->handle || len < t->min_len || bus->version < t->min_version)
		goto ignore;
	count(&bus->messages.received[h.type]);
	t->handle(bus, payload, len);
	return;

ignore:
	count(&bus->messages.ignored);
}

/* A message on its way to the control loop. */
struct in_msg {
	struct vmbus *bus;
	uint32_t len;
	uint8_t payload[VMBUS_MESSAGE_MAX] __attribute__((aligned(8)));
};

static void in_msg_on_loop(void *ctx)
{
	struct in_msg *m = ctx;

	messages_handle(m->bus, m->payload, m->len);
	atomic_fetch_sub(&m->bus->n_in, 1);
	free(m);
}

/*
 * Connection id 4 came with version 5.0 (a guest tries it first and falls back
 * to id 1 on this very status); the redirect id is for a paravisor.
 */
static bool connection_is_known(const struct vmbus *bus, uint32_t id)
{
	id &= HV_CONNECTION_ID_MASK;
	return id == VMBUS_CONN_MESSAGE ||
	       (id == VMBUS_CONN_MESSAGE_V5 && bus->max_version >= VMBUS_VERSION_5_0);
}

/* The status that a fault gives the hypercall with this message, 0 when none fires. */
static uint16_t refused_by_fault(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct fault *f;
	uint32_t msg;

	if (len < sizeof(msg))
		return HV_STATUS_SUCCESS;
	memcpy(&msg, payload, sizeof(msg));
	f = fault_fires(bus->faults, "vmbus", "refuse-post", message_name(msg));
	if (!f)
		return HV_STATUS_SUCCESS;
	count(&bus->messages.posts_refused);
	return (uint16_t)fault_u64(f, "status", HV_STATUS_INVALID_PARAMETER);
}

uint16_t vmbus_post_message(struct vmbus *bus, uint32_t connection_id, uint32_t type,
			    const void *payload, uint32_t len)
{
	struct in_msg *m;
	uint16_t status;

	if (!connection_is_known(bus, connection_id))
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (len > VMBUS_MESSAGE_MAX)
		return HV_STATUS_INVALID_PARAMETER;
	if (type != VMBUS_MESSAGE_TYPE) {
		count(&bus->messages.ignored);
		return HV_STATUS_SUCCESS;
	}
	status = refused_by_fault(bus, payload, len);
	if (status)
		return status;
	/* A guest that asks and never takes the answers is told to wait. */
	if (atomic_load(&bus->n_in) >= BUS_MAX_PENDING ||
	    atomic_load(&bus->n_out) >= BUS_MAX_PENDING)
		goto busy;
	m = malloc(sizeof(*m));
	if (!m)
		goto busy;
	m->bus = bus;
	m->len = len;
	memcpy(m->payload, payload, len);
	atomic_fetch_add(&bus->n_in, 1);
	if (!loop_post(bus->loop, in_msg_on_loop, m))
		return HV_STATUS_SUCCESS;
	atomic_fetch_sub(&bus->n_in, 1);
	free(m);
busy:
	count(&bus->messages.busy);
	return HV_STATUS_INSUFFICIENT_BUFFERS;
}

static json_t *by_type(const counter_t *counts)
{
	json_t *obj = json_object();
	unsigned int i;

	for (i = 0; i < VMBUS_MSG_COUNT; i++)
		if (count_get(&counts[i]))
			json_object_set_new(obj, message_types[i].name,
					    json_integer((json_int_t)count_get(&counts[i])));
	return obj;
}

json_t *vmbus_message_counters(struct vmbus *bus)
{
	static const struct counter_name names[] = {
		{ "ignored", offsetof(struct message_counters, ignored) },
		{ "refused", offsetof(struct message_counters, refused) },
		{ "busy", offsetof(struct message_counters, busy) },
		{ "slot_busy", offsetof(struct message_counters, slot_busy) },
		{ "lost", offsetof(struct message_counters, lost) },
		{ "posts_refused", offsetof(struct message_counters, posts_refused) },
		{ "withheld", offsetof(struct message_counters, withheld) },
		{ "delayed", offsetof(struct message_counters, delayed) },
		{ "duplicated", offsetof(struct message_counters, duplicated) },
		{ NULL, 0 }
	};
	json_t *obj = counters_json(&bus->messages, names);

	json_object_set_new(obj, "received", by_type(bus->messages.received));
	json_object_set_new(obj, "sent", by_type(bus->messages.sent));
	return obj;
}
