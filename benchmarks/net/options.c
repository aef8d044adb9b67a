// SPDX-License-Identifier: GPL-2.0-only
/* The options of bench net, and what follows from them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/net/flow.h"
#include "benchmarks/net/hooks.h"
#include "benchmarks/net/net.h"
#include "benchmarks/net/raw.h"
#include "lib/log.h"

struct mode {
	const char *name;
	uint64_t count, size, warmup;	/* defaults */
	uint64_t min_size, max_size;
};

static const struct mode modes[] = {
	{ "rtt", 1000, 64, 100, NET_WIRE_SHORT, NET_WIRE_MAX },
	{ "burst", 100, 64, 8, 1, NET_UDP_MAX },
	{ "tcp", 1, 65536, 0, 1, 1 << 20 },
	{ "serve", 0, 64, 0, 0, NET_UDP_MAX },
};

static const struct net_proto *const protos[] = { &net_udp, &net_stream, &net_crr, &net_raw };
static const char *const waits[] = { "block", "spin", "epoll", "uring" };

static const char epilog[] =
	"Modes:\n"
	"  rtt    requests and answers, --count of them, over UDP, TCP or a TCP\n"
	"         connection for each (--proto crr). Closed loop: --depth requests of\n"
	"         each flow are under way. Open loop (--rate): requests go out when they\n"
	"         are due, and the latency counts from then.\n"
	"  burst  --count bursts of --burst UDP packets; the time of a burst ends when\n"
	"         the driver has given back its last packet\n"
	"  tcp    --count transfers of --bytes to an echo server and back, in writes of\n"
	"         --size, with a checksum over what returns\n"
	"  serve  answers all of these at ADDR:PORT, until Ctrl-C, --duration or --count\n"
	"         answers\n"
	"Exit codes: 0 good, 1 lost or wrong data, 2 usage, 3 environment.";

static int parse_range(struct net_range *range, const char *option, const char *text)
{
	const char *dash = strchr(text, '-');
	char first[32];
	size_t len = dash ? (size_t)(dash - text) : strlen(text);

	if (len >= sizeof(first))
		goto bad;
	memcpy(first, text, len);
	first[len] = '\0';
	if (az_parse_number(first, AZ_OPT_SIZE, &range->lo))
		goto bad;
	range->hi = range->lo;
	if (dash && az_parse_number(dash + 1, AZ_OPT_SIZE, &range->hi))
		goto bad;
	if (range->hi < range->lo)
		goto bad;
	return 0;
bad:
	az_err("%s: '%s' is not a number of bytes (64, 4K) or a range (64-1400)", option, text);
	return -EINVAL;
}

static int parse_size(void *net, const char *text)
{
	return parse_range(&((struct net_bench *)net)->sizes, "--size", text);
}

static int parse_reply(void *net, const char *text)
{
	return parse_range(&((struct net_bench *)net)->reply, "--reply-size", text);
}

static int parse_rate(void *ctx, const char *text)
{
	struct net_bench *net = ctx;

	net->max_rate = !strcmp(text, "max");
	return net->max_rate ? 0 : load_parse_rate(&net->load, text);
}

/* "1000-2M": from the lowest to the highest rate of a ramp. */
static int parse_ramp(void *ctx, const char *text)
{
	struct net_bench *net = ctx;
	struct load_spec from = { 0 }, to = { 0 };
	const char *dash = strchr(text, '-');
	char first[32];

	if (!dash || (size_t)(dash - text) >= sizeof(first)) {
		az_err("--ramp: '%s' is not a range of rates such as 1k-500k", text);
		return -EINVAL;
	}
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	if (load_parse_rate(&from, first) || load_parse_rate(&to, dash + 1))
		return -EINVAL;
	if (to.rate <= from.rate) {
		az_err("--ramp: '%s' does not go up", text);
		return -EINVAL;
	}
	net->ramp = true;
	net->ramp_from = from.rate;
	net->ramp_to = to.rate;
	return 0;
}

