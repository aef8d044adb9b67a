// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth exitlat": has hv_exitlat measure, and shows what it found. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "cli/cli.h"
#include "cli/exitlat_file.h"
#include "lib/clock.h"
#include "lib/log.h"

#define DEBUGFS_DIR	"/sys/kernel/debug/hv_exitlat"
#define NAMES_MAX	64
#define DEFAULT_DELAY	50000

struct exitlat {
	struct bench bench;
	const char *dir, *target;
	unsigned int cpu;
	uint64_t samples, delay;
	bool show;			/* what was measured before */
	unsigned int done, failed;
	char name[NAMES_MAX][EXITLAT_NAME_LEN];
	bool asked[NAMES_MAX];		/* for just this one, by its whole name */
	unsigned int names;
};

static const char epilog[] =
	"NAME is one of the names in " DEBUGFS_DIR "/run, or the first part of\n"
	"one, such as ipi-apic for -sibling, -core and -remote. Without a name, all are\n"
	"measured that this VM has. Times are of round trips, in ns, less the overhead.\n"
	"Exit codes: 0 good, 1 a measurement failed, 2 usage, 3 no module hv_exitlat.";

/* Writes @text to a file of the module. Returns 0 or negative errno. */
static int put_text(const struct exitlat *e, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", e->dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int set(const struct exitlat *e, const char *option, const char *file, const char *value)
{
	int rc = put_text(e, file, value);

	if (rc == -ENODEV)
		return az_usage("%s: CPU %s is not online", option, value);
	return rc ? az_env("%s: %s/%s: %s", option, e->dir, file, strerror(-rc)) : 0;
}

static int set_number(const struct exitlat *e, const char *option, const char *file,
		      uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return set(e, option, file, text);
}

static int settings(const struct exitlat *e)
{
	int ret = set_number(e, "--cpu", "cpu", e->cpu);

	if (!ret)
		ret = set(e, "--target", "target", e->target);
	if (!ret)
		ret = set_number(e, "--count", "count", e->samples);
	return ret ? ret : set_number(e, "--delay", "delay_us", e->delay / 1000);
}

/*
 * Does the slot @slot belong to one of the names asked for? Marks those that were found, and
 * whether it was named in full.
 */
static bool wanted(const char *slot, char **name, int names, bool *found, bool *asked)
{
	bool hit = !names;

	*asked = false;
	for (int i = 0; i < names; i++) {
		size_t len = strlen(name[i]);

		if (!strncmp(slot, name[i], len) && (!slot[len] || slot[len] == '-')) {
			found[i] = true;
			hit = true;
			*asked |= !slot[len];
		}
	}
	return hit;
}

/* The module's own list says which names there are, and in which order. */
static int choose(struct exitlat *e, char **name, int names)
{
	bool found[NAMES_MAX] = { false };
	char path[PATH_MAX], line[256];
	FILE *file;

	if (names > NAMES_MAX)
		return az_usage("more than %d names", NAMES_MAX);
	snprintf(path, sizeof(path), "%s/run", e->dir);
	file = fopen(path, "re");
	if (!file)
		return az_env("%s: %s; load the module hv_exitlat, as root", path, strerror(errno));
	while (fgets(line, sizeof(line), file) && e->names < NAMES_MAX) {
		line[strcspn(line, " \n")] = '\0';
		if (!*line || strlen(line) >= EXITLAT_NAME_LEN ||
		    !wanted(line, name, names, found, &e->asked[e->names]))
			continue;
		strcpy(e->name[e->names++], line);
	}
	fclose(file);
	for (int i = 0; i < names; i++)
		if (!found[i])
			return az_usage("no measurement '%s'; the names are in %s", name[i], path);
	return e->names ? 0 : az_env("%s has no names", path);
}

/* What the module noted about @name: between the name and the ';'. */
static void reason(const struct exitlat *e, const char *name, char *text, size_t len)
{
	char path[PATH_MAX], line[256];
	size_t n = strlen(name), skip;
	FILE *file;

	snprintf(text, len, "no reason given");
	snprintf(path, sizeof(path), "%s/run", e->dir);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, n) || line[n] != ' ')
			continue;
		line[strcspn(line, ";\n")] = '\0';
		skip = strspn(line + n, " ");
		snprintf(text, len, "%s", line + n + skip);
		break;
	}
	if (file)
		fclose(file);
}

/* A measurement that the VM does not have is no failure, unless it was asked for by its name. */
static void run_one(struct exitlat *e, const char *name, bool asked)
{
	char why[128];
	int rc = put_text(e, "run", name);

	if (!rc || rc == -EINTR)
		return;
	reason(e, name, why, sizeof(why));
	if (asked || (rc != -ENXIO && rc != -EOPNOTSUPP)) {
		az_err("%s: %s (%s)", name, why, strerror(-rc));
		e->failed++;
	} else {
		az_info("%s: %s", name, why);
	}
}

