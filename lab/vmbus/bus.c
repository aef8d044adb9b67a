// SPDX-License-Identifier: GPL-2.0-only
/* The bus as the machine sees it: making it, its devices, its counters, its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

struct vmbus *vmbus_create(const struct guest_memory *mem, struct faults *faults,
			   const struct vmbus_platform *platform)
{
	struct vmbus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	bus->mem = mem;
	bus->faults = faults;
	bus->platform = *platform;
	bus->max_version = VMBUS_VERSION_6_0;
	pthread_mutex_init(&bus->lock, NULL);
	outq_init(bus);
	bus->loop = loop_start("vmbus");
	if (!bus->loop || faults_register(faults, vmbus_fault_kinds)) {
		vmbus_free(bus);
		errno = ENOMEM;
		return NULL;
	}
	return bus;
}

void vmbus_set_max_version(struct vmbus *bus, uint32_t version)
{
	bus->max_version = version;
}

int vmbus_add_device(struct vmbus *bus, struct vmbus_device *dev)
{
	struct vmbus_device **end;

	if (!dev->name[0] || vmbus_find_device(bus, dev->name))
		return -EEXIST;
	pthread_mutex_lock(&bus->lock);
	for (end = &bus->devices; *end; end = &(*end)->next)
		;
	dev->bus = bus;
	dev->primary = NULL;
	dev->channels = NULL;
	dev->next = NULL;
	*end = dev;
	pthread_mutex_unlock(&bus->lock);
	return 0;
}

struct vmbus_device *vmbus_find_device(struct vmbus *bus, const char *name)
{
	struct vmbus_device *dev;

	pthread_mutex_lock(&bus->lock);
	for (dev = bus->devices; dev; dev = dev->next)
		if (!strcmp(dev->name, name))
			break;
	pthread_mutex_unlock(&bus->lock);
	return dev;
}

struct faults *vmbus_faults(struct vmbus *bus)
{
	return bus->faults;
}

const struct guest_memory *vmbus_memory(struct vmbus *bus)
{
	return bus->mem;
}

struct loop *vmbus_control_loop(struct vmbus *bus)
{
	return bus->loop;
}

static void reset_on_loop(void *ctx)
{
	connection_reset(ctx);
}

void vmbus_reset(struct vmbus *bus)
{
	loop_call(bus->loop, reset_on_loop, bus);
}

static void end_on_loop(void *ctx)
{
	timed_free_all(ctx);
	connection_reset(ctx);
}

static void nothing(void *ctx)
{
}

static void free_device(struct vmbus_device *dev)
{
	struct vmbus_channel *ch;

	while ((ch = dev->channels)) {
		dev->channels = ch->next;
		channel_free(ch);
	}
	if (dev->ops->destroy)
		dev->ops->destroy(dev);
}

void vmbus_free(struct vmbus *bus)
{
	struct vmbus_device *dev;
	struct gpadl *g;

	if (!bus)
		return;
	if (bus->loop) {
		loop_call(bus->loop, end_on_loop, bus);
		/* What the channels' loops have posted until then still finds its devices. */
		loop_call(bus->loop, nothing, NULL);
		while ((dev = bus->devices)) {
			bus->devices = dev->next;
			free_device(dev);
		}
		loop_stop(bus->loop);
	}
	while ((g = bus->gpadls)) {
		bus->gpadls = g->next;
		gpadl_free(g);
	}
	pthread_mutex_destroy(&bus->lock);
	free(bus);
}

struct command {
	struct vmbus_device *dev;
	const char *cmd;
	json_t *args, *reply;
	int ret;
};

static void command_on_loop(void *ctx)
{
	struct command *c = ctx;

	c->ret = c->dev->ops->command(c->dev, c->cmd, c->args, c->reply);
}

int vmbus_device_command(struct vmbus *bus, const char *name, const char *cmd,
			 json_t *args, json_t *reply)
{
	struct command c = {
		.dev = vmbus_find_device(bus, name),
		.cmd = cmd,
		.args = args,
		.reply = reply,
	};

	if (!c.dev || !c.dev->ops->command)
		return -ENOENT;
	loop_call(bus->loop, command_on_loop, &c);
	return c.ret;
}

/* Under the lock. */
static json_t *channel_json(struct vmbus_channel *ch)
{
	const struct vmbus_device_ops *ops = ch->dev->ops;
	json_t *device = json_object();

	if (ops->counters)
		ops->counters(ch, device);
	return json_pack("{s:s, s:s, s:I, s:i, s:b, s:i, s:o, s:o}",
			 "device", ch->dev->name, "type", ops->type,
			 "relid", (json_int_t)ch->relid, "sub", ch->sub_index,
			 "open", ch->state->open, "target_vp", (int)ch->target_vp,
			 "counters", counters_json(&ch->counters, channel_counter_names),
			 "device_counters", device);
}

json_t *vmbus_counters(struct vmbus *bus)
{
	json_t *list = json_array();
	struct vmbus_device *dev;
	struct vmbus_channel *ch;

	pthread_mutex_lock(&bus->lock);
	for (dev = bus->devices; dev; dev = dev->next)
		for (ch = dev->channels; ch; ch = ch->next)
			if (ch->state->was_open)
				json_array_append_new(list, channel_json(ch));
	pthread_mutex_unlock(&bus->lock);
	return list;
}
