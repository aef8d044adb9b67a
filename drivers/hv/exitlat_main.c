// SPDX-License-Identifier: GPL-2.0-only
/*
 * hv_exitlat: what a trip to the host costs on this VM. Documentation/exitlat.md.
 *
 * A run is done in batches of at most a millisecond or so on the CPU that measures, each a work
 * item there; between them the one who asked is asleep and can be interrupted, and the CPU can do
 * something else.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <asm/mshyperv.h>

#include "exitlat.h"

#define BATCH			64
#define BATCH_US		1000
#define WARM_FIRST		32	/* operations before the first sample of a run */
#define WARM_BATCH		2	/* after each sleep */
#define OVERHEAD_SAMPLES	1000
#define LOST_MAX		8	/* gives up when more are lost, and most of all */

struct exitlat exitlat = {
	.lock = __MUTEX_INITIALIZER(exitlat.lock),
	.target = EXITLAT_NO_CPU,
	.count = 10000,
	.delay_us = 50,
};

static const char *const class_names[EXITLAT_CLASSES] = {
	[EXITLAT_SIBLING] = "sibling",
	[EXITLAT_CORE] = "core",
	[EXITLAT_REMOTE] = "remote",
};

/* ---- one run --------------------------------------------------------------------------- */

static void add_sample(struct exitlat_run *run, u64 cycles)
{
	u64 ns = mul_u64_u64_div_u64(cycles, USEC_PER_SEC, tsc_khz);

	exitlat_hist_add(run->rec, ns - min(ns, run->overhead));
}

static bool finished(const struct exitlat_run *run)
{
	return run->rec->count + run->rec->lost >= run->rec->wanted;
}

/* One operation, and what is known after it: true to go on. */
static bool step(struct exitlat_run *run)
{
	s64 cycles = run->kind->op(run);

	run->rec->executed++;
	if (cycles == -ETIMEDOUT) {
		run->rec->lost++;
		if (run->rec->lost > LOST_MAX && run->rec->lost > run->rec->count)
			run->err = -ETIMEDOUT;
		return false;
	}
	if (cycles < 0) {
		run->err = cycles;
		return false;
	}
	if (run->warm)
		run->warm--;
	else
		add_sample(run, cycles);
	return true;
}

/*
 * On the CPU that measures. However slow it is: once it is warm, at least one sample or one loss,
 * as each batch has to become warm again.
 */
static long batch(void *arg)
{
	struct exitlat_run *run = arg;
	u64 end, before = run->rec->count;
	unsigned long flags = 0;
	unsigned int i;

	preempt_disable();
	if (!run->kind->irqs_on)
		local_irq_save(flags);
	end = rdtsc() + exitlat_cycles(BATCH_US);
	for (i = 0; i < BATCH + WARM_FIRST && !finished(run); i++) {
		if (!step(run))
			break;
		if ((!run->warmed || run->rec->count > before) && (s64)(rdtsc() - end) > 0)
			break;
	}
	if (!run->kind->irqs_on)
		local_irq_restore(flags);
	preempt_enable();
	run->warmed |= !run->warm;
	if (run->warmed)
		run->warm = WARM_BATCH;
	return run->err;
}

static long prepare(void *arg)
{
	struct exitlat_run *run = arg;

	return run->kind->prepare(run);
}

/* @fn on the CPU that measures, with both CPUs kept online. */
static long on_cpu(struct exitlat_run *run, long (*fn)(void *arg))
{
	bool halts = run->kind->halts && fn == batch;
	long rc = -ENODEV;

	cpus_read_lock();
	if (cpu_online(run->cpu) && (run->target == EXITLAT_NO_CPU || cpu_online(run->target))) {
		if (halts)
			exitlat_halter_start(run);
		rc = work_on_cpu(run->cpu, fn, run);
		if (halts)
			exitlat_halter_stop(run);
	}
	cpus_read_unlock();
	return rc;
}

