// SPDX-License-Identifier: GPL-2.0-only
/* The built-in peer: what it answers and what it leaves alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/netguest.h"

/* A sum of its own, so that the code under test does not judge itself. */
static uint16_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t pseudo_sum(const uint8_t *addresses, size_t n, uint8_t proto, uint32_t len)
{
	return (uint16_t)~sum16(addresses, n, 0) + proto + len;
}

struct fixture {
	struct netguest *ng;
	struct ng_frame f;
};

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->ng = ng_new("responder", NULL);
	ng_up(x->ng, NVSP_VERSION_61);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	ng_free(x->ng);
	free(x);
	return 0;
}

static void from_hex(uint8_t *out, const char *hex)
{
	unsigned int v;

	for (; *hex; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		*out++ = (uint8_t)v;
	}
}

/* Nothing comes back for what was sent before this frame, which is answered. */
static void only_this_is_answered(struct fixture *x)
{
	uint8_t frame[64];
	uint32_t len = ng_udp4(frame, 61000, 61001, 4);

	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(get16(x->f.data + 36), 61000);
}

static void test_arp(void **state)
{
	static const char ask[] = "ffffffffffff00155d7701000806" "0001080006040001"
				  "00155d770100c0a84d02" "000000000000c0a84d01";
	static const char answer[] = "00155d77010000155d7700010806" "0001080006040002"
				     "00155d770001c0a84d01" "00155d770100c0a84d02";
	uint8_t frame[42], want[42];
	struct fixture *x = *state;

	from_hex(frame, ask);
	from_hex(want, answer);
	ng_transmit(x->ng, 0, frame, sizeof(frame), NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(x->f.len, sizeof(want));
	assert_memory_equal(x->f.data, want, sizeof(want));
	frame[41] = 9;			/* somebody else's address */
	ng_transmit(x->ng, 0, frame, sizeof(frame), NULL, 0);
	only_this_is_answered(x);
}

static uint32_t icmp4(uint8_t *f, uint32_t len, uint16_t frag, uint8_t type)
{
	uint32_t n = ng_udp4(f, 0, 0, len);
	uint8_t *ip = f + 14;

	ip[9] = 1;
	put16(ip + 6, frag);
	put16(ip + 10, 0);
	put16(ip + 10, sum16(ip, 20, 0));
	memset(ip + 20, 0, 8);
	ip[20] = type;
	put16(ip + 26, 77);
	put16(ip + 22, sum16(ip + 20, 8 + len, 0));
	return n;
}

static void test_ping(void **state)
{
	struct fixture *x = *state;
	uint8_t frame[1600];
	uint32_t len = icmp4(frame, 56, 0x4000, 8);

	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(x->f.len, len);
	assert_int_equal(x->f.data[34], 0);
	assert_int_equal(sum16(x->f.data + 14, 20, 0), 0);
	assert_int_equal(sum16(x->f.data + 34, len - 34, 0), 0);
	assert_memory_equal(x->f.data + 38, frame + 38, len - 38);
	assert_memory_equal(x->f.data + 26, frame + 30, 4);
	frame[40] ^= 1;			/* broken on the way */
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	len = icmp4(frame, 56, 0x4000, 0);	/* an answer is not answered */
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	only_this_is_answered(x);
	assert_int_equal(fg_counter(x->ng->fg, x->ng->dev, 0, "bad_checksum"), 1);
}

/* The pieces of a large echo come back as pieces, and the sum over all is right. */
static void test_fragments(void **state)
{
	struct fixture *x = *state;
	uint8_t whole[2000], frame[1600], got[2000];
	uint32_t len = icmp4(whole, 1800, 0, 8) - 34, first = 1000;

	memcpy(frame, whole, 34 + first);
	put16(frame + 16, (uint16_t)(20 + first));
	put16(frame + 20, 0x2000);
	put16(frame + 24, 0);
	put16(frame + 24, sum16(frame + 14, 20, 0));
	ng_transmit(x->ng, 0, frame, 34 + first, NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(x->f.len, 34 + first);
	assert_int_equal(get16(x->f.data + 20), 0x2000);
	assert_int_equal(sum16(x->f.data + 14, 20, 0), 0);
	memcpy(got, x->f.data + 34, first);

	memcpy(frame + 34, whole + 34 + first, len - first);
	put16(frame + 16, (uint16_t)(20 + len - first));
	put16(frame + 20, (uint16_t)(first / 8));
	put16(frame + 24, 0);
	put16(frame + 24, sum16(frame + 14, 20, 0));
	ng_transmit(x->ng, 0, frame, 34 + len - first, NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(get16(x->f.data + 20), first / 8);
	memcpy(got + first, x->f.data + 34, len - first);
	assert_int_equal(got[0], 0);
	assert_int_equal(sum16(got, len, 0), 0);
}

static uint32_t ip6(uint8_t *f, const char *dst, uint8_t proto, const uint8_t *l4, uint32_t len,
		    unsigned int csum_at)
{
	memset(f, 0, 54);
	from_hex(f, "00155d77000100155d77010086dd60");
	put16(f + 18, (uint16_t)len);
	f[20] = proto;
	f[21] = 255;
	assert_int_equal(inet_pton(AF_INET6, "fd77::2", f + 22), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, f + 38), 1);
	memcpy(f + 54, l4, len);
	put16(f + 54 + csum_at, 0);
	put16(f + 54 + csum_at, sum16(f + 54, len, pseudo_sum(f + 22, 32, proto, len)));
	return 54 + len;
}

static void good6(const struct ng_frame *f, uint8_t proto)
{
	uint32_t len = get16(f->data + 18);

	assert_int_equal(f->len, 54 + len);
	assert_int_equal(sum16(f->data + 54, len, pseudo_sum(f->data + 22, 32, proto, len)), 0);
}

static void test_ipv6(void **state)
{
	uint8_t frame[256], l4[64] = { 128, 0, 0, 0, 0x12, 0x34, 0, 1, 'a', 'b', 'c' }, own[16];
	struct fixture *x = *state;

	assert_int_equal(inet_pton(AF_INET6, "fd77::1", own), 1);
	ng_transmit(x->ng, 0, frame, ip6(frame, "fd77::1", 58, l4, 11, 2), NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	good6(&x->f, 58);
	assert_int_equal(x->f.data[54], 129);
	assert_memory_equal(x->f.data + 58, frame + 58, 7);
	assert_memory_equal(x->f.data + 22, own, 16);

	memset(l4, 0, sizeof(l4));	/* neighbour solicitation with the source's address */
	l4[0] = 135;
	memcpy(l4 + 8, own, 16);
	l4[24] = 1;
	l4[25] = 1;
	ng_transmit(x->ng, 0, frame, ip6(frame, "ff02::1:ff00:1", 58, l4, 32, 2), NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	good6(&x->f, 58);
	assert_int_equal(x->f.data[54], 136);
	assert_int_equal(x->f.data[58], 0x60);
	assert_memory_equal(x->f.data + 62, own, 16);
	assert_int_equal(x->f.data[78], 2);
	assert_memory_equal(x->f.data + 80, x->f.data + 6, 6);
	l4[23] = 9;			/* somebody else is looked for */
	ng_transmit(x->ng, 0, frame, ip6(frame, "ff02::1:ff00:9", 58, l4, 32, 2), NULL, 0);

	memset(l4, 0, sizeof(l4));	/* UDP */
	put16(l4, 1234);
	put16(l4 + 2, 99);
	put16(l4 + 4, 20);
	ng_transmit(x->ng, 0, frame, ip6(frame, "fd77::1", 17, l4, 20, 6), NULL, 0);
	ng_recv(x->ng, 0, &x->f);
	good6(&x->f, 17);
	assert_int_equal(get16(x->f.data + 54), 99);
	assert_int_equal(get16(x->f.data + 56), 1234);
}

static void test_vlan_and_csum(void **state)
{
	struct fixture *x = *state;
	struct ng_ppi ppi[2] = {
		{ RNDIS_PPI_VLAN, RNDIS_VLAN_FROM_TCI(0xa123) },
		{ RNDIS_PPI_CHECKSUM, RNDIS_TX_IPV4 | RNDIS_TX_UDP_CSUM | 34u << 16 },
	};
	uint8_t frame[256];
	uint32_t len = ng_udp4(frame, 1, 2, 33);

	put16(frame + 40, 0xdead);	/* the host computes it */
	ng_transmit(x->ng, 0, frame, len, ppi, 2);
	ng_recv(x->ng, 0, &x->f);
	assert_true(x->f.vlan);
	assert_int_equal(RNDIS_VLAN_TO_TCI(x->f.vlan_value), 0xa123);
	assert_int_equal(sum16(x->f.data + 34, len - 34, pseudo_sum(x->f.data + 26, 8, 17,
								     len - 34)), 0);
	assert_false(x->f.csum);	/* not wanted yet */
	ng_offloads(x->ng);
	ng_transmit(x->ng, 0, frame, len, ppi + 1, 1);
	ng_recv(x->ng, 0, &x->f);
	assert_int_equal(x->f.csum_value, RNDIS_RX_UDP_GOOD | RNDIS_RX_IP_GOOD);
	ng_transmit(x->ng, 0, frame, len, NULL, 0);	/* nobody computes it */
	only_this_is_answered(x);
	assert_int_equal(fg_counter(x->ng->fg, x->ng->dev, 0, "bad_checksum"), 1);
}

static void test_not_for_us(void **state)
{
	struct fixture *x = *state;
	uint8_t frame[256];
	uint32_t len = ng_udp4(frame, 1, 2, 33), i;

	frame[33] = 7;
	put16(frame + 24, 0);
	put16(frame + 24, sum16(frame + 14, 20, 0));
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	len = ng_udp4(frame, 1, 2, 33);
	put16(frame + 38, 200);		/* UDP length beyond the packet */
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	len = ng_udp4(frame, 1, 2, 33);
	put16(frame + 16, 2000);	/* IP length beyond the frame */
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	len = ng_udp4(frame, 1, 9, 33);	/* discard */
	ng_transmit(x->ng, 0, frame, len, NULL, 0);
	for (i = 14; i < 60; i++)	/* cut short everywhere */
		ng_transmit(x->ng, 0, frame, i, NULL, 0);
	only_this_is_answered(x);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void test_delay(void **state)
{
	struct netguest *ng = ng_new("responder,delay_us=20000", NULL);
	struct ng_frame *f = calloc(1, sizeof(*f));
	json_t *args = json_pack("{s:i}", "us", 0), *reply = json_object();
	uint8_t frame[64];
	uint32_t len = ng_udp4(frame, 1, 2, 3), i;
	uint64_t start;

	ng_up(ng, NVSP_VERSION_61);
	start = now_us();
	for (i = 0; i < 5; i++) {
		ng_udp4(frame, 10 + i, 2, 3);
		ng_transmit(ng, 0, frame, len, NULL, 0);
	}
	for (i = 0; i < 5; i++) {
		ng_recv(ng, 0, f);
		assert_int_equal(get16(f->data + 36), 10 + i);
	}
	assert_true(now_us() - start >= 20000);
	assert_int_equal(ng->dev->ops->command(ng->dev, "delay", args, reply), 0);
	json_object_set_new(args, "us", json_string("soon"));
	assert_int_equal(ng->dev->ops->command(ng->dev, "delay", args, reply), -EINVAL);
	ng_transmit(ng, 0, frame, len, NULL, 0);
	ng_recv(ng, 0, f);
	json_decref(args);
	json_decref(reply);
	free(f);
	ng_free(ng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_arp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fragments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ipv6, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vlan_and_csum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_for_us, set_up, tear_down),
		cmocka_unit_test(test_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
