// SPDX-License-Identifier: GPL-2.0-only
/* TCP flows: framed messages over one connection that stays. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "lib/log.h"

#define OUT_MOST	(256u << 10)	/* bytes of one send call, or one message */

struct stream {
	uint8_t *in, *out;
	size_t begin, end, room;	/* of what was received */
	size_t out_begin, out_end;	/* of what did not fit into the socket */
	size_t out_room;
};

static void stream_close(struct net_flow *flow)
{
	struct stream *stream = flow->state;

	if (flow->fd >= 0)
		close(flow->fd);
	flow->fd = -1;
	if (stream) {
		free(stream->in);
		free(stream->out);
	}
	free(stream);
	flow->state = NULL;
}

static int make_buffers(struct net_flow *flow)
{
	size_t longest = flow->thread->engine->longest;
	struct stream *stream = calloc(1, sizeof(*stream));

	flow->state = stream;
	if (!stream)
		return -ENOMEM;
	stream->room = longest > 16384 ? 2 * longest : 32768;
	stream->out_room = OUT_MOST > flow->net->sizes.hi ? OUT_MOST : flow->net->sizes.hi;
	if (flow->net->flows > 64 && flow->net->sizes.hi <= 4096)
		stream->out_room = 16384;
	stream->in = malloc(stream->room);
	stream->out = malloc(stream->out_room);
	return stream->in && stream->out ? 0 : -ENOMEM;
}

/* connect() for at most --timeout; the flow's socket does not wait by itself. */
static int connect_in_time(struct net_flow *flow, const struct net_peer *peer)
{
	struct pollfd pfd = { .fd = flow->fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0, ret;

	if (!connect(flow->fd, &peer->addr.sa, peer->addrlen))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	ret = poll(&pfd, 1, (int)(flow->net->timeout / 1000000) + 1);
	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	getsockopt(flow->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return -err;
}

static int stream_open(struct net_flow *flow)
{
	const struct net_peer *peer = &flow->net->peers[flow->peer];
	int ret;

	if (make_buffers(flow))
		return az_env("out of memory");
	flow->fd = net_flow_socket(flow, SOCK_STREAM);
	if (flow->fd < 0)
		return AZ_EXIT_ENV;
	ret = connect_in_time(flow, peer);
	if (ret == -ECONNREFUSED)
		return az_env("nothing answers at %s: start 'azimuth bench net --mode serve' there",
			      peer->name);
	if (ret)
		return az_env("cannot connect to %s: %s", peer->name, strerror(-ret));
	net_no_delay(flow->fd);
	if (!flow->thread->recv_flags)
		fcntl(flow->fd, F_SETFL, fcntl(flow->fd, F_GETFL) & ~O_NONBLOCK);
	return 0;
}

static int stream_flush(struct net_flow *flow)
{
	struct stream *stream = flow->state;
	ssize_t put;

	while (stream->out_begin < stream->out_end) {
		put = send(flow->fd, stream->out + stream->out_begin,
			   stream->out_end - stream->out_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (put < 0)
			break;
		stream->out_begin += (size_t)put;
	}
	flow->blocked = stream->out_begin < stream->out_end;
	if (!flow->blocked)
		stream->out_begin = stream->out_end = 0;
	return 0;
}

static int stream_send(struct net_flow *flow, const struct net_out *out, unsigned int n)
{
	struct stream *stream = flow->state;
	unsigned int i;
	int ret;

	if (flow->blocked)
		return -EAGAIN;
	for (i = 0; i < n && stream->out_end + out[i].len <= stream->out_room; i++) {
		memcpy(stream->out + stream->out_end, out[i].data, out[i].len);
		stream->out_end += out[i].len;
	}
	ret = stream_flush(flow);
	return ret ? ret : (int)i;
}

/* Messages that are whole. */
static int parse(struct stream *stream, struct net_in *in, unsigned int n)
{
	enum net_wire_error error;
	struct net_wire wire;
	unsigned int i = 0;
	size_t have;

	while (i < n && (have = stream->end - stream->begin) >= NET_WIRE_FULL) {
		error = net_wire_get(&wire, stream->in + stream->begin, have, true);
		if (error == NET_WIRE_VERSIONS) {
			in[i++] = (struct net_in){ stream->in + stream->begin, NET_WIRE_FULL, false,
						   NULL };
			stream->begin = stream->end;
			break;
		}
		if (error || wire.length > stream->room)
			return -EBADMSG;
		if (have < wire.length)
			break;
		in[i++] = (struct net_in){ stream->in + stream->begin, wire.length, false, NULL };
		stream->begin += wire.length;
	}
	return i ? (int)i : -EAGAIN;
}

static void *stream_buffer(struct net_flow *flow, size_t *room)
{
	struct stream *stream = flow->state;

	/* Messages that were handed out have been looked at. */
	memmove(stream->in, stream->in + stream->begin, stream->end - stream->begin);
	stream->end -= stream->begin;
	stream->begin = 0;
	*room = stream->room - stream->end;
	return stream->in + stream->end;
}

static int stream_took(struct net_flow *flow, size_t len, struct net_in *in, unsigned int n)
{
	struct stream *stream = flow->state;

	stream->end += len;
	return parse(stream, in, n);
}

static int stream_recv(struct net_flow *flow, struct net_in *in, unsigned int n)
{
	struct stream *stream = flow->state;
	int ret = parse(stream, in, n);
	size_t room;
	ssize_t got;
	void *to;

	if (ret != -EAGAIN)
		return ret;
	to = stream_buffer(flow, &room);
	got = recv(flow->fd, to, room, flow->thread->recv_flags);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (!got)
		return -ECONNRESET;
	return stream_took(flow, (size_t)got, in, n);
}

const struct net_proto net_stream = {
	.name = "tcp",
	.stream = true,
	.open = stream_open,
	.close = stream_close,
	.send = stream_send,
	.recv = stream_recv,
	.flush = stream_flush,
	.buffer = stream_buffer,
	.took = stream_took,
};
