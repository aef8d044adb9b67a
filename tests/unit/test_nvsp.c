// SPDX-License-Identifier: GPL-2.0-only
/* NVSP: bring-up as the driver does it, buffers, frames both ways, and a broken guest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "netvsp/checksum.h"
#include "tests/unit/netguest.h"

static void check_table(struct netguest *ng, unsigned int granted)
{
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "indications"), granted ? 1 : 0);
}

static void test_versions(void **state)
{
	static const uint32_t good[] = {
		NVSP_VERSION_61, NVSP_VERSION_6, NVSP_VERSION_5, NVSP_VERSION_4, NVSP_VERSION_2,
		NVSP_VERSION_1,
	};
	unsigned int i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct netguest *ng = ng_new("responder", NULL);

		ng_open(ng);
		assert_int_equal(ng_init(ng, 0x70000), NVSP_STATUS_TOO_NEW);
		assert_int_equal(ng_init(ng, 0x30003), NVSP_STATUS_UNSUPPORTED);
		assert_int_equal(ng_init(ng, 1), NVSP_STATUS_TOO_OLD);
		assert_int_equal(ng_init(ng, good[i]), NVSP_STATUS_SUCCESS);
		assert_int_equal(ng_init(ng, good[i]), NVSP_STATUS_FAIL);
		ng_free(ng);
	}
}

static void test_bring_up(void **state)
{
	struct netguest *ng = ng_new("responder,queues=4", NULL);

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng->recv_section_size, 1728);
	assert_int_equal(ng->recv_sections, NG_RECV_PAGES * 4096 / 1728);
	assert_int_equal(ng_subchannels(ng, 3), 3);
	check_table(ng, 3);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "protocol_errors"), 0);
	ng_free(ng);
}

static void test_reopen(void **state)
{
	struct netguest *ng = ng_new("responder,queues=2", NULL);
	unsigned int round;

	for (round = 0; round < 3; round++) {
		uint8_t frame[256];
		struct ng_frame *f = calloc(1, sizeof(*f));
		uint32_t len = ng_udp4(frame, 1000, 7, 32);

		ng_up(ng, NVSP_VERSION_61);
		assert_int_equal(ng_subchannels(ng, 1), 1);
		ng_transmit(ng, 0, frame, len, NULL, 0);
		ng_recv(ng, 0, f);
		assert_int_equal(f->len, len);
		fg_close(ng->ch[1]);
		fg_close(ng->ch[0]);
		ng->ch[0] = NULL;
		ng->ch[1] = NULL;
		fg_buffer_unshare(ng->recv);
		fg_buffer_unshare(ng->send);
		fg_buffer_free(ng->recv);
		fg_buffer_free(ng->send);
		ng->recv = NULL;
		ng->send = NULL;
		free(f);
	}
	ng_free(ng);
}

static void take_back(struct netguest *ng)
{
	union fg_message m;
	int i;

	vmbus_rescind(ng->dev);
	for (i = 0; i < 2; i++)
		fg_expect(ng->fg, VMBUS_MSG_RESCIND, &m);
	fg_buffer_unshare(ng->recv);
	fg_buffer_unshare(ng->send);
	for (i = 1; i >= 0; i--) {
		fg_release_relid(ng->fg, ng->ch[i]->offer.relid);
		fg_forget(ng->ch[i]);
		ng->ch[i] = NULL;
	}
	fg_buffer_free(ng->recv);
	fg_buffer_free(ng->send);
	ng->recv = NULL;
	ng->send = NULL;
}

/* The device goes away while frames, delayed answers and steered ones are under way. */
static void test_rescind(void **state)
{
	struct netguest *ng = ng_new("responder,queues=2,delay_us=500", NULL);
	uint8_t frame[256], msg[512];
	uint32_t len = ng_udp4(frame, 1000, 7, 32), n, i;
	unsigned int round;

	n = ng_message(msg, frame, len, NULL, 0, 0);
	for (round = 0; round < 10; round++) {
		ng_up(ng, NVSP_VERSION_61);
		assert_int_equal(ng_subchannels(ng, 1), 1);
		ng_rss(ng, 2);
		for (i = 0; i < 20 * round; i++)
			ng_send_section(ng, i % 2, 0, msg, n);
		take_back(ng);
		vmbus_reoffer(ng->dev);
		fg_offer(ng->fg, ng->dev, 0);
	}
	ng_free(ng);
}

