// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/hooks.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/load/run.h"
#include "benchmarks/net/engine.h"
#include "benchmarks/net/path.h"
#include "benchmarks/net/stamps.h"
#include "lib/clock.h"
#include "lib/log.h"

#define MIN_SLOTS	64u
#define MAX_SLOTS	8192u
#define COLLECT_EACH	8	/* answers, while others are under way */
#define SHOW_EACH	256

struct net_probe_opts net_probe_opts;

/* Of one flow, used by its thread; @next and @shown are under probe.lock. */
struct flow_probe {
	struct flow_probe *next;
	struct net_flow *flow;
	struct stamps *stamps;
	struct stamps_counts shown;
	unsigned int answers, unshown;
	struct clock_watch watch;	/* --one-way */
	uint32_t *tickets;		/* of the path at the send call, by sequence number */
};

/* One run a process. */
static struct probe {
	pthread_mutex_t lock;
	struct flow_probe *flows;
	struct stamps_counts closed;
	struct load_run *run;	/* while it has flows */
	struct path_watch *path;
	struct clock_watch watch;
	struct clock_sync clock;
	int keeper;		/* socket of stamps_flow() */
	uint64_t peer_boot;
	uint32_t peer_error;
	_Atomic uint64_t backwards;
} probe = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Behind the stages, whose numbers are their places. */
enum { ONE_WAY_OUT = STAMPS_STAGES, ONE_WAY_BACK };

static const char *const *histograms(struct net_bench *net)
{
	static const char *names[ONE_WAY_BACK + 2];
	unsigned int i;

	if (!net_probe_opts.stamps && !net_probe_opts.one_way)
		return NULL;
	for (i = 0; i < STAMPS_STAGES; i++)
		names[i] = stamps_stage_name(i);
	names[ONE_WAY_OUT] = "oneway_out";
	names[ONE_WAY_BACK] = "oneway_back";
	return names;
}

static void mark_path(void *ctx, uint64_t at_ns, const char *text)
{
	pthread_mutex_lock(&probe.lock);
	if (probe.run)
		load_mark(probe.run, at_ns, "path", text);
	pthread_mutex_unlock(&probe.lock);
}

static int prepare_one_way(struct net_bench *net)
{
	uint64_t error;
	const char *why;
	int ret;

	clock_sync_read(&probe.clock);
	ret = net_ask_clock(net, &probe.peer_boot, &probe.peer_error);
	if (ret == -ETIMEDOUT)
		return az_env("--one-way: nothing answers at %s: start 'azimuth bench net --mode"
			      " serve' there", net->peer);
	if (ret && ret != -EPROTO)
		return az_env("--one-way: cannot ask %s: %s", net->peer, strerror(-ret));
	why = clock_shared(&probe.clock, probe.peer_boot, probe.peer_error, &error);
	return why ? az_env("--one-way: %s", why) : 0;
}

static int prepare(struct net_bench *net)
{
	int ret;

	clock_watch_start(&probe.watch);
	if (!probe.path) {
		ret = path_watch_start(&probe.path, &net->addr.sa, mark_path, NULL);
		if (ret && ret != -EOPNOTSUPP)
			az_warn("the data path to %s is not known: %s", net->peer, strerror(-ret));
	}
	/* Kept open until the end, so that no sample is without a receive stamp. */
	if (net_probe_opts.stamps && !probe.keeper)
		probe.keeper = stamps_flow();
	return net_probe_opts.one_way ? prepare_one_way(net) : 0;
}

/* Hands the stages of a sample to the thread's recorder. */
static void record_stages(void *ctx, const struct stamps_sample *sample,
			  const struct stamps_value *values, unsigned int n)
{
	const struct net_flow *flow = ctx;
	struct recorder *rec = flow->thread->rec;
	unsigned int i;

	if (!recorder_counts(rec, sample->intended ? sample->intended : sample->begin))
		return;
	for (i = 0; i < n; i++)
		recorder_add(rec, flow->net->hook_hist + values[i].stage, values[i].ns);
}

