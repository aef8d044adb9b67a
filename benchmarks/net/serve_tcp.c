// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server's TCP thread. A connection whose first bytes are our magic carries
 * framed messages; any other is echoed byte by byte, for the transfer mode and
 * for other programs. What a client does not read is bounded, and then no more
 * is read from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/net/server.h"
#include "lib/clock.h"
#include "lib/log.h"

#define EVENTS		256
#define ACCEPTS		64	/* then look at the connections */
#define IN_FIRST	16384	/* bytes; grows with the messages */
#define BACKLOG		(256u << 10)	/* of answers; then wait for the client to read */

/*
 * A connection that is alone, and has asked so many times in a row, is waited for in
 * recv() itself: a request costs one system call less, and the client is told of its
 * path rather than of our epoll. The listener is looked at when the socket's timeout
 * ends a wait, and in between no more seldom than that.
 */
#define STREAK		64
#define ALONE_NS	1000000ull

struct buffer {
	uint8_t *data;
	size_t begin, end, room;
};

enum conn_kind { CONN_UNKNOWN, CONN_FRAMED, CONN_ECHO };

struct conn {
	struct conn *next, **link;
	int fd;
	enum conn_kind kind;
	uint32_t events;
	unsigned int delayed;	/* answers in the queue of delays */
	bool gone;		/* closed; freed when no answer is delayed */
	bool ends;		/* close when all answers are out */
	bool eof;
	struct buffer in, out;
};

struct tcp_server {
	struct server_thread *t;
	int epoll;
	bool accepting;
	bool idle;		/* the last recv() had nothing */
	unsigned int streak;	/* requests in a row of the only connection */
	uint64_t now, listened;	/* ns: of the last recv(), of the last look at the listener */
	struct conn *conns;
	uint8_t *scratch;	/* NET_WIRE_MAX bytes: an answer in the making */
};

/* Room for @more bytes at the end of @buf. */
static int buffer_room(struct buffer *buf, size_t more)
{
	size_t room = buf->room ? buf->room : IN_FIRST;
	uint8_t *data;

	if (buf->begin) {
		memmove(buf->data, buf->data + buf->begin, buf->end - buf->begin);
		buf->end -= buf->begin;
		buf->begin = 0;
	}
	if (buf->room - buf->end >= more)
		return 0;
	while (room - buf->end < more)
		room *= 2;
	data = realloc(buf->data, room);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->room = room;
	return 0;
}

static int buffer_add(struct buffer *buf, const void *data, size_t len)
{
	int ret = 0;

	if (buf->begin == buf->end)
		buf->begin = buf->end = 0;
	if (buf->room - buf->end < len)
		ret = buffer_room(buf, len);
	if (ret)
		return ret;
	memcpy(buf->data + buf->end, data, len);
	buf->end += len;
	return 0;
}

static void watch(struct tcp_server *srv, struct conn *conn)
{
	uint32_t events = (conn->out.begin < conn->out.end ? EPOLLOUT : 0) |
			  (!conn->eof && conn->out.end - conn->out.begin < BACKLOG ? EPOLLIN : 0);
	struct epoll_event event = { .events = events, .data.ptr = conn };

	if (events == conn->events)
		return;
	conn->events = events;
	epoll_ctl(srv->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void listen_again(struct tcp_server *srv, bool on)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = srv };

	srv->accepting = on;
	epoll_ctl(srv->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, srv->t->fd, &event);
}

static void free_conn(struct conn *conn)
{
	free(conn->in.data);
	free(conn->out.data);
	free(conn);
}

static void drop_conn(struct tcp_server *srv, struct conn *conn)
{
	close(conn->fd);
	srv->streak = 0;
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	conn->gone = true;
	if (!conn->delayed)
		free_conn(conn);
	if (!srv->accepting)
		listen_again(srv, true);
}

static struct conn *add_conn(struct tcp_server *srv, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };

	if (!conn)
		return NULL;
	conn->fd = fd;
	conn->events = EPOLLIN;
	if (epoll_ctl(srv->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(conn);
		return NULL;
	}
	conn->next = srv->conns;
	conn->link = &srv->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	srv->conns = conn;
	return conn;
}

static void accept_some(struct tcp_server *srv)
{
	struct server_thread *t = srv->t;
	int fd, i;

	for (i = 0; i < ACCEPTS; i++) {
		fd = accept4(t->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
			/* They stay in the kernel's queue until a connection ends. */
			if (!t->counts.refused++)
				az_warn("no more connections than %llu: raise ulimit -n",
					(unsigned long long)t->counts.connections);
			listen_again(srv, false);
		}
		if (fd < 0)
			return;
		srv->streak = 0;
		net_no_delay(fd);
		net_busy_poll(t->srv->net, fd);
		if (!add_conn(srv, fd)) {
			t->counts.refused++;
			close(fd);
			continue;
		}
		t->counts.connections++;
	}
}

