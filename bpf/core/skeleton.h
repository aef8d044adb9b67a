/* SPDX-License-Identifier: GPL-2.0-only */
/* What the opening and closing of every tracer's skeleton is. */
#ifndef AZ_BPF_CORE_SKELETON_H
#define AZ_BPF_CORE_SKELETON_H

#include <string.h>

/*
 * Defines, with NAME.skel.h, open_skeleton(): NAME's skeleton with @cfg in its read-only data
 * and in *@skel, NULL with errno; and close_object(), as struct trace_tool wants it.
 */
#define TRACE_SKELETON(name)								\
	static struct name##_bpf *open_skeleton(const struct azt_config *cfg, void **skel)	\
	{										\
		struct name##_bpf *bpf = name##_bpf__open();				\
											\
		if (bpf)								\
			memcpy((void *)&bpf->rodata->azt_cfg, cfg, sizeof(*cfg));	\
		*skel = bpf;								\
		return bpf;								\
	}										\
	static void close_object(void *skel)						\
	{										\
		name##_bpf__destroy(skel);						\
	}

#endif
