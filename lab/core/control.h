/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_CONTROL_H
#define AZ_LAB_CORE_CONTROL_H

#include <jansson.h>

#include "core/loop.h"

/*
 * The control socket: a Unix stream socket, one JSON object a line in, one a
 * line out: {"ok":true,...} or {"ok":false,"error":"..."}. Lines over 64 KiB,
 * more than 16 clients, bad JSON and unknown commands get an error and harm
 * nothing else. A client that does not read its answers is dropped when 1 MiB
 * of them waits. The socket's file is mode 0600 and removed at the end.
 */
struct control;

#define CONTROL_MAX_LINE	(64u * 1024)	/* bytes without the newline */
#define CONTROL_MAX_CLIENTS	16
#define CONTROL_MAX_OUTPUT	(1024u * 1024)

/*
 * Carry out @cmd ("cmd" of the request) with the whole request in @args, fill
 * @reply. 0; -ENOENT: not a command; other -errno: an "error" text is in @reply.
 * Runs on the loop; must not call control_stop().
 */
typedef int (*control_fn)(void *ctx, const char *cmd, json_t *args, json_t *reply);

/*
 * Listen at @path on @loop. A socket file that nobody listens on is replaced.
 * NULL with errno set: EADDRINUSE when somebody listens there, EEXIST when the
 * file is no socket, ENAMETOOLONG, or what socket(2) and bind(2) say.
 */
struct control *control_start(struct loop *loop, const char *path, control_fn fn, void *ctx);

/* Drop all clients, remove the socket's file. Any thread. NULL is harmless. */
void control_stop(struct control *c);

/*
 * Client: send @json to the azhost at @path, print the reply on standard output.
 * 0; 1 for "ok":false; after a line on standard error 2 (@json is not a JSON
 * object) or 3 (nobody answers).
 */
int control_send(const char *path, const char *json);

#endif
