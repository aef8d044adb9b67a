/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording as JSON of Chrome's trace event format, which Perfetto and chrome://tracing
 * open. Times are us since the recording began. Of each tracer:
 *
 *	process "NAME", a thread for each CPU: each event, where and when it was
 *	process "NAME TRACK" for each channel or queue: each request as a slice, in it its
 *	stages, each named by the event that began it; the key is the slice's id
 */
#ifndef AZ_BPF_RECORD_TIMELINE_H
#define AZ_BPF_RECORD_TIMELINE_H

#include "bpf/record/file.h"
#include "bpf/core/trace.h"

/*
 * Writes the events of @r, read from @path before, of @only (NULL: all) to file @to.
 * A request is not shown whose begin is not there; one without an end is closed where the
 * recording ends. Returns 0, or an exit code after one line on standard error.
 */
int trace_timeline_write(struct trace_reader *r, const char *path, const char *to,
			 const struct trace_tool *only);

#endif
