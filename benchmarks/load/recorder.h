/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one thread of a workload records. One thread writes, without locks, and
 * any thread may read meanwhile: each counter is whole, and a histogram that is
 * read agrees with itself, but two counters may be an event apart.
 *
 * Memory, whatever the number of samples and the duration: RECORDER_MEMORY(n)
 * bytes for n histograms (those of the data paths included), that is 114 KiB
 * each and 680 KiB for the timeline; with raw samples another 3 MiB. A sample
 * costs some 10 to 20 ns, a value of a stage 5.
 */
#ifndef AZ_LOAD_RECORDER_H
#define AZ_LOAD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "benchmarks/load/timeline.h"
#include "lib/hist.h"
#include "lib/samples.h"

#define RECORDER_HISTS		32u	/* most histograms of a recorder */
#define RECORDER_COUNTERS	32u
#define RECORDER_PATHS		8u
#define RECORDER_RING		(1u << 17)	/* raw samples that wait for the disk */
#define RECORDER_MEMORY(hists) \
	((hists) * sizeof(struct az_hist) + sizeof(struct recorder))

/* Lists end with NULL; all strings must outlive the recorder. */
struct recorder_spec {
	/*
	 * The first one is the main latency, which recorder_sample() fills and the
	 * timeline shows. "stage_<name>" in the order of the path are stages.
	 */
	const char *const *hists;
	/*
	 * Names of counters, which become "counts" of the result. "lost" and "late",
	 * where listed, are what recorder_lost() and recorder_late() count.
	 */
	const char *const *counters;
	/*
	 * Data paths, such as "synthetic", "vf", or NULL. For each a histogram
	 * "<main>@<path>" is kept. Path 1 of a sample is paths[0]; 0 is not known.
	 */
	const char *const *paths;
};

struct recorder {
	uint64_t from;		/* ns: events of before are of the warm-up, not counted */
	bool warm;		/* the warm-up lasts; ended by load_worker_goes_on() */
	uint64_t samples;	/* that recorder_sample() took */
	unsigned int hists, paths, counters;
	int lost, late;		/* counters, -1: none */
	struct az_hist *hist;	/* [hists], then [paths] of the data paths */
	uint64_t count[RECORDER_COUNTERS];
	const struct recorder_spec *spec;
	uint64_t interval;	/* of the timeline before it was folded, ns */
	struct timeline timeline;
	struct az_sample *ring;	/* RECORDER_RING entries, NULL: no raw samples wanted */
	uint64_t head, tail;	/* written by the recording thread, by the draining one */
	uint64_t dropped;	/* raw samples that found the ring full */
};

/*
 * A new recorder, all memory of which has been touched. @interval is that of
 * the timeline in ns, @raw asks for raw samples. NULL when memory is short.
 * recorder_free() takes NULL, too.
 */
struct recorder *recorder_new(const struct recorder_spec *spec, uint64_t interval, bool raw);
void recorder_free(struct recorder *r);

/* The timeline begins at @start_ns; events from @from_ns on count (UINT64_MAX: none yet). */
void recorder_start(struct recorder *r, uint64_t start_ns, uint64_t from_ns);

/* Does an event count that was meant for @at_ns, or is it one of the warm-up? */
static inline bool recorder_counts(const struct recorder *r, uint64_t at_ns)
{
	return at_ns >= r->from;
}

/*
 * One value in ns into histogram @id, an index of spec->hists. Nothing is kept
 * as long as the warm-up lasts; of an event that straddles its end, which only
 * open loops have, ask recorder_counts() first.
 */
void recorder_add(struct recorder *r, unsigned int id, uint64_t ns);

/*
 * The main latency of an event that was meant for @at_ns (CLOCK_MONOTONIC): into
 * histogram 0 and that of @path, the timeline, and the raw samples.
 */
void recorder_sample(struct recorder *r, uint64_t at_ns, uint64_t ns, unsigned int path);

/* An event of @at_ns that got no answer, or one after it had been given up. */
void recorder_lost(struct recorder *r, uint64_t at_ns);
void recorder_late(struct recorder *r, uint64_t at_ns);

/* Adds @n to counter @id, an index of spec->counters. Not kept in the warm-up. */
void recorder_count(struct recorder *r, unsigned int id, uint64_t n);

/*
 * Readers, for any thread. recorder_reset() empties; recorder_merge() adds @from
 * to @to, of the same spec and start; @from may be recording. The others are of a
 * recorder that is not, such as a merged one.
 */
void recorder_reset(struct recorder *r, uint64_t start_ns);
void recorder_merge(struct recorder *to, const struct recorder *from);
uint64_t recorder_samples(const struct recorder *r);	/* of a recording one, too */
uint64_t recorder_counter(const struct recorder *r, unsigned int id);

/*
 * Puts "histograms" (only those with values, but always the main one), "counts",
 * "stages" and "timeline" (without "start") into @result, with the metrics.
 */
void recorder_to_result(const struct recorder *r, json_t *result);

/*
 * Takes up to @max raw samples out of the ring, in the order in which they were
 * recorded. For one thread at a time. Returns how many.
 */
unsigned int recorder_drain(struct recorder *r, struct az_sample *to, unsigned int max);

#endif
