// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/*
 * The host tells its time: once when the guest opens the channel, as after a
 * start or a restore (SYNC, the guest sets its clock), then on command. Offered
 * up to version 3.0: 4.0 sends the guest's reference counter along, which only
 * the machine could read, to save a correction of microseconds.
 */
struct timesync {
	struct ic ic;
	_Atomic bool on_open;
};

/* 100 ns since 1601, which is what Windows counts. */
static uint64_t host_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return IC_TIME_OF_UNIX_EPOCH + ts.tv_sec * 10000000ull + ts.tv_nsec / 100;
}

static void tell_time(struct ic *ic, uint8_t flags)
{
	struct ic_timesync msg = { .parent_time = host_time(), .flags = flags };

	ic_send(ic, IC_TIMESYNC, &msg, sizeof(msg));
}

static void timesync_negotiated(struct ic *ic)
{
	if (((struct timesync *)ic)->on_open)
		tell_time(ic, IC_TIMESYNC_SYNC);
}

static void send_time(struct vmbus_channel *ch, void *ctx)
{
	struct ic *ic = (struct ic *)ch->dev;

	if (ic->ch && ic->state == IC_READY)
		tell_time(ic, (uintptr_t)ctx);
}

/* {"cmd":"timesync","send":"sync"|"sample"} or {"cmd":"timesync","on_open":bool} */
static int timesync_command(struct ic *ic, const char *cmd, json_t *args, json_t *reply)
{
	const char *name, *device = NULL, *send = NULL;
	uintptr_t flags;
	json_error_t err;
	int on_open = -1, ret;

	if (strcmp(cmd, "timesync"))
		return -ENOENT;
	if (json_unpack_ex(args, &err, 0, "{s:s, s?s, s?s, s?b !}", "cmd", &name,
			   "device", &device, "send", &send, "on_open", &on_open))
		return ic_fail(reply, -EINVAL, "timesync: %s", err.text);
	if (!send && on_open < 0)
		return ic_fail(reply, -EINVAL, "timesync: give \"send\" or \"on_open\"");
	if (send && strcmp(send, "sync") && strcmp(send, "sample"))
		return ic_fail(reply, -EINVAL, "timesync: send is \"sync\" or \"sample\"");
	if (send) {
		ret = ic_need_ready(ic, reply);
		if (ret)
			return ret;
		flags = strcmp(send, "sync") ? IC_TIMESYNC_SAMPLE : IC_TIMESYNC_SYNC;
		vmbus_for_each_open(&ic->dev, send_time, (void *)flags);
	}
	if (on_open >= 0)
		((struct timesync *)ic)->on_open = on_open;
	return 0;
}

static void timesync_report(struct ic *ic, json_t *obj)
{
	json_object_set_new(obj, "on_open", json_boolean(((struct timesync *)ic)->on_open));
}

/* ts_versions[] of drivers/hv/hv_util.c without 4.0 */
static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 } };

static const struct ic_service service = {
	.ops = IC_OPS("timesync", VMBUS_GUID_TIMESYNC, ic_destroy),
	.instance = VMBUS_GUID(0x2dd1ce17u, 0x079e, 0x403c,
			       0xb3, 0x52, 0xa1, 0x92, 0x1e, 0xe2, 0x07, 0xee),
	.type = IC_TIMESYNC,
	.versions = versions,
	.n_versions = 2,
	.negotiated = timesync_negotiated,
	.command = timesync_command,
	.report = timesync_report,
};

struct ic *timesync_create(void)
{
	struct ic *ic = ic_create(&service, sizeof(struct timesync));

	if (ic)
		((struct timesync *)ic)->on_open = true;
	return ic;
}
