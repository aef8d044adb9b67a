// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/clock.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "lib/clock.h"
#include "lib/pattern.h"

/* A reading that took longer was interrupted, and says little. */
#define READING_NS	1000
#define READINGS	8

struct reading {
	int64_t low, high;	/* the difference of the clocks lies between these */
};

static int64_t read_ns(const struct clock_watch *watch, clockid_t id)
{
	struct timespec ts;

	watch->read(id, &ts);
	return (int64_t)ts.tv_sec * (int64_t)AZ_NSEC_PER_SEC + ts.tv_nsec;
}

/* The best of some readings: one clock is read between two readings of the other. */
static struct reading read_difference(const struct clock_watch *watch)
{
	struct reading best = { INT64_MIN / 2, INT64_MAX / 2 };
	int64_t before, real, after;
	int i;

	for (i = 0; i < READINGS && best.high - best.low > READING_NS; i++) {
		before = read_ns(watch, CLOCK_MONOTONIC);
		real = read_ns(watch, CLOCK_REALTIME);
		after = read_ns(watch, CLOCK_MONOTONIC);
		if (after - before < best.high - best.low)
			best = (struct reading){ real - after, real - before };
	}
	return best;
}

/* Takes what @now leaves of the range. Returns false when that is nothing. */
static bool narrow(struct clock_watch *watch, struct reading now)
{
	if (now.low > watch->high || now.high < watch->low)
		return false;
	if (now.low > watch->low)
		watch->low = now.low;
	if (now.high < watch->high)
		watch->high = now.high;
	watch->offset = watch->low + (watch->high - watch->low) / 2;
	return true;
}

void clock_watch_start(struct clock_watch *watch)
{
	int i;

	if (!watch->read)
		watch->read = clock_gettime;
	watch->low = INT64_MIN / 2;
	watch->high = INT64_MAX / 2;
	for (i = 0; i < READINGS; i++)
		narrow(watch, read_difference(watch));
}

bool clock_watch_stepped(struct clock_watch *watch)
{
	int64_t before = watch->offset;

	if (narrow(watch, read_difference(watch)))
		return false;
	clock_watch_start(watch);
	watch->last_step = watch->offset - before;
	watch->epoch++;
	return true;
}

static uint64_t boot_hash(void)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	char id[64];
	size_t len;

	if (!file)
		return 0;
	len = fread(id, 1, sizeof(id), file);
	fclose(file);
	return len ? az_checksum(AZ_CHECKSUM_INIT, id, len) : 0;
}

static void find_ptp(char *name, size_t size)
{
	DIR *dir = opendir("/sys/class/ptp");
	char path[300], text[32];
	struct dirent *entry;
	FILE *file;

	name[0] = '\0';
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/ptp/%s/clock_name", entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (!file)
			continue;
		/* The host's clock is the one that other guests have, too. */
		if (fscanf(file, "%31s", text) == 1 && (!name[0] || !strcmp(text, "hyperv")))
			snprintf(name, size, "%.15s %s", entry->d_name, text);
		fclose(file);
	}
	closedir(dir);
}

void clock_sync_read(struct clock_sync *sync)
{
	struct timex tx = { .modes = 0 };
	uint64_t error;
	int state = adjtimex(&tx);

	sync->boot = boot_hash();
	sync->error = CLOCK_UNSYNC;
	find_ptp(sync->source, sizeof(sync->source));
	/* TIME_ERROR covers an unsynchronised clock; maxerror is in us. */
	if (state < 0 || state == TIME_ERROR || tx.status & STA_UNSYNC || tx.maxerror < 0)
		return;
	error = (uint64_t)tx.maxerror * 1000;
	sync->error = error < CLOCK_UNSYNC ? (uint32_t)error : CLOCK_UNSYNC;
}

const char *clock_shared(const struct clock_sync *local, uint64_t boot, uint32_t error,
			 uint64_t *total)
{
	*total = 0;
	if (!boot)
		return "the peer states no clock: it is an older azimuth, or another echo server";
	if (boot == local->boot)
		return NULL;
	if (local->error == CLOCK_UNSYNC)
		return "no daemon keeps the clock here (chronyd or phc2sys would)";
	if (error == CLOCK_UNSYNC)
		return "no daemon keeps the peer's clock (chronyd or phc2sys would)";
	*total = (uint64_t)local->error + error;
	return NULL;
}

json_t *clock_to_json(const struct clock_sync *local, uint64_t boot, uint32_t error)
{
	uint64_t total;
	const char *why = clock_shared(local, boot, error, &total);
	json_t *json = json_object();

	json_object_set_new(json, "shared", json_boolean(!why));
	if (why)
		json_object_set_new(json, "why", json_string(why));
	else
		json_object_set_new(json, "error_ns", json_integer((json_int_t)total));
	json_object_set_new(json, "kind", json_string(why ? "none" : boot == local->boot ?
						      "same boot" : "synchronised"));
	json_object_set_new(json, "ptp", json_string(local->source));
	if (local->error != CLOCK_UNSYNC)
		json_object_set_new(json, "local_error_ns", json_integer(local->error));
	if (boot && error != CLOCK_UNSYNC)
		json_object_set_new(json, "peer_error_ns", json_integer(error));
	return json;
}
