/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of "trace vpci": what pci-hyperv does for its devices. Everything is a function that
 * begins and ends: an access of config space, the making of an interrupt's message, its
 * redirection, a step of a probe.
 */
#ifndef AZ_BPF_VPCI_MODEL_H
#define AZ_BPF_VPCI_MODEL_H

#include "bpf/shared/model.h"

/*
 * Events. key names the thread (or the CPU that is idle), a is an enum vpci_what; b in the end of
 * config accesses: VPCI_ACCESS(), of interrupts: the number, in the begin of a probe or of a
 * removal: the relid. Part of the file format: append only.
 */
enum vpci_event { VPCI_BEGIN = 1, VPCI_END };

/* Part of the file format: append only. */
enum vpci_what {
	VPCI_READ,		/* _hv_pcifront_read_config() */
	VPCI_WRITE,		/* _hv_pcifront_write_config() */
	VPCI_COMPOSE,		/* hv_compose_msi_msg() */
	VPCI_RETARGET,		/* hv_irq_unmask() */
	VPCI_PROBE,		/* hv_pci_probe(); those below are steps of it */
	VPCI_VERSION,		/* hv_pci_protocol_negotiation() */
	VPCI_RELATIONS,		/* hv_pci_query_relations() */
	VPCI_D0,		/* hv_pci_enter_d0() */
	VPCI_RESOURCES,		/* hv_send_resources_allocated() */
	VPCI_BARS,		/* prepopulate_bars() */
	VPCI_SCAN,		/* pci_scan_root_bus_bridge() */
	VPCI_ASSIGN,		/* pci_bus_assign_resources() */
	VPCI_ADD,		/* pci_bus_add_devices(): the devices' drivers */
	VPCI_REMOVE,		/* hv_pci_remove() */
	VPCI_WHATS
};

enum vpci_slot {
	VPCI_READ_NS, VPCI_WRITE_NS, VPCI_COMPOSE_NS, VPCI_RETARGET_NS, VPCI_PROBE_NS, VPCI_SLOTS
};

enum vpci_counter {
	VPCI_N_READS = AZT_COUNTS,
	VPCI_N_READS_HOST,
	VPCI_N_WRITES,
	VPCI_N_WRITES_HOST,
	VPCI_N_COMPOSED,
	VPCI_N_RETARGETED,
	VPCI_N_PROBES,
	VPCI_N_REMOVALS,
};

/* Config space of a function, in words of 4 bytes. */
#define VPCI_REGISTERS	1024

#define VPCI_ACCESS(where, size, relid) \
	((unsigned long long)(relid) << 32 | (unsigned long long)(size) << 16 | ((where) & 0xffff))

/* Of one register, of all functions. */
struct vpci_register {
	unsigned long long reads, writes;
	unsigned long long host;		/* that went to the host */
	unsigned long long ns;			/* those */
};

/* Of one bus, by the relid of its channel; an entry stays for good. */
struct vpci_device {
	struct azt_flight f;			/* since: first seen */
	unsigned long long reads, writes, host, ns;
	unsigned long long probes, removals;
	unsigned long long step_ns[VPCI_WHATS];	/* the last time */
};

/* What is under way, by thread and kind. */
struct vpci_flight {
	struct azt_flight f;
	unsigned long long relid;		/* of a probe */
};

AZT_STATS(vpci_registers, struct vpci_register, VPCI_REGISTERS)
AZT_TABLE(vpci_devices, struct vpci_device, 6)
AZT_TABLE(vpci_flights, struct vpci_flight, 10)

/* Does pci-hyperv ask the host, or does it answer itself? As _hv_pcifront_read_config() says. */
AZT_INLINE int vpci_read_goes(unsigned int where, unsigned int end)
{
	if (end <= 0x04 || (where >= 0x08 && end <= 0x0c) || (where >= 0x2c && end <= 0x30) ||
	    (where >= 0x30 && end <= 0x34) || (where >= 0x3c && end <= 0x3d) ||
	    (where >= 0x3d && end <= 0x3e))
		return 0;
	return end <= 0x1000;
}

AZT_INLINE int vpci_write_goes(unsigned int where, unsigned int end)
{
	return !(where >= 0x2c && end <= 0x34) && where >= 0x04 && end <= 0x1000;
}

