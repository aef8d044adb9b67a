// SPDX-License-Identifier: GPL-2.0-only
/* Control commands for a network device; they run on the control loop and post to the primary. */
#include "netvsp/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RSC_SEGMENTS_MAX	44	/* of 1448 bytes in a 64 KiB IP packet */

static int refuse(json_t *reply, const char *text)
{
	json_object_set_new(reply, "error", json_string(text));
	return -EINVAL;
}

static int post(struct netvsp *dev, json_t *reply, enum net_msg_type type, uint32_t status,
		uint32_t value)
{
	struct net_msg *m = net_msg_alloc(type, 0);

	if (!m)
		return -ENOMEM;
	m->status = status;
	m->value = value;
	if (slot_post(&dev->slot[0], m))
		return refuse(reply, "the guest has not opened the device");
	return 0;
}

static int media(struct netvsp *dev, json_t *args, json_t *reply)
{
	const char *state = json_string_value(json_object_get(args, "state"));
	bool down;

	if (!state || (strcmp(state, "up") && strcmp(state, "down")))
		return refuse(reply, "media: state must be \"up\" or \"down\"");
	down = !strcmp(state, "down");
	atomic_store(&dev->link_down, down);
	/* A guest that opens the device later asks for the state itself. */
	if (!atomic_load(&dev->slot[0].open))
		return 0;
	return post(dev, reply, NET_MSG_INDICATE,
		    down ? RNDIS_MEDIA_DISCONNECT : RNDIS_MEDIA_CONNECT, 0);
}

static int inject(struct netvsp *dev, json_t *args, json_t *reply)
{
	const char *kind = json_string_value(json_object_get(args, "kind"));
	json_t *n = json_object_get(args, "data_len");
	json_int_t runt_len = n ? json_integer_value(n) : PPI_RUNT_LEN;
	enum ppi_fault fault;

	if (!kind || strncmp(kind, "ppi-", 4) || ppi_fault_parse(kind + 4, &fault))
		return refuse(reply, "inject: kind must be ppi-size0, ppi-huge, ppi-offset, "
			      "ppi-short, ppi-tiny, ppi-length or ppi-runt");
	if (runt_len < 0 || runt_len >= ETH_HEADER || (n && !json_is_integer(n)))
		return refuse(reply, "inject: data_len must be a number from 0 to 13");
	return post(dev, reply, NET_MSG_INJECT, fault, (uint32_t)runt_len);
}

static int send_rsc(struct netvsp *dev, json_t *args, json_t *reply)
{
	json_t *n = json_object_get(args, "segments");
	json_int_t segments = n ? json_integer_value(n) : 8;

	if (segments < 2 || segments > RSC_SEGMENTS_MAX)
		return refuse(reply, "send-rsc: segments must be a number from 2 to 44");
	if (!dev->rsc)
		return refuse(reply, "send-rsc: the device has no RSC, use --net ...,rsc=on");
	return post(dev, reply, NET_MSG_RSC, 0, (uint32_t)segments);
}

int netvsp_command(struct netvsp *dev, const char *cmd, json_t *args, json_t *reply)
{
	if (!strcmp(cmd, "media"))
		return media(dev, args, reply);
	if (!strcmp(cmd, "inject"))
		return inject(dev, args, reply);
	if (!strcmp(cmd, "send-rsc"))
		return send_rsc(dev, args, reply);
	if (dev->backend->ops->command)
		return dev->backend->ops->command(dev->backend, cmd, args, reply);
	return -ENOENT;
}
