// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "proto/pcitest.h"
#include "tests/unit/vpcirig.h"

#define RING_PAGES	5	/* as pci-hyperv: 16 KiB and the control page */

struct fakeguest *fg;
struct vpci *vpci;
struct vmbus_device *bus;
struct fg_channel *chan;

void rig_start(const char *const *specs, unsigned int n)
{
	char err[300] = "";

	fakepci_reset();
	fg = fg_new(64, FAKEPCI_VPS);
	vpci = vpci_create(fg->bus, &fakepci);
	assert_int_equal(vpci_register_faults(fg->faults), 0);
	for (unsigned int i = 0; i < n; i++) {
		if (vpci_add(vpci, specs[i], err, sizeof(err)))
			fail_msg("%s", err);
	}
	assert_int_equal(vpci_offer(vpci), 0);
	bus = vmbus_find_device(fg->bus, "vpci0");
	assert_non_null(bus);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	fg_request_offers(fg);
	chan = NULL;
	if (!bus->absent)
		rig_open();
}

void rig_open(void)
{
	chan = fg_open(fg, bus, 0, RING_PAGES, RING_PAGES, NULL, 0);
}

void rig_stop(void)
{
	if (chan)
		fg_close(chan);
	fg_free(fg);
	vpci_free(vpci);
}

/* ---- messages -------------------------------------------------------------- */

const void *rig_ask(const void *msg, uint32_t len, uint32_t *got)
{
	static uint64_t id = 100;
	struct ring_packet pkt;

	assert_int_equal(fg_send_inband(chan, msg, len, ++id, true), 0);
	fg_recv(chan, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_COMPLETION);
	assert_int_equal(pkt.trans_id, id);
	*got = pkt.payload_len;
	return pkt.payload;
}

uint32_t rig_status(const void *msg, uint32_t len)
{
	uint32_t got, status;
	const void *answer = rig_ask(msg, len, &got);

	assert_true(got >= sizeof(struct vpci_status));
	memcpy(&status, answer, sizeof(status));
	return status;
}

uint32_t rig_plain(uint32_t type)
{
	struct vpci_header m = { type };

	return rig_status(&m, sizeof(m));
}

uint32_t rig_child(uint32_t type, uint32_t slot)
{
	struct vpci_child m = { type, slot };

	return rig_status(&m, sizeof(m));
}

uint32_t rig_version(uint32_t version)
{
	return rig_child(VPCI_QUERY_VERSION, version);
}

uint32_t rig_d0(uint64_t window)
{
	struct vpci_d0_entry m = { .type = VPCI_D0_ENTRY, .mmio_base = window };

	return rig_status(&m, sizeof(m));
}

void rig_tell(const void *msg, uint32_t len)
{
	assert_int_equal(fg_send_inband(chan, msg, len, 0, false), 0);
}

const void *rig_hear(uint32_t type, uint32_t *len)
{
	struct ring_packet pkt;
	uint32_t got;

	fg_recv(chan, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_DATA_INBAND);
	memcpy(&got, pkt.payload, sizeof(got));
	assert_int_equal(got, type);
	if (len)
		*len = pkt.payload_len;
	return pkt.payload;
}

const struct vpci_relations *rig_relations(uint32_t *len)
{
	struct vpci_header m = { VPCI_QUERY_BUS_RELATIONS };

	rig_tell(&m, sizeof(m));
	return rig_hear(VPCI_BUS_RELATIONS2, len);
}

void rig_up(void)
{
	struct vpci_resources_assigned2 m = { .type = VPCI_RESOURCES_ASSIGNED2 };

	assert_int_equal(rig_version(VPCI_VERSION_1_4), 0);
	rig_relations(NULL);
	assert_int_equal(rig_d0(RIG_WINDOW), 0);
	assert_int_equal(rig_status(&m, sizeof(m)), 0);
}

/* ---- config space ------------------------------------------------------------- */

uint32_t rig_read(uint32_t slot, unsigned int offset, unsigned int size)
{
	fakepci_write(RIG_WINDOW, 4, slot);
	return (uint32_t)fakepci_read(RIG_WINDOW + VPCI_WINDOW_CONFIG + offset, size);
}

void rig_write(uint32_t slot, unsigned int offset, unsigned int size, uint32_t value)
{
	fakepci_write(RIG_WINDOW, 4, slot);
	fakepci_write(RIG_WINDOW + VPCI_WINDOW_CONFIG + offset, size, value);
}

/* ---- interrupts -------------------------------------------------------------------- */

uint32_t rig_create(uint32_t slot, uint32_t vector, unsigned int count, uint16_t vp,
		    struct vpci_interrupt *out)
{
	struct vpci_create_interrupt3 m = {
		.type = VPCI_CREATE_INTERRUPT3, .slot = slot, .vector = vector,
		.count = (uint16_t)count, .processors = 1, .processor[0] = vp,
	};
	struct vpci_created_interrupt answer;
	uint32_t got;
	const void *p = rig_ask(&m, sizeof(m), &got);

	assert_true(got >= sizeof(answer));
	memcpy(&answer, p, sizeof(answer));
	*out = answer.interrupt;
	return answer.status;
}

uint16_t rig_retarget(const struct vpci_interrupt *i, uint32_t vector, uint64_t vps)
{
	const uint8_t *b = bus->instance_id.b;

	return vpci_retarget(vpci, &(struct vpci_target){
		.device_id = (uint64_t)b[5] << 24 | (uint64_t)b[4] << 16 | (uint64_t)b[7] << 8 |
			     (b[6] & 0xf8),
		.address = i->address, .data = i->data, .vector = vector, .vps = vps,
	});
}

void rig_enable(const struct vpci_interrupt *i)
{
	unsigned int at = rig_read(0, PCI_CAPABILITY_LIST, 1);

	while (rig_read(0, at, 1) != PCI_CAP_ID_MSIX)
		at = rig_read(0, at + 1, 1);
	rig_write(0, PCI_BASE_ADDRESS_0, 4, RIG_BAR0);
	rig_write(0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	rig_write(0, at + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	fakepci_write(RIG_BAR0 + PCITEST_MSIX_TABLE, 8, i->address);
	fakepci_write(RIG_BAR0 + PCITEST_MSIX_TABLE + 8, 8, i->data);
}

void rig_raise(void)
{
	fakepci_write(RIG_BAR0 + PCITEST_RAISE, 4, 0);
}

/* ---- commands and counters --------------------------------------------------------------- */

int rig_command(const char *name, const char *cmd)
{
	json_t *args = json_object(), *reply = json_object();
	int rc = vpci_command(vpci, name, cmd, args, reply);

	json_decref(args);
	json_decref(reply);
	return rc;
}

int64_t rig_count(unsigned int i, const char *name)
{
	json_t *all = vpci_counters(vpci), *v = json_object_get(json_array_get(all, i), name);
	int64_t n;

	if (json_is_object(v))
		v = json_object_get(v, "total");
	n = json_is_integer(v) ? json_integer_value(v) : -1;
	json_decref(all);
	return n;
}
