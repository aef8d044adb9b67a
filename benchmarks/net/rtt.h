/* SPDX-License-Identifier: GPL-2.0-only */
/* A run of mode rtt, which a ramp repeats. */
#ifndef AZ_BENCHMARKS_NET_RTT_H
#define AZ_BENCHMARKS_NET_RTT_H

#include "benchmarks/load/run.h"
#include "benchmarks/net/net.h"

struct net_rtt_run {
	struct load_run run;
	struct recorder_spec recorder;
};

/* Makes @rtt ready for load_run() or load_measure(), as the options say. */
void net_rtt_prepare(struct net_bench *net, struct net_rtt_run *rtt);

/* Requests a second that were sent in @run, of which @sent are counted. */
double net_send_rate(const struct load_run *run, uint64_t sent);

/* Looks for the knee, see ramp.c. Returns an exit code. */
int net_ramp(struct net_bench *net, struct net_rtt_run *rtt);

#endif
