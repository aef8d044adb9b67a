// SPDX-License-Identifier: GPL-2.0-only
/* From a packet to its handler: what there is, how long it is, and when it may come. */
#include <string.h>

#include "vpci/internal.h"

enum when {
	ANY,			/* at any time */
	AGREED,			/* after a version was agreed */
	IN_D0,			/* while the bus is in D0 as well */
};

struct entry {
	void (*handle)(struct vpci_request *req);
	uint32_t min_len;
	uint32_t version;	/* from which there is such a message */
	enum when when;
	const char *op;		/* for faults */
	const char *name;	/* of its counter */
};

#define LOW(type)	((type) - VPCI_BASE)

static const struct entry table[VPCI_MESSAGES] = {
	[LOW(VPCI_QUERY_VERSION)] = {
		vpci_query_version, sizeof(struct vpci_query_version), 0, ANY,
		"version", "query_version" },
	[LOW(VPCI_QUERY_BUS_RELATIONS)] = {
		vpci_query_relations, sizeof(struct vpci_header), 0, AGREED,
		"relations", "query_relations" },
	[LOW(VPCI_QUERY_RESOURCES)] = {
		vpci_query_resources, sizeof(struct vpci_child), 0, AGREED,
		"resources", "query_resources" },
	[LOW(VPCI_D0_ENTRY)] = {
		vpci_d0_entry, sizeof(struct vpci_d0_entry), 0, AGREED,
		"d0-entry", "d0_entry" },
	[LOW(VPCI_D0_EXIT)] = {
		vpci_d0_exit, sizeof(struct vpci_header), 0, AGREED,
		"d0-exit", "d0_exit" },
	[LOW(VPCI_RESOURCES_ASSIGNED)] = {
		vpci_resources_assigned, sizeof(struct vpci_resources_assigned), 0, IN_D0,
		"assigned", "resources_assigned" },
	[LOW(VPCI_RESOURCES_ASSIGNED2)] = {
		vpci_resources_assigned, sizeof(struct vpci_resources_assigned2),
		VPCI_VERSION_1_2, IN_D0, "assigned", "resources_assigned2" },
	[LOW(VPCI_RESOURCES_RELEASED)] = {
		vpci_resources_released, sizeof(struct vpci_child), 0, AGREED,
		"released", "resources_released" },
	[LOW(VPCI_CREATE_INTERRUPT)] = {
		vpci_create_interrupt, sizeof(struct vpci_create_interrupt), 0, IN_D0,
		"create", "create_interrupt" },
	[LOW(VPCI_CREATE_INTERRUPT2)] = {
		vpci_create_interrupt2, sizeof(struct vpci_create_interrupt2),
		VPCI_VERSION_1_2, IN_D0, "create", "create_interrupt2" },
	[LOW(VPCI_CREATE_INTERRUPT3)] = {
		vpci_create_interrupt3, sizeof(struct vpci_create_interrupt3),
		VPCI_VERSION_1_4, IN_D0, "create", "create_interrupt3" },
	[LOW(VPCI_DELETE_INTERRUPT)] = {
		vpci_delete_interrupt, sizeof(struct vpci_delete_interrupt), 0, AGREED,
		"delete", "delete_interrupt" },
	[LOW(VPCI_EJECT_COMPLETE)] = {
		vpci_eject_complete, sizeof(struct vpci_eject_complete), 0, AGREED,
		"eject-complete", "eject_complete" },
	[LOW(VPCI_READ_BLOCK)] = {
		vpci_read_block, sizeof(struct vpci_read_block), 0, IN_D0,
		"read-block", "read_block" },
	[LOW(VPCI_WRITE_BLOCK)] = {
		vpci_write_block, offsetof(struct vpci_write_block, data), 0, IN_D0,
		"write-block", "write_block" },
};

void vpci_count_messages(const struct vpci_bus *bus, json_t *obj)
{
	uint64_t n;

	for (unsigned int i = 0; i < VPCI_MESSAGES; i++) {
		n = count_get(&bus->counters.received[i]);
		if (table[i].handle)
			json_object_set_new(obj, table[i].name, json_integer((json_int_t)n));
	}
}

struct vpci_slot *vpci_find(struct vpci_bus *bus, uint32_t slot)
{
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		if (bus->slot[i].number == slot)
			return bus->slot[i].present ? &bus->slot[i] : NULL;
	}
	return NULL;
}

/* The message's entry and its number; NULL when it is none or too short. */
static const struct entry *find(const struct ring_packet *pkt, uint32_t *low)
{
	uint32_t type;

	if (pkt->type != VMBUS_PKT_DATA_INBAND || pkt->payload_len < sizeof(type))
		return NULL;
	memcpy(&type, pkt->payload, sizeof(type));
	*low = type - VPCI_BASE;
	if (*low >= VPCI_MESSAGES || !table[*low].handle)
		return NULL;
	return pkt->payload_len < table[*low].min_len ? NULL : &table[*low];
}

void vpci_packet(struct vpci_bus *bus, const struct ring_packet *pkt)
{
	struct vpci_request req = {
		.bus = bus,
		.op = "other",
		.trans_id = pkt->trans_id,
		.wanted = pkt->flags & VMBUS_PACKET_FLAG_COMPLETION_REQUESTED,
		.data = pkt->payload,
		.len = pkt->payload_len,
	};
	const struct entry *e;
	uint32_t low = 0;

	e = find(pkt, &low);
	if (!e) {
		count(&bus->counters.malformed);
		vpci_reply_status(&req, VPCI_STATUS_INVALID_REQUEST);
		return;
	}
	count(&bus->counters.received[low]);
	req.op = e->op;
	if (vpci_fault(bus, "withhold", e->op)) {
		count(&bus->counters.replies_withheld);
		return;
	}
	if (e->when != ANY && (!bus->version || e->version > bus->version))
		vpci_reply_status(&req, VPCI_STATUS_INVALID_REQUEST);
	else if (e->when == IN_D0 && !bus->in_d0)
		vpci_reply_status(&req, VPCI_STATUS_INVALID_STATE);
	else
		e->handle(&req);
}
