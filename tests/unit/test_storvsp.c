// SPDX-License-Identifier: GPL-2.0-only
/* The storage device on the bus: initialization, requests, hostile packets, control commands. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "storvsp/storvsp.h"
#include "tests/unit/storrig.h"

/* ---- initialization -------------------------------------------------------- */

static void test_bring_up(void **state)
{
	static const char *const disks[] = { "ram=1M,channels=3" };
	struct vstor_packet v;

	start(disks, 1);
	/* nothing before BEGIN, nothing but what was agreed */
	assert_int_equal(ask_version(VSTOR_VERSION_6_2), VSTOR_STATUS_INVALID_STATE);
	assert_int_equal(ask_status(VSTOR_END_INITIALIZATION), VSTOR_STATUS_INVALID_STATE);
	assert_int_equal(ask_status(VSTOR_BEGIN_INITIALIZATION), 0);
	assert_int_equal(ask_status(VSTOR_QUERY_PROPERTIES), VSTOR_STATUS_INVALID_STATE);
	assert_int_equal(ask_version(0x0700), VSTOR_STATUS_REVISION_MISMATCH);
	assert_int_equal(ask_version(0x0501), VSTOR_STATUS_REVISION_MISMATCH);
	assert_int_equal(ask_version(VSTOR_VERSION_6_0), 0);
	v = ask(primary, (struct vstor_packet) { .operation = VSTOR_QUERY_PROPERTIES });
	assert_int_equal(v.status, 0);
	assert_int_equal(v.properties.max_channels, 3);
	assert_int_equal(v.properties.flags, VSTOR_MULTI_CHANNEL);
	assert_int_equal(v.properties.max_transfer_bytes, 8 << 20);
	assert_int_equal(ask_status(VSTOR_FCHBA_DATA), VSTOR_STATUS_INVALID_REQUEST);
	v = ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_INVALID_REQUEST);
	assert_int_equal(ask_status(VSTOR_END_INITIALIZATION), 0);
	v = ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_SUCCESS);
	stop();
}

/* Two controllers on one bus: each has its own name, instance and limits. */
static void test_second_controller(void **state)
{
	static const char *const first[] = { "ram=1M,channels=3" };
	static const char *const second[] = { "ram=1M,channels=1,controller=1,monitor_us=100" };
	struct vmbus_device *other;
	unsigned int number;
	char err[300] = "";

	start(first, 1);
	assert_int_equal(storvsp_controller_of(second[0], &number, err, sizeof(err)), 0);
	assert_int_equal(number, 1);
	assert_int_equal(storvsp_controller_of(first[0], &number, err, sizeof(err)), 0);
	assert_int_equal(number, 0);
	assert_int_equal(storvsp_controller_of("ram=1M,controller=4", &number, err, sizeof(err)),
			 -EINVAL);
	assert_int_equal(storvsp_create(second, 1, 0, &other, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "controller 0"));
	assert_int_equal(storvsp_create(second, 1, 1, &other, err, sizeof(err)), 0);
	assert_string_equal(other->name, "scsi1");
	assert_memory_not_equal(&other->instance_id, &dev->instance_id, sizeof(dev->instance_id));
	assert_int_equal(other->monitor_latency_us, 100);
	assert_int_equal(vmbus_add_device(fg->bus, other), 0);
	assert_true(vmbus_is_there(fg->bus, "scsi"));
	assert_true(vmbus_is_there(fg->bus, "scsi1"));
	assert_false(vmbus_is_there(fg->bus, "scsi2"));
	assert_false(vmbus_is_there(fg->bus, "net"));
	stop();
}

static void test_subchannels(void **state)
{
	struct vstor_packet v;
	struct fg_channel *sub;

	assert_int_equal(create_subchannels(17), VSTOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(create_subchannels(0), VSTOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(create_subchannels(2), 0);
	fg_offer(fg, dev, 1);
	fg_offer(fg, dev, 2);
	assert_int_equal(create_subchannels(2), VSTOR_STATUS_INVALID_STATE);
	sub = fg_open(fg, dev, 2, RING_PAGES, RING_PAGES, NULL, 1);
	v = ask(sub, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_SUCCESS);
	/* initialization is the primary channel's */
	v = ask(sub, (struct vstor_packet) { .operation = VSTOR_BEGIN_INITIALIZATION });
	assert_int_equal(v.status, VSTOR_STATUS_INVALID_REQUEST);
	v = ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_SUCCESS);
	fg_close(sub);
}

/* Close and open again: the initialization starts anew, counters go on. */
static void test_reopen(void **state)
{
	struct vstor_packet v;

	fg_close(primary);
	primary = fg_open(fg, dev, 0, RING_PAGES, RING_PAGES, NULL, 0);
	v = ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_INVALID_REQUEST);
	bring_up();
	v = ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_SUCCESS);
	assert_int_equal(counter("errors"), 1);
}

