// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket, over a real one: the input is sent in pieces of changing
 * length, then the sending side ends. Every line that comes back must be an
 * object with a boolean "ok", and with an "error" text when that is false; in
 * the end the server must close.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sockaddr_un addr = { .sun_family = AF_UNIX };
static struct control *control;
static struct loop *loop;

static int command(void *ctx, const char *cmd, json_t *args, json_t *reply)
{
	if (!strcmp(cmd, "echo"))
		json_object_update(reply, args);
	return strcmp(cmd, "echo") ? strcmp(cmd, "fail") ? -2 : -22 : 0;
}

static void stop(void)
{
	control_stop(control);
	loop_stop(loop);
}

static void start(void)
{
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/az-fuzz-control-%d", (int)getpid());
	loop = loop_start("control");
	control = control_start(loop, addr.sun_path, command, NULL);
	if (!control)
		abort();
	atexit(stop);
}

static void check_line(const char *line, size_t len)
{
	json_t *reply = json_loadb(line, len, 0, NULL);
	json_t *ok = json_object_get(reply, "ok");

	if (!json_is_boolean(ok) ||
	    (json_is_false(ok) && !json_is_string(json_object_get(reply, "error"))))
		abort();
	json_decref(reply);
}

static void check_replies(int fd)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, in)) > 0)
		check_line(line, len);
	free(line);
	fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece, i = 0;
	int fd;

	if (!loop)
		start();
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		abort();
	for (; size; data += piece, size -= piece) {
		piece = ++i % 7 * 211 + 1;
		piece = piece < size ? piece : size;
		if (send(fd, data, piece, MSG_NOSIGNAL) != (ssize_t)piece)
			break;
	}
	shutdown(fd, SHUT_WR);
	check_replies(fd);
	return 0;
}
