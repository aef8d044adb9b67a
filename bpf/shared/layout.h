/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a BPF program and the program that loads it agree on: the layout of the maps
 * that every tracer has, and of a recorded event. Compiled by both.
 */
#ifndef AZ_BPF_SHARED_LAYOUT_H
#define AZ_BPF_SHARED_LAYOUT_H

/*
 * Histograms have the buckets of lib/hist.h, the first AZT_BUCKETS of them: values
 * below 2^40 ns (18 minutes). What is longer counts in the last one; max is right.
 * One lies behind the other in map "azt_buckets", CPU by CPU:
 *
 *	index = (cpu * slots + slot) * AZT_BUCKETS + bucket
 *
 * so 66 KiB for each slot and CPU.
 */
#define AZT_SUB_BITS	8
#define AZT_MAX_BITS	40
#define AZT_BUCKETS	((AZT_MAX_BITS - AZT_SUB_BITS + 1) << AZT_SUB_BITS)

/* What no bucket tells: map "azt_heads", index cpu * slots + slot. */
struct azt_head {
	unsigned long long sum;
	unsigned long long max;
	unsigned long long below;	/* ~0 - min: a map begins as zeros */
};

/* Map "azt_counts" has what a tracer counts, from here on; before it what all count. */
enum azt_count {
	AZT_LOST,		/* records that found no room in the ring buffer */
	AZT_DISPLACED,		/* requests whose entry another one needed */
	AZT_UNMATCHED,		/* ends without a begin: before the start, displaced, or twice */
	AZT_TWICE,		/* begins of what had not ended */
	AZT_COUNTS = 8		/* the first of a tracer's own */
};
#define AZT_COUNTS_MAX	64

/*
 * Something that happened. @key names the request that it belongs to, what else there
 * is depends on @type, which is a number of the tracer's own (its header).
 */
struct azt_event {
	unsigned long long ts;		/* ns, CLOCK_MONOTONIC */
	unsigned long long key;
	unsigned long long a, b;
	unsigned int cpu;
	unsigned short type;
	unsigned short tool;		/* enum azt_tool */
};

/* Who recorded an event. Part of the file format: append only. */
enum azt_tool {
	AZT_TOOL_NONE,
	AZT_TOOL_VMBUS,
	AZT_TOOL_NETVSC,
	AZT_TOOL_STORVSC,
	AZT_TOOL_BLK,
	AZT_TOOL_HVCALL,
	AZT_TOOL_VPCI,
	AZT_TOOL_WAKE,
	AZT_TOOL_MANA,
	AZT_TOOLS
};

/* How a BPF program was set up; read-only data of its object. */
struct azt_config {
	unsigned int cpus;		/* possible CPUs: size of the maps */
	unsigned int slots;		/* histograms */
	unsigned char raw;		/* events go to the ring buffer instead of the model */
	unsigned char pad[7];
};

/*
 * Begin of each entry of a table of what is in flight (shared/model.h). @key 0 is
 * a free entry.
 */
struct azt_flight {
	unsigned long long key;
	unsigned long long since;	/* ns */
};

#endif
