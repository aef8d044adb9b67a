// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's UDP thread: it takes what has come in one call and answers in
 * one call. While no answer waits for its delay, it waits in the receive call.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/net/server.h"
#include "lib/clock.h"

#define DATAGRAM_MAX	65536

struct udp_server {
	struct server_thread *t;
	struct mmsghdr in[SERVER_BATCH], out[SERVER_BATCH * 2];
	struct iovec iov[SERVER_BATCH], out_iov[SERVER_BATCH * 2];
	struct sockaddr_storage from[SERVER_BATCH];
	uint8_t control[SERVER_BATCH][64];	/* the address that the client sent to */
	unsigned int n_out;
	uint8_t *data;				/* SERVER_BATCH times DATAGRAM_MAX */
};

static uint8_t *buffer(struct udp_server *udp, unsigned int i)
{
	return udp->data + (size_t)i * DATAGRAM_MAX;
}

static int take(struct udp_server *udp, unsigned int most, int flags)
{
	unsigned int i;

	for (i = 0; i < most; i++) {
		udp->in[i].msg_hdr.msg_namelen = sizeof(udp->from[i]);
		udp->in[i].msg_hdr.msg_controllen = udp->t->srv->wildcard ?
						    sizeof(udp->control[i]) : 0;
	}
	return recvmmsg(udp->t->fd, udp->in, most, flags, NULL);
}

/*
 * What is there, as a batch. Waits only when there is nothing, and then for one: a
 * receive call that may take more looks for a second one before it returns, which
 * the first one would wait for.
 */
static int take_or_wait(struct udp_server *udp)
{
	int n = take(udp, SERVER_BATCH, MSG_DONTWAIT);

	if (n > 0 || udp->t->srv->net->wait == NET_WAIT_SPIN)
		return n;
	return take(udp, 1, 0);
}

static void add_out(struct udp_server *udp, struct msghdr *msg, void *data, size_t len)
{
	struct iovec *iov = &udp->out_iov[udp->n_out];

	*iov = (struct iovec){ data, len };
	udp->out[udp->n_out].msg_hdr = (struct msghdr){
		.msg_name = msg->msg_name, .msg_namelen = msg->msg_namelen,
		.msg_iov = iov, .msg_iovlen = 1,
		.msg_control = msg->msg_controllen ? msg->msg_control : NULL,
		.msg_controllen = msg->msg_controllen,
	};
	udp->n_out++;
}

/* A full queue drops the answer, as a network would. */
static void flush(struct udp_server *udp)
{
	unsigned int sent = 0, i;
	int got;

	while (sent < udp->n_out) {
		got = sendmmsg(udp->t->fd, udp->out + sent, udp->n_out - sent, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			udp->t->counts.not_sent++;
			sent++;
			continue;
		}
		for (i = 0; i < (unsigned int)got; i++)
			udp->t->counts.bytes += udp->out_iov[sent + i].iov_len;
		sent += (unsigned int)got;
	}
	udp->n_out = 0;
}

/* Keeps the answer, made but for the time that it was held, until it is due. */
static void hold(struct udp_server *udp, const struct server_verdict *out, struct msghdr *msg,
		 void *data, size_t len, uint64_t now)
{
	struct server_thread *t = udp->t;
	struct delay_item *item = delay_item_new(&t->queue, out->length);

	if (!item) {
		t->counts.overflow++;
		return;
	}
	server_answer(t, out, data, len, 0);
	memcpy(item->data, data, out->length);
	memcpy(&item->addr, msg->msg_name, msg->msg_namelen);
	item->addrlen = msg->msg_namelen;
	item->due = now + out->delay;
	item->taken = now;
	item->twice = out->twice;
	if (delay_push(&t->queue, item)) {
		t->counts.overflow++;
		delay_item_free(&t->queue, item);
	}
}

static void answer(struct udp_server *udp, unsigned int i, uint64_t now)
{
	struct server_thread *t = udp->t;
	struct msghdr *msg = &udp->in[i].msg_hdr;
	size_t len = udp->in[i].msg_len;
	uint8_t *data = buffer(udp, i);
	struct server_verdict out;

	if (msg->msg_flags & MSG_TRUNC)
		return;
	server_judge(t, data, len, false, &out);
	if (out.refuse)
		server_warn_version(t, msg->msg_name, out.wire.flags ? data[4] : 0);
	t->counts.datagrams++;
	if (out.silent || out.drop)
		return;
	if (out.delay) {
		hold(udp, &out, msg, data, len, now);
		return;
	}
	server_answer(t, &out, data, len, az_clock_ns() - now);
	add_out(udp, msg, data, out.length);
	if (out.twice)
		add_out(udp, msg, data, out.length);
}

/* Sends what is due, and says in each answer how long it was held. */
static void send_due(struct udp_server *udp)
{
	struct server_thread *t = udp->t;
	struct delay_item *item;
	struct msghdr msg;
	uint64_t now;

	while (delay_first(&t->queue) <= (now = az_clock_ns())) {
		item = delay_pop(&t->queue);
		msg = (struct msghdr){ .msg_name = &item->addr, .msg_namelen = item->addrlen };
		server_held(t, item->data, item->len, now - item->taken);
		add_out(udp, &msg, item->data, item->len);
		if (item->twice)
			add_out(udp, &msg, item->data, item->len);
		flush(udp);
		delay_item_free(&t->queue, item);
	}
}

static int wait_for_some(struct udp_server *udp)
{
	struct pollfd pfd = { .fd = udp->t->fd, .events = POLLIN };
	uint64_t first = delay_first(&udp->t->queue), now, left;
	struct timespec limit;

	if (first == UINT64_MAX)
		return take_or_wait(udp);
	now = az_clock_ns();
	left = first > now ? first - now : 0;
	if (left > SERVER_TICK_NS)
		left = SERVER_TICK_NS;
	limit = (struct timespec){ .tv_nsec = (long)left };
	if (ppoll(&pfd, 1, &limit, NULL) <= 0)
		return 0;
	return take(udp, SERVER_BATCH, MSG_DONTWAIT);
}

static void loop(struct udp_server *udp)
{
	uint64_t now;
	int n, i;

	while (server_goes_on(udp->t)) {
		server_stall(udp->t);
		n = wait_for_some(udp);
		now = az_clock_ns();
		for (i = 0; i < n; i++)
			answer(udp, (unsigned int)i, now);
		flush(udp);
		send_due(udp);
	}
	/* Answers on their way have to be out before the result says so. */
	while (udp->t->queue.count && !__atomic_load_n(&udp->t->srv->hurry, __ATOMIC_RELAXED)) {
		now = az_clock_ns();
		if (delay_first(&udp->t->queue) > now)
			az_sleep_ns(1000000);
		send_due(udp);
	}
}

void *server_udp(void *thread)
{
	struct server_thread *t = thread;
	struct udp_server *udp = calloc(1, sizeof(*udp));
	unsigned int i;

	if (udp)
		udp->data = malloc((size_t)SERVER_BATCH * DATAGRAM_MAX);
	if (!udp || !udp->data) {
		server_fail(t, "out of memory");
		goto out;
	}
	udp->t = t;
	for (i = 0; i < SERVER_BATCH; i++) {
		udp->iov[i] = (struct iovec){ buffer(udp, i), DATAGRAM_MAX };
		udp->in[i].msg_hdr = (struct msghdr){
			.msg_name = &udp->from[i], .msg_iov = &udp->iov[i], .msg_iovlen = 1,
			.msg_control = udp->control[i],
		};
	}
	loop(udp);
out:
	if (udp)
		free(udp->data);
	free(udp);
	return NULL;
}
