/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording, event by event in the order of time, and a tracer's model over it. */
#ifndef AZ_BPF_RECORD_PLAY_H
#define AZ_BPF_RECORD_PLAY_H

#include "bpf/core/trace.h"
#include "bpf/record/file.h"

/*
 * Calls @fn for each event of @tool (AZT_TOOL_NONE: of all) in @r, which is at its begin, in the
 * order of time. *@late is how many could not be put in order. Returns 0 or -ENOMEM;
 * how the recording ends, @r tells.
 */
int trace_play_events(struct trace_reader *r, enum azt_tool tool,
		      void (*fn)(const struct azt_event *event, void *ctx), void *ctx,
		      uint64_t *late);

/*
 * Runs the model of @run->tool over @r: then trace_show(), trace_result() and the calls that read
 * show what it found, until the next call. *@events is how many there were of it.
 * Returns 0 or -ENOMEM.
 */
int trace_play(struct trace_reader *r, struct trace_run *run, uint64_t *events, uint64_t *late);

#endif
