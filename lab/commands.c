// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "session.h"

/* Who shuts the guest down from inside: the integration service of that name. */
#define SHUTDOWN_DEVICE	"shutdown"

static int refuse(json_t *reply, int rc, const char *text)
{
	json_object_set_new(reply, "error", json_string(text));
	return rc;
}

static int cmd_status(struct session *s, json_t *args, json_t *reply)
{
	json_object_set_new(reply, "mode", json_string(s->options->mode));
	json_object_set_new(reply, "vcpus", json_integer(s->machine.n_vcpus));
	json_object_set_new(reply, "memory_mib",
			    json_integer((json_int_t)(s->machine.mem.size >> 20)));
	json_object_set_new(reply, "panic_seen",
			    json_boolean(atomic_load(&s->machine.panic_seen)));
	return 0;
}

static int cmd_counters(struct session *s, json_t *args, json_t *reply)
{
	json_object_set_new(reply, "counters", session_counters(s, false));
	return 0;
}

int session_add_fault(struct session *s, const char *spec, char *err, unsigned int err_len)
{
	struct fault *fault;
	int rc = faults_add(s->faults, spec, err, err_len, &fault);

	if (rc || !fault_is_timed(fault))
		return rc;
	rc = vmbus_timed_fault(s->bus, fault);
	if (rc == -ENODEV)
		rc = vpci_timed_fault(s->vpci, fault);
	if (rc)
		snprintf(err, err_len, "%s: %s", fault_device(fault),
			 rc == -ENODEV ? "there is no such device" : strerror(-rc));
	return rc;
}

static int cmd_fault(struct session *s, json_t *args, json_t *reply)
{
	const char *spec = json_string_value(json_object_get(args, "spec"));
	char err[256];
	int rc;

	if (!spec)
		return refuse(reply, -EINVAL,
			      "fault: \"spec\" is missing, DEVICE:WHAT[,key=value]...");
	rc = session_add_fault(s, spec, err, sizeof(err));
	return rc ? refuse(reply, rc, err) : 0;
}

static int cmd_quit(struct session *s, json_t *args, json_t *reply)
{
	machine_end(&s->machine, MACHINE_POWER_OFF, "quit command");
	return 0;
}

static struct vmbus_device *device_of(struct session *s, json_t *args, json_t *reply)
{
	const char *name = json_string_value(json_object_get(args, "device"));
	struct vmbus_device *dev = name ? vmbus_find_device(s->bus, name) : NULL;

	if (!name)
		refuse(reply, -EINVAL, "\"device\" is missing, such as \"net0\"");
	else if (!dev)
		refuse(reply, -ENODEV, "no device of that name");
	return dev;
}

static int cmd_rescind(struct session *s, json_t *args, json_t *reply)
{
	struct vmbus_device *dev = device_of(s, args, reply);

	if (!dev)
		return -EINVAL;
	vmbus_rescind(dev);
	return 0;
}

static int cmd_reoffer(struct session *s, json_t *args, json_t *reply)
{
	struct vmbus_device *dev = device_of(s, args, reply);
	int rc;

	if (!dev)
		return -EINVAL;
	rc = vmbus_reoffer(dev);
	return rc ? refuse(reply, rc, strerror(-rc)) : 0;
}

static int cmd_shutdown(struct session *s, json_t *args, json_t *reply)
{
	int rc = vmbus_device_command(s->bus, SHUTDOWN_DEVICE, "shutdown", args, reply);

	return rc == -ENOENT ? refuse(reply, -ENODEV, "no shutdown service") : rc;
}

static const struct {
	const char *name;
	int (*fn)(struct session *s, json_t *args, json_t *reply);
} commands[] = {
	{ "status", cmd_status },
	{ "counters", cmd_counters },
	{ "fault", cmd_fault },
	{ "rescind", cmd_rescind },
	{ "reoffer", cmd_reoffer },
	{ "shutdown", cmd_shutdown },
	{ "quit", cmd_quit },
};

int session_command(void *ctx, const char *cmd, json_t *args, json_t *reply)
{
	struct session *s = ctx;
	const char *name;
	int rc;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(cmd, commands[i].name))
			return commands[i].fn(s, args, reply);
	}
	name = json_string_value(json_object_get(args, "device"));
	if (!name)
		return -ENOENT;
	rc = vmbus_device_command(s->bus, name, cmd, args, reply);
	return rc == -ENOENT ? vpci_command(s->vpci, name, cmd, args, reply) : rc;
}
