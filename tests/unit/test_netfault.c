// SPDX-License-Identifier: GPL-2.0-only
/* The network device told to do wrong, or to be short of something. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/netguest.h"

static void test_fault_subchannels(void **state)
{
	struct netguest *ng = ng_new("responder,queues=8", "net0:subchannels,grant=2");

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_subchannels(ng, 7), 2);
	ng_free(ng);
}

static void test_fault_completions(void **state)
{
	struct netguest *ng = ng_new("responder", "net0:lose-completion");
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[64], msg[256];
	uint32_t len = ng_udp4(frame, 1, 7, 8), n = ng_message(msg, frame, len, NULL, 0, 0);
	uint64_t id;

	fg_fault(ng->fg, "net0:dup-completion,after=1");
	ng_up(ng, NVSP_VERSION_61);
	ng_send_section(ng, 0, 0, msg, n);
	ng_recv(ng, 0, f);				/* the answer without the completion */
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_recv(ng, 0, f);
	id = ng_send_section(ng, 0, 0, msg, n);
	assert_int_equal(ng_completion(ng, 0, id), NVSP_STATUS_SUCCESS);
	assert_int_equal(ng_completion(ng, 0, id), NVSP_STATUS_SUCCESS);
	free(f);
	ng_free(ng);
}

/* The next packet must be a control message; it is given back. */
static void take_control(struct netguest *ng, struct rndis_header *h, struct rndis_complete *c)
{
	struct ng_frame *f = calloc(1, sizeof(*f));

	ng_recv(ng, 0, f);
	assert_int_equal(f->channel_type, NVSP_CHANNEL_CONTROL);
	memcpy(h, f->data, sizeof(*h));
	memcpy(c, f->data + sizeof(*h), sizeof(*c));
	free(f);
}

static void test_fault_dup_answer(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	uint32_t filter = NDIS_FILTER_DIRECTED;
	struct rndis_complete c;
	struct rndis_header h;

	ng_up(ng, NVSP_VERSION_61);
	fg_fault(ng->fg, "net0:dup-answer,op=rndis-set");
	assert_int_equal(ng_set(ng, OID_GEN_PACKET_FILTER, &filter, sizeof(filter)),
			 RNDIS_SUCCESS);
	take_control(ng, &h, &c);
	assert_int_equal(h.type, RNDIS_SET | RNDIS_COMPLETION);
	assert_int_equal(c.request_id, ng->request_id);
	assert_int_equal(c.status, RNDIS_SUCCESS);

	fg_fault(ng->fg, "net0:dup-answer,op=rndis-set,us=2000,status=0xc0000001");
	assert_int_equal(ng_set(ng, OID_GEN_PACKET_FILTER, &filter, sizeof(filter)),
			 RNDIS_SUCCESS);
	take_control(ng, &h, &c);
	assert_int_equal(c.request_id, ng->request_id);
	assert_int_equal(c.status, RNDIS_FAILURE);
	ng_wait_counter(ng, 0, "control_repeated", 2);
	ng_free(ng);
}

static void test_fault_empty_completion(void **state)
{
	struct netguest *ng = ng_new("responder", "net0:empty-completion,op=tx");
	uint8_t frame[64], msg[256];
	uint32_t len = ng_udp4(frame, 1, 9, 8), n = ng_message(msg, frame, len, NULL, 0, 0);
	struct ring_packet pkt;
	uint64_t id;

	ng_up(ng, NVSP_VERSION_61);
	id = ng_send_section(ng, 0, 0, msg, n);
	fg_recv(ng->ch[0], &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_COMPLETION);
	assert_int_equal(pkt.trans_id, id);
	assert_int_equal(pkt.payload_len, 0);
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_wait_counter(ng, 0, "completions_emptied", 1);
	ng_free(ng);
}

static uint32_t announced_alignment(const char *fault)
{
	struct rndis_initialize init = { .request_id = 7, .major = 1 };
	struct netguest *ng = ng_new("responder", NULL);
	struct rndis_initialize_complete done;
	uint8_t reply[1024];

	ng_up(ng, NVSP_VERSION_61);
	if (fault)
		fg_fault(ng->fg, fault);
	ng_control(ng, RNDIS_INITIALIZE, &init, sizeof(init), reply);
	memcpy(&done, reply + sizeof(struct rndis_header), sizeof(done));
	ng_free(ng);
	return done.packet_alignment_factor;
}

static void test_fault_alignment(void **state)
{
	assert_int_equal(announced_alignment(NULL), 3);
	assert_int_equal(announced_alignment("net0:rndis-align"), 255);
	assert_int_equal(announced_alignment("net0:rndis-align,factor=33"), 33);
}

static void test_fault_delay(void **state)
{
	struct netguest *ng = ng_new("responder", "net0:delay,op=nvsp-init,us=2000");
	struct nvsp_message in = { .type = NVSP_SUBCHANNEL };
	struct ring_packet pkt;

	fg_fault(ng->fg, "net0:withhold,op=subchannel");
	fg_fault(ng->fg, "net0:delay,op=rndis-init,us=3000");
	fg_fault(ng->fg, "net0:delay,op=tx,us=5000");
	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(fg_send_inband(ng->ch[0], &in, sizeof(in), 99, true), 0);
	fg_sync(ng->fg);
	assert_false(fg_try_recv(ng->ch[0], &pkt));
	ng_free(ng);
}

