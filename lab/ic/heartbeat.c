// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <errno.h>
#include <string.h>

/*
 * A number every two seconds; a guest that lives answers with the next one.
 * While an answer is due nothing more is sent, so a dead guest's ring stays
 * as it is.
 */
#define PERIOD_MS	2000
#define MAX_PERIOD_MS	(3600u * 1000)

struct heartbeat {
	struct ic ic;
	_Atomic uint64_t period_ms;	/* 0: silent */
	counter_t missed;		/* beats at which an answer was still due */
	counter_t wrong;		/* answers with another number */

	/* the channel's loop only */
	struct loop_timer timer;
	uint64_t sequence;
};

static void arm(struct heartbeat *hb)
{
	uint64_t period = hb->period_ms;

	loop_timer_cancel(hb->ic.ch->loop, &hb->timer);
	if (period)
		loop_timer_arm(hb->ic.ch->loop, &hb->timer, period * 1000000);
}

static void beat(void *ctx)
{
	struct heartbeat *hb = ctx;
	struct ic_heartbeat msg = { .sequence = hb->sequence };

	if (hb->ic.waiting)
		count(&hb->missed);
	else
		ic_send(&hb->ic, IC_HEARTBEAT, &msg, sizeof(msg));
	arm(hb);
}

static void heartbeat_negotiated(struct ic *ic)
{
	struct heartbeat *hb = (struct heartbeat *)ic;

	hb->sequence = 0;
	hb->timer = (struct loop_timer){ .fn = beat, .ctx = hb };
	if (hb->period_ms)
		beat(hb);
}

static void heartbeat_answered(struct ic *ic, const struct ic_header *hdr, const void *body,
			       uint32_t len)
{
	struct heartbeat *hb = (struct heartbeat *)ic;
	struct ic_heartbeat msg = { .sequence = 0 };

	/* A guest may leave the reserved part out (heartbeat_onchannelcallback()). */
	memcpy(&msg, body, len < sizeof(msg) ? len : sizeof(msg));
	if (msg.sequence != hb->sequence + 1)
		count(&hb->wrong);
	hb->sequence += 2;
}

static void heartbeat_closed(struct ic *ic)
{
	struct heartbeat *hb = (struct heartbeat *)ic;

	loop_timer_cancel(ic->ch->loop, &hb->timer);
}

static void apply_period(struct vmbus_channel *ch, void *ctx)
{
	struct heartbeat *hb = (struct heartbeat *)ch->dev;

	if (!hb->ic.ch || hb->ic.state != IC_READY)
		return;
	arm(hb);
}

static int heartbeat_command(struct ic *ic, const char *cmd, json_t *args, json_t *reply)
{
	struct heartbeat *hb = (struct heartbeat *)ic;
	const char *name, *device = NULL;
	json_int_t period;
	json_error_t err;

	if (strcmp(cmd, "heartbeat"))
		return -ENOENT;
	if (json_unpack_ex(args, &err, 0, "{s:s, s?s, s:I !}", "cmd", &name, "device", &device,
			   "period_ms", &period))
		return ic_fail(reply, -EINVAL, "heartbeat: %s", err.text);
	if (period < 0 || period > MAX_PERIOD_MS)
		return ic_fail(reply, -EINVAL, "heartbeat: period_ms is 0 (silent) to %u",
			       MAX_PERIOD_MS);
	hb->period_ms = period;
	vmbus_for_each_open(&ic->dev, apply_period, NULL);
	return 0;
}

static void heartbeat_report(struct ic *ic, json_t *obj)
{
	struct heartbeat *hb = (struct heartbeat *)ic;

	json_object_set_new(obj, "period_ms", json_integer(hb->period_ms));
	json_object_set_new(obj, "missed", json_integer(count_get(&hb->missed)));
	json_object_set_new(obj, "wrong", json_integer(count_get(&hb->wrong)));
}

/* hb_versions[] of drivers/hv/hv_util.c */
static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 } };

static const struct ic_service service = {
	.ops = IC_OPS("heartbeat", VMBUS_GUID_HEARTBEAT, ic_destroy),
	/* The same in every Hyper-V guest, as for the other services. */
	.instance = VMBUS_GUID(0xfd149e91u, 0x82e0, 0x4a7d,
			       0xaf, 0xa6, 0x2a, 0x41, 0x66, 0xcb, 0xd7, 0xc0),
	.type = IC_HEARTBEAT,
	.versions = versions,
	.n_versions = 2,
	.negotiated = heartbeat_negotiated,
	.answered = heartbeat_answered,
	.closed = heartbeat_closed,
	.command = heartbeat_command,
	.report = heartbeat_report,
};

struct ic *heartbeat_create(void)
{
	struct ic *ic = ic_create(&service, sizeof(struct heartbeat));

	if (ic)
		((struct heartbeat *)ic)->period_ms = PERIOD_MS;
	return ic;
}
