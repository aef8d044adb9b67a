/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server of one text, /metrics, for clients that mean no good: one thread, a fixed number of
 * connections, each with little memory and little time. When all are taken the oldest one
 * has to go, so that a client that only holds a connection keeps nobody out. A connection is
 * for one request.
 */
#ifndef AZ_BPF_EXPORT_HTTP_H
#define AZ_BPF_EXPORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CONNECTIONS	16
#define HTTP_HEAD_BYTES		4096		/* of a request; more is refused (431) */
#define HTTP_TIME_NS		10000000000ull	/* from accept to close */

struct http;

/*
 * Listens at @address, "127.0.0.1:9433" or "[::1]:9433"; *@beyond is whether other machines can
 * reach that. @text makes the text (the caller of it frees it, NULL: a 500), of type
 * @type; a connection has @time ns from accept to close. Returns 0, or -EINVAL: no such
 * address, or negative errno.
 */
int http_open(struct http **http, const char *address, bool *beyond, const char *type,
	      uint64_t time, char *(*text)(void *ctx, size_t *len), void *ctx);

/* Port that it listens on: the kernel's choice where 0 was asked for. */
unsigned int http_port(const struct http *http);

/* Serves for at most @ms. Returns 0, also when a signal came, or negative errno. */
int http_serve(struct http *http, int ms);

/* Closes everything. */
void http_close(struct http *http);

#endif
