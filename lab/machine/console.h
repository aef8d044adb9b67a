/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_CONSOLE_H
#define AZ_LAB_MACHINE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What the guest writes to a serial port: everything goes to a file as it
 * comes; beside that each line is looked at, and the last ones are kept for
 * a failure report. Bounded, whatever the guest writes. One writer at a time
 * (the port's lock).
 */
#define CONSOLE_LINE_MAX	256	/* of a line as looked at and kept; the file has it all */
#define CONSOLE_LINES_KEPT	40

struct console {
	const char *path;		/* for messages */
	int fd;				/* -1: keep the lines only */
	bool own_fd, failed, interactive;
	char buffer[1024];
	unsigned int buffered;
	char line[CONSOLE_LINES_KEPT][CONSOLE_LINE_MAX];	/* line[current] is being filled */
	unsigned int current, length;
	uint64_t bytes, lines;
	void (*on_line)(void *ctx, const char *line);	/* a line is complete; may be NULL */
	void *ctx;
};

/* @path NULL: no file; "-": standard output. 0, or -errno with one line in @err. */
int console_open(struct console *c, const char *path, char *err, size_t err_len);

/* The guest wrote @byte. */
void console_byte(struct console *c, uint8_t byte);

/* Write out what is buffered. */
void console_flush(struct console *c);
void console_close(struct console *c);

/* The last lines, oldest first, each after @prefix. */
void console_print_last(const struct console *c, FILE *to, const char *prefix);

#endif
