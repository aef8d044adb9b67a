// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/opts.h"
#include "storvsp/lun.h"
#include "storvsp/scsi.h"
#include "storvsp/storvsp.h"

const char storvsp_help[] =
	"ram=SIZE | FILE      a disk in memory, or a file or block device\n"
	"ro                   read-only\n"
	"lbs=512|4096         logical block size\n"
	"delay_us=N           delay of each completion of a read, write, flush, unmap\n"
	"serial=TEXT          serial number (VPD 80)\n"
	"lun=N                logical unit number, 0 to 63 (default: the next)\n"
	"controller=N         the SCSI controller that it hangs on, 0 to 3 (default 0)\n"
	"channels=N           sub-channels that the guest may ask for, 0 to 64 (default 16),\n"
	"                     of the controller, as is\n"
	"monitor_us=N         the guest signals by monitor page, and the host looks there\n"
	"                     every N us, 1 to 1000000 (hypercalls)\n";

#define NS_PER_US	1000ull
#define DELAY_MAX_US	(3600ull * 1000 * 1000)

struct disk_spec {
	char *path;
	uint64_t ram;
	uint64_t delay_us;
	char *serial;
	unsigned int block_size;
	unsigned int number;
	unsigned int channels;
	unsigned int controller;
	unsigned int monitor_us;
	bool read_only;
	bool has_ram, has_number, has_channels, has_controller;
};

static int say(char *err, unsigned int err_len, int rc, const char *spec, const char *what)
{
	snprintf(err, err_len, "disk '%s': %s", spec, what);
	return rc;
}

static int parse(const char *spec, struct disk_spec *s, char *err, unsigned int err_len)
{
	const struct az_kv table[] = {
		AZ_KV(STRING, "", &s->path),
		{ .key = "ram", .type = AZ_OPT_SIZE, .dst = &s->ram, .seen = &s->has_ram },
		AZ_KV(FLAG, "ro", &s->read_only),
		AZ_KV(U32, "lbs", &s->block_size),
		AZ_KV(U64, "delay_us", &s->delay_us, .max = DELAY_MAX_US),
		AZ_KV(STRING, "serial", &s->serial),
		{ .key = "lun", .type = AZ_OPT_U32, .dst = &s->number, .max = LUN_MAX - 1,
		  .seen = &s->has_number },
		{ .key = "channels", .type = AZ_OPT_U32, .dst = &s->channels,
		  .max = LUN_MAX_CHANNELS, .seen = &s->has_channels },
		{ .key = "controller", .type = AZ_OPT_U32, .dst = &s->controller,
		  .max = STORVSP_MAX_CONTROLLERS - 1, .seen = &s->has_controller },
		AZ_KV(U32, "monitor_us", &s->monitor_us, .min = 1,
		      .max = VMBUS_MONITOR_LATENCY_MAX_US),
		AZ_KV_DONE
	};
	char why[200];
	int rc;

	rc = az_kv_parse(spec, table, why, sizeof(why));
	if (rc)
		return say(err, err_len, rc, spec, why);
	if (s->has_ram == !!s->path)
		return say(err, err_len, -EINVAL, spec, "give either ram=SIZE or a file, once");
	if (s->block_size != 512 && s->block_size != 4096)
		return say(err, err_len, -EINVAL, spec, "lbs must be 512 or 4096");
	return 0;
}

static bool serial_ok(const char *serial)
{
	size_t i, n = strlen(serial);

	for (i = 0; i < n; i++)
		if (serial[i] <= ' ' || serial[i] > '~')
			return false;
	return n && n <= LUN_SERIAL_MAX;
}

/* NAA 3h, locally assigned (SPC-4 7.8.6.6.4): 60 bits of FNV-1a of the serial number. */
static uint64_t naa_of(const char *serial)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *serial; serial++)
		h = (h ^ (uint8_t)*serial) * 0x100000001b3ull;
	return 3ull << 60 | h >> 4;
}

static int check_size(const char *spec, const struct lun *lun, char *err, unsigned int err_len)
{
	uint64_t size = lun->backend->size;

	if (size && size % lun->block_size == 0)
		return 0;
	snprintf(err, err_len, "disk '%s': %llu bytes is not a multiple of the block size %u",
		 spec, (unsigned long long)size, lun->block_size);
	return -EINVAL;
}