AZT_INLINE unsigned long long vpci_key(const struct azt_event *e, unsigned int what)
{
	return e->key << 8 | (what + 1);
}

AZT_INLINE struct vpci_device *vpci_device_of(unsigned long long relid, unsigned long long ts)
{
	struct vpci_device *device = vpci_devices_find(relid);

	return device ? device : vpci_devices_begin(relid, ts);
}

AZT_INLINE void vpci_accessed(const struct azt_event *e, unsigned long long ns)
{
	unsigned int where = e->b & 0xffff, end = where + ((e->b >> 16) & 0xff);
	struct vpci_register *reg = vpci_registers_of(where >> 2);
	struct vpci_device *device = vpci_device_of(e->b >> 32, e->ts);
	int read = e->a == VPCI_READ;
	int goes = read ? vpci_read_goes(where, end) : vpci_write_goes(where, end);

	azt_count(read ? VPCI_N_READS : VPCI_N_WRITES, 1);
	if (goes) {
		azt_count(read ? VPCI_N_READS_HOST : VPCI_N_WRITES_HOST, 1);
		azt_hist(read ? VPCI_READ_NS : VPCI_WRITE_NS, ns);
	}
	if (reg) {
		azt_add(read ? &reg->reads : &reg->writes, 1);
		azt_add(&reg->host, goes ? 1 : 0);
		azt_add(&reg->ns, goes ? ns : 0);
	}
	if (device) {
		azt_add(read ? &device->reads : &device->writes, 1);
		azt_add(&device->host, goes ? 1 : 0);
		azt_add(&device->ns, goes ? ns : 0);
	}
}

/* A step of a probe that this thread is in; other buses are scanned too, but not here. */
AZT_INLINE void vpci_stepped(const struct azt_event *e, unsigned long long ns)
{
	struct vpci_flight *probe = vpci_flights_find(vpci_key(e, VPCI_PROBE));
	struct vpci_device *device = probe ? vpci_device_of(probe->relid, e->ts) : NULL;

	if (device && e->a < VPCI_WHATS)
		device->step_ns[e->a] = ns;
}

AZT_INLINE void vpci_probed(const struct azt_event *e, unsigned long long relid,
			    unsigned long long ns)
{
	struct vpci_device *device = vpci_device_of(relid, e->ts);

	if (e->a == VPCI_PROBE)
		azt_hist(VPCI_PROBE_NS, ns);
	azt_count(e->a == VPCI_PROBE ? VPCI_N_PROBES : VPCI_N_REMOVALS, 1);
	if (!device)
		return;
	azt_add(e->a == VPCI_PROBE ? &device->probes : &device->removals, 1);
	device->step_ns[e->a == VPCI_PROBE ? VPCI_PROBE : VPCI_REMOVE] = ns;
}

AZT_INLINE void vpci_end(const struct azt_event *e)
{
	struct vpci_flight *flight = vpci_flights_find(vpci_key(e, (unsigned int)e->a));
	unsigned long long ns, relid;

	if (!flight) {
		azt_count(AZT_UNMATCHED, 1);
		return;
	}
	ns = e->ts - flight->f.since;
	relid = flight->relid;
	azt_end(&flight->f);
	switch (e->a) {
	case VPCI_READ:
	case VPCI_WRITE:
		vpci_accessed(e, ns);
		break;
	case VPCI_COMPOSE:
		azt_count(VPCI_N_COMPOSED, 1);
		azt_hist(VPCI_COMPOSE_NS, ns);
		break;
	case VPCI_RETARGET:
		azt_count(VPCI_N_RETARGETED, 1);
		azt_hist(VPCI_RETARGET_NS, ns);
		break;
	case VPCI_PROBE:
	case VPCI_REMOVE:
		vpci_probed(e, relid, ns);
		break;
	default:
		vpci_stepped(e, ns);
	}
}

AZT_INLINE void vpci_model(const struct azt_event *e)
{
	struct vpci_flight *flight;

	if (e->type == VPCI_END) {
		vpci_end(e);
	} else if (e->type == VPCI_BEGIN) {
		flight = vpci_flights_begin(vpci_key(e, (unsigned int)e->a), e->ts);
		if (flight)
			flight->relid = e->b;
	}
}

#endif
