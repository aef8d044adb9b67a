// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/control.h"
#include "lib/opts.h"
#include "storvsp/internal.h"

/*
 * Disks come, go and change their size while the guest runs:
 *
 *	{"cmd":"add-lun","device":"scsi0","spec":"ram=64M,lun=3"}
 *	{"cmd":"remove-lun","device":"scsi0","lun":3}
 *	{"cmd":"resize","device":"scsi0","lun":0,"size":"128M"}
 *
 * The guest is told to look (ENUMERATE_BUS, REMOVE_DEVICE). All this runs on
 * the control loop, the only place where the table of disks changes.
 */

static int fail(json_t *reply, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(json_t *reply, int rc, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_set_new(reply, "error", json_string(text));
	return rc;
}

static void nothing(void *ctx)
{
}

/*
 * Wait until no channel uses what was taken out of the table: each carries its
 * commands out in one callback of its loop, so one turn of every loop is enough.
 */
static void quiesce(struct storvsp *ctl)
{
	struct vmbus_channel *ch;
	unsigned int i;

	for (i = 0; i <= ctl->max_channels; i++) {
		ch = vmbus_find_open(&ctl->dev, i);
		if (ch && ch->loop)
			loop_call(ch->loop, nothing, NULL);
	}
}

/* The disk that "lun" names; NULL with an error in @reply. */
static struct lun *find_lun(struct storvsp *ctl, json_t *args, json_t *reply)
{
	json_t *number = json_object_get(args, "lun");
	struct lun *lun = NULL;

	if (!json_is_integer(number)) {
		fail(reply, -EINVAL, "\"lun\" must be the number of a disk");
		return NULL;
	}
	if (json_integer_value(number) >= 0 && json_integer_value(number) < LUN_MAX)
		lun = lun_at(&ctl->luns, json_integer_value(number));
	if (!lun)
		fail(reply, -EINVAL, "%s has no lun %lld", ctl->dev.name,
		     (long long)json_integer_value(number));
	return lun;
}

static int cmd_add(struct storvsp *ctl, json_t *args, json_t *reply)
{
	const char *spec = json_string_value(json_object_get(args, "spec"));
	char err[300];
	int number, rc;

	if (!spec)
		return fail(reply, -EINVAL, "\"spec\" must be a disk as for --disk");
	rc = storvsp_add_lun(ctl, spec, &number, err, sizeof(err));
	if (rc)
		return fail(reply, rc, "%s", err);
	storvsp_notify(ctl, VSTOR_ENUMERATE_BUS);
	json_object_set_new(reply, "lun", json_integer(number));
	return 0;
}

static int cmd_remove(struct storvsp *ctl, json_t *args, json_t *reply)
{
	struct lun *lun = find_lun(ctl, args, reply);

	if (!lun)
		return -EINVAL;
	lun_replace(&ctl->luns, lun->number, NULL);
	quiesce(ctl);
	lun_free(lun);
	storvsp_notify(ctl, VSTOR_REMOVE_DEVICE);
	return 0;
}

/* Bytes, as a number or as text with a suffix. */
static bool size_of(json_t *value, uint64_t *size)
{
	if (json_is_integer(value) && json_integer_value(value) > 0) {
		*size = json_integer_value(value);
		return true;
	}
	return json_is_string(value) &&
	       !az_parse_number(json_string_value(value), AZ_OPT_SIZE, size);
}

static int cmd_resize(struct storvsp *ctl, json_t *args, json_t *reply)
{
	struct lun *lun = find_lun(ctl, args, reply), *new;
	uint64_t size;
	char err[300];
	int rc;

	if (!lun)
		return -EINVAL;
	if (!size_of(json_object_get(args, "size"), &size))
		return fail(reply, -EINVAL, "\"size\" must be a size such as \"128M\"");
	rc = lun_resized(lun, size, &new, err, sizeof(err));
	if (rc)
		return fail(reply, rc, "%s", err);
	lun_replace(&ctl->luns, lun->number, new);
	quiesce(ctl);
	lun_free(lun);
	storvsp_notify(ctl, VSTOR_ENUMERATE_BUS);
	return 0;
}

int storvsp_command(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply)
{
	struct storvsp *ctl = (struct storvsp *)dev;

	if (!strcmp(cmd, "add-lun"))
		return cmd_add(ctl, args, reply);
	if (!strcmp(cmd, "remove-lun"))
		return cmd_remove(ctl, args, reply);
	if (!strcmp(cmd, "resize"))
		return cmd_resize(ctl, args, reply);
	return -ENOENT;
}
