/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user's side of shared/model.h: the same model over a recording, in one thread. Its
 * maps are plain memory here: zeroed, of one CPU.
 */
#ifndef AZ_BPF_CORE_MODEL_H
#define AZ_BPF_CORE_MODEL_H

#include <stddef.h>

#include "bpf/shared/layout.h"

struct az_hist;

/* Where the model that runs now puts what it finds: set by core/replay.c. */
struct azt_model {
	struct az_hist *hists;		/* one for each slot */
	unsigned int slots;
	unsigned long long counts[AZT_COUNTS_MAX];
};
extern struct azt_model *azt_model;

/* As shared/model.h says; out of range is left out. */
void azt_hist(unsigned int slot, unsigned long long ns);
/* As shared/model.h says; out of range is left out. */
void azt_count(unsigned int counter, unsigned long long n);

#define AZT_INLINE	static inline

#define azt_add(word, n)	((void)(*(word) += (n)))
#define azt_raise(word, n)	((void)(*(word) < (n) && (*(word) = (n))))

/* Frees the entry. */
static inline void azt_end(struct azt_flight *f)
{
	f->key = 0;
}

/*
 * The entry for @key among the @count of @size bytes at @entries: one that it has, a free
 * one or the older one, by the rules of kern/maps.h. NULL for find when it has none.
 */
struct azt_flight *azt_table_find(void *entries, size_t size, unsigned int bits,
				  unsigned long long key);
struct azt_flight *azt_table_begin(void *entries, size_t size, unsigned int bits,
				   unsigned long long key, unsigned long long ts);

#define AZT_TABLE(name, type, bits)							\
	static type name[1u << (bits)];							\
	static inline type *name##_find(unsigned long long key)				\
	{										\
		return (type *)azt_table_find(name, sizeof(type), bits, key);		\
	}										\
	static inline type *name##_begin(unsigned long long key, unsigned long long ts)	\
	{										\
		return (type *)azt_table_begin(name, sizeof(type), bits, key, ts);	\
	}

#define azt_cpu(event)	((event)->cpu)

#define AZT_SHARED	AZT_STATS
#define AZT_STATS(name, type, count)							\
	static type name[count];							\
	static inline type *name##_of(unsigned int index)				\
	{										\
		return index < (count) ? &name[index] : NULL;				\
	}

#endif
