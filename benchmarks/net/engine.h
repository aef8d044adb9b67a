/* SPDX-License-Identifier: GPL-2.0-only */
/* The load loop of one thread, and what its parts share. */
#ifndef AZ_BENCHMARKS_NET_ENGINE_H
#define AZ_BENCHMARKS_NET_ENGINE_H

#include <sys/epoll.h>
#include <time.h>

#include "benchmarks/load/run.h"
#include "benchmarks/net/flow.h"
#include "benchmarks/net/net.h"

/* Histograms; those of the hooks follow. */
enum net_hist {
	NET_HIST_RTT,		/* from the intended time */
	NET_HIST_RTT_ACTUAL,	/* open loop: from the send call */
	NET_HIST_SEND_DELAY,	/* open loop: from the intended time to the send call */
	NET_HIST_HELD,		/* by the server, as it says */
	NET_HIST_NET,		/* from the send call, less what the server held */
	NET_HIST_FANOUT,	/* until the last answer of a request to several */
	NET_HIST_CONNECT,	/* crr: until the connection is made */
	NET_HISTS
};

enum net_count {
	NET_COUNT_SENT, NET_COUNT_RECEIVED, NET_COUNT_LOST, NET_COUNT_LATE,
	NET_COUNT_DUPLICATE, NET_COUNT_CORRUPT, NET_COUNT_REORDERED, NET_COUNT_STALE,
	NET_COUNT_UNASKED, NET_COUNT_BLOCKED, NET_COUNT_WINDOW_FULL, NET_COUNT_IN_FLIGHT,
	NET_COUNT_ECHOED, NET_COUNT_TOO_FAST, NET_COUNT_FANOUT_LOST,
	NET_COUNTS
};

/* Flows that get each logical request together; without --fanout one each. */
struct net_group {
	struct net_flow **flows;
	unsigned int n;
	unsigned int sending;		/* index of the flow that is next, in a request half sent */
	unsigned int owed;		/* closed loop: requests begun that no socket took yet */
	uint64_t intended;		/* of the request half sent */
	uint16_t *pending;		/* [window] answers that are awaited; NET_GROUP_LOST */
};

#define NET_GROUP_LOST	UINT16_MAX

struct net_uring;

struct net_engine {
	struct net_thread *t;
	struct net_bench *net;
	struct load_worker *w;
	bool open_loop, ended, peer_known;
	int ret;			/* exit code that ends the worker */
	struct net_group *groups;
	unsigned int ngroups, turn;	/* of the groups, in an open loop */

	/* Open loop: times that have passed and were not sent for, and the next one. */
	uint64_t pending[NET_BATCH], due;
	unsigned int npending;
	bool held_up;			/* the first of them was counted as held up */
	unsigned int run;		/* requests for a flow before it is the next one's turn */

	unsigned int out;		/* awaited, of all flows */
	uint64_t expire_at, expire_step;
	uint64_t now;			/* when messages were last taken */

	unsigned int owed;		/* of all groups */

	/* Waiting. */
	bool blocking;			/* one flow, and the receive call waits */
	bool ticking;
	timer_t ticks;			/* interrupts it */
	bool direct;			/* no epoll: a few flows, each is asked */
	int epoll;
	struct epoll_event *events;
	int nevents;
	struct net_uring *uring;

	/* Messages. */
	size_t stride, longest;
	uint8_t *packets;		/* NET_BATCH of stride bytes, contents made */
	uint8_t *pattern;		/* what an answer has to contain */
	struct net_out outs[NET_BATCH];
	struct net_in ins[NET_BATCH];
};

/* message.c: contents */

/* Memory for messages. Returns 0 or -ENOMEM. */
int net_messages_init(struct net_engine *e);
void net_messages_free(struct net_engine *e);

/* Bytes of request @seq of @flow, and of the answer that it wants. */
uint32_t net_request_size(const struct net_flow *flow, uint64_t seq);
uint32_t net_reply_size(const struct net_flow *flow, uint64_t seq);

/* Makes request @seq of @flow in place @i; e->outs[i] describes it. */
void net_make(struct net_engine *e, unsigned int i, const struct net_flow *flow, uint64_t seq);
bool net_is_silent(const struct net_flow *flow, uint64_t seq);

/* Is the message what request wire->seq should have got? */
bool net_is_whole(const struct net_engine *e, const struct net_flow *flow,
		  const struct net_in *in, const struct net_wire *wire);

/* answer.c: what came */

/* Takes @n messages that came on @flow at @now. Sets e->ret when the run has to end. */
void net_take(struct net_engine *e, struct net_flow *flow, const struct net_in *in,
	      unsigned int n, uint64_t now);

/* Gives up what is older than --timeout. */
void net_expire(struct net_engine *e, uint64_t now);

/* Receiving or sending on @flow failed with @err: one line, and the end of the run. */
void net_flow_failed(struct net_engine *e, struct net_flow *flow, int err);

/* fanout.c: groups, and sending */

/* Makes the groups of the thread's flows. Returns 0 or -ENOMEM. */
int net_groups_init(struct net_engine *e);
void net_groups_free(struct net_engine *e);

/*
 * Sends up to @n requests to @group, meant for @intended[]. Returns how many went
 * out; e->ret is set on failure.
 */
unsigned int net_group_send(struct net_engine *e, struct net_group *group,
			    const uint64_t *intended, unsigned int n, uint64_t now);

/* Closed loop: sends what @group may have under way; of all groups. */
void net_refill(struct net_engine *e, struct net_group *group);
void net_refill_all(struct net_engine *e);

/* The answer to @seq came, or with @lost was given up. */
void net_group_answer(struct net_engine *e, struct net_flow *flow, uint64_t seq,
		      uint64_t intended, bool counted, bool lost, uint64_t now);

/* wait.c */

/* Before flows are opened: will their sockets wait? Then, with the flows open. */
void net_wait_choose(struct net_engine *e);
int net_wait_init(struct net_engine *e);
void net_wait_free(struct net_engine *e);

/*
 * Takes what has come on any flow, after waiting for at most @ns. A blocking
 * thread may return later, on a tick of at most 100 ms.
 */
void net_receive(struct net_engine *e, uint64_t ns);

/* A socket type's connection has a new descriptor, or wants EPOLLOUT as well. */
int net_watch(struct net_flow *flow, bool fresh, uint32_t events);

/* uring.c: --wait uring */

/* Returns 0, or an exit code after one line that says what the kernel lacks. */
int net_uring_init(struct net_engine *e);
void net_uring_free(struct net_engine *e);
void net_uring_receive(struct net_engine *e, uint64_t ns);

/* engine.c: the threads of load_run() */
int net_engine_setup(struct load_worker *w);
int net_engine_run(struct load_worker *w);
void net_engine_teardown(struct load_worker *w);

#endif
