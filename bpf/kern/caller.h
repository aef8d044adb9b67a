/* SPDX-License-Identifier: GPL-2.0-only */
/* For tracers of what begins and ends in one thread, on no hot path. After AZT_EVENTS. */
#ifndef AZ_BPF_KERN_CALLER_H
#define AZ_BPF_KERN_CALLER_H

#include "bpf/kern/maps.h"

/* One copy of the model for all programs, so that the object stays small. */
static __noinline int note(u16 type, u64 key, u64 a, u64 b)
{
	azt_event(type, key, a, b);
	return 0;
}

/*
 * Who is in the function: a thread stays the same when it moves to another CPU, an idle CPU
 * cannot move. An interrupt that comes to the same function on top of its thread looks like
 * that thread: AZT_TWICE and AZT_UNMATCHED count it.
 */
static __always_inline u64 caller(void)
{
	u32 thread = (u32)bpf_get_current_pid_tgid();

	return thread ? thread : 1ull << 32 | bpf_get_smp_processor_id();
}

/*
 * Programs NAME_begin and NAME_end around @function, that note @begin and @end of @what with
 * @at_begin and @at_end beside it. Further arguments are those of the function, the first ones
 * that those two are made of.
 */
#define BRACKET(name, function, begin, end, what, at_begin, at_end, args...)	\
	SEC("fentry/" #function)						\
	int BPF_PROG(name##_begin, ##args)					\
	{									\
		note(begin, caller(), what, at_begin);				\
		return 0;							\
	}									\
	SEC("fexit/" #function)							\
	int BPF_PROG(name##_end, ##args)					\
	{									\
		note(end, caller(), what, at_end);				\
		return 0;							\
	}

#endif
