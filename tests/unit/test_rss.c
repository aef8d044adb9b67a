// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive side scaling: the Toeplitz hash against the vectors that Microsoft
 * publishes ("Verifying the RSS Hash Calculation", the same in Intel's
 * data sheets), and the parameters as a guest may send them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "netvsp/rss.h"
#include "tests/unit/netguest.h"

static const uint8_t key[NDIS_RSS_KEY_SIZE] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct vector {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t addresses, ports;
};

static const struct vector v4[] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
};

static const struct vector v6[] = {
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x4b61e985, 0x02d1feef },
};

static size_t frame(uint8_t *f, int family, const struct vector *v, uint8_t proto)
{
	uint8_t *l4;

	memset(f, 0, 128);
	if (family == AF_INET) {
		put16(f + 12, ETHERTYPE_IPV4);
		f[14] = 0x45;
		f[23] = proto;
		assert_int_equal(inet_pton(AF_INET, v->src, f + 26), 1);
		assert_int_equal(inet_pton(AF_INET, v->dst, f + 30), 1);
		l4 = f + 34;
	} else {
		put16(f + 12, ETHERTYPE_IPV6);
		f[14] = 0x60;
		f[20] = proto;
		assert_int_equal(inet_pton(AF_INET6, v->src, f + 22), 1);
		assert_int_equal(inet_pton(AF_INET6, v->dst, f + 38), 1);
		l4 = f + 54;
	}
	put16(l4, v->sport);
	put16(l4 + 2, v->dport);
	l4[12] = 0x50;
	return (size_t)(l4 + 20 - f);
}

static void check(const struct rss *rss, int family, const struct vector *v)
{
	struct frame_layout l;
	uint8_t f[128];
	uint32_t hash;
	size_t len;

	len = frame(f, family, v, 6);
	frame_parse(f, len, &l);
	assert_true(rss_hash(rss, f, &l, &hash));
	assert_int_equal(hash, v->ports);
	len = frame(f, family, v, 17);
	frame_parse(f, len, &l);
	assert_true(rss_hash(rss, f, &l, &hash));
	assert_int_equal(hash, v->addresses);
}

static struct rss all_types(void)
{
	struct rss rss = {
		.enabled = true,
		.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 |
			     NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6,
	};

	memcpy(rss.key, key, sizeof(key));
	return rss;
}

static void test_vectors(void **state)
{
	struct rss rss = all_types();
	unsigned int i;

	for (i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
		check(&rss, AF_INET, &v4[i]);
	for (i = 0; i < sizeof(v6) / sizeof(v6[0]); i++)
		check(&rss, AF_INET6, &v6[i]);
}

static void test_types(void **state)
{
	struct rss rss = all_types();
	struct frame_layout l;
	uint8_t f[128];
	uint32_t hash;
	size_t len = frame(f, AF_INET, &v4[0], 6);

	frame_parse(f, len, &l);
	rss.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV4;
	assert_true(rss_hash(&rss, f, &l, &hash));
	assert_int_equal(hash, v4[0].addresses);
	rss.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV6;
	assert_false(rss_hash(&rss, f, &l, &hash));
	rss = all_types();
	rss.enabled = false;
	assert_false(rss_hash(&rss, f, &l, &hash));
	/* A fragment has no ports. */
	rss.enabled = true;
	f[20] = 0x20;
	frame_parse(f, len, &l);
	assert_true(rss_hash(&rss, f, &l, &hash));
	assert_int_equal(hash, v4[0].addresses);
	put16(f + 12, ETHERTYPE_ARP);
	frame_parse(f, len, &l);
	assert_false(rss_hash(&rss, f, &l, &hash));
}

struct parameters {
	struct ndis_rss_parameters p;
	uint32_t table[8];
	uint8_t key[NDIS_RSS_KEY_SIZE];
};

static void good(struct parameters *m)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->p.header.type = NDIS_TYPE_RSS_PARAMETERS;
	m->p.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV4;
	m->p.table_size = sizeof(m->table);
	m->p.table_offset = offsetof(struct parameters, table);
	m->p.key_size = sizeof(m->key);
	m->p.key_offset = offsetof(struct parameters, key);
	for (i = 0; i < 8; i++)
		m->table[i] = i % 4;
	memcpy(m->key, key, sizeof(key));
}

static void test_parameters(void **state)
{
	struct rss rss = { 0 }, before;
	struct parameters m;

	good(&m);
	assert_int_equal(rss_set(&rss, &m, sizeof(m), 4), 0);
	assert_true(rss.enabled);
	assert_int_equal(rss.entries, 8);
	assert_int_equal(rss_channel(&rss, 6), 2);
	assert_int_equal(rss_channel(&rss, 11), 3);
	before = rss;

#define REFUSED(change) do {							\
	good(&m);								\
	change;									\
	assert_int_equal(rss_set(&rss, &m, sizeof(m), 4), -EINVAL);		\
	assert_memory_equal(&rss, &before, sizeof(rss));			\
} while (0)
	REFUSED(m.p.header.type = 1);
	REFUSED(m.table[7] = 4);
	REFUSED(m.p.table_size = 0);
	REFUSED(m.p.table_size = 0xfffc);
	REFUSED(m.p.table_offset = sizeof(m) - 31);
	REFUSED(m.p.table_offset = 0xffffffff);
	REFUSED(m.p.key_size = 39);
	REFUSED(m.p.key_offset = sizeof(m) - 39);
	REFUSED(m.p.key_offset = 0xfffffff0);
	REFUSED(m.p.hash_info = NDIS_HASH_IPV4);
#undef REFUSED
	good(&m);
	assert_int_equal(rss_set(&rss, &m, sizeof(m.p) - 1, 4), -EINVAL);
	m.p.flags = NDIS_RSS_TABLE_UNCHANGED | NDIS_RSS_KEY_UNCHANGED |
		    NDIS_RSS_HASH_INFO_UNCHANGED;
	m.p.hash_info = 0;
	m.table[0] = 99;
	assert_int_equal(rss_set(&rss, &m, sizeof(m), 4), 0);
	assert_memory_equal(&rss, &before, sizeof(rss));
	m.p.flags = NDIS_RSS_DISABLE;
	assert_int_equal(rss_set(&rss, &m, sizeof(m), 4), 0);
	assert_false(rss.enabled);
	assert_int_equal(rss_channel(&rss, 3), 0);
}

/* Answers go to the channel that hash and table name, wherever the request came in. */
static void test_steering(void **state)
{
	struct netguest *ng = ng_new("responder,queues=4", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint8_t buf[128];
	uint32_t len = ng_udp4(buf, 5, 7, 16), want;
	struct frame_layout l;
	struct rss rss = all_types();
	unsigned int c;

	ng_up(ng, NVSP_VERSION_61);
	assert_int_equal(ng_subchannels(ng, 3), 3);
	ng_rss(ng, 4);
	for (c = 0; c < 4; c++) {
		ng_transmit(ng, c, buf, len, NULL, 0);
		/* The answer's addresses: from the responder to the guest. */
		buf[29] = 1;
		buf[33] = 2;
		frame_parse(buf, len, &l);
		assert_true(rss_hash(&rss, buf, &l, &want));
		buf[29] = 2;
		buf[33] = 1;
		ng_recv(ng, want % NDIS_RSS_TABLE_ENTRIES % 4, f);
		assert_true(f->hash);
		assert_int_equal(f->hash_value, want);
		assert_int_equal(f->len, len);
	}
	free(f);
	ng_free(ng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_steering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