/* Sends what there is to send. Returns false when the connection is over. */
static bool flush(struct tcp_server *srv, struct conn *conn)
{
	ssize_t put;

	while (conn->out.begin < conn->out.end) {
		put = send(conn->fd, conn->out.data + conn->out.begin,
			   conn->out.end - conn->out.begin, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0)
			return errno == EAGAIN || errno == EINTR;
		conn->out.begin += (size_t)put;
		srv->t->counts.bytes += (uint64_t)put;
	}
	return !((conn->ends || conn->eof) && !conn->delayed);
}

static bool hold(struct tcp_server *srv, struct conn *conn, const struct server_verdict *out,
		 uint64_t now)
{
	struct server_thread *t = srv->t;
	struct delay_item *item = delay_item_new(&t->queue, out->length);

	if (!item) {
		t->counts.overflow++;
		return true;
	}
	memcpy(item->data, srv->scratch, out->length);
	item->conn = conn;
	item->due = now + out->delay;
	item->taken = now;
	item->twice = out->twice;
	item->close = out->close;
	if (delay_push(&t->queue, item)) {
		t->counts.overflow++;
		delay_item_free(&t->queue, item);
		return true;
	}
	conn->delayed++;
	return true;
}

/* One whole message. Returns false when the connection is over. */
static bool answer(struct tcp_server *srv, struct conn *conn, const uint8_t *data, size_t len,
		   uint64_t now)
{
	struct server_thread *t = srv->t;
	struct server_verdict out;

	if (!server_judge(t, data, len, true, &out))
		return false;
	t->counts.requests++;
	conn->ends |= out.close || out.refuse;
	if (out.silent || out.drop)
		return true;
	memcpy(srv->scratch, data, out.refuse ? NET_WIRE_FULL : len);
	server_answer(t, &out, srv->scratch, len, az_clock_ns() - now);
	if (out.refuse)
		conn->eof = true;
	if (out.delay)
		return hold(srv, conn, &out, now);
	return !buffer_add(&conn->out, srv->scratch, out.length) &&
	       !(out.twice && buffer_add(&conn->out, srv->scratch, out.length));
}

static bool take_messages(struct tcp_server *srv, struct conn *conn, uint64_t now)
{
	struct buffer *in = &conn->in;
	enum net_wire_error error;
	struct net_wire wire;

	while (!conn->eof && in->end - in->begin >= NET_WIRE_FULL) {
		error = net_wire_get(&wire, in->data + in->begin, in->end - in->begin, true);
		if (error == NET_WIRE_VERSIONS) {
			/* Nothing but the version is known of it, not even its length. */
			server_warn_conn(srv->t, conn->fd, wire.version);
			return answer(srv, conn, in->data + in->begin, NET_WIRE_FULL, now);
		}
		if (error) {
			srv->t->counts.damaged++;
			return false;
		}
		if (in->end - in->begin < wire.length)
			return !buffer_room(in, wire.length - (in->end - in->begin));
		if (!answer(srv, conn, in->data + in->begin, wire.length, now))
			return false;
		in->begin += wire.length;
	}
	return true;
}

/* Which kind is it? Not known as long as all there is begins like our magic. */
static void tell_kind(struct conn *conn)
{
	static const uint8_t magic[] = { 'A', 'Z', 'N', 'M' };
	size_t len = conn->in.end - conn->in.begin, n = len < sizeof(magic) ? len : sizeof(magic);

	if (!n)
		return;
	if (memcmp(conn->in.data + conn->in.begin, magic, n) || (n < sizeof(magic) && conn->eof))
		conn->kind = CONN_ECHO;
	else if (n == sizeof(magic))
		conn->kind = CONN_FRAMED;
}

/* @flags: MSG_DONTWAIT, or 0 to wait. Returns false when the connection is over. */
static bool read_some(struct tcp_server *srv, struct conn *conn, int flags)
{
	struct buffer *in = &conn->in;
	ssize_t got;

	if (in->begin == in->end)
		in->begin = in->end = 0;
	if (in->room - in->end < 4096 && buffer_room(in, IN_FIRST))
		return false;
	got = recv(conn->fd, in->data + in->end, in->room - in->end, flags);
	srv->idle = got < 0;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	srv->now = az_clock_ns();
	conn->eof = !got;
	in->end += (size_t)got;
	if (conn->kind == CONN_UNKNOWN)
		tell_kind(conn);
	if (conn->kind == CONN_FRAMED)
		return take_messages(srv, conn, srv->now);
	if (conn->kind == CONN_ECHO) {
		if (buffer_add(&conn->out, in->data + in->begin, in->end - in->begin))
			return false;
		in->begin = in->end;
	}
	return true;
}

