// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/core/trace.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define WORDS_MAX	32

static const struct trace_tool *find(const char *name)
{
	const char *names[AZT_TOOLS] = { NULL }, *near;
	const struct trace_tool *tool = trace_tool_named(name);
	size_t n;

	if (tool)
		return tool;
	for (n = 0; n < AZT_TOOLS && trace_tools[n]; n++)
		names[n] = trace_tools[n]->name;
	near = az_nearest(name, names, n);
	if (near)
		az_err("unknown tracer '%s', did you mean '%s'?", name, near);
	else
		az_err("unknown tracer '%s', see 'azimuth trace --help'", name);
	return NULL;
}

static bool set_options(const struct trace_tool *tool, int argc, char **argv)
{
	static const struct az_opt none[] = { AZ_OPT_DONE };
	const struct az_opts opts = {
		.command = tool->name, .summary = tool->summary,
		.table = tool->options ? tool->options : none,
	};
	int first, i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			az_err("see 'azimuth trace %s --help'", tool->name);
			return false;
		}
	}
	return !az_opts_parse(&opts, argc, argv, &first);
}

const struct trace_tool *trace_operand(const char *text)
{
	/* Options keep pointers into it, so that it stays. */
	char *copy = strdup(text), *save = NULL, *word, *argv[WORDS_MAX + 1] = { NULL };
	const struct trace_tool *tool;
	int argc = 0;

	for (word = copy ? strtok_r(copy, " ", &save) : NULL; word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (!argc) {
		az_err("a tracer without a name");
		return NULL;
	}
	tool = find(argv[0]);
	return tool && set_options(tool, argc, argv) ? tool : NULL;
}
