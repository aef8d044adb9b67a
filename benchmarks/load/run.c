// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/load/run_impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

#define GRACE_NS	AZ_NSEC_PER_SEC		/* for an open loop that is behind at its end */
#define KICK_NS		10000000ull
#define DEFAULT_STEP	100000000ull

static __thread struct load_worker *self;

static void on_kick(int sig)
{
}

static bool is_over(const struct load_private *p)
{
	return __atomic_load_n(&p->over, __ATOMIC_RELAXED);
}

bool load_worker_over(const struct load_worker *w)
{
	return is_over(w->run->p);
}

static bool still_warm(struct load_worker *w, uint64_t now)
{
	if (w->warm_quota ? w->done < w->warm_quota : now < w->rec->from)
		return true;
	w->warm = w->rec->warm = false;
	w->done = 0;
	if (w->warm_quota) {
		w->rec->from = now;
		w->end_ns = w->run->bench->duration ? now + w->run->bench->duration : 0;
	}
	return false;
}

bool load_worker_goes_on(struct load_worker *w, uint64_t now)
{
	if (is_over(w->run->p))
		return false;
	if (!w->warm || !still_warm(w, now)) {
		if ((w->quota && w->done >= w->quota) || (w->end_ns && now >= w->end_ns))
			return false;
	}
	w->done++;
	return true;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / AZ_NSEC_PER_SEC), (long)(ns % AZ_NSEC_PER_SEC) };
}

static int wait_until(const struct load_private *p, uint64_t ns, uint64_t spin)
{
	struct timespec until = to_timespec(ns > spin ? ns - spin : 0);
	uint64_t now = az_clock_ns();

	while (now + spin < ns) {
		if (is_over(p))
			return -EINTR;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		now = az_clock_ns();
	}
	while (now < ns && !is_over(p))
		now = az_clock_ns();
	return is_over(p) ? -EINTR : 0;
}

int load_wait_until(uint64_t ns)
{
	return wait_until(self->run->p, ns, self->run->load ? self->run->load->spin : 0);
}

static void tell_main(struct load_private *p)
{
	uint64_t one = 1;

	/* Only fails when the counter is full, and then main is awake. */
	if (write(p->wake, &one, sizeof(one)) < 0)
		return;
}

/* Returns whether the run begins at all. */
static bool wait_for_start(struct load_worker *w)
{
	struct load_private *p = w->run->p;
	bool begins;

	__atomic_fetch_add(&p->ready, 1, __ATOMIC_RELEASE);
	tell_main(p);
	pthread_mutex_lock(&p->lock);
	while (!p->go)
		pthread_cond_wait(&p->start, &p->lock);
	begins = !is_over(p);
	pthread_mutex_unlock(&p->lock);
	return begins && !w->ret;
}

static void begin(struct load_worker *w)
{
	const struct load_run *run = w->run;

	w->start_ns = run->p->zero_ns;
	w->warm = run->p->warm_ns || w->warm_quota;
	w->end_ns = run->bench->duration ? run->start_ns + run->bench->duration : 0;
	recorder_start(w->rec, run->start_ns, w->warm_quota ? UINT64_MAX : run->start_ns);
	w->rec->warm = w->warm;
	if (run->load && run->load->arrival != LOAD_CLOSED)
		load_schedule_start(&w->schedule, run->load, w->index, run->threads, w->start_ns);
	wait_until(run->p, w->start_ns, 50000);
}

