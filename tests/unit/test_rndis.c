// SPDX-License-Identifier: GPL-2.0-only
/* RNDIS: control requests, offloads, and messages that are wrong in every way. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/netguest.h"

/* ---- an Internet checksum that shares nothing with lab/netvsp/checksum.c ---- */

static uint32_t add_bytes(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static bool tcp_sum_good(const uint8_t *ip, const uint8_t *tcp, uint32_t len)
{
	uint32_t sum = 6 + len;

	if (ip[0] >> 4 == 4)
		sum = add_bytes(sum, ip + 12, 8);
	else
		sum = add_bytes(sum, ip + 8, 32);
	sum = add_bytes(sum, tcp, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* ---- large send --------------------------------------------------------------- */

#define TCP_HEADER	32	/* with 12 bytes of options */

struct lso {
	uint8_t in[FRAME_MAX];
	uint32_t len, l3, l4, mss, payload;
	unsigned int frames;
	uint32_t got;
	uint16_t first_id;
	struct frame_layout l;
};

static void make_lso(struct lso *x, int version, uint32_t payload, uint32_t mss, uint8_t flags)
{
	uint8_t *ip, *tcp;
	uint32_t i;

	memset(x, 0, sizeof(*x));
	x->l3 = 14;
	x->l4 = version == 4 ? 34 : 54;
	x->payload = payload;
	x->mss = mss;
	x->len = x->l4 + TCP_HEADER + payload;
	put16(x->in + 12, version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	ip = x->in + x->l3;
	tcp = x->in + x->l4;
	if (version == 4) {
		ip[0] = 0x45;		/* length 0, as the driver leaves it */
		put16(ip + 4, 0xfffe);
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, (const uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 255 }, 8);
	} else {
		ip[0] = 0x60;
		ip[6] = 6;
		ip[7] = 64;
		memset(ip + 8, 0xfd, 16);
		memset(ip + 24, 0xfe, 16);
	}
	put16(tcp, 40000);
	put16(tcp + 2, 443);
	put32(tcp + 4, 0xfffffff0);	/* wraps */
	tcp[12] = (TCP_HEADER / 4) << 4;
	tcp[13] = flags;
	tcp[16] = 0x55;			/* a partial sum that must not matter */
	for (i = 0; i < payload; i++)
		tcp[TCP_HEADER + i] = (uint8_t)(i * 31 + (i >> 8));
	frame_parse(x->in, x->len < FRAME_HEAD_MAX ? x->len : FRAME_HEAD_MAX, &x->l);
	assert_int_equal(x->l.l4, x->l4);
	assert_int_equal(x->l.payload, x->l4 + TCP_HEADER);
}

static int check_segment(void *ctx, const struct iovec *iov, int n, uint32_t len)
{
	struct lso *x = ctx;
	uint8_t *f = malloc(len), *ip = f + x->l3, *tcp = f + x->l4;
	uint32_t data = len - x->l4 - TCP_HEADER, left = x->payload - x->got;
	uint8_t flags = x->in[x->l4 + 13];

	assert_int_equal(iov_copy(iov, n, 0, f, len), len);
	assert_int_equal(iov_bytes(iov, n), len);
	assert_int_equal(data, left < x->mss ? left : x->mss);
	assert_memory_equal(f, x->in, x->l3);
	if (ip[0] >> 4 == 4) {
		assert_int_equal(get16(ip + 2), len - x->l3);
		assert_int_equal(get16(ip + 4), (uint16_t)(0xfffe + x->frames));
		assert_int_equal(add_bytes(0, ip, 20), 0xffff);
	} else {
		assert_int_equal(get16(ip + 4), len - x->l3 - 40);
	}
	assert_int_equal(get32(tcp + 4), 0xfffffff0 + x->got);
	assert_memory_equal(tcp + TCP_HEADER, x->in + x->l4 + TCP_HEADER + x->got, data);
	assert_true(tcp_sum_good(ip, tcp, TCP_HEADER + data));
	if (x->got)
		flags &= ~0x80;
	if (data < left)
		flags &= ~0x09;
	assert_int_equal(tcp[13], flags);
	x->got += data;
	x->frames++;
	free(f);
	return 0;
}

/* The frame in pieces of odd lengths, so that sums begin at odd positions. */
static int scatter(struct lso *x, struct iovec *iov)
{
	uint32_t at = 0, piece = 1001;
	int n = 0;

	while (at < x->len) {
		iov[n].iov_base = x->in + at;
		iov[n].iov_len = x->len - at < piece ? x->len - at : piece;
		at += piece;
		n++;
	}
	return n;
}

static void segment(int version, uint32_t payload, uint32_t mss, uint8_t flags)
{
	struct lso *x = malloc(sizeof(*x));
	struct iovec iov[FRAME_IOV_MAX];
	int n;

	make_lso(x, version, payload, mss, flags);
	n = scatter(x, iov);
	assert_int_equal(lso_segment(iov, n, x->len, x->in, &x->l, mss, check_segment, x),
			 (payload + mss - 1) / mss);
	assert_int_equal(x->got, payload);
	free(x);
}

static void test_segments(void **state)
{
	int version;

	for (version = 4; version <= 6; version += 2) {
		segment(version, 14480, 1448, 0x18);
		segment(version, 14481, 1448, 0x99);
		segment(version, 62000, 1399, 0x11);
		segment(version, 1, 1448, 0x19);
		segment(version, 100, 1, 0x98);
	}
}

static int never(void *ctx, const struct iovec *iov, int n, uint32_t len)
{
	fail();
	return 0;
}

static int refuse(void *ctx, const struct iovec *iov, int n, uint32_t len)
{
	return -EIO;
}

static void test_bad_segments(void **state)
{
	struct lso *x = malloc(sizeof(*x));
	struct iovec iov;

	make_lso(x, 4, 60000, 1448, 0x10);
	iov = (struct iovec){ .iov_base = x->in, .iov_len = x->len };
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 0, never, x), -EINVAL);
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 7, never, x), -EINVAL);
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 0x7fffffff, never, x),
			 -EINVAL);
	assert_int_equal(lso_segment(&iov, 1, x->l.payload, x->in, &x->l, 9, never, x), -EINVAL);
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 1448, refuse, x), -EIO);
	x->l.proto = 17;
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 1448, never, x), -EINVAL);
	x->l.proto = 6;
	x->l.l4 = 0;
	assert_int_equal(lso_segment(&iov, 1, x->len, x->in, &x->l, 1448, never, x), -EINVAL);
	free(x);
}

