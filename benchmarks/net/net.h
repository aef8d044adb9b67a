/* SPDX-License-Identifier: GPL-2.0-only */
/* What the network workloads share: the options. Flows are in flow.h, messages in wire.h. */
#ifndef AZ_BENCHMARKS_NET_H
#define AZ_BENCHMARKS_NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "benchmarks/bench.h"

struct net_bench {
	struct bench bench;
	const char *mode;
	const char *peer;	/* as given, for messages */
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t addrlen;
	uint64_t size;		/* bytes of payload */
	uint64_t warmup;	/* samples that are not counted */
	uint64_t timeout;	/* ns to wait for one answer */
	uint64_t burst;		/* packets of one burst */
	uint64_t bytes;		/* of one TCP transfer */
	bool tcp;		/* the server answers TCP as well */
	const struct net_hooks *hooks;	/* flow.h; NULL: nothing else wants the samples */
	unsigned int hook_hist;	/* id of the hooks' first histogram in the recorders */
};

/* Parses "192.0.2.1:7" or "[2001:db8::1]:7". Returns 0 or -EINVAL. */
int net_parse_peer(struct net_bench *net, const char *text);

/*
 * A socket of @type, connected when @connected. Returns the descriptor, or
 * negative after one line on standard error.
 */
int net_socket(const struct net_bench *net, int type, bool connected);

/* A result with the configuration that all modes share. */
json_t *net_result(const struct net_bench *net, const char *benchmark);

/* The modes; each returns an exit code. */
int net_rtt(struct net_bench *net);
int net_burst(struct net_bench *net);
int net_tcp(struct net_bench *net);
int net_serve(struct net_bench *net);

#endif
