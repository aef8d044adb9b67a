// SPDX-License-Identifier: GPL-2.0-only
#include "core/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

/* Connected descriptor or -errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int send_line(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	for (; len; text += n, len -= n) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		n = n < 0 ? 0 : n;
	}
	return 0;
}

/* Print the reply, judge it. */
static int take_reply(int fd, const char *path)
{
	FILE *in = fdopen(fd, "r");
	json_t *reply = NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int ret;

	if (!in) {
		close(fd);
		return az_env("%s: %s", path, strerror(errno));
	}
	len = getline(&line, &cap, in);
	if (len > 0)
		reply = json_loadb(line, len, 0, NULL);
	if (reply) {
		fputs(line, stdout);
		ret = json_is_true(json_object_get(reply, "ok")) ? AZ_EXIT_OK : AZ_EXIT_FAILED;
	} else {
		ret = az_env("%s: azhost ended the connection without a reply", path);
	}
	json_decref(reply);
	free(line);
	fclose(in);
	return ret;
}

int control_send(const char *path, const char *json)
{
	json_error_t err;
	json_t *request;
	char *text, *line = NULL;
	int fd, ret;

	request = json_loads(json, JSON_REJECT_DUPLICATES, &err);
	if (!json_is_object(request)) {
		ret = az_usage("the request is not a JSON object such as {\"cmd\":\"status\"}: %s",
			       request ? json : err.text);
		json_decref(request);
		return ret;
	}
	/* Dumped again, because a request may be written on several lines. */
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text || asprintf(&line, "%s\n", text) < 0) {
		free(text);
		return az_env("out of memory");
	}
	free(text);
	fd = connect_to(path);
	ret = fd < 0 ? fd : send_line(fd, line);
	free(line);
	if (!ret)
		return take_reply(fd, path);
	if (fd >= 0)
		close(fd);
	return az_env("%s: %s; is azhost running with --control %s?", path, strerror(-ret), path);
}
