/* SPDX-License-Identifier: GPL-2.0-only */
/* Of drivers/pci/controller/pci-hyperv.c, and of interrupts. */
#ifndef AZ_BPF_KERN_VPCI_H
#define AZ_BPF_KERN_VPCI_H

#include "bpf/kern/vmbus.h"

struct hv_device {
	struct vmbus_channel *channel;
} KERN_TYPE;

struct hv_pcibus_device {
	struct hv_device *hdev;
} KERN_TYPE;

struct hv_pci_dev {
	struct hv_pcibus_device *hbus;
} KERN_TYPE;

struct irq_data {
	unsigned int irq;
} KERN_TYPE;

#endif