static int sample(struct exitlat_run *run, u64 wanted)
{
	long rc = 0;

	run->rec->cpu = run->cpu;
	run->rec->target = run->target;
	run->rec->tsc_khz = tsc_khz;
	run->rec->delay_us = exitlat.delay_us;
	run->rec->wanted = wanted;
	run->warm = WARM_FIRST;
	if (run->kind->prepare)
		rc = on_cpu(run, prepare);
	while (!rc && !finished(run)) {
		if (signal_pending(current)) {
			run->rec->flags |= EXITLAT_INTERRUPTED;
			rc = -EINTR;
			break;
		}
		rc = on_cpu(run, batch);
	}
	run->rec->status = run->status;
	return rc;
}

/* ---- slots ------------------------------------------------------------------------------ */

static int new_record(struct exitlat_slot *slot)
{
	if (!slot->rec)
		slot->rec = kvzalloc(sizeof(*slot->rec), GFP_KERNEL);
	if (!slot->rec)
		return -ENOMEM;
	exitlat_hist_reset(slot->rec, slot->name);
	return 0;
}

static void drop_record(struct exitlat_slot *slot)
{
	kvfree(slot->rec);
	slot->rec = NULL;
}

/* What the measurement itself takes on this CPU now: the first slot. */
static int measure_overhead(unsigned int cpu)
{
	struct exitlat_slot *slot = &exitlat.slot[0];
	struct exitlat_run run = {
		.kind = slot->kind, .cpu = cpu, .target = EXITLAT_NO_CPU,
	};
	int rc = new_record(slot);

	if (rc)
		return rc;
	run.rec = slot->rec;
	return sample(&run, OVERHEAD_SAMPLES);
}

static enum exitlat_class class_of(unsigned int cpu, unsigned int target)
{
	if (cpumask_test_cpu(target, topology_sibling_cpumask(cpu)))
		return EXITLAT_SIBLING;
	return cpu_to_node(cpu) == cpu_to_node(target) ? EXITLAT_CORE : EXITLAT_REMOTE;
}

/* The CPU to interrupt for @slot, or EXITLAT_NO_CPU when there is none. */
static unsigned int find_target(const struct exitlat_slot *slot)
{
	unsigned int cpu, wanted = exitlat.target;

	for_each_online_cpu(cpu) {
		if (cpu != exitlat.cpu && (wanted == EXITLAT_NO_CPU || cpu == wanted) &&
		    class_of(exitlat.cpu, cpu) == slot->class)
			return cpu;
	}
	return EXITLAT_NO_CPU;
}

static void note(struct exitlat_slot *slot, int rc, u64 status)
{
	switch (rc) {
	case 0:
		slot->note[0] = '\0';
		break;
	case -EINTR:
		strscpy(slot->note, "interrupted");
		break;
	case -EOPNOTSUPP:
		scnprintf(slot->note, sizeof(slot->note),
			  "this VM does not have it (hypercall status %#llx)", status);
		break;
	case -EBUSY:
		strscpy(slot->note, "the host has a connection of that number: not measured");
		break;
	case -ETIMEDOUT:
		strscpy(slot->note, "most answers were lost");
		break;
	case -ENODEV:
		strscpy(slot->note, "a CPU went offline");
		break;
	default:
		scnprintf(slot->note, sizeof(slot->note), "error %d", rc);
	}
}

