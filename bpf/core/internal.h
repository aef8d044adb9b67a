/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of core/ share among themselves. */
#ifndef AZ_BPF_CORE_INTERNAL_H
#define AZ_BPF_CORE_INTERNAL_H

#include "bpf/core/trace.h"

/* How many histograms a tool has. */
unsigned int trace_slots(const struct trace_tool *tool);

/* Maps the histograms of a loaded object into memory, and out. Returns 0 or negative errno. */
int trace_map(struct trace_run *run);
void trace_unmap(struct trace_run *run);

/* ---- what names the kernel has (symbols.c) ------------------------------------------ */

struct trace_symbols;

/* NULL with errno. Modules' BTF and the list of symbols are read when they are asked for. */
struct trace_symbols *trace_symbols_open(void);
void trace_symbols_close(struct trace_symbols *symbols);

/*
 * Is there such a function or typedef in the BTF of the kernel or, where it is not NULL,
 * of @module?
 */
bool trace_symbols_func(struct trace_symbols *symbols, const char *module, const char *name);
bool trace_symbols_typedef(struct trace_symbols *symbols, const char *module, const char *name);

/* Is there such a symbol in /proc/kallsyms? */
bool trace_symbols_has(struct trace_symbols *symbols, const char *name);

/* ---- what all tracers have (show.c, attach.c) ------------------------------------------ */

/* The counts before a tracer's own, by enum azt_count. */
#define TRACE_COMMON	4
extern const struct trace_counter trace_common[TRACE_COMMON];

/* The rung by which hook @hook of the tool's table was reached; NULL: by none. */
const struct trace_rung *trace_rung(const struct trace_run *run, unsigned int hook);

/* "tracepoint NAME", "function NAME", ... in @text. */
const char *trace_rung_text(const struct trace_rung *rung, char *text, size_t len);

#endif