static void serve_conn(struct tcp_server *srv, struct conn *conn, uint32_t events)
{
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !conn->eof &&
	     !read_some(srv, conn, MSG_DONTWAIT)) ||
	    !flush(srv, conn))
		drop_conn(srv, conn);
	else
		watch(srv, conn);
}

static void send_due(struct tcp_server *srv)
{
	struct server_thread *t = srv->t;
	struct delay_item *item;
	struct conn *conn;
	uint64_t now;
	bool good;

	while (t->queue.count && delay_first(&t->queue) <= (now = az_clock_ns())) {
		item = delay_pop(&t->queue);
		conn = item->conn;
		conn->delayed--;
		if (conn->gone) {
			if (!conn->delayed)
				free_conn(conn);
		} else {
			server_held(t, item->data, item->len, now - item->taken);
			good = !buffer_add(&conn->out, item->data, item->len) &&
			       !(item->twice && buffer_add(&conn->out, item->data, item->len));
			if (!good || !flush(srv, conn))
				drop_conn(srv, conn);
			else
				watch(srv, conn);
		}
		delay_item_free(&t->queue, item);
	}
}

static int wait_some(struct tcp_server *srv, struct epoll_event *events)
{
	uint64_t first = delay_first(&srv->t->queue), now, left = SERVER_TICK_NS;

	if (srv->t->srv->net->wait == NET_WAIT_SPIN) {
		left = 0;
	} else if (first != UINT64_MAX) {
		now = az_clock_ns();
		left = first <= now ? 0 : first - now < left ? first - now : left;
	}
	return net_epoll_wait(srv->epoll, events, EVENTS, left);
}

/* Counts the requests in a row of a connection that is alone, from what epoll has said. */
static void count_streak(struct tcp_server *srv, const struct epoll_event *events, int n)
{
	struct timeval limit = { .tv_usec = ALONE_NS / 1000 };
	struct conn *conn = srv->conns;

	if (n != 1 || !conn || conn->next || events[0].data.ptr != conn ||
	    conn->events != EPOLLIN) {
		srv->streak = 0;
		return;
	}
	if (++srv->streak == STREAK)
		setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static bool is_alone(const struct tcp_server *srv)
{
	return srv->streak >= STREAK && !srv->t->queue.count &&
	       srv->conns->events == EPOLLIN && srv->t->srv->net->wait != NET_WAIT_SPIN;
}

static void serve_alone(struct tcp_server *srv)
{
	struct conn *conn = srv->conns;

	if (!read_some(srv, conn, 0) || !flush(srv, conn)) {
		drop_conn(srv, conn);
		return;
	}
	watch(srv, conn);
	if (srv->idle)
		srv->streak = 0;
	if (srv->accepting && (srv->idle || srv->now - srv->listened >= ALONE_NS)) {
		srv->listened = srv->now;
		accept_some(srv);
	}
}

static void loop(struct tcp_server *srv)
{
	struct epoll_event events[EVENTS];
	int n, i;

	while (server_goes_on(srv->t)) {
		server_stall(srv->t);
		if (is_alone(srv)) {
			serve_alone(srv);
			send_due(srv);
			continue;
		}
		n = wait_some(srv, events);
		count_streak(srv, events, n);
		for (i = 0; i < n; i++)
			if (events[i].data.ptr != srv)
				serve_conn(srv, events[i].data.ptr, events[i].events);
		for (i = 0; i < n; i++)
			if (events[i].data.ptr == srv)
				accept_some(srv);
		send_due(srv);
	}
}

void *server_tcp(void *thread)
{
	struct tcp_server srv = { .t = thread, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct delay_item *item;
	struct conn *conn;

	srv.scratch = malloc(NET_WIRE_MAX);
	if (srv.epoll < 0 || !srv.scratch) {
		server_fail(srv.t, srv.epoll < 0 ? strerror(errno) : "out of memory");
		goto out;
	}
	listen_again(&srv, true);
	loop(&srv);
	while (srv.conns)
		drop_conn(&srv, srv.conns);
	while (srv.t->queue.count) {
		item = delay_pop(&srv.t->queue);
		conn = item->conn;
		if (!--conn->delayed)
			free_conn(conn);
		delay_item_free(&srv.t->queue, item);
	}
out:
	if (srv.epoll >= 0)
		close(srv.epoll);
	free(srv.scratch);
	return NULL;
}