/* The driver's error path: revoke and tear down while the channel stays open. */
static void test_teardown_while_open(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct nvsp_message m = { .type = NVSP_REVOKE_RECV_BUF };

	ng_open(ng);
	assert_int_equal(ng_init(ng, NVSP_VERSION_61), NVSP_STATUS_SUCCESS);
	ng_buffers(ng);
	m.u.revoke.id = NVSP_RECV_BUFFER_ID;
	assert_int_equal(fg_send_inband(ng->ch[0], &m, sizeof(m), 0, false), 0);
	fg_buffer_unshare(ng->recv);
	/* Without a word before: the host lets go all the same. */
	fg_buffer_unshare(ng->send);
	fg_buffer_free(ng->recv);
	fg_buffer_free(ng->send);
	ng->recv = NULL;
	ng->send = NULL;
	ng_buffers(ng);
	ng_free(ng);
}

static void test_section_and_direct(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[1600], msg[2048];
	uint32_t len = ng_udp4(frame, 4242, 7, 1400), n;

	ng_up(ng, NVSP_VERSION_61);
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_recv(ng, 0, f);
	assert_int_equal(f->len, len);
	assert_memory_equal(f->data + 42, frame + 42, 1400);
	assert_int_equal(get16(f->data + 34), 7);
	assert_int_equal(get16(f->data + 36), 4242);
	n = ng_message(msg, frame, len, NULL, 0, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_direct(ng, 0, msg, n)), NVSP_STATUS_SUCCESS);
	ng_recv(ng, 0, f);
	assert_memory_equal(f->data + 42, frame + 42, 1400);
	ng_wait_counter(ng, 0, "rx_completions", 4);	/* two of control messages */
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_section"), 1);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_gpa_direct"), 1);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_rndis_packets"), 2);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "rx_packets"), 2);
	free(f);
	ng_free(ng);
}

/* A section that two channels use in turn is counted each time, one that a channel keeps never. */
static void test_section_moved(void **state)
{
	struct netguest *ng = ng_new("responder,queues=2", NULL);
	uint8_t frame[256], msg[512];
	uint32_t len = ng_udp4(frame, 1000, 9, 32), n, i;
	uint64_t id;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_subchannels(ng, 1), 1);
	n = ng_message(msg, frame, len, NULL, 0, 0);
	for (i = 0; i < 6; i++) {
		id = ng_send_section(ng, i % 2, 2 + i % 2, msg, n);
		assert_int_equal(ng_completion(ng, i % 2, id), NVSP_STATUS_SUCCESS);
	}
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_section_moved"), 0);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 1, "tx_section_moved"), 0);
	for (i = 0; i < 5; i++)
		ng_transmit(ng, i % 2, frame, len, NULL, 0);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_section_moved"), 2);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 1, "tx_section_moved"), 2);
	ng_free(ng);
}

/* Several messages in one section, each padded to the next; the last partly by its pages. */
static void test_aggregation(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[256], all[SEND_SECTION_SIZE], last[512];
	struct fg_page_range r = { .offset = 77 };
	uint32_t at = 0, len, i, n;
	uint64_t page;

	ng_up(ng, NVSP_VERSION_61);
	for (i = 0; i < 7; i++) {
		len = ng_udp4(frame, 100 + i, 7, 33 + i);
		at += ng_message(all + at, frame, len, NULL, 0, 8);
	}
	len = ng_udp4(frame, 107, 7, 51);
	n = ng_message(last, frame, len, NULL, 0, 0);
	memcpy(all + at, last, n - len);
	at += n - len;
	page = fg_page(ng->fg);
	memcpy(fg_at(ng->fg, page + 77, len), frame, len);
	r.pfn = page >> 12;
	r.len = len;
	assert_int_equal(gpadl_write(ng->send->g, 2 * SEND_SECTION_SIZE, all, at), 0);
	m.u.rndis.section_index = 2;
	m.u.rndis.section_size = at;
	assert_int_equal(fg_send_pages(ng->ch[0], &r, 1, &m, sizeof(m), ++ng->trans_id), 0);
	assert_int_equal(ng_completion(ng, 0, ng->trans_id), NVSP_STATUS_SUCCESS);
	for (i = 0; i < 8; i++) {
		ng_recv(ng, 0, f);
		assert_int_equal(get16(f->data + 36), 100 + i);
		assert_int_equal(f->len, 42 + (i < 7 ? 33 + i : 51));
	}
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_vmbus_packets"), 1);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_rndis_packets"), 8);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_mixed"), 1);
	free(f);
	ng_free(ng);
}

