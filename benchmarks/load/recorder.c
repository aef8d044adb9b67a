// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/load/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"

#define PUT(var, value)	__atomic_store_n(&(var), (value), __ATOMIC_RELAXED)
#define GET(var)	__atomic_load_n(&(var), __ATOMIC_RELAXED)

static unsigned int length(const char *const *list, unsigned int most)
{
	unsigned int n = 0;

	while (list && n < most && list[n])
		n++;
	return n;
}

static int find(const struct recorder *r, const char *name)
{
	for (unsigned int i = 0; i < r->counters; i++)
		if (!strcmp(r->spec->counters[i], name))
			return (int)i;
	return -1;
}

struct recorder *recorder_new(const struct recorder_spec *spec, uint64_t interval, bool raw)
{
	struct recorder *r = calloc(1, sizeof(*r));
	unsigned int i;

	if (!r)
		return NULL;
	r->spec = spec;
	r->hists = length(spec->hists, RECORDER_HISTS);
	r->paths = length(spec->paths, RECORDER_PATHS);
	r->counters = length(spec->counters, RECORDER_COUNTERS);
	r->lost = find(r, "lost");
	r->late = find(r, "late");
	r->hist = malloc((r->hists + r->paths) * sizeof(*r->hist));
	r->ring = raw ? malloc(RECORDER_RING * sizeof(*r->ring)) : NULL;
	if (!r->hist || (raw && !r->ring)) {
		recorder_free(r);
		return NULL;
	}
	for (i = 0; i < r->hists + r->paths; i++)
		az_hist_reset(&r->hist[i]);
	if (raw)
		memset(r->ring, 0, RECORDER_RING * sizeof(*r->ring));
	r->interval = interval;
	timeline_reset(&r->timeline, 0, interval);
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	free(r->hist);
	free(r->ring);
	free(r);
}

void recorder_start(struct recorder *r, uint64_t start_ns, uint64_t from_ns)
{
	timeline_reset(&r->timeline, start_ns, r->interval);
	r->from = from_ns;
}

void recorder_reset(struct recorder *r, uint64_t start_ns)
{
	for (unsigned int i = 0; i < r->hists + r->paths; i++)
		az_hist_reset(&r->hist[i]);
	memset(r->count, 0, sizeof(r->count));
	r->samples = r->dropped = 0;
	timeline_reset(&r->timeline, start_ns, r->interval);
}

void recorder_add(struct recorder *r, unsigned int id, uint64_t ns)
{
	if (!r->warm)
		az_hist_record(&r->hist[id], ns);
}

/* A ring that is full keeps the older samples: to wait would change what is measured. */
static void keep_raw(struct recorder *r, uint64_t at_ns, uint64_t ns, unsigned int path, bool lost)
{
	struct az_sample *raw;

	if (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) >= RECORDER_RING) {
		PUT(r->dropped, r->dropped + 1);
		return;
	}
	raw = &r->ring[r->head % RECORDER_RING];
	raw->at = at_ns > r->timeline.start ? at_ns - r->timeline.start : 0;
	raw->ns = ns;
	raw->path = (uint8_t)path;
	raw->lost = lost;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

void recorder_sample(struct recorder *r, uint64_t at_ns, uint64_t ns, unsigned int path)
{
	if (!recorder_counts(r, at_ns))
		return;
	az_hist_record(&r->hist[0], ns);
	if (path && path <= r->paths)
		az_hist_record(&r->hist[r->hists + path - 1], ns);
	timeline_add(timeline_slot(&r->timeline, at_ns), ns);
	PUT(r->samples, r->samples + 1);
	if (r->ring)
		keep_raw(r, at_ns, ns, path, false);
}

void recorder_count(struct recorder *r, unsigned int id, uint64_t n)
{
	if (!r->warm)
		PUT(r->count[id], r->count[id] + n);
}

void recorder_lost(struct recorder *r, uint64_t at_ns)
{
	struct timeline_slot *slot;

	if (!recorder_counts(r, at_ns))
		return;
	if (r->lost >= 0)
		recorder_count(r, (unsigned int)r->lost, 1);
	slot = timeline_slot(&r->timeline, at_ns);
	PUT(slot->lost, slot->lost + 1);
	if (r->ring)
		keep_raw(r, at_ns, 0, 0, true);
}

void recorder_late(struct recorder *r, uint64_t at_ns)
{
	if (r->late >= 0 && recorder_counts(r, at_ns))
		recorder_count(r, (unsigned int)r->late, 1);
}

void recorder_merge(struct recorder *to, const struct recorder *from)
{
	unsigned int i;

	for (i = 0; i < to->hists + to->paths; i++)
		az_hist_merge(&to->hist[i], &from->hist[i]);
	for (i = 0; i < to->counters; i++)
		to->count[i] += GET(from->count[i]);
	to->samples += GET(from->samples);
	to->dropped += GET(from->dropped);
	timeline_merge(&to->timeline, &from->timeline);
}

uint64_t recorder_samples(const struct recorder *r)
{
	return GET(r->samples);
}

uint64_t recorder_counter(const struct recorder *r, unsigned int id)
{
	return GET(r->count[id]);
}

void recorder_to_result(const struct recorder *r, json_t *result)
{
	json_t *stages = NULL;
	char name[96];
	unsigned int i;

	for (i = 0; i < r->counters; i++)
		az_result_count(result, r->spec->counters[i], r->count[i]);
	for (i = 0; i < r->hists; i++) {
		if (i && !r->hist[i].count)
			continue;
		az_result_hist(result, r->spec->hists[i], &r->hist[i]);
		if (strncmp(r->spec->hists[i], "stage_", 6))
			continue;
		if (!stages)
			stages = json_array();
		json_array_append_new(stages, json_string(r->spec->hists[i]));
	}
	for (i = 0; i < r->paths; i++) {
		snprintf(name, sizeof(name), "%s@%s", r->spec->hists[0], r->spec->paths[i]);
		if (r->hist[r->hists + i].count)
			az_result_hist(result, name, &r->hist[r->hists + i]);
	}
	if (stages)
		json_object_set_new(result, "stages", stages);
	json_object_set_new(result, "timeline", timeline_to_json(&r->timeline));
}

unsigned int recorder_drain(struct recorder *r, struct az_sample *to, unsigned int max)
{
	uint64_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
	unsigned int n = 0;

	while (n < max && r->tail + n != head) {
		to[n] = r->ring[(r->tail + n) % RECORDER_RING];
		n++;
	}
	__atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
	return n;
}
