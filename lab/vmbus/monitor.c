// SPDX-License-Identifier: GPL-2.0-only
/*
 * Monitored notification: instead of a hypercall for each signal the guest
 * sets its channel's trigger bit in the guest->host monitor page, and the host
 * looks there once in a while (vmbus_setevent() in drivers/hv/channel.c). It
 * trades latency for exits. The host looks only while such a channel is open,
 * at the interval that it announces as the latency hint.
 */
#include "vmbus/internal.h"

#define MONITOR_IDS	(VMBUS_MONITOR_GROUPS * VMBUS_MONITOR_BITS)
#define HINT_UNIT_NS	100u

int monitor_alloc(struct vmbus *bus)
{
	int id;

	if (!bus->monitor)
		return -1;
	for (id = 0; id < MONITOR_IDS; id++) {
		if (bus->monitor_ids[id / 64] >> id % 64 & 1)
			continue;
		bus->monitor_ids[id / 64] |= 1ull << id % 64;
		return id;
	}
	return -1;
}

void monitor_release(struct vmbus *bus, int id)
{
	if (id >= 0)
		bus->monitor_ids[id / 64] &= ~(1ull << id % 64);
}

static void look(void *ctx)
{
	struct vmbus_channel *ch = ctx;
	struct channel_state *st = ch->state;

	if (atomic_load_explicit(st->monitor_pending, memory_order_relaxed) & st->monitor_mask &&
	    atomic_fetch_and(st->monitor_pending, ~st->monitor_mask) & st->monitor_mask) {
		count(&ch->counters.signals_received);
		count(&ch->counters.signals_monitored);
		channel_dispatch(ch);
	}
	loop_timer_arm(ch->loop, &st->monitor_timer, ch->dev->monitor_latency_us * 1000ull);
}

void monitor_start(struct vmbus_channel *ch)
{
	uint64_t hint = ch->dev->monitor_latency_us * 1000ull / HINT_UNIT_NS;
	struct vmbus_monitor_page *page = ch->bus->monitor;
	struct channel_state *st = ch->state;
	int group = st->monitor_id / VMBUS_MONITOR_BITS;
	int bit = st->monitor_id % VMBUS_MONITOR_BITS;

	if (st->monitor_id < 0 || !page)
		return;
	/* For the guest's eyes (sysfs) only; nothing of it is read back. */
	page->latency[group][bit] = (uint16_t)(hint < UINT16_MAX ? hint : UINT16_MAX);
	page->parameter[group][bit].connection_id = ch->connection_id;
	page->parameter[group][bit].flag_number = 0;
	atomic_fetch_or(&page->trigger_state, 1u << group);

	st->monitor_pending = &page->group[group].pending;
	st->monitor_mask = 1u << bit;
	st->monitor_timer = (struct loop_timer) { .fn = look, .ctx = ch };
	loop_timer_arm(ch->loop, &st->monitor_timer, ch->dev->monitor_latency_us * 1000ull);
}

void monitor_stop(struct vmbus_channel *ch)
{
	if (ch->state->monitor_pending)
		loop_timer_cancel(ch->loop, &ch->state->monitor_timer);
	ch->state->monitor_pending = NULL;
}
