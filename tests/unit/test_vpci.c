// SPDX-License-Identifier: GPL-2.0-only
/* vPCI on the bus: versions, D0, relations, config window, interrupts, blocks. */
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

static uint32_t assigned(uint32_t slot)
{
	struct vpci_resources_assigned2 m = { .type = VPCI_RESOURCES_ASSIGNED2, .slot = slot };

	return rig_status(&m, sizeof(m));
}

/* ---- versions and D0 --------------------------------------------------------- */

static void test_versions(void **state)
{
	assert_int_equal(rig_plain(VPCI_D0_EXIT), VPCI_STATUS_INVALID_REQUEST);
	assert_int_equal(rig_version(VPCI_VERSION(1, 5)), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_version(VPCI_VERSION(1, 0)), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_version(VPCI_VERSION_1_1), 0);
	assert_int_equal(rig_version(VPCI_VERSION_1_1), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_d0(RIG_WINDOW), 0);
	/* what came with later versions is not there */
	assert_int_equal(assigned(0), VPCI_STATUS_INVALID_REQUEST);
	fg_close(chan);
	rig_open();
	assert_int_equal(rig_version(VPCI_VERSION_1_2), 0);
	assert_int_equal(fg_counter(fg, bus, 0, "query_version"), 5);
}

static void test_max_version(void **state)
{
	static const char *const specs[] = { "pcitest,protocol=1.2" };

	rig_start(specs, 1);
	assert_int_equal(rig_version(VPCI_VERSION_1_4), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_version(VPCI_VERSION_1_3), VPCI_STATUS_REVISION_MISMATCH);
	assert_int_equal(rig_version(VPCI_VERSION_1_2), 0);
	rig_stop();
}

static void test_d0(void **state)
{
	assert_int_equal(rig_version(VPCI_VERSION_1_4), 0);
	assert_int_equal(assigned(0), VPCI_STATUS_INVALID_STATE);
	assert_int_equal(rig_d0(0x100000), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_d0(RIG_WINDOW), 0);
	assert_int_equal(rig_d0(RIG_WINDOW), VPCI_STATUS_INVALID_STATE);
	assert_int_equal(assigned(0), 0);
	assert_int_equal(assigned(5), VPCI_STATUS_NO_SUCH_DEVICE);
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	assert_int_equal(rig_plain(VPCI_D0_EXIT), 0);
	assert_int_equal(fakepci_mappings(), 0);
	assert_int_equal(rig_count(0, "resets_bus"), 1);
	assert_int_equal(rig_count(0, "starts"), 1);
	assert_int_equal(rig_plain(VPCI_D0_EXIT), 0);
	assert_int_equal(rig_count(0, "resets_bus"), 1);
}

/* A guest that closes, without D0 exit, leaves nothing behind. */
static void test_close(void **state)
{
	struct vpci_interrupt i;

	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 1, &i), 0);
	rig_enable(&i);
	assert_int_equal(fakepci_mappings(), 2);
	fg_close(chan);
	assert_int_equal(fakepci_mappings(), 0);
	assert_int_equal(rig_count(0, "resets_bus"), 1);
	rig_open();
	rig_up();
	rig_enable(&i);
	rig_raise();
	assert_int_equal(fakepci_interrupts(1, 0x40), 0);
	assert_int_equal(rig_count(0, "interrupts_dropped"), 1);
}

/* ---- relations and resources ----------------------------------------------------- */

