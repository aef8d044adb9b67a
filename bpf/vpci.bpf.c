// SPDX-License-Identifier: GPL-2.0-only
/* Hooks of "trace vpci": each function of pci-hyperv at its begin and at its end. */
#include "bpf/kern/base.h"
#include "bpf/kern/vpci.h"
#include "bpf/vpci_model.h"

AZT_EVENTS(AZT_TOOL_VPCI, vpci_model)

LICENSE_GPL;

#include "bpf/kern/caller.h"

static __always_inline u32 relid_of(struct hv_device *device)
{
	return device->channel->offermsg.child_relid;
}

static __always_inline u64 access_of(struct hv_pci_dev *dev, int where, int size)
{
	return VPCI_ACCESS(where, size, relid_of(dev->hbus->hdev));
}

#define AROUND(name, function, what, at_begin, at_end, args...)	\
	BRACKET(name, function, VPCI_BEGIN, VPCI_END, what, at_begin, at_end, ##args)

#define CONFIG(name, function, what)					\
	AROUND(name, function, what, 0, access_of(dev, where, size),	\
	       struct hv_pci_dev *dev, int where, int size)

CONFIG(read, _hv_pcifront_read_config, VPCI_READ)
CONFIG(write, _hv_pcifront_write_config, VPCI_WRITE)

#define INTERRUPT(name, function, what)	\
	AROUND(name, function, what, 0, data->irq, struct irq_data *data)

INTERRUPT(compose, hv_compose_msi_msg, VPCI_COMPOSE)
INTERRUPT(retarget, hv_irq_unmask, VPCI_RETARGET)

#define DEVICE(name, function, what)	\
	AROUND(name, function, what, relid_of(device), 0, struct hv_device *device)

DEVICE(probe, hv_pci_probe, VPCI_PROBE)
DEVICE(remove, hv_pci_remove, VPCI_REMOVE)

#define STEP(name, function, what)	AROUND(name, function, what, 0, 0)

STEP(version, hv_pci_protocol_negotiation, VPCI_VERSION)
STEP(relations, hv_pci_query_relations, VPCI_RELATIONS)
STEP(d0, hv_pci_enter_d0, VPCI_D0)
STEP(resources, hv_send_resources_allocated, VPCI_RESOURCES)
STEP(bars, prepopulate_bars, VPCI_BARS)
STEP(scan, pci_scan_root_bus_bridge, VPCI_SCAN)
STEP(assign, pci_bus_assign_resources, VPCI_ASSIGN)
STEP(add, pci_bus_add_devices, VPCI_ADD)