static const struct mode *find_mode(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

static int find_names(struct net_bench *net)
{
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (!strcmp(protos[i]->name, net->proto_name))
			net->proto = protos[i];
	if (!net->proto)
		return az_usage("--proto: '%s' is none of udp, tcp, crr, raw", net->proto_name);
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		net->wait = (enum net_wait)i;
		if (!strcmp(waits[i], net->wait_name))
			return 0;
	}
	return az_usage("--wait: '%s' is none of block, spin, epoll, uring", net->wait_name);
}

/* Modes have their own defaults, which only the mode's name decides. */
static int set_defaults(struct net_bench *net, const struct mode *mode)
{
	struct bench *bench = &net->bench;

	if (bench->count == UINT64_MAX)
		bench->count = bench->duration || net->ramp ? 0 : mode->count;
	if (!net->sizes.hi)
		net->sizes = (struct net_range){ mode->size, mode->size };
	net->size = net->sizes.lo;
	if (bench->warmup_count == UINT64_MAX)
		bench->warmup_count = bench->warmup_ns || net->load.rate ? 0 : mode->warmup;
	if (!bench->threads)
		bench->threads = 1;
	if (net->sizes.lo < mode->min_size || net->sizes.hi > mode->max_size)
		return az_usage("--size: %llu is out of range for %s, %llu to %llu",
				(unsigned long long)(net->sizes.lo < mode->min_size ?
						     net->sizes.lo : net->sizes.hi), mode->name,
				(unsigned long long)mode->min_size,
				(unsigned long long)mode->max_size);
	if (net->sizes.lo != net->sizes.hi && strcmp(mode->name, "rtt"))
		return az_usage("--size: a range is for --mode rtt");
	return 0;
}

static int check_sizes(const struct net_bench *net)
{
	uint64_t most = net->proto->stream ? NET_WIRE_MAX : NET_UDP_MAX;
	uint64_t least = net->proto->stream || net->reply.hi ? NET_WIRE_FULL : NET_WIRE_SHORT;

	if (net->sizes.lo < least || net->sizes.hi > most)
		return az_usage("--size: %s%s takes %llu to %llu bytes", net->proto->name,
				net->reply.hi ? " with --reply-size" : "",
				(unsigned long long)least, (unsigned long long)most);
	least = net->proto->stream ? NET_WIRE_FULL : NET_WIRE_SHORT;
	if (net->reply.hi && (net->reply.lo < least || net->reply.hi > most))
		return az_usage("--reply-size: %s takes %llu to %llu bytes", net->proto->name,
				(unsigned long long)least, (unsigned long long)most);
	if (net->proto->one_shot && net_probe_opts.stamps)
		return az_usage("--stamps: --proto crr has a socket for each request, and no"
				" stamps of it");
	if (net->gso && net_probe_opts.stamps)
		return az_usage("--gso: one send call makes many packets, which --stamps cannot"
				" tell apart");
	if (net->gso && (net->proto != &net_udp || net->sizes.lo != net->sizes.hi))
		return az_usage("--gso: for UDP messages of one size");
	return 0;
}

static int check_flows(struct net_bench *net)
{
	uint64_t share = net->bench.threads * net->fanout;

	if (!net->flows) {
		net->flows = share;
		while (net->flows < net->npeers)
			net->flows += share;
	}
	if (net->flows % net->fanout)
		return az_usage("--flows: %llu flows do not make groups of --fanout %llu",
				(unsigned long long)net->flows, (unsigned long long)net->fanout);
	if (net->flows < share)
		return az_usage("--flows: %u threads need %llu flows at least", net->bench.threads,
				(unsigned long long)share);
	if (net->ports && net->ports + net->flows > 65536)
		return az_usage("--ports: %llu flows from port %llu on do not fit below 65536",
				(unsigned long long)net->flows, (unsigned long long)net->ports);
	return 0;
}

