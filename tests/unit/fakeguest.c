// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakeguest_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the platform: called on the host's loops ------------------------------- */

static int post_message(void *ctx, uint32_t vp, unsigned int sint, const void *msg)
{
	struct fakeguest *fg = ctx;
	struct fg_state *st = fg->state;
	struct slot *slot;
	int ret = 0;

	if (vp >= st->vps)
		return -ENODEV;
	pthread_mutex_lock(&st->lock);
	slot = &st->slot[vp];
	if (slot->full) {
		slot->pending = true;
		ret = -EAGAIN;
	} else {
		memcpy(&slot->msg, msg, sizeof(slot->msg));
		slot->sint = sint;
		slot->full = true;
		pthread_cond_broadcast(&st->changed);
	}
	pthread_mutex_unlock(&st->lock);
	return ret;
}

static int signal_event(void *ctx, uint32_t vp, unsigned int sint, unsigned int flag)
{
	struct fakeguest *fg = ctx;
	struct fg_state *st = fg->state;

	if (vp >= st->vps || flag > VMBUS_MAX_RELID)
		return -ENODEV;
	pthread_mutex_lock(&st->lock);
	st->flag_set[flag]++;
	st->flag_vp[flag] = vp;
	pthread_cond_broadcast(&st->changed);
	pthread_mutex_unlock(&st->lock);
	return 0;
}

static int bind_signal(void *ctx, uint32_t connection_id, int fd)
{
	struct fakeguest *fg = ctx;
	struct fg_state *st = fg->state;
	struct binding **link, *b;

	pthread_mutex_lock(&st->lock);
	for (link = &st->bindings; (b = *link); link = &b->next)
		if (b->connection_id == connection_id)
			break;
	if (b && fd < 0) {
		*link = b->next;
		free(b);
	} else if (fd >= 0) {
		if (!b) {
			b = calloc(1, sizeof(*b));
			b->next = st->bindings;
			st->bindings = b;
		}
		b->connection_id = connection_id;
		b->fd = fd;
	}
	pthread_mutex_unlock(&st->lock);
	return 0;
}

/* ---- waiting ------------------------------------------------------------------ */

void fg_deadline(struct timespec *ts, long ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += ms % 1000 * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	}
}

void fg_wait_changed(struct fakeguest *fg, const struct timespec *deadline, const char *what)
{
	struct fg_state *st = fg->state;

	if (pthread_cond_timedwait(&st->changed, &st->lock, deadline) == ETIMEDOUT) {
		pthread_mutex_unlock(&st->lock);
		fail_msg("waited %d s for %s", DEADLINE_S, what);
	}
}

void fg_wait(struct fakeguest *fg, bool (*done)(void *ctx), void *ctx)
{
	struct fg_state *st = fg->state;
	struct timespec deadline, now, tick;

	fg_deadline(&deadline, DEADLINE_S * 1000);
	while (!done(ctx)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > deadline.tv_sec)
			fail_msg("waited %d s for a condition", DEADLINE_S);
		fg_deadline(&tick, 1);
		pthread_mutex_lock(&st->lock);
		pthread_cond_timedwait(&st->changed, &st->lock, &tick);
		pthread_mutex_unlock(&st->lock);
	}
}

/* ---- life ------------------------------------------------------------------- */

struct fakeguest *fg_new(unsigned int memory_mib, unsigned int vps)
{
	struct fakeguest *fg = calloc(1, sizeof(*fg));
	struct vmbus_platform platform = {
		.ctx = fg,
		.post_message = post_message,
		.signal_event = signal_event,
		.bind_signal = bind_signal,
		.vp_count = vps,
	};
	pthread_condattr_t attr;

	assert_true(vps <= FG_MAX_VPS);
	fg->state = calloc(1, sizeof(*fg->state));
	fg->state->vps = vps;
	pthread_mutex_init(&fg->state->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&fg->state->changed, &attr);
	pthread_condattr_destroy(&attr);

