// SPDX-License-Identifier: GPL-2.0-only
/* Has hv_exitlat measure, through its directory in debugfs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/exit/exitlat_file.h"
#include "benchmarks/exit/module.h"
#include "lib/clock.h"
#include "lib/log.h"

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
	bool found[EXITLAT_NAMES] = { false };
	char path[PATH_MAX], line[256];
	FILE *file;

	if (names > EXITLAT_NAMES)
		return az_usage("more than %d names", EXITLAT_NAMES);
	snprintf(path, sizeof(path), "%s/run", e->dir);
	file = fopen(path, "re");
	if (!file)
		return az_env("%s: %s; load the module hv_exitlat, as root", path, strerror(errno));
	while (fgets(line, sizeof(line), file) && e->names < EXITLAT_NAMES) {
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

int exitlat_run(struct exitlat *e, char **name, int names)
{
	int ret = choose(e, name, names);

	if (!ret && !e->show)
		ret = settings(e);
	if (!ret)
		ret = bench_begin(&e->bench, "exitlat");
	return ret ? ret : work(e);
}
