// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/export/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

/* Requests within this time get the same text: a client cannot make us count without pause. */
#define KEEP_NS		AZ_NSEC_PER_SEC

/* The last text, and those that are still on their way. */
struct text {
	unsigned int users;
	uint64_t made;
	size_t len;
	char *data;
};

enum state { FREE, READING, WRITING, LINGERING };

struct connection {
	enum state state;
	int fd;
	uint64_t since;
	size_t got;		/* of the request */
	size_t sent, head_len;	/* of the answer */
	bool head_only;
	struct text *text;	/* NULL: the head is all */
	char buf[HTTP_HEAD_BYTES];	/* the request, then the answer's head */
};

struct http {
	int fd;
	const char *type;
	uint64_t time;
	char *(*make)(void *ctx, size_t *len);
	void *ctx;
	struct text *text;
	struct connection c[HTTP_CONNECTIONS];
};

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* ---- the text ---------------------------------------------------------------------------- */

static void drop_text(struct text *text)
{
	if (!text || --text->users)
		return;
	free(text->data);
	free(text);
}

/* A reference, or NULL. */
static struct text *take_text(struct http *h)
{
	struct text *text = h->text;
	uint64_t now = az_clock_ns();

	if (text && now - text->made < KEEP_NS) {
		text->users++;
		return text;
	}
	text = calloc(1, sizeof(*text));
	if (!text)
		return NULL;
	text->data = h->make(h->ctx, &text->len);
	if (!text->data) {
		free(text);
		return NULL;
	}
	text->made = now;
	text->users = 2;
	drop_text(h->text);
	h->text = text;
	return text;
}

/* ---- one connection ------------------------------------------------------------------------ */

static void end(struct connection *c)
{
	close(c->fd);
	drop_text(c->text);
	memset(c, 0, offsetof(struct connection, buf));
}

static void answer(struct http *h, struct connection *c, const char *status, struct text *text,
		   const char *more)
{
	c->text = text;
	c->head_len = (size_t)snprintf(c->buf, sizeof(c->buf),
		"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s%s%s%s\r\n", status,
		text ? text->len : 0, text ? "Content-Type: " : "", text ? h->type : "",
		text ? "\r\n" : "", more);
	c->state = WRITING;
	c->sent = 0;
}

/* The request's head is whole, and ends with a zero. */
static void decide(struct http *h, struct connection *c)
{
	char method[8] = "", path[64] = "", version[16] = "";
	struct text *text;

	if (strlen(c->buf) != c->got ||
	    sscanf(c->buf, "%7s %63s %15s", method, path, version) != 3 ||
	    strncmp(version, "HTTP/1.", 7)) {
		answer(h, c, "400 Bad Request", NULL, "");
		return;
	}
	path[strcspn(path, "?")] = 0;
	c->head_only = !strcmp(method, "HEAD");
	if (!c->head_only && strcmp(method, "GET")) {
		answer(h, c, "405 Method Not Allowed", NULL, "Allow: GET, HEAD\r\n");
	} else if (strcmp(path, "/metrics")) {
		answer(h, c, "404 Not Found", NULL, "");
	} else {
		text = take_text(h);
		answer(h, c, text ? "200 OK" : "500 Internal Server Error", text, "");
	}
}

static void receive(struct http *h, struct connection *c)
{
	ssize_t n = recv(c->fd, c->buf + c->got, sizeof(c->buf) - 1 - c->got, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(c);
		return;
	}
	c->got += (size_t)n;
	c->buf[c->got] = 0;
	if (strstr(c->buf, "\r\n\r\n") || strstr(c->buf, "\n\n"))
		decide(h, c);
	else if (c->got == sizeof(c->buf) - 1)
		answer(h, c, "431 Request Header Fields Too Large", NULL, "");
	else if (strlen(c->buf) != c->got)
		answer(h, c, "400 Bad Request", NULL, "");
}

