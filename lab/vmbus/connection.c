// SPDX-License-Identifier: GPL-2.0-only
/* The life of a connection: contact, offers, unload (drivers/hv/connection.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmbus/internal.h"

static const uint32_t versions[] = {
	VMBUS_VERSION_4_0, VMBUS_VERSION_4_1, VMBUS_VERSION_5_0, VMBUS_VERSION_5_1,
	VMBUS_VERSION_5_2, VMBUS_VERSION_5_3, VMBUS_VERSION_6_0,
};

int vmbus_parse_version(const char *text, uint32_t *version)
{
	unsigned int i;
	char name[16];

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		snprintf(name, sizeof(name), "%u.%u", versions[i] >> 16, versions[i] & 0xffff);
		if (strcmp(text, name))
			continue;
		*version = versions[i];
		return 0;
	}
	return -EINVAL;
}

static bool version_is_known(const struct vmbus *bus, uint32_t version)
{
	unsigned int i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i] == version)
			return version <= bus->max_version;
	return false;
}

void connection_reset(struct vmbus *bus)
{
	struct vmbus_device *dev;
	struct vmbus_channel *ch;
	uint32_t i;

	/* Sub-channels first: they may use what the primary's device owns. */
	for (dev = bus->devices; dev; dev = dev->next) {
		/* Nothing is held any more: a device that was to come back is there. */
		dev->absent &= !dev->reoffer_due;
		dev->reoffer_due = false;
		for (ch = dev->channels; ch; ch = ch->next)
			if (ch->sub_index)
				channel_close(ch);
		for (ch = dev->channels; ch; ch = ch->next)
			channel_close(ch);
	}
	for (i = 1; i <= VMBUS_MAX_RELID; i++) {
		ch = bus->relid[i].ch;
		bus->relid[i] = (struct relid_slot) { .use = RELID_FREE };
		if (!ch)
			continue;
		pthread_mutex_lock(&bus->lock);
		ch->state->offered = false;
		ch->relid = 0;
		if (!ch->sub_index)
			ch->dev->primary = NULL;
		pthread_mutex_unlock(&bus->lock);
		monitor_release(bus, ch->state->monitor_id);
		ch->state->monitor_id = -1;
	}
	gpadls_forget(bus, 0);
	outq_drop(bus);
	bus->version = 0;
	bus->offers_requested = false;
	bus->monitor = NULL;
}

void connection_contact(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_initiate_contact *m = payload;
	struct vmbus_msg_version_response r = { .h.type = VMBUS_MSG_VERSION_RESPONSE };
	bool explicit_sint = m->version >= VMBUS_VERSION_5_0;
	unsigned int sint = explicit_sint ? m->sint : VMBUS_SINT;
	uint32_t response_len = VMBUS_VERSION_RESPONSE_V5_LEN;

	if (m->target_vp >= bus->platform.vp_count || sint >= VMBUS_SINT_COUNT ||
	    (explicit_sint && m->vtl)) {
		count(&bus->messages.ignored);	/* there is nowhere to answer to */
		return;
	}
	/* A new kernel (kexec) need not have unloaded: the old connection is over. */
	connection_reset(bus);
	bus->msg_vp = m->target_vp;
	bus->msg_sint = sint;

	if (version_is_known(bus, m->version)) {
		bus->version = m->version;
		bus->monitor = mem_at(bus->mem, m->monitor_page2, sizeof(*bus->monitor));
		if (m->monitor_page2 % GUEST_PAGE_SIZE)
			bus->monitor = NULL;
		r.supported = 1;
		r.connection_state = VMBUS_CONNECTION_SUCCESSFUL;
		r.msg_conn_id = m->version >= VMBUS_VERSION_5_0 ? VMBUS_CONN_MESSAGE_V5 :
								  VMBUS_CONN_MESSAGE;
		/* None of the features of 6.0 is offered, so none is in use. */
		if (m->version >= VMBUS_VERSION_6_0)
			response_len = sizeof(r);
	}
	outq_send(bus, &r, response_len);
}

void connection_request_offers(struct vmbus *bus, const void *payload, uint32_t len)
{
	struct vmbus_msg_header done = { .type = VMBUS_MSG_ALL_OFFERS_DELIVERED };

	if (bus->offers_requested) {
		count(&bus->messages.ignored);
		return;
	}
	bus->offers_requested = true;
	offers_send_all(bus);
	outq_send(bus, &done, sizeof(done));
}

void connection_unload(struct vmbus *bus, const void *payload, uint32_t len)
{
	struct vmbus_msg_header done = { .type = VMBUS_MSG_UNLOAD_RESPONSE };

	connection_reset(bus);
	outq_send(bus, &done, sizeof(done));
}

/* hvsock: there is no listener on this host. */
void connection_tl_connect(struct vmbus *bus, const void *payload, uint32_t len)
{
	const struct vmbus_msg_tl_connect *m = payload;
	struct vmbus_msg_tl_connect_result r = {
		.h.type = VMBUS_MSG_TL_CONNECT_RESULT,
		.endpoint = m->endpoint,
		.service = m->service,
		.status = VMBUS_STATUS_CONNECTION_REFUSED,
	};

	count(&bus->messages.refused);
	if (bus->version >= VMBUS_VERSION_4_1)	/* the result came with 4.1 */
		outq_send(bus, &r, sizeof(r));
}
