/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram of durations. Each power of two is cut into 256 equal
 * buckets, so a bucket is at most 1/256 of its values wide; a percentile is the
 * middle of its bucket and differs from the sample by at most 1/512 of it.
 * Values below 512 have a bucket each and are exact, as are min, max, count and
 * sum. The size is constant (114 KiB) whatever is recorded.
 */
#ifndef AZ_LIB_HIST_H
#define AZ_LIB_HIST_H

#include <stdint.h>

#include <jansson.h>

#define AZ_HIST_SUB_BITS	8
#define AZ_HIST_SUB		(1u << AZ_HIST_SUB_BITS)
#define AZ_HIST_BUCKETS		((63 - AZ_HIST_SUB_BITS + 1) * AZ_HIST_SUB)
#define AZ_HIST_ERROR		"1/512"

/* Percentiles are named in parts per million: 50% is 500000, 99.99% is 999900. */
#define AZ_PPM			1000000u

struct az_hist {
	uint64_t count, min, max, sum;
	uint64_t bucket[AZ_HIST_BUCKETS];
};

/* The percentiles that every result states, with their names ("p99.9"). */
struct az_percentile {
	const char *name;
	unsigned int ppm;
};

extern const struct az_percentile az_percentiles[];	/* ends with name NULL */

/* Makes @hist empty. Needed before the first use: of an empty one, min is UINT64_MAX. */
void az_hist_reset(struct az_hist *hist);

/* Adds one value, in ns; a value above INT64_MAX counts as INT64_MAX. */
void az_hist_record(struct az_hist *hist, uint64_t value);

/*
 * Adds all of @from to @to. @from may be recording in another thread: what is
 * added is then what it had at some time during the call, with counts that add up.
 */
void az_hist_merge(struct az_hist *to, const struct az_hist *from);

/*
 * The value that at least @ppm millionths of the samples do not exceed, within
 * the error above and within min and max. 0 for an empty histogram.
 */
uint64_t az_hist_percentile(const struct az_hist *hist, unsigned int ppm);

/* Arithmetic mean, 0 for an empty histogram. */
double az_hist_mean(const struct az_hist *hist);

/*
 * { "sub_bits", "error", "count", "min", "max", "sum", "mean", "p50", ...,
 * "buckets": [index, count, index, count, ...] } with ascending indices and no
 * empty buckets. Returns a new reference, NULL when memory is short.
 */
json_t *az_hist_to_json(const struct az_hist *hist);

/*
 * Reads what az_hist_to_json() wrote. Returns 0, or -EINVAL when @json is
 * anything else: other resolution, indices out of range or order, or counts that
 * do not add up. @hist is undefined then.
 */
int az_hist_from_json(struct az_hist *hist, const json_t *json);

/* Lowest value and width of bucket @index, for plots. */
uint64_t az_hist_bucket_low(unsigned int index);
uint64_t az_hist_bucket_width(unsigned int index);

#endif
