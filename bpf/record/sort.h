/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts events into the order of their time. They are almost in it: an event has its time
 * before it has its place in the ring buffer, so that CPUs, and an interrupt, may
 * overtake each other by a few places. The window is far larger than that.
 */
#ifndef AZ_BPF_RECORD_SORT_H
#define AZ_BPF_RECORD_SORT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/layout.h"

#define TRACE_SORT_WINDOW	8192u

struct trace_sort {
	struct trace_sorted {
		struct azt_event event;
		uint64_t number;		/* the order of arrival, for the same time */
	} heap[TRACE_SORT_WINDOW];
	uint32_t count;
	uint64_t arrived;
	uint64_t last;		/* time of the last one that left */
	uint64_t late;		/* that left after a later one: the window was too small */
};

/* Adds an event; there is room for one more whenever trace_sort_get() without @all gave false. */
void trace_sort_add(struct trace_sort *sort, const struct azt_event *event);

/*
 * Takes the first event in time out: true, or false when there is none. Unless it is the
 * end (@all), only when the window is full.
 */
bool trace_sort_get(struct trace_sort *sort, bool all, struct azt_event *event);

#endif
