// SPDX-License-Identifier: GPL-2.0-only
/* Mode rtt: requests and answers, from the options to the result. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "benchmarks/net/engine.h"
#include "benchmarks/net/rtt.h"
#include "lib/log.h"

#define HISTS_MAX	(RECORDER_HISTS + 1)

static const char *const counters[] = {
	[NET_COUNT_SENT] = "sent",
	[NET_COUNT_RECEIVED] = "received",
	[NET_COUNT_LOST] = "lost",
	[NET_COUNT_LATE] = "late",
	[NET_COUNT_DUPLICATE] = "duplicate",
	[NET_COUNT_CORRUPT] = "corrupt",
	[NET_COUNT_REORDERED] = "reordered",
	[NET_COUNT_STALE] = "stale",
	[NET_COUNT_UNASKED] = "unasked",
	[NET_COUNT_BLOCKED] = "blocked",
	[NET_COUNT_WINDOW_FULL] = "window_full",
	[NET_COUNT_IN_FLIGHT] = "in_flight",
	[NET_COUNT_ECHOED] = "echoed",
	[NET_COUNT_TOO_FAST] = "faster_than_server",
	[NET_COUNT_FANOUT_LOST] = "fanout_lost",
	[NET_COUNTS] = NULL
};

_Static_assert(NET_COUNTS <= RECORDER_COUNTERS, "a recorder has room for all counters");

/* Our names, then those of the hooks. */
static const char *const *hist_names(struct net_bench *net)
{
	static const char *names[HISTS_MAX] = {
		[NET_HIST_RTT] = "rtt",
		[NET_HIST_RTT_ACTUAL] = "rtt_actual",
		[NET_HIST_SEND_DELAY] = "send_delay",
		[NET_HIST_HELD] = "server_held",
		[NET_HIST_NET] = "rtt_less_server",
		[NET_HIST_FANOUT] = "fanout",
		[NET_HIST_CONNECT] = "connect",
	};
	const char *const *more = net->hooks && net->hooks->histograms ?
				  net->hooks->histograms(net) : NULL;
	unsigned int n = NET_HISTS;

	net->hook_hist = n;
	while (more && *more && n < HISTS_MAX - 1)
		names[n++] = *more++;
	names[n] = NULL;
	return names;
}

static void describe_load(const struct net_bench *net, json_t *result)
{
	az_result_config_str(result, "proto", net->proto->name);
	az_result_config_int(result, "flows", net->flows);
	az_result_config_int(result, "timeout_ns", net->timeout);
	az_result_config_str(result, "wait", net->wait_name);
	if (net->reply.hi) {
		az_result_config_int(result, "reply_size", net->reply.lo);
		az_result_config_int(result, "reply_size_max", net->reply.hi);
	}
	if (net->max_rate)
		az_result_config_str(result, "rate", "max");
	if (!net->load.rate && !net->max_rate)
		az_result_config_int(result, "depth", net->depth);
	if (net->fanout > 1)
		az_result_config_int(result, "fanout", net->fanout);
	if (net->reply_every > 1)
		az_result_config_int(result, "reply_every", net->reply_every);
	if (net->npeers > 1)
		az_result_config_int(result, "peers", net->npeers);
	if (net->busy_poll)
		az_result_config_int(result, "busy_poll_ns", net->busy_poll);
	if (net->prefer_busy_poll)
		az_result_config_int(result, "prefer_busy_poll", 1);
	if (net->busy_budget)
		az_result_config_int(result, "busy_budget", net->busy_budget);
	if (net->gso)
		az_result_config_int(result, "gso", 1);
}

/* Requests a second. The wait for the last answers is no time of sending. */
double net_send_rate(const struct load_run *run, uint64_t sent)
{
	uint64_t ns = run->elapsed_ns;

	if (run->bench->duration && run->bench->duration < ns)
		ns = run->bench->duration;
	return ns ? (double)sent * 1e9 / (double)ns : 0;
}

