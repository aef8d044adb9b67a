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

int bench_parse_cpus(const char *option, const char *list, cpu_set_t *set)
{
	const char *text = list;
	bool more;

	CPU_ZERO(set);
	do {
		if (take_cpu_range(&text, set))
			break;
		more = *text == ',';
		text += more;
	} while (more);
	if (*text || text == list || text[-1] == ',')
		return az_usage("%s: '%s' is not a list of CPUs such as 0,2-3", option, list);
	return 0;
}

static int pin(const char *list)
{
	cpu_set_t set;
	int ret = bench_parse_cpus("--cpus", list, &set);

	if (!ret && sched_setaffinity(0, sizeof(set), &set))
		ret = az_usage("--cpus: cannot run on %s: %s", list, strerror(errno));
	return ret;
}

int bench_parse_warmup(void *ctx, const char *text)
{
	struct bench *bench = ctx;

	bench->warmup_count = bench->warmup_ns = 0;
	if (!az_parse_number(text, AZ_OPT_U64, &bench->warmup_count) ||
	    !az_parse_number(text, AZ_OPT_TIME, &bench->warmup_ns))
		return 0;
	az_err("--warmup: '%s' is neither a time (500ms, 2s) nor a number of events", text);
	return -EINVAL;
}

int bench_begin(struct bench *bench, const char *what)
{
	int ret;

	if (sched_getaffinity(0, sizeof(bench->allowed), &bench->allowed))
		CPU_ZERO(&bench->allowed);
	ret = bench->cpus ? pin(bench->cpus) : 0;
	if (ret)
		return ret;
	catch_signals();
	bench->what = what;
	if (sched_getaffinity(0, sizeof(bench->used), &bench->used))
		CPU_ZERO(&bench->used);
	az_conditions_read(&bench->begin, &bench->used);
	bench->start = az_clock_ns();
	return 0;
}

void bench_progress(struct bench *bench, const char *fmt, ...)
{
	static int tty = -1;
	va_list ap;

	if (tty < 0)
		tty = isatty(STDERR_FILENO);
	if (!tty)
		return;
	bench->shown = az_clock_ns();
	fprintf(stderr, "\r%s: ", bench->what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\033[K");
}

static void show_progress(struct bench *bench, uint64_t done, uint64_t now)
{
	if (now - (bench->shown ? bench->shown : bench->start) < PROGRESS_NS)
		return;
	if (bench->count)
		bench_progress(bench, "%llu of %llu", (unsigned long long)done,
			       (unsigned long long)bench->count);
	else
		bench_progress(bench, "%llu", (unsigned long long)done);
}

bool bench_goes_on(struct bench *bench, uint64_t done, uint64_t now)
{
	show_progress(bench, done, now);
	if (stop || (bench->count && done >= bench->count))
		return false;
	return !bench->duration || now - bench->start < bench->duration;
}

FILE *bench_output(const struct bench *bench)
{
	return bench->sink.json && !strcmp(bench->sink.json, "-") ? stderr : stdout;
}

void bench_say(const struct bench *bench, const char *fmt, ...)
{
	FILE *file = bench_output(bench);
	va_list ap;

	if (bench->shown)
		fprintf(stderr, "\r\033[K");
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fputc('\n', file);
	fflush(file);
}

/* A workload that never called bench_begin() has no conditions. */
static void add_conditions(const struct bench *bench, json_t *result)
{
	struct az_conditions end;
	char text[128];

	if (!bench->begin.now)
		return;
	/* Of the same CPUs, wherever this thread runs by now. */
	az_conditions_read(&end, &bench->used);
	json_object_set_new(result, "conditions", az_conditions_json(&bench->begin, &end));
	if (az_conditions_bad(&bench->begin, &end, text, sizeof(text)))
		az_warn("%s", text);
}

int bench_end(struct bench *bench, json_t *result, int ret)
{
	int put;

	if (bench->shown)
		fprintf(stderr, "\r\033[K");
	bench->shown = 0;
	add_conditions(bench, result);
	if (stop)
		az_result_interrupted(result);
	if (!json_object_get(result, "end"))
		az_result_end(result, stop ? "interrupted" : ret == AZ_EXIT_OK ? "done" : "error",
			      NULL);
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
	{ "net", "requests over UDP, TCP or raw frames, and their server", bench_net },
	{ "io", "random reads and writes, and write-read-verify, of a disk", bench_io },
	{ "suite", "a declared set of these, arms in a stated order", bench_suite },
	{ "timer", "wake-up latency of timers and futexes, per CPU", bench_timer },
	{ "exit", "what the host costs: CPUID, clocks, gaps without the CPU", bench_exit },
	{ "pci", "accesses to the config space and registers of PCI functions", bench_pci },
	{ NULL, NULL, NULL }
};

int az_cmd_bench(int argc, char **argv)
{
	return az_dispatch("azimuth bench", "Measures latency, and where it comes from.", workloads,
			   argc, argv);
}
