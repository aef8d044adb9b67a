/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model of a tracer is written in. A model (bpf/<tool>_model.h) takes events in
 * the order in which they happened and turns them into histograms, counts and entries
 * of what is in flight. It is compiled twice: into the BPF program, where it runs at the
 * event, and into azimuth, where it runs over a recording. Both give the same view.
 *
 *	azt_hist(slot, ns)		a duration
 *	azt_count(counter, n)		n of something happened; enum azt_count and the tool's
 *	AZT_TABLE(name, type, bits)	2^bits entries of @type, whose first member is a
 *					struct azt_flight called f; defines
 *	  type *name##_begin(key, ts)	an entry for @key (never 0), other members as the
 *					last user left them; NULL when there is none
 *	  type *name##_find(key)	that entry, NULL when there is none
 *	  void azt_end(&entry->f)	frees it
 *	AZT_STATS(name, type, count)	@count structs of unsigned long long; defines
 *	  type *name##_of(index)	NULL when @index is out of range
 *	AZT_SHARED(name, type, count)	likewise, but one of each for all CPUs
 *	azt_add(&word, n)		adds to a word of such a struct
 *	azt_raise(&word, n)		makes it at least @n
 *	azt_cpu(event)			where it happened
 *	AZT_INLINE			before each function of a model
 *
 * A table is two-way associative and never grows: a third request with the same hash
 * takes the place of the older one, which AZT_DISPLACED counts.
 */
#ifndef AZ_BPF_SHARED_MODEL_H
#define AZ_BPF_SHARED_MODEL_H

#include "bpf/shared/layout.h"

#ifdef __bpf__
#include "bpf/kern/maps.h"
#else
#include "bpf/core/model.h"
#endif

/* Pointers and ids have their entropy anywhere: multiply, take the top. */
static inline unsigned int azt_hash(unsigned long long key, unsigned int bits)
{
	return (unsigned int)((key * 0x9e3779b97f4a7c15ull) >> (64 - bits));
}

/* The bucket of lib/hist.h for @value, which counts as 2^40 - 1 where it is more. */
static inline unsigned int azt_bucket(unsigned long long value)
{
	unsigned int shift = 0, high;

	if (value < (1u << AZT_SUB_BITS))
		return (unsigned int)value;
	if (value >> AZT_MAX_BITS)
		value = (1ull << AZT_MAX_BITS) - 1;
	/* The place of the highest bit, without an instruction for it. */
	if (value >> 32)
		shift = 32;
	high = (unsigned int)(value >> shift);
	if (high >> 16) {
		shift += 16;
		high >>= 16;
	}
	if (high >> 8) {
		shift += 8;
		high >>= 8;
	}
	if (high >> 4) {
		shift += 4;
		high >>= 4;
	}
	if (high >> 2) {
		shift += 2;
		high >>= 2;
	}
	shift += high >> 1;
	shift -= AZT_SUB_BITS;
	return (shift << AZT_SUB_BITS) + (unsigned int)(value >> shift);
}

#endif
