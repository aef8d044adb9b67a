// SPDX-License-Identifier: GPL-2.0-only
/* vPCI: functions that come and go, and what the host is told to do wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "proto/hv.h"
#include "proto/pcitest.h"
#include "tests/unit/vpcirig.h"

static int setup(void **state)
{
	static const char *const specs[] = { "pcitest,numa=1,serial=77" };

	rig_start(specs, 1);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void test_eject(void **state)
{
	struct vpci_eject_complete done = { .type = VPCI_EJECT_COMPLETE };
	const struct vpci_child *m;
	union fg_message msg;
	struct vpci_interrupt i;
	uint32_t relid;

	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 0, &i), 0);
	rig_enable(&i);
	assert_int_equal(rig_status(&done, sizeof(done)), VPCI_STATUS_NO_SUCH_DEVICE);
	assert_int_equal(rig_command("pcitest0", "eject"), 0);
	assert_int_equal(rig_command("pcitest0", "eject"), -EALREADY);
	m = rig_hear(VPCI_EJECT, NULL);
	assert_int_equal(m->slot, 0);
	/* it works until the guest lets go */
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x40), 1);
	relid = fg_offer(fg, bus, 0)->relid;
	rig_tell(&done, sizeof(done));
	fg_expect(fg, VMBUS_MSG_RESCIND, &msg);
	assert_int_equal(msg.relid.relid, relid);
	assert_false(fg_is_offered(fg, bus, 0));
	assert_int_equal(fakepci_mappings(), 0);
	assert_int_equal(rig_count(0, "ejected"), 1);
	assert_int_equal(rig_count(0, "resets_removed"), 1);
	fg_forget(chan);
	chan = NULL;
	fg_release_relid(fg, relid);
	/* and back, on a new channel */
	assert_int_equal(rig_command("pcitest0", "add"), 0);
	fg_offer(fg, bus, 0);
	rig_open();
	rig_up();
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	assert_int_equal(rig_command("pcitest0", "add"), -EALREADY);
}

static bool offered(uint32_t relid)
{
	unsigned int i;

	for (i = 0; i < fg->n_offers; i++)
		if (fg->offer[i].relid == relid)
			return true;
	return false;
}

/* A guest that closes the bus instead of answering has let go as well. */
static void test_close_while_ejecting(void **state)
{
	union fg_message msg;
	uint32_t relid = chan->offer.relid;

	rig_up();
	assert_int_equal(rig_command("pcitest0", "eject"), 0);
	rig_hear(VPCI_EJECT, NULL);
	fg_close(chan);
	chan = NULL;
	/* It may have come while the guest waited for its GPADL, and is noted then. */
	while (offered(relid))
		fg_expect(fg, VMBUS_MSG_RESCIND, &msg);
	assert_int_equal(rig_count(0, "resets_removed"), 1);
	assert_int_equal(rig_count(0, "ejected"), 0);
}

static void test_remove_and_add(void **state)
{
	struct vpci_interrupt i;
	const struct vpci_relations *r;

	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 0, &i), 0);
	rig_enable(&i);
	assert_int_equal(rig_command("pcitest0", "remove"), 0);
	r = rig_hear(VPCI_BUS_RELATIONS2, NULL);
	assert_int_equal(r->count, 0);
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 2), 0xffff);
	assert_int_equal(fakepci_mappings(), 1);
	assert_int_equal(rig_command("pcitest0", "remove"), -EALREADY);
	assert_int_equal(rig_command("pcitest0", "eject"), -EALREADY);
	assert_int_equal(rig_command("pcitest0", "add"), 0);
	r = rig_hear(VPCI_BUS_RELATIONS2, NULL);
	assert_int_equal(r->count, 1);
	assert_int_equal(rig_read(0, PCI_COMMAND, 2), 0);
	assert_int_equal(rig_command("pcitest0", "dance"), -ENOENT);
	assert_int_equal(rig_command("pcitest1", "add"), -ENOENT);
}

/* A device of its own accord; from a vCPU that waits in an access to it. */
static void test_device_request(void **state)
{
	struct vpci_interrupt none = { .address = 0 };

	rig_up();
	rig_enable(&none);
	fakepci_write(RIG_BAR0 + PCITEST_REQUEST, 4, PCI_REQUEST_REMOVE);
	assert_int_equal(((const struct vpci_relations *)
			  rig_hear(VPCI_BUS_RELATIONS2, NULL))->count, 0);
	assert_int_equal(rig_count(0, "removed"), 1);
}

static void test_absent(void **state)
{
	static const char *const specs[] = { "pcitest,bus=0,absent", "pcitest,bus=1" };

	rig_start(specs, 2);
	assert_null(chan);
	assert_false(fg_is_offered(fg, bus, 0));
	assert_int_equal(rig_command("pcitest0", "add"), 0);
	fg_offer(fg, bus, 0);
	rig_open();
	rig_up();
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	rig_stop();
}

