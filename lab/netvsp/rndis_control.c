// SPDX-License-Identifier: GPL-2.0-only
/* RNDIS control messages: a request is copied out of guest memory and answered on the primary. */
#include "netvsp/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX	8192
#define REPLY_MAX	1024	/* behind the completion's fixed part; fits a receive section */

struct late_reply {
	struct defer_item item;		/* first */
	struct net_msg *m;
};

static void run_late(struct netvsp_channel *nc, struct defer_item *item)
{
	struct late_reply *l = (struct late_reply *)item;

	rx_enqueue(nc, l->m);
	free(l);
}

static void drop_late(struct defer_item *item)
{
	struct late_reply *l = (struct late_reply *)item;

	free(l->m);
	free(l);
}

/* Send @m, which it takes over, @delay_us from now; at once when it cannot be put off. */
static void send_reply(struct netvsp_channel *nc, struct net_msg *m, uint64_t delay_us)
{
	struct late_reply *l = delay_us ? calloc(1, sizeof(*l)) : NULL;

	count(&nc->n->control_responses);
	if (l) {
		l->item.run = run_late;
		l->item.drop = drop_late;
		l->m = m;
		if (!defer_add(nc, &l->item, delay_us * 1000))
			return;
		free(l);
	}
	rx_enqueue(nc, m);
}

/* A copy of answer @m, with another status when fault @f says so. NULL: no memory. */
static struct net_msg *repeat_of(const struct net_msg *m, const struct fault *f)
{
	const size_t at = sizeof(struct rndis_header) + offsetof(struct rndis_complete, status);
	struct net_msg *copy = net_msg_alloc(NET_MSG_FRAME, m->len);
	uint32_t status;

	if (!copy)
		return NULL;
	copy->control = true;
	memcpy(copy->data, m->data, m->len);
	if (fault_str(f, "status", NULL)) {
		status = (uint32_t)fault_u64(f, "status", RNDIS_FAILURE);
		memcpy(copy->data + at, &status, sizeof(status));
	}
	return copy;
}

/* Send a message of @type with @fixed and then @data to the guest; faults with tag @op apply. */
static void send_control(struct netvsp_channel *nc, uint32_t type, const void *fixed,
			 uint32_t fixed_len, const void *data, uint32_t len, const char *op)
{
	struct rndis_header h = { .type = type, .length = sizeof(h) + fixed_len + len };
	const struct fault *late, *again;
	struct net_msg *m, *copy;
	uint64_t delay_us;

	if (op && netvsp_fault(nc, "withhold", op))
		return;
	m = net_msg_alloc(NET_MSG_FRAME, h.length);
	if (!m)
		return;
	m->control = true;
	memcpy(m->data, &h, sizeof(h));
	memcpy(m->data + sizeof(h), fixed, fixed_len);
	if (len)
		memcpy(m->data + sizeof(h) + fixed_len, data, len);
	late = op ? netvsp_fault(nc, "delay", op) : NULL;
	delay_us = late ? fault_u64(late, "us", 1000) : 0;
	again = op ? netvsp_fault(nc, "dup-answer", op) : NULL;
	copy = again ? repeat_of(m, again) : NULL;
	send_reply(nc, m, delay_us);
	if (!copy)
		return;
	count(&nc->n->control_repeated);
	send_reply(nc, copy, delay_us + fault_u64(again, "us", 0));
}

void rndis_indicate(struct netvsp_channel *nc, uint32_t status, const void *value,
		    uint32_t value_len)
{
	struct rndis_indicate i = {
		.status = status,
		.buffer_length = value_len,
		.buffer_offset = value_len ? sizeof(i) : 0,
	};

	if (!atomic_load(&nc->dev->rndis_up))
		return;
	count(&nc->n->indications);
	send_control(nc, RNDIS_INDICATE, &i, sizeof(i), value, value_len, NULL);
}

static int initialize(struct netvsp_channel *nc, const uint8_t *body, uint32_t len)
{
	struct rndis_initialize in;
	struct rndis_initialize_complete out = { 0 };
	const struct fault *f;

	if (len < sizeof(in))
		return -EPROTO;
	memcpy(&in, body, sizeof(in));
	out.request_id = in.request_id;
	out.status = in.major == RNDIS_MAJOR_VERSION ? RNDIS_SUCCESS : RNDIS_FAILURE;
	out.major = RNDIS_MAJOR_VERSION;
	out.minor = RNDIS_MINOR_VERSION;
	out.device_flags = RNDIS_CONNECTIONLESS;
	out.medium = RNDIS_MEDIUM_802_3;
	out.max_packets_per_message = MAX_PACKETS_PER_MESSAGE;
	out.max_transfer = LSO_MAX_SIZE + RX_HEADER_ROOM;
	out.packet_alignment_factor = PACKET_ALIGNMENT_FACTOR;
	f = netvsp_fault(nc, "rndis-align", NULL);
	if (f)
		out.packet_alignment_factor = (uint32_t)fault_u64(f, "factor", 255);
	if (out.status == RNDIS_SUCCESS)
		atomic_store(&nc->dev->rndis_up, true);
	send_control(nc, RNDIS_INITIALIZE | RNDIS_COMPLETION, &out, sizeof(out), NULL, 0,
		     "rndis-init");
	return 0;
}

