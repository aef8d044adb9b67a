// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2): the vector table and the pending bits in a
 * BAR, masks, and the message. All of it under one lock, in which the message
 * is sent: when the guest's write of a mask bit has returned, no interrupt of
 * that vector comes any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pci/bus.h"

#define ENTRY_SIZE	PCI_MSIX_ENTRY_SIZE

static uint32_t table_len(const struct pci_msix *m)
{
	return m->vectors * ENTRY_SIZE;
}

static uint32_t pending_len(const struct pci_msix *m)
{
	return (m->vectors + 63) / 64 * 8;
}

int pci_add_msix(struct pci_function *fn, unsigned int vectors, unsigned int bar, uint32_t table,
		 uint32_t pba)
{
	struct pci_msix *m = &fn->msix;
	uint64_t table_end = table + (uint64_t)vectors * ENTRY_SIZE;
	uint64_t pba_end = pba + ((uint64_t)vectors + 63) / 64 * 8;
	int at;

	if (!vectors || vectors > PCI_MSIX_MAX || m->vectors || bar >= PCI_BARS ||
	    fn->bar[bar].kind != PCI_BAR_TRAPPED || table % 8 || pba % 8 ||
	    table_end > fn->bar[bar].size || pba_end > fn->bar[bar].size ||
	    (table < pba_end && pba < table_end))
		return -EINVAL;
	m->entry = calloc(vectors, sizeof(*m->entry));
	m->pending = calloc((vectors + 63) / 64, sizeof(*m->pending));
	if (!m->entry || !m->pending)
		return -ENOMEM;
	at = pci_add_capability(fn, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	if (at < 0)
		return at;
	m->capability = (unsigned int)at;
	m->vectors = vectors;
	m->bar = bar;
	m->table = table;
	m->pba = pba;
	pci_set16(fn, m->capability + PCI_MSIX_FLAGS, (uint16_t)(vectors - 1));
	pci_set_writable(fn, m->capability, (uint32_t)(PCI_MSIX_FLAGS_ENABLE |
						       PCI_MSIX_FLAGS_MASKALL) << 16);
	pci_set32(fn, m->capability + PCI_MSIX_TABLE, table | bar);
	pci_set32(fn, m->capability + PCI_MSIX_PBA, pba | bar);
	pci_msix_reset(fn);
	return 0;
}

/* ---- messages, under the lock ------------------------------------------------- */

static bool is_masked(const struct pci_msix *m, unsigned int vector)
{
	return m->masked || m->entry[vector].control & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void send(struct pci_function *fn, unsigned int vector)
{
	const struct pci_msix_entry *e = &fn->msix.entry[vector];

	if (fn->link && atomic_load(&fn->master_on) &&
	    fn->link->message(fn->link->ctx, e->address, e->data))
		count(&fn->counters.interrupts);
	else
		count(&fn->counters.interrupts_dropped);
}

static void send_pending(struct pci_function *fn, unsigned int vector)
{
	uint64_t bit = 1ull << vector % 64, *word = &fn->msix.pending[vector / 64];

	if (!(*word & bit) || !fn->msix.enabled || is_masked(&fn->msix, vector))
		return;
	*word &= ~bit;
	send(fn, vector);
}

void pci_raise(struct pci_function *fn, unsigned int vector)
{
	struct pci_msix *m = &fn->msix;

	if (vector >= m->vectors)
		return;
	pthread_mutex_lock(&m->lock);
	if (!m->enabled) {
		count(&fn->counters.interrupts_dropped);
	} else if (is_masked(m, vector)) {
		m->pending[vector / 64] |= 1ull << vector % 64;
		count(&fn->counters.interrupts_pended);
	} else {
		send(fn, vector);
	}
	pthread_mutex_unlock(&m->lock);
}

void pci_msix_control(struct pci_function *fn, uint16_t control)
{
	struct pci_msix *m = &fn->msix;

	pthread_mutex_lock(&m->lock);
	m->enabled = control & PCI_MSIX_FLAGS_ENABLE;
	m->masked = control & PCI_MSIX_FLAGS_MASKALL;
	for (unsigned int i = 0; i < m->vectors; i++)
		send_pending(fn, i);
	pthread_mutex_unlock(&m->lock);
}

void pci_msix_reset(struct pci_function *fn)
{
	struct pci_msix *m = &fn->msix;

	if (!m->vectors)
		return;
	pthread_mutex_lock(&m->lock);
	m->enabled = false;
	m->masked = false;
	memset(m->entry, 0, m->vectors * sizeof(*m->entry));
	memset(m->pending, 0, pending_len(m));
	for (unsigned int i = 0; i < m->vectors; i++)
		m->entry[i].control = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	pthread_mutex_unlock(&m->lock);
}

/* ---- the table as the guest sees it ------------------------------------------------ */

/* One double word of an entry; the guest may use double words and quad words only. */
static void write_word(struct pci_msix_entry *e, unsigned int word, uint32_t value)
{
	switch (word) {
	case 0:
		e->address = (e->address & ~0xffffffffull) | value;
		break;
	case 1:
		e->address = (e->address & 0xffffffffull) | (uint64_t)value << 32;
		break;
	case 2:
		e->data = value;
		break;
	default:
		e->control = value & PCI_MSIX_ENTRY_CTRL_MASKBIT;
		break;
	}
}

static uint32_t read_word(const struct pci_msix_entry *e, unsigned int word)
{
	switch (word) {
	case 0:
		return (uint32_t)e->address;
	case 1:
		return (uint32_t)(e->address >> 32);
	case 2:
		return e->data;
	default:
		return e->control;
	}
}

static uint64_t table_access(struct pci_function *fn, uint32_t offset, unsigned int size,
			     bool write, uint64_t value)
{
	struct pci_msix *m = &fn->msix;
	uint64_t result = ~0ull;

	if (size < 4 || offset % size)
		return result;
	result = 0;
	pthread_mutex_lock(&m->lock);
	for (unsigned int i = 0; i < size; i += 4) {
		unsigned int vector = (offset + i) / ENTRY_SIZE, word = (offset + i) / 4 % 4;

		if (write)
			write_word(&m->entry[vector], word, (uint32_t)(value >> 8 * i));
		else
			result |= (uint64_t)read_word(&m->entry[vector], word) << 8 * i;
		if (write && word == 3)
			send_pending(fn, vector);
	}
	pthread_mutex_unlock(&m->lock);
	return result;
}

static uint64_t pending_read(struct pci_function *fn, uint32_t offset, unsigned int size)
{
	uint64_t value;

	if (offset % size)
		return ~0ull;
	pthread_mutex_lock(&fn->msix.lock);
	value = fn->msix.pending[offset / 8] >> 8 * (offset % 8);
	pthread_mutex_unlock(&fn->msix.lock);
	return value;
}

bool pci_msix_access(struct pci_function *fn, unsigned int bar, uint64_t offset,
		     unsigned int size, bool write, uint64_t *value)
{
	const struct pci_msix *m = &fn->msix;

	if (!m->vectors || bar != m->bar)
		return false;
	if (offset >= m->table && offset + size <= m->table + table_len(m)) {
		*value = table_access(fn, (uint32_t)offset - m->table, size, write, *value);
		return true;
	}
	if (offset >= m->pba && offset + size <= m->pba + pending_len(m)) {
		if (!write)
			*value = pending_read(fn, (uint32_t)offset - m->pba, size);
		return true;
	}
	return false;
}
