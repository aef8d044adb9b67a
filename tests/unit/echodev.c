// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/echodev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct echo *to_echo(struct vmbus_channel *ch)
{
	return (struct echo *)ch->dev;
}

static int echo_open(struct vmbus_channel *ch)
{
	struct echo *e = to_echo(ch);

	if (e->open_error)
		return e->open_error;
	atomic_fetch_add(&e->opened, 1);
	return 0;
}

/* A GPA_DIRECT packet is answered with what its pages hold, anything else with itself. */
static int echo_one(struct vmbus_channel *ch, const struct ring_packet *pkt)
{
	struct iovec iov[64], whole = { (void *)pkt->payload, pkt->payload_len };
	int n;

	if (pkt->type == VMBUS_PKT_DATA_GPA_DIRECT) {
		n = channel_gpa_iov(ch, pkt, iov, 64);
		to_echo(ch)->gpa_result = n;
		if (n < 0)
			return channel_complete(ch, pkt->trans_id, NULL, 0);
		return channel_send(ch, VMBUS_PKT_COMPLETION, 0, pkt->trans_id, NULL, 0, iov, n);
	}
	return channel_send(ch, VMBUS_PKT_COMPLETION, 0, pkt->trans_id, NULL, 0, &whole,
			    whole.iov_len ? 1 : 0);
}

/* What could not be answered for want of room is answered first, next time. */
static void echo_ready(struct vmbus_channel *ch)
{
	struct ring_packet *waiting = ch->priv;
	struct echo *e = to_echo(ch);
	struct ring_packet pkt;

	if (waiting) {
		if (echo_one(ch, waiting) == -EAGAIN)
			return;
		free(waiting);
		ch->priv = NULL;
	}
	while (channel_recv(ch, &pkt) == 1) {
		atomic_fetch_add(&e->packets, 1);
		if (echo_one(ch, &pkt) != -EAGAIN)
			continue;
		atomic_fetch_add(&e->stuck, 1);
		waiting = malloc(sizeof(*waiting));
		*waiting = pkt;
		ch->priv = waiting;
		return;
	}
}

static void echo_close(struct vmbus_channel *ch)
{
	struct echo *e = to_echo(ch);

	free(ch->priv);
	ch->priv = NULL;
	if (e->pinned)
		vmbus_gpadl_put(ch->bus, e->pinned);
	e->pinned = NULL;
	atomic_fetch_add(&e->closed, 1);
}

static void echo_gpadl_gone(struct vmbus_device *dev, struct gpadl *g)
{
	struct echo *e = (struct echo *)dev;

	atomic_fetch_add(&e->gone, 1);
	if (e->pinned == g && !e->keep_pinned) {
		e->pinned = NULL;
		vmbus_gpadl_put(dev->bus, g);
	}
}

static int echo_command(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply)
{
	if (strcmp(cmd, "count"))
		return -ENOENT;
	json_object_set_new(reply, "n", json_integer(++((struct echo *)dev)->commands));
	return 0;
}

static void echo_timed_fault(struct vmbus_device *dev, struct fault *fault)
{
	if (!strcmp(fault_what(fault), "stumble"))
		atomic_fetch_add(&((struct echo *)dev)->stumbled, 1);
}

static void echo_counters(struct vmbus_channel *ch, json_t *obj)
{
	json_object_set_new(obj, "echoed", json_integer(to_echo(ch)->packets));
}

unsigned int echo_destroyed;

static void echo_destroy(struct vmbus_device *dev)
{
	echo_destroyed++;
	free(dev);
}

static const struct vmbus_device_ops echo_ops = {
	.type = "echo",
	.class_id = { .b = "echo-class-of-us" },
	.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE,
	.open = echo_open,
	.ready = echo_ready,
	.close = echo_close,
	.gpadl_gone = echo_gpadl_gone,
	.command = echo_command,
	.timed_fault = echo_timed_fault,
	.counters = echo_counters,
	.destroy = echo_destroy,
};

static const struct fault_kind echo_faults[] = {
	{ .device_type = "echo", .what = "stumble", .timed = true },
	{ .what = NULL }
};

struct fakeguest *echo_start(struct echo **e, uint32_t latency_us)
{
	struct fakeguest *fg = fg_new(64, 4);

	*e = calloc(1, sizeof(**e));
	(*e)->vdev.ops = &echo_ops;
	strcpy((*e)->vdev.name, "echo0");
	memcpy((*e)->vdev.instance_id.b, "echo-instance-00", 16);
	(*e)->vdev.monitor_latency_us = latency_us;
	faults_register(fg->faults, echo_faults);
	assert_int_equal(vmbus_add_device(fg->bus, &(*e)->vdev), 0);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	assert_int_equal(fg_request_offers(fg), 1);
	return fg;
}

void echo_expect(struct fg_channel *ch, const void *data, uint32_t len, uint64_t id)
{
	struct ring_packet pkt;

	fg_recv(ch, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_COMPLETION);
	assert_int_equal(pkt.trans_id, id);
	assert_int_equal(pkt.payload_len, (len + 7) & ~7u);
	assert_memory_equal(pkt.payload, data, len);
}
