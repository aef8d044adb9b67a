// SPDX-License-Identifier: GPL-2.0-only
/* The histogram of lib/hist.c, inside the kernel. */
#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "exitlat.h"

#define PPM	1000000ULL

static unsigned int bucket_of(u64 value)
{
	unsigned int shift;

	if (value < EXITLAT_SUB)
		return value;
	shift = fls64(value) - 1 - EXITLAT_SUB_BITS;
	return shift * EXITLAT_SUB + (value >> shift);
}

static u64 bucket_width(unsigned int index)
{
	unsigned int octave = index / EXITLAT_SUB;

	return octave > 1 ? 1ULL << (octave - 1) : 1;
}

static u64 bucket_low(unsigned int index)
{
	if (index < EXITLAT_SUB)
		return index;
	return (EXITLAT_SUB + index % EXITLAT_SUB) * bucket_width(index);
}

void exitlat_hist_reset(struct exitlat_record *rec, const char *name)
{
	memset(rec, 0, sizeof(*rec));
	rec->magic = EXITLAT_MAGIC;
	rec->version = EXITLAT_VERSION;
	rec->sub_bits = EXITLAT_SUB_BITS;
	rec->buckets = EXITLAT_BUCKETS;
	rec->min = U64_MAX;
	rec->target = EXITLAT_NO_CPU;
	strscpy(rec->name, name, sizeof(rec->name));
}

void exitlat_hist_add(struct exitlat_record *rec, u64 value)
{
	value = min_t(u64, value, S64_MAX);
	rec->bucket[bucket_of(value)]++;
	rec->count++;
	rec->sum = min_t(u64, rec->sum + value, S64_MAX);
	rec->min = min(rec->min, value);
	rec->max = max(rec->max, value);
}

/* A count is at most EXITLAT_COUNT_MAX, so that the product fits. */
u64 exitlat_hist_percentile(const struct exitlat_record *rec, u32 ppm)
{
	u64 rank = div64_u64(rec->count * ppm + PPM - 1, PPM), seen = 0;
	unsigned int i;

	if (!rec->count)
		return 0;
	rank = max(rank, 1ULL);
	for (i = 0; i < EXITLAT_BUCKETS - 1; i++) {
		seen += rec->bucket[i];
		if (seen >= rank)
			break;
	}
	return clamp(bucket_low(i) + bucket_width(i) / 2, rec->min, rec->max);
}
