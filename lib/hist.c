// SPDX-License-Identifier: GPL-2.0-only
#include "lib/hist.h"

#include <errno.h>
#include <string.h>

const struct az_percentile az_percentiles[] = {
	{ "p50", 500000 },
	{ "p90", 900000 },
	{ "p99", 990000 },
	{ "p99.9", 999000 },
	{ "p99.99", 999900 },
	{ NULL, 0 }
};

/*
 * Another thread may read a histogram while its own records: each word is whole,
 * and a value is in min and max before it is in its bucket.
 */
#define PUT(var, value)	__atomic_store_n(&(var), (value), __ATOMIC_RELAXED)
#define GET(var)	__atomic_load_n(&(var), __ATOMIC_RELAXED)

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < AZ_HIST_SUB)
		return (unsigned int)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - AZ_HIST_SUB_BITS;
	return shift * AZ_HIST_SUB + (unsigned int)(value >> shift);
}

uint64_t az_hist_bucket_width(unsigned int index)
{
	unsigned int octave = index / AZ_HIST_SUB;

	return octave > 1 ? 1ull << (octave - 1) : 1;
}

uint64_t az_hist_bucket_low(unsigned int index)
{
	if (index < AZ_HIST_SUB)
		return index;
	return (AZ_HIST_SUB + index % AZ_HIST_SUB) * az_hist_bucket_width(index);
}

void az_hist_reset(struct az_hist *hist)
{
	memset(hist, 0, sizeof(*hist));
	hist->min = UINT64_MAX;
}

static void add_sum(struct az_hist *hist, uint64_t value)
{
	uint64_t sum;

	/* JSON integers are signed; saturate where they end. */
	if (__builtin_add_overflow(hist->sum, value, &sum) || sum > INT64_MAX)
		sum = INT64_MAX;
	PUT(hist->sum, sum);
}

void az_hist_record(struct az_hist *hist, uint64_t value)
{
	uint64_t *bucket;

	if (value > INT64_MAX)
		value = INT64_MAX;
	bucket = &hist->bucket[bucket_of(value)];
	if (value < hist->min)
		PUT(hist->min, value);
	if (value > hist->max)
		PUT(hist->max, value);
	add_sum(hist, value);
	__atomic_store_n(bucket, *bucket + 1, __ATOMIC_RELEASE);
	PUT(hist->count, hist->count + 1);
}

void az_hist_merge(struct az_hist *to, const struct az_hist *from)
{
	uint64_t count = 0, n, min, max;
	unsigned int i;

	for (i = 0; i < AZ_HIST_BUCKETS; i++) {
		n = __atomic_load_n(&from->bucket[i], __ATOMIC_ACQUIRE);
		if (!n)
			continue;
		to->bucket[i] += n;
		count += n;
	}
	/* Not from->count, which may already be another. */
	to->count += count;
	add_sum(to, GET(from->sum));
	min = GET(from->min);
	max = GET(from->max);
	if (min < to->min)
		to->min = min;
	if (max > to->max)
		to->max = max;
}

uint64_t az_hist_percentile(const struct az_hist *hist, unsigned int ppm)
{
	uint64_t rank, seen = 0, value;
	unsigned int i;

	if (!hist->count)
		return 0;
	rank = (uint64_t)(((unsigned __int128)hist->count * ppm + AZ_PPM - 1) / AZ_PPM);
	if (!rank)
		rank = 1;
	for (i = 0; i < AZ_HIST_BUCKETS - 1; i++) {
		seen += hist->bucket[i];
		if (seen >= rank)
			break;
	}
	value = az_hist_bucket_low(i) + az_hist_bucket_width(i) / 2;
	if (value < hist->min)
		return hist->min;
	return value > hist->max ? hist->max : value;
}

double az_hist_mean(const struct az_hist *hist)
{
	return hist->count ? (double)hist->sum / (double)hist->count : 0;
}

static json_t *buckets_to_json(const struct az_hist *hist)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list && i < AZ_HIST_BUCKETS; i++) {
		if (!hist->bucket[i])
			continue;
		if (json_array_append_new(list, json_integer(i)) ||
		    json_array_append_new(list, json_integer((json_int_t)hist->bucket[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *az_hist_to_json(const struct az_hist *hist)
{
	const struct az_percentile *p;
	json_t *json;

	json = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:f}",
			 "sub_bits", AZ_HIST_SUB_BITS, "error", AZ_HIST_ERROR,
			 "count", (json_int_t)hist->count,
			 "min", (json_int_t)(hist->count ? hist->min : 0),
			 "max", (json_int_t)hist->max, "sum", (json_int_t)hist->sum,
			 "mean", az_hist_mean(hist));
	if (!json)
		return NULL;
	for (p = az_percentiles; p->name; p++)
		json_object_set_new(json, p->name,
				    json_integer((json_int_t)az_hist_percentile(hist, p->ppm)));
	if (json_object_set_new(json, "buckets", buckets_to_json(hist))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int get_u64(const json_t *json, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

static int buckets_from_json(struct az_hist *hist, const json_t *list)
{
	json_int_t index, last = -1, count;
	uint64_t total = 0;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) % 2)
		return -EINVAL;
	for (i = 0; i < json_array_size(list); i += 2) {
		index = json_integer_value(json_array_get(list, i));
		count = json_integer_value(json_array_get(list, i + 1));
		if (index <= last || index >= AZ_HIST_BUCKETS || count <= 0)
			return -EINVAL;
		hist->bucket[index] = (uint64_t)count;
		total += (uint64_t)count;
		last = index;
	}
	return total == hist->count ? 0 : -EINVAL;
}

int az_hist_from_json(struct az_hist *hist, const json_t *json)
{
	uint64_t sub_bits;

	az_hist_reset(hist);
	if (get_u64(json, "sub_bits", &sub_bits) || sub_bits != AZ_HIST_SUB_BITS ||
	    get_u64(json, "count", &hist->count) || get_u64(json, "min", &hist->min) ||
	    get_u64(json, "max", &hist->max) || get_u64(json, "sum", &hist->sum))
		return -EINVAL;
	if (!hist->count)
		hist->min = UINT64_MAX;
	else if (hist->min > hist->max)
		return -EINVAL;
	return buckets_from_json(hist, json_object_get(json, "buckets"));
}
