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
#include <time.h>

#include "benchmarks/net/server.h"
#include "benchmarks/net/stamps.h"
#include "lib/clock.h"

#define DATAGRAM_MAX	65536
#define CLOCK_TRIES	4
#define CLOCK_READ_NS	500	/* reading a clock twice takes less, but for an interruption */
#define PROBE		8

struct udp_server {
	struct server_thread *t;
	struct mmsghdr in[SERVER_BATCH], out[SERVER_BATCH * 2];
	struct iovec iov[SERVER_BATCH], out_iov[SERVER_BATCH * 2];
	struct sockaddr_storage from[SERVER_BATCH];
	/* The address that the client sent to, and receive stamps. */
	uint8_t control[SERVER_BATCH][STAMPS_CONTROL];
	uint64_t real_now;			/* CLOCK_REALTIME when the batch was taken */
	unsigned int n_out, calls;
	bool busy;				/* the last batch had several */
	uint8_t *data;				/* SERVER_BATCH times DATAGRAM_MAX */
};

static uint8_t *buffer(struct udp_server *udp, unsigned int i)
{
	return udp->data + (size_t)i * DATAGRAM_MAX;
}

/*
 * Asking for more than has come costs a try for each call. While single requests
 * come, only each PROBE-th call asks for a batch.
 */
static int take(struct udp_server *udp, int flags)
{
	unsigned int most = udp->busy || ++udp->calls % PROBE == 0 ? SERVER_BATCH : 1, i;
	int got;

	for (i = 0; i < most; i++) {
		udp->in[i].msg_hdr.msg_namelen = sizeof(udp->from[i]);
		udp->in[i].msg_hdr.msg_controllen = udp->t->srv->wildcard || udp->t->stamped ?
						    sizeof(udp->control[i]) : 0;
	}
	if (most == 1) {
		got = (int)recvmsg(udp->t->fd, &udp->in[0].msg_hdr, flags & MSG_DONTWAIT);
		udp->in[0].msg_len = (unsigned int)got;
		return got < 0 ? -1 : 1;
	}
	got = recvmmsg(udp->t->fd, udp->in, most, flags, NULL);
	udp->busy = got > 1;
	return got;
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
		if (udp->n_out == 1)
			got = sendmsg(udp->t->fd, &udp->out[0].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
		else
			got = sendmmsg(udp->t->fd, udp->out + sent, udp->n_out - sent,
				       MSG_DONTWAIT);
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

/*
 * How long ago the kernel had the packet, for clients that want to know; 0 before
 * the stamps flow. Takes the stamps out of @msg, which goes back with the answer:
 * there such a message would ask for stamps.
 */
static uint32_t wake_ns(struct udp_server *udp, struct msghdr *msg)
{
	struct cmsghdr *c, *first = CMSG_FIRSTHDR(msg);
	uint64_t soft, hard;

	if (!udp->t->stamped) {
		udp->t->stamped = !stamps_receive_only(udp->t->fd);
		return 0;
	}
	stamps_of_message(msg, &soft, &hard);
	for (c = first; c && c->cmsg_level == SOL_SOCKET; c = CMSG_NXTHDR(msg, c))
		;
	if (c && c != first)
		memmove(first, c, CMSG_ALIGN(c->cmsg_len));
	msg->msg_controllen = c ? CMSG_ALIGN(first->cmsg_len) : 0;
	/* Else the clock was set in between. */
	return soft && udp->real_now > soft && udp->real_now - soft < UINT32_MAX ?
	       (uint32_t)(udp->real_now - soft) : 0;
}

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * AZ_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * The time, in udp->real_now by CLOCK_REALTIME as well. An interruption between the
 * two readings would count twice: once in the wake-up, once in the time held.
 */
static uint64_t both_clocks(struct udp_server *udp)
{
	uint64_t now;
	int i;

	for (i = 0; i < CLOCK_TRIES; i++) {
		udp->real_now = realtime_ns();
		now = az_clock_ns();
		if (realtime_ns() - udp->real_now < CLOCK_READ_NS)
			break;
	}
	return now;
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
	out.wire.wake_ns = 0;
	if (udp->t->stamped || (out.ours && out.wire.flags & NET_WIRE_STAMPS))
		out.wire.wake_ns = wake_ns(udp, msg);
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

	while (t->queue.count && delay_first(&t->queue) <= (now = az_clock_ns())) {
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
		return take(udp, udp->t->srv->net->wait == NET_WAIT_SPIN ? MSG_DONTWAIT :
									   MSG_WAITFORONE);
	now = az_clock_ns();
	left = first > now ? first - now : 0;
	if (left > SERVER_TICK_NS)
		left = SERVER_TICK_NS;
	limit = (struct timespec){ .tv_nsec = (long)left };
	if (ppoll(&pfd, 1, &limit, NULL) <= 0)
		return 0;
	return take(udp, MSG_DONTWAIT);
}

static void loop(struct udp_server *udp)
{
	uint64_t now;
	int n, i;

	while (server_goes_on(udp->t)) {
		server_stall(udp->t);
		n = wait_for_some(udp);
		now = udp->t->stamped ? both_clocks(udp) : az_clock_ns();
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
