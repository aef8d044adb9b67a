// SPDX-License-Identifier: GPL-2.0-only
/* The header of the messages of "azimuth bench net". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "benchmarks/net/wire.h"

static const struct net_wire sample = {
	.version = NET_WIRE_VERSION, .flags = NET_WIRE_ANSWER, .flow = 0x1234,
	.seq = 0x1122334455667788, .length = 100, .answer = 64, .seed = 7,
	.server_ns = 1764000000000000000, .held_ns = 12345,
};

static void test_round_trip(void **state)
{
	uint8_t data[100] = { 0 };
	struct net_wire got;

	assert_int_equal(net_wire_put(&sample, data, sizeof(data)), NET_WIRE_FULL);
	assert_int_equal(net_wire_get(&got, data, sizeof(data), false), NET_WIRE_OK);
	assert_true(got.full);
	assert_int_equal(got.seq, sample.seq);
	assert_int_equal(got.flags, sample.flags);
	assert_int_equal(got.flow, sample.flow);
	assert_int_equal(got.length, sample.length);
	assert_int_equal(got.answer, sample.answer);
	assert_int_equal(got.seed, sample.seed);
	assert_int_equal(got.server_ns, sample.server_ns);
	assert_int_equal(got.held_ns, sample.held_ns);
}

static void test_layout(void **state)
{
	static const uint8_t want[] = { 'A', 'Z', 'N', 'M', NET_WIRE_VERSION, NET_WIRE_ANSWER,
					0x34, 0x12, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22,
					0x11, 100, 0, 0, 0, 64, 0, 0, 0, 7, 0, 0, 0 };
	uint8_t data[100];

	net_wire_put(&sample, data, sizeof(data));
	assert_memory_equal(data, want, sizeof(want));
}

static void test_short(void **state)
{
	uint8_t data[NET_WIRE_FULL] = { 0 };
	struct net_wire got;

	memset(data, 0xee, sizeof(data));
	assert_int_equal(net_wire_put(&sample, data, NET_WIRE_FULL - 1), NET_WIRE_SHORT);
	assert_int_equal(data[NET_WIRE_SHORT], 0xee);
	assert_int_equal(net_wire_get(&got, data, NET_WIRE_FULL - 1, false), NET_WIRE_OK);
	assert_false(got.full);
	assert_int_equal(got.seq, sample.seq);
	assert_int_equal(got.length, 0);
	assert_int_equal(net_wire_get(&got, data, NET_WIRE_SHORT - 1, false), NET_WIRE_FOREIGN);
}

static void test_wrong(void **state)
{
	struct net_wire wire = sample, got;
	uint8_t data[100] = { 0 };

	net_wire_put(&wire, data, sizeof(data));
	assert_int_equal(net_wire_get(&got, data, 99, false), NET_WIRE_DAMAGED);
	/* A stream does not end with the message. */
	assert_int_equal(net_wire_get(&got, data, 99, true), NET_WIRE_OK);
	data[0] ^= 1;
	assert_int_equal(net_wire_get(&got, data, sizeof(data), false), NET_WIRE_FOREIGN);

	wire.version = NET_WIRE_VERSION + 1;
	net_wire_put(&wire, data, sizeof(data));
	assert_int_equal(net_wire_get(&got, data, sizeof(data), false), NET_WIRE_VERSIONS);
	assert_int_equal(got.version, NET_WIRE_VERSION + 1);

	wire = sample;
	wire.length = NET_WIRE_FULL - 1;
	net_wire_put(&wire, data, sizeof(data));
	assert_int_equal(net_wire_get(&got, data, sizeof(data), true), NET_WIRE_DAMAGED);
	wire.length = NET_WIRE_MAX + 1;
	net_wire_put(&wire, data, sizeof(data));
	assert_int_equal(net_wire_get(&got, data, sizeof(data), true), NET_WIRE_DAMAGED);
	wire = sample;
	wire.answer = NET_WIRE_MAX + 1;
	net_wire_put(&wire, data, sizeof(data));
	assert_int_equal(net_wire_get(&got, data, sizeof(data), true), NET_WIRE_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
