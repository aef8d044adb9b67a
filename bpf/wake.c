// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace wake": how long threads wait for a CPU, and what the host takes of it. */
#include "bpf/core/trace.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf/core/steal.h"
#include "bpf/wake_filter.h"
#include "bpf/core/skeleton.h"
#include "bpf/wake.skel.h"
#include "bpf/wake_model.h"
#include "lib/clock.h"
#include "lib/log.h"

enum { WAKING, QUEUED, NEW, SWITCH, STEAL };

static const struct trace_hook hooks[] = {
	[WAKING] = { "waking", "woken to on the queue", {
		{ TRACE_TP, "waking_tp", "sched_waking", NULL } } },
	[QUEUED] = { "queued", "on the queue to running", {
		{ TRACE_TP, "queued_tp", "sched_wakeup", NULL } } },
	[NEW] = { "new", "the first wait of new threads", {
		{ TRACE_TP, "new_tp", "sched_wakeup_new", NULL } } },
	[SWITCH] = { "switch", "all that ends when a thread runs", {
		{ TRACE_TP, "switch_tp", "sched_switch", NULL },
		{ TRACE_TP, "switch_old_tp", "sched_switch", NULL } } },
	[STEAL] = { "steal", "steal time as the kernel accounts it", {
		{ TRACE_FUNC, "steal_func", "account_steal_time", NULL } } },
	{ .name = NULL }
};

static const struct trace_stage stages[] = {
	[WAKE_WOKEN_QUEUED] = { "woken_queued", "woken to on the queue",
				TRACE_HOOK(WAKING) | TRACE_HOOK(QUEUED), false },
	[WAKE_QUEUED_RUNNING] = { "queued_running", "on the queue to running",
				  TRACE_HOOK(QUEUED) | TRACE_HOOK(SWITCH), false },
	[WAKE_PREEMPTED_RUNNING] = { "preempted_running", "preempted to running again",
				     TRACE_HOOK(SWITCH), false },
	[WAKE_WOKEN_RUNNING] = { "woken_running", "woken to running (whole)",
				 TRACE_HOOK(WAKING) | TRACE_HOOK(QUEUED) | TRACE_HOOK(SWITCH),
				 true },
	{ .name = NULL }
};

static const struct trace_counter counters[] = {
	{ "woken", "wake-ups", TRACE_HOOK(WAKING) },
	{ "new", "new threads", TRACE_HOOK(NEW) },
	{ "preempted", "threads that lost the CPU but could go on", TRACE_HOOK(SWITCH) },
	{ "runs", "threads that got a CPU", TRACE_HOOK(SWITCH) },
	{ .name = NULL }
};

static const struct trace_memory memory[] = {
	{ "wake_cpus", wake_cpus, sizeof(wake_cpus[0]), WAKE_CPUS },
	{ "wake_tasks", wake_tasks, sizeof(wake_tasks[0]), 1u << 12 },
	{ .name = NULL }
};

/* ---- options ---------------------------------------------------------------------- */

static struct {
	unsigned int pid;
	const char *comm;
	const char *cgroup;
} wanted;

static struct wake_filter filter;
static struct trace_steal steal_before;

static const struct az_opt options[] = {
	AZ_OPT(U32, "pid", 'p', "PID", "only the threads of this process", &wanted.pid, .min = 1),
	AZ_OPT(STRING, "comm", 0, "NAME", "only threads of this name", &wanted.comm),
	AZ_OPT(STRING, "cgroup", 0, "PATH",
	       "only threads in this cgroup v2 (below /sys/fs/cgroup) and those below it",
	       &wanted.cgroup),
	AZ_OPT_DONE
};

/* The id of a cgroup is the inode number of its directory. */
static int find_cgroup(const char *path)
{
	char full[4096];
	struct statfs fs;
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "/sys/fs/cgroup/", path);
	if (statfs(full, &fs) || stat(full, &st))
		return az_usage("--cgroup %s: %s", full, strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return az_usage("--cgroup %s: not a directory of cgroup v2", full);
	filter.whose = WAKE_CGROUP;
	filter.cgroup = st.st_ino;
	return 0;
}

static int find_process(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", wanted.pid);
	if (access(path, F_OK))
		return az_usage("--pid %u: no such process", wanted.pid);
	filter.whose = WAKE_PROCESS;
	filter.process = wanted.pid;
	return 0;
}

