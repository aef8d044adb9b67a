/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of a sample goes, by the kernel's stamps (SO_TIMESTAMPING).
 *
 *	intended -> begin -> TX_SCHED -> TX_SOFTWARE ..... RX_SOFTWARE -> application
 *	       schedule   send       qdisc        network           wakeup
 *
 * "network" is all between the two drivers' software stamps, less what the server
 * says that it kept the packet ("server": its receive stamp to its send). Where
 * the interface stamps packets in hardware, "network" is split into "wire" (from
 * the transmit to the receive stamp of its clock, less the server) and "nic" (the
 * rest: both ways between software and hardware stamp). Hardware times are only
 * subtracted from hardware times.
 *
 * A stamp that did not come leaves no guess: its two stages become one, called
 * "send+qdisc" for instance, and what spans the network has "+server" in its name
 * when the server did not say what it kept. The stages of a sample add up to its
 * latency to the nanosecond. Samples during which the clock was set have none.
 *
 * Memory: 120 bytes for each of spec.capacity packets under way, fixed at the start.
 * One thread uses a struct stamps; nothing here waits.
 */
#ifndef AZ_BENCHMARKS_NET_STAMPS_H
#define AZ_BENCHMARKS_NET_STAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>

#include "benchmarks/net/clock.h"

/* Room that recvmsg() needs in msg_control for the receive stamps. */
#define STAMPS_CONTROL	256

/* Times of one sample; 0 where there is none. */
struct stamps_sample {
	uint64_t seq;
	uint64_t intended, begin, app;	/* the application's, CLOCK_MONOTONIC ns */
	uint64_t sched, soft, rx;	/* the kernel's, CLOCK_REALTIME ns */
	uint64_t hw_tx, hw_rx;		/* the interface's clock */
	uint64_t ack;			/* TCP: the peer's kernel has it all, CLOCK_REALTIME */
	uint64_t server;		/* ns that the server kept it */
	uint64_t server_wakeup;		/* ns of it before the server's application had it */
};

/* The stages are numbered; 0 .. STAMPS_STAGES - 1. */
#define STAMPS_STAGES	23

/*
 * "stage_qdisc"; what lies beside the sum is not called "stage_": "server_wakeup",
 * "server_app", "tcp_ack". NULL for a number that has no stage.
 */
const char *stamps_stage_name(unsigned int stage);

struct stamps_value {
	unsigned int stage;
	uint64_t ns;
};

/*
 * The stages of @sample in path order, into @values of STAMPS_STAGES, with
 * @watch to bring the clocks together. Those with stamps_stage_is_part() false
 * lie beside the sum (parts of another stage). Returns how many; 0 when a time is
 * out of order, or when there is no stamp to split by.
 */
unsigned int stamps_split(const struct stamps_sample *sample, const struct clock_watch *watch,
			  struct stamps_value *values);
bool stamps_stage_is_part(unsigned int stage);

struct stamps_counts {
	uint64_t samples;	/* with an answer */
	uint64_t split;		/* of them, with stages */
	uint64_t stepped;	/* dropped: the clock was set */
	uint64_t disordered;	/* dropped: a time is out of order */
	uint64_t evicted;	/* dropped: more under way than the memory is for */
	uint64_t sched, soft, rx, hw_tx, hw_rx, server, ack; /* samples that have it */
	uint64_t steps;		/* of the clock */
	uint64_t resyncs;	/* the kernel's numbers had moved against ours */
};

struct stamps;

/* Gets the stages of one sample, within stamps_received() or stamps_collect(). */
typedef void (*stamps_fn)(void *ctx, const struct stamps_sample *sample,
			  const struct stamps_value *values, unsigned int n);

struct stamps_spec {
	unsigned int capacity;	/* packets under way that are remembered; a power of two */
	bool stream;		/* TCP: packets are told by the bytes sent */
	stamps_fn fn;
	void *ctx;
	/* How clocks are read; NULL is clock_gettime(). For tests, which set them. */
	int (*read)(clockid_t id, struct timespec *ts);
};

/*
 * Turns the stamps of socket @fd on; a TCP one is connected and has sent nothing.
 * Returns 0 or negative errno (-EOPNOTSUPP: the kernel has none for this socket).
 * The receive stamps of a machine begin to flow some milliseconds later, unless
 * stamps_flow() has seen to it.
 *
 * The kernel numbers packets (OPT_ID), and older ones count a send that failed.
 * A stamp of a number that was not sent yet, or a time before its packet, shows
 * that; numbering then begins again, and what is under way has no stages.
 */
int stamps_open(struct stamps **out, int fd, const struct stamps_spec *spec);
void stamps_close(struct stamps *stamps);

/*
 * Packet @seq, of @bytes, is about to go in a send call that begins at @begin.
 * Numbers are consecutive from any first one; the same number again is another try
 * after a call that took nothing.
 */
void stamps_sent(struct stamps *stamps, uint64_t seq, uint64_t begin, size_t bytes);

/* The answer to a packet, as its receiver saw it. */
struct stamps_answer {
	uint64_t seq;
	uint64_t intended;	/* when the packet ought to have gone, 0 in a closed loop */
	uint64_t begin;		/* when it went; 0: as stamps_sent() was told */
	uint64_t app;		/* when recvmsg() had returned */
	const struct msghdr *msg;	/* what it filled, NULL: no receive stamps */
	uint64_t held;		/* ns that the server kept it, 0: not told */
	uint64_t wakeup;	/* ns of these before its application had it, 0: not told */
};

/* Takes an answer; another one to the same packet is passed over. */
void stamps_received(struct stamps *stamps, const struct stamps_answer *answer);

/*
 * Reads what the kernel has put into the error queue, at most @limit stamps (0:
 * all), and hands out samples that are complete. Does not wait. To be called
 * between samples, and when poll() says POLLERR. Returns how many it has read.
 */
unsigned int stamps_collect(struct stamps *stamps, unsigned int limit);

/* The end: hands out samples whose last stamps never came. */
void stamps_finish(struct stamps *stamps);

/* What was counted so far. */
const struct stamps_counts *stamps_counts(const struct stamps *stamps);
/* Adds @from to @to. Steps of the clock are the same for all threads, and not added. */
void stamps_counts_add(struct stamps_counts *to, const struct stamps_counts *from);

/*
 * Makes the kernel stamp what is received, which it begins to do in its own time
 * once somebody asks, and waits (at most a second) until it does. Returns a socket
 * that keeps it so until closed, or negative errno.
 */
int stamps_flow(void);

/* The receive stamps of @msg: software (CLOCK_REALTIME) and hardware, 0 without. */
void stamps_of_message(const struct msghdr *msg, uint64_t *soft, uint64_t *hard);

/*
 * For a server: receive stamps only, so that it can say how long it kept a
 * packet. Returns 0 or negative errno.
 */
int stamps_receive_only(int fd);

/*
 * Says in @result what was not split: "stages_missing", the names of what no stamp
 * bounds, with the reason; "stamps", what interface @ifname claims to stamp
 * (ETHTOOL_GET_TS_INFO); and counts. @ifname may be "". Also writes the reasons
 * as one line for a person to @text.
 */
void stamps_report(json_t *result, const struct stamps_counts *counts, const char *ifname,
		   char *text, size_t len);

#endif
