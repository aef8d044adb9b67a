/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_COUNTERS_H
#define AZ_LAB_CORE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>
#include <jansson.h>

/*
 * Counts are the proof of a patch, so they are exact: one writer a counter
 * where that is possible, atomic adds where not, relaxed reads at any time.
 */
typedef _Atomic uint64_t counter_t;

/* Add, from any thread. */
static inline void count_add(counter_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* One more. */
static inline void count(counter_t *c)
{
	count_add(c, 1);
}

/* A maximum: only the thread that owns the counter sets it. */
static inline void count_set(counter_t *c, uint64_t value)
{
	atomic_store_explicit(c, value, memory_order_relaxed);
}

/* The value now; other counters may already be ahead of it. */
static inline uint64_t count_get(const counter_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

/*
 * A struct of counter_t members is shown as a JSON object by a table of
 * names: { "packets_in", offsetof(struct x, packets_in) }, ends with NULL.
 */
struct counter_name {
	const char *name;
	unsigned int offset;
};

/* A new object with all counters of @base that @names lists. */
json_t *counters_json(const void *base, const struct counter_name *names);

#endif