/* Through the device: the guest's large send becomes frames, bad ones are dropped. */
static void test_lso_device(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct lso *x = malloc(sizeof(*x));
	uint8_t *msg = malloc(FRAME_MAX);
	struct ng_ppi ppi = { RNDIS_PPI_LSO, RNDIS_LSO_V2 | 34u << 20 | 1448 };
	uint32_t n;

	ng_up(ng, NVSP_VERSION_61);
	make_lso(x, 4, 14480, 1448, 0x18);
	n = ng_message(msg, x->in, x->len, &ppi, 1, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_direct(ng, 0, msg, n)), NVSP_STATUS_SUCCESS);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_lso"), 1);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_segments"), 10);
	ppi.value |= RNDIS_LSO_IPV6;	/* but it is version 4 */
	n = ng_message(msg, x->in, x->len, &ppi, 1, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_direct(ng, 0, msg, n)), NVSP_STATUS_SUCCESS);
	ppi.value = 34u << 20 | 1448;	/* version 1, which is not offered */
	n = ng_message(msg, x->in, x->len, &ppi, 1, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_direct(ng, 0, msg, n)), NVSP_STATUS_SUCCESS);
	ppi.value = RNDIS_LSO_V2;
	n = ng_message(msg, x->in, x->len, &ppi, 1, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_direct(ng, 0, msg, n)), NVSP_STATUS_SUCCESS);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_dropped"), 3);
	assert_int_equal(fg_counter(ng->fg, ng->dev, 0, "tx_segments"), 10);
	free(msg);
	free(x);
	ng_free(ng);
}

