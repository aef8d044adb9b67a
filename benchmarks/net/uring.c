// SPDX-License-Identifier: GPL-2.0-only
/*
 * --wait uring: a receive request of each flow lies in the ring; what is waited for
 * is a completion. With --busy-poll the ring polls the interfaces itself (NAPI
 * registration, kernel 6.9), for which liburing 2.3 has no call.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "lib/clock.h"
#include "lib/log.h"

#define RING_ENTRIES	4096u
#define REGISTER_NAPI	27	/* IORING_REGISTER_NAPI, include/uapi/linux/io_uring.h */

/* struct io_uring_napi of the same file. */
struct napi_config {
	uint32_t busy_poll_us;
	uint8_t prefer_busy_poll;
	uint8_t pad[3];
	uint64_t reserved;
};

struct net_uring {
	struct io_uring ring;
};

static int register_napi(const struct net_engine *e, int ring)
{
	struct napi_config config = {
		.busy_poll_us = (uint32_t)(e->net->busy_poll / 1000),
		.prefer_busy_poll = e->net->prefer_busy_poll,
	};

	if (!syscall(__NR_io_uring_register, ring, REGISTER_NAPI, &config, 1))
		return 0;
	if (errno == EINVAL)
		return az_env("--wait uring with --busy-poll: this kernel's io_uring cannot poll"
			      " an interface; it needs 6.9 or later");
	return az_env("--busy-poll: io_uring: %s", strerror(errno));
}

/* Puts the receive request of @flow into the ring. */
static void post(struct net_engine *e, struct net_flow *flow)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&e->uring->ring);
	size_t room;
	void *to;

	if (!sqe) {
		io_uring_submit(&e->uring->ring);
		sqe = io_uring_get_sqe(&e->uring->ring);
	}
	if (!sqe) {
		net_flow_failed(e, flow, -EBUSY);
		return;
	}
	to = flow->proto->buffer(flow, &room);
	io_uring_prep_recv(sqe, flow->fd, to, room, 0);
	io_uring_sqe_set_data(sqe, flow);
}

int net_uring_init(struct net_engine *e)
{
	unsigned int i, entries = e->t->nflows < RING_ENTRIES ? e->t->nflows : RING_ENTRIES;
	struct net_uring *uring;
	int ret;

	if (!e->net->proto->buffer)
		return az_usage("--wait uring: not with --proto %s", e->net->proto->name);
	if (e->net->control)
		return az_usage("--wait uring: not with --stamps");
	uring = calloc(1, sizeof(*uring));
	if (!uring)
		return az_env("out of memory");
	ret = io_uring_queue_init(entries, &uring->ring, 0);
	if (ret) {
		free(uring);
		return az_env("--wait uring: io_uring is not to be had here (%s); a kernel may"
			      " switch it off by kernel.io_uring_disabled", strerror(-ret));
	}
	e->uring = uring;
	if (!(uring->ring.features & IORING_FEAT_EXT_ARG))
		return az_env("--wait uring: this kernel's io_uring cannot wait for a time; it"
			      " needs 5.11 or later");
	ret = e->net->busy_poll ? register_napi(e, uring->ring.ring_fd) : 0;
	for (i = 0; !ret && i < e->t->nflows; i++)
		post(e, e->t->flows[i]);
	return ret;
}

void net_uring_free(struct net_engine *e)
{
	if (!e->uring)
		return;
	io_uring_queue_exit(&e->uring->ring);
	free(e->uring);
	e->uring = NULL;
}

static void complete(struct net_engine *e, struct net_flow *flow, int res)
{
	uint64_t now = az_clock_ns();
	int got = res;

	if (res == 0 && flow->proto->stream)
		got = -ECONNRESET;
	else if (res >= 0)
		got = flow->proto->took(flow, (size_t)res, e->ins, NET_BATCH);
	while (got > 0) {
		net_take(e, flow, e->ins, (unsigned int)got, now);
		/* More messages may have come than were handed out at once. */
		got = got == NET_BATCH ? flow->proto->took(flow, 0, e->ins, NET_BATCH) : -EAGAIN;
	}
	if (got < 0 && got != -EAGAIN && got != -EINTR)
		net_flow_failed(e, flow, got);
	if (e->ret)
		return;
	post(e, flow);
	if (!e->open_loop)
		net_refill(e, flow->group);
}

void net_uring_receive(struct net_engine *e, uint64_t ns)
{
	struct __kernel_timespec limit = {
		.tv_sec = (int64_t)(ns / AZ_NSEC_PER_SEC),
		.tv_nsec = (long long)(ns % AZ_NSEC_PER_SEC),
	};
	struct io_uring *ring = &e->uring->ring;
	struct io_uring_cqe *cqe;
	struct net_flow *flow;
	unsigned int i;
	int res;

	for (i = 0; i < e->t->nflows; i++)
		if (e->t->flows[i]->blocked && e->t->flows[i]->proto->flush)
			e->t->flows[i]->proto->flush(e->t->flows[i]);
	if (ns)
		io_uring_submit_and_wait_timeout(ring, &cqe, 1, &limit, NULL);
	else
		io_uring_submit_and_get_events(ring);
	while (!e->ret && !io_uring_peek_cqe(ring, &cqe)) {
		flow = io_uring_cqe_get_data(cqe);
		res = cqe->res;
		io_uring_cqe_seen(ring, cqe);
		complete(e, flow, res);
	}
}