static int find_comm(void)
{
	size_t len = strlen(wanted.comm);

	if (!len || len >= WAKE_COMM_LEN)
		return az_usage("--comm '%s': a thread's name has 1 to %u characters", wanted.comm,
				WAKE_COMM_LEN - 1);
	filter.whose = WAKE_COMM;
	memcpy(filter.comm, wanted.comm, len);
	return 0;
}

static int prepare(struct trace_run *run)
{
	int ret = 0;

	if (!!wanted.pid + !!wanted.comm + !!wanted.cgroup > 1)
		return az_usage("--pid, --comm and --cgroup: one of them");
	if (wanted.cgroup)
		ret = find_cgroup(wanted.cgroup);
	else if (wanted.comm)
		ret = find_comm();
	else if (wanted.pid)
		ret = find_process();
	trace_steal_read(&steal_before);
	return ret;
}

TRACE_SKELETON(wake)

static struct bpf_object *open_object(struct trace_run *run, const struct azt_config *cfg,
				      void **skel)
{
	struct wake_bpf *bpf = open_skeleton(cfg, skel);

	if (!bpf)
		return NULL;
	memcpy((void *)&bpf->rodata->wake_filter, &filter, sizeof(filter));
	return bpf->obj;
}

static void model(const struct azt_event *event)
{
	wake_model(event);
}

static const char *event_name(const struct azt_event *event)
{
	static const char *const names[] = {
		[WAKE_WAKING] = "woken", [WAKE_QUEUED] = "on queue", [WAKE_NEW] = "new thread",
		[WAKE_SWITCH] = "switch", [WAKE_STEAL] = "steal",
	};

	return event->type < sizeof(names) / sizeof(names[0]) ? names[event->type] : NULL;
}

/* ---- CPU by CPU ---------------------------------------------------------------------- */

/* What the kernel counted of @cpu's waits; false: nothing ran there. */
static bool of_cpu(const struct trace_run *run, unsigned int cpu, struct wake_cpu *sum)
{
	struct wake_cpu *each;
	unsigned int rows, i;

	memset(sum, 0, sizeof(*sum));
	each = trace_rows(run, "wake_cpus", cpu, sizeof(*each), &rows);
	for (i = 0; i < rows; i++) {
		sum->runs += each[i].runs;
		sum->waits += each[i].waits;
		sum->wait_ns += each[i].wait_ns;
		sum->preempted += each[i].preempted;
		sum->preempted_ns += each[i].preempted_ns;
		sum->steal_ns += each[i].steal_ns;
		if (each[i].wait_max > sum->wait_max)
			sum->wait_max = each[i].wait_max;
		if (each[i].preempted_max > sum->preempted_max)
			sum->preempted_max = each[i].preempted_max;
	}
	free(each);
	return sum->runs || sum->steal_ns;
}

static unsigned int cpus_of(const struct trace_run *run)
{
	return run->replay || run->cpus > WAKE_CPUS ? WAKE_CPUS : run->cpus;
}

static const char *mean(char *text, uint64_t sum, uint64_t n)
{
	return n ? bench_time(text, (double)sum / (double)n) : "-";
}

static const char *longest(char *text, uint64_t max)
{
	return max ? bench_time(text, (double)max) : "-";
}

static void show_cpus(struct trace_run *run, FILE *out, const struct trace_steal *now)
{
	char a[16], b[16], c[16], d[16], steal[24];
	struct wake_cpu sum;
	unsigned int cpu;

	fprintf(out, "%4s %9s %9s %8s %8s %9s %8s %8s %10s\n", "cpu", "runs", "waits", "mean",
		"max", "preempted", "mean", "max", "steal");
	for (cpu = 0; cpu < cpus_of(run); cpu++) {
		if (!of_cpu(run, cpu, &sum))
			continue;
		trace_steal_text(&steal_before, now, cpu, steal, sizeof(steal));
		fprintf(out, "%4u %9llu %9llu %8s %8s %9llu %8s %8s %10s\n", cpu, sum.runs,
			sum.waits, mean(a, sum.wait_ns, sum.waits), longest(b, sum.wait_max),
			sum.preempted, mean(c, sum.preempted_ns, sum.preempted),
			longest(d, sum.preempted_max), steal);
	}
}

/* ---- who waits now --------------------------------------------------------------------- */

#define SHOWN	5

struct waiting {
	struct wake_task task[SHOWN];	/* longest first */
	unsigned int count;
};

