// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_US	100000	/* of the fault delay, without us= */

static const char *const delay_heartbeat[] = { "us#", "msg=negotiate|heartbeat", NULL };
static const char *const delay_shutdown[] = { "us#", "msg=negotiate|shutdown", NULL };
static const char *const delay_timesync[] = { "us#", "msg=negotiate|timesync", NULL };
static const char *const delay_kvp[] = { "us#", "msg=negotiate|kvp", NULL };
static const char *const malformed[] = { "kind=counts|truncated|versions|none", NULL };

/* withhold has the keys of delay without the first. */
#define FAULTS_OF(name)								\
	{ .device_type = #name, .what = "withhold", .keys = delay_##name + 1,	\
	  .help = "never send a message; msg= which" },				\
	{ .device_type = #name, .what = "delay", .keys = delay_##name,		\
	  .help = "send a message late; us= by how much, msg= which" },		\
	{ .device_type = #name, .what = "malformed-negotiation", .keys = malformed, \
	  .help = "send a wrong list of versions; kind= how" }

const struct fault_kind ic_faults[] = {
	FAULTS_OF(heartbeat),
	FAULTS_OF(shutdown),
	FAULTS_OF(timesync),
	FAULTS_OF(kvp),
	{ .what = NULL },
};

/* ---- to the guest ---------------------------------------------------------- */

static int transmit(struct ic *ic, const void *packet, uint32_t len)
{
	struct iovec payload = { .iov_base = (void *)packet, .iov_len = len };
	int ret;

	ret = channel_send(ic->ch, VMBUS_PKT_DATA_INBAND, 0, ++ic->trans_id, NULL, 0, &payload, 1);
	if (ret) {
		count(&ic->count.unsent);
		ic->waiting = false;
	}
	return ret;
}

static void send_late(void *ctx)
{
	struct ic *ic = ctx;
	uint8_t *packet = ic->late;

	ic->late = NULL;
	transmit(ic, packet, ic->late_len);
	free(packet);
}

static int send_later(struct ic *ic, const void *packet, uint32_t len, uint64_t us)
{
	ic->late = malloc(len);
	if (!ic->late)
		return -ENOMEM;
	memcpy(ic->late, packet, len);
	ic->late_len = len;
	count(&ic->count.delayed);
	ic->delay = (struct loop_timer){ .fn = send_late, .ctx = ic };
	loop_timer_arm(ic->ch->loop, &ic->delay, us < UINT64_MAX / 1000 ? us * 1000 : UINT64_MAX);
	return 0;
}

static struct ic_version version(uint32_t v)
{
	return (struct ic_version){ .major = v >> 16, .minor = v & 0xffff };
}

int ic_send(struct ic *ic, uint16_t type, const void *body, uint32_t len)
{
	struct faults *faults = vmbus_faults(ic->dev.bus);
	const char *tag = type == IC_NEGOTIATE ? "negotiate" : ic->service->ops.type;
	struct {
		struct ic_pipe_header pipe;
		struct ic_header ic;
		uint8_t body[IC_MAX_BODY];
	} __attribute__((packed)) packet;
	const struct fault *fault;

	if (ic->late)
		return -EBUSY;
	if (len > sizeof(packet.body))
		return -EMSGSIZE;
	packet.pipe = (struct ic_pipe_header){ IC_PIPE_DATA, sizeof(packet.ic) + len };
	packet.ic = (struct ic_header){
		.frame = version(ic->frame),
		.type = type,
		.message = version(ic->message),
		.size = len,
		.transaction = ++ic->transaction,
		.flags = IC_FLAG_TRANSACTION | IC_FLAG_REQUEST,
	};
	memcpy(packet.body, body, len);
	if (type != IC_NEGOTIATE)
		count(&ic->count.requests);
	if (fault_fires(faults, ic->dev.name, "withhold", tag)) {
		count(&ic->count.withheld);
		return 0;
	}
	ic->waiting = true;
	ic->sent_type = type;
	fault = fault_fires(faults, ic->dev.name, "delay", tag);
	if (fault)
		return send_later(ic, &packet, IC_HEADERS + len,
				  fault_u64(fault, "us", DELAY_US));
	return transmit(ic, &packet, IC_HEADERS + len);
}

/* ---- from the guest -------------------------------------------------------- */

static void refuse_packet(struct ic *ic, counter_t *why)
{
	count(why);
	count(&ic->ch->counters.protocol_errors);
}

static void take_negotiation(struct ic *ic, const void *body, uint32_t len)
{
	if (!ic_negotiate_take(ic, body, len)) {
		ic->state = IC_REFUSED;
		return;
	}
	ic->state = IC_READY;
	if (ic->service->negotiated)
		ic->service->negotiated(ic);
}

