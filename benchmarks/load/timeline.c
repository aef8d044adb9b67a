// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/load/timeline.h"

#include "lib/hist.h"

/* Another thread may read: each word is whole, no more is promised. */
#define PUT(var, value)	__atomic_store_n(&(var), (value), __ATOMIC_RELAXED)
#define GET(var)	__atomic_load_n(&(var), __ATOMIC_RELAXED)

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < TIMELINE_SUB)
		return (unsigned int)ns;
	if (ns >> TIMELINE_VALUE_BITS)
		return TIMELINE_BUCKETS - 1;
	shift = 63 - (unsigned int)__builtin_clzll(ns) - TIMELINE_SUB_BITS;
	return shift * TIMELINE_SUB + (unsigned int)(ns >> shift);
}

static uint64_t bucket_middle(unsigned int index)
{
	unsigned int octave = index / TIMELINE_SUB;
	uint64_t width = octave > 1 ? 1ull << (octave - 1) : 1;

	if (index < TIMELINE_SUB)
		return index;
	return (TIMELINE_SUB + index % TIMELINE_SUB) * width + width / 2;
}

static void slot_reset(struct timeline_slot *slot)
{
	unsigned int i;

	PUT(slot->count, 0);
	PUT(slot->lost, 0);
	PUT(slot->min, UINT64_MAX);
	PUT(slot->max, 0);
	for (i = 0; i < TIMELINE_BUCKETS; i++)
		PUT(slot->bucket[i], 0);
}

static void aim(struct timeline *t, unsigned int index)
{
	t->here = &t->slot[index];
	t->low = t->start + index * t->interval;
	t->high = t->low + t->interval;
	/* What came before the start counts as the beginning. */
	if (!index)
		t->low = 0;
	if (index >= t->used)
		PUT(t->used, index + 1);
}

void timeline_reset(struct timeline *t, uint64_t start, uint64_t interval)
{
	unsigned int i;

	t->start = start;
	t->interval = interval ? interval : 1;
	t->used = 0;
	/* Also touches each page, so that the first sample of a slot does not. */
	for (i = 0; i < TIMELINE_SLOTS; i++)
		slot_reset(&t->slot[i]);
	t->low = t->high = 0;	/* no time is between them: look for the first one, too */
}

static void slot_merge(struct timeline_slot *to, const struct timeline_slot *from)
{
	uint64_t min = GET(from->min), max = GET(from->max);
	unsigned int i, last;

	PUT(to->lost, to->lost + GET(from->lost));
	if (min > max)
		return;
	PUT(to->count, to->count + GET(from->count));
	if (min < to->min)
		PUT(to->min, min);
	if (max > to->max)
		PUT(to->max, max);
	for (i = bucket_of(min), last = bucket_of(max); i <= last; i++)
		PUT(to->bucket[i], to->bucket[i] + GET(from->bucket[i]));
}

static void fold(struct timeline *t)
{
	unsigned int i;

	for (i = 0; i < TIMELINE_SLOTS / 2; i++) {
		if (i) {
			slot_reset(&t->slot[i]);
			slot_merge(&t->slot[i], &t->slot[2 * i]);
		}
		slot_merge(&t->slot[i], &t->slot[2 * i + 1]);
	}
	for (; i < TIMELINE_SLOTS; i++)
		slot_reset(&t->slot[i]);
	PUT(t->interval, t->interval * 2);
	PUT(t->used, (t->used + 1) / 2);
	t->low = t->high = 0;
}

struct timeline_slot *timeline_find(struct timeline *t, uint64_t at)
{
	uint64_t index;

	for (;;) {
		index = at > t->start ? (at - t->start) / t->interval : 0;
		if (index < TIMELINE_SLOTS)
			break;
		fold(t);
	}
	aim(t, (unsigned int)index);
	return t->here;
}

void timeline_add(struct timeline_slot *slot, uint64_t ns)
{
	uint32_t *bucket = &slot->bucket[bucket_of(ns)];

	if (ns < slot->min)
		PUT(slot->min, ns);
	if (ns > slot->max)
		PUT(slot->max, ns);
	PUT(slot->count, slot->count + 1);
	if (*bucket != UINT32_MAX)
		PUT(*bucket, *bucket + 1);
}

void timeline_merge(struct timeline *to, const struct timeline *from)
{
	uint64_t interval = GET(from->interval);
	unsigned int i, ratio, used = GET(from->used);

	while (to->interval < interval)
		fold(to);
	ratio = (unsigned int)(to->interval / interval);
	for (i = 0; i < used; i++)
		slot_merge(&to->slot[i / ratio], &from->slot[i]);
	if (used && (used - 1) / ratio >= to->used)
		to->used = (used - 1) / ratio + 1;
}

uint64_t timeline_percentile(const struct timeline_slot *slot, unsigned int ppm)
{
	uint64_t total = 0, seen = 0, rank, value;
	unsigned int i;

	/* Of a slot that was read while it changed, only the buckets agree with themselves. */
	for (i = 0; i < TIMELINE_BUCKETS; i++)
		total += slot->bucket[i];
	if (!total)
		return 0;
	rank = (uint64_t)(((unsigned __int128)total * ppm + AZ_PPM - 1) / AZ_PPM);
	for (i = 0; i < TIMELINE_BUCKETS - 1; i++) {
		seen += slot->bucket[i];
		if (seen >= rank)
			break;
	}
	value = i == TIMELINE_BUCKETS - 1 ? slot->max : bucket_middle(i);
	if (value < slot->min)
		return slot->min;
	return value > slot->max ? slot->max : value;
}

static json_t *slot_to_json(const struct timeline_slot *slot)
{
	return json_pack("[I, I, I, I, I]", (json_int_t)slot->count, (json_int_t)slot->lost,
			 (json_int_t)timeline_percentile(slot, 500000),
			 (json_int_t)timeline_percentile(slot, 990000), (json_int_t)slot->max);
}

json_t *timeline_to_json(const struct timeline *t)
{
	json_t *slots = json_array();
	unsigned int i;

	for (i = 0; slots && i < t->used; i++)
		if (json_array_append_new(slots, slot_to_json(&t->slot[i]))) {
			json_decref(slots);
			return NULL;
		}
	return json_pack("{s:I, s:s, s:o}", "interval_ns", (json_int_t)t->interval,
			 "error", TIMELINE_ERROR, "slots", slots);
}