static void show_head(const struct exitlat *e, const struct exitlat_record *r)
{
	bench_say(&e->bench, "CPU %u, TSC %llu kHz, overhead %llu ns (least, subtracted), %llu ns"
		  " (median)", r->cpu, (unsigned long long)r->tsc_khz,
		  (unsigned long long)r->overhead_min, (unsigned long long)r->overhead_p50);
	bench_say(&e->bench, "%-23s %8s %7s %7s %8s %8s %8s %s", "times in ns", "count", "min",
		  "p50", "p99", "p99.9", "max", "lost");
}

static void show_row(const struct exitlat *e, const struct exitlat_record *r,
		     const struct az_hist *h)
{
	char name[EXITLAT_NAME_LEN + 16];

	snprintf(name, sizeof(name), r->target == EXITLAT_NO_CPU ? "%s" : "%s %u", r->name,
		 r->target);
	bench_say(&e->bench, "%-23s %8llu %7llu %7llu %8llu %8llu %8llu %llu", name,
		  (unsigned long long)h->count, (unsigned long long)h->min,
		  (unsigned long long)az_hist_percentile(h, 500000),
		  (unsigned long long)az_hist_percentile(h, 990000),
		  (unsigned long long)az_hist_percentile(h, 999000),
		  (unsigned long long)h->max, (unsigned long long)r->lost);
}

static void add_result(json_t *result, const struct exitlat_record *r, const struct az_hist *h)
{
	char key[EXITLAT_NAME_LEN + 16];

	az_result_hist(result, r->name, h);
	snprintf(key, sizeof(key), "%s_lost", r->name);
	az_result_count(result, key, r->lost);
	snprintf(key, sizeof(key), "%s_executed", r->name);
	az_result_count(result, key, r->executed);
	if (r->target != EXITLAT_NO_CPU) {
		snprintf(key, sizeof(key), "%s_target", r->name);
		az_result_config_int(result, key, r->target);
	}
}

/* The overhead stands in the head of every record, so it has no row. */
static void collect(struct exitlat *e, json_t *result, const char *name)
{
	static struct exitlat_record record;
	static struct az_hist hist;
	const char *why = "";
	int rc = exitlat_read(e->dir, name, &record, &hist, &why);

	if (rc == -ENODATA)
		return;
	if (rc) {
		az_err("%s/hist/%s: %s", e->dir, name, rc == -EINVAL ? why : strerror(-rc));
		e->failed++;
		return;
	}
	add_result(result, &record, &hist);
	if (!strcmp(name, "overhead") || !hist.count)
		return;
	if (!e->done++) {
		az_result_config_int(result, "cpu", record.cpu);
		az_result_config_int(result, "delay_us", record.delay_us);
		az_result_count(result, "overhead_ns", record.overhead_min);
		show_head(e, &record);
	}
	show_row(e, &record, &hist);
}

static int work(struct exitlat *e)
{
	json_t *result = az_result_new("exitlat");
	unsigned int i;

	az_result_config_int(result, "count", e->samples);
	e->bench.count = e->names;
	for (i = 0; i < e->names; i++) {
		if (!e->show && !bench_goes_on(&e->bench, i, az_clock_ns()))
			break;
		if (!e->show)
			run_one(e, e->name[i], e->asked[i]);
		collect(e, result, e->name[i]);
	}
	if (!e->done && !e->failed) {
		az_err("nothing was measured");
		e->failed++;
	}
	return bench_end(&e->bench, result, e->failed ? AZ_EXIT_FAILED : AZ_EXIT_OK);
}

int az_cmd_exitlat(int argc, char **argv)
{
	static struct exitlat e = {
		.dir = DEBUGFS_DIR, .target = "auto", .samples = 10000, .delay = DEFAULT_DELAY,
	};
	const struct az_opt table[] = {
		AZ_OPT(U64, "count", 'n', "N", "samples of each measurement", &e.samples,
		       .min = 1, .max = 10000000),
		AZ_OPT(U32, "cpu", 0, "N", "measure on this CPU", &e.cpu),
		AZ_OPT(STRING, "target", 0, "CPU",
		       "interrupt this CPU; auto is one of each distance", &e.target),
		AZ_OPT(TIME, "delay", 0, "TIME", "of timers, and of idleness before a wake-up",
		       &e.delay, .min = 10000, .max = 10000000),
		AZ_OPT(FLAG, "show", 0, NULL, "measure nothing, show the last results", &e.show),
		AZ_OPT(STRING, "dir", 0, "DIR", "the module's directory", &e.dir),
		AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output",
		       &e.bench.sink.json),
		AZ_OPT(STRING, "json-line", 0, "NAME",
		       "print the result as one line '@json NAME {...}'", &e.bench.sink.line),
		AZ_OPT(FLAG, "imds", 0, NULL, "ask the metadata service for the VM size",
		       &e.bench.sink.imds),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "[NAME]...", "What a trip to the host costs on this Hyper-V guest.",
		epilog, table
	};
	uint64_t target;
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (strcmp(e.target, "auto") && az_parse_number(e.target, AZ_OPT_U32, &target))
		return az_usage("--target: '%s' is neither auto nor the number of a CPU", e.target);
	ret = choose(&e, argv + first, argc - first);
	if (!ret && !e.show)
		ret = settings(&e);
	if (!ret)
		ret = bench_begin(&e.bench, "exitlat");
	return ret ? ret : work(&e);
}
