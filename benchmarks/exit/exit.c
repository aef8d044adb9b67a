// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth bench exit": what the host and the kernel cost a program that only computes. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/exit/module.h"
#include "benchmarks/exit/ops.h"
#include "benchmarks/exit/ticks.h"
#include "lib/clock.h"
#include "lib/log.h"

#define DEFAULT_COUNT	10000
#define BATCH		64	/* timed at once of what the counter cannot tell apart */
#define STEPS		100	/* of the counter that one operation should take at least */
#define NAMES_MAX	32

struct exit_bench {
	struct bench bench;
	struct ticks ticks;
	const char *dir;		/* of hv_exitlat */
	bool user;
	uint64_t gap_min;		/* ns */
	uint64_t overhead;		/* ticks of one sample that did nothing */
	int cpu;
	char **name;			/* those asked for */
	int names;
	bool failed, head;
	json_t *result, *absent;
};

static const char epilog[] =
	"With the module hv_exitlat loaded (as root) its measurements are made: see\n"
	"azimuth exitlat. Else, or with --user, what user space sees. NAMEs are, without\n"
	"one all of them:\n"
	"  cpuid, rdtsc, rdtscp, cntvct, clock (clock_monotonic, clock_raw, ...),\n"
	"  syscall, pagefault: --count times each, less the overhead of the measurement;\n"
	"        what takes less than 100 steps of the counter is timed 64 at once\n"
	"  gaps: for --duration (1s) the counter is read all the time; a gap of --gap-min\n"
	"        or more is one in which this CPU did something else\n"
	"On the first CPU of --cpus, or the one that it is on.\n"
	"Exit codes: 0 good, 1 a measurement failed, 2 usage, 3 not there.";

static bool is_asked(const char *name, const char *asked)
{
	size_t len = strlen(asked);

	return !strncmp(name, asked, len) && (!name[len] || name[len] == '_');
}

static bool wanted(const struct exit_bench *e, const char *name)
{
	for (int i = 0; i < e->names; i++)
		if (is_asked(name, e->name[i]))
			return true;
	return !e->names;
}

static int check_names(const struct exit_bench *e)
{
	const char *known[NAMES_MAX], *near;
	size_t count = 0, k;

	for (; exit_ops[count].name; count++)
		known[count] = exit_ops[count].name;
	known[count++] = "gaps";
	for (int i = 0; i < e->names; i++) {
		for (k = 0; k < count && !is_asked(known[k], e->name[i]); k++)
			;
		if (k < count)
			continue;
		near = az_nearest(e->name[i], known, count);
		if (near)
			return az_usage("no measurement '%s', did you mean '%s'?", e->name[i],
					near);
		return az_usage("no measurement '%s', see --help", e->name[i]);
	}
	return 0;
}

static void show_row(struct exit_bench *e, const char *name, const struct az_hist *h)
{
	if (!e->head)
		bench_say(&e->bench, "CPU %d, counter %.1f MHz in steps of %llu ns, overhead"
			  " %llu ns (subtracted)\n"
			  "%-17s %9s %8s %8s %8s %8s %9s", e->cpu, (double)e->ticks.hz / 1e6,
			  (unsigned long long)ticks_to_ns(&e->ticks, e->ticks.step),
			  (unsigned long long)ticks_to_ns(&e->ticks, e->overhead), "times in ns",
			  "count", "min", "p50", "p99", "p99.9", "max");
	e->head = true;
	bench_say(&e->bench, "%-17s %9llu %8llu %8llu %8llu %8llu %9llu", name,
		  (unsigned long long)h->count, (unsigned long long)(h->count ? h->min : 0),
		  (unsigned long long)az_hist_percentile(h, 500000),
		  (unsigned long long)az_hist_percentile(h, 990000),
		  (unsigned long long)az_hist_percentile(h, 999000), (unsigned long long)h->max);
}

/* @ticks of @batch operations as ns of one, less the overhead. */
static uint64_t cost(const struct exit_bench *e, uint64_t ticks, unsigned int batch)
{
	ticks = ticks > e->overhead ? ticks - e->overhead : 0;
	return ticks_to_ns(&e->ticks, ticks) / batch;
}

static unsigned int find_batch(const struct exit_bench *e, const struct exit_op *op)
{
	uint64_t begin, took, least = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		begin = ticks_now();
		op->op();
		took = ticks_now() - begin;
		if (took < least)
			least = took;
	}
	return least < STEPS * e->ticks.step ? BATCH : 1;
}

static int time_op(struct exit_bench *e, const struct exit_op *op, unsigned int batch,
		   struct az_hist *hist)
{
	uint64_t n, begin, end;
	unsigned int i;
	int rc = 0;

	az_hist_reset(hist);
	/* One more, the first, which finds caches and page tables cold. */
	for (n = 0; n <= e->bench.count && !bench_stopped(); n++) {
		rc = op->prepare ? op->prepare() : 0;
		if (rc)
			return rc;
		begin = ticks_now();
		for (i = 0; i < batch; i++)
			op->op();
		end = ticks_now();
		if (n)
			az_hist_record(hist, cost(e, end - begin, batch));
	}
	return 0;
}

/* The least time of a sample that does nothing, in ticks. */
static void find_overhead(struct exit_bench *e)
{
	uint64_t begin, took;

	e->overhead = UINT64_MAX;
	for (int i = 0; i < 10000; i++) {
		begin = ticks_now();
		exit_ops[0].op();
		took = ticks_now() - begin;
		if (took < e->overhead)
			e->overhead = took;
	}
}