static int check_load(struct net_bench *net)
{
	bool open_loop = net->load.rate || net->max_rate || net->ramp;
	int ret;

	if (net->max_rate && net->load.arrival != LOAD_CLOSED)
		return az_usage("--arrival: --rate max has no times to keep");
	if (net->ramp && (net->load.rate || net->max_rate))
		return az_usage("--ramp: finds the rate itself, leave --rate out");
	if (net->ramp && !net->bound)
		return az_usage("--ramp: say with --bound what p99.9 is to stay under, as in"
				" --bound 1ms");
	if (net->reply_every > 1 && !open_loop)
		return az_usage("--reply-every: in a closed loop each request waits for"
				" its answer; add --rate");
	if (open_loop && net->depth > 1)
		return az_usage("--depth: is for closed loops; with --rate see --window");
	if (net->proto->one_shot && (net->depth > 1 || net->reply_every > 1 || net->window > 1))
		return az_usage("--proto crr: a connection has one request; use more --flows");
	if (net->ramp) {
		net->load.rate = net->ramp_from;
		if (net->load.arrival == LOAD_CLOSED)
			net->load.arrival = LOAD_FIXED;
	}
	ret = load_spec_check(&net->load);
	net->load.seed = net->bench.seed;
	net->control = net_probe_opts.stamps;
	return ret;
}

static int take_peers(struct net_bench *net, int n, char **names)
{
	int i;

	if (n < 1 || (n > 1 && strcmp(net->mode, "rtt")))
		return az_usage("one address is wanted, such as 192.0.2.1:7");
	if (n > NET_PEERS_MAX)
		return az_usage("%d addresses are more than %d", n, NET_PEERS_MAX);
	net->peers = calloc((size_t)n, sizeof(*net->peers));
	if (!net->peers)
		return az_env("out of memory");
	net->npeers = (unsigned int)n;
	for (i = 0; i < n; i++)
		if (net_parse_peer(&net->peers[i], names[i]))
			return az_usage("'%s' is not a numeric address and port, such as"
					" 192.0.2.1:7 or [2001:db8::1]:7", names[i]);
	net->peer = net->peers[0].name;
	net->addr = net->peers[0].addr;
	net->addrlen = net->peers[0].addrlen;
	return 0;
}

static int settle(struct net_bench *net, int n, char **names)
{
	const struct mode *mode = find_mode(net->mode);
	int ret;

	if (!mode)
		return az_usage("--mode: '%s' is none of rtt, burst, tcp, serve", net->mode);
	ret = take_peers(net, n, names);
	if (!ret)
		ret = set_defaults(net, mode);
	if (!ret)
		ret = find_names(net);
	if (ret || strcmp(mode->name, "rtt"))
		return ret;
	ret = check_sizes(net);
	if (!ret)
		ret = check_flows(net);
	return ret ? ret : check_load(net);
}