/* A ninth message is against what the host announced. */
static void test_too_many(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	uint8_t frame[64], all[SEND_SECTION_SIZE];
	uint32_t at = 0, i, len = ng_udp4(frame, 1, 7, 8);

	ng_up(ng, NVSP_VERSION_61);
	for (i = 0; i < 9; i++)
		at += ng_message(all + at, frame, len, NULL, 0, 8);
	ng_send_section(ng, 0, 0, all, at);
	ng_wait_counter(ng, 0, "tx_errors", 1);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_rndis_packets"), 8);
	ng_free(ng);
}

static void test_sections_come_back(void **state)
{
	struct netguest *ng = ng_new("responder,queues=1", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[64];
	uint32_t len = ng_udp4(frame, 1, 7, 8), i;
	uint64_t kept[64];

	ng_up(ng, NVSP_VERSION_61);
	for (i = 0; i < 64; i++) {
		ng_transmit(ng, 0, frame, len, NULL, 0);
		ng_recv_keep(ng, 0, f);
		kept[i] = f->trans_id;
	}
	/* Twice, unknown, and with a number that is out of the buffer: counted and no more. */
	ng_give_back(ng, 0, kept[0]);
	ng_give_back(ng, 0, kept[0]);
	ng_give_back(ng, 0, 0);
	ng_give_back(ng, 0, UINT64_MAX);
	ng_give_back(ng, 0, kept[1] + (1ull << 32));
	ng_wait_counter(ng, 0, "rx_bad_completions", 4);
	for (i = 1; i < 64; i++)
		ng_give_back(ng, 0, kept[i]);
	ng_wait_counter(ng, 0, "rx_completions", 2 + 64);
	free(f);
	ng_free(ng);
}

/* A guest that gives nothing back: bounded, and it goes on when it does. */
static void test_out_of_sections(void **state)
{
	struct netguest *ng = ng_new("responder,queues=64", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[64];
	uint32_t len = ng_udp4(frame, 1, 7, 8), share, i;
	uint64_t kept[64];

	ng_up(ng, NVSP_VERSION_61);
	share = ng->recv_sections / 64;
	assert_true(share < 64);
	for (i = 0; i < share; i++) {
		ng_transmit(ng, 0, frame, len, NULL, 0);
		ng_recv_keep(ng, 0, f);
		kept[i] = f->trans_id;
	}
	for (i = 0; i < 600; i++)
		ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_wait_counter(ng, 0, "rx_dropped", 600 - RX_BACKLOG_MAX);
	for (i = 0; i < share; i++)
		ng_give_back(ng, 0, kept[i]);
	for (i = 0; i < RX_BACKLOG_MAX; i++)
		ng_recv(ng, 0, f);
	ng_wait_counter(ng, 0, "rx_packets", share + RX_BACKLOG_MAX);
	free(f);
	ng_free(ng);
}

static void test_batch(void **state)
{
	struct netguest *ng = ng_new("responder,batch=4", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[64], all[SEND_SECTION_SIZE];
	uint32_t at = 0, i, len = ng_udp4(frame, 1, 7, 8);

	ng_up(ng, NVSP_VERSION_61);
	for (i = 0; i < 6; i++)
		at += ng_message(all + at, frame, len, NULL, 0, 8);
	assert_int_equal(ng_completion(ng, 0, ng_send_section(ng, 0, 0, all, at)),
			 NVSP_STATUS_SUCCESS);
	ng_recv(ng, 0, f);
	assert_int_equal(f->ranges, 4);
	assert_int_equal(f->len, 4 * len);
	ng_recv(ng, 0, f);
	assert_int_equal(f->ranges, 2);
	ng_wait_counter(ng, 0, "rx_packets", 6);
	ng_wait_counter(ng, 0, "rx_vmbus_packets", 2);
	free(f);
	ng_free(ng);
}

static void test_rsc(void **state)
{
	struct netguest *ng = ng_new("responder,rsc=on", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t *tcp;
	uint64_t sum;

	ng_up(ng, NVSP_VERSION_61);
	ng_command(ng, "send-rsc", "{\"segments\":8}", 0);
	ng_wait_counter(ng, 0, "rx_dropped", 1);	/* the guest did not ask for it */
	ng_offloads(ng);
	ng_command(ng, "send-rsc", "{\"segments\":8}", 0);
	ng_recv(ng, 0, f);
	assert_int_equal(f->len, 54 + 8 * 1448);
	assert_int_equal(f->pieces, f->ranges);
	assert_true(f->id && f->ranges == (f->len + 1619) / 1620);
	assert_int_equal(f->csum_value, RNDIS_RX_TCP_GOOD | RNDIS_RX_IP_GOOD);
	tcp = f->data + 34;
	sum = csum_pseudo4(0, f->data + 26, f->data + 30, 6, f->len - 34);
	assert_int_equal(csum_finish(csum_bytes(sum, tcp, f->len - 34)), 0);
	ng_command(ng, "send-rsc", "{\"segments\":1}", -EINVAL);
	ng_command(ng, "send-rsc", "{\"segments\":45}", -EINVAL);
	ng_wait_counter(ng, 0, "rx_rsc_frames", 1);
	free(f);
	ng_free(ng);
}

static void test_media(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	struct rndis_indicate i;
	uint32_t value, len;

	ng_up(ng, NVSP_VERSION_61);
	ng_command(ng, "media", "{\"state\":\"sideways\"}", -EINVAL);
	ng_command(ng, "media", "{\"state\":\"down\"}", 0);
	ng_recv(ng, 0, f);
	assert_int_equal(f->channel_type, NVSP_CHANNEL_CONTROL);
	memcpy(&i, f->data + 8, sizeof(i));
	assert_int_equal(i.status, RNDIS_MEDIA_DISCONNECT);
	assert_int_equal(ng_query(ng, OID_GEN_MEDIA_CONNECT_STATUS, NULL, 0, &value, &len), 0);
	assert_int_equal(value, 1);
	ng_command(ng, "media", "{\"state\":\"up\"}", 0);
	ng_recv(ng, 0, f);
	memcpy(&i, f->data + 8, sizeof(i));
	assert_int_equal(i.status, RNDIS_MEDIA_CONNECT);
	ng_command(ng, "reverse", "{}", -ENOENT);
	free(f);
	ng_free(ng);
}

/* NVSP messages that make no sense are refused or ignored; frames go on. */
static void test_nonsense(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	struct nvsp_message in = { .type = 4711 }, out;
	uint8_t frame[64];
	uint32_t len = ng_udp4(frame, 1, 7, 8);

	ng_open(ng);
	ng_request(ng, 0, &in, &out);
	in.type = NVSP_SEND_RECV_BUF;			/* before INIT */
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.u.recv_buf_complete.status, NVSP_STATUS_FAIL);
	in.type = NVSP_SUBCHANNEL;
	in.u.subchannel.op = 1;
	in.u.subchannel.count = 1;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.u.subchannel_complete.status, NVSP_STATUS_FAIL);
	fg_close(ng->ch[0]);
	ng_up(ng, NVSP_VERSION_61);
	memset(&in, 0, sizeof(in));
	in.type = NVSP_SEND_SEND_BUF;			/* there is one, and no such GPADL */
	in.u.buffer.gpadl = 0x1234;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.u.send_buf_complete.status, NVSP_STATUS_FAIL);
	in.type = NVSP_RNDIS_PACKET;
	in.u.rndis.section_index = 100000;
	in.u.rndis.section_size = 10;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.u.rndis_complete.status, NVSP_STATUS_INVALID_RNDIS);
	in.u.rndis.section_index = 1;
	in.u.rndis.section_size = SEND_SECTION_SIZE + 1;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.u.rndis_complete.status, NVSP_STATUS_INVALID_RNDIS);
	assert_int_equal(fg_send_inband(ng->ch[0], &in, 4, 0, false), 0);
	in.type = NVSP_SWITCH_DATA_PATH;
	assert_int_equal(ng_request(ng, 0, &in, &out), 0);
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_recv(ng, 0, f);
	assert_int_equal(f->len, len);
	free(f);
	ng_free(ng);
}

static void test_specs(void **state)
{
	static const char *const bad[] = {
		"", "responder,queues=0", "responder,queues=65", "responder,mtu=1", "nothing",
		"responder,tap=x", "queues=2", "responder,mac=1:2",
		"responder,mac=01:00:00:00:00:00",
		"responder,rsc=maybe", "tap=,queues=1", "tap=waytoolonginterface",
		"responder,batch=0", "responder,colour=red", "tap=t0,delay_us=5",
	};
	struct vmbus_device *dev;
	unsigned int i;
	char err[256];

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = 0;
		assert_int_not_equal(netvsp_create(bad[i], 0, &dev, err, sizeof(err)), 0);
		assert_true(err[0] && !strchr(err, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_bring_up),
		cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_rescind),
		cmocka_unit_test(test_teardown_while_open),
		cmocka_unit_test(test_section_and_direct),
		cmocka_unit_test(test_section_moved),
		cmocka_unit_test(test_aggregation),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_sections_come_back),
		cmocka_unit_test(test_out_of_sections),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_rsc),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_specs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
