/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What else is known of each sample of a network run: its stages by the kernel's
 * time stamps (--stamps), its data path (always), its two ways (--one-way).
 */
#ifndef AZ_BENCHMARKS_NET_HOOKS_H
#define AZ_BENCHMARKS_NET_HOOKS_H

#include <stdbool.h>

#include "benchmarks/net/clock.h"
#include "benchmarks/net/flow.h"
#include "lib/opts.h"

struct net_probe_opts {
	bool stamps, one_way;
};

extern struct net_probe_opts net_probe_opts;

#define NET_PROBE_OPTS \
	AZ_OPT(FLAG, "stamps", 0, NULL, "split each sample into stages by the kernel's time" \
	       " stamps", &net_probe_opts.stamps), \
	AZ_OPT(FLAG, "one-way", 0, NULL, "latency of each direction; both ends need one clock", \
	       &net_probe_opts.one_way)

/* The hooks of every run but the server. */
extern const struct net_hooks net_probe_hooks;

/*
 * Asks the server at @net's first peer for its clock, by UDP. Returns 0, or
 * negative errno: -ETIMEDOUT when nothing answers, -EPROTO for an echo server.
 */
int net_ask_clock(const struct net_bench *net, uint64_t *boot, uint32_t *error);

/* The server's part: writes its clock into the body of an answer of @len bytes. */
void net_tell_clock(void *data, size_t len);

#endif
