/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server of "azimuth bench net": UDP, TCP with framed messages, connections
 * for one request, and a plain TCP echo for the transfer mode, all on one port.
 * For each of --threads there are a UDP thread, which waits in the receive call
 * itself, and a TCP thread with epoll.
 */
#ifndef AZ_BENCHMARKS_NET_SERVER_H
#define AZ_BENCHMARKS_NET_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "benchmarks/net/delay.h"
#include "benchmarks/net/net.h"
#include "benchmarks/net/wire.h"
#include "lib/hist.h"

#define SERVER_BATCH	64
#define SERVER_TICK_NS	200000000ull	/* how long an idle TCP thread sleeps */

/* What a thread has done; it alone writes, others read a moment's value. */
struct server_counts {
	uint64_t datagrams;	/* UDP requests that were answered, or wanted no answer */
	uint64_t requests;	/* the same over TCP */
	uint64_t bytes;		/* of answers */
	uint64_t connections, refused, other_version, damaged;
	uint64_t dropped, duplicated, held_back, corrupted;	/* by --fault */
	uint64_t not_sent;	/* the socket did not take the answer */
	uint64_t overflow;	/* no room to hold the answer for its delay */
	uint64_t stalls;
};

struct net_server {
	struct net_bench *net;
	unsigned int nthreads;
	struct server_thread *threads;	/* UDP and TCP in turn */
	bool stop;			/* atomic */
	bool hurry;			/* atomic: by a signal, do not wait for what is delayed */
	bool wildcard;			/* bound to any address: answer from the one asked */
	int ret;			/* atomic: exit code of a thread that failed */
	uint64_t numbered;		/* atomic: requests so far, for --fault */
	bool warned;			/* atomic: of another version */
};

struct server_thread {
	struct net_server *srv;
	pthread_t pthread;
	bool started;
	int fd;				/* UDP socket or TCP listener */
	int cpu;			/* -1: any */
	struct server_counts counts;
	struct delay_state delay;
	struct delay_queue queue;
	struct az_hist drawn, held;	/* ns: delay that was drawn; time until the answer left */
	uint8_t *stream;		/* SERVER_STREAM bytes of the stream of @seed */
	uint32_t seed;
	bool has_seed;
	uint64_t stall_at;
	bool stamped;			/* the UDP socket has receive stamps: a client asked */
};

#define SERVER_STREAM	NET_WIRE_MAX

/* What is to be done with a request. */
struct server_verdict {
	bool ours;		/* has our header, in @wire; else it is echoed */
	bool refuse;		/* of another version: answer with our header, then be done */
	bool silent, drop, twice, corrupt, close;
	uint32_t length;	/* bytes of the answer */
	uint64_t delay;		/* ns */
	struct net_wire wire;	/* header of the answer, but for the times */
};

/*
 * Judges a request of @len bytes (a whole message). Returns false when it is
 * damaged, which only a stream can be: a datagram is echoed then.
 */
bool server_judge(struct server_thread *t, const void *data, size_t len, bool stream,
		  struct server_verdict *out);

/*
 * Makes the answer in @data, which holds the request of @len bytes and has room
 * for out->length; @held is how long it was held, ns.
 */
void server_answer(struct server_thread *t, const struct server_verdict *out, void *data,
		   size_t len, uint64_t held);

/* "a client at ADDR speaks another version", once for all threads. */
void server_warn_version(struct server_thread *t, const struct sockaddr *from,
			 unsigned int version);

/* The same of a connection. */
void server_warn_conn(struct server_thread *t, int fd, unsigned int version);

/* Notes in an answer that waited, and in the histogram, how long it was held. */
void server_held(struct server_thread *t, void *data, size_t len, uint64_t held);

/* One line on standard error, and the end of the server. */
void server_fail(struct server_thread *t, const char *what);

/* Sleeps through a stall when one is due. */
void server_stall(struct server_thread *t);

/* False when the server is to end. */
bool server_goes_on(struct server_thread *t);

/* The two kinds of threads. */
void *server_udp(void *thread);
void *server_tcp(void *thread);

#endif
