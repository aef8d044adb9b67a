// SPDX-License-Identifier: GPL-2.0-only
/* The bus's life as the guest directs it: version, D0, resources; config blocks. */
#include <stddef.h>
#include <string.h>

#include "vpci/internal.h"

void vpci_query_version(struct vpci_request *req)
{
	const struct vpci_query_version *m = req->data;
	struct vpci_bus *bus = req->bus;

	if (m->version < VPCI_VERSION_1_1 || m->version > bus->max_version || bus->version ||
	    vpci_fault(bus, "refuse-version", NULL)) {
		vpci_reply_status(req, VPCI_STATUS_REVISION_MISMATCH);
		return;
	}
	bus->version = m->version;
	vpci_reply_status(req, VPCI_STATUS_SUCCESS);
}

/* ---- D0 ------------------------------------------------------------------------ */

/* A guest that did not leave (a crash kernel's) has to: it sends D0 exit and tries again. */
void vpci_d0_entry(struct vpci_request *req)
{
	const struct vpci_d0_entry *m = req->data;
	struct vpci_bus *bus = req->bus;

	if (bus->in_d0) {
		vpci_reply_status(req, VPCI_STATUS_INVALID_STATE);
		return;
	}
	if (!vpci_fault(bus, "no-window", NULL) && vpci_window_map(bus, m->mmio_base)) {
		vpci_reply_status(req, VPCI_STATUS_INVALID_PARAMETER);
		return;
	}
	pthread_mutex_lock(&bus->lock);
	bus->in_d0 = true;
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		if (bus->slot[i].present)
			pci_start(bus->slot[i].fn);
	}
	pthread_mutex_unlock(&bus->lock);
	vpci_reply_status(req, VPCI_STATUS_SUCCESS);
}

void vpci_leave(struct vpci_bus *bus)
{
	if (!bus->in_d0)
		return;
	pthread_mutex_lock(&bus->lock);
	bus->in_d0 = false;
	pthread_mutex_unlock(&bus->lock);
	/* It waits for accesses, which wait for the lock. */
	vpci_window_unmap(bus);
	pthread_mutex_lock(&bus->lock);
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		if (bus->slot[i].present)
			pci_reset(bus->slot[i].fn, PCI_RESET_BUS);
	}
	pthread_mutex_unlock(&bus->lock);
	vpci_forget_interrupts(bus, NULL);
}

void vpci_d0_exit(struct vpci_request *req)
{
	vpci_leave(req->bus);
	vpci_reply_status(req, VPCI_STATUS_SUCCESS);
}

/* ---- resources -------------------------------------------------------------------- */

/* Both forms; what the guest lists in them it leaves empty. */
void vpci_resources_assigned(struct vpci_request *req)
{
	const struct vpci_child *m = req->data;
	struct vpci_bus *bus = req->bus;
	struct vpci_slot *slot;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, m->slot);
	if (slot)
		pci_assigned(slot->fn);
	pthread_mutex_unlock(&bus->lock);
	vpci_reply_status(req, slot ? VPCI_STATUS_SUCCESS : VPCI_STATUS_NO_SUCH_DEVICE);
}

void vpci_resources_released(struct vpci_request *req)
{
	const struct vpci_child *m = req->data;
	struct vpci_bus *bus = req->bus;
	struct vpci_slot *slot;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, m->slot);
	pthread_mutex_unlock(&bus->lock);
	if (slot)
		vpci_forget_interrupts(bus, slot);
	vpci_reply_status(req, slot ? VPCI_STATUS_SUCCESS : VPCI_STATUS_NO_SUCH_DEVICE);
}

/* ---- config blocks ------------------------------------------------------------------- */

static struct pci_function *find_function(struct vpci_bus *bus, uint32_t number)
{
	struct vpci_slot *slot;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, number);
	pthread_mutex_unlock(&bus->lock);
	return slot ? slot->fn : NULL;
}

void vpci_read_block(struct vpci_request *req)
{
	const struct vpci_read_block *m = req->data;
	struct pci_function *fn = find_function(req->bus, m->slot);
	struct vpci_block answer = { 0 };
	int len = -1;

	if (fn && fn->ops->block_read && m->len && m->len <= VPCI_BLOCK_MAX)
		len = fn->ops->block_read(fn, m->block, answer.data, m->len);
	if (len < 0)
		vpci_reply_status(req, VPCI_STATUS_INVALID_PARAMETER);
	else
		vpci_reply(req, &answer, offsetof(struct vpci_block, data) + (uint32_t)len, 0);
}

void vpci_write_block(struct vpci_request *req)
{
	const struct vpci_write_block *m = req->data;
	struct pci_function *fn = find_function(req->bus, m->slot);
	bool done = fn && fn->ops->block_write && m->len && m->len <= VPCI_BLOCK_MAX &&
		m->len <= req->len - offsetof(struct vpci_write_block, data) &&
		!fn->ops->block_write(fn, m->block, m->data, m->len);

	vpci_reply_status(req, done ? VPCI_STATUS_SUCCESS : VPCI_STATUS_INVALID_PARAMETER);
}