/* ---- control requests --------------------------------------------------------- */

static void test_queries(void **state)
{
	struct netguest *ng = ng_new("responder,queues=6,mtu=1400,mac=00:22:33:44:55:66", NULL);
	static const uint8_t mac[6] = { 0x00, 0x22, 0x33, 0x44, 0x55, 0x66 };
	struct ndis_rss_capabilities rss;
	uint8_t out[1024];
	uint32_t v, len;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_query(ng, OID_802_3_PERMANENT_ADDRESS, NULL, 0, out, &len), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(out, mac, 6);
	assert_int_equal(ng_query(ng, OID_GEN_MAXIMUM_FRAME_SIZE, NULL, 0, &v, &len), 0);
	assert_int_equal(len, 4);
	assert_int_equal(v, 1400);
	assert_int_equal(ng_query(ng, OID_GEN_MEDIA_CONNECT_STATUS, NULL, 0, &v, &len), 0);
	assert_int_equal(v, 0);
	assert_int_equal(ng_query(ng, OID_GEN_LINK_SPEED, NULL, 0, &v, &len), 0);
	assert_int_equal(v / 10000, 10000);
	assert_int_equal(ng_query(ng, OID_GEN_FRIENDLY_NAME, NULL, 0, out, &len), 0);
	assert_true(len && len <= 512 && out[0] == 'N' && out[1] == 0);
	memset(&rss, 0, sizeof(rss));
	assert_int_equal(ng_query(ng, OID_GEN_RSS_CAPABILITIES, &rss, sizeof(rss), out, &len), 0);
	assert_int_equal(len, sizeof(rss));
	memcpy(&rss, out, sizeof(rss));
	assert_int_equal(rss.receive_queues, 6);
	assert_int_equal(rss.table_entries, 128);
	assert_int_equal(ng_query(ng, OID_GEN_SUPPORTED_LIST, NULL, 0, out, &len), 0);
	assert_true(len >= 4 && len % 4 == 0);
	assert_int_equal(ng_query(ng, OID_GEN_XMIT_OK, NULL, 0, &v, &len), 0);
	assert_int_equal(ng_query(ng, 0x0d010101, NULL, 0, out, &len), RNDIS_NOT_SUPPORTED);
	assert_int_equal(len, 0);
	ng_free(ng);
}

/* Every OID that the device lists, and that has a value, can be asked for. */
static void test_supported(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	uint8_t out[1024];
	uint32_t list[128], len, n, i;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_query(ng, OID_GEN_SUPPORTED_LIST, NULL, 0, list, &n), 0);
	for (i = 0; i < n / 4; i++) {
		bool set_only = list[i] == OID_GEN_RSS_PARAMETERS ||
				list[i] == OID_GEN_CONFIG_PARAMETER ||
				list[i] == OID_TCP_OFFLOAD_PARAMETERS;

		assert_int_equal(ng_query(ng, list[i], NULL, 0, out, &len),
				 set_only ? RNDIS_NOT_SUPPORTED : RNDIS_SUCCESS);
	}
	ng_free(ng);
}