/* ---- requests -------------------------------------------------------------- */

/* Data goes to the right place although its pages are scattered and not aligned. */
static void test_read_write_verify(void **state)
{
	static uint8_t out[60 * 4096], in[60 * 4096];
	uint32_t len = 59 * 4096 + 512, offset = 1234, i;
	struct vstor_srb r;

	for (i = 0; i < len; i++)
		out[i] = (i * 31 + (i >> 8)) & 0xff;
	gpadl_write(data->g, offset, out, len);
	r = io(CDB(SCSI_WRITE_10, [5] = 9, [8] = len / 512 % 256, [7] = len / 512 / 256),
	       VSTOR_DATA_WRITE, offset, len);
	assert_srb_good(&r, len);
	r = io(CDB(SCSI_SYNCHRONIZE_CACHE_10), VSTOR_DATA_NONE, 0, 0);
	assert_srb_good(&r, 0);
	r = io(CDB(SCSI_VERIFY_10, 2, [5] = 9, [8] = len / 512 % 256, [7] = len / 512 / 256),
	       VSTOR_DATA_WRITE, offset, len);
	assert_srb_good(&r, len);
	memset(in, 0, sizeof(in));
	gpadl_write(data->g, 0, in, sizeof(in));
	r = io(CDB(SCSI_READ_16, [9] = 9, [13] = len / 512 % 256, [12] = len / 512 / 256),
	       VSTOR_DATA_READ, 512, len);
	assert_srb_good(&r, len);
	gpadl_read(data->g, 512, in, len);
	assert_memory_equal(in, out, len);
	assert_int_equal(counter("reads"), 1);
	assert_int_equal(counter("writes"), 1);
	assert_int_equal(counter("flushes"), 1);
	assert_int_equal(counter("bytes_read"), len);
	assert_int_equal(counter("bytes_written"), len);
	assert_int_equal(counter("errors"), 0);
}

