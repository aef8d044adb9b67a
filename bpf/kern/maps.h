/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side of shared/model.h. Sizes that depend on the machine are set by
 * core/ before the object is loaded. All maps are arrays: memory is taken once, at load,
 * and look-ups are a few instructions that the verifier writes in place.
 *
 * A program may be interrupted by another one of the same tracer on the same CPU, so
 * words are added to atomically although each CPU has its own.
 */
#ifndef AZ_BPF_KERN_MAPS_H
#define AZ_BPF_KERN_MAPS_H

#include "bpf/kern/base.h"
#include "bpf/shared/layout.h"

const volatile struct azt_config azt_cfg;

#define AZT_ARRAY(name_, type_, entries_)		\
	struct {					\
		__uint(type, BPF_MAP_TYPE_ARRAY);	\
		__uint(map_flags, BPF_F_MMAPABLE);	\
		__uint(max_entries, entries_);		\
		__type(key, u32);			\
		__type(value, type_);			\
	} name_ SEC(".maps")

AZT_ARRAY(azt_buckets, u64, 1);
AZT_ARRAY(azt_heads, struct azt_head, 1);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AZT_COUNTS_MAX);
	__type(key, u32);
	__type(value, u64);
} azt_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} azt_ring SEC(".maps");

/* Of shared/model.h, which includes this. */
static inline unsigned int azt_bucket(unsigned long long value);
/* Likewise. */
static inline unsigned int azt_hash(unsigned long long key, unsigned int bits);

#define AZT_INLINE	static __always_inline

#define azt_add(word, n)	((void)__sync_fetch_and_add((word), (n)))

/* As shared/model.h says. */
static __always_inline void azt_count(u32 counter, u64 n)
{
	u64 *count = bpf_map_lookup_elem(&azt_counts, &counter);

	if (count)
		azt_add(count, n);
}

/* Raises @word to @value; gives up after a few races, which the same CPU alone can make. */
static __always_inline void azt_raise(unsigned long long *word, u64 value)
{
	u64 old = *word;

	if (old < value && __sync_val_compare_and_swap(word, old, value) != old) {
		old = *word;
		if (old < value)
			__sync_val_compare_and_swap(word, old, value);
	}
}

/* As shared/model.h says. */
static __always_inline void azt_hist(u32 slot, u64 ns)
{
	u32 at = bpf_get_smp_processor_id() * azt_cfg.slots + slot, bucket;
	struct azt_head *head;
	u64 *count;

	bucket = at * AZT_BUCKETS + azt_bucket(ns);
	count = bpf_map_lookup_elem(&azt_buckets, &bucket);
	head = bpf_map_lookup_elem(&azt_heads, &at);
	if (!count || !head)
		return;
	azt_add(&head->sum, ns);
	azt_raise(&head->max, ns);
	azt_raise(&head->below, ~ns);
	azt_add(count, 1);
}

/* Takes @f for @key, which nobody else may have done meanwhile. */
static __always_inline bool azt_take(struct azt_flight *f, u64 old, u64 key, u64 ts)
{
	if (__sync_val_compare_and_swap(&f->key, old, key) != old)
		return false;
	f->since = ts;
	return true;
}

/* Frees the entry. */
static __always_inline void azt_end(struct azt_flight *f)
{
	f->key = 0;
}

#define AZT_TABLE(name, type_, bits)							\
	AZT_ARRAY(name, type_, 1u << (bits));						\
	static __always_inline type_ *name##_find(u64 key)				\
	{										\
		u32 i = azt_hash(key, bits);						\
		type_ *e = bpf_map_lookup_elem(&name, &i);				\
											\
		if (e && e->f.key == key)						\
			return e;							\
		i ^= 1;									\
		e = bpf_map_lookup_elem(&name, &i);					\
		return e && e->f.key == key ? e : NULL;					\
	}										\
	static __always_inline type_ *name##_begin(u64 key, u64 ts)			\
	{										\
		u32 i = azt_hash(key, bits), j = i ^ 1;					\
		type_ *e = bpf_map_lookup_elem(&name, &i), *other;			\
		u64 old;								\
											\
		if (!e)									\
			return NULL;							\
		if (!e->f.key && azt_take(&e->f, 0, key, ts))				\
			return e;							\
		other = bpf_map_lookup_elem(&name, &j);					\
		if (!other)								\
			return NULL;							\
		if (e->f.key == key || other->f.key == key) {				\
			azt_count(AZT_TWICE, 1);					\
			if (e->f.key != key)						\
				e = other;						\
			e->f.since = ts;						\
			return e;							\
		}									\
		if (!other->f.key && azt_take(&other->f, 0, key, ts))			\
			return other;							\
		if (other->f.since < e->f.since)					\
			e = other;							\
		old = e->f.key;								\
		if (!azt_take(&e->f, old, key, ts))					\
			return NULL;							\
		azt_count(AZT_DISPLACED, !!old);					\
		return e;								\
	}

#define AZT_STATS(name, type_, count_)							\
	struct {									\
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);				\
		__uint(max_entries, count_);						\
		__type(key, u32);							\
		__type(value, type_);							\
	} name SEC(".maps");								\
	static __always_inline type_ *name##_of(u32 index)				\
	{										\
		return bpf_map_lookup_elem(&name, &index);				\
	}

#define AZT_SHARED(name, type_, count_)							\
	AZT_ARRAY(name, type_, count_);							\
	static __always_inline type_ *name##_of(u32 index)				\
	{										\
		return bpf_map_lookup_elem(&name, &index);				\
	}

/* Here and not in the event, since on older kernels it is a call. */
#define azt_cpu(event)	((void)(event), bpf_get_smp_processor_id())

/*
 * A record of what happened, for a recording. Its reader looks at the ring buffer now and
 * then: waking it would cost an interrupt of this CPU for almost each event.
 */
static __always_inline void azt_emit(const struct azt_event *event)
{
	if (bpf_ringbuf_output(&azt_ring, (void *)event, sizeof(*event), BPF_RB_NO_WAKEUP))
		azt_count(AZT_LOST, 1);
}

/*
 * AZT_EVENTS(tool, model): defines azt_event(type, key, a, b), which every hook of a tracer
 * calls: the event goes to the tracer's @model or, while recording, to the ring buffer.
 * @type is a constant, so that of the model only that event's part is left.
 */
#define AZT_EVENTS(tool_, model_)							\
	static __always_inline void azt_event(u16 type, u64 key, u64 a, u64 b)		\
	{										\
		struct azt_event event = {						\
			.ts = bpf_ktime_get_ns(), .key = key, .a = a, .b = b,		\
			.type = type, .tool = tool_,					\
		};									\
											\
		if (azt_cfg.raw) {							\
			event.cpu = bpf_get_smp_processor_id();				\
			azt_emit(&event);						\
		} else {								\
			model_(&event);							\
		}									\
	}

#endif