	assert_int_equal(mem_init(&fg->mem, (uint64_t)memory_mib << 20), 0);
	fg->state->pages = fg->mem.size / GUEST_PAGE_SIZE;
	fg->faults = faults_create(1);
	assert_non_null(fg->faults);
	fg->bus = vmbus_create(&fg->mem, fg->faults, &platform);
	assert_non_null(fg->bus);
	fg->next_gpadl = 0xe1e10;
	fg->message_conn = VMBUS_CONN_MESSAGE;
	return fg;
}

void fg_free(struct fakeguest *fg)
{
	struct binding *b;

	vmbus_free(fg->bus);
	faults_free(fg->faults);
	mem_free(&fg->mem);
	while ((b = fg->state->bindings)) {
		fg->state->bindings = b->next;
		free(b);
	}
	pthread_cond_destroy(&fg->state->changed);
	pthread_mutex_destroy(&fg->state->lock);
	free(fg->state);
	free(fg);
}

void fg_fault(struct fakeguest *fg, const char *spec)
{
	struct fault *fault = NULL;
	char err[256] = "";

	if (faults_add(fg->faults, spec, err, sizeof(err), &fault))
		fail_msg("%s", err);
	if (fault_is_timed(fault))
		assert_int_equal(vmbus_timed_fault(fg->bus, fault), 0);
}

/* ---- memory ------------------------------------------------------------------- */

uint64_t fg_page(struct fakeguest *fg)
{
	struct fg_state *st = fg->state;
	uint64_t n = ++st->pages_given, scattered;

	/* A power of two of pages or not: an odd stride from both ends never meets itself. */
	assert_true(n < st->pages / 2);
	scattered = n % 2 ? n : st->pages - n;
	return scattered * GUEST_PAGE_SIZE;
}

void *fg_at(struct fakeguest *fg, uint64_t gpa, uint64_t len)
{
	void *p = mem_at(&fg->mem, gpa, len);

	assert_non_null(p);
	return p;
}

struct fg_buffer *fg_buffer_new(struct fakeguest *fg, uint32_t pages)
{
	struct fg_buffer *b = calloc(1, sizeof(*b));
	uint32_t i;

	b->fg = fg;
	b->pages = pages;
	b->pfn = calloc(pages, sizeof(*b->pfn));
	for (i = 0; i < pages; i++)
		b->pfn[i] = fg_page(fg) / GUEST_PAGE_SIZE;
	b->g = gpadl_create(&fg->mem, 0, 0, b->pfn, pages, 0, pages * GUEST_PAGE_SIZE);
	assert_non_null(b->g);
	return b;
}

