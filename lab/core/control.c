// SPDX-License-Identifier: GPL-2.0-only
#include "core/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE	4096
#define RETRY_NS	100000000ull	/* until accept() is tried again without descriptors */

struct client {
	struct control *control;
	int fd;
	char *line;		/* what came of the line so far, CONTROL_MAX_LINE bytes */
	size_t line_len;
	bool discarding;	/* the line is too long and was answered: skip to its end */
	bool no_input;		/* the peer sends no more: close when all is written */
	char *out;		/* [out_from, out_len) waits to be written */
	size_t out_from, out_len;
	struct client *next;
};

struct control {
	struct loop *loop;
	int listen_fd;
	struct sockaddr_un addr;
	struct stat file;
	control_fn fn;
	void *ctx;
	struct client *clients;
	unsigned int n_clients;
	struct loop_timer retry;
	int err;		/* of starting, on the loop */
};

/* ---- requests ------------------------------------------------------------- */

static void set_error(json_t *reply, const char *text)
{
	json_object_set_new(reply, "ok", json_false());
	json_object_set_new(reply, "error", json_string(text));
}

static void carry_out(struct control *c, json_t *args, json_t *reply)
{
	const char *cmd = json_string_value(json_object_get(args, "cmd"));
	int ret;

	if (!cmd) {
		set_error(reply, "a request is an object with a string \"cmd\"");
		return;
	}
	ret = c->fn(c->ctx, cmd, args, reply);
	json_object_set_new(reply, "ok", json_boolean(!ret));
	if (ret == -ENOENT && !json_object_get(reply, "error"))
		json_object_set_new(reply, "error", json_sprintf("unknown command '%s'", cmd));
	else if (ret && !json_is_string(json_object_get(reply, "error")))
		json_object_set_new(reply, "error", json_string(strerror(-ret)));
}

/* The text of the reply to one line, to be freed; NULL when there is no memory. */
static char *answer(struct control *c, const char *line, size_t len)
{
	json_t *reply, *args, *why;
	json_error_t err;
	char *text;

	reply = json_object();
	json_object_set_new(reply, "ok", json_false());	/* first in the text */
	args = json_loadb(line, len, JSON_REJECT_DUPLICATES, &err);
	if (args) {
		carry_out(c, args, reply);
	} else {
		/* The parser quotes its input, cut somewhere: that may be no UTF-8. */
		why = json_sprintf("not JSON: %s (column %d)", err.text, err.column);
		json_object_set_new(reply, "error", why ? why : json_string("not JSON"));
	}
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(args);
	json_decref(reply);
	return text;
}

/* ---- clients; -errno of these means: drop this client ---------------------- */

static int flush_output(struct client *cl)
{
	ssize_t n;

	while (cl->out_from < cl->out_len) {
		n = send(cl->fd, cl->out + cl->out_from, cl->out_len - cl->out_from,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		cl->out_from += n;
	}
	cl->out_from = 0;
	cl->out_len = 0;
	return 0;
}

static int queue_output(struct client *cl, const char *text)
{
	size_t len = strlen(text), waiting = cl->out_len - cl->out_from;
	char *out;

	if (waiting > CONTROL_MAX_OUTPUT)
		return -ENOBUFS;
	if (cl->out_from)
		memmove(cl->out, cl->out + cl->out_from, waiting);
	cl->out_from = 0;
	cl->out_len = waiting;
	out = realloc(cl->out, waiting + len + 1);
	if (!out)
		return -ENOMEM;
	cl->out = out;
	memcpy(out + waiting, text, len);
	out[waiting + len] = '\n';
	cl->out_len += len + 1;
	return flush_output(cl);
}

static int queue_error(struct client *cl, const char *error)
{
	json_t *reply = json_object();
	char *text;
	int ret;

	set_error(reply, error);
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	ret = text ? queue_output(cl, text) : -ENOMEM;
	free(text);
	return ret;
}

static bool is_blank(const char *line, size_t len)
{
	while (len && strchr(" \t\r", line[len - 1]) && line[len - 1])
		len--;
	return !len;
}

static int end_of_line(struct client *cl)
{
	size_t len = cl->line_len;
	char *text;
	int ret;

	cl->line_len = 0;
	if (cl->discarding) {
		cl->discarding = false;
		return 0;
	}
	if (is_blank(cl->line, len))
		return 0;
	text = answer(cl->control, cl->line, len);
	ret = text ? queue_output(cl, text) : -ENOMEM;
	free(text);
	return ret;
}

/* A piece of a line, without its end. */
static int add_to_line(struct client *cl, const char *data, size_t len)
{
	if (cl->discarding)
		return 0;
	if (len <= CONTROL_MAX_LINE - cl->line_len) {
		memcpy(cl->line + cl->line_len, data, len);
		cl->line_len += len;
		return 0;
	}
	cl->line_len = 0;
	cl->discarding = true;
	return queue_error(cl, "the line is longer than 65536 bytes");
}

static int take_input(struct client *cl, const char *data, size_t len)
{
	const char *end;
	size_t piece;
	int ret;

	while (len) {
		end = memchr(data, '\n', len);
		piece = end ? (size_t)(end - data) : len;
		ret = add_to_line(cl, data, piece);
		if (!ret && end)
			ret = end_of_line(cl);
		if (ret)
			return ret;
		piece += end ? 1 : 0;
		data += piece;
		len -= piece;
	}
	return 0;
}

static int read_input(struct client *cl)
{
	char data[READ_SIZE];
	ssize_t n;

	n = recv(cl->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n)
		return take_input(cl, data, n);
	cl->no_input = true;
	/* Half a command is not carried out, even if it happens to be whole. */
	if (cl->line_len)
		return queue_error(cl, "the last line has no newline at its end");
	return 0;
}

static void drop_client(struct client *cl)
{
	struct control *c = cl->control;
	struct client **link;

	for (link = &c->clients; *link != cl; link = &(*link)->next)
		;
	*link = cl->next;
	c->n_clients--;
	loop_unwatch(c->loop, cl->fd);
	close(cl->fd);
	free(cl->line);
	free(cl->out);
	free(cl);
}

static void on_client(void *ctx, uint32_t events)
{
	struct client *cl = ctx;
	bool waiting;
	int ret = 0;

	if (events & EPOLLOUT)
		ret = flush_output(cl);
	if (!ret && events & EPOLLIN)
		ret = read_input(cl);
	else if (events & (EPOLLHUP | EPOLLERR))
		ret = -EPIPE;
	waiting = cl->out_len;
	if (!ret && (waiting || !cl->no_input))
		ret = loop_rewatch(cl->control->loop, cl->fd, (cl->no_input ? 0 : EPOLLIN) |
							      (waiting ? EPOLLOUT : 0));
	else if (!ret)
		ret = -EPIPE;
	if (ret)
		drop_client(cl);
}

static void add_client(struct control *c, int fd)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (!cl) {
		close(fd);
		return;
	}
	*cl = (struct client){ .control = c, .fd = fd, .next = c->clients };
	c->clients = cl;
	c->n_clients++;
	cl->line = malloc(CONTROL_MAX_LINE);
	if (!cl->line || loop_watch(c->loop, fd, EPOLLIN, on_client, cl))
		drop_client(cl);
}