static void test_autosense(void **state)
{
	struct vstor_packet v;
	struct vstor_srb r;

	r = io(CDB(SCSI_READ_10, [2] = 1, [8] = 1), VSTOR_DATA_READ, 0, 512);
	assert_int_equal(r.scsi_status, SAM_CHECK_CONDITION);
	assert_int_equal(r.srb_status, SRB_ERROR | SRB_AUTOSENSE_VALID);
	assert_int_equal(r.sense_length, SCSI_SENSE_LEN);
	assert_int_equal(r.sense[2], SENSE_ILLEGAL_REQUEST);
	assert_int_equal(be16_at(&r.sense[12]), ASC_LBA_OUT_OF_RANGE);
	assert_int_equal(r.transfer_length, 0);

	v = srb(CDB(0x85), 0, VSTOR_DATA_NONE, 0);
	v.srb.sense_length = 8;			/* the guest has less room */
	v = ask(primary, v);
	assert_int_equal(v.status, VSTOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(v.srb.sense_length, 8);
	assert_int_equal(v.srb.sense[2], SENSE_ILLEGAL_REQUEST);
	assert_int_equal(v.srb.sense[12], 0);

	v = srb(CDB(0x85), 0, VSTOR_DATA_NONE, 0);
	v.srb.srb_flags = SRB_FLAG_DISABLE_AUTOSENSE;
	v = ask(primary, v);
	assert_int_equal(v.srb.scsi_status, SAM_CHECK_CONDITION);
	assert_int_equal(v.srb.srb_status, SRB_ERROR);
	assert_int_equal(counter("errors"), 3);
}

/* What ends the scan of the driver: no unit on other targets, none where no disk is. */
static void test_scan(void **state)
{
	struct vstor_packet v = srb(CDB(SCSI_INQUIRY, 0, 0, 0, 36), 0, VSTOR_DATA_READ, 36);
	uint8_t buf[64];

	v.srb.target_id = 1;
	fg_send_gpa(primary, data->pfn, 1, 0, 36, &v, sizeof(v), 5);
	v = completion(primary, 5);
	assert_srb_good(&v.srb, 36);
	gpadl_read(data->g, 0, buf, 36);
	assert_int_equal(buf[0], 0x7f);
	v = srb(CDB(SCSI_REPORT_LUNS, [9] = 64), 0, VSTOR_DATA_READ, 64);
	v.srb.path_id = 3;
	fg_send_gpa(primary, data->pfn, 1, 0, 64, &v, sizeof(v), 6);
	v = completion(primary, 6);
	assert_srb_good(&v.srb, 8);
	v = ask(primary, srb(TUR, 40, VSTOR_DATA_NONE, 0));
	assert_int_equal(v.srb.srb_status, SRB_INVALID_LUN);
	assert_int_equal(v.srb.scsi_status, SAM_GOOD);
}

/* A guest that lies about its packets gets an error or nothing, and goes on. */
static void test_hostile(void **state)
{
	uint64_t far = 0x123456789abull;
	struct vstor_packet v = srb(CDB(SCSI_READ_10, [8] = 1), 0, VSTOR_DATA_READ, 512);

	fg_send_gpa(primary, &far, 1, 0, 512, &v, sizeof(v), 1);	/* not RAM */
	assert_int_equal(completion(primary, 1).srb.srb_status, SRB_INVALID_REQUEST);
	v.srb.transfer_length = 4096;		/* more than the ranges hold */
	fg_send_gpa(primary, data->pfn, 1, 0, 512, &v, sizeof(v), 2);
	assert_int_equal(completion(primary, 2).srb.srb_status, SRB_INVALID_REQUEST);
	v.srb.transfer_length = UINT32_MAX;	/* no ranges at all */
	assert_int_equal(ask(primary, v).srb.srb_status, SRB_INVALID_REQUEST);
	v.srb.transfer_length = 0;
	v.srb.cdb_length = 255;
	assert_int_equal(ask(primary, v).srb.srb_status, SRB_INVALID_REQUEST);
	fg_send_inband(primary, &v, 20, 3, true);			/* too short */
	fg_send(primary, VMBUS_PKT_COMPLETION, 0, 4, NULL, 0, &v, sizeof(v));
	assert_int_equal(ask_status(0xdeadbeef), VSTOR_STATUS_INVALID_REQUEST);
	assert_int_equal(ask_status(VSTOR_COMPLETE_IO), VSTOR_STATUS_INVALID_REQUEST);
	assert_int_equal(ask(primary, srb(TUR, 0, VSTOR_DATA_NONE, 0)).srb.srb_status,
			 SRB_SUCCESS);
	assert_int_equal(counter("malformed"), 7);
}

static bool ring_was_full(void *ctx)
{
	return counter("ring_full") > 0;
}

/* Nobody reads the completions: the host stops taking requests and loses none. */
static void test_full_ring(void **state)
{
	struct vstor_packet v = srb(TUR, 0, VSTOR_DATA_NONE, 0);
	uint64_t sent, got = 0;

	fg_close(primary);
	primary = fg_open(fg, dev, 0, RING_PAGES, 2, NULL, 0);
	bring_up();
	for (sent = 0; sent < 300; sent++)	/* a page holds some 46 completions */
		assert_int_equal(fg_send_inband(primary, &v, sizeof(v), 1 + sent, true), 0);
	fg_wait(fg, ring_was_full, NULL);
	while (got < 5000) {
		while (sent < 5000 && !fg_send_inband(primary, &v, sizeof(v), 1 + sent, true))
			sent++;
		completion(primary, 1 + got++);
	}
	assert_int_equal(sent, 5000);
}

static void test_no_completion_wanted(void **state)
{
	struct vstor_packet v = srb(TUR, 0, VSTOR_DATA_NONE, 0);

	fg_send_inband(primary, &v, sizeof(v), 1, false);
	fg_send_inband(primary, &v, sizeof(v), 2, true);
	completion(primary, 2);
}

/* ---- control commands ------------------------------------------------------ */

struct command {
	const char *cmd;
	json_t *args, *reply;
	int rc;
};

static void on_control_loop(void *ctx)
{
	struct command *c = ctx;

	c->rc = dev->ops->command(dev, c->cmd, c->args, c->reply);
}

/* The result of a command; @field of the reply in *@out. */
static int command(const char *cmd, json_t *args, const char *field, json_int_t *out)
{
	struct command c = { .cmd = cmd, .args = args, .reply = json_object() };

	assert_non_null(args);
	loop_call(vmbus_control_loop(fg->bus), on_control_loop, &c);
	if (c.rc && c.rc != -ENOENT)
		assert_non_null(json_string_value(json_object_get(c.reply, "error")));
	if (out)
		*out = json_integer_value(json_object_get(c.reply, field));
	json_decref(c.reply);
	json_decref(args);
	return c.rc;
}

static void expect_notice(uint32_t operation)
{
	struct ring_packet pkt;

	fg_recv(primary, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_DATA_INBAND);
	assert_int_equal(pkt.trans_id, 0);
	assert_int_equal(((const struct vstor_packet *)pkt.payload)->operation, operation);
}

static uint8_t tur(uint8_t lun)
{
	return ask(primary, srb(TUR, lun, VSTOR_DATA_NONE, 0)).srb.srb_status;
}

static void test_hotplug(void **state)
{
	json_int_t lun;

	assert_int_equal(command("add-lun", json_pack("{ss}", "spec", "ram=1M"), "lun", &lun), 0);
	assert_int_equal(lun, 1);
	expect_notice(VSTOR_ENUMERATE_BUS);
	assert_int_equal(tur(1), SRB_SUCCESS);
	assert_int_equal(command("remove-lun", json_pack("{si}", "lun", 1), NULL, NULL), 0);
	expect_notice(VSTOR_REMOVE_DEVICE);
	assert_int_equal(tur(1), SRB_INVALID_LUN);
}

static void test_resize(void **state)
{
	uint8_t b[8];
	struct vstor_srb r;

	assert_int_equal(command("resize", json_pack("{siss}", "lun", 0, "size", "2M"),
				 NULL, NULL), 0);
	expect_notice(VSTOR_ENUMERATE_BUS);
	r = io(TUR, VSTOR_DATA_NONE, 0, 0);
	assert_int_equal(r.sense[2], SENSE_UNIT_ATTENTION);
	assert_int_equal(be16_at(&r.sense[12]), ASC_CAPACITY_CHANGED);
	r = io(CDB(SCSI_READ_CAPACITY_10), VSTOR_DATA_READ, 0, 8);
	assert_srb_good(&r, 8);
	gpadl_read(data->g, 0, b, 8);
	assert_int_equal(be32_at(b), (2 << 20) / 512 - 1);
}

static void test_bad_commands(void **state)
{
	assert_int_equal(command("fly", json_object(), NULL, NULL), -ENOENT);
	assert_int_equal(command("add-lun", json_object(), NULL, NULL), -EINVAL);
	assert_int_equal(command("add-lun", json_pack("{ss}", "spec", "/nowhere"), NULL, NULL),
			 -ENOENT);
	assert_int_equal(command("add-lun", json_pack("{ss}", "spec", "ram=1M,lun=0"), NULL, NULL),
			 -EEXIST);
	assert_int_equal(command("add-lun", json_pack("{ss}", "spec", "ram=1M,channels=9"),
				 NULL, NULL), -EINVAL);
	assert_int_equal(command("remove-lun", json_pack("{si}", "lun", -1), NULL, NULL), -EINVAL);
	assert_int_equal(command("remove-lun", json_pack("{ss}", "lun", "x"), NULL, NULL), -EINVAL);
	assert_int_equal(command("resize", json_pack("{siss}", "lun", 0, "size", "1000"),
				 NULL, NULL), -EINVAL);
	assert_int_equal(command("resize", json_pack("{siss}", "lun", 0, "size", "big"),
				 NULL, NULL), -EINVAL);
	assert_int_equal(tur(0), SRB_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bring_up), cmocka_unit_test(test_second_controller),
		TEST(test_subchannels), TEST(test_reopen),
		TEST(test_read_write_verify), TEST(test_autosense), TEST(test_scan),
		TEST(test_hostile), TEST(test_full_ring), TEST(test_no_completion_wanted),
		TEST(test_hotplug), TEST(test_resize), TEST(test_bad_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
