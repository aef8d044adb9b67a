// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/opts.h"

#define COMMANDS_MAX 32

static void print_table(const char *prog, const char *summary, const struct az_command *table)
{
	printf("Usage: %s COMMAND [ARGUMENT]...\n%s\n\nCommands:\n", prog, summary);
	for (; table->name; table++)
		printf("  %-10s %s\n", table->name, table->help);
	printf("\n'%s COMMAND --help' describes one of them.\n", prog);
}

static int unknown(const char *prog, const struct az_command *table, const char *word)
{
	const char *names[COMMANDS_MAX] = { NULL }, *near;
	size_t count = 0;

	for (; table->name && count < COMMANDS_MAX; table++)
		names[count++] = table->name;
	near = az_nearest(word, names, count);
	if (near)
		return az_usage("unknown command '%s', did you mean '%s'?", word, near);
	return az_usage("unknown command '%s', see '%s --help'", word, prog);
}

int az_dispatch(const char *prog, const char *summary, const struct az_command *table,
		int argc, char **argv)
{
	static char full[64];
	const struct az_command *entry;
	char name[64];

	if (argc < 2) {
		az_err("no command is given, see '%s --help'", prog);
		return AZ_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_table(prog, summary, table);
		return AZ_EXIT_OK;
	}
	for (entry = table; entry->name; entry++)
		if (!strcmp(entry->name, argv[1]))
			break;
	if (!entry->name)
		return unknown(prog, table, argv[1]);
	/* @prog may be the previous content of @full: a table within a table. */
	snprintf(name, sizeof(name), "%s %s", prog, entry->name);
	strcpy(full, name);
	az_set_prog(full);
	argv[1] = full;
	return entry->run(argc - 1, argv + 1);
}
