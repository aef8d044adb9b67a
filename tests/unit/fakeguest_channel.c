// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakeguest_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUF_SIZE	(256u * 1024)

/* ---- channels ------------------------------------------------------------------- */

uint32_t fg_try_open(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
		     uint32_t send_pages, uint32_t recv_pages, const void *user_data,
		     uint32_t vp, struct fg_channel **out)
{
	struct fg_channel *ch = calloc(1, sizeof(*ch));
	struct vmbus_msg_open o = { .h.type = VMBUS_MSG_OPEN };
	union fg_message m;

	ch->fg = fg;
	ch->offer = *fg_offer(fg, dev, index);
	ch->buf = malloc(BUF_SIZE);
	ch->rings = fg_buffer_new(fg, send_pages + recv_pages);
	assert_int_equal(fg_buffer_share(ch->rings, ch->offer.relid), 0);
	assert_int_equal(ring_init(&ch->out, ch->rings->g, 0, send_pages, RING_PRODUCER), 0);
	assert_int_equal(ring_init(&ch->in, ch->rings->g, send_pages, recv_pages,
				   RING_CONSUMER), 0);
	o.relid = ch->offer.relid;
	o.open_id = ch->offer.relid;
	o.gpadl = ch->rings->gpadl;
	o.target_vp = vp;
	o.downstream_page_offset = send_pages;
	if (user_data)
		memcpy(o.user_data, user_data, sizeof(o.user_data));
	fg_post(fg, &o, sizeof(o));
	fg_expect(fg, VMBUS_MSG_OPEN_RESULT, &m);
	assert_int_equal(m.open_result.relid, o.relid);
	assert_int_equal(m.open_result.open_id, o.open_id);
	if (m.open_result.status) {
		fg_buffer_unshare(ch->rings);
		fg_forget(ch);
		return m.open_result.status;
	}
	*out = ch;
	return 0;
}

struct fg_channel *fg_open(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
			   uint32_t send_pages, uint32_t recv_pages, const void *user_data,
			   uint32_t vp)
{
	struct fg_channel *ch = NULL;

	assert_int_equal(fg_try_open(fg, dev, index, send_pages, recv_pages, user_data, vp, &ch),
			 0);
	return ch;
}

void fg_forget(struct fg_channel *ch)
{
	fg_buffer_free(ch->rings);
	free(ch->buf);
	free(ch);
}

void fg_close(struct fg_channel *ch)
{
	struct vmbus_msg_relid m = { .h.type = VMBUS_MSG_CLOSE, .relid = ch->offer.relid };

	fg_post(ch->fg, &m, sizeof(m));
	fg_buffer_unshare(ch->rings);
	fg_forget(ch);
}

/* ---- packets -------------------------------------------------------------------- */

void fg_signal(struct fg_channel *ch)
{
	struct fg_state *st = ch->fg->state;
	const uint64_t one = 1;
	struct binding *b;

	ch->signals++;
	pthread_mutex_lock(&st->lock);
	for (b = st->bindings; b; b = b->next)
		if (b->connection_id == ch->offer.connection_id)
			break;
	if (b && write(b->fd, &one, sizeof(one)) != sizeof(one))
		abort();
	pthread_mutex_unlock(&st->lock);
}

/* As vmbus_setevent(): through the monitor page when the offer says so. */
static void set_event(struct fg_channel *ch)
{
	struct vmbus_monitor_page *page;
	unsigned int id = ch->offer.monitor_id;

	if (!ch->offer.monitor_allocated) {
		fg_signal(ch);
		return;
	}
	page = fg_at(ch->fg, ch->fg->monitor_gpa, sizeof(*page));
	atomic_fetch_or(&page->group[id / VMBUS_MONITOR_BITS].pending,
			1u << id % VMBUS_MONITOR_BITS);
}

int fg_send(struct fg_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
	    const void *extra, uint32_t extra_len, const void *data, uint32_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	bool signal;
	int ret;

	ret = ring_write(&ch->out, type, flags, trans_id, extra, extra_len, &iov, len ? 1 : 0,
			 &signal);
	if (!ret && signal)
		set_event(ch);
	return ret;
}

int fg_send_inband(struct fg_channel *ch, const void *data, uint32_t len, uint64_t trans_id,
		   bool want_completion)
{
	return fg_send(ch, VMBUS_PKT_DATA_INBAND,
		       want_completion ? VMBUS_PACKET_FLAG_COMPLETION_REQUESTED : 0, trans_id,
		       NULL, 0, data, len);
}

int fg_complete(struct fg_channel *ch, uint64_t trans_id, const void *data, uint32_t len)
{
	return fg_send(ch, VMBUS_PKT_COMPLETION, 0, trans_id, NULL, 0, data, len);
}

