/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tracers see as OpenMetrics 1.0 text. Families, with all the labels that there are:
 *
 *	azimuth_trace_info{kernel, tool_version}
 *	azimuth_trace_hook_reached{tracer, hook, rung}		gauge, 1 or 0 (rung "none")
 *	azimuth_trace_stage_seconds{tracer, stage}		histogram
 *	azimuth_trace_events_total{tracer, event}		counter: the tracer's own counts
 *	azimuth_trace_problems_total{tracer, problem}		counter: lost, displaced,
 *								unmatched, twice, missed
 *
 * Each label's values are names in the tracers' tables, none comes from traffic or devices:
 * the number of series is fixed when the exporter starts. A stage or an event that none
 * of its hooks was reached for is absent, not zero.
 *
 * Upper ends of buckets are ends of buckets of lib/hist.h, so that counts are exact: 2^k and
 * 1.5 * 2^k ns for k from TRACE_LE_FIRST, less the 1 ns that makes "below" an "at most".
 */
#ifndef AZ_BPF_EXPORT_METRICS_H
#define AZ_BPF_EXPORT_METRICS_H

#include "bpf/core/trace.h"

#define TRACE_LE_FIRST	9	/* 511 ns */
#define TRACE_LE_LAST	35	/* 34 s */
#define TRACE_LES	(2 * (TRACE_LE_LAST - TRACE_LE_FIRST) + 1)	/* and +Inf */

/* Upper end @i of TRACE_LES, in ns. */
static inline uint64_t trace_le(unsigned int i)
{
	uint64_t power = 1ull << (TRACE_LE_FIRST + i / 2);

	return power + (i % 2 ? power / 2 : 0) - 1;
}

/* The text for @count tracers that run; the caller frees it. NULL when memory is short. */
char *trace_metrics(const struct trace_run *runs, unsigned int count, size_t *len);

#endif
