// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/timer/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

#define DEFAULT_DURATION	(10 * AZ_NSEC_PER_SEC)
#define CPUS_SHOWN		64	/* histograms of single CPUs in a result */

static const char epilog[] =
	"Modes:\n"
	"  nanosleep  clock_nanosleep() until an absolute time\n"
	"  timerfd    read() of a timerfd that was set to an absolute time\n"
	"  futex      FUTEX_WAKE in one thread to the return of FUTEX_WAIT in another\n"
	"One thread for each CPU of --cpus (or that it may run on), pinned; one thread\n"
	"and no pinning with --sched deadline. Times count from when the wake-up was due,\n"
	"also when the one before it was late (an overrun); wakeup_actual counts from the\n"
	"call then.\n"
	"Exit codes: 0 good, 2 usage, 3 not permitted or not there.";

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / AZ_NSEC_PER_SEC), (long)(ns % AZ_NSEC_PER_SEC) };
}

int timer_sleep(const struct load_worker *w, uint64_t at)
{
	struct timespec until = to_timespec(at);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		if (load_worker_over(w))
			return -EINTR;
	return 0;
}

static int timerfd_sleep(const struct load_worker *w, int fd, uint64_t at)
{
	struct itimerspec until = { .it_value = to_timespec(at) };
	uint64_t times;

	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &until, NULL))
		return -errno;
	while (read(fd, &times, sizeof(times)) < 0) {
		if (errno != EINTR)
			return -errno;
		if (load_worker_over(w))
			return -EINTR;
	}
	return 0;
}

static int sleep_worker(struct load_worker *w)
{
	const struct timer_bench *timer = w->run->priv;
	uint64_t at = load_schedule_next(&w->schedule), armed, now;
	int fd = -1, rc = 0;

	if (timer->mode == TIMER_TIMERFD) {
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		if (fd < 0)
			return az_env("timerfd_create: %s", strerror(errno));
	}
	for (; load_worker_goes_on(w, at); at = load_schedule_next(&w->schedule)) {
		armed = az_clock_ns();
		rc = fd < 0 ? timer_sleep(w, at) : timerfd_sleep(w, fd, at);
		if (rc)
			break;
		now = az_clock_ns();
		if (armed > at)
			recorder_count(w->rec, TIMER_OVERRUNS, 1);
		recorder_add(w->rec, TIMER_SECOND, now - (armed > at ? armed : at));
		recorder_sample(w->rec, at, now - at, 0);
	}
	if (fd >= 0)
		close(fd);
	return !rc || rc == -EINTR ? AZ_EXIT_OK : az_env("timerfd: %s", strerror(-rc));
}

static int sleep_setup(struct load_worker *w)
{
	const struct timer_bench *timer = w->run->priv;

	return timer_sched_apply(&timer->sched, timer->period);
}

static void describe(struct load_run *run, const struct recorder *total, json_t *result,
		     bool partial)
{
	static struct az_hist hist;
	const struct timer_bench *timer = run->priv;
	char name[32];

	az_result_config_str(result, "mode", timer->mode_name);
	az_result_config_int(result, "period_ns", timer->period);
	az_result_config_str(result, "sched", timer->sched.text);
	az_result_config_str(result, "mlockall", timer->locked ? "yes" : "no");
	az_result_config_str(result, "idle", timer->latency_fd >= 0 ? "no" : "yes");
	if (timer->to_cpu)
		az_result_config_int(result, "to_cpu", timer->to);
	for (unsigned int i = 0; i < run->threads && i < CPUS_SHOWN; i++) {
		if (run->workers[i].cpu < 0)
			continue;
		az_hist_reset(&hist);
		az_hist_merge(&hist, &run->workers[i].rec->hist[TIMER_MAIN]);
		snprintf(name, sizeof(name), "%s_cpu%d", run->recorder->hists[TIMER_MAIN],
			 run->workers[i].cpu);
		az_result_hist(result, name, &hist);
	}
}

static void say_one(const struct load_run *run, const char *where, const struct recorder *r)
{
	const struct az_hist *h = &r->hist[TIMER_MAIN];
	const struct timer_bench *timer = run->priv;
	char min[16], p50[16], p99[16], p999[16], max[16];

	bench_say(&timer->bench,
		  "timer %s %s: min %s p50 %s p99 %s p99.9 %s max %s, %llu wake-ups %llu overruns",
		  timer->mode_name, where, bench_time(min, (double)(h->count ? h->min : 0)),
		  bench_time(p50, (double)az_hist_percentile(h, 500000)),
		  bench_time(p99, (double)az_hist_percentile(h, 990000)),
		  bench_time(p999, (double)az_hist_percentile(h, 999000)),
		  bench_time(max, (double)h->max), (unsigned long long)h->count,
		  (unsigned long long)recorder_counter(r, TIMER_OVERRUNS));
}

