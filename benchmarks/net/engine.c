// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load loop of one thread: it sends what is due, takes what has come, gives
 * up what is too old, and in between waits for whichever is next.
 */
#include "benchmarks/net/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

#define RETRY_NS	50000ull	/* a socket that took nothing is tried again */
#define EXPIRE_NS	10000000ull	/* how late a lost request may be noticed */
#define OPEN_BATCHES	4u		/* send calls before answers are looked for */

/* ---- flows ---- */

static unsigned int window_of(const struct net_bench *net)
{
	unsigned int share, most;

	if (net->window)
		return (unsigned int)net->window;
	if (net->proto->one_shot)
		return 1;
	if (!net->load.rate && !net->max_rate)
		return net->depth < 4 ? 4 : (unsigned int)net->depth;
	/*
	 * 24 bytes each: 12 MB for all flows, or 1.5 KB each for very many. At the
	 * highest rate the window is not to be what limits it.
	 */
	if (net->flows >= 8192)
		return 64;
	share = 524288 / (unsigned int)net->flows;
	most = net->max_rate ? 262144 : 16384;
	return share < most ? share : most;
}

static struct net_flow *make_flow(struct net_thread *t, unsigned int id)
{
	struct net_flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->net = t->net;
	flow->thread = t;
	flow->proto = t->net->proto;
	flow->id = id;
	flow->peer = id % t->net->npeers;
	flow->port = t->net->ports ? (uint16_t)(t->net->ports + id) : 0;
	flow->fd = -1;
	if (net_window_init(flow, window_of(t->net))) {
		free(flow);
		return NULL;
	}
	return flow;
}

static void free_flow(struct net_flow *flow)
{
	if (flow->fd >= 0)
		net_napi_note(flow);
	if (flow->fd >= 0 && flow->net->hooks && flow->net->hooks->closing)
		flow->net->hooks->closing(flow);
	flow->proto->close(flow);
	net_window_free(flow);
	free(flow);
}

/*
 * Flows are dealt to the threads in groups of --fanout, one after the other, so
 * that the flows of a group belong to one thread.
 */
static int open_flows(struct net_engine *e)
{
	struct net_bench *net = e->net;
	struct net_thread *t = e->t;
	unsigned int fanout = (unsigned int)net->fanout, id;
	struct net_flow *flow;
	int ret;

	t->flows = calloc(net->flows, sizeof(*t->flows));
	if (!t->flows)
		return az_env("out of memory");
	for (id = 0; id < net->flows; id++)
		t->nflows += id / fanout % e->w->run->threads == t->index;
	net_wait_choose(e);
	t->nflows = 0;
	for (id = 0; id < net->flows; id++) {
		if (id / fanout % e->w->run->threads != t->index)
			continue;
		flow = make_flow(t, id);
		if (!flow)
			return az_env("out of memory");
		t->flows[t->nflows++] = flow;
		ret = flow->proto->open(flow);
		if (!ret && net->hooks && net->hooks->opened)
			ret = net->hooks->opened(flow);
		if (ret)
			return ret < 0 ? AZ_EXIT_ENV : ret;
	}
	return 0;
}

int net_engine_setup(struct load_worker *w)
{
	struct net_bench *net = w->run->priv;
	struct net_engine *e = calloc(1, sizeof(*e));
	struct net_thread *t = calloc(1, sizeof(*t));
	int ret;

	if (!e || !t) {
		free(e);
		free(t);
		return az_env("out of memory");
	}
	w->priv = e;
	*e = (struct net_engine){
		.t = t, .net = net, .w = w, .epoll = -1,
		.open_loop = net->load.rate || net->max_rate,
	};
	*t = (struct net_thread){
		.net = net, .worker = w, .rec = w->rec, .index = w->index, .engine = e,
	};
	/* A wait is to end when a send is due, not 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1);
	if (net_messages_init(e))
		return az_env("out of memory");
	ret = open_flows(e);
	if (!ret && net_groups_init(e))
		ret = az_env("out of memory");
	return ret ? ret : net_wait_init(e);
}

void net_engine_teardown(struct load_worker *w)
{
	struct net_engine *e = w->priv;
	struct net_thread *t;
	unsigned int i;

	if (!e)
		return;
	t = e->t;
	/* The kernel must be done with the buffers before they go. */
	net_wait_free(e);
	for (i = 0; t->flows && i < t->nflows; i++)
		free_flow(t->flows[i]);
	free(t->flows);
	if (e->net->proto->thread_free)
		e->net->proto->thread_free(t);
	net_groups_free(e);
	net_messages_free(e);
	free(t);
	free(e);
	w->priv = NULL;
}

