/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of "trace wake": how long threads wait before they run. A thread is woken, is
 * put on a run queue (by the CPU that it will run on, so there may be an interrupt in between),
 * and runs. Who loses the CPU but could go on waits again: preempted. A thread is in the
 * table only while it waits.
 */
#ifndef AZ_BPF_WAKE_MODEL_H
#define AZ_BPF_WAKE_MODEL_H

#include "bpf/shared/model.h"

/* Events; key is the thread's id. Part of the file format: append only. */
enum wake_event {
	WAKE_WAKING = 1,	/* somebody wakes it */
	WAKE_QUEUED,		/* it is on a run queue */
	WAKE_NEW,		/* it has been made and is on a run queue */
	WAKE_SWITCH,		/* it ran (b: could go on), a: runs now; 0: not followed */
	WAKE_STEAL,		/* of this CPU; a: ns that the host took, as accounted */
};

enum wake_slot {
	WAKE_WOKEN_QUEUED, WAKE_QUEUED_RUNNING, WAKE_PREEMPTED_RUNNING, WAKE_WOKEN_RUNNING,
	WAKE_SLOTS
};

enum wake_counter {
	WAKE_N_WOKEN = AZT_COUNTS,
	WAKE_N_NEW,
	WAKE_N_PREEMPTED,
	WAKE_N_RUNS,
};

/* More CPUs than any VM has had; those above are not counted one by one. */
#define WAKE_CPUS	1024

/* Of the CPU on which the wait ended. */
struct wake_cpu {
	unsigned long long runs;		/* threads that got it */
	unsigned long long waits, wait_ns, wait_max;		/* on the queue, once woken */
	unsigned long long preempted, preempted_ns, preempted_max;
	unsigned long long steal_ns;
};

enum wake_how { WAKE_HOW_WOKEN, WAKE_HOW_QUEUED, WAKE_HOW_PREEMPTED };

/* A thread that waits. */
struct wake_task {
	struct azt_flight f;			/* since: woken, made or preempted */
	unsigned long long queued;		/* ns */
	unsigned int how;			/* enum wake_how */
	unsigned int woken;			/* since is of a wake-up that was seen */
};

AZT_STATS(wake_cpus, struct wake_cpu, WAKE_CPUS)
AZT_TABLE(wake_tasks, struct wake_task, 12)

AZT_INLINE void wake_waking(const struct azt_event *e)
{
	struct wake_task *task = wake_tasks_find(e->key);

	azt_count(WAKE_N_WOKEN, 1);
	/* It had not left the queue yet: it waits as before. */
	if (task)
		return;
	task = wake_tasks_begin(e->key, e->ts);
	if (!task)
		return;
	task->how = WAKE_HOW_WOKEN;
	task->woken = 1;
}

AZT_INLINE void wake_queued(const struct azt_event *e)
{
	struct wake_task *task = wake_tasks_find(e->key);

	if (task && task->how != WAKE_HOW_WOKEN)
		return;
	if (task) {
		azt_hist(WAKE_WOKEN_QUEUED, e->ts - task->f.since);
	} else {
		if (e->type == WAKE_NEW)
			azt_count(WAKE_N_NEW, 1);
		else
			azt_count(AZT_UNMATCHED, 1);
		task = wake_tasks_begin(e->key, e->ts);
		if (!task)
			return;
		task->woken = 0;
	}
	task->queued = e->ts;
	task->how = WAKE_HOW_QUEUED;
}

/* Thread @e->key has no CPU any more. */
AZT_INLINE void wake_out(const struct azt_event *e)
{
	struct wake_task *task = wake_tasks_find(e->key);

	if (!e->b) {
		/* Woken while it ran, and no longer runnable now: it never waited. */
		if (task && task->how != WAKE_HOW_WOKEN)
			azt_end(&task->f);
		return;
	}
	azt_count(WAKE_N_PREEMPTED, 1);
	if (task)
		task->f.since = e->ts;
	else
		task = wake_tasks_begin(e->key, e->ts);
	if (task)
		task->how = WAKE_HOW_PREEMPTED;
}

/* Thread @e->a has a CPU. */
AZT_INLINE void wake_in(const struct azt_event *e)
{
	struct wake_task *task = wake_tasks_find(e->a);
	struct wake_cpu *cpu = wake_cpus_of(e->cpu);
	unsigned long long wait;

	azt_count(WAKE_N_RUNS, 1);
	if (cpu)
		azt_add(&cpu->runs, 1);
	if (!task) {
		azt_count(AZT_UNMATCHED, 1);
		return;
	}
	if (task->how == WAKE_HOW_PREEMPTED) {
		wait = e->ts - task->f.since;
		azt_hist(WAKE_PREEMPTED_RUNNING, wait);
		if (cpu) {
			azt_add(&cpu->preempted, 1);
			azt_add(&cpu->preempted_ns, wait);
			azt_raise(&cpu->preempted_max, wait);
		}
	} else if (task->how == WAKE_HOW_QUEUED) {
		wait = e->ts - task->queued;
		azt_hist(WAKE_QUEUED_RUNNING, wait);
		if (task->woken)
			azt_hist(WAKE_WOKEN_RUNNING, e->ts - task->f.since);
		if (cpu) {
			azt_add(&cpu->waits, 1);
			azt_add(&cpu->wait_ns, wait);
			azt_raise(&cpu->wait_max, wait);
		}
	}
	azt_end(&task->f);
}

AZT_INLINE void wake_steal(const struct azt_event *e)
{
	struct wake_cpu *cpu = wake_cpus_of(e->cpu);

	if (cpu)
		azt_add(&cpu->steal_ns, e->a);
}

AZT_INLINE void wake_model(const struct azt_event *e)
{
	switch (e->type) {
	case WAKE_WAKING:
		wake_waking(e);
		break;
	case WAKE_QUEUED:
	case WAKE_NEW:
		wake_queued(e);
		break;
	case WAKE_SWITCH:
		if (e->key)
			wake_out(e);
		if (e->a)
			wake_in(e);
		break;
	case WAKE_STEAL:
		wake_steal(e);
		break;
	}
}

#endif
