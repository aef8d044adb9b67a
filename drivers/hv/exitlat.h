/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside hv_exitlat: what is measured (kinds), where (slots), and one run of a slot. */
#ifndef EXITLAT_H
#define EXITLAT_H

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <asm/barrier.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "hv_exitlat.h"

/* Renamed in 6.16; both are macros there. */
#ifndef rdmsrq
#define rdmsrq_safe	rdmsrl_safe
#define wrmsrq_safe	wrmsrl_safe
#endif

#define EXITLAT_COUNT_MAX	10000000ULL
#define EXITLAT_DELAY_MIN	10		/* us */
#define EXITLAT_DELAY_MAX	10000

/* How far the target is from the CPU that measures. */
enum exitlat_class {
	EXITLAT_ALONE,		/* there is no target */
	EXITLAT_SIBLING,	/* a thread of the same core */
	EXITLAT_CORE,		/* another core of the same NUMA node */
	EXITLAT_REMOTE,		/* another NUMA node */
	EXITLAT_CLASSES
};

/* The CPU that is put to sleep by HLT, to be woken. */
struct exitlat_halter {
	struct work_struct work;
	u32 halts;		/* times that it was about to halt */
	bool stop;
};

/* One run of one slot; everything that its operation needs. */
struct exitlat_run {
	const struct exitlat_kind *kind;
	struct exitlat_record *rec;
	unsigned int cpu, target;
	u64 delay_ns, delay_cycles;
	u64 overhead;			/* ns to subtract from each sample */
	unsigned int warm;		/* operations to do before the next that counts */
	bool warmed;			/* those of the beginning have been done */
	int err;			/* of the batch */
	/* hypercalls and IPIs */
	u64 status, ipi;		/* what goes into the ICR, or the mask of VPs */
	u32 msr;
	int (*send)(struct exitlat_run *run);
	struct exitlat_halter halter;
	u32 halts_seen;
	/* timers */
	struct hrtimer timer;
	u64 fired_at;
	bool fired;
};

/*
 * @prepare, where there is one, runs on the CPU that measures and finds out whether the host has
 * it: 0, -EOPNOTSUPP or another error. @op does it once and returns its cycles, or negative:
 * -ETIMEDOUT when the answer never came, anything else ends the run. Preemption is off, and
 * interrupts too unless @irqs_on.
 */
struct exitlat_kind {
	const char *name;
	const char *what;
	bool has_target, irqs_on, halts;
	int (*prepare)(struct exitlat_run *run);
	s64 (*op)(struct exitlat_run *run);
};

/* A kind at a distance, and its last result, which stays until the next one or the unload. */
struct exitlat_slot {
	const struct exitlat_kind *kind;
	enum exitlat_class class;
	char name[EXITLAT_NAME_LEN];
	char note[80];			/* why there is no result, or what was wrong with it */
	struct exitlat_record *rec;	/* NULL before the first run */
};

#define EXITLAT_SLOTS_MAX	32

/* Settings and results. */
struct exitlat {
	struct mutex lock;		/* of all of it, held over a whole run */
	unsigned int cpu;
	unsigned int target;		/* EXITLAT_NO_CPU: one of each class */
	u64 count;
	u32 delay_us;
	struct exitlat_slot slot[EXITLAT_SLOTS_MAX];
	unsigned int slots;
};

extern struct exitlat exitlat;

/* Kinds, ended by one without a name. The first one measures nothing: the overhead. */
extern const struct exitlat_kind exitlat_kinds[];

/* Operations that need more room; see exitlat_kinds. */
int exitlat_prepare_apic(struct exitlat_run *run);
int exitlat_prepare_ipi_hypercall(struct exitlat_run *run);
int exitlat_prepare_wake(struct exitlat_run *run);
s64 exitlat_ipi(struct exitlat_run *run);
s64 exitlat_ipi_call(struct exitlat_run *run);
s64 exitlat_wake(struct exitlat_run *run);
int exitlat_prepare_timer(struct exitlat_run *run);
s64 exitlat_timer_set(struct exitlat_run *run);
s64 exitlat_timer_late(struct exitlat_run *run);
s64 exitlat_timer_hlt(struct exitlat_run *run);

/* The target sleeps by HLT from one to the other; both sleep and need cpus_read_lock(). */
void exitlat_halter_start(struct exitlat_run *run);
void exitlat_halter_stop(struct exitlat_run *run);

/*
 * Measures the slots that @name names: a slot, a kind, or "all". exitlat.lock is held. Returns 0,
 * -EINVAL for a name that does not exist, -EINTR after a signal (what was measured stays), or the
 * error of a slot; the slot's note says more. "all" goes over what this machine does not have.
 */
int exitlat_measure(const char *name);

/* ---- the histogram, see hv_exitlat.h ------------------------------------------------ */

/* Empties @rec and fills its head. */
void exitlat_hist_reset(struct exitlat_record *rec, const char *name);

/* Adds one time in ns. */
void exitlat_hist_add(struct exitlat_record *rec, u64 value);

/* The value that @ppm millionths of the samples do not exceed; 0 for an empty histogram. */
u64 exitlat_hist_percentile(const struct exitlat_record *rec, u32 ppm);

/* ---- debugfs ------------------------------------------------------------------------- */

/* Makes and removes the files. Returns 0 or negative errno. */
int exitlat_debugfs_create(void);
void exitlat_debugfs_remove(void);

/* ---- time ---------------------------------------------------------------------------- */

/* Nothing before it moves behind it, nothing behind it before it. */
static __always_inline u64 exitlat_tsc(void)
{
	u64 t = rdtsc_ordered();

	asm volatile("lfence" ::: "memory");
	return t;
}

/* Cycles since @start. */
static __always_inline s64 exitlat_since(u64 start)
{
	return (s64)(exitlat_tsc() - start);
}

/* Cycles of @us microseconds. */
static inline u64 exitlat_cycles(u64 us)
{
	return us * tsc_khz / 1000;
}

/* How long an answer is waited for, and how much of that with interrupts off. */
#define EXITLAT_TIMEOUT_US	200000
#define EXITLAT_IRQS_OFF_US	1000

#endif