static int run_slot(struct exitlat_slot *slot, unsigned int target)
{
	static struct exitlat_run run;	/* exitlat.lock is held */
	struct exitlat_record *overhead;
	int rc = measure_overhead(exitlat.cpu);

	if (!rc)
		rc = new_record(slot);
	if (rc) {
		note(slot, rc, 0);
		return rc;
	}
	overhead = exitlat.slot[0].rec;
	slot->rec->overhead_min = overhead->min;
	slot->rec->overhead_p50 = exitlat_hist_percentile(overhead, 500000);
	run = (struct exitlat_run) {
		.kind = slot->kind,
		.rec = slot->rec,
		.cpu = exitlat.cpu,
		.target = target,
		.delay_ns = exitlat.delay_us * NSEC_PER_USEC,
		.delay_cycles = exitlat_cycles(exitlat.delay_us),
		.overhead = overhead->min,
	};
	rc = sample(&run, exitlat.count);
	if (!slot->rec->count)
		drop_record(slot);
	note(slot, rc, run.status);
	return rc;
}

static int measure_slot(struct exitlat_slot *slot)
{
	unsigned int target = EXITLAT_NO_CPU;
	int rc;

	if (slot->kind->has_target) {
		target = find_target(slot);
		if (target == EXITLAT_NO_CPU) {
			drop_record(slot);
			scnprintf(slot->note, sizeof(slot->note), "no such CPU for CPU %u",
				  exitlat.cpu);
			return -ENXIO;
		}
	}
	if (slot == &exitlat.slot[0]) {
		rc = measure_overhead(exitlat.cpu);
		note(slot, rc, 0);
		return rc;
	}
	return run_slot(slot, target);
}

/* Of several slots, one that this machine does not have is no reason to stop. */
static bool not_here(int rc)
{
	return rc == -ENXIO || rc == -EOPNOTSUPP;
}

int exitlat_measure(const char *name)
{
	bool all = !strcmp(name, "all"), found = false, done = false;
	struct exitlat_slot *slot;
	int rc, failed = 0;

	for (slot = exitlat.slot; slot < exitlat.slot + exitlat.slots; slot++) {
		if (!all && strcmp(name, slot->name) && strcmp(name, slot->kind->name))
			continue;
		found = true;
		rc = measure_slot(slot);
		if (rc && !not_here(rc))
			return rc;
		if (rc)
			failed = rc;
		else
			done = true;
	}
	if (!found)
		return -EINVAL;
	return done ? 0 : failed;
}

/* ---- the module -------------------------------------------------------------------------- */

static void add_slot(const struct exitlat_kind *kind, enum exitlat_class class)
{
	struct exitlat_slot *slot = &exitlat.slot[exitlat.slots++];

	slot->kind = kind;
	slot->class = class;
	strscpy(slot->note, "not run yet");
	if (class == EXITLAT_ALONE)
		strscpy(slot->name, kind->name);
	else
		snprintf(slot->name, sizeof(slot->name), "%s-%s", kind->name, class_names[class]);
}

static void add_slots(void)
{
	const struct exitlat_kind *kind;
	enum exitlat_class class;

	for (kind = exitlat_kinds; kind->name; kind++) {
		if (!kind->has_target) {
			add_slot(kind, EXITLAT_ALONE);
			continue;
		}
		for (class = EXITLAT_SIBLING; class < EXITLAT_CLASSES; class++)
			add_slot(kind, class);
	}
}

static int __init exitlat_init(void)
{
	if (!hv_is_hyperv_initialized()) {
		pr_err("this machine is no guest of Hyper-V: nothing to measure\n");
		return -ENODEV;
	}
	if (!tsc_khz || !boot_cpu_has(X86_FEATURE_TSC)) {
		pr_err("no usable TSC to measure with\n");
		return -ENODEV;
	}
	exitlat.cpu = cpumask_first(cpu_online_mask);
	add_slots();
	return exitlat_debugfs_create();
}

static void __exit exitlat_exit(void)
{
	unsigned int i;

	exitlat_debugfs_remove();
	for (i = 0; i < exitlat.slots; i++)
		drop_record(&exitlat.slot[i]);
}

module_init(exitlat_init);
module_exit(exitlat_exit);

MODULE_DESCRIPTION("What a trip to the host costs on a Hyper-V guest");
MODULE_AUTHOR("Azimuth");
MODULE_LICENSE("GPL");
