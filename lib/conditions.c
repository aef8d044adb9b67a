// SPDX-License-Identifier: GPL-2.0-only
#include "lib/conditions.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/clock.h"

#define UNKNOWN		UINT64_MAX
#define CGROUP_V2	"/sys/fs/cgroup"
#define CGROUP_V1	"/sys/fs/cgroup/cpu"

/* "cpu3 user nice system idle iowait irq softirq steal ...", proc(5), in ticks. */
void az_steal_each(void (*fn)(unsigned int cpu, uint64_t ns, void *ctx), void *ctx)
{
	uint64_t tick = AZ_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long ticks;
	unsigned int cpu;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%u %*u %*u %*u %*u %*u %*u %*u %llu", &cpu, &ticks) == 2)
			fn(cpu, ticks * tick, ctx);
	if (file)
		fclose(file);
}

struct steal {
	const cpu_set_t *cpus;
	uint64_t ns;		/* of all of them, UNKNOWN: none was there */
};

static void add_steal(unsigned int cpu, uint64_t ns, void *ctx)
{
	struct steal *steal = ctx;

	if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, steal->cpus))
		return;
	steal->ns = steal->ns == UNKNOWN ? ns : steal->ns + ns;
}

static uint64_t read_steal(const cpu_set_t *cpus)
{
	struct steal steal = { cpus, UNKNOWN };

	az_steal_each(add_steal, &steal);
	return steal.ns;
}

/* Keeps the worst of @path/cpu.stat and what is there; its parents have quotas, too. */
static void read_cpu_stat(struct az_conditions *c, const char *path)
{
	unsigned long long value, times = UNKNOWN, ns = UNKNOWN;
	char name[PATH_MAX], key[64];
	FILE *file;

	if (snprintf(name, sizeof(name), "%s/cpu.stat", path) >= (int)sizeof(name))
		return;
	file = fopen(name, "re");
	while (file && fscanf(file, "%63s %llu", key, &value) == 2) {
		if (!strcmp(key, "nr_throttled"))
			times = value;
		else if (!strcmp(key, "throttled_usec"))
			ns = value * 1000;
		else if (!strcmp(key, "throttled_time"))
			ns = value;
	}
	if (file)
		fclose(file);
	if (times == UNKNOWN || ns == UNKNOWN)
		return;
	if (c->throttled_ns == UNKNOWN || ns > c->throttled_ns) {
		c->throttled = times;
		c->throttled_ns = ns;
	}
}

static void read_group(struct az_conditions *c, const char *root, const char *group)
{
	char path[PATH_MAX];
	size_t least = strlen(root);

	if (snprintf(path, sizeof(path), "%s%s", root, group) >= (int)sizeof(path))
		return;
	while (strlen(path) >= least) {
		read_cpu_stat(c, path);
		if (!strrchr(path, '/'))
			break;
		*strrchr(path, '/') = '\0';
	}
}

/* Lines of /proc/self/cgroup: "0::/a/b" (v2), "4:cpu,cpuacct:/a/b" (v1). */
static void read_throttling(struct az_conditions *c)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX], *list, *group;

	c->throttled = c->throttled_ns = UNKNOWN;
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		list = strchr(line, ':');
		group = list ? strchr(++list, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		if (!strcmp(group, "/"))
			group++;
		if (!*list)
			read_group(c, CGROUP_V2, group);
		else if (!strncmp(list, "cpu,", 4) || !strcmp(list, "cpu") ||
			 strstr(list, ",cpu,"))
			read_group(c, CGROUP_V1, group);
	}
	if (file)
		fclose(file);
}

