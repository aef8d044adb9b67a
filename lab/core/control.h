/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_CONTROL_H
#define AZ_LAB_CORE_CONTROL_H

#include <jansson.h>

#include "core/loop.h"

/*
 * The control socket: a Unix stream socket, one JSON object a line in, one a
 * line out: {"ok":true,...} or {"ok":false,"error":"..."}. Lines over 64 KiB,
 * more than 16 clients, bad JSON and unknown commands get an error and harm
 * nothing else. The socket's file is mode 0600 and removed at the end.
 */
struct control;

/*
 * Carry out @cmd ("cmd" of the request) with the whole request in @args, fill
 * @reply. 0; -ENOENT: not a command; other -errno: an "error" text is in @reply.
 */
typedef int (*control_fn)(void *ctx, const char *cmd, json_t *args, json_t *reply);

/* Listen at @path on @loop. NULL with errno set (EADDRINUSE when somebody listens there). */
struct control *control_start(struct loop *loop, const char *path, control_fn fn, void *ctx);
void control_stop(struct control *c);

/* Client: send one line @json to @path, print the reply on stdout; 0, 1 for "ok":false, 3. */
int control_send(const char *path, const char *json);

#endif
