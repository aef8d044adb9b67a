// SPDX-License-Identifier: GPL-2.0-only
#include "lib/env.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/hypervisor.h"
#include "lib/version.h"

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities"

static char command[1024];

void az_env_set_command(int argc, char **argv)
{
	size_t used = 0;
	int i;

	for (i = 0; i < argc && used < sizeof(command); i++)
		used += (size_t)snprintf(command + used, sizeof(command) - used, "%s%s",
					 i ? " " : "", argv[i]);
}

/* First line of @path without its newline, or @otherwise. */
static const char *first_line(const char *path, char *buf, int len, const char *otherwise)
{
	FILE *file = fopen(path, "re");
	const char *line = otherwise;

	if (!file)
		return otherwise;
	if (fgets(buf, len, file)) {
		buf[strcspn(buf, "\n")] = '\0';
		line = buf;
	}
	fclose(file);
	return line;
}

static void set_string(json_t *env, const char *key, const char *value)
{
	json_t *string = json_string(value);

	/* json_string() refuses what is not UTF-8. */
	json_object_set_new(env, key, string ? string : json_string("unknown"));
}

static void set_from_file(json_t *env, const char *key, const char *path, const char *otherwise)
{
	char buf[2048];

	set_string(env, key, first_line(path, buf, sizeof(buf), otherwise));
}

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

json_t *az_env_brief(void)
{
	json_t *env = json_object();
	struct utsname uts;

	if (!env)
		return NULL;
	if (uname(&uts))
		memset(&uts, 0, sizeof(uts));
	set_string(env, "kernel", uts.release);
	set_string(env, "lab_mode", variable("AZIMUTH_LAB_MODE", "none"));
	set_string(env, "queue", variable("AZIMUTH_QUEUE", "unknown"));
	set_from_file(env, "netvsc_srcversion", "/sys/module/hv_netvsc/srcversion", "none");
	return env;
}

static void set_cpu_model(json_t *env)
{
	char line[256], *colon;
	FILE *file = fopen("/proc/cpuinfo", "re");
	const char *model = "unknown";

	while (file && fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		/* arm64 has no model name there, only the implementer and part. */
		if (colon && !strncmp(line, "model name", 10)) {
			line[strcspn(line, "\n")] = '\0';
			model = colon + 1 + strspn(colon + 1, " ");
			break;
		}
	}
	set_string(env, "cpu_model", model);
	if (file)
		fclose(file);
}

static json_t *mitigations(void)
{
	char path[512];
	json_t *all = json_object();
	struct dirent *entry;
	DIR *dir;

	dir = opendir(VULNERABILITIES);
	while (all && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), VULNERABILITIES "/%s", entry->d_name);
		set_from_file(all, entry->d_name, path, "unknown");
	}
	if (dir)
		closedir(dir);
	return all;
}

static void set_hypervisor(json_t *env)
{
#ifdef __x86_64__
	char name[13];

	set_string(env, "hypervisor", az_hypervisor(name, NULL) ? name : "none");
#else
	set_from_file(env, "hypervisor", "/sys/hypervisor/type", "unknown");
#endif
}

json_t *az_env_full(bool imds)
{
	json_t *env = az_env_brief();
	struct utsname uts;
	char text[128];
	struct timespec now;
	struct tm tm;

	if (!env)
		return NULL;
	if (uname(&uts))
		memset(&uts, 0, sizeof(uts));
	set_string(env, "machine", uts.machine);
	set_cpu_model(env);
	json_object_set_new(env, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(env, "mitigations", mitigations());
	set_from_file(env, "clocksource",
		      "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      "unknown");
	set_hypervisor(env);
	set_from_file(env, "cmdline", "/proc/cmdline", "unknown");
	if (!imds || az_imds_sku(text, sizeof(text)))
		snprintf(text, sizeof(text), "none");
	set_string(env, "sku", text);
	set_string(env, "tool_version", AZ_VERSION);
	set_string(env, "command", command);
	clock_gettime(CLOCK_REALTIME, &now);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now.tv_sec, &tm));
	set_string(env, "date", text);
	json_object_set_new(env, "time_ns",
			    json_integer((json_int_t)now.tv_sec * 1000000000 + now.tv_nsec));
	return env;
}
