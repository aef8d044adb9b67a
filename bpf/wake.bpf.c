// SPDX-License-Identifier: GPL-2.0-only
/* Hooks of "trace wake". Sources of the facts: kernel/sched/core.c, cputime.c. */
#include "bpf/kern/base.h"
#include "bpf/kern/sched.h"
#include "bpf/wake_filter.h"
#include "bpf/wake_model.h"

AZT_EVENTS(AZT_TOOL_WAKE, wake_model)

LICENSE_GPL;

const volatile struct wake_filter wake_filter;

/* Deeper ones are not looked for. */
#define LEVELS	12

/* Is @cgroup the chosen one, or below it? */
static __always_inline bool in_cgroup(struct cgroup *cgroup)
{
	int level = READ(cgroup, level), i;
	u64 id = READ(cgroup, kn, id);

	for (i = 0; i < LEVELS && id != wake_filter.cgroup; i++) {
		if (i >= level)
			return false;
		if (bpf_core_field_exists(cgroup->ancestors)) {
			struct cgroup *above = NULL;

			bpf_core_read(&above, sizeof(above), &cgroup->ancestors[i]);
			id = READ(above, kn, id);
		} else {
			struct cgroup___ids *old = (void *)cgroup;

			bpf_core_read(&id, sizeof(id), &old->ancestor_ids[i]);
		}
	}
	return id == wake_filter.cgroup;
}

static __always_inline bool followed(struct task_struct *task)
{
	const u64 *comm;

	if (!task->pid)
		return false;	/* idle */
	switch (wake_filter.whose) {
	case WAKE_PROCESS:
		return (u32)task->tgid == wake_filter.process;
	case WAKE_COMM:
		comm = (const u64 *)task->comm;
		return comm[0] == wake_filter.comm[0] && comm[1] == wake_filter.comm[1];
	case WAKE_CGROUP:
		return in_cgroup(READ(task, cgroups, dfl_cgrp));
	}
	return true;
}

/*
 * A thread that is about to sleep may be woken before it has left its CPU: it goes on and
 * never waits. One that sleeps may be kept on the queue for some time (delayed).
 */
static __always_inline bool still_runs(struct task_struct *task)
{
	if (!task->on_cpu || !task->on_rq)
		return false;
	return !bpf_core_field_exists(task->se.sched_delayed) || !task->se.sched_delayed;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(waking_tp, struct task_struct *task)
{
	if (followed(task) && !still_runs(task))
		azt_event(WAKE_WAKING, task->pid, 0, 0);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(queued_tp, struct task_struct *task)
{
	if (followed(task) && !still_runs(task))
		azt_event(WAKE_QUEUED, task->pid, 0, 0);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(new_tp, struct task_struct *task)
{
	if (followed(task))
		azt_event(WAKE_NEW, task->pid, 0, 0);
	return 0;
}

static __always_inline void switched(struct task_struct *prev, struct task_struct *next,
				     bool goes_on)
{
	u32 out = followed(prev) ? prev->pid : 0;
	u32 in = followed(next) ? next->pid : 0;

	if (out | in)
		azt_event(WAKE_SWITCH, out, in, goes_on);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_tp, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	switched(prev, next, preempt || !prev_state);
	return 0;
}

/* Before 5.18 the state was not told. */
SEC("tp_btf/sched_switch")
int BPF_PROG(switch_old_tp, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	switched(prev, next, preempt || !prev->__state);
	return 0;
}

SEC("fentry/account_steal_time")
int BPF_PROG(steal_func, u64 ns)
{
	azt_event(WAKE_STEAL, 0, ns, 0);
	return 0;
}