/* ---- open loop ---- */

/* The next intended time. At the highest rate it is always now. */
static void draw(struct net_engine *e, uint64_t now)
{
	e->due = e->net->max_rate ? now : load_schedule_next(&e->w->schedule);
	e->ended = !load_worker_goes_on(e->w, e->due);
}

static void collect_due(struct net_engine *e, uint64_t now)
{
	while (!e->ended && e->due <= now && e->npending < NET_BATCH) {
		e->pending[e->npending++] = e->due;
		draw(e, now);
	}
}

/* Gives what is due to the next flows that can take it. Returns whether one did. */
static bool send_some(struct net_engine *e, uint64_t now)
{
	unsigned int tries, n, sent = 0;
	bool full = true;

	for (tries = 0; tries < e->ngroups && !sent && !e->ret; tries++) {
		n = e->npending < e->run ? e->npending : e->run;
		full &= !net_window_room(e->groups[e->turn].flows[0]);
		sent = net_group_send(e, &e->groups[e->turn], e->pending, n, now);
		/* A request that is half sent keeps its group. */
		if (!e->groups[e->turn].sending)
			e->turn = e->turn + 1 < e->ngroups ? e->turn + 1 : 0;
		else if (!sent)
			break;
	}
	if (sent) {
		e->npending -= sent;
		memmove(e->pending, e->pending + sent, e->npending * sizeof(*e->pending));
		e->held_up = false;
	} else if (!e->held_up && full) {
		/* Once for each request that finds no room; it goes out late. */
		recorder_count(e->w->rec, NET_COUNT_WINDOW_FULL, 1);
		e->held_up = true;
	}
	return sent;
}

static void send_due(struct net_engine *e, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < OPEN_BATCHES && !e->ret; i++) {
		collect_due(e, now);
		if (!e->npending || !send_some(e, now))
			return;
		if (e->ended && !e->npending)
			return;
		now = az_clock_ns();
	}
}

static unsigned int run_length(const struct net_engine *e)
{
	if (e->net->max_rate || e->ngroups == 1)
		return NET_BATCH;
	if (e->net->load.arrival == LOAD_BURST && e->net->load.burst < NET_BATCH)
		return (unsigned int)e->net->load.burst;
	return e->net->load.arrival == LOAD_BURST ? NET_BATCH : 1;
}

/* ---- both ---- */

/* How long it may wait for a message, ns. */
static uint64_t may_wait(const struct net_engine *e, uint64_t now)
{
	uint64_t until = e->out ? e->expire_at : now + EXPIRE_NS, spin = e->net->load.spin;

	if (e->npending || e->owed)
		until = now + RETRY_NS < until ? now + RETRY_NS : until;
	if (e->open_loop && !e->ended && !e->npending) {
		/* The last stretch before a send is spun. */
		if (e->due <= now + spin)
			return 0;
		until = e->due - spin < until ? e->due - spin : until;
	}
	return until > now ? until - now : 0;
}

static bool is_over(const struct net_engine *e)
{
	if (e->ret || bench_stopped())
		return true;
	return e->ended && !e->out && !e->npending && !e->owed;
}

int net_engine_run(struct load_worker *w)
{
	struct net_engine *e = w->priv;
	uint64_t now = az_clock_ns();

	e->expire_step = e->net->timeout / 4 < EXPIRE_NS ? e->net->timeout / 4 : EXPIRE_NS;
	e->expire_at = now + e->expire_step;
	e->run = run_length(e);
	if (!e->t->nflows)
		return AZ_EXIT_OK;
	if (e->open_loop)
		draw(e, now);
	else
		net_refill_all(e);
	while (!is_over(e)) {
		if (e->open_loop)
			send_due(e, now);
		else if (e->owed)
			net_refill_all(e);
		if (is_over(e))
			break;
		e->now = 0;
		net_receive(e, may_wait(e, now));
		/* A round trip of a closed loop has no use for a third look at the clock. */
		now = e->now && !e->open_loop ? e->now : az_clock_ns();
		if (now < e->expire_at)
			continue;
		net_expire(e, now);
		if (!e->open_loop)
			net_refill_all(e);
	}
	/* Ctrl-C while answers were on their way loses nothing. */
	recorder_count(w->rec, NET_COUNT_IN_FLIGHT, e->out);
	return e->ret;
}
