// SPDX-License-Identifier: GPL-2.0-only
/*
 * Echo server, one thread: UDP datagrams go back as they came; TCP bytes go back
 * in order, with at most one buffer held per connection, so that a client that
 * does not read stops being read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "benchmarks/net/net.h"
#include "lib/clock.h"
#include "lib/log.h"

#define DATAGRAM_MAX	65536
#define CONN_BUFFER	65536
#define EVENTS		64
#define TICK_MS		200
#define DATAGRAM_BATCH	64	/* then look at the other sockets */

struct conn {
	struct conn *next, **link;
	int fd;
	size_t begin, end;	/* what is held: buf[begin..end) */
	uint8_t buf[CONN_BUFFER];
};

struct server {
	struct net_bench *net;
	int epoll, udp, tcp;
	struct conn *conns;
	uint64_t datagrams, bytes, connections;
	uint8_t datagram[DATAGRAM_MAX];
};

static int watch(struct server *srv, int op, int fd, uint32_t events, void *ptr)
{
	struct epoll_event event = { .events = events, .data.ptr = ptr };

	return epoll_ctl(srv->epoll, op, fd, &event) ? -errno : 0;
}

static void echo_datagrams(struct server *srv)
{
	struct sockaddr_storage from;
	socklen_t len;
	ssize_t got;
	int i;

	for (i = 0; i < DATAGRAM_BATCH; i++) {
		len = sizeof(from);
		got = recvfrom(srv->udp, srv->datagram, sizeof(srv->datagram), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len);
		if (got < 0)
			return;
		/* A full queue drops the answer, as a network would. */
		if (sendto(srv->udp, srv->datagram, (size_t)got, MSG_DONTWAIT,
			   (struct sockaddr *)&from, len) < 0)
			continue;
		srv->datagrams++;
		srv->bytes += (uint64_t)got;
	}
}

static void drop_conn(struct conn *conn)
{
	close(conn->fd);
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	free(conn);
}

static void accept_conn(struct server *srv)
{
	int fd = accept4(srv->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *conn;

	if (fd < 0)
		return;
	conn = calloc(1, sizeof(*conn));
	if (!conn) {
		close(fd);
		return;
	}
	conn->fd = fd;
	conn->next = srv->conns;
	conn->link = &srv->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	srv->conns = conn;
	srv->connections++;
	if (watch(srv, EPOLL_CTL_ADD, fd, EPOLLIN, conn))
		drop_conn(conn);
}

/* Reads when nothing is held, else writes. Returns false when it is over. */
static bool move_bytes(struct server *srv, struct conn *conn)
{
	ssize_t moved;

	if (conn->begin == conn->end) {
		moved = recv(conn->fd, conn->buf, sizeof(conn->buf), 0);
		if (moved < 0)
			return errno == EAGAIN || errno == EINTR;
		if (!moved)
			return false;
		conn->begin = 0;
		conn->end = (size_t)moved;
	}
	moved = send(conn->fd, conn->buf + conn->begin, conn->end - conn->begin, MSG_NOSIGNAL);
	if (moved < 0)
		return errno == EAGAIN || errno == EINTR;
	conn->begin += (size_t)moved;
	srv->bytes += (uint64_t)moved;
	return true;
}

static void serve_conn(struct server *srv, struct conn *conn)
{
	if (!move_bytes(srv, conn) ||
	    watch(srv, EPOLL_CTL_MOD, conn->fd,
		  conn->begin == conn->end ? EPOLLIN : EPOLLOUT, conn))
		drop_conn(conn);
}

static int serve(struct server *srv)
{
	struct epoll_event events[EVENTS];
	int n, i;

	while (bench_goes_on(&srv->net->bench, srv->datagrams, az_clock_ns())) {
		n = epoll_wait(srv->epoll, events, EVENTS, TICK_MS);
		if (n < 0 && errno != EINTR)
			return az_env("epoll_wait: %s", strerror(errno));
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == &srv->udp)
				echo_datagrams(srv);
			else if (events[i].data.ptr == &srv->tcp)
				accept_conn(srv);
			else
				serve_conn(srv, events[i].data.ptr);
		}
	}
	return 0;
}

/* Binds a socket of @type to the address, and with port 0 keeps the port it got. */
static int bind_one(struct server *srv, int type, int *fd)
{
	struct net_bench *net = srv->net;
	int on = 1;

	*fd = net_socket(net, type, false);
	if (*fd < 0)
		return AZ_EXIT_ENV;
	if (type == SOCK_STREAM)
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*fd, &net->addr.sa, net->addrlen) ||
	    (type == SOCK_STREAM && listen(*fd, SOMAXCONN)))
		return az_env("cannot serve %s at %s: %s", type == SOCK_STREAM ? "TCP" : "UDP",
			      net->peer, strerror(errno));
	getsockname(*fd, &net->addr.sa, &net->addrlen);
	if (watch(srv, EPOLL_CTL_ADD, *fd, EPOLLIN, fd == &srv->udp ? &srv->udp : &srv->tcp))
		return az_env("epoll_ctl: %s", strerror(errno));
	return 0;
}

static int report(struct server *srv, int ret)
{
	json_t *result = net_result(srv->net, "net-serve");

	az_result_count(result, "datagrams", srv->datagrams);
	az_result_count(result, "connections", srv->connections);
	az_result_count(result, "bytes", srv->bytes);
	bench_say(&srv->net->bench, "served %llu datagrams, %llu connections, %llu bytes",
		  (unsigned long long)srv->datagrams, (unsigned long long)srv->connections,
		  (unsigned long long)srv->bytes);
	return bench_end(&srv->net->bench, result, ret);
}

int net_serve(struct net_bench *net)
{
	struct server *srv = calloc(1, sizeof(*srv));
	int ret;

	if (!srv)
		return az_env("out of memory");
	srv->net = net;
	srv->udp = -1;
	srv->tcp = -1;
	srv->epoll = epoll_create1(EPOLL_CLOEXEC);
	ret = srv->epoll < 0 ? az_env("epoll_create1: %s", strerror(errno)) :
			       bind_one(srv, SOCK_DGRAM, &srv->udp);
	if (!ret && net->tcp)
		ret = bind_one(srv, SOCK_STREAM, &srv->tcp);
	if (ret)
		goto out;
	/* Scripts wait for this line, and read the port from it. */
	bench_say(&net->bench, "serving %s port %u", net->tcp ? "udp and tcp" : "udp",
		  ntohs(net->addr.in4.sin_port));
	ret = report(srv, serve(srv));
out:
	while (srv->conns)
		drop_conn(srv->conns);
	if (srv->tcp >= 0)
		close(srv->tcp);
	if (srv->udp >= 0)
		close(srv->udp);
	if (srv->epoll >= 0)
		close(srv->epoll);
	free(srv);
	return ret;
}
