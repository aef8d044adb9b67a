// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "launch/tools/tool.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "window", tool_window, "memory shared between the host and level 1" },
	{ "ctl", tool_ctl, "SOCKET JSON: send one line to azhost's control socket as it is" },
	{ "json", tool_json, "FILE PATH: print the values at PATH, one a line" },
	{ "guard", tool_guard, "in level 1: keep QEMU from delivering a guest's interrupt twice" },
	{ "nic", tool_nic, "channels DEV [COUNT] | stat DEV NAME: what ethtool would say or do" },
	{ "spin", tool_spin, "CPU MILLISECONDS: keep threads waiting for a CPU, and say how long" },
};

void tool_error(const char *fmt, ...)
{
	va_list ap;

	fputs("labtool: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void help(FILE *to)
{
	size_t i;

	fputs("usage: labtool COMMAND ...\n", to);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc >= 2 && !strcmp(argv[1], "--help")) {
		help(stdout);
		return TOOL_OK;
	}
	for (i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	help(stderr);
	return TOOL_USAGE;
}
