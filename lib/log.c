// SPDX-License-Identifier: GPL-2.0-only
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *prog = "azimuth";
static int quiet;

void az_set_prog(const char *name)
{
	prog = name;
}

const char *az_prog(void)
{
	return prog;
}

void az_set_quiet(int on)
{
	quiet = on;
}

/*
 * The line is put together first and written by one call: standard error has
 * no buffer, and lines of several threads must not mix.
 */
static void put_line(const char *kind, const char *fmt, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, ap);
	fprintf(stderr, "%s: %s%s\n", prog, kind, line);
}

void az_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("", fmt, ap);
	va_end(ap);
}

void az_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("warning: ", fmt, ap);
	va_end(ap);
}

void az_info(const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	put_line("", fmt, ap);
	va_end(ap);
}

int az_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("", fmt, ap);
	va_end(ap);
	return AZ_EXIT_USAGE;
}

int az_env(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("", fmt, ap);
	va_end(ap);
	return AZ_EXIT_ENV;
}
