/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording says of itself. Its head:
 *
 *	{ "kind": "trace", "env": as in lib/env.h, "cpus": possible ones, "ring": bytes,
 *	  "clock": { "monotonic_ns", "date_ns": since 1970, at the same time },
 *	  "tracers": [{ "name", "id": enum azt_tool, "facts": the tracer's own,
 *			"hooks": [{ "name", "rung": text | null, "program" }] }] }
 *
 * and its counts, of each tracer in the same order:
 *
 *	{ "end": "running" | "done" | "interrupted" | "error", "error": text,
 *	  "tracers": [{ "name", "events", "lost", "missed", "facts" }] }
 */
#ifndef AZ_BPF_RECORD_FACTS_H
#define AZ_BPF_RECORD_FACTS_H

#include "bpf/core/trace.h"

/* The head of a recording of @count tracers that run. NULL when memory is short. */
json_t *trace_facts_head(struct trace_run *runs, unsigned int count, bool imds);

/* One tracer's part of the counts; @last: with its facts as they are now. */
json_t *trace_facts_counts(struct trace_run *run, uint64_t events, bool last);

/*
 * Is @head one that can be replayed? Returns 0, or -EINVAL with what is wrong in @error. A tracer
 * that this azimuth does not know is wrong only when it is asked for.
 */
int trace_facts_check(const json_t *head, char *error, size_t len);

/*
 * Sets up @run, of @run->tool, as it was when @head and @counts (may be NULL) were recorded.
 * Returns 0, or -EINVAL with what is wrong in @error, -ENOENT: not in the recording.
 */
int trace_facts_recall(const json_t *head, const json_t *counts, struct trace_run *run,
		       char *error, size_t len);

/* Events of @run->tool that were lost up to @counts, which may be NULL. */
uint64_t trace_facts_lost(const json_t *counts, const struct trace_run *run);

#endif