uint32_t fg_buffer_share(struct fg_buffer *b, uint32_t relid)
{
	uint8_t raw[VMBUS_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	struct vmbus_msg_gpadl_header *h = (void *)raw;
	struct vmbus_msg_gpadl_body *body = (void *)raw;
	union fg_message m;
	uint32_t n, done;

	b->gpadl = b->fg->next_gpadl++;
	b->relid = relid;
	*h = (struct vmbus_msg_gpadl_header) {
		.h.type = VMBUS_MSG_GPADL_HEADER,
		.relid = relid,
		.gpadl = b->gpadl,
		.range_buflen = (uint16_t)(sizeof(h->range) + b->pages * sizeof(b->pfn[0])),
		.range_count = 1,
		.range.byte_count = b->pages * GUEST_PAGE_SIZE,
	};
	done = b->pages < VMBUS_GPADL_HEADER_PFNS ? b->pages : VMBUS_GPADL_HEADER_PFNS;
	memcpy(raw + sizeof(*h), b->pfn, done * sizeof(b->pfn[0]));
	fg_post(b->fg, raw, (uint32_t)(sizeof(*h) + done * sizeof(b->pfn[0])));
	for (; done < b->pages; done += n) {
		n = b->pages - done;
		if (n > VMBUS_GPADL_BODY_PFNS)
			n = VMBUS_GPADL_BODY_PFNS;
		*body = (struct vmbus_msg_gpadl_body) {
			.h.type = VMBUS_MSG_GPADL_BODY,
			.gpadl = b->gpadl,
		};
		memcpy(raw + sizeof(*body), b->pfn + done, n * sizeof(b->pfn[0]));
		fg_post(b->fg, raw, (uint32_t)(sizeof(*body) + n * sizeof(b->pfn[0])));
	}
	fg_expect(b->fg, VMBUS_MSG_GPADL_CREATED, &m);
	assert_int_equal(m.created.gpadl, b->gpadl);
	assert_int_equal(m.created.relid, relid);
	if (m.created.status)
		b->gpadl = 0;
	return m.created.status;
}

void fg_buffer_unshare(struct fg_buffer *b)
{
	struct vmbus_msg_gpadl_teardown t = {
		.h.type = VMBUS_MSG_GPADL_TEARDOWN,
		.relid = b->relid,
		.gpadl = b->gpadl,
	};
	union fg_message m;

	fg_post(b->fg, &t, sizeof(t));
	fg_expect(b->fg, VMBUS_MSG_GPADL_TORNDOWN, &m);
	assert_int_equal(m.torndown.gpadl, b->gpadl);
	b->gpadl = 0;
}

void fg_buffer_free(struct fg_buffer *b)
{
	gpadl_free(b->g);
	free(b->pfn);
	free(b);
}

/* ---- messages ----------------------------------------------------------------- */

uint16_t fg_try_post(struct fakeguest *fg, const void *msg, uint32_t len)
{
	return vmbus_post_message(fg->bus, fg->message_conn, VMBUS_MESSAGE_TYPE, msg, len);
}

void fg_post(struct fakeguest *fg, const void *msg, uint32_t len)
{
	assert_int_equal(fg_try_post(fg, msg, len), HV_STATUS_SUCCESS);
}

static void note(struct fakeguest *fg, const union fg_message *m)
{
	unsigned int i;

	if (m->h.type == VMBUS_MSG_OFFER) {
		assert_true(fg->n_offers < FG_MAX_OFFERS);
		fg->offer[fg->n_offers++] = m->offer;
	} else if (m->h.type == VMBUS_MSG_RESCIND) {
		for (i = 0; i < fg->n_offers; i++)
			if (fg->offer[i].relid == m->relid.relid)
				fg->offer[i--] = fg->offer[--fg->n_offers];
	}
}

/* Under the lock: the message of a full slot, with EOM. */
static bool take_slot(struct fakeguest *fg, union fg_message *m, uint32_t *len)
{
	struct fg_state *st = fg->state;
	struct slot *slot;
	uint32_t vp;

	for (vp = 0; vp < st->vps && !st->slot[vp].full; vp++)
		;
	if (vp == st->vps)
		return false;
	slot = &st->slot[vp];
	assert_int_equal(slot->msg.type, HV_MESSAGE_TYPE_VMBUS);
	memset(m, 0, sizeof(*m));
	memcpy(m->raw, slot->msg.payload, slot->msg.payload_size);
	if (len)
		*len = slot->msg.payload_size;
	st->last_vp = vp;
	st->last_sint = slot->sint;
	slot->full = false;
	if (slot->pending && !st->lose_eom)
		vmbus_eom(fg->bus, vp);
	slot->pending = false;
	return true;
}

uint32_t fg_next(struct fakeguest *fg, union fg_message *m, uint32_t *len)
{
	struct fg_state *st = fg->state;
	struct timespec deadline;

	fg_deadline(&deadline, DEADLINE_S * 1000);
	pthread_mutex_lock(&st->lock);
	while (!take_slot(fg, m, len))
		fg_wait_changed(fg, &deadline, "a message from the host");
	pthread_mutex_unlock(&st->lock);
	note(fg, m);
	return m->h.type;
}

void fg_expect(struct fakeguest *fg, uint32_t type, union fg_message *m)
{
	uint32_t got;

	do {
		got = fg_next(fg, m, NULL);
	} while (got != type && (got == VMBUS_MSG_OFFER || got == VMBUS_MSG_RESCIND));
	assert_int_equal(got, type);
}

static void nothing(void *ctx)
{
}

void fg_sync(struct fakeguest *fg)
{
	/* Twice: what the first turn handled may have posted more. */
	loop_call(vmbus_control_loop(fg->bus), nothing, NULL);
	loop_call(vmbus_control_loop(fg->bus), nothing, NULL);
}

void fg_expect_silence(struct fakeguest *fg)
{
	struct fg_state *st = fg->state;
	union fg_message m = { .h.type = 0 };
	bool some;

	fg_sync(fg);
	pthread_mutex_lock(&st->lock);
	some = take_slot(fg, &m, NULL);
	pthread_mutex_unlock(&st->lock);
	if (some)
		fail_msg("message of type %u from the host", m.h.type);
}

void fg_last_target(struct fakeguest *fg, uint32_t *vp, unsigned int *sint)
{
	*vp = fg->state->last_vp;
	*sint = fg->state->last_sint;
}

void fg_lose_eom(struct fakeguest *fg, bool lose)
{
	pthread_mutex_lock(&fg->state->lock);
	fg->state->lose_eom = lose;
	pthread_mutex_unlock(&fg->state->lock);
}

/* ---- connection ---------------------------------------------------------------- */

int fg_connect(struct fakeguest *fg, uint32_t version)
{
	struct vmbus_msg_initiate_contact c = {
		.h.type = VMBUS_MSG_INITIATE_CONTACT,
		.version = version,
	};
	union fg_message m;

	if (!fg->monitor_gpa)
		fg->monitor_gpa = fg_page(fg);
	c.monitor_page1 = fg_page(fg);
	c.monitor_page2 = fg->monitor_gpa;
	fg->message_conn = VMBUS_CONN_MESSAGE;
	if (version >= VMBUS_VERSION_5_0) {
		c.sint = VMBUS_SINT;
		fg->message_conn = VMBUS_CONN_MESSAGE_V5;
	} else {
		c.interrupt_page = fg_page(fg);
	}
	fg_post(fg, &c, sizeof(c));
	fg_expect(fg, VMBUS_MSG_VERSION_RESPONSE, &m);
	if (!m.version.supported)
		return -ECONNREFUSED;
	if (version >= VMBUS_VERSION_5_0)
		fg->message_conn = m.version.msg_conn_id;
	fg->version = version;
	fg->n_offers = 0;
	return 0;
}

unsigned int fg_request_offers(struct fakeguest *fg)
{
	struct vmbus_msg_header r = { .type = VMBUS_MSG_REQUEST_OFFERS };
	union fg_message m;

	fg_post(fg, &r, sizeof(r));
	fg_expect(fg, VMBUS_MSG_ALL_OFFERS_DELIVERED, &m);
	return fg->n_offers;
}

static struct vmbus_msg_offer *find_offer(struct fakeguest *fg, struct vmbus_device *dev,
					  unsigned int index)
{
	unsigned int i;

	for (i = 0; i < fg->n_offers; i++)
		if (!memcmp(&fg->offer[i].offer.if_instance, &dev->instance_id,
			    sizeof(dev->instance_id)) &&
		    !memcmp(&fg->offer[i].offer.if_type, &dev->ops->class_id,
			    sizeof(dev->ops->class_id)) &&
		    fg->offer[i].offer.sub_channel_index == index)
			return &fg->offer[i];
	return NULL;
}

bool fg_is_offered(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index)
{
	return find_offer(fg, dev, index) != NULL;
}

struct vmbus_msg_offer *fg_offer(struct fakeguest *fg, struct vmbus_device *dev,
				 unsigned int index)
{
	struct vmbus_msg_offer *offer;
	union fg_message m;
	uint32_t type;

	while (!(offer = find_offer(fg, dev, index))) {
		type = fg_next(fg, &m, NULL);
		assert_true(type == VMBUS_MSG_OFFER || type == VMBUS_MSG_RESCIND);
	}
	return offer;
}

void fg_release_relid(struct fakeguest *fg, uint32_t relid)
{
	struct vmbus_msg_relid m = { .h.type = VMBUS_MSG_RELID_RELEASED, .relid = relid };

	fg_post(fg, &m, sizeof(m));
}
