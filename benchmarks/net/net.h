/* SPDX-License-Identifier: GPL-2.0-only */
/* What the network workloads share: options and sockets. Flows: flow.h, messages: wire.h. */
#ifndef AZ_BENCHMARKS_NET_H
#define AZ_BENCHMARKS_NET_H

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "benchmarks/bench.h"
#include "benchmarks/load/schedule.h"
#include "benchmarks/net/delay.h"

#define NET_UDP_MAX	65507u	/* bytes of a payload: 65535 less the IPv4 and UDP headers */
#define NET_PEERS_MAX	64
#define NET_FLOWS_MAX	65536
#define NET_ERROR_MAX	192

union net_addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

struct net_peer {
	const char *name;	/* as given, for messages */
	union net_addr addr;
	socklen_t addrlen;
};

/* How a thread waits for an answer. */
enum net_wait {
	NET_WAIT_BLOCK,		/* in the receive call, or ppoll() when there is a time to keep */
	NET_WAIT_SPIN,		/* never sleeps */
	NET_WAIT_EPOLL,
	NET_WAIT_URING,
};

/* Sizes are drawn from lo to hi, both included. */
struct net_range {
	uint64_t lo, hi;
};

struct load_run;
struct net_hooks;
struct net_proto;

struct net_bench {
	struct bench bench;
	struct load_spec load;
	const char *mode, *proto_name, *wait_name;
	const char *peer;	/* the first one, as given */
	union net_addr addr;
	socklen_t addrlen;
	struct net_peer *peers;
	unsigned int npeers;
	struct net_range sizes;	/* bytes of a request */
	struct net_range reply;	/* of its answer; hi 0: as long as the request */
	uint64_t size;		/* bytes of payload of the modes with one size */
	uint64_t timeout;	/* ns to wait for one answer */
	uint64_t burst;		/* mode burst: packets of one burst */
	uint64_t bytes;		/* mode tcp: of one transfer */

	const struct net_proto *proto;
	enum net_wait wait;
	uint64_t flows, depth, window, fanout, reply_every;
	uint64_t ports;		/* first local port, 0: the kernel chooses */
	bool max_rate;		/* --rate max: as fast as the sockets take it */
	bool gso;		/* UDP_SEGMENT for several that are due at once */
	uint64_t busy_poll;	/* ns */
	uint64_t busy_budget;
	bool prefer_busy_poll;

	bool ramp;
	uint64_t bound, ramp_step, settle;	/* ns */
	double ramp_from, ramp_to;		/* events a second */

	bool tcp;		/* once asked the server for TCP; it always serves it now */
	struct delay_spec delay;	/* of the server */

	const struct net_hooks *hooks;	/* flow.h; NULL: nothing else wants the samples */
	bool failed;		/* atomic: @error is being written, by one thread */
	char error[NET_ERROR_MAX];	/* why the run ended, for the result */
	struct load_run *run;	/* mode rtt: for marks, while it lasts */
	bool control;		/* the hooks want control messages (--stamps) */
	unsigned int hook_hist;	/* id of the hooks' first histogram in the recorders */
};

/* Parses "192.0.2.1:7" or "[2001:db8::1]:7". Returns 0 or -EINVAL. */
int net_parse_peer(struct net_peer *peer, const char *text);

/*
 * A socket of @type, connected to the first peer when @connected. Returns the
 * descriptor, or negative after one line on standard error.
 */
int net_socket(const struct net_bench *net, int type, bool connected);

/*
 * Sets what --busy-poll, --prefer-busy-poll and --busy-budget ask for on socket @fd.
 * Returns 0, or an exit code after one line that names what the kernel refused.
 */
int net_busy_poll(const struct net_bench *net, int fd);

/* Sends small messages at once (TCP_NODELAY). */
void net_no_delay(int fd);

/* Raises the limit of open files to what this process may have at most; returns it. */
uint64_t net_raise_files(void);

/* epoll_wait() for at most @ns, to the ns where the kernel has epoll_pwait2() (5.11). */
int net_epoll_wait(int epoll, struct epoll_event *events, int max, uint64_t ns);

/*
 * EPIOCSPARAMS (kernel 6.9): busy polling by the epoll instance itself. Returns 0
 * or an exit code, as net_busy_poll().
 */
int net_epoll_busy_poll(const struct net_bench *net, int epoll);

/* A result with the configuration that all modes share. */
json_t *net_result(const struct net_bench *net, const char *benchmark);
void net_describe_config(const struct net_bench *net, json_t *result);

/*
 * Fills @net, which has the defaults that no mode decides, from the command line.
 * Returns 0, NET_HELP when help was printed, or an exit code after one line.
 */
#define NET_HELP	-1
int net_options(struct net_bench *net, int argc, char **argv);

/* The modes; each returns an exit code. */
int net_rtt(struct net_bench *net);
int net_burst(struct net_bench *net);
int net_tcp(struct net_bench *net);
int net_serve(struct net_bench *net);

#endif
