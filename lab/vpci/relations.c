// SPDX-License-Identifier: GPL-2.0-only
/* Which functions there are, what they need, and which the guest is to let go. */
#include <errno.h>
#include <string.h>

#include "vpci/internal.h"

#define MAX_RELATIONS	(sizeof(struct vpci_relations) + \
			 VPCI_MAX_SLOTS * sizeof(struct vpci_description2))

static int send(struct vpci_bus *bus, const void *data, size_t len)
{
	struct iovec iov = { (void *)data, len };

	return channel_send(bus->ch, VMBUS_PKT_DATA_INBAND, 0, 0, NULL, 0, &iov, 1);
}

/* ---- relations ---------------------------------------------------------------- */

static struct vpci_description2 describe(const struct vpci_slot *slot)
{
	const struct pci_function *fn = slot->fn;
	struct vpci_description2 d = {
		.base.vendor = (uint16_t)pci_get(fn, PCI_VENDOR_ID, 2),
		.base.device = (uint16_t)pci_get(fn, PCI_DEVICE_ID, 2),
		.base.revision = (uint8_t)pci_get(fn, PCI_REVISION_ID, 1),
		.base.interface = (uint8_t)pci_get(fn, PCI_CLASS_PROG, 1),
		.base.subclass = (uint8_t)pci_get(fn, PCI_CLASS_DEVICE, 1),
		.base.base_class = (uint8_t)pci_get(fn, PCI_CLASS_DEVICE + 1, 1),
		.base.subsystem = pci_get(fn, PCI_SUBSYSTEM_VENDOR_ID, 4),
		.base.slot = slot->number,
		.base.serial = slot->place.serial,
	};

	if (slot->place.has_numa) {
		d.flags = VPCI_DESCRIPTION_NUMA;
		d.numa_node = (uint16_t)slot->place.numa;
	}
	return d;
}

/* The message in @buf in the form of the agreed version; its length. */
static size_t build(struct vpci_bus *bus, uint8_t *buf)
{
	bool numa = bus->version >= VPCI_VERSION_1_3;
	size_t each = numa ? sizeof(struct vpci_description2) : sizeof(struct vpci_description);
	struct vpci_relations head = { .type = numa ? VPCI_BUS_RELATIONS2 : VPCI_BUS_RELATIONS };
	size_t len = sizeof(head);

	pthread_mutex_lock(&bus->lock);
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		struct vpci_description2 d = describe(&bus->slot[i]);

		if (!bus->slot[i].present)
			continue;
		memcpy(buf + len, &d, each);
		len += each;
		head.count++;
	}
	pthread_mutex_unlock(&bus->lock);
	memcpy(buf, &head, sizeof(head));
	return len;
}

/* What a fault makes of it: a count that the bytes do not bear out, or no functions. */
static size_t spoil(uint8_t *buf, size_t len, const struct fault *f)
{
	const char *kind = fault_str(f, "kind", "short");
	struct vpci_relations head;

	memcpy(&head, buf, sizeof(head));
	if (!strcmp(kind, "empty")) {
		head.count = 0;
		len = sizeof(head);
	} else if (!strcmp(kind, "count")) {
		head.count = 0x0fffffff;
	} else {
		len = len > sizeof(head) ? len - 8 : len;
	}
	memcpy(buf, &head, sizeof(head));
	return len;
}

static bool say_relations(struct vpci_bus *bus)
{
	uint8_t buf[MAX_RELATIONS];
	const struct fault *f;
	size_t len;

	if (!atomic_load(&bus->relations_asked) || !atomic_exchange(&bus->relations_due, false))
		return true;
	if (vpci_fault(bus, "no-relations", NULL))
		return true;
	len = build(bus, buf);
	f = vpci_fault(bus, "relations", NULL);
	if (f)
		len = spoil(buf, len, f);
	if (send(bus, buf, len) == -EAGAIN) {
		atomic_store(&bus->relations_due, true);
		return false;
	}
	count(&bus->counters.relations_sent);
	return true;
}

void vpci_query_relations(struct vpci_request *req)
{
	atomic_store(&req->bus->relations_asked, true);
	atomic_store(&req->bus->relations_due, true);
	/* None is sent for it; a guest that asked for a completion gets one. */
	vpci_reply_status(req, VPCI_STATUS_SUCCESS);
}

