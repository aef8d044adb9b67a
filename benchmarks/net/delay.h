/* SPDX-License-Identifier: GPL-2.0-only */
/* Delays of known distribution, and the queue of the answers that wait for theirs. */
#ifndef AZ_BENCHMARKS_NET_DELAY_H
#define AZ_BENCHMARKS_NET_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/rng.h"

enum delay_kind { DELAY_NONE, DELAY_FIXED, DELAY_EXP, DELAY_UNIFORM };

/* --delay and --fault of the server. Times in ns; 0 is off. */
struct delay_spec {
	enum delay_kind kind;
	uint64_t a, b;			/* fixed: a; exp: mean a; uniform: a to b */
	uint64_t stall, stall_every;	/* answers nothing for stall, at each stall_every */
	uint64_t drop, dup, reorder, corrupt;	/* each N-th request */
	uint32_t version;		/* of the wire format that the server claims */
};

/*
 * Calls of --delay ("fixed:1ms", "exp:100us", "uniform:1ms-2ms", "stall:100ms@5s",
 * as often as wanted) and --fault ("drop:100", "dup:N", "reorder:N", "corrupt:N",
 * "version:V"). Return 0, or -EINVAL after one line on standard error.
 */
int delay_parse(void *spec, const char *text);
int delay_parse_fault(void *spec, const char *text);

struct delay_state {
	struct az_rng rng;
};

/* The next delay, ns. */
uint64_t delay_draw(const struct delay_spec *spec, struct delay_state *state);

/* An answer that waits. The queue does not look at what is behind @due and @order. */
struct delay_item {
	uint64_t due, order;
	uint64_t taken;			/* ns: when the request came */
	struct sockaddr_storage addr;
	socklen_t addrlen;
	void *conn;
	bool twice, close, patch;	/* @patch: the header takes the time it was held */
	uint32_t len;
	uint8_t data[];
};

#define DELAY_BYTES_MAX	(64u << 20)	/* held by one queue at most */

struct delay_queue {
	struct delay_item **heap;
	size_t count, room;
	uint64_t bytes, order;
};

/* A new item with room for @len bytes, NULL when the queue may hold no more. */
struct delay_item *delay_item_new(struct delay_queue *queue, uint32_t len);

/* Puts @item in by its due time; items due at one time keep their order. Returns 0 or -ENOMEM. */
int delay_push(struct delay_queue *queue, struct delay_item *item);

/* When the first is due, UINT64_MAX for an empty queue. */
static inline uint64_t delay_first(const struct delay_queue *queue)
{
	return queue->count ? queue->heap[0]->due : UINT64_MAX;
}

/* Takes the first out; it is freed by delay_item_free(). The queue must not be empty. */
struct delay_item *delay_pop(struct delay_queue *queue);
void delay_item_free(struct delay_queue *queue, struct delay_item *item);
void delay_queue_free(struct delay_queue *queue);

#endif