static void test_relations(void **state)
{
	const struct vpci_description2 *d;
	const struct vpci_relations *r;
	uint32_t len;

	assert_int_equal(rig_version(VPCI_VERSION_1_3), 0);
	r = rig_relations(&len);
	assert_int_equal(r->count, 1);
	assert_true(len >= sizeof(*r) + sizeof(*d));
	d = (const void *)(r + 1);
	assert_int_equal(d->base.vendor, PCITEST_VENDOR);
	assert_int_equal(d->base.device, PCITEST_DEVICE);
	assert_int_equal(d->base.base_class, PCITEST_CLASS >> 16);
	assert_int_equal(d->base.serial, 77);
	assert_int_equal(d->base.slot, 0);
	assert_int_equal(d->flags, VPCI_DESCRIPTION_NUMA);
	assert_int_equal(d->numa_node, 1);
	fg_close(chan);
	/* the form before 1.3 */
	rig_open();
	assert_int_equal(rig_version(VPCI_VERSION_1_2), 0);
	rig_tell(&(struct vpci_header){ VPCI_QUERY_BUS_RELATIONS }, 4);
	r = rig_hear(VPCI_BUS_RELATIONS, &len);
	assert_int_equal(r->count, 1);
	assert_true(len < sizeof(*r) + sizeof(*d));
}

static void test_resources(void **state)
{
	struct vpci_child m = { VPCI_QUERY_RESOURCES, 0 };
	const struct vpci_resources *r;
	uint32_t got;

	assert_int_equal(rig_version(VPCI_VERSION_1_4), 0);
	r = rig_ask(&m, sizeof(m), &got);
	assert_true(got >= sizeof(*r));
	assert_int_equal(r->status, 0);
	assert_int_equal(r->probed_bar[0], 0xffff0000);
	assert_int_equal(r->probed_bar[1], 0);
	assert_int_equal(r->probed_bar[2], 0xfff0000c);
	assert_int_equal(r->probed_bar[3], 0xffffffff);
	assert_int_equal(rig_child(VPCI_QUERY_RESOURCES, 1), VPCI_STATUS_NO_SUCH_DEVICE);
}

/* ---- the window -------------------------------------------------------------------- */

static void test_window(void **state)
{
	rig_up();
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 4),
			 (uint32_t)PCITEST_DEVICE << 16 | PCITEST_VENDOR);
	assert_int_equal(rig_read(1, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_int_equal(rig_read(0xffffffff, PCI_VENDOR_ID, 2), 0xffff);
	rig_write(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(rig_read(0, PCI_COMMAND, 2), 0);
	assert_int_equal(fakepci_read(RIG_WINDOW + VPCI_WINDOW_SIZE - 1, 1), 0);
	assert_int_equal(fakepci_read(RIG_WINDOW, 4), 0xffffffff);
	assert_int_equal(fg_counter(fg, bus, 0, "window_selects"), 5);
	assert_int_equal(fg_counter(fg, bus, 0, "window_absent"), 3);
	assert_int_equal(rig_count(0, "config_reads"), 3);
}

/* ---- interrupts ----------------------------------------------------------------------- */

static void test_interrupt(void **state)
{
	struct vpci_interrupt i, second;

	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 1, &i), 0);
	assert_int_equal(rig_create(0, 0x41, 1, 0, &second), 0);
	assert_int_not_equal(i.data, second.data);
	rig_enable(&i);
	rig_raise();
	assert_int_equal(fakepci_interrupts(1, 0x40), 1);
	assert_int_equal(rig_retarget(&i, 0x52, 1), HV_STATUS_SUCCESS);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x52), 1);
	assert_int_equal(rig_retarget(&i, 0x52, 1), HV_STATUS_SUCCESS);
	assert_int_equal(rig_count(0, "retargets"), 2);
	assert_int_equal(rig_count(0, "retargets_unchanged"), 1);
	/* several VPs: one of them */
	assert_int_equal(rig_retarget(&i, 0x60, 3), HV_STATUS_SUCCESS);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x60), 1);
	assert_int_equal(rig_count(0, "msi_creates"), 2);
}

static void test_delete(void **state)
{
	struct vpci_delete_interrupt m = { .type = VPCI_DELETE_INTERRUPT };
	struct vpci_interrupt old, new;

	rig_up();
	assert_int_equal(rig_create(0, 0x40, 1, 0, &old), 0);
	m.interrupt = old;
	m.slot = 1;
	assert_int_equal(rig_status(&m, sizeof(m)), VPCI_STATUS_INVALID_PARAMETER);
	m.slot = 0;
	assert_int_equal(rig_status(&m, sizeof(m)), 0);
	assert_int_equal(rig_status(&m, sizeof(m)), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_retarget(&old, 0x40, 1), HV_STATUS_INVALID_PARAMETER);
	/* its place is used again, its message is another one */
	assert_int_equal(rig_create(0, 0x40, 1, 0, &new), 0);
	assert_int_not_equal(old.data, new.data);
	rig_enable(&old);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x40), 0);
	assert_int_equal(rig_count(0, "msi_deletes"), 1);
}