static void say(struct load_run *run, const struct recorder *total)
{
	char where[24];

	for (unsigned int i = 0; run->threads > 1 && i < run->threads; i++) {
		snprintf(where, sizeof(where), "cpu %d", run->workers[i].cpu);
		if (run->workers[i].cpu >= 0)
			say_one(run, where, run->workers[i].rec);
	}
	snprintf(where, sizeof(where), "%u thread%s", run->threads, run->threads > 1 ? "s" : "");
	say_one(run, where, total);
}

/* Memory that has to be read back, or an idle CPU that has to be woken, are not the timer's. */
static int hold_still(struct timer_bench *timer)
{
	int32_t latency = 0;

	/* With a limit, memory that is locked later could make an allocation fail. */
	timer->locked = !mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	if (!timer->locked)
		munlockall();
	if (!timer->no_idle)
		return 0;
	timer->latency_fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	if (timer->latency_fd < 0 ||
	    write(timer->latency_fd, &latency, sizeof(latency)) != sizeof(latency))
		return az_env("--no-idle: /dev/cpu_dma_latency: %s", strerror(errno));
	return 0;
}

static int run_timer(struct timer_bench *timer)
{
	static const char *const sleep_hists[] = { "wakeup", "wakeup_actual", NULL };
	static const char *const futex_hists[] = { "handoff", "wakeup", NULL };
	static const char *const counters[] = { "overruns", NULL };
	bool futex = timer->mode == TIMER_FUTEX, deadline = timer->sched.policy == SCHED_DEADLINE;
	const struct recorder_spec spec = {
		.hists = futex ? futex_hists : sleep_hists, .counters = counters,
	};
	struct load_run run = {
		.bench = &timer->bench, .name = futex ? "timer-futex" : "timer",
		.load = &timer->load, .recorder = &spec,
		.setup = futex ? timer_futex_setup : sleep_setup,
		.teardown = futex ? timer_futex_teardown : NULL,
		.worker = futex ? timer_futex_worker : sleep_worker,
		.describe = describe, .say = say, .priv = timer, .pin = !deadline,
	};
	int ret = bench_begin(&timer->bench, "timer");

	if (!ret)
		ret = hold_still(timer);
	if (ret)
		goto out;
	run.threads = timer->bench.threads;
	if (!run.threads)
		run.threads = deadline ? 1 : (unsigned int)CPU_COUNT(&timer->bench.used);
	timer->load.rate = 1e9 / (double)timer->period * run.threads;
	ret = load_run(&run);
out:
	if (timer->latency_fd >= 0)
		close(timer->latency_fd);
	return ret;
}

static int check_options(struct timer_bench *timer)
{
	static const char *const modes[] = { "nanosleep", "timerfd", "futex" };
	uint64_t to = 0;

	for (timer->mode = TIMER_NANOSLEEP; timer->mode <= TIMER_FUTEX; timer->mode++)
		if (!strcmp(timer->mode_name, modes[timer->mode]))
			break;
	if (timer->mode > TIMER_FUTEX)
		return az_usage("--mode: '%s' is none of nanosleep, timerfd, futex",
				timer->mode_name);
	if (timer->to_cpu && timer->mode != TIMER_FUTEX)
		return az_usage("--to-cpu is for --mode futex");
	if (timer->to_cpu &&
	    (az_parse_number(timer->to_cpu, AZ_OPT_U32, &to) || to >= CPU_SETSIZE))
		return az_usage("--to-cpu: '%s' is not the number of a CPU", timer->to_cpu);
	timer->to = (unsigned int)to;
	if (!timer->bench.duration && !timer->bench.count)
		timer->bench.duration = DEFAULT_DURATION;
	return timer_sched_parse(&timer->sched);
}

int bench_timer(int argc, char **argv)
{
	static struct timer_bench timer = {
		.bench.seed = 1, .load = { LOAD_FIXED, 0, 1, 1, 0 }, .mode_name = "nanosleep",
		.sched.text = "other", .period = 1000000, .latency_fd = -1,
	};
	const struct az_opt table[] = {
		AZ_OPT(STRING, "mode", 'm', "MODE", "nanosleep, timerfd or futex",
		       &timer.mode_name),
		AZ_OPT(TIME, "period", 'p', "TIME", "time between wake-ups of a thread (1ms)",
		       &timer.period, .min = 20000, .max = 60 * AZ_NSEC_PER_SEC),
		AZ_OPT(STRING, "to-cpu", 0, "CPU", "futex: wake a thread on this CPU",
		       &timer.to_cpu),
		AZ_OPT(STRING, "sched", 0, "HOW", "other, fifo:PRIORITY or deadline",
		       &timer.sched.text),
		AZ_OPT(FLAG, "no-idle", 0, NULL, "keep CPUs out of idle states (cpu_dma_latency)",
		       &timer.no_idle),
		BENCH_OPTS(&timer.bench),
		BENCH_LOAD_OPTS(&timer.bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], NULL, "How long after its time a sleeping thread runs.", epilog, table
	};
	int ret = az_opts_parse(&opts, argc, argv, NULL);

	if (ret)
		return az_opts_exit(ret);
	ret = check_options(&timer);
	return ret ? ret : run_timer(&timer);
}
