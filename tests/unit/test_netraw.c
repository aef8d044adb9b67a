// SPDX-License-Identifier: GPL-2.0-only
/* Frames of --proto raw: right by their own checksums, told from others, filtered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benchmarks/net/raw.h"

static const struct raw_ends here = {
	.mac = { 2, 0, 0, 0, 0, 1 }, .peer_mac = { 2, 0, 0, 0, 0, 2 },
	.addr = 0x010200c0, .peer_addr = 0x020200c0,	/* 192.0.2.1, 192.0.2.2 in memory order */
	.port = 0x3930, .peer_port = 0x0700,
};

static uint8_t frame[RAW_HEADERS + 1500];

/* A frame as the peer makes it, with a payload of @len. Returns its length. */
static size_t make_answer(size_t len)
{
	struct raw_ends there = {
		.addr = here.peer_addr, .peer_addr = here.addr,
		.port = here.peer_port, .peer_port = here.port,
	};
	size_t i;

	memcpy(there.mac, here.peer_mac, 6);
	memcpy(there.peer_mac, here.mac, 6);
	for (i = 0; i < len; i++)
		frame[RAW_HEADERS + i] = (uint8_t)(i * 7 + 200);
	raw_put_headers(frame, &there, 0xabcd, frame + RAW_HEADERS, len);
	return RAW_HEADERS + len;
}

/* RFC 1071, the plain way. */
static uint32_t plain_sum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static uint32_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_checksums(void **state)
{
	size_t len, size;
	uint32_t sum;

	for (len = 0; len < 300; len++) {
		size = make_answer(len);
		/* A sum over data with its checksum is all ones. */
		assert_int_equal(folded(plain_sum(frame + 14, 20)), 0xffff);
		sum = plain_sum(frame + 14 + 12, 8) + 17 + 8 + (uint32_t)len;
		sum += plain_sum(frame + 34, size - 34);
		assert_int_equal(folded(sum), 0xffff);
	}
	/* The example of RFC 1071, section 3: the sum is ddf2. */
	assert_int_equal(raw_fold(raw_sum(0, "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8)),
			 (uint16_t)~htons(0xddf2));
}

static void test_zero_checksum(void **state)
{
	uint8_t payload[2] = { 0, 0 };
	uint16_t check;
	unsigned int i;

	/* Of all payloads of two bytes one has the sum zero, which is sent as ones. */
	for (i = 0; i < 65536; i++) {
		memcpy(payload, &(uint16_t){ (uint16_t)i }, 2);
		raw_put_headers(frame, &here, 1, payload, 2);
		memcpy(&check, frame + 40, 2);
		assert_int_not_equal(check, 0);
	}
}

static void test_payload(void **state)
{
	size_t size = make_answer(64), len;

	assert_ptr_equal(raw_payload(&here, frame, size, &len), frame + RAW_HEADERS);
	assert_int_equal(len, 64);
	/* Padding to the shortest frame is not payload. */
	size = make_answer(4);
	assert_non_null(raw_payload(&here, frame, size + 14, &len));
	assert_int_equal(len, 4);
	/* Cut short on the way. */
	assert_null(raw_payload(&here, frame, size - 1, &len));
	assert_null(raw_payload(&here, frame, 20, &len));
	frame[14] = 0x4f;	/* options beyond the end */
	assert_null(raw_payload(&here, frame, size, &len));
}

/* Bytes that make the frame another's: type, protocol, source, ports, fragments. */
static const struct {
	const char *what;
	unsigned int at;
	uint8_t value;
} others[] = {
	{ "an ARP frame", 13, 6 }, { "TCP", 23, 6 }, { "another sender", 29, 9 },
	{ "a fragment", 21, 1 }, { "the first fragment", 20, 0x20 },
	{ "another source port", 35, 8 }, { "another port", 37, 0x31 },
};

static void test_others(void **state)
{
	size_t size, len;
	unsigned int i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size = make_answer(64);
		frame[others[i].at] = others[i].value;
		if (raw_payload(&here, frame, size, &len))
			fail_msg("%s was taken", others[i].what);
	}
}

/* Did the filter let the frame through? */
static bool passes(const int fds[2], size_t size)
{
	uint8_t buf[sizeof(frame)];

	assert_int_equal(send(fds[0], frame, size, 0), size);
	return recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT) == (ssize_t)size;
}

static void test_filter(void **state)
{
	struct sock_filter code[RAW_FILTER_MAX];
	struct sock_fprog program = { .filter = code };
	unsigned int i;
	size_t size;
	int fds[2];

	program.len = (unsigned short)raw_filter(&here, code);
	assert_in_range(program.len, 1, RAW_FILTER_MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	if (setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		skip();
	assert_true(passes(fds, make_answer(64)));
	assert_true(passes(fds, make_answer(0)));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size = make_answer(64);
		frame[others[i].at] = others[i].value;
		if (passes(fds, size))
			fail_msg("%s passed the filter", others[i].what);
	}
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_zero_checksum),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