static void read_frequency(struct az_conditions *c, const cpu_set_t *cpus)
{
	unsigned long long khz;
	char path[96];
	FILE *file;
	int cpu;

	c->khz_min = c->khz_max = UNKNOWN;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, cpus))
			continue;
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
		file = fopen(path, "re");
		/* Where one CPU has none, none has. */
		if (!file)
			return;
		if (fscanf(file, "%llu", &khz) == 1) {
			if (c->khz_min == UNKNOWN || khz < c->khz_min)
				c->khz_min = khz;
			if (c->khz_max == UNKNOWN || khz > c->khz_max)
				c->khz_max = khz;
		}
		fclose(file);
	}
}

void az_conditions_read(struct az_conditions *c, const cpu_set_t *cpus)
{
	struct rusage usage;
	cpu_set_t mine;

	if (!cpus) {
		CPU_ZERO(&mine);
		/* More CPUs than a cpu_set_t has: then of all that it can name. */
		if (sched_getaffinity(0, sizeof(mine), &mine))
			memset(&mine, 0xff, sizeof(mine));
		cpus = &mine;
	}
	c->now = az_clock_ns();
	c->cpus = (uint64_t)CPU_COUNT(cpus);
	c->steal_ns = read_steal(cpus);
	read_throttling(c);
	read_frequency(c, cpus);
	getrusage(RUSAGE_SELF, &usage);
	c->voluntary = (uint64_t)usage.ru_nvcsw;
	c->involuntary = (uint64_t)usage.ru_nivcsw;
	c->major_faults = (uint64_t)usage.ru_majflt;
}

/* How much a counter grew; a CPU that went away or another cgroup would make it negative. */
static uint64_t grown(uint64_t begin, uint64_t end)
{
	if (begin == UNKNOWN || end == UNKNOWN)
		return UNKNOWN;
	return end > begin ? end - begin : 0;
}

static void set(json_t *json, const char *key, uint64_t value)
{
	json_object_set_new(json, key, value == UNKNOWN ? json_null() :
			    json_integer((json_int_t)value));
}

json_t *az_conditions_json(const struct az_conditions *b, const struct az_conditions *e)
{
	json_t *json = json_object();
	uint64_t low = b->khz_min < e->khz_min ? b->khz_min : e->khz_min;

	set(json, "wall_ns", grown(b->now, e->now));
	set(json, "steal_ns", grown(b->steal_ns, e->steal_ns));
	set(json, "throttled", grown(b->throttled, e->throttled));
	set(json, "throttled_ns", grown(b->throttled_ns, e->throttled_ns));
	set(json, "switches_voluntary", grown(b->voluntary, e->voluntary));
	set(json, "switches_involuntary", grown(b->involuntary, e->involuntary));
	set(json, "major_faults", grown(b->major_faults, e->major_faults));
	if (b->khz_max == UNKNOWN || e->khz_max == UNKNOWN)
		set(json, "khz", UNKNOWN);
	else
		json_object_set_new(json, "khz", json_pack("[I, I]", (json_int_t)low, (json_int_t)
				    (b->khz_max > e->khz_max ? b->khz_max : e->khz_max)));
	return json;
}

bool az_conditions_bad(const struct az_conditions *b, const struct az_conditions *e,
		       char *text, unsigned int len)
{
	uint64_t all = grown(b->now, e->now) * b->cpus, steal = grown(b->steal_ns, e->steal_ns);
	uint64_t times = grown(b->throttled, e->throttled);
	uint64_t held = grown(b->throttled_ns, e->throttled_ns);

	if (times != UNKNOWN && (times || held)) {
		snprintf(text, len,
			 "the CPU quota of the cgroup held this run %llu times, for %llu ms",
			 (unsigned long long)times, (unsigned long long)(held / 1000000));
		return true;
	}
	if (steal == UNKNOWN || !all || !steal || steal < all / 1000)
		return false;
	snprintf(text, len,
		 "the host gave %llu ms of this run's CPU time to others (%.1f%% of %.1f s)",
		 (unsigned long long)(steal / 1000000), 100.0 * (double)steal / (double)all,
		 (double)all / AZ_NSEC_PER_SEC);
	return true;
}