int net_options(struct net_bench *net, int argc, char **argv)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "mode", 'm', "MODE", "rtt, burst, tcp or serve", &net->mode),
		AZ_OPT(STRING, "proto", 0, "NAME",
		       "rtt: udp, tcp, crr (connect, request, close) or raw", &net->proto_name),
		AZ_OPT(CALL, "size", 's', "SIZE[-SIZE]", "bytes of a message; rtt: may be a range",
		       net, .call = parse_size),
		AZ_OPT(CALL, "reply-size", 0, "SIZE[-SIZE]", "rtt: of its answer, if another", net,
		       .call = parse_reply),
		AZ_OPT(TIME, "timeout", 0, "TIME", "rtt, tcp: lost when not back after this (1s)",
		       &net->timeout, .min = 1000),
		AZ_OPT(CALL, "rate", 0, "N[k|M]|max", "rtt: open loop, N a second of all threads",
		       net, .call = parse_rate),
		AZ_OPT(CALL, "arrival", 0, "HOW", "fixed, poisson or burst:N (with --rate)",
		       &net->load, .call = load_parse_arrival),
		AZ_OPT(TIME, "spin", 0, "TIME", "spin the last TIME before a send is due (50us)",
		       &net->load.spin, .max = 1000000000),
		AZ_OPT(U64, "depth", 0, "N", "closed loop: requests under way on each flow (1)",
		       &net->depth, .min = 1, .max = 65536),
		AZ_OPT(U64, "window", 0, "N", "open loop: requests under way at most, each flow",
		       &net->window, .min = 1, .max = 1 << 20),
		AZ_OPT(U64, "reply-every", 0, "N", "open loop: ask for each N-th answer only",
		       &net->reply_every, .min = 1),
		AZ_OPT(U64, "flows", 0, "N", "rtt: sockets, dealt to the threads", &net->flows,
		       .min = 1, .max = NET_FLOWS_MAX),
		AZ_OPT(U64, "fanout", 0, "N", "rtt: a request goes to N flows at once",
		       &net->fanout, .min = 1, .max = 4096),
		AZ_OPT(U64, "ports", 0, "PORT", "rtt: local ports PORT, PORT+1, ... of the flows",
		       &net->ports, .min = 1, .max = 65535),
		AZ_OPT(STRING, "wait", 0, "HOW", "rtt: block, spin, epoll or uring",
		       &net->wait_name),
		AZ_OPT(TIME, "busy-poll", 0, "TIME", "let the kernel poll the interface for TIME",
		       &net->busy_poll, .min = 1000, .max = 1000000000),
		AZ_OPT(FLAG, "prefer-busy-poll", 0, NULL, "and keep its interrupts off meanwhile",
		       &net->prefer_busy_poll),
		AZ_OPT(U64, "busy-budget", 0, "N", "packets that one such poll takes at most",
		       &net->busy_budget, .min = 1, .max = 65535),
		AZ_OPT(FLAG, "gso", 0, NULL,
		       "rtt: what is due at once goes as one UDP_SEGMENT send", &net->gso),
		AZ_OPT(CALL, "ramp", 0, "FROM-TO", "rtt: find the highest rate within --bound", net,
		       .call = parse_ramp),
		AZ_OPT(TIME, "bound", 0, "TIME", "ramp: what p99.9 has to stay under", &net->bound,
		       .min = 1),
		AZ_OPT(TIME, "step", 0, "TIME", "ramp: time measured at each rate (2s)",
		       &net->ramp_step, .min = 1000000),
		AZ_OPT(TIME, "settle", 0, "TIME", "ramp: time before that, not counted (200ms)",
		       &net->settle),
		AZ_OPT(U64, "burst", 0, "N", "burst: packets of one burst", &net->burst,
		       .min = 1, .max = 1024),
		AZ_OPT(SIZE, "bytes", 0, "SIZE", "tcp: bytes of one transfer", &net->bytes,
		       .min = 1),
		AZ_OPT(CALL, "delay", 0, "HOW", "serve: fixed:T, exp:T, uniform:T-T, stall:T@T",
		       &net->delay, .call = delay_parse),
		AZ_OPT(CALL, "fault", 0, "HOW", "serve: drop:N, dup:N, reorder:N, corrupt:N",
		       &net->delay, .call = delay_parse_fault),
		AZ_OPT(FLAG, "tcp", 0, NULL, "serve: answer TCP, too; it always does",
		       &net->tcp),
		NET_PROBE_OPTS,
		AZ_OPT(FLAG, "raw-bypass", 0, NULL, "--proto raw: past the queueing discipline",
		       &net_raw_bypass),
		BENCH_OPTS(&net->bench),
		BENCH_LOAD_OPTS(&net->bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "ADDR:PORT...", "Network measurements.", epilog, table
	};
	int first, ret;

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return ret > 0 ? NET_HELP : az_opts_exit(ret);
	return settle(net, argc - first, argv + first);
}
