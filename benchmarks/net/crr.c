// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP connect-request-close: a connection for each request. Our server closes
 * first, so that it has the TIME_WAIT and the local port is free again at once; of a
 * plain echo server, which does not close, the connection is reset.
 *
 * From the request until the connection is closed the flow is "blocked".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "lib/clock.h"
#include "lib/log.h"

struct crr {
	bool connecting, answered;
	uint64_t begin;
	uint8_t *in, *out;
	size_t in_len, out_len, out_done, room;
};

static int crr_open(struct net_flow *flow)
{
	struct crr *crr = calloc(1, sizeof(*crr));

	flow->state = crr;
	flow->fd = -1;
	if (!crr)
		return az_env("out of memory");
	crr->room = flow->thread->engine->longest;
	crr->in = malloc(crr->room);
	crr->out = malloc(crr->room);
	return crr->in && crr->out ? 0 : az_env("out of memory");
}

/* Ends the connection only: the flow makes another one for its next request. */
static void hang_up(struct net_flow *flow, bool reset)
{
	struct linger linger = { .l_onoff = 1 };
	struct crr *crr = flow->state;

	if (flow->fd >= 0) {
		if (reset)
			setsockopt(flow->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(flow->fd);
	}
	flow->fd = -1;
	flow->blocked = false;
	crr->connecting = crr->answered = false;
	crr->in_len = 0;
}

static void crr_abort(struct net_flow *flow)
{
	hang_up(flow, true);
}

static void crr_close(struct net_flow *flow)
{
	struct crr *crr = flow->state;

	if (!crr)
		return;
	hang_up(flow, true);
	free(crr->in);
	free(crr->out);
	free(crr);
	flow->state = NULL;
}

static int send_rest(struct net_flow *flow)
{
	struct crr *crr = flow->state;
	ssize_t put;

	while (crr->out_done < crr->out_len) {
		put = send(flow->fd, crr->out + crr->out_done, crr->out_len - crr->out_done,
			   MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		crr->out_done += (size_t)put;
	}
	return net_watch(flow, false, EPOLLIN);
}

static int crr_flush(struct net_flow *flow)
{
	struct crr *crr = flow->state;
	socklen_t len = sizeof(int);
	int err = 0;

	if (flow->fd < 0 || crr->out_done == crr->out_len)
		return 0;
	if (crr->connecting) {
		getsockopt(flow->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err)
			return -err;
		crr->connecting = false;
		if (recorder_counts(flow->thread->worker->rec, crr->begin))
			recorder_add(flow->thread->worker->rec, NET_HIST_CONNECT,
				     az_clock_ns() - crr->begin);
	}
	return send_rest(flow);
}

static int crr_send(struct net_flow *flow, const struct net_out *out, unsigned int n)
{
	const struct net_peer *peer = &flow->net->peers[flow->peer];
	struct crr *crr = flow->state;
	int ret;

	crr->begin = az_clock_ns();
	flow->fd = net_flow_socket(flow, SOCK_STREAM);
	if (flow->fd < 0)
		return -EMFILE;
	memcpy(crr->out, out->data, out->len);
	crr->out_len = out->len;
	crr->out_done = 0;
	crr->connecting = true;
	net_no_delay(flow->fd);
	if (connect(flow->fd, &peer->addr.sa, peer->addrlen) && errno != EINPROGRESS) {
		ret = errno == EADDRNOTAVAIL ? -EAGAIN : -errno;
		hang_up(flow, true);
		return ret;
	}
	flow->blocked = true;
	ret = net_watch(flow, true, EPOLLIN | EPOLLOUT);
	return ret ? ret : 1;
}

static int take_answer(struct net_flow *flow, struct net_in *in)
{
	struct crr *crr = flow->state;
	enum net_wire_error error;
	struct net_wire wire;

	if (crr->in_len < NET_WIRE_FULL)
		return -EAGAIN;
	error = net_wire_get(&wire, crr->in, crr->in_len, true);
	*in = (struct net_in){ crr->in, NET_WIRE_FULL, false, NULL };
	if (error == NET_WIRE_VERSIONS)
		return 1;
	if (error || wire.length > crr->room)
		return -EBADMSG;
	if (crr->in_len < wire.length)
		return -EAGAIN;
	in->len = wire.length;
	crr->answered = true;
	if (!(wire.flags & NET_WIRE_ANSWER))
		hang_up(flow, true);
	return 1;
}

static int crr_recv(struct net_flow *flow, struct net_in *in, unsigned int n)
{
	struct crr *crr = flow->state;
	uint8_t spare[64];
	ssize_t got;

	if (flow->fd < 0)
		return -EAGAIN;
	got = crr->answered || crr->in_len == crr->room ?
	      recv(flow->fd, spare, sizeof(spare), MSG_DONTWAIT) :
	      recv(flow->fd, crr->in + crr->in_len, crr->room - crr->in_len, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (got <= 0 && crr->answered) {
		hang_up(flow, false);
		return -EAGAIN;
	}
	if (got <= 0)
		return got ? -errno : -ECONNRESET;
	if (crr->answered)
		return -EBADMSG;
	crr->in_len += (size_t)got;
	return take_answer(flow, in);
}

const struct net_proto net_crr = {
	.name = "crr",
	.stream = true,
	.one_shot = true,
	.open = crr_open,
	.close = crr_close,
	.abort = crr_abort,
	.send = crr_send,
	.recv = crr_recv,
	.flush = crr_flush,
};
