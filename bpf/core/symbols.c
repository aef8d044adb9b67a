// SPDX-License-Identifier: GPL-2.0-only
/* Which functions and tracepoints the running kernel and its modules have. */
#include "bpf/core/internal.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MODULES_MAX	16

struct module_btf {
	char name[56];
	struct btf *btf;	/* NULL: it is not loaded or has none */
};

struct trace_symbols {
	struct btf *kernel;
	struct module_btf module[MODULES_MAX];
	unsigned int modules;
	char **names;		/* of kallsyms, sorted; NULL: not read yet */
	size_t count;
};

struct trace_symbols *trace_symbols_open(void)
{
	struct trace_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->kernel = btf__load_vmlinux_btf();
	if (!symbols->kernel) {
		free(symbols);
		return NULL;
	}
	return symbols;
}

void trace_symbols_close(struct trace_symbols *symbols)
{
	size_t i;

	for (i = 0; i < symbols->modules; i++)
		btf__free(symbols->module[i].btf);
	btf__free(symbols->kernel);
	for (i = 0; i < symbols->count; i++)
		free(symbols->names[i]);
	free(symbols->names);
	free(symbols);
}

static const struct btf *module_btf(struct trace_symbols *symbols, const char *name)
{
	struct module_btf *m;
	unsigned int i;

	for (i = 0; i < symbols->modules; i++)
		if (!strcmp(symbols->module[i].name, name))
			return symbols->module[i].btf;
	if (symbols->modules == MODULES_MAX)
		return NULL;
	m = &symbols->module[symbols->modules++];
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->btf = btf__load_module_btf(name, symbols->kernel);
	return m->btf;
}

static bool in_btf(struct trace_symbols *symbols, const char *module, const char *name,
		   uint32_t kind)
{
	const struct btf *btf;

	if (btf__find_by_name_kind(symbols->kernel, name, kind) > 0)
		return true;
	btf = module ? module_btf(symbols, module) : NULL;
	return btf && btf__find_by_name_kind(btf, name, kind) > 0;
}

bool trace_symbols_func(struct trace_symbols *symbols, const char *module, const char *name)
{
	return in_btf(symbols, module, name, BTF_KIND_FUNC);
}

bool trace_symbols_typedef(struct trace_symbols *symbols, const char *module, const char *name)
{
	return in_btf(symbols, module, name, BTF_KIND_TYPEDEF);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ffffffff81000000 T name\t[module]" */
static void read_kallsyms(struct trace_symbols *symbols)
{
	char line[512], name[256], **more;
	size_t room = 0;
	FILE *file = fopen("/proc/kallsyms", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*c %255s", name) != 1)
			continue;
		if (symbols->count == room) {
			room = room ? room * 2 : 1 << 16;
			more = realloc(symbols->names, room * sizeof(*more));
			if (!more)
				break;
			symbols->names = more;
		}
		symbols->names[symbols->count] = strdup(name);
		if (!symbols->names[symbols->count])
			break;
		symbols->count++;
	}
	if (file)
		fclose(file);
	if (symbols->names)
		qsort(symbols->names, symbols->count, sizeof(*symbols->names), by_name);
}

bool trace_symbols_has(struct trace_symbols *symbols, const char *name)
{
	if (!symbols->names)
		read_kallsyms(symbols);
	return symbols->names &&
	       bsearch(&name, symbols->names, symbols->count, sizeof(*symbols->names), by_name);
}