/* A QUERY or SET with its buffer. 0 or -EPROTO. */
static int request(const uint8_t *body, uint32_t len, struct rndis_request *r,
		   const uint8_t **buffer)
{
	if (len < sizeof(*r))
		return -EPROTO;
	memcpy(r, body, sizeof(*r));
	*buffer = body + sizeof(*r);
	if (!r->buffer_length)
		return 0;
	if (r->buffer_offset > len || r->buffer_length > len - r->buffer_offset)
		return -EPROTO;
	*buffer = body + r->buffer_offset;
	return 0;
}

static int query(struct netvsp_channel *nc, const uint8_t *body, uint32_t len)
{
	struct rndis_query_complete out = { 0 };
	uint8_t value[REPLY_MAX];
	struct rndis_request r;
	const uint8_t *buffer;
	uint32_t value_len = 0;

	if (request(body, len, &r, &buffer))
		return -EPROTO;
	out.request_id = r.request_id;
	out.status = oid_query(nc, r.oid, buffer, r.buffer_length, value, sizeof(value),
			       &value_len);
	if (out.status != RNDIS_SUCCESS)
		value_len = 0;
	out.buffer_length = value_len;
	out.buffer_offset = sizeof(out);
	send_control(nc, RNDIS_QUERY | RNDIS_COMPLETION, &out, sizeof(out), value, value_len,
		     "rndis-query");
	return 0;
}

static int set(struct netvsp_channel *nc, const uint8_t *body, uint32_t len)
{
	struct rndis_complete out;
	struct rndis_request r;
	const uint8_t *buffer;

	if (request(body, len, &r, &buffer))
		return -EPROTO;
	out.request_id = r.request_id;
	out.status = oid_set(nc, r.oid, buffer, r.buffer_length);
	send_control(nc, RNDIS_SET | RNDIS_COMPLETION, &out, sizeof(out), NULL, 0, "rndis-set");
	return 0;
}

static int keepalive(struct netvsp_channel *nc, const uint8_t *body, uint32_t len)
{
	struct rndis_complete out = { .status = RNDIS_SUCCESS };

	if (len < sizeof(out.request_id))
		return -EPROTO;
	memcpy(&out.request_id, body, sizeof(out.request_id));
	send_control(nc, RNDIS_KEEPALIVE | RNDIS_COMPLETION, &out, sizeof(out), NULL, 0,
		     "rndis-keepalive");
	return 0;
}

/* The guest's settings are gone, the device stays initialised. */
static int reset(struct netvsp_channel *nc)
{
	struct rndis_reset_complete out = { .status = RNDIS_SUCCESS, .addressing_reset = 1 };
	struct net_config none = { 0 };

	netvsp_set_config(nc, &none);
	send_control(nc, RNDIS_RESET | RNDIS_COMPLETION, &out, sizeof(out), NULL, 0,
		     "rndis-reset");
	return 0;
}

/* HALT has no answer; from here on nothing is received or sent. */
static int halt(struct netvsp_channel *nc)
{
	struct net_config none = { 0 };

	atomic_store(&nc->dev->rndis_up, false);
	netvsp_set_config(nc, &none);
	return 0;
}

int rndis_control(struct netvsp_channel *nc, const struct iovec *iov, int n)
{
	uint8_t buf[REQUEST_MAX];
	size_t len = iov_copy(iov, n, 0, buf, sizeof(buf));
	const uint8_t *body = buf + sizeof(struct rndis_header);
	struct rndis_header h;

	if (len < sizeof(h))
		return -EPROTO;
	memcpy(&h, buf, sizeof(h));
	if (h.length < sizeof(h) || h.length > len)
		return -EPROTO;
	count(&nc->n->control_requests);
	len = h.length - sizeof(h);
	if (h.type == RNDIS_INITIALIZE)
		return initialize(nc, body, (uint32_t)len);
	if (!atomic_load(&nc->dev->rndis_up))
		return -EPROTO;
	switch (h.type) {
	case RNDIS_HALT:
		return halt(nc);
	case RNDIS_QUERY:
		return query(nc, body, (uint32_t)len);
	case RNDIS_SET:
		return set(nc, body, (uint32_t)len);
	case RNDIS_RESET:
		return reset(nc);
	case RNDIS_KEEPALIVE:
		return keepalive(nc, body, (uint32_t)len);
	default:
		return -EPROTO;
	}
}