static void take_packet(struct ic *ic, const struct ring_packet *pkt)
{
	struct ic_header hdr;
	const uint8_t *body;
	uint32_t len;

	if (pkt->type != VMBUS_PKT_DATA_INBAND || pkt->payload_len < IC_HEADERS) {
		refuse_packet(ic, &ic->count.malformed);
		return;
	}
	memcpy(&hdr, pkt->payload + sizeof(struct ic_pipe_header), sizeof(hdr));
	if (!ic->waiting || ic->late || !(hdr.flags & IC_FLAG_RESPONSE) ||
	    hdr.type != ic->sent_type || hdr.transaction != ic->transaction) {
		refuse_packet(ic, &ic->count.unexpected);
		return;
	}
	ic->waiting = false;
	body = pkt->payload + IC_HEADERS;
	len = pkt->payload_len - IC_HEADERS;
	if (hdr.type == IC_NEGOTIATE) {
		take_negotiation(ic, body, len);
		return;
	}
	count(&ic->count.answers);
	ic->last_status = hdr.status;
	if (ic->service->answered)
		ic->service->answered(ic, &hdr, body, len);
}

/* ---- the device ------------------------------------------------------------ */

int ic_open(struct vmbus_channel *ch)
{
	struct ic *ic = (struct ic *)ch->dev;
	int ret;

	ic->ch = ch;
	ic->waiting = false;
	ic->frame = 0;
	ic->message = 0;
	ic->last_status = -1;
	ic->state = IC_NEGOTIATING;
	ret = ic_negotiate_send(ic);
	if (ret) {
		ic->state = IC_CLOSED;
		ic->ch = NULL;
	}
	return ret;
}

void ic_ready(struct vmbus_channel *ch)
{
	struct ic *ic = (struct ic *)ch->dev;
	struct ring_packet pkt;

	while (channel_recv(ch, &pkt) > 0)
		take_packet(ic, &pkt);
}

void ic_close(struct vmbus_channel *ch)
{
	struct ic *ic = (struct ic *)ch->dev;

	ic->state = IC_CLOSED;
	loop_timer_cancel(ch->loop, &ic->delay);
	free(ic->late);
	ic->late = NULL;
	if (ic->service->closed)
		ic->service->closed(ic);
	ic->ch = NULL;
}

static const char *state_name(enum ic_state state)
{
	static const char *const names[] = {
		[IC_CLOSED] = "closed", [IC_NEGOTIATING] = "negotiating",
		[IC_READY] = "ready", [IC_REFUSED] = "refused",
	};

	return names[state];
}

static void report(struct ic *ic, json_t *obj)
{
	static const struct counter_name names[] = {
		{ "requests", offsetof(struct ic_counters, requests) },
		{ "answers", offsetof(struct ic_counters, answers) },
		{ "unexpected", offsetof(struct ic_counters, unexpected) },
		{ "malformed", offsetof(struct ic_counters, malformed) },
		{ "unsent", offsetof(struct ic_counters, unsent) },
		{ "withheld", offsetof(struct ic_counters, withheld) },
		{ "delayed", offsetof(struct ic_counters, delayed) },
		{ .name = NULL }
	};
	uint32_t message = ic->message, frame = ic->frame;
	json_t *counters = counters_json(&ic->count, names);

	json_object_set_new(obj, "state", json_string(state_name(ic->state)));
	json_object_set_new(obj, "version", json_sprintf("%u.%u", message >> 16, message & 0xffff));
	json_object_set_new(obj, "framework", json_sprintf("%u.%u", frame >> 16, frame & 0xffff));
	json_object_set_new(obj, "last_status", json_integer(ic->last_status));
	json_object_update(obj, counters);
	json_decref(counters);
	if (ic->service->report)
		ic->service->report(ic, obj);
}

void ic_counters(struct vmbus_channel *ch, json_t *obj)
{
	report((struct ic *)ch->dev, obj);
}

int ic_fail(json_t *reply, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	json_object_set_new(reply, "error", json_vsprintf(fmt, ap));
	va_end(ap);
	return err;
}

int ic_need_ready(struct ic *ic, json_t *reply)
{
	if (ic->state == IC_READY)
		return 0;
	return ic_fail(reply, -ENOTCONN, "the guest has no driver for %s ready: %s",
		       ic->service->ops.type, state_name(ic->state));
}

int ic_command(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply)
{
	struct ic *ic = (struct ic *)dev;

	if (!strcmp(cmd, "ic-status")) {
		report(ic, reply);
		return 0;
	}
	return ic->service->command ? ic->service->command(ic, cmd, args, reply) : -ENOENT;
}

void ic_destroy(struct vmbus_device *dev)
{
	free(dev);
}

struct ic *ic_create(const struct ic_service *service, size_t size)
{
	const uint32_t pipe_type = VMBUS_PIPE_TYPE_MESSAGE;
	struct ic *ic = calloc(1, size);

	if (!ic)
		return NULL;
	ic->service = service;
	ic->last_status = -1;
	ic->dev.ops = &service->ops;
	ic->dev.instance_id = service->instance;
	snprintf(ic->dev.name, sizeof(ic->dev.name), "%s", service->ops.type);
	memcpy(ic->dev.user_defined, &pipe_type, sizeof(pipe_type));
	return ic;
}

int ic_add_all(struct vmbus *bus)
{
	static struct ic *(*const create[])(void) = {
		heartbeat_create, shutdown_create, timesync_create, kvp_create,
	};
	struct ic *ic;
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(create) / sizeof(create[0]); i++) {
		ic = create[i]();
		if (!ic)
			return -ENOMEM;
		ret = vmbus_add_device(bus, &ic->dev);
		if (ret) {
			ic->service->ops.destroy(&ic->dev);
			return ret;
		}
	}
	return 0;
}