/* ---- listening ------------------------------------------------------------ */

static void accept_again(void *ctx)
{
	struct control *c = ctx;

	loop_rewatch(c->loop, c->listen_fd, EPOLLIN);
}

static void on_connection(void *ctx, uint32_t events)
{
	static const char full[] = "{\"ok\":false,\"error\":\"more than 16 clients\"}\n";
	struct control *c = ctx;
	int fd;

	fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		       errno == ENOBUFS)) {
		/* The connection stays queued, so waiting for the event would spin. */
		loop_rewatch(c->loop, c->listen_fd, 0);
		loop_timer_arm(c->loop, &c->retry, RETRY_NS);
		return;
	}
	if (fd < 0)
		return;
	if (c->n_clients < CONTROL_MAX_CLIENTS) {
		add_client(c, fd);
		return;
	}
	send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* True when a socket file is there and nobody listens on it. */
static bool is_stale(const struct sockaddr_un *addr)
{
	bool stale;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int bind_path(struct control *c)
{
	const struct sockaddr *addr = (const struct sockaddr *)&c->addr;
	struct stat st;

	if (!bind(c->listen_fd, addr, sizeof(c->addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (lstat(c->addr.sun_path, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!is_stale(&c->addr))
		return -EADDRINUSE;
	if (unlink(c->addr.sun_path) && errno != ENOENT)
		return -errno;
	return bind(c->listen_fd, addr, sizeof(c->addr)) ? -errno : 0;
}

static int open_socket(struct control *c)
{
	int ret;

	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listen_fd < 0)
		return -errno;
	/* Before bind(): the file takes the socket's mode, there is no moment with another. */
	if (fchmod(c->listen_fd, 0600))
		return -errno;
	ret = bind_path(c);
	if (ret)
		return ret;
	if (lstat(c->addr.sun_path, &c->file) || listen(c->listen_fd, CONTROL_MAX_CLIENTS))
		return -errno;
	return 0;
}

static void watch_socket(void *ctx)
{
	struct control *c = ctx;

	c->err = loop_watch(c->loop, c->listen_fd, EPOLLIN, on_connection, c);
}

static void stop_on_loop(void *ctx)
{
	struct control *c = ctx;

	loop_timer_cancel(c->loop, &c->retry);
	loop_unwatch(c->loop, c->listen_fd);
	while (c->clients)
		drop_client(c->clients);
}

/* Remove the file unless somebody has put another one there. */
static void remove_file(struct control *c)
{
	struct stat st;

	if (c->file.st_ino && !lstat(c->addr.sun_path, &st) && st.st_ino == c->file.st_ino &&
	    st.st_dev == c->file.st_dev)
		unlink(c->addr.sun_path);
}

static void control_free(struct control *c)
{
	remove_file(c);
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	free(c);
}

struct control *control_start(struct loop *loop, const char *path, control_fn fn, void *ctx)
{
	struct control *c;
	int err;

	if (strlen(path) >= sizeof(c->addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->loop = loop;
	c->fn = fn;
	c->ctx = ctx;
	c->retry = (struct loop_timer){ .fn = accept_again, .ctx = c };
	c->addr.sun_family = AF_UNIX;
	strcpy(c->addr.sun_path, path);
	c->err = open_socket(c);
	if (!c->err)
		loop_call(loop, watch_socket, c);
	if (c->err) {
		err = -c->err;
		control_free(c);
		errno = err;
		return NULL;
	}
	return c;
}

void control_stop(struct control *c)
{
	if (!c)
		return;
	loop_call(c->loop, stop_on_loop, c);
	control_free(c);
}
