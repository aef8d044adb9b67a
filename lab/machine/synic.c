// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages (TLFS 11.9). A slot is free when its type is 0. The host writes
 * the rest of the message, then the type. When a slot is occupied the host
 * sets the message-pending flag in it; a guest that frees the slot and finds
 * the flag writes EOM, which KVM reports through the irqfd's resample
 * eventfd. The flag may come too late, after the guest looked at it: so the
 * slot is looked at once more after the flag is set.
 *
 * KVM writes the resample eventfd at each end of interrupt, many thousand
 * times a second under load. Nobody waits for it but while a message is held
 * back, and a stale count costs one needless attempt.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "machine/synic.h"

struct synic_connection {
	uint32_t id;
	int fd;
	struct synic_connection *next;
};

static void raise_interrupt(const struct synic_vp *vp)
{
	uint64_t one = 1;

	/* Fails only at 2^64 - 1 unread writes, and KVM reads each at once. */
	(void)!write(vp->trigger, &one, sizeof(one));
}

/* ---- messages ----------------------------------------------------------------- */

static void slot_ended(void *ctx, uint32_t epoll_events)
{
	struct synic_vp *vp = ctx;
	uint64_t times;

	loop_rewatch(vp->synic->loop, vp->ended, 0);
	if (read(vp->ended, &times, sizeof(times)) < 0)
		return;
	count(&vp->counters.eoms);
	if (vp->synic->bus)
		vmbus_eom(vp->synic->bus, vp->index);
}

static void wait_for_slot(void *ctx)
{
	struct synic_vp *vp = ctx;

	loop_rewatch(vp->synic->loop, vp->ended, EPOLLIN);
}

static int post_message(void *ctx, uint32_t index, unsigned int sint, const void *msg)
{
	struct synic *s = ctx;
	const struct hv_message *from = msg;
	struct hv_message_page *page;
	struct hv_message *slot;
	struct synic_vp *vp;

	if (index >= s->vp_count || sint >= HV_SINT_COUNT)
		return -ENODEV;
	vp = &s->vp[index];
	page = atomic_load_explicit(&vp->messages, memory_order_acquire);
	if (!page)
		return -ENODEV;
	slot = &page->slot[sint];
	if (__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) != HV_MESSAGE_TYPE_NONE) {
		__atomic_or_fetch(&slot->flags, HV_MESSAGE_FLAG_PENDING, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&slot->type, __ATOMIC_SEQ_CST) != HV_MESSAGE_TYPE_NONE) {
			count(&vp->counters.messages_blocked);
			return loop_post(s->loop, wait_for_slot, vp) ? -ENODEV : -EAGAIN;
		}
	}
	memcpy((uint8_t *)slot + sizeof(slot->type), (const uint8_t *)from + sizeof(from->type),
	       sizeof(*slot) - sizeof(slot->type));
	__atomic_store_n(&slot->type, from->type, __ATOMIC_RELEASE);
	count(&vp->counters.messages);
	raise_interrupt(vp);
	return 0;
}

/* ---- events --------------------------------------------------------------------- */

static int signal_event(void *ctx, uint32_t index, unsigned int sint, unsigned int flag)
{
	struct synic *s = ctx;
	struct hv_event_page *page;
	struct synic_vp *vp;
	uint32_t bit = 1u << flag % 32, before;

	if (index >= s->vp_count || sint >= HV_SINT_COUNT || flag >= HV_EVENT_FLAGS)
		return -ENODEV;
	vp = &s->vp[index];
	page = atomic_load_explicit(&vp->events, memory_order_acquire);
	if (!page)
		return -ENODEV;
	before = __atomic_fetch_or(&page->flags[sint][flag / 32], bit, __ATOMIC_SEQ_CST);
	if (before & bit) {
		count(&vp->counters.events_coalesced);
		return 1;
	}
	count(&vp->counters.events);
	raise_interrupt(vp);
	return 0;
}

/* ---- connections ------------------------------------------------------------------ */

