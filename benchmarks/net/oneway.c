// SPDX-License-Identifier: GPL-2.0-only
/* The two ends tell each other of their clocks, before a run of --one-way. */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/hooks.h"
#include "benchmarks/net/net.h"
#include "lib/clock.h"

#define TRIES		5
#define WAIT_MS		300
#define REFRESH_NS	AZ_NSEC_PER_SEC

/* Behind the header of a message that has NET_WIRE_CLOCK; little-endian. */
struct clock_body {
	uint64_t boot;
	uint32_t error, zero;
};

#define MESSAGE		(NET_WIRE_FULL + sizeof(struct clock_body))

void net_tell_clock(void *data, size_t len)
{
	static _Thread_local struct clock_sync sync;
	static _Thread_local uint64_t read_at;
	struct clock_body body = { 0 };
	uint64_t now = az_clock_ns();

	if (len < MESSAGE)
		return;
	if (!read_at || now - read_at > REFRESH_NS) {
		clock_sync_read(&sync);
		read_at = now;
	}
	body.boot = htole64(sync.boot);
	body.error = htole32(sync.error);
	memcpy((uint8_t *)data + NET_WIRE_FULL, &body, sizeof(body));
}

static int take_answer(const uint8_t *data, size_t len, uint64_t *boot, uint32_t *error)
{
	struct clock_body body;
	struct net_wire wire;

	if (len != MESSAGE || net_wire_get(&wire, data, len, false) ||
	    !(wire.flags & NET_WIRE_ANSWER) || !(wire.flags & NET_WIRE_CLOCK))
		return -EPROTO;
	memcpy(&body, data + NET_WIRE_FULL, sizeof(body));
	*boot = le64toh(body.boot);
	*error = le32toh(body.error);
	return 0;
}

int net_ask_clock(const struct net_bench *net, uint64_t *boot, uint32_t *error)
{
	const struct net_wire wire = {
		.version = NET_WIRE_VERSION, .flags = NET_WIRE_CLOCK, .length = MESSAGE,
	};
	int fd = net_socket(net, SOCK_DGRAM, true), ret = -ETIMEDOUT, i;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint8_t data[MESSAGE + 1] = { 0 };
	ssize_t got;

	*boot = 0;
	*error = CLOCK_UNSYNC;
	if (fd < 0)
		return -ENOTCONN;
	for (i = 0; i < TRIES && ret == -ETIMEDOUT; i++) {
		net_wire_put(&wire, data, MESSAGE);
		if (send(fd, data, MESSAGE, 0) < 0 || poll(&pfd, 1, WAIT_MS) <= 0)
			continue;
		got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (got >= 0)
			ret = take_answer(data, (size_t)got, boot, error);
	}
	close(fd);
	return ret;
}