static void test_bad_interrupts(void **state)
{
	struct vpci_interrupt i;

	rig_up();
	assert_int_equal(rig_create(3, 0x40, 1, 0, &i), VPCI_STATUS_NO_SUCH_DEVICE);
	assert_int_equal(rig_create(0, 15, 1, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 256, 1, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 0, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 3, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 64, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 250, 8, 0, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 1, FAKEPCI_VPS, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 1, 0xffff, &i), VPCI_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_create(0, 0x40, 1, 0, &i), 0);
	assert_int_equal(rig_retarget(&i, 5, 1), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_retarget(&i, 300, 1), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_retarget(&i, 0x40, 0), HV_STATUS_INVALID_PARAMETER);
	i.data++;
	assert_int_equal(rig_retarget(&i, 0x40, 1), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(vpci_retarget(vpci, &(struct vpci_target){ .device_id = 1 }),
			 HV_STATUS_INVALID_PARAMETER);
}

/* The two older forms; multi-message MSI is one request for consecutive messages. */
static void test_forms(void **state)
{
	struct vpci_create_interrupt one = {
		.type = VPCI_CREATE_INTERRUPT, .vector = 0x30, .count = 1, .cpu_mask = ~0ull,
	};
	struct vpci_create_interrupt2 two = {
		.type = VPCI_CREATE_INTERRUPT2, .vector = 0x20, .count = 4, .processors = 2,
		.processor = { 1, 0 },
	};
	struct vpci_interrupt i;
	uint32_t got;

	rig_up();
	i = ((const struct vpci_created_interrupt *)rig_ask(&one, sizeof(one), &got))->interrupt;
	rig_enable(&i);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x30), 1);
	i = ((const struct vpci_created_interrupt *)rig_ask(&two, sizeof(two), &got))->interrupt;
	assert_int_equal(i.count, 4);
	assert_int_equal(i.data % 4, 0);
	i.data += 3;
	rig_enable(&i);
	rig_raise();
	assert_int_equal(fakepci_interrupts(0, 0x23), 1);
	one.cpu_mask = 1ull << FAKEPCI_VPS;
	assert_int_equal(rig_status(&one, sizeof(one)), VPCI_STATUS_INVALID_PARAMETER);
	two.processors = VPCI_PROCESSORS_MAX + 1;
	assert_int_equal(rig_status(&two, sizeof(two)), VPCI_STATUS_INVALID_PARAMETER);
}

/* A guest that never deletes gets no more in the end, and the next one starts anew. */
static void test_exhaustion(void **state)
{
	struct vpci_interrupt i;
	unsigned int n = 0;
	uint32_t status;

	rig_up();
	while (!(status = rig_create(0, 0x20, 32, 0, &i)))
		n++;
	assert_int_equal(status, VPCI_STATUS_NO_RESOURCES);
	assert_int_equal(n, 4096 / 32);
	assert_int_equal(rig_child(VPCI_RESOURCES_RELEASED, 0), 0);
	assert_int_equal(rig_create(0, 0x20, 32, 0, &i), 0);
	assert_int_equal(fg_counter(fg, bus, 0, "interrupts_left"), 4096);
}

/* ---- config blocks ----------------------------------------------------------------------- */

