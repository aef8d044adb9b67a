// SPDX-License-Identifier: GPL-2.0-only
/*
 * A UDP relay that does to datagrams what a bad network does, in a way that can be
 * repeated: of each N answers that pass, one, at a place that follows from the
 * seed, is dropped, sent twice, changed, or sent after its successor.
 *
 * Prints "relaying port P" and relays until it is ended. Each client gets a socket
 * of its own towards the server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/opts.h"
#include "lib/rng.h"

#define CLIENTS	64
#define DATAGRAM	65536

struct client {
	struct sockaddr_in addr;
	uint64_t answers;
	uint8_t *held;		/* an answer that waits for its successor */
	size_t held_len;
};

struct relay {
	struct sockaddr_in server;
	uint64_t seed, drop, twice, swap, corrupt, version;
	struct pollfd fds[1 + CLIENTS];	/* [0] faces the clients, [i + 1] is client i's */
	struct client clients[CLIENTS];
	unsigned int n;
	uint8_t data[DATAGRAM];
};

/* Is number @i the one of its @n that something happens to? @kind tells faults apart. */
static bool hit(const struct relay *relay, uint64_t n, uint64_t i, unsigned int kind)
{
	struct az_rng rng;

	if (!n)
		return false;
	rng.state = relay->seed * 1000003 + (i / n) * 31 + kind;
	return i % n == az_rng_below(&rng, n);
}

static void to_client(struct relay *relay, const struct client *client, const uint8_t *data,
		      size_t len)
{
	sendto(relay->fds[0].fd, data, len, 0, (const struct sockaddr *)&client->addr,
	       sizeof(client->addr));
}

static void release(struct relay *relay, struct client *client)
{
	if (client->held)
		to_client(relay, client, client->held, client->held_len);
	free(client->held);
	client->held = NULL;
}

static void hold(struct relay *relay, struct client *client, size_t len)
{
	client->held = malloc(len);
	if (!client->held)
		return;
	memcpy(client->held, relay->data, len);
	client->held_len = len;
}

/* Makes the server behind one of another version. Byte 4 is it: benchmarks/net/wire.h. */
static void set_version(struct relay *relay, ssize_t len)
{
	if (relay->version && len > 4)
		relay->data[4] = (uint8_t)relay->version;
}

static void pass_answer(struct relay *relay, unsigned int i)
{
	struct client *client = &relay->clients[i];
	ssize_t got = recv(relay->fds[i + 1].fd, relay->data, sizeof(relay->data), MSG_DONTWAIT);
	uint64_t number;

	if (got < 0)
		return;
	set_version(relay, got);
	number = client->answers++;
	if (hit(relay, relay->drop, number, 1))
		return;
	if (got && hit(relay, relay->corrupt, number, 2))
		relay->data[got - 1] ^= 1;
	if (!client->held && hit(relay, relay->swap, number, 3)) {
		hold(relay, client, (size_t)got);
		return;
	}
	to_client(relay, client, relay->data, (size_t)got);
	if (hit(relay, relay->twice, number, 4))
		to_client(relay, client, relay->data, (size_t)got);
	release(relay, client);
}

/* The index of the client at @addr, a new one if need be; -1 when there are too many. */
static int find_client(struct relay *relay, const struct sockaddr_in *addr)
{
	unsigned int i;
	int fd;

	for (i = 0; i < relay->n; i++)
		if (relay->clients[i].addr.sin_port == addr->sin_port &&
		    relay->clients[i].addr.sin_addr.s_addr == addr->sin_addr.s_addr)
			return (int)i;
	if (i == CLIENTS)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&relay->server, sizeof(relay->server)))
		return -1;
	relay->clients[i].addr = *addr;
	relay->fds[i + 1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	relay->n++;
	return (int)i;
}

static void pass_request(struct relay *relay)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(relay->fds[0].fd, relay->data, sizeof(relay->data), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len);
	int i;

	if (got < 0)
		return;
	i = find_client(relay, &from);
	set_version(relay, got);
	if (i >= 0)
		send(relay->fds[i + 1].fd, relay->data, (size_t)got, 0);
}

static int listen_on_loopback(struct relay *relay)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return az_env("cannot listen: %s", strerror(errno));
	relay->fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	printf("relaying port %u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return 0;
}

static void run(struct relay *relay)
{
	unsigned int i;

	while (poll(relay->fds, 1 + relay->n, -1) >= 0) {
		if (relay->fds[0].revents)
			pass_request(relay);
		for (i = 0; i < relay->n; i++)
			if (relay->fds[i + 1].revents)
				pass_answer(relay, i);
	}
}

int main(int argc, char **argv)
{
	static struct relay relay = { .seed = 1 };
	const struct az_opt table[] = {
		AZ_OPT(U64, "seed", 0, "N", "of the places", &relay.seed),
		AZ_OPT(U64, "drop", 0, "N", "one of N answers", &relay.drop),
		AZ_OPT(U64, "duplicate", 0, "N", "one of N answers", &relay.twice),
		AZ_OPT(U64, "swap", 0, "N", "one of N answers with the next", &relay.swap),
		AZ_OPT(U64, "corrupt", 0, "N", "the last byte of one of N", &relay.corrupt),
		AZ_OPT(U64, "version", 0, "N", "put into all messages", &relay.version, .max = 255),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		"udprelay", "PORT", "Relay UDP to a port of 127.0.0.1, badly.", NULL, table
	};
	uint64_t port;
	int first, ret;

	az_set_prog("udprelay");
	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return az_opts_exit(ret);
	if (argc - first != 1 || az_parse_number(argv[first], AZ_OPT_U64, &port) || port > 65535)
		return az_usage("one port is wanted");
	relay.server = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	ret = listen_on_loopback(&relay);
	if (ret)
		return ret;
	run(&relay);
	return az_env("poll: %s", strerror(errno));
}