static void test_offload_revisions(void **state)
{
	static const struct {
		uint32_t version, size;
	} want[] = {
		{ NVSP_VERSION_61, 156 }, { NVSP_VERSION_5, 156 }, { NVSP_VERSION_4, 144 },
		{ NVSP_VERSION_2, 112 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct netguest *ng = ng_new("responder,rsc=on", NULL);
		struct ndis_offload o = { 0 };
		uint8_t out[1024];
		uint32_t len;

		ng_up(ng, want[i].version);
		o.header.type = NDIS_TYPE_OFFLOAD;
		o.header.size = want[i].size;
		assert_int_equal(ng_query(ng, OID_TCP_OFFLOAD_HARDWARE_CAPS, &o, want[i].size,
					  out, &len), 0);
		assert_int_equal(len, want[i].size);
		memset(&o, 0, sizeof(o));
		memcpy(&o, out, len);
		assert_int_equal(o.header.type, NDIS_TYPE_OFFLOAD);
		assert_int_equal(o.header.size, len);
		assert_true(o.header.revision >= 1);
		/* What rndis_netdev_set_hwcaps() looks for. */
		assert_int_equal(o.csum.ip4_tx & 0x14, 0x14);
		assert_int_equal(o.csum.ip6_tx & 0x15, 0x15);
		assert_true(o.csum.ip4_tx & o.csum.ip6_tx & 0x40);
		assert_int_equal(o.lso_v2.ip4_encap & 2, 2);
		assert_int_equal(o.lso_v2.ip6_options & 5, 5);
		assert_true(o.lso_v2.ip4_max_size > 60000 && o.lso_v2.ip6_max_size > 60000);
		if (len == 156)
			assert_true(o.rsc.ip4 && o.rsc.ip6);
		ng_free(ng);
	}
}

/* What rndis_filter_set_device_mac() sends: the name, then room, then the digits. */
static void test_mac(void **state)
{
	static const uint8_t want[6] = { 0x02, 0xab, 0xcd, 0xef, 0x01, 0x23 };
	struct netguest *ng = ng_new("responder", NULL);
	const char *name = "NetworkAddress", *digits = "02abcdEF0123";
	struct {
		struct rndis_config_parameter p;
		uint8_t name[28], value[24];
	} m = { 0 };
	uint8_t out[1024];
	uint32_t len, i;

	ng_up(ng, NVSP_VERSION_61);
	m.p.name_offset = sizeof(m.p);
	m.p.name_length = sizeof(m.name);
	m.p.type = RNDIS_CONFIG_STRING;
	m.p.value_offset = sizeof(m.p) + sizeof(m.name);
	m.p.value_length = sizeof(m.value);
	for (i = 0; i < 14; i++)
		m.name[2 * i] = (uint8_t)name[i];
	for (i = 0; i < 12; i++)
		m.value[2 * i] = (uint8_t)digits[i];
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, sizeof(m)), RNDIS_SUCCESS);
	assert_int_equal(ng_query(ng, OID_802_3_CURRENT_ADDRESS, NULL, 0, out, &len), 0);
	assert_memory_equal(out, want, 6);
	m.value[1] = 1;
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, sizeof(m)), RNDIS_INVALID_DATA);
	m.value[1] = 0;
	m.value[2] = '3';		/* multicast */
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, sizeof(m)), RNDIS_INVALID_DATA);
	m.name[0] = 'M';
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, sizeof(m)), RNDIS_NOT_SUPPORTED);
	m.p.value_offset = 0xfffffff0;
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, sizeof(m)),
			 RNDIS_INVALID_LENGTH);
	assert_int_equal(ng_set(ng, OID_GEN_CONFIG_PARAMETER, &m, 4), RNDIS_INVALID_LENGTH);
	ng_free(ng);
}

static void test_sets(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	uint8_t junk[64] = { 0 };

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_set(ng, OID_GEN_PACKET_FILTER, junk, 3), RNDIS_INVALID_LENGTH);
	assert_int_equal(ng_set(ng, OID_TCP_OFFLOAD_PARAMETERS, junk, 8), RNDIS_INVALID_LENGTH);
	assert_int_equal(ng_set(ng, OID_TCP_OFFLOAD_PARAMETERS, junk, 22), RNDIS_INVALID_DATA);
	assert_int_equal(ng_set(ng, OID_GEN_RSS_PARAMETERS, junk, 64), RNDIS_INVALID_DATA);
	assert_int_equal(ng_set(ng, OID_GEN_LINK_SPEED, junk, 4), RNDIS_NOT_SUPPORTED);
	ng_free(ng);
}

