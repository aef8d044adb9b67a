// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "machine/console.h"

int console_open(struct console *c, const char *path, char *err, size_t err_len)
{
	int rc;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->path = path;
	if (!path)
		return 0;
	if (!strcmp(path, "-")) {
		c->path = "standard output";
		c->fd = STDOUT_FILENO;
		c->interactive = isatty(c->fd);
		return 0;
	}
	c->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (c->fd < 0) {
		rc = -errno;
		snprintf(err, err_len, "%s: %s", path, strerror(-rc));
		return rc;
	}
	c->own_fd = true;
	return 0;
}

void console_flush(struct console *c)
{
	unsigned int done = 0;

	while (c->fd >= 0 && !c->failed && done < c->buffered) {
		ssize_t n = write(c->fd, c->buffer + done, c->buffered - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			c->failed = true;
			az_err("%s: %s; the rest of the guest's output is lost", c->path,
			       strerror(errno));
			break;
		}
		done += (unsigned int)n;
	}
	c->buffered = 0;
}

static void end_line(struct console *c)
{
	c->line[c->current][c->length] = '\0';
	c->lines++;
	if (c->on_line)
		c->on_line(c->ctx, c->line[c->current]);
	c->current = (c->current + 1) % CONSOLE_LINES_KEPT;
	c->length = 0;
	c->line[c->current][0] = '\0';
}

void console_byte(struct console *c, uint8_t byte)
{
	c->bytes++;
	if (c->fd >= 0) {
		c->buffer[c->buffered++] = (char)byte;
		if (c->buffered == sizeof(c->buffer) || byte == '\n' || c->interactive)
			console_flush(c);
	}
	if (byte == '\n') {
		end_line(c);
	} else if (byte != '\r' && byte && c->length < CONSOLE_LINE_MAX - 1) {
		c->line[c->current][c->length++] = (char)byte;
		c->line[c->current][c->length] = '\0';
	}
}

void console_close(struct console *c)
{
	console_flush(c);
	if (c->own_fd && close(c->fd) && !c->failed)
		az_err("%s: %s", c->path, strerror(errno));
	c->fd = -1;
	c->own_fd = false;
}

void console_print_last(const struct console *c, FILE *to, const char *prefix)
{
	for (unsigned int i = 1; i <= CONSOLE_LINES_KEPT; i++) {
		const char *line = c->line[(c->current + i) % CONSOLE_LINES_KEPT];

		if (*line)
			fprintf(to, "%s%s\n", prefix, line);
	}
}
