// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define UDP_PAYLOAD_MAX	65507	/* 65535 less the IPv4 and UDP headers */

struct net_mode {
	const char *name;
	uint64_t count, size, warmup;	/* defaults */
	uint64_t min_size, max_size;
	int (*run)(struct net_bench *net);
};

static const struct net_mode modes[] = {
	{ "rtt", 1000, 64, 100, 16, UDP_PAYLOAD_MAX, net_rtt },
	{ "burst", 100, 64, 8, 1, UDP_PAYLOAD_MAX, net_burst },
	{ "tcp", 1, 65536, 0, 1, 1 << 20, net_tcp },
	{ "serve", 0, 64, 0, 0, UDP_PAYLOAD_MAX, net_serve },
};

static const char epilog[] =
	"Modes:\n"
	"  rtt    UDP round trips, one at a time; --count samples of --size bytes\n"
	"  burst  --count bursts of --burst UDP packets; the time of a burst ends when\n"
	"         the driver has given back its last packet\n"
	"  tcp    --count transfers of --bytes to an echo server and back, in writes of\n"
	"         --size, with a checksum over what returns\n"
	"  serve  UDP echo server (and TCP with --tcp) at ADDR:PORT, until Ctrl-C,\n"
	"         --duration or --count answers\n"
	"Exit codes: 0 good, 1 lost or wrong data, 2 usage, 3 environment.";

int net_parse_peer(struct net_bench *net, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 3];
	uint64_t port;
	size_t len;

	if (!colon || az_parse_number(colon + 1, AZ_OPT_U64, &port) || port > 65535)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(&net->addr, 0, sizeof(net->addr));
	net->peer = text;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		net->addr.in6.sin6_family = AF_INET6;
		net->addr.in6.sin6_port = htons((uint16_t)port);
		net->addrlen = sizeof(net->addr.in6);
		return inet_pton(AF_INET6, host + 1, &net->addr.in6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	net->addr.in4.sin_family = AF_INET;
	net->addr.in4.sin_port = htons((uint16_t)port);
	net->addrlen = sizeof(net->addr.in4);
	return inet_pton(AF_INET, host, &net->addr.in4.sin_addr) == 1 ? 0 : -EINVAL;
}

int net_socket(const struct net_bench *net, int type, bool connected)
{
	int fd = socket(net->addr.sa.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		az_err("cannot open a socket: %s", strerror(errno));
		return -1;
	}
	if (connected && connect(fd, &net->addr.sa, net->addrlen)) {
		az_err("cannot connect to %s: %s", net->peer, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

json_t *net_result(const struct net_bench *net, const char *benchmark)
{
	json_t *result = az_result_new(benchmark);

	az_result_config_str(result, "mode", net->mode);
	az_result_config_int(result, "size", net->size);
	az_result_config_int(result, "count", net->bench.count);
	return result;
}

static const struct net_mode *find_mode(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

/* Modes have their own defaults, which only the mode's name decides. */
static int settle(struct net_bench *net, const struct net_mode *mode)
{
	bool limited = net->bench.duration;

	if (net->bench.count == UINT64_MAX)
		net->bench.count = limited ? 0 : mode->count;
	if (net->size == UINT64_MAX)
		net->size = mode->size;
	if (net->warmup == UINT64_MAX)
		net->warmup = mode->warmup;
	if (net->size < mode->min_size || net->size > mode->max_size)
		return az_usage("--size: %llu is out of range for %s, %llu to %llu",
				(unsigned long long)net->size, mode->name,
				(unsigned long long)mode->min_size,
				(unsigned long long)mode->max_size);
	return 0;
}

int bench_net(int argc, char **argv)
{
	struct net_bench net = {
		.bench = { .count = UINT64_MAX, .seed = 1 },
		.mode = "rtt", .size = UINT64_MAX, .warmup = UINT64_MAX, .timeout = 1000000000,
		.burst = 64, .bytes = 1 << 20,
	};
	const struct az_opt table[] = {
		AZ_OPT(STRING, "mode", 'm', "MODE", "rtt, burst, tcp or serve", &net.mode),
		AZ_OPT(SIZE, "size", 's', "SIZE", "bytes of payload", &net.size),
		AZ_OPT(U64, "warmup", 0, "N", "rtt, burst: first do N that are not counted",
		       &net.warmup),
		AZ_OPT(TIME, "timeout", 0, "TIME", "rtt, tcp: lost when not back after this",
		       &net.timeout, .min = 1000),
		AZ_OPT(U64, "burst", 0, "N", "burst: packets of one burst", &net.burst,
		       .min = 1, .max = 1024),
		AZ_OPT(SIZE, "bytes", 0, "SIZE", "tcp: bytes of one transfer", &net.bytes,
		       .min = 1),
		AZ_OPT(FLAG, "tcp", 0, NULL, "serve: answer TCP as well", &net.tcp),
		BENCH_OPTS(&net.bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "ADDR:PORT", "Network measurements.", epilog, table
	};
	const struct net_mode *mode;
	int first, ret;

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return az_opts_exit(ret);
	mode = find_mode(net.mode);
	if (!mode)
		return az_usage("--mode: '%s' is none of rtt, burst, tcp, serve", net.mode);
	if (first + 1 != argc)
		return az_usage("one address is wanted, such as 192.0.2.1:7");
	if (net_parse_peer(&net, argv[first]))
		return az_usage("'%s' is not a numeric address and port, such as 192.0.2.1:7 or"
				" [2001:db8::1]:7", argv[first]);
	ret = settle(&net, mode);
	if (!ret)
		ret = bench_begin(&net.bench, mode->name);
	return ret ? ret : mode->run(&net);
}
