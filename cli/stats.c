// SPDX-License-Identifier: GPL-2.0-only
/*
 * "azimuth stats DEV": what the kernel counts for a network device. Counters of
 * the driver come by SIOCETHTOOL (as `ethtool -S`), those of the device and of
 * each queue by the netdev netlink family (qstats-get, Linux 6.9 and later).
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"

/* Documentation/netlink/specs/netdev.yaml; distributions' headers are older. */
#define NETDEV_FAMILY		"netdev"
#define NETDEV_QSTATS_GET	12
#define QSTATS_IFINDEX		1
#define QSTATS_QUEUE_TYPE	2	/* 0 rx, 1 tx */
#define QSTATS_QUEUE_ID		3
#define QSTATS_SCOPE		4
#define QSTATS_SCOPE_QUEUE	1

#define REPLY_MAX	32768

static const struct {
	uint16_t attr;
	const char *name;
} qstats[] = {
	{ 8, "rx_packets" }, { 9, "rx_bytes" }, { 10, "tx_packets" }, { 11, "tx_bytes" },
	{ 12, "rx_alloc_fail" },
};

struct request {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char attrs[64];
};

static void put(struct request *r, uint16_t type, const void *value, uint16_t len)
{
	struct nlattr *a = (struct nlattr *)((char *)r + r->n.nlmsg_len);

	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)a + NLA_HDRLEN, value, len);
	r->n.nlmsg_len += NLA_ALIGN(a->nla_len);
}

static void begin(struct request *r, uint16_t family, uint16_t flags, uint8_t cmd)
{
	*r = (struct request){
		.n = { .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = family,
		       .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
		.g = { .cmd = cmd, .version = 1 },
	};
}

/* The attribute's value, or NULL; *@len is its size. */
static const void *find(const struct nlmsghdr *n, uint16_t type, uint32_t *len)
{
	const char *at = (const char *)NLMSG_DATA(n) + GENL_HDRLEN;
	const char *end = (const char *)n + n->nlmsg_len;

	while (end - at >= (int)NLA_HDRLEN) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*len = a->nla_len - (uint32_t)NLA_HDRLEN;
			return at + NLA_HDRLEN;
		}
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* An unsigned number of 2, 4 or 8 bytes; false when it is not there. */
static bool number(const struct nlmsghdr *n, uint16_t type, uint64_t *value)
{
	uint32_t len, v32;
	uint16_t v16;
	const void *p = find(n, type, &len);

	if (!p || (len != 2 && len != 4 && len != 8))
		return false;
	if (len == 8) {
		memcpy(value, p, 8);
	} else if (len == 4) {
		memcpy(&v32, p, 4);
		*value = v32;
	} else {
		memcpy(&v16, p, 2);
		*value = v16;
	}
	return true;
}

/*
 * Sends @r and hands each answer to @fn, until the end of a dump or the first
 * answer of another request. 0 or -errno.
 */
static int transact(int fd, const struct request *r,
		    void (*fn)(const struct nlmsghdr *n, void *ctx), void *ctx)
{
	static union { struct nlmsghdr n; char bytes[REPLY_MAX]; } buf;
	const bool dump = r->n.nlmsg_flags & NLM_F_DUMP;

	if (send(fd, r, r->n.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t got = recv(fd, &buf, sizeof(buf), 0);
		const struct nlmsghdr *n = &buf.n;
		uint32_t left = got < 0 ? 0 : (uint32_t)got;

		if (got < 0)
			return -errno;
		for (; NLMSG_OK(n, left); n = NLMSG_NEXT(n, left)) {
			if (n->nlmsg_type == NLMSG_DONE)
				return 0;
			if (n->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(n))->error;
			fn(n, ctx);
			if (!dump)
				return 0;
		}
	}
}

static void take_family(const struct nlmsghdr *n, void *ctx)
{
	uint64_t id;

	if (number(n, CTRL_ATTR_FAMILY_ID, &id))
		*(uint16_t *)ctx = (uint16_t)id;
}

static void print_queue(const struct nlmsghdr *n, void *ctx)
{
	uint64_t type, id = 0, value;
	bool queue = number(n, QSTATS_QUEUE_TYPE, &type) && number(n, QSTATS_QUEUE_ID, &id);
	size_t i;

	for (i = 0; i < sizeof(qstats) / sizeof(qstats[0]); i++) {
		if (!number(n, qstats[i].attr, &value))
			continue;
		if (queue)
			printf("qstats_queue_%llu_%s %llu\n", (unsigned long long)id,
			       qstats[i].name, (unsigned long long)value);
		else
			printf("qstats_%s %llu\n", qstats[i].name, (unsigned long long)value);
	}
}

static int print_qstats(uint32_t ifindex)
{
	const uint32_t scope = QSTATS_SCOPE_QUEUE;
	uint16_t family = 0;
	struct request r;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), ret;

	if (fd < 0)
		return -errno;
	begin(&r, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	put(&r, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY, sizeof(NETDEV_FAMILY));
	ret = transact(fd, &r, take_family, &family);
	if (!ret && family) {
		begin(&r, family, NLM_F_DUMP, NETDEV_QSTATS_GET);
		put(&r, QSTATS_IFINDEX, &ifindex, sizeof(ifindex));
		ret = transact(fd, &r, print_queue, NULL);
	}
	if (!ret && family) {
		put(&r, QSTATS_SCOPE, &scope, sizeof(scope));
		ret = transact(fd, &r, print_queue, NULL);
	}
	close(fd);
	return family ? ret : -EOPNOTSUPP;
}

static int ethtool(int fd, const char *dev, void *data)
{
	struct ifreq ifr = { .ifr_data = data };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int print_ethtool(int fd, const char *dev)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
	int ret = ethtool(fd, dev, &info);
	uint32_t i, n = info.n_stats;

	if (ret || !n)
		return ret;
	names = calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + n * sizeof(values->data[0]));
	if (!names || !values) {
		ret = -ENOMEM;
		goto out;
	}
	*names = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = n,
	};
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = n;
	ret = ethtool(fd, dev, names);
	if (!ret)
		ret = ethtool(fd, dev, values);
	for (i = 0; !ret && i < n && i < names->len && i < values->n_stats; i++)
		printf("%.*s %llu\n", ETH_GSTRING_LEN,
		       (char *)names->data + (size_t)i * ETH_GSTRING_LEN,
		       (unsigned long long)values->data[i]);
out:
	free(names);
	free(values);
	return ret;
}

int az_cmd_stats(int argc, char **argv)
{
	static const struct az_opt table[] = { AZ_OPT_DONE };
	static const struct az_opts opts = {
		.command = "azimuth stats", .operands = "INTERFACE",
		.summary = "Print what the kernel counts for a network interface: the driver's"
			   " counters, and those of the device and its queues (qstats).",
		.table = table,
	};
	int ret, fd, first;
	uint32_t ifindex;
	const char *dev;

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return az_opts_exit(ret);
	if (argc - first != 1)
		return az_usage("one network interface is needed");
	dev = argv[first];
	ifindex = if_nametoindex(dev);
	if (!ifindex)
		return az_env("no network interface '%s'", dev);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return az_env("no socket: %s", strerror(errno));
	ret = print_ethtool(fd, dev);
	close(fd);
	if (ret)
		az_info("%s has no counters of a driver: %s", dev, strerror(-ret));
	ret = print_qstats(ifindex);
	if (ret)
		az_info("%s has no counters of queues: %s", dev, strerror(-ret));
	return AZ_EXIT_OK;
}