static int open_backend(const char *spec, const struct disk_spec *s, struct lun *lun,
			char *err, unsigned int err_len)
{
	int rc;

	if (s->path)
		return backend_file_open(s->path, s->read_only, &lun->backend, err, err_len);
	rc = backend_ram_create(s->ram, &lun->backend);
	if (rc)
		return say(err, err_len, rc, spec, strerror(-rc));
	return 0;
}

static int set_serial(struct lun *lun, const char *spec, const struct disk_spec *s,
		      const char *owner, char *err, unsigned int err_len)
{
	if (!s->serial) {
		snprintf(lun->serial, sizeof(lun->serial), "azimuth-%s-%u", owner, lun->number);
	} else if (serial_ok(s->serial)) {
		strcpy(lun->serial, s->serial);
	} else {
		return say(err, err_len, -EINVAL, spec,
			   "serial must be 1 to 36 printable characters without spaces");
	}
	lun->naa = naa_of(lun->serial);
	return 0;
}

int storvsp_controller_of(const char *spec, unsigned int *controller, char *err,
			  unsigned int err_len)
{
	struct disk_spec s = { .block_size = 512 };
	int rc = parse(spec, &s, err, err_len);

	*controller = s.controller;
	free(s.path);
	free(s.serial);
	return rc;
}

int lun_create(const char *spec, const char *owner, unsigned int dflt, struct lun **out,
	       struct lun_extra *extra, char *err, unsigned int err_len)
{
	struct disk_spec s = { .block_size = 512 };
	struct lun *lun = calloc(1, sizeof(*lun));
	int rc;

	if (!lun)
		return say(err, err_len, -ENOMEM, spec, "out of memory");
	rc = parse(spec, &s, err, err_len);
	if (rc)
		goto out;
	lun->number = s.has_number ? s.number : dflt;
	lun->block_size = s.block_size;
	lun->read_only = s.read_only;
	lun->delay_ns = s.delay_us * NS_PER_US;
	rc = set_serial(lun, spec, &s, owner, err, err_len);
	if (rc)
		goto out;
	rc = open_backend(spec, &s, lun, err, err_len);
	if (rc)
		goto out;
	rc = check_size(spec, lun, err, err_len);
	if (rc)
		goto out;
	lun->blocks = lun->backend->size / lun->block_size;
	extra->number = s.has_number ? (int)s.number : -1;
	extra->channels = s.has_channels ? (int)s.channels : -1;
	extra->controller = s.has_controller ? (int)s.controller : -1;
	extra->monitor_us = s.monitor_us;
	*out = lun;
	lun = NULL;
out:
	free(s.path);
	free(s.serial);
	lun_free(lun);
	return rc;
}

int lun_resized(const struct lun *old, uint64_t size, struct lun **out,
		char *err, unsigned int err_len)
{
	struct lun *lun;
	int rc;

	if (old->read_only || !size || size % old->block_size || size > INT64_MAX) {
		snprintf(err, err_len, "lun %u: %s", old->number, old->read_only ?
			 "a read-only disk cannot be resized" :
			 "the new size must be a multiple of the block size, not 0");
		return -EINVAL;
	}
	lun = malloc(sizeof(*lun));
	if (!lun) {
		snprintf(err, err_len, "lun %u: out of memory", old->number);
		return -ENOMEM;
	}
	memcpy(lun, old, sizeof(*lun));
	rc = old->backend->ops->resized(old->backend, size, &lun->backend);
	if (rc) {
		snprintf(err, err_len, "lun %u: %s", old->number, strerror(-rc));
		free(lun);
		return rc;
	}
	lun->blocks = size / lun->block_size;
	atomic_store(&lun->attention, SCSI_SENSE_CAPACITY_CHANGED);
	*out = lun;
	return 0;
}

void lun_free(struct lun *lun)
{
	if (lun && lun->backend)
		lun->backend->ops->free(lun->backend);
	free(lun);
}

struct lun *lun_replace(struct lun_table *t, unsigned int number, struct lun *lun)
{
	return atomic_exchange_explicit(&t->lun[number], lun, memory_order_acq_rel);
}

int lun_first_free(struct lun_table *t)
{
	int i;

	for (i = 0; i < LUN_MAX; i++)
		if (!lun_at(t, i))
			return i;
	return -1;
}
