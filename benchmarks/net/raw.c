// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "benchmarks/net/rtnl.h"
#include "lib/clock.h"
#include "lib/log.h"

#define DISCARD_PORT	9	/* RFC 863 */
#define NEIGHBOUR_TRIES	100
#define NEIGHBOUR_NS	10000000ull

/* Linux 4.20 */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

bool net_raw_bypass;

struct raw_flow {
	struct raw_ends ends;
	uint16_t id;		/* of the next IP packet */
	/*
	 * A UDP socket that holds our port, and drops all: without it the kernel
	 * would tell the peer that the port is unreachable.
	 */
	int reserve;
	uint8_t headers[NET_BATCH][RAW_HEADERS];
	struct iovec iov[NET_BATCH][2];
	struct mmsghdr out[NET_BATCH];
};

/* What the flows of a thread share, as only one of them receives at a time. */
struct raw_rx {
	struct mmsghdr in[NET_BATCH];
	struct iovec iov[NET_BATCH];
	uint8_t control[NET_BATCH][NET_CONTROL];
	size_t room;
	uint8_t *data;
};

static struct raw_rx *make_rx(const struct net_thread *t)
{
	struct raw_rx *rx = calloc(1, sizeof(*rx));
	unsigned int i;

	if (!rx)
		return NULL;
	/* IP options, and one byte that shows a longer answer. */
	rx->room = RAW_HEADERS + 40 + t->engine->longest + 1;
	rx->data = malloc(rx->room * NET_BATCH);
	if (!rx->data) {
		free(rx);
		return NULL;
	}
	for (i = 0; i < NET_BATCH; i++) {
		rx->iov[i] = (struct iovec){ rx->data + i * rx->room, rx->room };
		rx->in[i].msg_hdr = (struct msghdr){
			.msg_iov = &rx->iov[i], .msg_iovlen = 1, .msg_control = rx->control[i],
		};
	}
	return rx;
}

struct link_search {
	int index;
	struct rtnl_link link;
};

static void take_link(void *ctx, const struct rtnl_link *link)
{
	struct link_search *search = ctx;

	if (link->index == search->index)
		search->link = *link;
}

static int attach(int fd, struct sock_filter *code, unsigned int n)
{
	struct sock_fprog program = { .len = (unsigned short)n, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ?
	       -errno : 0;
}

/* Takes a port of this machine for the flow. Returns 0 or an exit code. */
static int reserve_port(struct net_flow *flow, struct raw_flow *raw)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = raw->ends.addr };
	socklen_t len = sizeof(addr);

	raw->reserve = net_flow_socket(flow, SOCK_DGRAM);
	if (raw->reserve < 0)
		return AZ_EXIT_ENV;
	if (attach(raw->reserve, &drop, 1))
		return az_env("--proto raw: no socket filters: %s", strerror(errno));
	if (!flow->port && bind(raw->reserve, (struct sockaddr *)&addr, sizeof(addr)))
		return az_env("--proto raw: cannot bind to %s: %s", inet_ntoa(addr.sin_addr),
			      strerror(errno));
	if (getsockname(raw->reserve, (struct sockaddr *)&addr, &len))
		return az_env("--proto raw: no port: %s", strerror(errno));
	raw->ends.port = addr.sin_port;
	return 0;
}

/* The peer's MAC, or the gateway's; makes the kernel ask for it when it must. */
static int find_neighbour(struct raw_flow *raw, const struct rtnl_route *route,
			  const struct rtnl_link *link)
{
	struct sockaddr_in poke = route->hop.in4;
	unsigned int i;
	int ret = 0;

	if (link->flags & IFF_NOARP)
		return 0;	/* zeros, as the kernel sends there */
	poke.sin_port = htons(DISCARD_PORT);
	for (i = 0; i < NEIGHBOUR_TRIES; i++) {
		ret = rtnl_neighbour(route->ifindex, &route->hop, raw->ends.peer_mac);
		if (ret != -ENOENT)
			return ret;
		if (!(i % 20))
			sendto(raw->reserve, "", 0, MSG_DONTWAIT, (struct sockaddr *)&poke,
			       sizeof(poke));
		az_sleep_ns(NEIGHBOUR_NS);
	}
	return ret;
}