static void *work(void *arg)
{
	struct load_worker *w = arg;
	const struct load_run *run = w->run;
	cpu_set_t set;

	self = w;
	/* The slack of 50 us would be in each sleep. */
	prctl(PR_SET_TIMERSLACK, 1);
	if (w->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(w->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			w->ret = az_env("cannot run on CPU %d: %s", w->cpu, strerror(errno));
	}
	if (!w->ret && run->setup)
		w->ret = run->setup(w);
	if (wait_for_start(w)) {
		begin(w);
		w->ret = run->worker(w);
	}
	if (w->ret)
		__atomic_store_n(&run->p->over, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&run->p->finished, 1, __ATOMIC_RELEASE);
	tell_main(run->p);
	return NULL;
}

/* Sleeps up to @ns, less when a worker tells something or a signal comes. */
static void doze(struct load_private *p, uint64_t ns)
{
	struct pollfd wake = { .fd = p->wake, .events = POLLIN };
	struct timespec limit = to_timespec(ns);
	uint64_t count;

	if (ppoll(&wake, 1, &limit, NULL) > 0 && read(p->wake, &count, sizeof(count)) < 0)
		return;
}

static void end_run(struct load_run *run, unsigned int started)
{
	__atomic_store_n(&run->p->over, 1, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < started; i++)
		pthread_kill(run->workers[i].thread, SIGUSR1);
}

/* Of @finished: ready or finished. Until @count threads are there. */
static void wait_for(struct load_run *run, unsigned int *number, unsigned int count, bool watch)
{
	struct load_private *p = run->p;
	uint64_t now, next, hard = 0;

	if (watch && run->bench->duration && !p->warm_count)
		hard = run->start_ns + run->bench->duration + GRACE_NS;
	while (__atomic_load_n(number, __ATOMIC_ACQUIRE) < count) {
		now = az_clock_ns();
		next = watch ? load_watch(run, now) : KICK_NS;
		if (hard && now >= hard)
			p->behind = run->load && run->load->rate > 0;
		if (bench_stopped() || is_over(p) || (hard && now >= hard)) {
			end_run(run, count);
			next = KICK_NS;
		}
		doze(p, next);
	}
}

/* The date of @ns on the monotonic clock. */
static void format_date(char *text, size_t size, uint64_t ns)
{
	int64_t ahead = (int64_t)(ns - az_clock_ns()), total;
	struct timespec date;
	struct tm tm;
	time_t seconds;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &date);
	total = (int64_t)date.tv_sec * (int64_t)AZ_NSEC_PER_SEC + date.tv_nsec + ahead;
	seconds = (time_t)(total / (int64_t)AZ_NSEC_PER_SEC);
	len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	snprintf(text + len, size - len, ".%09lldZ",
		 (long long)(total % (int64_t)AZ_NSEC_PER_SEC));
}

/* All threads go, and begin what they measure at one time; or, when one failed, end. */
static void start(struct load_run *run)
{
	struct load_private *p = run->p;

	pthread_mutex_lock(&p->lock);
	for (unsigned int i = 0; i < run->threads; i++)
		if (run->workers[i].ret)
			__atomic_store_n(&p->over, 1, __ATOMIC_RELAXED);
	p->zero_ns = az_clock_ns() + 1000000 + 20000ull * run->threads;
	run->start_ns = p->zero_ns + p->warm_ns;
	format_date(p->started, sizeof(p->started), run->start_ns);
	p->began = !is_over(p);
	p->go = true;
	pthread_cond_broadcast(&p->start);
	pthread_mutex_unlock(&p->lock);
}

/* The main thread leaves the CPUs of the workers to them, where there are others. */
static void step_aside(const struct load_run *run)
{
	cpu_set_t rest = run->bench->allowed;

	for (unsigned int i = 0; i < run->threads; i++)
		if (run->workers[i].cpu >= 0)
			CPU_CLR(run->workers[i].cpu, &rest);
	if ((run->bench->cpus || run->pin) && CPU_COUNT(&rest))
		sched_setaffinity(0, sizeof(rest), &rest);
}

static int nth_cpu(const cpu_set_t *set, unsigned int n)
{
	int cpu;

	for (n %= (unsigned int)CPU_COUNT(set), cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set) && !n--)
			break;
	return cpu;
}

static uint64_t share(uint64_t whole, unsigned int i, unsigned int n)
{
	return whole / n + (i < whole % n);
}

static int init_worker(struct load_run *run, unsigned int i)
{
	struct load_worker *w = &run->workers[i];
	struct bench *bench = run->bench;

	w->run = run;
	w->index = i;
	w->cpu = bench->cpus || run->pin ? nth_cpu(&bench->used, i) : -1;
	/* Of fewer events than threads, some have none: a quota of 0 is no limit. */
	w->quota = share(bench->count, i, run->threads);
	w->warm_quota = share(run->p->warm_count, i, run->threads);
	w->rec = recorder_new(run->recorder, run->bench->interval, run->p->samples != NULL);
	return w->rec ? 0 : -ENOMEM;
}