static void transmit(struct connection *c)
{
	size_t body = c->text && !c->head_only ? c->text->len : 0, at = c->sent;
	const char *from = at < c->head_len ? c->buf + at : c->text->data + (at - c->head_len);
	size_t left = at < c->head_len ? c->head_len - at : body - (at - c->head_len);
	ssize_t n = send(c->fd, from, left, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		end(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->head_len + body)
		return;
	/* Closing with bytes unread would take the answer away from the client. */
	shutdown(c->fd, SHUT_WR);
	c->state = LINGERING;
}

static void linger(struct connection *c)
{
	ssize_t n = recv(c->fd, c->buf, sizeof(c->buf), 0);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(c);
}

static void step(struct http *h, struct connection *c)
{
	switch (c->state) {
	case FREE:
		break;
	case READING:
		receive(h, c);
		break;
	case WRITING:
		transmit(c);
		break;
	case LINGERING:
		linger(c);
		break;
	}
}

/* ---- all of them ----------------------------------------------------------------------------- */

static struct connection *place_for_one(struct http *h)
{
	struct connection *c, *oldest = h->c;

	for (c = h->c; c < h->c + HTTP_CONNECTIONS; c++) {
		if (c->state == FREE)
			return c;
		if (c->since < oldest->since)
			oldest = c;
	}
	end(oldest);
	return oldest;
}

static bool accept_one(struct http *h)
{
	int fd = accept4(h->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0)
		return false;
	c = place_for_one(h);
	c->fd = fd;
	c->state = READING;
	c->since = az_clock_ns();
	return true;
}

/*
 * Those that wait, but no more than half of the places at a time: a flood may not put one out
 * before its request was looked at.
 */
static void accept_some(struct http *h)
{
	unsigned int i;

	for (i = 0; i < HTTP_CONNECTIONS / 2 && accept_one(h); i++)
		;
}

static void end_the_slow(struct http *h)
{
	uint64_t now = az_clock_ns();
	struct connection *c;

	for (c = h->c; c < h->c + HTTP_CONNECTIONS; c++)
		if (c->state != FREE && now - c->since > h->time)
			end(c);
}

int http_serve(struct http *h, int ms)
{
	struct pollfd fds[HTTP_CONNECTIONS + 1] = { { .fd = h->fd, .events = POLLIN } };
	unsigned int i;
	int n;

	for (i = 0; i < HTTP_CONNECTIONS; i++) {
		fds[i + 1].fd = h->c[i].state == FREE ? -1 : h->c[i].fd;
		fds[i + 1].events = h->c[i].state == WRITING ? POLLOUT : POLLIN;
	}
	n = poll(fds, HTTP_CONNECTIONS + 1, ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; n && i < HTTP_CONNECTIONS; i++)
		if (fds[i + 1].revents)
			step(h, &h->c[i]);
	if (fds[0].revents)
		accept_some(h);
	end_the_slow(h);
	return 0;
}

static int parse_address(const char *text, union address *a, socklen_t *len)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	unsigned long port;
	char host[64], *last;

	if (!n || n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = 0;
	port = strtoul(colon + 1, &last, 10);
	if (last == colon + 1 || *last || port > 65535)
		return -EINVAL;
	memset(a, 0, sizeof(*a));
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		*len = sizeof(a->v6);
		return inet_pton(AF_INET6, host + 1, &a->v6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons((uint16_t)port);
	*len = sizeof(a->v4);
	return inet_pton(AF_INET, host, &a->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static bool is_loopback(const union address *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

static int listen_at(const union address *a, socklen_t len)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, &a->sa, len) && !listen(fd, SOMAXCONN))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int http_open(struct http **http, const char *address, bool *beyond, const char *type,
	      uint64_t time, char *(*text)(void *ctx, size_t *len), void *ctx)
{
	union address a;
	struct http *h;
	socklen_t len;

	if (parse_address(address, &a, &len))
		return -EINVAL;
	*beyond = !is_loopback(&a);
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->type = type;
	h->time = time;
	h->make = text;
	h->ctx = ctx;
	h->fd = listen_at(&a, len);
	if (h->fd < 0) {
		int rc = h->fd;

		free(h);
		return rc;
	}
	*http = h;
	return 0;
}

unsigned int http_port(const struct http *h)
{
	union address a = { .v4.sin_port = 0 };
	socklen_t len = sizeof(a);

	getsockname(h->fd, &a.sa, &len);
	return ntohs(a.sa.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

void http_close(struct http *h)
{
	struct connection *c;

	for (c = h->c; c < h->c + HTTP_CONNECTIONS; c++)
		if (c->state != FREE)
			end(c);
	drop_text(h->text);
	close(h->fd);
	free(h);
}
