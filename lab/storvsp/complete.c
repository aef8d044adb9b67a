// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "proto/vmbus.h"
#include "storvsp/internal.h"

/*
 * The way back to the guest. A packet waits in one of two places: in the
 * delayed list until its time, then, if the ring is full, in the backlog
 * until the guest made room. While there is a backlog no requests are taken,
 * so that a guest which does not read its completions holds up only itself.
 */
#define NS_PER_US	1000ull

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static int transmit(struct storvsp_channel *sc, const struct storvsp_packet *p)
{
	struct iovec iov = { (void *)&p->pkt, sizeof(p->pkt) };
	int rc;

	if (p->completion)
		rc = channel_complete(sc->ch, p->trans_id, &p->pkt, sizeof(p->pkt));
	else
		rc = channel_send(sc->ch, VMBUS_PKT_DATA_INBAND, 0, p->trans_id, NULL, 0, &iov, 1);
	if (!rc && p->offer)
		vmbus_offer_subchannels(&sc->ctl->dev, 1, p->offer);
	return rc;
}

/* Send or keep for later; takes over @p. An error other than a full ring: the channel is dead. */
static void send_or_queue(struct storvsp_channel *sc, struct storvsp_packet *p)
{
	if (!sc->backlog && transmit(sc, p) != -EAGAIN) {
		free(p);
		return;
	}
	p->next = NULL;
	*sc->backlog_end = p;
	sc->backlog_end = &p->next;
}

bool storvsp_flush_backlog(struct storvsp_channel *sc)
{
	struct storvsp_packet *p;

	while ((p = sc->backlog)) {
		if (transmit(sc, p) == -EAGAIN)
			return false;
		sc->backlog = p->next;
		if (!sc->backlog)
			sc->backlog_end = &sc->backlog;
		free(p);
	}
	return true;
}

static void arm(struct storvsp_channel *sc);

/* Send what is due at @now. */
static void release(struct storvsp_channel *sc, uint64_t now)
{
	struct storvsp_packet *p;

	while ((p = sc->delayed) && p->due_ns <= now) {
		sc->delayed = p->next;
		sc->n_delayed--;
		send_or_queue(sc, p);
	}
	arm(sc);
}

static void due(void *ctx)
{
	release(ctx, now_ns());
}

static void arm(struct storvsp_channel *sc)
{
	uint64_t now = now_ns();

	loop_timer_cancel(sc->ch->loop, &sc->timer);
	if (!sc->delayed)
		return;
	sc->timer.fn = due;
	sc->timer.ctx = sc;
	loop_timer_arm(sc->ch->loop, &sc->timer,
		       sc->delayed->due_ns > now ? sc->delayed->due_ns - now : 0);
}

static void delay(struct storvsp_channel *sc, struct storvsp_packet *p, uint64_t delay_ns)
{
	struct storvsp_packet **at = &sc->delayed;

	p->due_ns = now_ns() + delay_ns;
	while (*at && (*at)->due_ns <= p->due_ns)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	sc->n_delayed++;
	count(&sc->counters.completions_delayed);
	if (sc->delayed == p)
		arm(sc);
}

static const struct fault *fires(struct storvsp_channel *sc, const char *what, const char *op)
{
	return fault_fires(vmbus_faults(sc->ch->bus), sc->ctl->dev.name, what, op);
}

/* Out of memory loses the packet, as a host that cannot complete would. */
static void post(struct storvsp_channel *sc, const struct storvsp_reply *r, uint64_t delay_ns,
		 unsigned int offer)
{
	struct storvsp_packet *p = malloc(sizeof(*p));

	if (!p) {
		count(&sc->counters.completions_lost);
		return;
	}
	*p = (struct storvsp_packet) {
		.trans_id = r->trans_id,
		.completion = true,
		.offer = offer,
		.pkt = r->pkt,
	};
	if (delay_ns)
		delay(sc, p, delay_ns);
	else
		send_or_queue(sc, p);
}

void storvsp_complete(struct storvsp_channel *sc, const struct storvsp_reply *r)
{
	uint64_t delay_ns = r->delay_ns;
	const struct fault *f;

	if (!r->wanted) {
		if (r->offer)
			vmbus_offer_subchannels(&sc->ctl->dev, 1, r->offer);
		return;
	}
	f = fires(sc, "delay", r->op);
	if (f)
		delay_ns += fault_u64(f, "us", 1000) * NS_PER_US;
	if (sc->n_delayed >= STORVSP_MAX_DELAYED)
		delay_ns = 0;
	if (fires(sc, "lose-completion", r->op)) {
		count(&sc->counters.completions_lost);
		return;
	}
	post(sc, r, delay_ns, r->offer);
	if (fires(sc, "dup-completion", r->op)) {
		count(&sc->counters.completions_duplicated);
		post(sc, r, delay_ns, 0);
	}
}

bool storvsp_withheld(struct storvsp_channel *sc, const char *op)
{
	if (!fires(sc, "withhold", op))
		return false;
	count(&sc->counters.requests_withheld);
	return true;
}

static void notify_one(struct vmbus_channel *ch, void *ctx)
{
	struct storvsp_channel *sc = ch->priv;
	struct storvsp_packet *p;

	if (ch->sub_index || !atomic_load(&sc->ctl->ready))
		return;
	p = calloc(1, sizeof(*p));
	if (!p)
		return;
	p->pkt.operation = (uintptr_t)ctx;
	send_or_queue(sc, p);
}

void storvsp_notify(struct storvsp *ctl, uint32_t operation)
{
	vmbus_for_each_open(&ctl->dev, notify_one, (void *)(uintptr_t)operation);
}

static void hurry_one(struct vmbus_channel *ch, void *ctx)
{
	release(ch->priv, UINT64_MAX);
}

void storvsp_hurry(struct storvsp *ctl)
{
	vmbus_for_each_open(&ctl->dev, hurry_one, NULL);
}

static void free_list(struct storvsp_packet *p)
{
	struct storvsp_packet *next;

	for (; p; p = next) {
		next = p->next;
		free(p);
	}
}

void storvsp_drop(struct storvsp_channel *sc)
{
	loop_timer_cancel(sc->ch->loop, &sc->timer);
	free_list(sc->delayed);
	free_list(sc->backlog);
	sc->delayed = NULL;
	sc->n_delayed = 0;
	sc->backlog = NULL;
	sc->backlog_end = &sc->backlog;
}