static void test_many_on_a_bus(void **state)
{
	static const char *const specs[] = {
		"pcitest,bus=0", "pcitest,bus=0,absent", "pcitest,bus=0,vectors=16",
	};
	const struct vpci_description2 *d;
	const struct vpci_relations *r;
	struct vpci_interrupt i;
	char err[200];

	rig_start(specs, 3);
	assert_int_equal(rig_version(VPCI_VERSION_1_4), 0);
	r = rig_relations(NULL);
	assert_int_equal(r->count, 2);
	d = (const void *)(r + 1);
	assert_int_equal(d[0].base.slot, VPCI_SLOT(0, 0));
	assert_int_equal(d[1].base.slot, VPCI_SLOT(2, 0));
	assert_int_equal(d[1].base.serial, 3);
	assert_int_equal(rig_d0(RIG_WINDOW), 0);
	assert_int_equal(rig_read(1, PCI_VENDOR_ID, 2), 0xffff);
	assert_int_equal(rig_read(2, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	/* an interrupt of another function is none of the first one's */
	assert_int_equal(rig_create(2, 0x40, 1, 0, &i), 0);
	rig_enable(&i);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x40), 0);
	assert_int_equal(vpci_add(vpci, "pcitest,bus=99", err, sizeof(err)), -EINVAL);
	rig_stop();
}

/* ---- faults and delays --------------------------------------------------------------------- */

static void test_faults(void **state)
{
	struct vpci_child res = { VPCI_QUERY_RESOURCES, 0 };
	const struct vpci_resources *r;
	const struct vpci_relations *rel;
	struct ring_packet pkt;
	uint32_t got;

	fg_fault(fg, "vpci0:refuse-version");
	fg_fault(fg, "vpci:status,op=d0-entry,code=0xc0000001");
	fg_fault(fg, "vpci:short,op=resources,bytes=8");
	fg_fault(fg, "vpci:bars,kind=bar5-64,after=1");
	fg_fault(fg, "vpci:relations,kind=count");
	fg_fault(fg, "vpci:dup,op=d0-exit");
	assert_int_equal(rig_version(VPCI_VERSION_1_4), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_version(VPCI_VERSION_1_4), 0);
	rel = rig_relations(NULL);
	assert_int_equal(rel->count, 0x0fffffff);
	assert_int_equal(rig_d0(RIG_WINDOW), 0xc0000001);
	rig_ask(&res, sizeof(res), &got);
	assert_int_equal(got, 8);
	r = rig_ask(&res, sizeof(res), &got);
	assert_int_equal(r->probed_bar[5] & 4, 4);
	assert_int_equal(rig_plain(VPCI_D0_EXIT), 0);
	fg_recv(chan, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_COMPLETION);
}

static void test_withheld_and_late(void **state)
{
	struct vpci_create_interrupt3 c = {
		.type = VPCI_CREATE_INTERRUPT3, .vector = 0x40, .count = 1, .processors = 1,
	};
	struct vpci_child res = { VPCI_QUERY_RESOURCES, 0 };
	struct ring_packet pkt;

	fg_fault(fg, "vpci0:withhold,op=resources");
	rig_up();
	fg_fault(fg, "vpci0:delay,op=create,us=200000");
	assert_int_equal(fg_send_inband(chan, &res, sizeof(res), 1, true), 0);
	assert_int_equal(fg_send_inband(chan, &c, sizeof(c), 2, true), 0);
	assert_int_equal(fg_send_inband(chan, &res, sizeof(res), 3, true), 0);
	fg_recv(chan, &pkt);
	assert_int_equal(pkt.trans_id, 3);
	fg_recv(chan, &pkt);
	assert_int_equal(pkt.trans_id, 2);
	assert_int_equal(fg_counter(fg, bus, 0, "replies_withheld"), 1);
	assert_int_equal(fg_counter(fg, bus, 0, "replies_delayed"), 1);
}

static void test_msi_delay(void **state)
{
	static const char *const specs[] = { "pcitest,msi_delay_us=1000" };
	struct vpci_interrupt i;

	rig_start(specs, 1);
	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 0, &i), 0);
	assert_int_equal(fg_counter(fg, bus, 0, "replies_delayed"), 1);
	rig_stop();
}

static void test_eject_race(void **state)
{
	struct vpci_eject_complete done = { .type = VPCI_EJECT_COMPLETE };

	rig_up();
	fg_fault(fg, "vpci0:eject-race");
	assert_int_equal(rig_command("pcitest0", "eject"), 0);
	rig_hear(VPCI_EJECT, NULL);
	assert_int_equal(((const struct vpci_relations *)
			  rig_hear(VPCI_BUS_RELATIONS2, NULL))->count, 0);
	assert_int_equal(rig_status(&done, sizeof(done)), VPCI_STATUS_NO_SUCH_DEVICE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_eject),
		TEST(test_close_while_ejecting),
		TEST(test_remove_and_add),
		TEST(test_device_request),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_many_on_a_bus),
		TEST(test_faults),
		TEST(test_withheld_and_late),
		cmocka_unit_test(test_msi_delay),
		TEST(test_eject_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