static bool waits_for_section(void *ctx)
{
	struct netguest *ng = ctx;

	return fg_counter(ng->fg, ng->dev, 0, "rx_no_section") > 0;
}

/* A host with three sections: the fourth frame waits until one comes back. */
static void test_few_sections(void **state)
{
	struct netguest *ng = ng_new("responder,queues=1,recv_sections=3", NULL);
	struct ring_packet pkt;
	uint64_t id[5];
	unsigned int i;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng->recv_sections, 3);
	for (i = 0; i < 5; i++)
		ng_command(ng, "inject", "{\"kind\":\"ppi-runt\"}", 0);
	for (i = 0; i < 3; i++) {
		fg_recv(ng->ch[0], &pkt);
		id[i] = pkt.trans_id;
	}
	fg_wait(ng->fg, waits_for_section, ng);
	assert_false(fg_try_recv(ng->ch[0], &pkt));
	usleep(2000);
	for (; i < 5; i++) {
		ng_give_back(ng, 0, id[i - 3]);
		fg_recv(ng->ch[0], &pkt);
		id[i] = pkt.trans_id;
	}
	for (i = 2; i < 5; i++)
		ng_give_back(ng, 0, id[i]);
	ng_wait_counter(ng, 0, "rx_malformed", 5);
	/* The host handles the last ones when it gets to them; two are of the set-up. */
	ng_wait_counter(ng, 0, "rx_completions", 2 + 5);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "rx_dropped"), 0);
	/* The first three were out for 2 ms at least. */
	assert_true(fg_counter(ng->fg, ng->dev, 0, "rx_completion_delay_max_ns") >= 2000000);
	assert_true(fg_counter(ng->fg, ng->dev, 0, "rx_completion_delay_ns") >= 3 * 2000000);
	ng_free(ng);
}

/* The guest signals through the monitor page alone. */
static void test_monitor(void **state)
{
	struct netguest *ng = ng_new("responder,queues=2,monitor_us=500", NULL);

	assert_int_equal(fg_offer(ng->fg, ng->dev, 0)->monitor_allocated, 1);
	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_subchannels(ng, 1), 1);
	assert_int_equal(ng->ch[1]->offer.monitor_allocated, 1);
	assert_int_not_equal(ng->ch[1]->offer.monitor_id, ng->ch[0]->offer.monitor_id);
	assert_int_equal(ng->ch[0]->signals, 0);
	assert_true(fg_counter(ng->fg, ng->dev, 0, "signals_monitored") > 0);
	ng_free(ng);
}

/* What the driver gets when it asks: each spoilt block is as ppi.c says. */
static void test_fault_ppi(void **state)
{
	static const char *const kinds[] = {
		"size0", "huge", "offset", "short", "tiny", "length", "runt",
		"runt\",\"data_len\":13,\"x\":\"",
	};
	struct netguest *ng = ng_new("responder", NULL);
	unsigned int i;

	ng_up(ng, NVSP_VERSION_61);
	ng_command(ng, "inject", "{\"kind\":\"ppi-none\"}", -EINVAL);
	ng_command(ng, "inject", "{\"kind\":\"ppi-runt\",\"data_len\":14}", -EINVAL);
	ng_command(ng, "inject", "{\"kind\":\"ppi-runt\",\"data_len\":\"6\"}", -EINVAL);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct vmbus_xfer_page_range r;
		uint8_t raw[256];
		struct rndis_packet p;
		struct rndis_ppi x;
		struct ring_packet pkt;
		char args[64];

		snprintf(args, sizeof(args), "{\"kind\":\"ppi-%s\"}", kinds[i]);
		ng_command(ng, "inject", args, 0);
		fg_recv(ng->ch[0], &pkt);
		memcpy(&r, pkt.header + 24, sizeof(r));
		assert_true(r.byte_count <= sizeof(raw));
		assert_int_equal(gpadl_read(ng->recv->g, r.byte_offset, raw, r.byte_count), 0);
		memcpy(&p, raw + 8, sizeof(p));
		memcpy(&x, raw + 8 + p.ppi_offset, sizeof(x));
		switch (i) {
		case 0:
			assert_int_equal(x.size, 0);
			break;
		case 1:
			assert_true(x.size > p.ppi_length);
			break;
		case 2:
			assert_true(x.offset >= x.size && x.size <= p.ppi_length);
			break;
		case 3:
			assert_true(x.size - x.offset < 4 && x.type == RNDIS_PPI_CHECKSUM);
			break;
		case 4:
			assert_true(x.size && x.size < sizeof(x));
			break;
		case 5:
			assert_true(p.ppi_length > r.byte_count);
			break;
		default:
			assert_int_equal(p.data_length, i == 6 ? PPI_RUNT_LEN : 13);
		}
		ng_give_back(ng, 0, pkt.trans_id);
	}
	ng_wait_counter(ng, 0, "rx_malformed", sizeof(kinds) / sizeof(kinds[0]));
	ng_free(ng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_subchannels),
		cmocka_unit_test(test_fault_completions),
		cmocka_unit_test(test_fault_dup_answer),
		cmocka_unit_test(test_fault_empty_completion),
		cmocka_unit_test(test_fault_alignment),
		cmocka_unit_test(test_fault_delay),
		cmocka_unit_test(test_fault_ppi),
		cmocka_unit_test(test_few_sections),
		cmocka_unit_test(test_monitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
