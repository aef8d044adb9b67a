// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device under a measurement, from sysfs (Documentation/ABI/stable/sysfs-block
 * of the kernel). A partition has no queue/ of its own: its disk has.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "benchmarks/io/target.h"

/* Name of the fact, file below the device. */
static const struct {
	const char *name, *file;
} text_facts[] = {
	{ "model", "device/model" },
	{ "vendor", "device/vendor" },
	{ "firmware", "device/rev" },
	{ "firmware", "device/firmware_rev" },
	{ "scheduler", "queue/scheduler" },
	{ "write_cache", "queue/write_cache" },
	{ "backing_file", "loop/backing_file" },
}, number_facts[] = {
	{ "sectors", "size" },
	{ "rotational", "queue/rotational" },
	{ "nr_requests", "queue/nr_requests" },
	{ "read_ahead_kb", "queue/read_ahead_kb" },
	{ "nomerges", "queue/nomerges" },
	{ "rq_affinity", "queue/rq_affinity" },
	{ "io_poll", "queue/io_poll" },
	{ "fua", "queue/fua" },
	{ "wbt_lat_usec", "queue/wbt_lat_usec" },
	{ "max_sectors_kb", "queue/max_sectors_kb" },
	{ "logical_block_size", "queue/logical_block_size" },
	{ "physical_block_size", "queue/physical_block_size" },
	{ "queue_depth", "device/queue_depth" },
	{ "loop_direct_io", "loop/dio" },
	{ "numa_node", "device/numa_node" },
};

static bool read_line(const char *dir, const char *file, char *line, size_t len)
{
	char path[PATH_MAX];
	FILE *f;
	bool good;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	good = fgets(line, (int)len, f);
	fclose(f);
	if (!good)
		return false;
	line[strcspn(line, "\n")] = 0;
	while (*line && line[strlen(line) - 1] == ' ')
		line[strlen(line) - 1] = 0;
	return *line;
}

/* Of "[none] mq-deadline kyber" the one in brackets. */
static const char *chosen(char *line)
{
	char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return line;
	*close = 0;
	return open + 1;
}

/* Directories above a device have the driver, and the NUMA node of its bus. */
static void add_driver(json_t *facts, const char *dir)
{
	char path[PATH_MAX], target[PATH_MAX], line[64], *slash;
	json_t *drivers = json_array();
	ssize_t got;

	snprintf(path, sizeof(path), "%s", dir);
	while ((slash = strrchr(path, '/')) && strncmp(path, "/sys/devices", 12) == 0) {
		size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "/driver");
		got = readlink(path, target, sizeof(target) - 1);
		path[len] = 0;
		if (got > 0) {
			target[got] = 0;
			json_array_append_new(drivers, json_string(strrchr(target, '/') ?
						strrchr(target, '/') + 1 : target));
		}
		if (!json_object_get(facts, "numa_node") &&
		    read_line(path, "numa_node", line, sizeof(line)))
			json_object_set_new(facts, "numa_node", json_integer(atoll(line)));
		*slash = 0;
	}
	if (json_array_size(drivers))
		json_object_set(facts, "drivers", drivers);
	json_decref(drivers);
}

static void add_device(json_t *facts, dev_t dev)
{
	char link[64], dir[PATH_MAX], line[256], part[NAME_MAX + 1] = "";
	size_t i;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (!realpath(link, dir))
		return;
	if (read_line(dir, "partition", line, sizeof(line))) {
		snprintf(part, sizeof(part), "%s", strrchr(dir, '/') + 1);
		*strrchr(dir, '/') = 0;
		json_object_set_new(facts, "partition", json_string(part));
	}
	json_object_set_new(facts, "name", json_string(strrchr(dir, '/') + 1));
	for (i = 0; i < sizeof(text_facts) / sizeof(text_facts[0]); i++)
		if (read_line(dir, text_facts[i].file, line, sizeof(line)))
			json_object_set_new(facts, text_facts[i].name, json_string(chosen(line)));
	for (i = 0; i < sizeof(number_facts) / sizeof(number_facts[0]); i++)
		if (read_line(dir, number_facts[i].file, line, sizeof(line)))
			json_object_set_new(facts, number_facts[i].name,
					    json_integer(atoll(line)));
	add_driver(facts, dir);
}

/* The file system of a file: /proc/self/mountinfo has "... - TYPE SOURCE OPTIONS". */
static void add_filesystem(json_t *facts, dev_t dev)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	unsigned int major, minor;
	char line[2048], type[64], source[256], *dash;

	while (file && fgets(line, sizeof(line), file)) {
		dash = strstr(line, " - ");
		if (sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 || !dash ||
		    makedev(major, minor) != dev ||
		    sscanf(dash, " - %63s %255s", type, source) != 2)
			continue;
		json_object_set_new(facts, "filesystem", json_string(type));
		json_object_set_new(facts, "source", json_string(source));
		break;
	}
	if (file)
		fclose(file);
}

json_t *io_facts(int fd)
{
	json_t *facts = json_object();
	struct stat st;

	if (!facts || fstat(fd, &st))
		return facts;
	json_object_set_new(facts, "type", json_string(S_ISBLK(st.st_mode) ? "device" : "file"));
	if (S_ISREG(st.st_mode))
		add_filesystem(facts, st.st_dev);
	/* Major 0 is that of file systems without one device: tmpfs, overlay, btrfs. */
	if (S_ISBLK(st.st_mode) || major(st.st_dev))
		add_device(facts, S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
	else
		json_object_set_new(facts, "name", json_string("none that can be told"));
	return facts;
}
