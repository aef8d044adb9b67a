// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/bench.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/clock.h"
#include "lib/log.h"

#define PROGRESS_NS	(AZ_NSEC_PER_SEC / 2)

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

bool bench_stopped(void)
{
	return stop;
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	/* No SA_RESTART: a wait for a packet has to end, too. */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* One item of a CPU list, "3" or "2-5"; *@text moves behind it. */
static int take_cpu_range(const char **text, cpu_set_t *set)
{
	unsigned long first, last;
	char *end;

	first = last = strtoul(*text, &end, 10);
	if (end == *text || **text == '-' || **text == '+')
		return -EINVAL;
	if (*end == '-') {
		*text = end + 1;
		last = strtoul(*text, &end, 10);
		if (end == *text)
			return -EINVAL;
	}
	if (first > last || last >= CPU_SETSIZE)
		return -EINVAL;
	for (; first <= last; first++)
		CPU_SET(first, set);
	*text = end;
	return 0;
}

static int pin(const char *list)
{
	const char *text = list;
	cpu_set_t set;
	bool more;

	CPU_ZERO(&set);
	do {
		if (take_cpu_range(&text, &set))
			return az_usage("--cpus: '%s' is not a list of CPUs such as 0,2-3", list);
		more = *text == ',';
		text += more;
	} while (more);
	if (*text)
		return az_usage("--cpus: '%s' is not a list of CPUs such as 0,2-3", list);
	if (sched_setaffinity(0, sizeof(set), &set))
		return az_usage("--cpus: cannot run on %s: %s", list, strerror(errno));
	return 0;
}

int bench_begin(struct bench *bench, const char *what)
{
	int ret = bench->cpus ? pin(bench->cpus) : 0;

	if (ret)
		return ret;
	catch_signals();
	bench->what = what;
	bench->start = az_clock_ns();
	return 0;
}

static void show_progress(struct bench *bench, uint64_t done, uint64_t now)
{
	static int tty = -1;

	if (tty < 0)
		tty = isatty(STDERR_FILENO);
	if (!tty || now - (bench->shown ? bench->shown : bench->start) < PROGRESS_NS)
		return;
	bench->shown = now;
	if (bench->count)
		fprintf(stderr, "\r%s: %llu of %llu\033[K", bench->what,
			(unsigned long long)done, (unsigned long long)bench->count);
	else
		fprintf(stderr, "\r%s: %llu\033[K", bench->what, (unsigned long long)done);
}

bool bench_goes_on(struct bench *bench, uint64_t done, uint64_t now)
{
	show_progress(bench, done, now);
	if (stop || (bench->count && done >= bench->count))
		return false;
	return !bench->duration || now - bench->start < bench->duration;
}

void bench_say(const struct bench *bench, const char *fmt, ...)
{
	bool to_stderr = bench->sink.json && !strcmp(bench->sink.json, "-");
	FILE *file = to_stderr ? stderr : stdout;
	va_list ap;

	if (bench->shown)
		fprintf(stderr, "\r\033[K");
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fputc('\n', file);
	fflush(file);
}

int bench_end(struct bench *bench, json_t *result, int ret)
{
	int put;

	if (stop)
		az_result_interrupted(result);
	put = az_result_put(result, &bench->sink);
	json_decref(result);
	return put ? put : ret;
}

const char *bench_time(char *buf, double ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;

	while (ns >= 999.5 && unit < 3) {
		ns /= 1000;
		unit++;
	}
	snprintf(buf, 16, "%.*f %s", !unit || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2, ns,
		 units[unit]);
	return buf;
}

static const struct az_command workloads[] = {
	{ "net", "UDP round trips and bursts, TCP transfer, echo server", bench_net },
	{ "io", "random reads and writes, and write-read-verify, of a disk", bench_io },
	{ NULL, NULL, NULL }
};

int az_cmd_bench(int argc, char **argv)
{
	return az_dispatch("azimuth bench", "Closed-loop measurements.", workloads, argc, argv);
}
