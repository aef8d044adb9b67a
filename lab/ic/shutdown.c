// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <errno.h>
#include <string.h>

/*
 * The host asks the guest to power off or to reboot. The guest answers at once
 * whether it will ("last_status" 0) and does so in its own time.
 */

static void send_shutdown(struct vmbus_channel *ch, void *ctx)
{
	struct ic_shutdown msg = { .flags = (uintptr_t)ctx };
	struct ic *ic = (struct ic *)ch->dev;

	if (ic->ch && ic->state == IC_READY)
		ic_send(ic, IC_SHUTDOWN, &msg, sizeof(msg));
}

static int shutdown_command(struct ic *ic, const char *cmd, json_t *args, json_t *reply)
{
	const char *name, *device = NULL;
	int reboot = 0, force = 0, ret;
	uintptr_t flags;
	json_error_t err;

	if (strcmp(cmd, "shutdown"))
		return -ENOENT;
	if (json_unpack_ex(args, &err, 0, "{s:s, s?s, s?b, s?b !}", "cmd", &name,
			   "device", &device, "reboot", &reboot, "force", &force))
		return ic_fail(reply, -EINVAL, "shutdown: %s", err.text);
	ret = ic_need_ready(ic, reply);
	if (ret)
		return ret;
	flags = (reboot ? IC_SHUTDOWN_REBOOT : 0) | (force ? IC_SHUTDOWN_FORCE : 0);
	vmbus_for_each_open(&ic->dev, send_shutdown, (void *)flags);
	return 0;
}

/* sd_versions[] of drivers/hv/hv_util.c */
static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 }, { 3, 1 }, { 3, 2 } };

static const struct ic_service service = {
	.ops = IC_OPS("shutdown", VMBUS_GUID_SHUTDOWN, ic_destroy),
	.instance = VMBUS_GUID(0xb6650ff7u, 0x33bc, 0x4840,
			       0x80, 0x48, 0xe0, 0x67, 0x67, 0x86, 0xf3, 0x93),
	.type = IC_SHUTDOWN,
	.versions = versions,
	.n_versions = 4,
	.command = shutdown_command,
};

struct ic *shutdown_create(void)
{
	return ic_create(&service, sizeof(struct ic));
}
