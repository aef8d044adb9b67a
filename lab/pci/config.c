// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space (PCI Local Bus 3.0, 6; PCI Express Base 4.0, 7). Bytes with a
 * mask of what the guest may change; what a write does beyond storing is done
 * here: decoding on and off, BARs, MSI-X control, function level reset.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pci/bus.h"

#define PCI_FIRST_CAPABILITY	0x40u
#define PCI_CAPABILITY_END	0x100u
#define PCIE_CAP_LEN		0x3c

/* ---- access by offset ------------------------------------------------------- */

static void put(uint8_t *at, unsigned int size, uint32_t value)
{
	for (unsigned int i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *at, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

void pci_set8(struct pci_function *fn, unsigned int offset, uint8_t value)
{
	put(fn->config + offset, 1, value);
}

void pci_set16(struct pci_function *fn, unsigned int offset, uint16_t value)
{
	put(fn->config + offset, 2, value);
}

void pci_set32(struct pci_function *fn, unsigned int offset, uint32_t value)
{
	put(fn->config + offset, 4, value);
}

uint32_t pci_get(const struct pci_function *fn, unsigned int offset, unsigned int size)
{
	return get(fn->config + offset, size);
}

void pci_set_writable(struct pci_function *fn, unsigned int offset, uint32_t mask)
{
	put(fn->writable + offset, 4, mask);
}

/* ---- capabilities ------------------------------------------------------------ */

int pci_add_capability(struct pci_function *fn, uint8_t id, unsigned int len)
{
	unsigned int at = fn->next_capability;

	if (len < 2 || at + len > PCI_CAPABILITY_END)
		return -ENOSPC;
	if (fn->last_capability)
		pci_set8(fn, fn->last_capability + PCI_CAP_LIST_NEXT, (uint8_t)at);
	else
		pci_set8(fn, PCI_CAPABILITY_LIST, (uint8_t)at);
	pci_set16(fn, PCI_STATUS, (uint16_t)(pci_get(fn, PCI_STATUS, 2) | PCI_STATUS_CAP_LIST));
	pci_set8(fn, at + PCI_CAP_LIST_ID, id);
	pci_set8(fn, at + PCI_CAP_LIST_NEXT, 0);
	fn->last_capability = at;
	fn->next_capability = (at + len + 3) & ~3u;
	return (int)at;
}

int pci_add_pcie(struct pci_function *fn, bool flr)
{
	int at = pci_add_capability(fn, PCI_CAP_ID_EXP, PCIE_CAP_LEN);
	unsigned int base = (unsigned int)at;

	if (at < 0)
		return at;
	fn->pcie = base;
	pci_set16(fn, base + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	pci_set32(fn, base + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | (flr ? PCI_EXP_DEVCAP_FLR : 0));
	/* Relaxed ordering, payload, read request; the reset bit never reads as set. */
	pci_set_writable(fn, base + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_RELAX_EN |
			 PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_NOSNOOP_EN |
			 PCI_EXP_DEVCTL_READRQ);
	/* 16 lanes at 8 GT/s, as far as a guest can see one. */
	pci_set32(fn, base + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_8_0GB | 16 << 4);
	pci_set16(fn, base + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_8_0GB | 16 << 4);
	return 0;
}

/* ---- what the guest does --------------------------------------------------------- */

static enum pci_reg reg_of(unsigned int offset)
{
	if (offset < PCI_COMMAND)
		return PCI_REG_ID;
	if (offset < PCI_CLASS_REVISION)
		return PCI_REG_COMMAND;
	if (offset >= PCI_BASE_ADDRESS_0 && offset < PCI_CARDBUS_CIS)
		return PCI_REG_BAR;
	if (offset < PCI_FIRST_CAPABILITY)
		return PCI_REG_HEADER;
	return offset < PCI_CAPABILITY_END ? PCI_REG_CAPABILITY : PCI_REG_EXTENDED;
}

static bool good_access(unsigned int offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4) && offset <= PCI_CONFIG_SIZE - size;
}

uint32_t pci_config_read(struct pci_function *fn, unsigned int offset, unsigned int size)
{
	if (!good_access(offset, size))
		return 0xffffffffu;
	count(&fn->counters.config_read[atomic_load(&fn->phase)][reg_of(offset)]);
	return get(fn->config + offset, size);
}

static bool touches(unsigned int offset, unsigned int size, unsigned int reg, unsigned int len)
{
	return offset < reg + len && reg < offset + size;
}

static void set_phase(struct pci_function *fn, enum pci_phase phase)
{
	atomic_store(&fn->phase, phase);
}

/*
 * Setup ends with the assignment of resources; a function that comes later is
 * not assigned any, and its driver's first step ends it.
 */
static void update_phase(struct pci_function *fn)
{
	bool memory = atomic_load(&fn->memory_on);

	if (atomic_load(&fn->phase) == PCI_PHASE_SETUP && !memory)
		return;
	if (!memory)
		set_phase(fn, PCI_PHASE_SCAN);
	else
		set_phase(fn, fn->msix.enabled ? PCI_PHASE_RUNNING : PCI_PHASE_ENABLED);
}

static void command_written(struct pci_function *fn)
{
	uint32_t command = pci_get(fn, PCI_COMMAND, 2);
	bool memory = command & PCI_COMMAND_MEMORY, master = command & PCI_COMMAND_MASTER;

	if (memory == atomic_load(&fn->memory_on) && master == atomic_load(&fn->master_on))
		return;
	atomic_store(&fn->master_on, master);
	atomic_store(&fn->memory_on, memory);
	pci_bars_update(fn);
	update_phase(fn);
	if (fn->ops->enabled)
		fn->ops->enabled(fn, memory, master);
}

static bool is_flr(const struct pci_function *fn, unsigned int offset, unsigned int size,
		   uint32_t value)
{
	unsigned int high = fn->pcie + PCI_EXP_DEVCTL + 1;

	if (!fn->pcie || !touches(offset, size, high, 1) ||
	    !(pci_get(fn, fn->pcie + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR))
		return false;
	return value >> 8 * (high - offset) & PCI_EXP_DEVCTL_BCR_FLR >> 8;
}

static void side_effects(struct pci_function *fn, unsigned int offset, unsigned int size)
{
	unsigned int msix = fn->msix.capability + PCI_MSIX_FLAGS;

	if (touches(offset, size, PCI_COMMAND, 2))
		command_written(fn);
	if (fn->msix.vectors && touches(offset, size, msix, 2)) {
		pci_msix_control(fn, (uint16_t)pci_get(fn, msix, 2));
		update_phase(fn);
	}
	if (fn->ops->config_write)
		fn->ops->config_write(fn, offset, size);
}

/*
 * A BAR that is written while memory decoding is on keeps its value, as on
 * Hyper-V (prepopulate_bars() of pci-hyperv.c).
 */
void pci_config_write(struct pci_function *fn, unsigned int offset, unsigned int size,
		      uint32_t value)
{
	if (!good_access(offset, size))
		return;
	count(&fn->counters.config_write[atomic_load(&fn->phase)][reg_of(offset)]);
	if (reg_of(offset) == PCI_REG_BAR && atomic_load(&fn->memory_on)) {
		count(&fn->counters.bar_writes_ignored);
		return;
	}
	for (unsigned int i = 0; i < size; i++) {
		uint8_t mask = fn->writable[offset + i];

		fn->config[offset + i] = (uint8_t)((fn->config[offset + i] & ~mask) |
						   (value >> 8 * i & mask));
	}
	if (is_flr(fn, offset, size, value))
		pci_reset(fn, PCI_RESET_FLR);
	else
		side_effects(fn, offset, size);
}

/* ---- life ------------------------------------------------------------------------- */

void pci_init(struct pci_function *fn, const struct pci_env *env, const struct pci_ops *ops,
	      const struct pci_identity *id)
{
	fn->ops = ops;
	fn->type = env->type;
	fn->mem = env->mem;
	fn->faults = env->faults;
	snprintf(fn->name, sizeof(fn->name), "%s%u", env->type, env->instance);
	fn->next_capability = PCI_FIRST_CAPABILITY;
	pthread_mutex_init(&fn->msix.lock, NULL);
	pci_set16(fn, PCI_VENDOR_ID, id->vendor);
	pci_set16(fn, PCI_DEVICE_ID, id->device);
	pci_set32(fn, PCI_CLASS_REVISION, id->class_code << 8 | id->revision);
	pci_set16(fn, PCI_SUBSYSTEM_VENDOR_ID, id->subsystem_vendor);
	pci_set16(fn, PCI_SUBSYSTEM_ID, id->subsystem);
	pci_set_writable(fn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			 PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	pci_set_writable(fn, PCI_CACHE_LINE_SIZE & ~3u, 0xffff);	/* and latency timer */
}

void pci_attach(struct pci_function *fn, struct pci_link *link)
{
	memcpy(fn->power_on, fn->config, sizeof(fn->config));
	fn->link = link;
}

void pci_start(struct pci_function *fn)
{
	count(&fn->counters.starts);
	if (fn->ops->started)
		fn->ops->started(fn);
}

void pci_assigned(struct pci_function *fn)
{
	set_phase(fn, PCI_PHASE_SCAN);
	update_phase(fn);
}

void pci_reset(struct pci_function *fn, enum pci_reset_reason why)
{
	struct pci_counters *c = &fn->counters;
	bool assigned = atomic_load(&fn->phase) != PCI_PHASE_SETUP;

	count(why == PCI_RESET_FLR ? &c->resets_flr :
	      why == PCI_RESET_BUS ? &c->resets_bus : &c->resets_removed);
	atomic_store(&fn->master_on, false);
	atomic_store(&fn->memory_on, false);
	pci_bars_update(fn);
	pci_msix_reset(fn);
	fn->ops->reset(fn, why);
	memcpy(fn->config, fn->power_on, sizeof(fn->config));
	set_phase(fn, why == PCI_RESET_FLR && assigned ? PCI_PHASE_SCAN : PCI_PHASE_SETUP);
}
