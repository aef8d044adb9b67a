/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a latency went over time: TIMELINE_SLOTS slots of one interval each. When
 * time runs past the last one, neighbours are folded together and the interval
 * doubles, so that the memory is TIMELINE_MEMORY whatever the duration. A slot
 * keeps count, lost, min and max exactly and percentiles to TIMELINE_ERROR.
 */
#ifndef AZ_LOAD_TIMELINE_H
#define AZ_LOAD_TIMELINE_H

#include <stdint.h>

#include <jansson.h>

#define TIMELINE_SLOTS		256u
#define TIMELINE_SUB_BITS	4
#define TIMELINE_SUB		(1u << TIMELINE_SUB_BITS)
#define TIMELINE_VALUE_BITS	44	/* a longer time (4.8 hours) shares the last bucket */
#define TIMELINE_BUCKETS	((TIMELINE_VALUE_BITS - TIMELINE_SUB_BITS + 1) * TIMELINE_SUB)
#define TIMELINE_ERROR		"1/32"

struct timeline_slot {
	uint64_t count, lost, min, max;
	uint32_t bucket[TIMELINE_BUCKETS];
};

#define TIMELINE_MEMORY	(TIMELINE_SLOTS * sizeof(struct timeline_slot))	/* 680 KiB */

struct timeline {
	uint64_t start, interval;		/* ns */
	uint64_t low, high;			/* times that @here covers */
	struct timeline_slot *here;
	unsigned int used;			/* slots up to the last that was touched */
	struct timeline_slot slot[TIMELINE_SLOTS];
};

/* Empty, from @start (ns, any clock) on, in steps of @interval ns, at least 1. */
void timeline_reset(struct timeline *t, uint64_t start, uint64_t interval);

/*
 * The slot of time @at. Before the start is the first. May fold, which takes
 * some ten microseconds and happens log2(duration / 256 intervals) times.
 */
struct timeline_slot *timeline_find(struct timeline *t, uint64_t at);

/* As timeline_find(), quick for times that follow one another. */
static inline struct timeline_slot *timeline_slot(struct timeline *t, uint64_t at)
{
	/* One comparison for both ends. */
	return at - t->low < t->high - t->low ? t->here : timeline_find(t, at);
}

/* Adds one latency of @ns. */
void timeline_add(struct timeline_slot *slot, uint64_t ns);

/*
 * Adds @from to @to, which has the same start; the coarser interval remains,
 * and they differ by a power of two. @from may be in use by its thread: its
 * figures are then some that it had during the call, give or take a sample; when
 * it folds at just that time, slots may be missing or there twice.
 */
void timeline_merge(struct timeline *to, const struct timeline *from);

/* As az_hist_percentile(), to TIMELINE_ERROR. */
uint64_t timeline_percentile(const struct timeline_slot *slot, unsigned int ppm);

/*
 * { "interval_ns", "error", "slots": [[count, lost, p50, p99, max], ...] };
 * the caller adds "start". NULL when memory is short.
 */
json_t *timeline_to_json(const struct timeline *t);

#endif