static int launch(struct load_run *run)
{
	struct sigaction kick = { .sa_handler = on_kick };
	sigset_t block, old;
	unsigned int i;
	int rc = 0;

	sigaction(SIGUSR1, &kick, NULL);
	/* Only the main thread is to be interrupted by these, and to tell the others. */
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &block, &old);
	for (i = 0; i < run->threads && !rc; i++)
		rc = pthread_create(&run->workers[i].thread, NULL, work, &run->workers[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		i--;
		run->p->over = 1;
		run->ret = az_env("cannot start thread %u: %s", i, strerror(rc));
	}
	wait_for(run, &run->p->ready, i, false);
	start(run);
	step_aside(run);
	wait_for(run, &run->p->finished, i, !run->ret);
	run->elapsed_ns = az_clock_ns();
	while (i--) {
		pthread_join(run->workers[i].thread, NULL);
		if (run->teardown)
			run->teardown(&run->workers[i]);
		if (run->workers[i].ret)
			run->ret = run->workers[i].ret;
	}
	return run->ret;
}

static void set_warmup(struct load_run *run)
{
	const struct bench *bench = run->bench;

	run->p->warm_ns = bench->warmup_ns;
	/* An open loop has a time for so many events, and that is the same for all threads. */
	if (bench->warmup_count && run->load && run->load->rate > 0)
		run->p->warm_ns = (uint64_t)((double)bench->warmup_count / run->load->rate * 1e9);
	else
		run->p->warm_count = bench->warmup_count;
}

/* A known duration has slots of the right length from the beginning. */
static void set_interval(struct bench *bench)
{
	if (!bench->interval)
		bench->interval = DEFAULT_STEP;
	while (bench->duration / bench->interval >= TIMELINE_SLOTS)
		bench->interval *= 2;
}

static int prepare(struct load_run *run, bool whole)
{
	struct load_private *p = calloc(1, sizeof(*p));
	unsigned int i;

	if (!run->threads)
		run->threads = run->bench->threads ? run->bench->threads : 1;
	/* No thread without an event of --count: its share of 0 would be no limit. */
	if (run->bench->count && run->bench->count < run->threads)
		run->threads = (unsigned int)run->bench->count;
	run->p = p;
	run->workers = calloc(run->threads, sizeof(*run->workers));
	set_interval(run->bench);
	if (!p || !run->workers)
		return az_env("out of memory");
	p->checkpoints = whole;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->start, NULL);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		return az_env("eventfd: %s", strerror(errno));
	set_warmup(run);
	p->total = recorder_new(run->recorder, run->bench->interval, false);
	p->marks = calloc(LOAD_MARKS_MAX, sizeof(*p->marks));
	i = load_watch_begin(run);
	if (i)
		return (int)i;
	for (i = 0; i < run->threads; i++)
		if (!p->total || !p->marks || init_worker(run, i))
			return az_env("out of memory");
	return 0;
}

static void drop(struct load_run *run)
{
	struct load_private *p = run->p;

	for (unsigned int i = 0; run->workers && i < run->threads; i++)
		recorder_free(run->workers[i].rec);
	free(run->workers);
	run->workers = NULL;
	run->p = NULL;
	if (!p)
		return;
	if (p->wake > 0)
		close(p->wake);
	recorder_free(p->total);
	free(p->marks);
	free(p->drained);
	free(p);
}

static void find_elapsed(struct load_run *run)
{
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < run->threads; i++)
		if (run->workers[i].rec->from < first)
			first = run->workers[i].rec->from;
	run->elapsed_ns = run->elapsed_ns > first ? run->elapsed_ns - first : 0;
}

static int measure(struct load_run *run, bool whole, json_t **result)
{
	int ret = prepare(run, whole);

	*result = NULL;
	run->ret = 0;
	if (!ret)
		ret = launch(run);
	/* What never began has no result; what failed later keeps what there is. */
	if (run->p && run->p->began) {
		find_elapsed(run);
		load_watch_end(run);
		*result = load_result(run, false);
		if (run->say)
			run->say(run, run->p->total);
		ret = run->ret;
	} else if (!ret) {
		az_err("interrupted before the first event");
		ret = AZ_EXIT_FAILED;
	}
	drop(run);
	return ret;
}

int load_measure(struct load_run *run, json_t **result)
{
	return measure(run, false, result);
}

int load_run(struct load_run *run)
{
	json_t *result;
	int ret = measure(run, true, &result);

	return result ? bench_end(run->bench, result, ret) : ret;
}
