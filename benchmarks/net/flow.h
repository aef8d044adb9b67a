/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: a flow is one socket (one 5-tuple) with its sequence numbers and the
 * window of its requests, owned by one thread that sends and receives on it.
 * Nothing here is shared between threads while they measure.
 */
#ifndef AZ_BENCHMARKS_NET_FLOW_H
#define AZ_BENCHMARKS_NET_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>

#include "benchmarks/net/wire.h"

struct load_worker;
struct net_bench;
struct net_engine;
struct net_flow;
struct net_group;
struct net_thread;
struct recorder;

#define NET_BATCH	64	/* messages of one sendmmsg() or recvmmsg() at most */
#define NET_CONTROL	256	/* bytes of control messages of one received message */

enum net_slot_state {
	NET_SLOT_FREE = 0,	/* never sent, or not waited for (no answer wanted) */
	NET_SLOT_OUT,		/* its answer is awaited */
	NET_SLOT_LOST,		/* given up: an answer is late */
	NET_SLOT_DONE,		/* answered: another answer is a duplicate */
};

/* One request of the window; 24 bytes. */
struct net_slot {
	uint64_t intended;	/* ns, CLOCK_MONOTONIC: when it ought to have been sent */
	uint64_t sent;		/* ns: the clock just before the send call */
	uint8_t state;		/* enum net_slot_state */
	bool counted;		/* false in the warm-up */
};

/* A message to be sent. Bytes are the thread's, valid until the call returns. */
struct net_out {
	uint64_t seq;
	void *data;
	uint32_t len;
};

/* A message that came. Bytes belong to the socket type, valid until its next recv(). */
struct net_in {
	void *data;
	uint32_t len;
	bool cut;			/* was longer than the buffer */
	const struct msghdr *msg;	/* with its control messages; NULL where there are none */
};

/* An answer that was matched with its request. */
struct net_answer {
	const struct net_slot *slot;
	const struct net_wire *wire;	/* wire->full && ANSWER: has the server's times */
	const struct msghdr *msg;	/* as in struct net_in */
	uint64_t seq;
	uint64_t now;			/* ns, CLOCK_MONOTONIC, read after the receive call */
};

/*
 * A kind of socket. All calls are made by the flow's thread, and return negative
 * errno on failure; send() and recv() never wait.
 */
struct net_proto {
	const char *name;	/* of --proto */
	bool stream;		/* messages of a stream, which have the full header */
	bool one_shot;		/* a connection for each request; implies a window of 1 */
	bool no_block;		/* recv() cannot wait, whatever thread->recv_flags say */

	/* Opens flow->fd, non-blocking. One line on standard error when it fails. */
	int (*open)(struct net_flow *flow);
	void (*close)(struct net_flow *flow);
	/* May be NULL: gives up what is under way; the flow stays open. */
	void (*abort)(struct net_flow *flow);
	/* Sends up to @n messages in order. Returns how many were taken, or -EAGAIN. */
	int (*send)(struct net_flow *flow, const struct net_out *out, unsigned int n);
	/* Takes up to @n (<= NET_BATCH) messages. Returns how many, or -EAGAIN. */
	int (*recv)(struct net_flow *flow, struct net_in *in, unsigned int n);
	/*
	 * May be NULL: what is left to do before send() can go on (a connection in
	 * the making, bytes that did not fit), called when the socket is writable.
	 * Sets flow->blocked while there is more.
	 */
	int (*flush)(struct net_flow *flow);
	/*
	 * May be NULL: no --wait uring. Where the next bytes go, and messages from
	 * the @len that came there, as recv().
	 */
	void *(*buffer)(struct net_flow *flow, size_t *room);
	int (*took)(struct net_flow *flow, size_t len, struct net_in *in, unsigned int n);
	/* May be NULL: frees thread->rx. */
	void (*thread_free)(struct net_thread *thread);
};

/*
 * For open(): a non-blocking socket of @type with the options of --ports and --busy-poll,
 * not connected. Returns the descriptor, or -1 after one line on standard error.
 */
int net_flow_socket(const struct net_flow *flow, int type);

extern const struct net_proto net_udp, net_stream, net_crr;

struct net_flow {
	struct net_bench *net;
	struct net_thread *thread;
	const struct net_proto *proto;
	unsigned int id;	/* of all flows */
	unsigned int peer;	/* index into net->peers */
	int fd;
	uint16_t port;		/* local port, 0: the kernel chooses */