static int open_stamps(struct net_flow *flow, struct flow_probe *fp)
{
	struct stamps_spec spec = {
		.capacity = 2 * (flow->mask + 1), .stream = flow->proto->stream,
		.fn = record_stages, .ctx = flow,
	};
	int ret;

	/* The socket of a connection for each request is never long enough there. */
	if (flow->proto->one_shot)
		return 0;
	if (spec.capacity < MIN_SLOTS)
		spec.capacity = MIN_SLOTS;
	if (spec.capacity > MAX_SLOTS)
		spec.capacity = MAX_SLOTS;
	ret = stamps_open(&fp->stamps, flow->fd, &spec);
	if (ret == -EOPNOTSUPP)
		return az_env("--stamps: this kernel has no time stamps for %s sockets",
			      flow->proto->name);
	return ret ? az_env("--stamps: %s", strerror(-ret)) : 0;
}

static int opened(struct net_flow *flow)
{
	struct flow_probe *fp = calloc(1, sizeof(*fp));
	int ret;

	if (!fp)
		return az_env("out of memory");
	fp->flow = flow;
	flow->hook = fp;
	fp->tickets = calloc(flow->mask + 1, sizeof(*fp->tickets));
	if (!fp->tickets)
		return az_env("out of memory");
	if (net_probe_opts.one_way)
		clock_watch_start(&fp->watch);
	ret = net_probe_opts.stamps ? open_stamps(flow, fp) : 0;
	if (ret)
		return ret;
	pthread_mutex_lock(&probe.lock);
	probe.run = flow->thread->worker->run;
	fp->next = probe.flows;
	probe.flows = fp;
	pthread_mutex_unlock(&probe.lock);
	return 0;
}

static void before_send(struct net_flow *flow, uint64_t seq, uint64_t now)
{
	struct flow_probe *fp = flow->hook;

	if (probe.path)
		fp->tickets[seq & flow->mask] = path_ticket(probe.path);
	if (fp->stamps)
		stamps_sent(fp->stamps, seq, now, net_request_size(flow, seq));
}

/* Takes what the error queue has; between samples, as it costs system calls. */
static void collect(struct flow_probe *fp)
{
	fp->answers = 0;
	stamps_collect(fp->stamps, 0);
	if (++fp->unshown < SHOW_EACH)
		return;
	fp->unshown = 0;
	pthread_mutex_lock(&probe.lock);
	fp->shown = *stamps_counts(fp->stamps);
	pthread_mutex_unlock(&probe.lock);
}

/* By the server's clock and ours, which prepare() found to be one. */
static void record_one_way(struct net_flow *flow, struct flow_probe *fp,
			   const struct net_answer *answer)
{
	const struct net_wire *wire = answer->wire;
	struct recorder *rec = flow->thread->rec;
	const unsigned int base = flow->net->hook_hist;
	int64_t out, back;

	if (!wire->full || !wire->server_ns || clock_watch_stepped(&fp->watch) ||
	    !recorder_counts(rec, answer->slot->intended))
		return;
	/* To the stamp of the server's kernel where it has one. */
	out = (int64_t)(clock_to_mono(&fp->watch, wire->server_ns - wire->wake_ns) -
			answer->slot->sent);
	back = (int64_t)(answer->now - answer->slot->sent - wire->held_ns - wire->wake_ns) - out;
	if (out < 0 || back < 0) {
		atomic_fetch_add_explicit(&probe.backwards, 1, memory_order_relaxed);
		return;
	}
	recorder_add(rec, base + ONE_WAY_OUT, (uint64_t)out);
	recorder_add(rec, base + ONE_WAY_BACK, (uint64_t)back);
}