static void test_keepalive_reset_halt(void **state)
{
	struct netguest *ng = ng_new("responder", NULL);
	struct rndis_complete c;
	uint32_t id = 0x1234, reset = 0;
	uint8_t reply[1024], frame[64];
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };
	struct rndis_header h = { .type = RNDIS_HALT, .length = 12 };
	struct fg_page_range r = { .len = 12 };
	uint32_t len = ng_udp4(frame, 1, 2, 3);
	uint8_t msg[256];
	uint64_t page;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_control(ng, RNDIS_KEEPALIVE, &id, 4, reply), 16);
	memcpy(&c, reply + 8, sizeof(c));
	assert_int_equal(c.request_id, id);
	assert_int_equal(c.status, RNDIS_SUCCESS);
	assert_int_equal(ng_control(ng, RNDIS_RESET, &reset, 4, reply), 16);
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_wait_counter(ng, 0, "rx_filtered", 1);	/* the filter is gone */
	page = fg_page(ng->fg);
	memcpy(fg_at(ng->fg, page, 8), &h, 8);
	r.pfn = page >> 12;
	m.u.rndis.channel_type = NVSP_CHANNEL_CONTROL;
	m.u.rndis.section_index = NVSP_NO_SECTION;
	assert_int_equal(fg_send_pages(ng->ch[0], &r, 1, &m, sizeof(m), 500), 0);
	assert_int_equal(ng_completion(ng, 0, 500), NVSP_STATUS_SUCCESS);
	len = ng_message(msg, frame, len, NULL, 0, 0);
	assert_int_equal(ng_completion(ng, 0, ng_send_section(ng, 0, 0, msg, len)),
			 NVSP_STATUS_INVALID_RNDIS);
	ng_free(ng);
}

/* ---- data messages that are wrong ------------------------------------------------ */

struct change {
	const char *what;
	uint32_t at, value;
};

static void test_malformed(void **state)
{
	/* Offsets: header 0, 4; packet from 8 on; first PPI at 44. */
	static const struct change changes[] = {
		{ "type", 0, 77 },
		{ "length 0", 4, 0 }, { "length short", 4, 43 }, { "length long", 4, 0xffffffff },
		{ "data before", 8, 35 }, { "data behind", 8, 0xfffffff0 },
		{ "data length", 12, 0xffffffff }, { "data longer", 12, 1000 }, { "runt", 12, 13 },
		{ "ppi before", 28, 8 }, { "ppi behind", 28, 0x80000000 },
		{ "ppi longer", 32, 0xffffffff }, { "ppi cut", 32, 17 },
		{ "ppi size 0", 44, 0 }, { "ppi size 11", 44, 11 }, { "ppi huge", 44, 0x80000000 },
		{ "ppi offset", 52, 17 }, { "ppi offset huge", 52, 0xfffffff0 },
		{ "ppi offset small", 52, 4 }, { "ppi value cut", 52, 13 },
	};
	struct ng_ppi ppi = { RNDIS_PPI_CHECKSUM, RNDIS_TX_IPV4 | RNDIS_TX_UDP_CSUM };
	struct netguest *ng = ng_new("responder", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t frame[128], msg[256], bad[256];
	uint32_t len = ng_udp4(frame, 1, 2, 33), n = ng_message(msg, frame, len, &ppi, 1, 0);
	unsigned int i;

	ng_up(ng, NVSP_VERSION_61);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(bad, msg, n);
		memcpy(bad + changes[i].at, &changes[i].value, 4);
		if (ng_completion(ng, 0, ng_send_section(ng, 0, 0, bad, n)) !=
		    NVSP_STATUS_INVALID_RNDIS)
			fail_msg("%s was taken", changes[i].what);
	}
	for (i = 0; i < n; i++) {
		if (ng_completion(ng, 0, ng_send_section(ng, 0, 0, msg, i ? i : 1)) !=
		    NVSP_STATUS_INVALID_RNDIS)
			fail_msg("%u bytes of %u were taken", i, n);
	}
	assert_int_equal(ng_completion(ng, 0, ng_send_section(ng, 0, 0, msg, n)),
			 NVSP_STATUS_SUCCESS);
	ng_recv(ng, 0, f);
	assert_int_equal(f->len, len);
	free(f);
	ng_free(ng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_bad_segments),
		cmocka_unit_test(test_lso_device),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_supported),
		cmocka_unit_test(test_offload_revisions),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_keepalive_reset_halt),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
