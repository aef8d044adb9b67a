// SPDX-License-Identifier: GPL-2.0-only
/* The storage device under faults, delays, and a guest that resets or closes it meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/storrig.h"

#define READ_ONE CDB(SCSI_READ_10, [8] = 1)

static void test_fewer_subchannels(void **state)
{
	fg_fault(fg, "scsi0:subchannels,grant=1");
	assert_int_equal(create_subchannels(3), 0);
	fg_offer(fg, dev, 1);
	fg_expect_silence(fg);
	assert_false(fg_is_offered(fg, dev, 2));
}

static void test_fault_error(void **state)
{
	struct vstor_srb r;

	fg_fault(fg, "scsi0:error,op=read,sense=hardware,after=1");
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_srb_good(&r, 512);
	r = io(CDB(SCSI_SYNCHRONIZE_CACHE_10), VSTOR_DATA_NONE, 0, 0);
	assert_srb_good(&r, 0);
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_int_equal(r.sense[2], SENSE_HARDWARE_ERROR);
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_srb_good(&r, 512);
}

static void test_fault_status(void **state)
{
	struct vstor_srb r;

	fg_fault(fg, "scsi0:status,op=read");
	fg_fault(fg, "scsi0:status,op=flush,scsi=0,srb=0x0e");
	fg_fault(fg, "scsi0:error,op=test,sense=attention");
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_int_equal(r.scsi_status, SAM_BUSY);
	assert_int_equal(r.srb_status, SRB_BUSY);
	assert_int_equal(r.transfer_length, 0);
	r = io(CDB(SCSI_SYNCHRONIZE_CACHE_10), VSTOR_DATA_NONE, 0, 0);
	assert_int_equal(r.scsi_status, SAM_GOOD);
	assert_int_equal(r.srb_status, 0x0e);
	r = io(TUR, VSTOR_DATA_NONE, 0, 0);
	assert_int_equal(r.scsi_status, SAM_CHECK_CONDITION);
	assert_int_equal(r.sense[2], SENSE_UNIT_ATTENTION);
	assert_int_equal(r.sense[12], 0x29);
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_srb_good(&r, 512);
	assert_int_equal(counter("errors"), 3);
}

static void test_fault_short(void **state)
{
	struct vstor_srb r;

	fg_fault(fg, "scsi0:short,op=read,bytes=100");
	fg_fault(fg, "scsi0:short,op=read,bytes=4096,srb=1");
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_int_equal(r.scsi_status, SAM_GOOD);
	assert_int_equal(r.srb_status, SRB_DATA_OVERRUN);
	assert_int_equal(r.transfer_length, 100);
	r = io(READ_ONE, VSTOR_DATA_READ, 0, 512);
	assert_srb_good(&r, 512);		/* never more than there was */
}

static void test_fault_lost_and_withheld(void **state)
{
	uint8_t b[512];

	memset(b, 1, sizeof(b));
	gpadl_write(data->g, 0, b, sizeof(b));
	fg_fault(fg, "scsi0:lose-completion,op=write");
	submit(primary, CDB(SCSI_WRITE_10, [8] = 1), VSTOR_DATA_WRITE, 0, 512, 1);
	submit(primary, READ_ONE, VSTOR_DATA_READ, 512, 512, 2);
	completion(primary, 2);			/* 1 is lost, but was carried out */
	gpadl_read(data->g, 512, b, 1);
	assert_int_equal(b[0], 1);
	fg_fault(fg, "scsi0:withhold,op=write");
	memset(b, 2, sizeof(b));
	gpadl_write(data->g, 0, b, sizeof(b));
	submit(primary, CDB(SCSI_WRITE_10, [8] = 1), VSTOR_DATA_WRITE, 0, 512, 3);
	submit(primary, READ_ONE, VSTOR_DATA_READ, 512, 512, 4);
	completion(primary, 4);			/* 3 was not */
	gpadl_read(data->g, 512, b, 1);
	assert_int_equal(b[0], 1);
	assert_int_equal(counter("completions_lost"), 1);
	assert_int_equal(counter("requests_withheld"), 1);
}

