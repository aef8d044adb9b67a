// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/record/sort.h"

static bool before(const struct trace_sorted *a, const struct trace_sorted *b)
{
	if (a->event.ts != b->event.ts)
		return a->event.ts < b->event.ts;
	return a->number < b->number;
}

void trace_sort_add(struct trace_sort *sort, const struct azt_event *event)
{
	const struct trace_sorted one = { *event, sort->arrived++ };
	uint32_t i = sort->count++, up;

	for (; i; i = up) {
		up = (i - 1) / 2;
		if (!before(&one, &sort->heap[up]))
			break;
		sort->heap[i] = sort->heap[up];
	}
	sort->heap[i] = one;
}

/* The last one of the heap takes the place of the first, and sinks. */
static void remove_first(struct trace_sort *sort)
{
	const struct trace_sorted one = sort->heap[--sort->count];
	uint32_t i = 0, down;

	for (; (down = 2 * i + 1) < sort->count; i = down) {
		if (down + 1 < sort->count && before(&sort->heap[down + 1], &sort->heap[down]))
			down++;
		if (!before(&sort->heap[down], &one))
			break;
		sort->heap[i] = sort->heap[down];
	}
	sort->heap[i] = one;
}

bool trace_sort_get(struct trace_sort *sort, bool all, struct azt_event *event)
{
	if (!sort->count || (!all && sort->count < TRACE_SORT_WINDOW))
		return false;
	*event = sort->heap[0].event;
	remove_first(sort);
	if (event->ts < sort->last)
		sort->late++;
	else
		sort->last = event->ts;
	return true;
}
