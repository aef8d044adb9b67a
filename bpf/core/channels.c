// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/core/channels.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <unistd.h>

#define DEVICES	"/sys/bus/vmbus/devices"

static json_t *recalled;

static unsigned int read_number(const char *dir, const char *name)
{
	char path[PATH_MAX];
	unsigned int value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%u", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* The first entry of @dir that begins with @prefix, into @name. */
static bool first_entry(const char *dir, const char *prefix, char *name, size_t len)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		snprintf(name, len, "%.*s", (int)len - 1, entry->d_name);
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}

static void name_device(const char *dir, char *name, size_t len)
{
	char path[PATH_MAX], link[PATH_MAX];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/net", dir);
	if (first_entry(path, "", name, len) || first_entry(dir, "host", name, len))
		return;
	snprintf(path, sizeof(path), "%s/driver", dir);
	n = readlink(path, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = 0;
		last = strrchr(link, '/');
		snprintf(name, len, "%.*s", (int)len - 1, last ? last + 1 : link);
	} else {
		snprintf(name, len, "-");
	}
}

static int add_channel(struct trace_channels *list, unsigned int relid, unsigned int index,
		       unsigned int cpu, const char *device)
{
	struct trace_channel *more;

	more = realloc(list->channel, (list->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->channel = more;
	more += list->count++;
	more->relid = relid;
	more->index = index;
	more->cpu = cpu;
	snprintf(more->device, sizeof(more->device), "%s", device);
	return 0;
}

static int read_device(struct trace_channels *list, const char *dir)
{
	char channels[PATH_MAX - 300], path[PATH_MAX], name[40];
	struct dirent *entry;
	unsigned long relid;
	char *end;
	DIR *d;
	int rc = 0;

	snprintf(channels, sizeof(channels), "%s/channels", dir);
	d = opendir(channels);
	if (!d)
		return 0;
	name_device(dir, name, sizeof(name));
	while (!rc && (entry = readdir(d))) {
		relid = strtoul(entry->d_name, &end, 10);
		if (end == entry->d_name || *end || relid > UINT_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%s", channels, entry->d_name);
		rc = add_channel(list, (unsigned int)relid, read_number(path, "subchannel_id"),
				 read_number(path, "cpu"), name);
	}
	closedir(d);
	return rc;
}

static int by_relid(const void *a, const void *b)
{
	unsigned int x = ((const struct trace_channel *)a)->relid;
	unsigned int y = ((const struct trace_channel *)b)->relid;

	return x < y ? -1 : x > y;
}

static int read_sysfs(struct trace_channels *list)
{
	char path[PATH_MAX - 400];
	struct dirent *entry;
	DIR *d = opendir(DEVICES);
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), DEVICES "/%s", entry->d_name);
		rc = read_device(list, path);
	}
	closedir(d);
	return rc;
}

static int read_recalled(struct trace_channels *list)
{
	int relid, index, cpu, rc = 0;
	const char *device;
	size_t i;

	for (i = 0; !rc && i < json_array_size(recalled); i++)
		if (!json_unpack(json_array_get(recalled, i), "[i, i, i, s!]", &relid, &index,
				 &cpu, &device))
			rc = add_channel(list, (unsigned int)relid, (unsigned int)index,
					 (unsigned int)cpu, device);
	return rc;
}

int trace_channels_read(struct trace_channels *list)
{
	int rc;

	memset(list, 0, sizeof(*list));
	rc = recalled ? read_recalled(list) : read_sysfs(list);
	if (rc)
		trace_channels_free(list);
	else if (list->count)
		qsort(list->channel, list->count, sizeof(*list->channel), by_relid);
	return rc;
}

json_t *trace_channels_remember(void)
{
	struct trace_channels list;
	const struct trace_channel *c;
	json_t *json;
	size_t i;

	if (trace_channels_read(&list))
		return NULL;
	json = json_array();
	for (i = 0; i < list.count; i++) {
		c = &list.channel[i];
		json_array_append_new(json, json_pack("[i, i, i, s]", (int)c->relid, (int)c->index,
						      (int)c->cpu, c->device));
	}
	trace_channels_free(&list);
	return json;
}

void trace_channels_recall(const json_t *list)
{
	json_decref(recalled);
	recalled = json_deep_copy(list);
}

void trace_channels_free(struct trace_channels *list)
{
	free(list->channel);
	memset(list, 0, sizeof(*list));
}

const struct trace_channel *trace_channels_find(const struct trace_channels *list,
						unsigned int relid)
{
	const struct trace_channel key = { .relid = relid };

	if (!list->count)
		return NULL;
	return bsearch(&key, list->channel, list->count, sizeof(key), by_relid);
}