static void test_fault_duplicate(void **state)
{
	fg_fault(fg, "scsi0:dup-completion,op=flush");
	submit(primary, CDB(SCSI_SYNCHRONIZE_CACHE_10), VSTOR_DATA_NONE, 0, 0, 9);
	completion(primary, 9);
	completion(primary, 9);
	submit(primary, CDB(SCSI_SYNCHRONIZE_CACHE_10), VSTOR_DATA_NONE, 0, 0, 10);
	completion(primary, 10);
	submit(primary, TUR, VSTOR_DATA_NONE, 0, 0, 11);
	completion(primary, 11);
}

/* A delayed completion is overtaken by one that is not; many wait at once, in order. */
static void test_fault_delay(void **state)
{
	uint64_t id;

	fg_fault(fg, "scsi0:delay,op=read,us=20000,count=0");
	for (id = 1; id <= 20; id++)
		submit(primary, READ_ONE, VSTOR_DATA_READ, 0, 512, id);
	submit(primary, TUR, VSTOR_DATA_NONE, 0, 0, 100);
	completion(primary, 100);
	for (id = 1; id <= 20; id++)
		completion(primary, id);
	assert_int_equal(counter("completions_delayed"), 20);
}

static void test_fault_delay_init(void **state)
{
	fg_fault(fg, "scsi0:delay,op=init,us=5000");
	assert_int_equal(create_subchannels(1), 0);
	fg_offer(fg, dev, 1);
}

/* A reset gives back at once what only waits for its time. */
static void test_reset(void **state)
{
	struct vstor_packet v = { .operation = VSTOR_RESET_BUS };
	struct ring_packet pkt;
	unsigned int i, resets = 0;

	fg_fault(fg, "scsi0:delay,op=read,us=3600000000,count=0");
	for (i = 0; i < 5; i++)
		submit(primary, READ_ONE, VSTOR_DATA_READ, 0, 512, 1);
	fg_send_inband(primary, &v, sizeof(v), 2, true);
	for (i = 0; i < 6; i++) {
		fg_recv(primary, &pkt);
		resets += pkt.trans_id == 2;
	}
	assert_int_equal(resets, 1);
}

/* Close and rescind with requests in flight drop them. */
static void test_close_in_flight(void **state)
{
	unsigned int i;

	fg_fault(fg, "scsi0:delay,op=read,us=3600000000,count=0");
	for (i = 0; i < 30; i++)
		submit(primary, READ_ONE, VSTOR_DATA_READ, 0, 512, 1 + i);
	submit(primary, TUR, VSTOR_DATA_NONE, 0, 0, 100);
	completion(primary, 100);
	fg_close(primary);
	primary = fg_open(fg, dev, 0, RING_PAGES, RING_PAGES, NULL, 0);
	bring_up();				/* no old completion comes first */
	for (i = 0; i < 30; i++)
		submit(primary, READ_ONE, VSTOR_DATA_READ, 0, 512, 1 + i);
	vmbus_rescind(dev);
	fg_sync(fg);
	fg_forget(primary);
	primary = NULL;
}

static void test_disk_delay(void **state)
{
	static const char *const disks[] = { "ram=1M,delay_us=20000" };

	start(disks, 1);
	bring_up();
	submit(primary, READ_ONE, VSTOR_DATA_READ, 0, 512, 1);
	submit(primary, TUR, VSTOR_DATA_NONE, 0, 0, 2);
	completion(primary, 2);
	completion(primary, 1);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fewer_subchannels), TEST(test_fault_error), TEST(test_fault_status),
		TEST(test_fault_short),
		TEST(test_fault_lost_and_withheld), TEST(test_fault_duplicate),
		TEST(test_fault_delay), TEST(test_fault_delay_init), TEST(test_reset),
		TEST(test_close_in_flight), cmocka_unit_test(test_disk_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
