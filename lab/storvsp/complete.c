// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "proto/vmbus.h"
#include "storvsp/internal.h"

/* What goes back to the guest, and what faults make of it (vmbus/replies.h). */
#define NS_PER_US	1000ull

int storvsp_transmit(struct vmbus_channel *ch, const struct reply *reply)
{
	const struct storvsp_packet *p = (const struct storvsp_packet *)reply;
	struct storvsp_channel *sc = ch->priv;
	struct iovec iov = { (void *)&p->pkt, sizeof(p->pkt) };
	int rc;

	if (p->completion)
		rc = channel_complete(ch, p->trans_id, &p->pkt, sizeof(p->pkt));
	else
		rc = channel_send(ch, VMBUS_PKT_DATA_INBAND, 0, p->trans_id, NULL, 0, &iov, 1);
	if (!rc && p->offer)
		vmbus_offer_subchannels(&sc->ctl->dev, 1, p->offer);
	return rc;
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
		count(&sc->counters.completions_delayed);
	replies_put(&sc->replies, &p->reply, delay_ns);
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
	if (sc->replies.n_delayed >= STORVSP_MAX_DELAYED)
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
	replies_put(&sc->replies, &p->reply, 0);
}

void storvsp_notify(struct storvsp *ctl, uint32_t operation)
{
	vmbus_for_each_open(&ctl->dev, notify_one, (void *)(uintptr_t)operation);
}

static void hurry_one(struct vmbus_channel *ch, void *ctx)
{
	struct storvsp_channel *sc = ch->priv;

	replies_hurry(&sc->replies);
}

void storvsp_hurry(struct storvsp *ctl)
{
	vmbus_for_each_open(&ctl->dev, hurry_one, NULL);
}