static void test_blocks(void **state)
{
	struct vpci_write_block w = { .type = VPCI_WRITE_BLOCK, .block = 2, .len = 100 };
	struct vpci_read_block r = { .type = VPCI_READ_BLOCK, .block = 2, .len = 100 };
	const struct vpci_block *b;
	const struct vpci_invalidate_block *inv;
	struct vpci_interrupt none = { .address = 0 };
	uint32_t got;

	rig_up();
	memset(w.data, 0x3c, sizeof(w.data));
	assert_int_equal(rig_status(&w, sizeof(w)), 0);
	b = rig_ask(&r, sizeof(r), &got);
	assert_int_equal(b->status, 0);
	assert_true(got >= 104 && got < 112);
	assert_int_equal(b->data[99], 0x3c);
	/* longer than was sent, or than a block; no such block */
	w.len = VPCI_BLOCK_MAX;
	assert_int_equal(rig_status(&w, sizeof(w) - 32), VPCI_STATUS_INVALID_PARAMETER);
	w.len = VPCI_BLOCK_MAX + 1;
	assert_int_equal(rig_status(&w, sizeof(w)), VPCI_STATUS_INVALID_PARAMETER);
	r.len = VPCI_BLOCK_MAX + 1;
	assert_int_equal(rig_status(&r, sizeof(r)), VPCI_STATUS_INVALID_PARAMETER);
	r.len = 8;
	r.block = PCITEST_BLOCKS;
	assert_int_equal(rig_status(&r, sizeof(r)), VPCI_STATUS_INVALID_PARAMETER);
	rig_enable(&none);
	fakepci_write(RIG_BAR0 + PCITEST_INVALIDATE, 8, 0x8000000000000005ull);
	inv = rig_hear(VPCI_INVALIDATE_BLOCK, NULL);
	assert_int_equal(inv->mask, 0x8000000000000005ull);
	assert_int_equal(inv->slot, 0);
}

/* ---- nonsense ----------------------------------------------------------------- */

static void test_nonsense(void **state)
{
	struct vpci_create_interrupt3 c = { .type = VPCI_CREATE_INTERRUPT3 };
	uint32_t type;

	rig_up();
	/* a slot follows by chance where a packet is padded: 0 */
	for (type = VPCI_BASE - 1; type <= VPCI_BASE + 0x21; type++) {
		if (type == VPCI_QUERY_BUS_RELATIONS || type == VPCI_D0_EXIT ||
		    type == VPCI_QUERY_RESOURCES || type == VPCI_RESOURCES_RELEASED)
			continue;
		assert_int_not_equal(rig_plain(type), 0);
	}
	assert_int_equal(rig_status(&c, sizeof(c) - 8), VPCI_STATUS_INVALID_REQUEST);
	assert_int_equal(fg_send(chan, VMBUS_PKT_COMPLETION, 0, 1, NULL, 0, &c, sizeof(c)), 0);
	assert_int_equal(rig_read(0, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	assert_true(fg_counter(fg, bus, 0, "malformed") >= 20);
}

static int send_create(uint64_t id)
{
	struct vpci_create_interrupt3 c = {
		.type = VPCI_CREATE_INTERRUPT3, .vector = 0x40, .count = 1, .processors = 1,
	};

	return fg_send_inband(chan, &c, sizeof(c), id, true);
}

/* A guest that does not read its answers holds up itself, and gets them all later. */
static void test_full_ring(void **state)
{
	struct ring_packet pkt;
	uint64_t sent = 0, got = 0;

	rig_up();
	while (!send_create(sent + 1))
		sent++;
	while (got < sent) {
		fg_recv(chan, &pkt);
		assert_int_equal(pkt.trans_id, ++got);
		while (got < 1000 && !send_create(sent + 1))
			sent++;
	}
	assert_true(sent > 1000);
	assert_int_equal(fg_counter(fg, bus, 0, "create_interrupt3"), sent);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions),
		cmocka_unit_test(test_max_version),
		TEST(test_d0),
		TEST(test_close),
		TEST(test_relations),
		TEST(test_resources),
		TEST(test_window),
		TEST(test_interrupt),
		TEST(test_delete),
		TEST(test_bad_interrupts),
		TEST(test_forms),
		TEST(test_exhaustion),
		TEST(test_blocks),
		TEST(test_nonsense),
		TEST(test_full_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
