// SPDX-License-Identifier: GPL-2.0-only
/* From a message that came to what is recorded of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "benchmarks/net/engine.h"
#include "lib/clock.h"
#include "lib/log.h"

/* One line, for a person and for the result, and the end of the run. The first one counts. */
static void __attribute__((format(printf, 3, 4)))
fail(struct net_engine *e, enum az_exit code, const char *fmt, ...)
{
	char text[NET_ERROR_MAX];
	va_list ap;

	if (e->ret)
		return;
	e->ret = (int)code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (__atomic_exchange_n(&e->net->failed, true, __ATOMIC_RELAXED))
		return;
	memcpy(e->net->error, text, sizeof(text));
	az_err("%s", text);
}

void net_flow_failed(struct net_engine *e, struct net_flow *flow, int err)
{
	const char *peer = e->net->peers[flow->peer].name;

	if (bench_stopped())
		return;
	if (err == -ECONNREFUSED && !e->peer_known)
		fail(e, AZ_EXIT_ENV,
		     "nothing answers at %s: start 'azimuth bench net --mode serve' there", peer);
	else if (err == -ECONNREFUSED || err == -ECONNRESET || err == -EPIPE || err == -ENOTCONN)
		fail(e, AZ_EXIT_FAILED, "%s has gone: %s", peer, strerror(-err));
	else
		fail(e, AZ_EXIT_FAILED, "%s: %s", peer, strerror(-err));
}

static void record(struct net_engine *e, struct net_flow *flow, const struct net_answer *answer)
{
	const struct net_slot *slot = answer->slot;
	const struct net_wire *wire = answer->wire;
	struct recorder *rec = e->w->rec;
	uint64_t actual = answer->now - slot->sent;

	recorder_sample(rec, slot->intended, answer->now - slot->intended, flow->path);
	if (!slot->counted)
		return;
	recorder_count(rec, NET_COUNT_RECEIVED, 1);
	if (e->open_loop)
		recorder_add(rec, NET_HIST_RTT_ACTUAL, actual);
	if (!(wire->flags & NET_WIRE_ANSWER)) {
		recorder_count(rec, NET_COUNT_ECHOED, 1);
		return;
	}
	if (!wire->full)
		return;
	recorder_add(rec, NET_HIST_HELD, wire->held_ns);
	/* A server that claims to have held it for longer than it took is in error. */
	if (wire->held_ns > actual)
		recorder_count(rec, NET_COUNT_TOO_FAST, 1);
	else
		recorder_add(rec, NET_HIST_NET, actual - wire->held_ns);
}

static void count_stray(struct net_engine *e, enum net_match match, const struct net_slot *slot)
{
	struct recorder *rec = e->w->rec;

	if (slot && !slot->counted)
		return;
	switch (match) {
	case NET_MATCH_LATE:
		recorder_late(rec, slot->intended);
		break;
	case NET_MATCH_DUPLICATE:
		recorder_count(rec, NET_COUNT_DUPLICATE, 1);
		break;
	case NET_MATCH_STALE:
		recorder_count(rec, NET_COUNT_STALE, 1);
		break;
	default:
		recorder_count(rec, NET_COUNT_UNASKED, 1);
	}
}

static void take_one(struct net_engine *e, struct net_flow *flow, const struct net_in *in,
		     uint64_t now)
{
	struct net_wire wire;
	struct net_answer answer = { .wire = &wire, .msg = in->msg, .now = now };
	enum net_wire_error error = net_wire_get(&wire, in->data, in->len, flow->proto->stream);
	enum net_match match;
	bool reordered = false;

	if (error == NET_WIRE_VERSIONS || (!error && wire.flags & NET_WIRE_REFUSED)) {
		fail(e, AZ_EXIT_ENV, "%s speaks version %u of the messages, this program version"
		     " %u: use the same azimuth at both ends", e->net->peers[flow->peer].name,
		     wire.version, NET_WIRE_VERSION);
		return;
	}
	if (!error && e->net->reply.hi && !(wire.flags & NET_WIRE_ANSWER)) {
		fail(e, AZ_EXIT_ENV, "%s is a plain echo server; --reply-size needs 'azimuth bench"
		     " net --mode serve' there", e->net->peers[flow->peer].name);
		return;
	}
	if (error || !net_is_whole(e, flow, in, &wire)) {
		recorder_count(e->w->rec, NET_COUNT_CORRUPT, 1);
		return;
	}
	e->peer_known = true;
	answer.seq = wire.seq;
	match = net_window_answer(flow, wire.seq, &answer.slot, &reordered);
	if (match != NET_MATCH_GOOD) {
		count_stray(e, match, answer.slot);
		return;
	}
	e->out--;
	if (e->net->hooks && e->net->hooks->after_recv)
		e->net->hooks->after_recv(flow, &answer);
	record(e, flow, &answer);
	if (reordered && answer.slot->counted)
		recorder_count(e->w->rec, NET_COUNT_REORDERED, 1);
	if (flow->group->n > 1)
		net_group_answer(e, flow, wire.seq, answer.slot->intended, answer.slot->counted,
				 false, now);
}

void net_take(struct net_engine *e, struct net_flow *flow, const struct net_in *in,
	      unsigned int n, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < n && !e->ret; i++)
		take_one(e, flow, &in[i], now);
}

void net_expire(struct net_engine *e, uint64_t now)
{
	uint64_t limit = now > e->net->timeout ? now - e->net->timeout : 0, seq;
	const struct net_slot *slot;
	struct net_flow *flow;
	unsigned int i;

	e->expire_at = now + e->expire_step;
	for (i = 0; i < e->t->nflows; i++) {
		flow = e->t->flows[i];
		while ((slot = net_window_expire(flow, limit, &seq))) {
			e->out--;
			if (slot->counted)
				recorder_lost(e->w->rec, slot->intended);
			if (flow->group->n > 1)
				net_group_answer(e, flow, seq, slot->intended, slot->counted, true,
						 now);
			if (flow->proto->abort)
				flow->proto->abort(flow);
		}
		if (e->net->hooks && e->net->hooks->errqueue)
			e->net->hooks->errqueue(flow);
	}
}