static void after_recv(struct net_flow *flow, const struct net_answer *answer)
{
	struct flow_probe *fp = flow->hook;
	const struct net_slot *slot = answer->slot;
	struct stamps_answer stamped = {
		.seq = answer->seq, .app = answer->now, .msg = answer->msg, .begin = slot->sent,
		.intended = slot->intended < slot->sent ? slot->intended : 0,
	};

	/* Requests of one call of a closed loop are meant for times a ns apart. */
	if (slot->intended > slot->sent)
		stamped.begin = slot->intended;
	if (probe.path)
		flow->path = path_of_sample(probe.path, fp->tickets[answer->seq & flow->mask]);
	if (net_probe_opts.one_way)
		record_one_way(flow, fp, answer);
	if (!fp->stamps)
		return;
	if (answer->wire->full && answer->wire->flags & NET_WIRE_ANSWER) {
		/* With the wake-up the server's time begins at its kernel's stamp. */
		stamped.held = answer->wire->held_ns + answer->wire->wake_ns;
		stamped.wakeup = answer->wire->wake_ns;
	}
	stamps_received(fp->stamps, &stamped);
	if (!flow->out || ++fp->answers >= COLLECT_EACH)
		collect(fp);
}

static void errqueue(struct net_flow *flow)
{
	struct flow_probe *fp = flow->hook;

	if (fp->stamps)
		collect(fp);
}

static void closing(struct net_flow *flow)
{
	struct flow_probe *fp = flow->hook, **link;

	if (!fp)
		return;
	if (fp->stamps)
		stamps_finish(fp->stamps);
	pthread_mutex_lock(&probe.lock);
	for (link = &probe.flows; *link && *link != fp; link = &(*link)->next)
		;
	if (*link)
		*link = fp->next;
	if (!probe.flows)
		probe.run = NULL;	/* the last flow; the run ends soon */
	if (fp->stamps)
		stamps_counts_add(&probe.closed, stamps_counts(fp->stamps));
	pthread_mutex_unlock(&probe.lock);
	stamps_close(fp->stamps);
	free(fp->tickets);
	free(fp);
	flow->hook = NULL;
}

static void tick(struct net_bench *net, uint64_t now)
{
	char text[64];

	if (!clock_watch_stepped(&probe.watch))
		return;
	snprintf(text, sizeof(text), "CLOCK_REALTIME was set by %+.6f s",
		 (double)probe.watch.last_step / 1e9);
	pthread_mutex_lock(&probe.lock);
	if (probe.run)
		load_mark(probe.run, now, "clock", text);
	pthread_mutex_unlock(&probe.lock);
}

static void describe_stamps(const struct net_bench *net, json_t *result)
{
	struct stamps_counts sum;
	struct flow_probe *fp;
	char text[1024];
	bool ended;

	pthread_mutex_lock(&probe.lock);
	sum = probe.closed;
	ended = !probe.flows;
	for (fp = probe.flows; fp; fp = fp->next)
		stamps_counts_add(&sum, &fp->shown);
	pthread_mutex_unlock(&probe.lock);
	stamps_report(result, &sum, probe.path ? path_ifname(probe.path) : "", text, sizeof(text));
	if (ended && text[0])
		bench_say(&net->bench, "not split: %s", text);
}

static void describe(struct net_bench *net, json_t *result)
{
	if (probe.path && result)
		json_object_set_new(result, "path", path_to_json(probe.path));
	az_result_count(result, "clock_steps", probe.watch.epoch);
	if (net_probe_opts.stamps && result)
		describe_stamps(net, result);
	if (!net_probe_opts.one_way || !result)
		return;
	json_object_set_new(result, "clock", clock_to_json(&probe.clock, probe.peer_boot,
							   probe.peer_error));
	az_result_count(result, "oneway_backwards", atomic_load(&probe.backwards));
}

static const char *const *paths(struct net_bench *net)
{
	return path_names;
}

const struct net_hooks net_probe_hooks = {
	.histograms = histograms,
	.paths = paths,
	.prepare = prepare,
	.opened = opened,
	.before_send = before_send,
	.after_recv = after_recv,
	.errqueue = errqueue,
	.closing = closing,
	.tick = tick,
	.describe = describe,
};
