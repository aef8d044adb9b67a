/* SPDX-License-Identifier: GPL-2.0-only */
/* What "trace netvsc" shows behind its stages: queues, packets in flight, drops, switches. */
#ifndef AZ_BPF_NETVSC_VIEW_H
#define AZ_BPF_NETVSC_VIEW_H

#include "bpf/core/trace.h"

/* Of the interface; in a replay "device N". Valid until the next call. */
const char *netvsc_device_name(unsigned int device);

/* As struct trace_tool says. */
void netvsc_show(struct trace_run *run, FILE *out);
void netvsc_result(struct trace_run *run, json_t *json);

#endif