int fg_send_gpa(struct fg_channel *ch, const uint64_t *pfn, unsigned int n, uint32_t offset,
		uint32_t count, const void *data, uint32_t len, uint64_t trans_id)
{
	struct vmbus_gpa_direct_header h = { .range_count = 1 };
	struct vmbus_gpa_range range = { .byte_count = count, .byte_offset = offset };
	uint32_t size = (uint32_t)(sizeof(h) + sizeof(range) + n * sizeof(pfn[0]));
	uint8_t *extra = malloc(size);
	int ret;

	memcpy(extra, &h, sizeof(h));
	memcpy(extra + sizeof(h), &range, sizeof(range));
	memcpy(extra + sizeof(h) + sizeof(range), pfn, n * sizeof(pfn[0]));
	ret = fg_send(ch, VMBUS_PKT_DATA_GPA_DIRECT, VMBUS_PACKET_FLAG_COMPLETION_REQUESTED,
		      trans_id, extra, size, data, len);
	free(extra);
	return ret;
}

int fg_send_pages(struct fg_channel *ch, const struct fg_page_range *range, unsigned int n,
		  const void *data, uint32_t len, uint64_t trans_id)
{
	struct vmbus_gpa_direct_header h = { .range_count = n };
	uint32_t size = (uint32_t)(sizeof(h) + n * sizeof(range[0]));
	uint8_t *extra = malloc(size);
	int ret;

	memcpy(extra, &h, sizeof(h));
	memcpy(extra + sizeof(h), range, n * sizeof(range[0]));
	ret = fg_send(ch, VMBUS_PKT_DATA_GPA_DIRECT, VMBUS_PACKET_FLAG_COMPLETION_REQUESTED,
		      trans_id, extra, size, data, len);
	free(extra);
	return ret;
}

bool fg_try_recv(struct fg_channel *ch, struct ring_packet *pkt)
{
	int ret;

	if (ch->have_packet && ring_consume(&ch->in, &ch->packet))
		set_event(ch);
	ch->have_packet = false;
	ret = ring_peek(&ch->in, &ch->packet, ch->buf, BUF_SIZE);
	assert_true(ret >= 0);
	if (!ret)
		return false;
	ch->have_packet = true;
	*pkt = ch->packet;
	return true;
}

void fg_recv(struct fg_channel *ch, struct ring_packet *pkt)
{
	struct fg_state *st = ch->fg->state;
	uint32_t flag = ch->offer.relid;
	struct timespec deadline;

	fg_deadline(&deadline, DEADLINE_S * 1000);
	for (;;) {
		/* Drain masked, unmask, look again, only then trust the interrupt. */
		ring_mask(&ch->in);
		if (fg_try_recv(ch, pkt))
			break;
		if (ring_unmask(&ch->in))
			continue;
		pthread_mutex_lock(&st->lock);
		while (st->flag_set[flag] == st->flag_seen[flag])
			fg_wait_changed(ch->fg, &deadline, "a packet from the host");
		st->flag_seen[flag] = st->flag_set[flag];
		pthread_mutex_unlock(&st->lock);
	}
	/* Left masked, a burst costs one interrupt; tests that count want each packet's. */
	atomic_store(&ch->in.control->interrupt_mask, 0);
}

unsigned int fg_interrupts(struct fg_channel *ch, uint32_t *last_vp)
{
	struct fg_state *st = ch->fg->state;
	unsigned int n;

	pthread_mutex_lock(&st->lock);
	n = st->flag_set[ch->offer.relid];
	if (last_vp)
		*last_vp = st->flag_vp[ch->offer.relid];
	pthread_mutex_unlock(&st->lock);
	return n;
}

/* ---- counters ------------------------------------------------------------------- */

int64_t fg_counter(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
		   const char *name)
{
	json_t *list = vmbus_counters(fg->bus), *ch, *value;
	int64_t n = -1;
	size_t i;

	json_array_foreach(list, i, ch) {
		if (strcmp(json_string_value(json_object_get(ch, "device")), dev->name) ||
		    json_integer_value(json_object_get(ch, "sub")) != index)
			continue;
		value = json_object_get(json_object_get(ch, "counters"), name);
		if (!value)
			value = json_object_get(json_object_get(ch, "device_counters"), name);
		if (value)
			n = json_integer_value(value);
	}
	json_decref(list);
	return n;
}

int64_t fg_message_counter(struct fakeguest *fg, const char *name)
{
	json_t *all = vmbus_message_counters(fg->bus), *value;
	const char *dot = strchr(name, '.');
	char group[32];
	int64_t n;

	if (dot) {
		snprintf(group, sizeof(group), "%.*s", (int)(dot - name), name);
		value = json_object_get(json_object_get(all, group), dot + 1);
	} else {
		value = json_object_get(all, name);
	}
	n = json_integer_value(value);
	json_decref(all);
	return n;
}
