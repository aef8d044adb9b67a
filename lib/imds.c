// SPDX-License-Identifier: GPL-2.0-only
/*
 * One question to the instance metadata service: the size of this VM. It is
 * plain HTTP on a link-local address; requests without the Metadata header are
 * refused by the service (that keeps forwarded requests out).
 */
#include "lib/env.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IMDS_ADDRESS	"169.254.169.254:80"
#define IMDS_SECONDS	2

static int parse_address(const char *text, struct sockaddr_in *addr)
{
	char host[64];
	const char *colon = strchr(text, ':');
	int port = colon ? atoi(colon + 1) : 80;

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - text) : 63, text);
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &addr->sin_addr) == 1 ? 0 : -EINVAL;
}

/* Sends the request on @fd and reads the whole answer. Returns its length. */
static int ask(int fd, char *answer, size_t len)
{
	static const char request[] =
		"GET /metadata/instance/compute/vmSize?api-version=2021-02-01&format=text"
		" HTTP/1.0\r\nHost: 169.254.169.254\r\nMetadata: true\r\n\r\n";
	size_t used = 0;
	ssize_t got;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
		return -EIO;
	while (used < len - 1) {
		got = recv(fd, answer + used, len - 1 - used, 0);
		if (got < 0)
			return -errno;
		if (!got)
			break;
		used += (size_t)got;
	}
	answer[used] = '\0';
	return (int)used;
}

/* The body is trusted no further than a name such as Standard_D2s_v5. */
static int take_size(const char *answer, char *sku, unsigned int len)
{
	const char *body = strstr(answer, "\r\n\r\n");
	unsigned int i;

	if (strncmp(answer, "HTTP/1.", 7) || strncmp(answer + 8, " 200", 4) || !body)
		return -EPROTO;
	body += 4;
	for (i = 0; i < len - 1 && (isalnum((unsigned char)body[i]) || body[i] == '_'); i++)
		sku[i] = body[i];
	sku[i] = '\0';
	return i && (!body[i] || isspace((unsigned char)body[i])) ? 0 : -EPROTO;
}

int az_imds_sku(char *sku, unsigned int len)
{
	const char *where = getenv("AZIMUTH_IMDS");
	struct timeval limit = { .tv_sec = IMDS_SECONDS };
	struct sockaddr_in addr;
	char answer[2048];
	int fd, ret;

	ret = parse_address(where ? where : IMDS_ADDRESS, &addr);
	if (ret)
		return ret;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* SO_SNDTIMEO bounds connect() too (socket(7)). */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		ret = -errno;
	else
		ret = ask(fd, answer, sizeof(answer));
	close(fd);
	return ret < 0 ? ret : take_size(answer, sku, len);
}
