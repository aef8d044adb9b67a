// SPDX-License-Identifier: GPL-2.0-only
/* What the bus can be told to do wrong, and faults that happen at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

#define TO_GUEST	"msg=version-response|offer|offers-delivered|gpadl-created|torndown|" \
			"open-result|modify-response|rescind|unload-response|tl-connect-result"
#define FROM_GUEST	"msg=request-offers|open|close|gpadl-header|gpadl-body|gpadl-teardown|" \
			"relid-released|initiate-contact|unload|tl-connect|modify"

static const char *const message_keys[] = { TO_GUEST, NULL };
static const char *const delay_keys[] = { TO_GUEST, "us#", NULL };
static const char *const post_keys[] = { FROM_GUEST, "status#", NULL };
static const char *const open_keys[] = { "channel#", "status#", NULL };
static const char *const flags_keys[] = { "channel#", "flags#", NULL };
static const char *const rescind_keys[] = { "reoffer_ms#", NULL };

const struct fault_kind vmbus_fault_kinds[] = {
	{ .device_type = "vmbus", .what = "delay", .keys = delay_keys,
	  .help = TO_GUEST ",us=N: send a channel message N us late (1000)" },
	{ .device_type = "vmbus", .what = "withhold", .keys = message_keys,
	  .help = TO_GUEST ": never send it" },
	{ .device_type = "vmbus", .what = "dup", .keys = message_keys,
	  .help = TO_GUEST ": send it twice" },
	{ .device_type = "vmbus", .what = "refuse-post", .keys = post_keys,
	  .help = FROM_GUEST ",status=S: the guest's hypercall with that message fails with "
		  "HV_STATUS S (5, invalid parameter) and the message is not taken" },
	{ .device_type = "*", .what = "refuse-open", .keys = open_keys,
	  .help = "channel=K,status=S: OPENCHANNEL of sub-channel K fails with S" },
	{ .device_type = "*", .what = "offer-flags", .keys = flags_keys,
	  .help = "channel=K,flags=F: the offer of sub-channel K carries these flags too (4, "
		  "confidential external memory)" },
	{ .device_type = "*", .what = "rescind", .keys = rescind_keys, .timed = true,
	  .help = "reoffer_ms=T: take the device away at at_ms; offer it again T ms later" },
	{ .what = NULL }
};

/* One timed fault on its way, for one device. */
struct timed {
	struct vmbus *bus;
	struct vmbus_device *dev;
	struct fault *fault;
	bool reoffer;			/* the second half of a rescind */
	struct loop_timer timer;
	struct timed *next;
};

static void timed_end(struct timed *t)
{
	struct timed **link = &t->bus->timed;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	free(t);
}

static void timed_due(void *ctx)
{
	struct timed *t = ctx;
	uint64_t again;

	if (t->reoffer) {
		offers_reoffer_device(t->dev);
		timed_end(t);
		return;
	}
	fault_performed(t->bus->faults, t->fault);
	if (strcmp(fault_what(t->fault), "rescind")) {
		if (t->dev->ops->timed_fault)
			t->dev->ops->timed_fault(t->dev, t->fault);
		timed_end(t);
		return;
	}
	offers_rescind_device(t->dev);
	again = fault_u64(t->fault, "reoffer_ms", 0);
	if (!again) {
		timed_end(t);
		return;
	}
	t->reoffer = true;
	loop_timer_arm(t->bus->loop, &t->timer, again * 1000000);
}

static void timed_on_loop(void *ctx)
{
	struct timed *t = ctx;

	t->next = t->bus->timed;
	t->bus->timed = t;
	loop_timer_arm(t->bus->loop, &t->timer, fault_at_ms(t->fault) * 1000000);
}

/* "net0" is one device, "net" every device of the type. */
static bool is_meant(const struct vmbus_device *dev, const char *name)
{
	return !strcmp(dev->name, name) || !strcmp(dev->ops->type, name);
}

bool vmbus_is_there(void *ctx, const char *name)
{
	struct vmbus *bus = ctx;
	struct vmbus_device *dev;

	if (!strcmp(name, "vmbus"))
		return true;
	pthread_mutex_lock(&bus->lock);
	for (dev = bus->devices; dev && !is_meant(dev, name); dev = dev->next)
		;
	pthread_mutex_unlock(&bus->lock);
	return dev;
}

int vmbus_timed_fault(struct vmbus *bus, struct fault *fault)
{
	struct vmbus_device *dev;
	int ret = -ENODEV;
	struct timed *t;

	for (dev = bus->devices; dev; dev = dev->next) {
		if (!is_meant(dev, fault_device(fault)))
			continue;
		t = calloc(1, sizeof(*t));
		if (!t)
			return -ENOMEM;
		t->bus = bus;
		t->dev = dev;
		t->fault = fault;
		t->timer.fn = timed_due;
		t->timer.ctx = t;
		ret = loop_post(bus->loop, timed_on_loop, t);
		if (ret) {
			free(t);
			return ret;
		}
	}
	return ret;
}

void timed_free_all(struct vmbus *bus)
{
	while (bus->timed) {
		loop_timer_cancel(bus->loop, &bus->timed->timer);
		timed_end(bus->timed);
	}
}