/* ---- ejection ------------------------------------------------------------------- */

static bool say_eject(struct vpci_bus *bus, struct vpci_slot *slot)
{
	struct vpci_child m = { .type = VPCI_EJECT, .slot = slot->number };
	bool due;

	pthread_mutex_lock(&bus->lock);
	due = slot->eject_due;
	slot->eject_due = false;
	pthread_mutex_unlock(&bus->lock);
	if (!due)
		return true;
	if (send(bus, &m, sizeof(m)) == -EAGAIN) {
		pthread_mutex_lock(&bus->lock);
		slot->eject_due = slot->ejecting;
		pthread_mutex_unlock(&bus->lock);
		return false;
	}
	count(&bus->counters.ejects_sent);
	count(&slot->counters.ejects);
	if (!vpci_fault(bus, "eject-race", NULL))
		return true;
	pthread_mutex_lock(&bus->lock);
	vpci_gone(slot);
	pthread_mutex_unlock(&bus->lock);
	atomic_store(&bus->relations_due, true);
	return say_relations(bus);
}

void vpci_eject_complete(struct vpci_request *req)
{
	const struct vpci_eject_complete *m = req->data;
	struct vpci_bus *bus = req->bus;
	struct vpci_slot *slot;
	bool ejected;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, m->slot);
	ejected = slot && slot->ejecting;
	if (ejected) {
		count(&slot->counters.ejected);
		vpci_gone(slot);
	}
	pthread_mutex_unlock(&bus->lock);
	if (ejected)
		vpci_rescind_if_empty(bus);
	vpci_reply_status(req, ejected ? VPCI_STATUS_SUCCESS : VPCI_STATUS_NO_SUCH_DEVICE);
}

/* ---- config blocks that changed ----------------------------------------------------- */

static bool say_invalid(struct vpci_bus *bus, struct vpci_slot *slot)
{
	struct vpci_invalidate_block m = {
		.type = VPCI_INVALIDATE_BLOCK,
		.slot = slot->number,
		.mask = atomic_exchange(&slot->invalid_blocks, 0),
	};

	if (!m.mask || !bus->in_d0)
		return true;
	if (send(bus, &m, sizeof(m)) == -EAGAIN) {
		atomic_fetch_or(&slot->invalid_blocks, m.mask);
		return false;
	}
	count(&bus->counters.invalidations_sent);
	return true;
}

/* ---- all of it -------------------------------------------------------------------- */

bool vpci_say(struct vpci_bus *bus)
{
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		if (!say_eject(bus, &bus->slot[i]) || !say_invalid(bus, &bus->slot[i]))
			return false;
	}
	return say_relations(bus);
}

static void say(struct vmbus_channel *ch, void *ctx)
{
	struct vpci_bus *bus = (struct vpci_bus *)ch->dev;

	/* Behind what waits for room already; ready() says it then. */
	if (replies_flush(&bus->replies))
		vpci_say(bus);
}

void vpci_say_soon(struct vpci_bus *bus)
{
	vmbus_for_each_open(&bus->dev, say, NULL);
}

/* ---- resources --------------------------------------------------------------------- */

static void spoil_bars(struct vpci_resources *r, const struct fault *f)
{
	if (!strcmp(fault_str(f, "kind", "bar5-64"), "io"))
		r->probed_bar[0] |= PCI_BASE_ADDRESS_SPACE_IO;
	else
		r->probed_bar[5] |= 0xfffff000u | PCI_BASE_ADDRESS_MEM_TYPE_64;
}

void vpci_query_resources(struct vpci_request *req)
{
	const struct vpci_child *m = req->data;
	struct vpci_resources answer = { 0 };
	struct vpci_bus *bus = req->bus;
	const struct vpci_slot *slot;
	const struct fault *f;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, m->slot);
	for (unsigned int i = 0; slot && i < PCI_BARS; i++)
		answer.probed_bar[i] = pci_probed_bar(slot->fn, i);
	pthread_mutex_unlock(&bus->lock);
	if (!slot) {
		vpci_reply_status(req, VPCI_STATUS_NO_SUCH_DEVICE);
		return;
	}
	f = vpci_fault(bus, "bars", NULL);
	if (f)
		spoil_bars(&answer, f);
	vpci_reply(req, &answer, sizeof(answer), 0);
}
