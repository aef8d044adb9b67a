// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bursts of UDP packets in one sendmmsg(). The time of a burst ends when the
 * socket's send memory is free again, that is when the driver has completed the
 * last packet: the cost per packet includes transmit completion.
 *
 * The socket is not connected, so an ICMP "port unreachable" from a peer that
 * does not listen cannot turn into a send error.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "benchmarks/net/net.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pattern.h"

/*
 * The kernel charges a packet with its skb and the head's slack, well below 2 KB
 * each for small ones; SO_SNDBUF is doubled by the kernel (socket(7)).
 */
#define SKB_OVERHEAD	2048

struct burst {
	struct net_bench *net;
	int fd;
	char tx_packets[64];		/* sysfs file of the interface, or "" */
	uint8_t *payload;
	struct mmsghdr *messages;
	struct iovec iov;
	uint64_t packets, bursts, busy_ns;
	struct az_hist hist;		/* ns of one burst */
};

/* Name of the interface that holds the address our packets leave with. */
static int find_interface(const struct net_bench *net, char *name, size_t len)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} local = { .in6 = { 0 } };
	socklen_t size = sizeof(local);
	struct ifaddrs *all, *entry;
	int fd, ret = -ENODEV;

	fd = net_socket(net, SOCK_DGRAM, true);
	if (fd < 0)
		return -EHOSTUNREACH;
	if (getsockname(fd, &local.sa, &size) || getifaddrs(&all)) {
		ret = -errno;
		goto out;
	}
	for (entry = all; ret && entry; entry = entry->ifa_next) {
		if (!entry->ifa_addr || entry->ifa_addr->sa_family != local.sa.sa_family)
			continue;
		if (local.sa.sa_family == AF_INET ?
		    memcmp(&((struct sockaddr_in *)entry->ifa_addr)->sin_addr,
			   &local.in4.sin_addr, sizeof(local.in4.sin_addr)) :
		    memcmp(&((struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr,
			   &local.in6.sin6_addr, sizeof(local.in6.sin6_addr)))
			continue;
		snprintf(name, len, "%s", entry->ifa_name);
		ret = 0;
	}
	freeifaddrs(all);
out:
	close(fd);
	return ret;
}

/* Packets that the interface has sent; with segmentation offload one is an skb. */
static uint64_t sent_by_interface(const struct burst *burst)
{
	unsigned long long value = 0;
	FILE *file = burst->tx_packets[0] ? fopen(burst->tx_packets, "re") : NULL;

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static int send_all(struct burst *burst)
{
	unsigned int sent = 0, total = (unsigned int)burst->net->burst;
	int got;

	while (sent < total) {
		got = sendmmsg(burst->fd, burst->messages + sent, total - sent, 0);
		if (got < 0 && errno == EINTR && !bench_stopped())
			continue;
		if (got < 0)
			return -errno;
		sent += (unsigned int)got;
	}
	return 0;
}

static int wait_until_drained(const struct burst *burst)
{
	uint64_t begin = az_clock_ns();
	int queued;

	do {
		if (ioctl(burst->fd, SIOCOUTQ, &queued))
			return -errno;
		/* Completion may need this CPU, for the NAPI thread of the driver. */
		if (queued)
			sched_yield();
		if (az_clock_ns() - begin > burst->net->timeout)
			return -ETIME;
	} while (queued && !bench_stopped());
	return queued ? -EINTR : 0;
}

static int one_burst(struct burst *burst, bool counted)
{
	uint64_t begin = az_clock_ns(), ns;
	int ret;

	ret = send_all(burst);
	if (!ret)
		ret = wait_until_drained(burst);
	if (ret || !counted)
		return ret;
	ns = az_clock_ns() - begin;
	burst->busy_ns += ns;
	burst->packets += burst->net->burst;
	burst->bursts++;
	az_hist_record(&burst->hist, ns);
	return 0;
}

static int measure(struct burst *burst, uint64_t *skbs)
{
	struct bench *bench = &burst->net->bench;
	uint64_t i;
	int ret = 0;

	for (i = 0; !ret && i < burst->net->bench.warmup_count; i++)
		ret = one_burst(burst, false);
	*skbs = sent_by_interface(burst);
	bench->start = az_clock_ns();
	while (!ret && bench_goes_on(bench, burst->bursts, az_clock_ns()))
		ret = one_burst(burst, true);
	*skbs = sent_by_interface(burst) - *skbs;
	if (ret == -EINTR)
		return AZ_EXIT_OK;
	if (ret == -ETIME)
		az_err("packets were not completed within the timeout");
	else if (ret)
		az_err("cannot send to %s: %s", burst->net->peer, strerror(-ret));
	return ret || !burst->packets ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

static int report(struct burst *burst, uint64_t skbs, int ret)
{
	struct net_bench *net = burst->net;
	double each = burst->packets ? (double)burst->busy_ns / (double)burst->packets : 0;
	json_t *result = net_result(net, "net-burst");
	char text[16];

	az_result_config_int(result, "burst", net->burst);
	az_result_count(result, "bursts", burst->bursts);
	az_result_count(result, "packets", burst->packets);
	az_result_count(result, "skbs", skbs);
	az_result_count(result, "busy_ns", burst->busy_ns);
	az_result_metric(result, "ns_per_packet", "ns", true, each);
	az_result_hist(result, "burst", &burst->hist);
	bench_say(&net->bench, "udp burst %llux%lluB: %s per packet, %llu packets %llu skbs",
		  (unsigned long long)net->burst, (unsigned long long)net->size,
		  bench_time(text, each), (unsigned long long)burst->packets,
		  (unsigned long long)skbs);
	return bench_end(&net->bench, result, ret);
}

static int prepare(struct burst *burst)
{
	struct net_bench *net = burst->net;
	char name[IF_NAMESIZE];
	int room = (int)(net->burst * (net->size + SKB_OVERHEAD));
	uint64_t i;

	burst->payload = malloc(net->size);
	burst->messages = calloc(net->burst, sizeof(*burst->messages));
	if (!burst->payload || !burst->messages)
		return az_env("out of memory");
	az_pattern_fill(burst->payload, net->size, net->bench.seed, 0);
	burst->iov = (struct iovec){ burst->payload, net->size };
	for (i = 0; i < net->burst; i++)
		burst->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &net->addr, .msg_namelen = net->addrlen,
			.msg_iov = &burst->iov, .msg_iovlen = 1,
		};
	if (!find_interface(net, name, sizeof(name)))
		snprintf(burst->tx_packets, sizeof(burst->tx_packets),
			 "/sys/class/net/%s/statistics/tx_packets", name);
	burst->fd = net_socket(net, SOCK_DGRAM, false);
	if (burst->fd < 0)
		return AZ_EXIT_ENV;
	/* A full send buffer would make the sender wait within the burst. */
	if (setsockopt(burst->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(burst->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return 0;
}

int net_burst(struct net_bench *net)
{
	struct burst *burst = calloc(1, sizeof(*burst));
	uint64_t skbs;
	int ret;

	if (!burst)
		return az_env("out of memory");
	burst->net = net;
	burst->fd = -1;
	az_hist_reset(&burst->hist);
	ret = prepare(burst);
	if (!ret) {
		ret = measure(burst, &skbs);
		ret = report(burst, skbs, ret);
	}
	if (burst->fd >= 0)
		close(burst->fd);
	free(burst->messages);
	free(burst->payload);
	free(burst);
	return ret;
}
