// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/storrig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "storvsp/storvsp.h"

struct fakeguest *fg;
struct vmbus_device *dev;
struct fg_channel *primary;
struct fg_buffer *data;

void start(const char *const *disks, unsigned int n)
{
	char err[300] = "";

	fg = fg_new(64, 2);
	assert_int_equal(faults_register(fg->faults, storvsp_faults), 0);
	if (storvsp_create(disks, n, 0, &dev, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(vmbus_add_device(fg->bus, dev), 0);
	assert_int_equal(fg_connect(fg, VMBUS_VERSION_5_3), 0);
	fg_request_offers(fg);
	data = fg_buffer_new(fg, 64);
	primary = fg_open(fg, dev, 0, RING_PAGES, RING_PAGES, NULL, 0);
}

void stop(void)
{
	if (primary)
		fg_close(primary);
	fg_buffer_free(data);
	fg_free(fg);
}

struct vstor_packet completion(struct fg_channel *ch, uint64_t trans_id)
{
	struct ring_packet pkt;
	struct vstor_packet v;

	fg_recv(ch, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_COMPLETION);
	assert_int_equal(pkt.trans_id, trans_id);
	assert_int_equal(pkt.payload_len, VSTOR_PACKET_LEN);
	memcpy(&v, pkt.payload, sizeof(v));
	assert_int_equal(v.operation, VSTOR_COMPLETE_IO);
	return v;
}

struct vstor_packet ask(struct fg_channel *ch, struct vstor_packet v)
{
	static uint64_t id = 1000;

	v.flags = VSTOR_REQUEST_COMPLETION;
	assert_int_equal(fg_send_inband(ch, &v, sizeof(v), ++id, true), 0);
	return completion(ch, id);
}

uint32_t ask_status(uint32_t operation)
{
	return ask(primary, (struct vstor_packet) { .operation = operation }).status;
}

uint32_t ask_version(uint16_t version)
{
	return ask(primary, (struct vstor_packet) {
		.operation = VSTOR_QUERY_PROTOCOL_VERSION,
		.version.major_minor = version }).status;
}

void bring_up(void)
{
	assert_int_equal(ask_status(VSTOR_BEGIN_INITIALIZATION), 0);
	assert_int_equal(ask_version(VSTOR_VERSION_6_2), 0);
	assert_int_equal(ask_status(VSTOR_QUERY_PROPERTIES), 0);
	assert_int_equal(ask_status(VSTOR_END_INITIALIZATION), 0);
}

int setup(void **state)
{
	static const char *const disks[] = { "ram=1M" };

	start(disks, 1);
	bring_up();
	return 0;
}

int teardown(void **state)
{
	stop();
	return 0;
}

struct vstor_packet srb(const uint8_t *cdb, uint8_t lun, uint8_t dir, uint32_t len)
{
	struct vstor_packet v = { .operation = VSTOR_EXECUTE_SRB };

	v.srb.length = sizeof(v.srb);
	v.srb.lun = lun;
	v.srb.cdb_length = VSTOR_CDB_LEN;
	v.srb.sense_length = VSTOR_SENSE_LEN;
	v.srb.data_in = dir;
	v.srb.transfer_length = len;
	memcpy(v.srb.cdb, cdb, VSTOR_CDB_LEN);
	return v;
}

void submit(struct fg_channel *ch, const uint8_t *cdb, uint8_t dir, uint32_t offset,
	    uint32_t len, uint64_t id)
{
	struct vstor_packet v = srb(cdb, 0, dir, len);

	if (!len)
		assert_int_equal(fg_send_inband(ch, &v, sizeof(v), id, true), 0);
	else
		assert_int_equal(fg_send_gpa(ch, data->pfn, (offset + len + 4095) / 4096, offset,
					     len, &v, sizeof(v), id), 0);
}

struct vstor_srb io(const uint8_t *cdb, uint8_t dir, uint32_t offset, uint32_t len)
{
	submit(primary, cdb, dir, offset, len, 7);
	return completion(primary, 7).srb;
}

void assert_srb_good(const struct vstor_srb *r, uint32_t len)
{
	assert_int_equal(r->srb_status, SRB_SUCCESS);
	assert_int_equal(r->scsi_status, SAM_GOOD);
	assert_int_equal(r->transfer_length, len);
}

int64_t counter(const char *name)
{
	return fg_counter(fg, dev, 0, name);
}

uint32_t create_subchannels(uint16_t n)
{
	return ask(primary, (struct vstor_packet) {
		.operation = VSTOR_CREATE_SUB_CHANNELS, .sub_channels = n }).status;
}