static int bind_in_table(struct synic *s, uint32_t connection_id, int fd)
{
	struct synic_connection **at, *c;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	for (at = &s->connections; *at && (*at)->id != connection_id; at = &(*at)->next)
		;
	c = *at;
	if (fd < 0) {
		if (c)
			*at = c->next;
		free(c);
		rc = c ? 0 : -ENOENT;
	} else if (c) {
		rc = -EEXIST;
	} else {
		c = calloc(1, sizeof(*c));
		if (c) {
			c->id = connection_id;
			c->fd = fd;
			*at = c;
		} else {
			rc = -ENOMEM;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int bind_signal(void *ctx, uint32_t connection_id, int fd)
{
	struct synic *s = ctx;

	if (connection_id & ~HV_CONNECTION_ID_MASK)
		return -EINVAL;
	if (s->kvm->has_signal_eventfd)
		return kvm_bind_signal(s->kvm, connection_id, fd);
	return bind_in_table(s, connection_id, fd);
}

bool synic_signal_connection(struct synic *s, uint32_t connection_id)
{
	struct synic_connection *c;
	uint64_t one = 1;

	pthread_mutex_lock(&s->lock);
	for (c = s->connections; c && c->id != connection_id; c = c->next)
		;
	if (c && write(c->fd, &one, sizeof(one)) != sizeof(one))
		c = NULL;
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* ---- pages, set-up ------------------------------------------------------------------ */

static void *page_of(const struct synic *s, uint64_t control, uint64_t msr)
{
	if (!(control & HV_SCONTROL_ENABLE) || !(msr & HV_SYNIC_PAGE_ENABLE))
		return NULL;
	return mem_at(s->mem, HV_SYNIC_PAGE_ADDRESS(msr), GUEST_PAGE_SIZE);
}

void synic_pages_changed(struct synic *s, uint32_t vp, uint64_t control, uint64_t simp,
			 uint64_t siefp)
{
	atomic_store_explicit(&s->vp[vp].messages_gpa, HV_SYNIC_PAGE_ADDRESS(simp),
			      memory_order_relaxed);
	atomic_store_explicit(&s->vp[vp].events_gpa, HV_SYNIC_PAGE_ADDRESS(siefp),
			      memory_order_relaxed);
	atomic_store_explicit(&s->vp[vp].messages, page_of(s, control, simp),
			      memory_order_release);
	atomic_store_explicit(&s->vp[vp].events, page_of(s, control, siefp),
			      memory_order_release);
}

struct watch_call {
	struct synic *synic;
	int rc;
};

/* Registered without events: see wait_for_slot(). */
static void watch_all(void *ctx)
{
	struct watch_call *call = ctx;
	struct synic *s = call->synic;

	for (unsigned int i = 0; i < s->vp_count && !call->rc; i++)
		call->rc = loop_watch(s->loop, s->vp[i].ended, 0, slot_ended, &s->vp[i]);
}

static void unwatch_all(void *ctx)
{
	struct synic *s = ctx;

	for (unsigned int i = 0; i < s->vp_count; i++) {
		if (s->vp[i].ended >= 0)
			loop_unwatch(s->loop, s->vp[i].ended);
	}
}

int synic_init(struct synic *s, const struct kvm *kvm, const struct guest_memory *mem,
	       struct loop *loop, unsigned int vp_count)
{
	struct watch_call call = { .synic = s };

	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->kvm = kvm;
	s->mem = mem;
	s->loop = loop;
	s->vp = calloc(vp_count, sizeof(*s->vp));
	if (!s->vp)
		return -ENOMEM;
	s->vp_count = vp_count;
	for (unsigned int i = 0; i < vp_count; i++)
		s->vp[i] = (struct synic_vp){ .trigger = -1, .ended = -1 };
	for (unsigned int i = 0; i < vp_count; i++) {
		struct synic_vp *vp = &s->vp[i];

		vp->synic = s;
		vp->index = i;
		vp->trigger = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		vp->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vp->trigger < 0 || vp->ended < 0)
			return -errno;
	}
	loop_call(loop, watch_all, &call);
	return call.rc;
}

int synic_attach(struct synic *s)
{
	int rc = 0;

	for (unsigned int i = 0; i < s->vp_count && !rc; i++)
		rc = kvm_irqfd(s->kvm, GSI_SYNIC + i, s->vp[i].trigger, s->vp[i].ended);
	return rc;
}

void synic_stop(struct synic *s)
{
	loop_call(s->loop, unwatch_all, s);
}

void synic_free(struct synic *s)
{
	struct synic_connection *c;

	if (!s->vp)
		return;
	synic_stop(s);
	for (unsigned int i = 0; i < s->vp_count; i++) {
		if (s->vp[i].trigger >= 0)
			close(s->vp[i].trigger);
		if (s->vp[i].ended >= 0)
			close(s->vp[i].ended);
	}
	while ((c = s->connections)) {
		s->connections = c->next;
		free(c);
	}
	pthread_mutex_destroy(&s->lock);
	free(s->vp);
	s->vp = NULL;
}

void synic_set_bus(struct synic *s, struct vmbus *bus)
{
	s->bus = bus;
}

struct vmbus_platform synic_platform(struct synic *s)
{
	return (struct vmbus_platform){
		.ctx = s,
		.post_message = post_message,
		.signal_event = signal_event,
		.bind_signal = bind_signal,
		.vp_count = s->vp_count,
	};
}
