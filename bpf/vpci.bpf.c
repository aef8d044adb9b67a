// SPDX-License-Identifier: GPL-2.0-only
/* Hooks of "trace vpci": each function of pci-hyperv at its begin and at its end. */
#include "bpf/kern/base.h"
#include "bpf/kern/vpci.h"
#include "bpf/vpci_model.h"

AZT_EVENTS(AZT_TOOL_VPCI, vpci_model)

LICENSE_GPL;

/* One copy of the model for all programs: these are no hot paths, and the object stays small. */
static __noinline int note(u16 type, u64 key, u64 a, u64 b)
{
	azt_event(type, key, a, b);
	return 0;
}

/* A thread stays the same when it moves to another CPU; an idle CPU cannot move. */
static __always_inline u64 who(void)
{
	u32 thread = (u32)bpf_get_current_pid_tgid();

	return thread ? thread : 1ull << 32 | bpf_get_smp_processor_id();
}

static __always_inline u32 relid_of(struct hv_device *device)
{
	return device->channel->offermsg.child_relid;
}

static __always_inline u64 access_of(struct hv_pci_dev *dev, int where, int size)
{
	return VPCI_ACCESS(where, size, relid_of(dev->hbus->hdev));
}

SEC("fentry/_hv_pcifront_read_config")
int BPF_PROG(read_begin)
{
	note(VPCI_BEGIN, who(), VPCI_READ, 0);
	return 0;
}

SEC("fexit/_hv_pcifront_read_config")
int BPF_PROG(read_end, struct hv_pci_dev *dev, int where, int size, u32 *value)
{
	note(VPCI_END, who(), VPCI_READ, access_of(dev, where, size));
	return 0;
}

SEC("fentry/_hv_pcifront_write_config")
int BPF_PROG(write_begin)
{
	note(VPCI_BEGIN, who(), VPCI_WRITE, 0);
	return 0;
}

SEC("fexit/_hv_pcifront_write_config")
int BPF_PROG(write_end, struct hv_pci_dev *dev, int where, int size, u32 value)
{
	note(VPCI_END, who(), VPCI_WRITE, access_of(dev, where, size));
	return 0;
}

#define INTERRUPT(name, function, what)						\
	SEC("fentry/" #function)						\
	int BPF_PROG(name##_begin, struct irq_data *data)			\
	{									\
		note(VPCI_BEGIN, who(), what, 0);				\
		return 0;							\
	}									\
	SEC("fexit/" #function)							\
	int BPF_PROG(name##_end, struct irq_data *data)				\
	{									\
		note(VPCI_END, who(), what, data->irq);			\
		return 0;							\
	}

INTERRUPT(compose, hv_compose_msi_msg, VPCI_COMPOSE)
INTERRUPT(retarget, hv_irq_unmask, VPCI_RETARGET)

#define DEVICE(name, function, what)						\
	SEC("fentry/" #function)						\
	int BPF_PROG(name##_begin, struct hv_device *device)			\
	{									\
		note(VPCI_BEGIN, who(), what, relid_of(device));		\
		return 0;							\
	}									\
	SEC("fexit/" #function)							\
	int BPF_PROG(name##_end)						\
	{									\
		note(VPCI_END, who(), what, 0);				\
		return 0;							\
	}

DEVICE(probe, hv_pci_probe, VPCI_PROBE)
DEVICE(remove, hv_pci_remove, VPCI_REMOVE)

#define STEP(name, function, what)						\
	SEC("fentry/" #function)						\
	int BPF_PROG(name##_begin)						\
	{									\
		note(VPCI_BEGIN, who(), what, 0);				\
		return 0;							\
	}									\
	SEC("fexit/" #function)							\
	int BPF_PROG(name##_end)						\
	{									\
		note(VPCI_END, who(), what, 0);				\
		return 0;							\
	}

STEP(version, hv_pci_protocol_negotiation, VPCI_VERSION)
STEP(relations, hv_pci_query_relations, VPCI_RELATIONS)
STEP(d0, hv_pci_enter_d0, VPCI_D0)
STEP(resources, hv_send_resources_allocated, VPCI_RESOURCES)
STEP(bars, prepopulate_bars, VPCI_BARS)
STEP(scan, pci_scan_root_bus_bridge, VPCI_SCAN)
STEP(assign, pci_bus_assign_resources, VPCI_ASSIGN)
STEP(add, pci_bus_add_devices, VPCI_ADD)
