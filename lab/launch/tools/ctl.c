// SPDX-License-Identifier: GPL-2.0-only
/*
 * One line to azhost's control socket, as it is: unlike `azhost --send` this
 * also sends what is no request, for tests of hostile input.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launch/tools/tool.h"

static int send_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= n;
	}
	return 0;
}

/* Prints the reply of @fd, which it closes. Exit code: is it {"ok":true}? */
static int take_reply(int fd, const char *path)
{
	FILE *in = fdopen(fd, "r");
	json_t *reply = NULL;
	char *line = NULL;
	size_t cap = 0;
	int good = 0;

	if (!in) {
		tool_error("%s: %s", path, strerror(errno));
		close(fd);
		return TOOL_ENV;
	}
	if (getline(&line, &cap, in) > 0) {
		fputs(line, stdout);
		reply = json_loads(line, 0, NULL);
		good = json_is_true(json_object_get(reply, "ok"));
	} else {
		tool_error("%s: closed without a reply", path);
	}
	json_decref(reply);
	free(line);
	fclose(in);
	return good ? TOOL_OK : TOOL_FAILED;
}

int tool_ctl(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (argc != 3) {
		tool_error("usage: labtool ctl SOCKET JSON");
		return TOOL_USAGE;
	}
	if (strlen(argv[1]) >= sizeof(addr.sun_path)) {
		tool_error("%s: a socket path has at most %zu characters", argv[1],
			   sizeof(addr.sun_path) - 1);
		return TOOL_USAGE;
	}
	strcpy(addr.sun_path, argv[1]);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		tool_error("%s: %s", argv[1], strerror(errno));
		if (fd >= 0)
			close(fd);
		return TOOL_ENV;
	}
	/* azhost may refuse a long line before it has all of it: read its word anyway. */
	if (!send_all(fd, argv[2], strlen(argv[2])))
		send_all(fd, "\n", 1);
	return take_reply(fd, argv[1]);
}
