/* SPDX-License-Identifier: GPL-2.0-only */
/* Of include/linux/sched.h and cgroup-defs.h: threads and their cgroups. */
#ifndef AZ_BPF_KERN_SCHED_H
#define AZ_BPF_KERN_SCHED_H

#include "bpf/kern/base.h"

struct kernfs_node {
	u64 id;
} KERN_TYPE;

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[1];
} KERN_TYPE;

/* Before 6.1. */
struct cgroup___ids {
	u64 ancestor_ids[1];
} KERN_TYPE;

struct css_set {
	struct cgroup *dfl_cgrp;
} KERN_TYPE;

struct sched_entity {
	unsigned char sched_delayed;	/* from 6.12 on */
} KERN_TYPE;

struct task_struct {
	unsigned int __state;
	int on_cpu;
	int on_rq;
	struct sched_entity se;
	int pid;
	int tgid;
	char comm[16];
	struct css_set *cgroups;
} KERN_TYPE;

#endif