static void measure_op(struct exit_bench *e, const struct exit_op *op)
{
	const char *why = op->absent ? op->absent() : NULL;
	static struct az_hist hist;
	unsigned int batch;
	char text[96];
	int rc;

	if (why) {
		snprintf(text, sizeof(text), "%s: %s", op->name, why);
		json_array_append_new(e->absent, json_string(text));
		if (e->names)
			e->failed = true;
		if (e->names)
			az_err("%s", text);
		else
			az_info("%s", text);
		return;
	}
	batch = op->prepare ? 1 : find_batch(e, op);
	snprintf(text, sizeof(text), "%s_batch", op->name);
	az_result_config_int(e->result, text, batch);
	rc = time_op(e, op, batch, &hist);
	if (rc) {
		az_err("%s: %s", op->name, strerror(-rc));
		e->failed = true;
		return;
	}
	az_result_hist(e->result, op->name, &hist);
	show_row(e, op->name, &hist);
}

/*
 * A loop that reads the counter sees no time pass between two readings but that of
 * the loop; what is longer, the CPU was away: in an interrupt, another task, the host.
 */
static void measure_gaps(struct exit_bench *e)
{
	uint64_t begin, last, now, away = 0, end, gap, limit;
	static struct az_hist hist;
	char total[16], span[16];

	az_hist_reset(&hist);
	limit = (uint64_t)((unsigned __int128)e->gap_min * e->ticks.hz / AZ_NSEC_PER_SEC);
	begin = last = ticks_now();
	end = begin + (uint64_t)((unsigned __int128)e->bench.duration * e->ticks.hz /
				 AZ_NSEC_PER_SEC);
	do {
		now = ticks_now();
		if (now - last >= limit) {
			gap = ticks_to_ns(&e->ticks, now - last);
			az_hist_record(&hist, gap);
			away += gap;
		}
		last = now;
	} while (now < end && !bench_stopped());
	gap = ticks_to_ns(&e->ticks, now - begin);
	az_result_hist(e->result, "gap", &hist);
	az_result_count(e->result, "gaps", hist.count);
	az_result_count(e->result, "gaps_ns", away);
	az_result_metric(e->result, "gap_share", "%", true,
			 gap ? 100 * (double)away / (double)gap : 0);
	show_row(e, "gaps", &hist);
	bench_say(&e->bench, "away for %s of %s (%.3f%%)", bench_time(total, (double)away),
		  bench_time(span, (double)gap), gap ? 100 * (double)away / (double)gap : 0);
}

static int pin_to_one(struct exit_bench *e)
{
	cpu_set_t set;

	e->cpu = sched_getcpu();
	for (int cpu = 0; e->bench.cpus && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &e->bench.used)) {
			e->cpu = cpu;
			break;
		}
	CPU_ZERO(&set);
	if (e->cpu >= 0)
		CPU_SET(e->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return az_env("cannot stay on CPU %d: %s", e->cpu, strerror(errno));
	return 0;
}

static int measure(struct exit_bench *e)
{
	int ret = bench_begin(&e->bench, "exit");

	if (!ret)
		ret = pin_to_one(e);
	if (ret)
		return ret;
	ticks_calibrate(&e->ticks);
	find_overhead(e);
	e->result = az_result_new("exit");
	e->absent = json_array();
	az_result_config_str(e->result, "source", "user");
	az_result_config_int(e->result, "cpu", (uint64_t)e->cpu);
	az_result_config_int(e->result, "count", e->bench.count);
	az_result_config_int(e->result, "gap_min_ns", e->gap_min);
	az_result_count(e->result, "counter_hz", e->ticks.hz);
	az_result_count(e->result, "counter_step", e->ticks.step);
	az_result_count(e->result, "overhead_ns", ticks_to_ns(&e->ticks, e->overhead));
	for (const struct exit_op *op = exit_ops; op->name && !bench_stopped(); op++)
		if (wanted(e, op->name))
			measure_op(e, op);
	if (wanted(e, "gaps") && !bench_stopped())
		measure_gaps(e);
	json_object_set_new(e->result, "absent", e->absent);
	return bench_end(&e->bench, e->result, e->failed ? AZ_EXIT_FAILED : AZ_EXIT_OK);
}

/* Is the module there and may it be used? Says so when it only may not. */
static bool module_is_there(const struct exit_bench *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/run", e->dir);
	if (!access(path, R_OK | W_OK))
		return true;
	if (!access("/sys/module/hv_exitlat", F_OK))
		az_info("hv_exitlat is loaded, but %s is not to be read (root may): measuring"
			" from user space", path);
	return false;
}

static int measure_by_module(const struct exit_bench *e)
{
	static struct exitlat module = EXITLAT_DEFAULT;

	module.bench = e->bench;
	module.dir = e->dir;
	module.samples = e->bench.count;
	return exitlat_run(&module, e->name, e->names);
}

int bench_exit(int argc, char **argv)
{
	static struct exit_bench e = {
		.bench.count = DEFAULT_COUNT, .bench.duration = AZ_NSEC_PER_SEC,
		.bench.seed = 1, .dir = EXITLAT_DIR, .gap_min = 1000,
	};
	const struct az_opt table[] = {
		AZ_OPT(FLAG, "user", 0, NULL, "from user space, also where the module is loaded",
		       &e.user),
		AZ_OPT(TIME, "gap-min", 0, "TIME", "shortest gap that counts (1us)", &e.gap_min,
		       .min = 100, .max = AZ_NSEC_PER_SEC),
		AZ_OPT(STRING, "dir", 0, "DIR", "the module's directory", &e.dir),
		BENCH_OPTS(&e.bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "[NAME]...", "What the host and the kernel cost.", epilog, table
	};
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (!e.bench.count || !e.bench.duration)
		return az_usage("--count and --duration must be above 0");
	e.name = argv + first;
	e.names = argc - first;
	if (!e.user && module_is_there(&e))
		return measure_by_module(&e);
	ret = check_names(&e);
	return ret ? ret : measure(&e);
}
