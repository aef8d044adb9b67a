// SPDX-License-Identifier: GPL-2.0-only
/* UDP flows: a connected socket each. */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "lib/log.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

/* What the flows of a thread share, as only one of them receives at a time. */
struct udp_rx {
	struct mmsghdr in[NET_BATCH];
	struct iovec iov[NET_BATCH];
	struct mmsghdr out[NET_BATCH];
	struct iovec out_iov[NET_BATCH];
	uint8_t (*control)[NET_CONTROL];	/* NULL: nobody wants control messages */
	size_t room;
	uint8_t *data;			/* NET_BATCH times room */
};

static void free_rx(struct udp_rx *rx)
{
	if (rx) {
		free(rx->control);
		free(rx->data);
	}
	free(rx);
}

static struct udp_rx *make_rx(const struct net_thread *t)
{
	struct udp_rx *rx = calloc(1, sizeof(*rx));
	unsigned int i;

	if (!rx)
		return NULL;
	/* One byte more than is expected, so that a longer answer shows. */
	rx->room = t->engine->longest + 1;
	rx->data = malloc(rx->room * NET_BATCH);
	if (t->net->control)
		rx->control = calloc(NET_BATCH, NET_CONTROL);
	if (!rx->data || (t->net->control && !rx->control)) {
		free_rx(rx);
		return NULL;
	}
	for (i = 0; i < NET_BATCH; i++) {
		rx->iov[i] = (struct iovec){ rx->data + i * rx->room, rx->room };
		rx->in[i].msg_hdr = (struct msghdr){ .msg_iov = &rx->iov[i], .msg_iovlen = 1 };
		rx->out[i].msg_hdr = (struct msghdr){ .msg_iov = &rx->out_iov[i], .msg_iovlen = 1 };
		if (rx->control)
			rx->in[i].msg_hdr.msg_control = rx->control[i];
	}
	return rx;
}

static int udp_open(struct net_flow *flow)
{
	const struct net_peer *peer = &flow->net->peers[flow->peer];
	int room = 4 << 20;

	if (!flow->thread->rx)
		flow->thread->rx = make_rx(flow->thread);
	if (flow->thread->rx && flow->net->wait == NET_WAIT_URING)
		flow->state = malloc(flow->thread->engine->longest + 1);
	if (!flow->thread->rx || (!flow->state && flow->net->wait == NET_WAIT_URING))
		return az_env("out of memory");
	flow->fd = net_flow_socket(flow, SOCK_DGRAM);
	if (flow->fd < 0)
		return AZ_EXIT_ENV;
	if (connect(flow->fd, &peer->addr.sa, peer->addrlen))
		return az_env("cannot connect to %s: %s", peer->name, strerror(errno));
	/* Answers of a burst wait here while the rest of it is sent. */
	if (setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

static void udp_close(struct net_flow *flow)
{
	if (flow->fd >= 0)
		close(flow->fd);
	flow->fd = -1;
	free(flow->state);
	flow->state = NULL;
}

/* One large send that the kernel or the interface cuts into @n datagrams of one size. */
static int send_segments(struct net_flow *flow, const struct net_out *out, unsigned int n)
{
	struct udp_rx *rx = flow->thread->rx;
	union {
		struct cmsghdr hdr;
		uint8_t data[CMSG_SPACE(sizeof(uint16_t))];
	} control = { .data = { 0 } };
	struct msghdr msg = {
		.msg_iov = rx->out_iov, .msg_control = &control,
		.msg_controllen = sizeof(control.data),
	};
	uint16_t size = (uint16_t)out[0].len;
	unsigned int most = NET_UDP_MAX / out[0].len, i;

	n = n < most ? n : most;
	for (i = 0; i < n; i++)
		rx->out_iov[i] = (struct iovec){ out[i].data, out[i].len };
	msg.msg_iovlen = n;
	control.hdr.cmsg_level = SOL_UDP;
	control.hdr.cmsg_type = UDP_SEGMENT;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(uint16_t));
	memcpy(CMSG_DATA(&control.hdr), &size, sizeof(size));
	return sendmsg(flow->fd, &msg, MSG_DONTWAIT) < 0 ? -errno : (int)n;
}

static int udp_send(struct net_flow *flow, const struct net_out *out, unsigned int n)
{
	struct udp_rx *rx = flow->thread->rx;
	unsigned int i;
	int got;

	if (n == 1) {
		got = send(flow->fd, out->data, out->len, MSG_DONTWAIT) < 0 ? -1 : 1;
	} else if (flow->net->gso) {
		return send_segments(flow, out, n);
	} else {
		for (i = 0; i < n; i++)
			rx->out_iov[i] = (struct iovec){ out[i].data, out[i].len };
		got = sendmmsg(flow->fd, rx->out, n, MSG_DONTWAIT);
	}
	/* Interrupted is as good as full: the caller tries again. */
	return got >= 0 ? got : errno == EINTR ? -EAGAIN : -errno;
}

static int recv_one(struct net_flow *flow, struct udp_rx *rx, struct net_in *in)
{
	ssize_t got = recv(flow->fd, rx->data, rx->room, flow->thread->recv_flags);

	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	*in = (struct net_in){ rx->data, (uint32_t)got, (size_t)got == rx->room, NULL };
	return 1;
}

static int udp_recv(struct net_flow *flow, struct net_in *in, unsigned int n)
{
	struct udp_rx *rx = flow->thread->rx;
	unsigned int i;
	int got;

	if (n == 1 && !rx->control)
		return recv_one(flow, rx, in);
	for (i = 0; rx->control && i < n; i++)
		rx->in[i].msg_hdr.msg_controllen = NET_CONTROL;
	got = recvmmsg(flow->fd, rx->in, n,
		       flow->thread->recv_flags ? flow->thread->recv_flags : MSG_WAITFORONE, NULL);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	for (i = 0; i < (unsigned int)got; i++)
		in[i] = (struct net_in){
			rx->iov[i].iov_base, rx->in[i].msg_len, rx->in[i].msg_len == rx->room,
			rx->control ? &rx->in[i].msg_hdr : NULL
		};
	return got;
}

static void *udp_buffer(struct net_flow *flow, size_t *room)
{
	*room = flow->thread->engine->longest + 1;
	return flow->state;
}

static int udp_took(struct net_flow *flow, size_t len, struct net_in *in, unsigned int n)
{
	*in = (struct net_in){
		flow->state, (uint32_t)len, len > flow->thread->engine->longest, NULL
	};
	return 1;
}

static void udp_thread_free(struct net_thread *t)
{
	free_rx(t->rx);
	t->rx = NULL;
}

const struct net_proto net_udp = {
	.name = "udp",
	.open = udp_open,
	.close = udp_close,
	.send = udp_send,
	.recv = udp_recv,
	.buffer = udp_buffer,
	.took = udp_took,
	.thread_free = udp_thread_free,
};