static void longest_first(const void *entry, void *ctx)
{
	const struct wake_task *task = entry;
	struct waiting *w = ctx;
	unsigned int i;

	for (i = w->count; i && w->task[i - 1].f.since > task->f.since; i--)
		if (i < SHOWN)
			w->task[i] = w->task[i - 1];
	if (i == SHOWN)
		return;
	w->task[i] = *task;
	if (w->count < SHOWN)
		w->count++;
}

static const char *comm_of(unsigned long long thread, char *text, size_t len)
{
	char path[48];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%llu/comm", thread);
	file = fopen(path, "re");
	if (!file || !fgets(text, (int)len, file))
		snprintf(text, len, "gone");
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void show_waiting(struct trace_run *run, FILE *out)
{
	static const char *const how[] = {
		[WAKE_HOW_WOKEN] = "woken", [WAKE_HOW_QUEUED] = "on the queue",
		[WAKE_HOW_PREEMPTED] = "preempted",
	};
	struct waiting w = { .count = 0 };
	char name[WAKE_COMM_LEN + 1], age[16];
	uint64_t now = az_clock_ns();
	unsigned int i;

	if (run->replay)
		return;
	trace_table(run, "wake_tasks", sizeof(struct wake_task), longest_first, &w);
	for (i = 0; i < w.count; i++)
		fprintf(out, "waiting now: thread %llu (%s), %s, for %s\n", w.task[i].f.key,
			comm_of(w.task[i].f.key, name, sizeof(name)), how[w.task[i].how % 3],
			bench_time(age, (double)(now - w.task[i].f.since)));
}

static void read_steal(const struct trace_run *run, struct trace_steal *now)
{
	if (run->replay)
		trace_steal_unknown(now, "a recording has none");
	else
		trace_steal_read(now);
}

static void show(struct trace_run *run, FILE *out)
{
	struct trace_steal now;

	read_steal(run, &now);
	show_cpus(run, out, &now);
	if (now.missing)
		fprintf(out, "steal time: not known: %s\n", now.missing);
	show_waiting(run, out);
	trace_steal_free(&now);
}

/* ---- result ---------------------------------------------------------------------------- */

static json_t *cpu_json(unsigned int cpu, const struct wake_cpu *sum, const struct trace_steal *now)
{
	json_t *one = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "cpu", (int)cpu,
				"runs", (json_int_t)sum->runs, "waits", (json_int_t)sum->waits,
				"wait_ns", (json_int_t)sum->wait_ns,
				"wait_max_ns", (json_int_t)sum->wait_max,
				"preempted", (json_int_t)sum->preempted,
				"preempted_ns", (json_int_t)sum->preempted_ns,
				"preempted_max_ns", (json_int_t)sum->preempted_max);
	uint64_t ns;

	if (one && trace_steal_of(&steal_before, now, cpu, &ns)) {
		json_object_set_new(one, "steal_ns", json_integer((json_int_t)ns));
		json_object_set_new(one, "steal_accounted_ns",
				    json_integer((json_int_t)sum->steal_ns));
	}
	return one;
}

static void result(struct trace_run *run, json_t *json)
{
	struct trace_steal now;
	json_t *array = json_array(), *one;
	struct wake_cpu sum;
	unsigned int cpu;

	read_steal(run, &now);
	for (cpu = 0; cpu < cpus_of(run); cpu++) {
		one = of_cpu(run, cpu, &sum) ? cpu_json(cpu, &sum, &now) : NULL;
		if (one)
			json_array_append_new(array, one);
	}
	json_object_set_new(json, "cpus", array);
	if (now.missing)
		json_object_set_new(json, "steal_missing", json_string(now.missing));
	json_object_set_new(json, "waiting", json_integer(run->replay ? 0 :
			    (json_int_t)trace_table(run, "wake_tasks", sizeof(struct wake_task),
						    NULL, NULL)));
	trace_steal_free(&now);
}

const struct trace_tool trace_wake = {
	.name = "wake",
	.summary = "Shows how long threads wait for a CPU once they could run, and steal time.",
	.id = AZT_TOOL_WAKE,
	.hooks = hooks, .stages = stages, .counters = counters,
	.open = open_object, .close = close_object,
	.model = model, .memory = memory, .event_name = event_name,
	.options = options, .prepare = prepare,
	.show = show, .result = result,
};