	/*
	 * Sequence numbers: @next is sent next, and the n-th message that the socket
	 * took has number n - 1, warm-up included: for a datagram socket it is the
	 * id that SOF_TIMESTAMPING_OPT_ID gives.
	 */
	uint64_t next;
	uint64_t tail;		/* all before it are answered or given up */
	uint64_t highest;	/* 1 + the highest number that was answered */
	unsigned int mask;	/* slots - 1; number n is in slots[n & mask] */
	unsigned int out;	/* requests that are awaited */
	struct net_slot *slots;
	struct net_group *group;	/* of the request that goes to several flows at once */
	bool blocked;			/* the socket took no more: wait until it is writable */

	unsigned int path;	/* of the data path: index for recorder_sample() */
	void *state;		/* of the socket type */
	void *hook;		/* of struct net_hooks */
};

/*
 * What else wants to see each sample: time stamps, data paths, clocks. Every
 * function may be NULL; they run in the flow's thread unless said otherwise.
 */
struct net_hooks {
	/* Histograms of its own: names ended by NULL. Ids begin with net->hook_hist. */
	const char *const *(*histograms)(struct net_bench *net);
	/* Names of data paths, as in struct recorder_spec; flow->path counts from 1. */
	const char *const *(*paths)(struct net_bench *net);
	/* In the main thread before anything is opened. Returns 0 or an exit code. */
	int (*prepare)(struct net_bench *net);
	/* The socket is open, nothing was sent. Returns 0 or an exit code. */
	int (*opened)(struct net_flow *flow);
	/* Number @seq is about to be sent at @now; may come again after an EAGAIN. */
	void (*before_send)(struct net_flow *flow, uint64_t seq, uint64_t now);
	/* Numbers @seq ... @seq + @n - 1 were taken by the socket at @now. */
	void (*after_send)(struct net_flow *flow, uint64_t seq, unsigned int n, uint64_t now);
	/*
	 * An answer was matched, before it is recorded: may set flow->path. Warm-up
	 * has answer->slot->counted false. Only datagram sockets have control messages.
	 */
	void (*after_recv)(struct net_flow *flow, const struct net_answer *answer);
	/* The error queue may have something (EPOLLERR), or it is time to look. */
	void (*errqueue)(struct net_flow *flow);
	void (*closing)(struct net_flow *flow);
	/* In the main thread: every 100 ms, and at the end to add to the result. */
	void (*tick)(struct net_bench *net, uint64_t now);
	void (*describe)(struct net_bench *net, json_t *result);
};

/* What an answer turned out to be. */
enum net_match {
	NET_MATCH_GOOD,
	NET_MATCH_LATE,		/* of a request that was given up */
	NET_MATCH_DUPLICATE,	/* of a request that was answered */
	NET_MATCH_STALE,	/* of one that has left the window: late or a duplicate */
	NET_MATCH_UNASKED,	/* of one that was never sent, or wanted no answer */
};

/* Gives @flow a window of at least @window requests. Returns 0 or -ENOMEM. */
int net_window_init(struct net_flow *flow, unsigned int window);
void net_window_free(struct net_flow *flow);

/* How many requests can be sent before the window is full. */
static inline unsigned int net_window_room(const struct net_flow *flow)
{
	return flow->mask + 1 - (unsigned int)(flow->next - flow->tail);
}

/* Number flow->next was sent as @slot says; it is counted as awaited when its state is OUT. */
void net_window_sent(struct net_flow *flow, const struct net_slot *slot);

/*
 * Answer @seq came. *@slot is the request, valid until the next call: DONE for
 * NET_MATCH_GOOD, for which *@reordered says whether a later one was answered before,
 * and NULL for NET_MATCH_STALE and NET_MATCH_UNASKED.
 */
enum net_match net_window_answer(struct net_flow *flow, uint64_t seq,
				 const struct net_slot **slot, bool *reordered);

/*
 * Gives up the oldest request that is awaited when it was sent before @limit (ns).
 * Returns its slot, now LOST, with *@seq; NULL when there is none.
 */
const struct net_slot *net_window_expire(struct net_flow *flow, uint64_t limit, uint64_t *seq);

/*
 * Receive queues: forget them before a run, look at a flow before it is closed, and what was
 * seen, for the result: {"flows_by_id": {"8193": 4}, "flows_none": 0}. net_napi_none(): no
 * flow had one.
 */
void net_napi_reset(void);
void net_napi_note(const struct net_flow *flow);
json_t *net_napi_json(void);
bool net_napi_none(void);

/* The state of one measuring thread. */
struct net_thread {
	struct net_bench *net;
	struct load_worker *worker;
	struct recorder *rec;
	unsigned int index;
	struct net_flow **flows;
	unsigned int nflows;
	int recv_flags;		/* MSG_DONTWAIT, or 0: wait for the first message */
	void *rx;		/* of the socket type: what its flows share */
	struct net_engine *engine;
};

#endif
