/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a file in /sys/kernel/debug/hv_exitlat/hist holds: one struct exitlat_record, in the byte
 * order of the machine. Included by the module and by the programs that read it.
 *
 * The histogram is that of lib/hist.h: times in ns; each power of two is cut into 256 equal
 * buckets, so that a percentile differs from the sample by at most 1/512 of it; values below 512
 * have a bucket each.
 */
#ifndef HV_EXITLAT_H
#define HV_EXITLAT_H

#include <linux/types.h>

#define EXITLAT_MAGIC		0x4c54585aU	/* "ZXTL" */
#define EXITLAT_VERSION		1
#define EXITLAT_SUB_BITS	8
#define EXITLAT_SUB		256		/* 2 to the power of EXITLAT_SUB_BITS */
#define EXITLAT_BUCKETS		((63 - EXITLAT_SUB_BITS + 1) * EXITLAT_SUB)
#define EXITLAT_NAME_LEN	32
#define EXITLAT_NO_CPU		0xffffffffU

/* The run was ended by a signal: count is less than wanted. */
#define EXITLAT_INTERRUPTED	1

struct exitlat_record {
	__u32 magic;
	__u16 version;
	__u16 sub_bits;
	__u32 buckets;
	__u32 flags;
	char name[EXITLAT_NAME_LEN];	/* with its NUL */
	__u32 cpu;			/* that measured */
	__u32 target;			/* that was interrupted, or EXITLAT_NO_CPU */
	__u64 tsc_khz;
	__u64 delay_us;			/* of timers, and of idleness before a wake-up */
	__u64 overhead_min;		/* ns; subtracted from each sample */
	__u64 overhead_p50;		/* ns */
	__u64 wanted;			/* samples asked for */
	__u64 executed;			/* with what warmed up and was not recorded */
	__u64 lost;			/* never answered */
	__u64 status;			/* of the last hypercall (TLFS), 0 where there is none */
	__u64 count, min, max, sum;	/* ns; min of an empty histogram is ~0 */
	__u64 bucket[EXITLAT_BUCKETS];
};

#endif
