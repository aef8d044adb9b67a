// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "session.h"

static uint64_t run_ns(const struct session *s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec - s->machine.start_ns;
}

void session_mark(void *ctx, const char *name)
{
	struct session *s = ctx;
	uint64_t ns = run_ns(s);
	char short_name[SESSION_MARK_NAME_MAX];
	json_t *mark, *text;

	snprintf(short_name, sizeof(short_name), "%s", name);
	text = json_string(short_name);
	if (!text) {
		az_warn("a mark's name is not UTF-8, ignored");
		return;
	}
	mark = json_object();
	json_object_set_new(mark, "name", text);
	json_object_set_new(mark, "ns", json_integer((json_int_t)ns));
	json_object_set_new(mark, "channels", vmbus_counters(s->bus));
	json_object_set_new(mark, "pci", vpci_counters(s->vpci));
	json_object_set_new(mark, "vm", machine_counters_vm(&s->machine));
	json_object_set_new(mark, "synic_pages", machine_synic_pages(&s->machine));
	pthread_mutex_lock(&s->marks_lock);
	if (json_array_size(s->marks) < SESSION_MAX_MARKS)
		json_array_append(s->marks, mark);
	else
		az_warn("mark %s: only %d marks are kept", short_name, SESSION_MAX_MARKS);
	pthread_mutex_unlock(&s->marks_lock);
	json_decref(mark);
}

/* A field of /proc/self/status in KiB, 0 when it is not there. */
static json_int_t status_kib(const char *field)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(field);
	json_int_t value = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, field, len) && line[len] == ':')
			value = strtoll(line + len + 1, NULL, 10);
	}
	fclose(f);
	return value;
}

/* Bytes of the guest's memory that were ever touched. */
static json_int_t guest_resident(const struct guest_memory *mem)
{
	unsigned char pages[4096];
	json_int_t resident = 0;

	for (uint64_t at = 0; at < mem->size; at += sizeof(pages) * GUEST_PAGE_SIZE) {
		uint64_t len = mem->size - at;

		if (len > sizeof(pages) * GUEST_PAGE_SIZE)
			len = sizeof(pages) * GUEST_PAGE_SIZE;
		if (mincore(mem->base + at, len, pages))
			return 0;
		for (uint64_t i = 0; i < len / GUEST_PAGE_SIZE; i++)
			resident += pages[i] & 1;
	}
	return resident * GUEST_PAGE_SIZE;
}

/* Resident memory beside the guest's own: what this program costs. */
static json_t *memory_json(const struct session *s)
{
	json_int_t guest = guest_resident(&s->machine.mem) >> 10;
	json_int_t rss = status_kib("VmRSS");

	return json_pack("{s:I, s:I, s:I, s:I}", "guest_kib",
			 (json_int_t)(s->machine.mem.size >> 10), "guest_resident_kib", guest,
			 "rss_kib", rss, "overhead_kib", rss - guest);
}

json_t *session_counters(struct session *s, bool at_end)
{
	json_t *root = json_object(), *vm = machine_counters_vm(&s->machine);

	json_object_set_new(vm, "run_ns", json_integer((json_int_t)run_ns(s)));
	json_object_set_new(vm, "memory", memory_json(s));
	json_object_set_new(vm, "messages", vmbus_message_counters(s->bus));
	json_object_set_new(root, "schema", json_integer(1));
	json_object_set_new(root, "mode", json_string(s->options->mode));
	if (at_end)
		json_object_set_new(root, "exit",
				    json_pack("{s:i, s:s}", "code", s->machine.end_code,
					      "reason", s->machine.end_reason));
	json_object_set_new(root, "vm", vm);
	json_object_set_new(root, "vcpus", machine_counters_vcpus(&s->machine));
	json_object_set_new(root, "synic_pages", machine_synic_pages(&s->machine));
	json_object_set_new(root, "channels", vmbus_counters(s->bus));
	json_object_set_new(root, "pci", vpci_counters(s->vpci));
	json_object_set_new(root, "faults", faults_report(s->faults));
	pthread_mutex_lock(&s->marks_lock);
	json_object_set_new(root, "marks", json_deep_copy(s->marks));
	pthread_mutex_unlock(&s->marks_lock);
	return root;
}

int session_write_counters(struct session *s)
{
	const char *path = s->options->counters;
	json_t *root;
	char *tmp;
	int rc = 0;

	if (!path)
		return 0;
	if (asprintf(&tmp, "%s.tmp", path) < 0)
		return -ENOMEM;
	root = session_counters(s, true);
	if (json_dump_file(root, tmp, JSON_INDENT(1)) || rename(tmp, path)) {
		rc = errno ? -errno : -EIO;
		az_err("--counters %s: %s", path, strerror(-rc));
		unlink(tmp);
	}
	json_decref(root);
	free(tmp);
	return rc;
}
