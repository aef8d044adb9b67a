// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request to azhost's control socket: a line of JSON there, a line back.
 */
#include <errno.h>
#include <stdio.h>
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

/*
 * Copies one line from @fd to standard output. Returns its length, 0 when the
 * peer closed without a word, or a negative errno.
 */
static long copy_line(int fd)
{
	long total = 0;
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 || c == '\n')
			break;
		putchar(c);
		total++;
	}
	if (total)
		putchar('\n');
	return total;
}

int tool_ctl(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	long got;
	int fd, ret;

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
		return TOOL_ENV;
	}
	ret = send_all(fd, argv[2], strlen(argv[2]));
	if (!ret)
		ret = send_all(fd, "\n", 1);
	got = ret ? ret : copy_line(fd);
	close(fd);
	if (got <= 0) {
		tool_error("%s: %s", argv[1], got ? strerror(-got) : "closed without a reply");
		return TOOL_FAILED;
	}
	return TOOL_OK;
}