static void describe(struct load_run *run, const struct recorder *total, json_t *result,
		     bool partial)
{
	struct net_bench *net = run->priv;
	uint64_t sent = recorder_counter(total, NET_COUNT_SENT);

	net_describe_config(net, result);
	describe_load(net, result);
	if (net->load.rate || net->max_rate)
		az_result_metric(result, "send_rate", "1/s", false,
				 net_send_rate(run, sent));
	if (net->hooks && net->hooks->describe)
		net->hooks->describe(net, result);
	if (partial)
		return;
	json_object_set_new(result, "napi", net_napi_json());
	if (net->busy_poll && net_napi_none())
		az_info("--busy-poll: no answer came through a queue that the kernel can poll"
			" (NAPI): none was polled");
	if (net->error[0])
		json_object_set_new(result, "error", json_string(net->error));
	if (!run->ret && (!recorder_counter(total, NET_COUNT_RECEIVED) ||
			  recorder_counter(total, NET_COUNT_CORRUPT)))
		run->ret = AZ_EXIT_FAILED;
}

static void say(struct load_run *run, const struct recorder *total)
{
	struct net_bench *net = run->priv;
	const struct az_hist *rtt = &total->hist[NET_HIST_RTT];
	char p50[16], p99[16], p999[16], max[16], size[32], rate[32] = "";

	/* What could not be measured has been said. */
	if (run->ret == AZ_EXIT_ENV && !rtt->count)
		return;
	snprintf(size, sizeof(size), net->sizes.lo == net->sizes.hi ? "%lluB" : "%llu-%lluB",
		 (unsigned long long)net->sizes.lo, (unsigned long long)net->sizes.hi);
	if (net->load.rate || net->max_rate)
		snprintf(rate, sizeof(rate), " %.0f/s",
			 net_send_rate(run, recorder_counter(total, NET_COUNT_SENT)));
	bench_say(&net->bench,
		  "%s rtt %s%s: p50 %s p99 %s p99.9 %s max %s, %llu ok %llu lost %llu bad",
		  net->proto->name, size, rate,
		  bench_time(p50, (double)az_hist_percentile(rtt, 500000)),
		  bench_time(p99, (double)az_hist_percentile(rtt, 990000)),
		  bench_time(p999, (double)az_hist_percentile(rtt, 999000)),
		  bench_time(max, rtt->count ? (double)rtt->max : 0),
		  (unsigned long long)recorder_counter(total, NET_COUNT_RECEIVED),
		  (unsigned long long)recorder_counter(total, NET_COUNT_LOST),
		  (unsigned long long)recorder_counter(total, NET_COUNT_CORRUPT));
}

static void tick(struct load_run *run, uint64_t now)
{
	struct net_bench *net = run->priv;

	if (net->hooks && net->hooks->tick)
		net->hooks->tick(net, now);
}

void net_rtt_prepare(struct net_bench *net, struct net_rtt_run *rtt)
{
	const char *const *paths = net->hooks && net->hooks->paths ? net->hooks->paths(net) : NULL;

	rtt->recorder = (struct recorder_spec){
		.hists = hist_names(net), .counters = counters, .paths = paths,
	};
	rtt->run = (struct load_run){
		.bench = &net->bench, .name = "net-rtt", .threads = net->bench.threads,
		.load = net->load.rate ? &net->load : NULL, .recorder = &rtt->recorder,
		.setup = net_engine_setup, .worker = net_engine_run,
		.teardown = net_engine_teardown, .tick = tick, .describe = describe, .say = say,
		.priv = net,
	};
	net->run = &rtt->run;
	net_napi_reset();
}

int net_rtt(struct net_bench *net)
{
	struct net_rtt_run rtt;
	int ret;

	/* Epoll, ring and result take some besides the flows. */
	if (net_raise_files() < net->flows + 64)
		return az_env("--flows: %llu flows need more open files than this process may have:"
			      " raise ulimit -n", (unsigned long long)net->flows);
	ret = net->hooks && net->hooks->prepare ? net->hooks->prepare(net) : 0;
	if (ret)
		return ret;
	net_rtt_prepare(net, &rtt);
	return net->ramp ? net_ramp(net, &rtt) : load_run(&rtt.run);
}