static int open_packet(struct net_flow *flow, struct raw_flow *raw, int ifindex)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = ifindex,
	};
	struct sock_filter code[RAW_FILTER_MAX];
	int on = 1, room = 4 << 20;

	/* Protocol 0: nothing is received before the filter is there. */
	flow->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC |
			  (flow->thread->recv_flags ? SOCK_NONBLOCK : 0), 0);
	if (flow->fd < 0 && errno == EPERM)
		return az_env("--proto raw needs CAP_NET_RAW: run it as root, or 'setcap"
			      " cap_net_raw+ep' the program");
	if (flow->fd < 0)
		return az_env("--proto raw: no packet sockets here: %s", strerror(errno));
	if (attach(flow->fd, code, raw_filter(&raw->ends, code)))
		return az_env("--proto raw: no socket filters: %s", strerror(errno));
	/* The filter would drop what we send ourselves, too, but later. */
	setsockopt(flow->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (net_raw_bypass &&
	    setsockopt(flow->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		return az_env("--raw-bypass: %s", strerror(errno));
	if (setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(flow->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return az_env("--proto raw: cannot bind to the interface: %s", strerror(errno));
	return 0;
}

static int raw_prepare(struct net_flow *flow, struct raw_flow *raw)
{
	const struct net_peer *peer = &flow->net->peers[flow->peer];
	struct link_search search;
	struct rtnl_route route;
	int ret;

	if (peer->addr.sa.sa_family != AF_INET)
		return az_usage("--proto raw: %s is not an IPv4 address", peer->name);
	ret = rtnl_route(&peer->addr.sa, &route);
	if (ret)
		return az_env("--proto raw: no route to %s: %s", peer->name, strerror(-ret));
	search = (struct link_search){ .index = route.ifindex };
	ret = rtnl_links(take_link, &search);
	if (ret || !search.link.index)
		return az_env("--proto raw: cannot look at the interface: %s", strerror(-ret));
	/* It takes nothing for an address of its own that did not come through the stack. */
	if (search.link.flags & IFF_LOOPBACK)
		return az_usage("--proto raw: the kernel drops frames to %s, an address of this"
				" machine; another machine or network namespace is wanted",
				peer->name);
	if (flow->thread->engine->longest + RAW_IP + RAW_UDP > search.link.mtu)
		return az_usage("--proto raw: a frame of %s holds %u bytes of payload at most",
				search.link.name, search.link.mtu - RAW_IP - RAW_UDP);
	memcpy(raw->ends.mac, search.link.mac, sizeof(raw->ends.mac));
	raw->ends.addr = route.source.in4.sin_addr.s_addr;
	raw->ends.peer_addr = peer->addr.in4.sin_addr.s_addr;
	raw->ends.peer_port = peer->addr.in4.sin_port;
	ret = reserve_port(flow, raw);
	if (ret)
		return ret;
	ret = find_neighbour(raw, &route, &search.link);
	if (ret)
		return az_env("--proto raw: no answer to ARP for %s on %s",
			      inet_ntoa(route.hop.in4.sin_addr), search.link.name);
	return open_packet(flow, raw, route.ifindex);
}

static int raw_open(struct net_flow *flow)
{
	struct raw_flow *raw = calloc(1, sizeof(*raw));
	unsigned int i;

	if (raw)
		raw->reserve = -1;
	flow->state = raw;
	if (!flow->thread->rx)
		flow->thread->rx = make_rx(flow->thread);
	if (!raw || !flow->thread->rx)
		return az_env("out of memory");
	for (i = 0; i < NET_BATCH; i++) {
		raw->iov[i][0] = (struct iovec){ raw->headers[i], RAW_HEADERS };
		raw->out[i].msg_hdr = (struct msghdr){ .msg_iov = raw->iov[i], .msg_iovlen = 2 };
	}
	return raw_prepare(flow, raw);
}

static void raw_close(struct net_flow *flow)
{
	struct raw_flow *raw = flow->state;

	if (flow->fd >= 0)
		close(flow->fd);
	flow->fd = -1;
	if (raw && raw->reserve >= 0)
		close(raw->reserve);
	free(raw);
	flow->state = NULL;
}

static int raw_send(struct net_flow *flow, const struct net_out *out, unsigned int n)
{
	struct raw_flow *raw = flow->state;
	unsigned int i;
	int got;

	for (i = 0; i < n; i++) {
		raw_put_headers(raw->headers[i], &raw->ends, (uint16_t)(raw->id + i), out[i].data,
				out[i].len);
		raw->iov[i][1] = (struct iovec){ out[i].data, out[i].len };
	}
	got = sendmmsg(flow->fd, raw->out, n, MSG_DONTWAIT);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	raw->id = (uint16_t)(raw->id + got);
	return got;
}

static int raw_recv(struct net_flow *flow, struct net_in *in, unsigned int n)
{
	const struct raw_flow *raw = flow->state;
	struct raw_rx *rx = flow->thread->rx;
	const int flags = flow->thread->recv_flags;
	unsigned int i, taken = 0;
	const void *payload;
	size_t len;
	int got;

	for (i = 0; i < n; i++)
		rx->in[i].msg_hdr.msg_controllen = NET_CONTROL;
	got = recvmmsg(flow->fd, rx->in, n, flags ? flags : MSG_WAITFORONE, NULL);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	for (i = 0; i < (unsigned int)got; i++) {
		payload = raw_payload(&raw->ends, rx->iov[i].iov_base, rx->in[i].msg_len, &len);
		if (payload)
			in[taken++] = (struct net_in){
				(void *)payload, (uint32_t)len, false, &rx->in[i].msg_hdr
			};
	}
	return taken ? (int)taken : -EAGAIN;
}

static void raw_thread_free(struct net_thread *t)
{
	struct raw_rx *rx = t->rx;

	if (rx)
		free(rx->data);
	free(rx);
	t->rx = NULL;
}

const struct net_proto net_raw = {
	.name = "raw",
	.open = raw_open,
	.close = raw_close,
	.send = raw_send,
	.recv = raw_recv,
	.thread_free = raw_thread_free,
};
