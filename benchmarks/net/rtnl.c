// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/rtnl.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REPLY_MAX	32768

/* if_link.h's IFF_LOWER_UP is not in every net/if.h. */
#define LOWER_UP	0x10000

struct request {
	struct nlmsghdr n;
	union {
		struct rtmsg route;
		struct ifinfomsg link;
		struct ndmsg neighbour;
	};
	char attrs[64];
};

union reply {
	struct nlmsghdr n;
	char bytes[REPLY_MAX];
};

static void begin(struct request *r, uint16_t type, uint16_t flags, size_t len)
{
	*r = (struct request){ .n = {
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(len), .nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
	} };
}

static void put(struct request *r, uint16_t type, const void *value, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->n.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), value, len);
	r->n.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->n.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* The value of attribute @type behind a header of @header bytes, at least @len long. */
static const void *attr(const struct nlmsghdr *n, size_t header, uint16_t type, size_t len)
{
	const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(n) + NLMSG_ALIGN(header));
	int left = (int)n->nlmsg_len - (int)NLMSG_SPACE(header);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type && RTA_PAYLOAD(a) >= len)
			return RTA_DATA(a);
	return NULL;
}

/*
 * Sends @r and hands the answers to @fn: one, or those of a dump. 0 or -errno, of
 * the kernel or of @fn, which ends a dump with anything but 0.
 */
static int ask(const struct request *r, int (*fn)(const struct nlmsghdr *n, void *ctx), void *ctx)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), ret = 0;
	const struct nlmsghdr *n;
	bool more = true;
	union reply buf;
	ssize_t got;
	uint32_t left;

	if (fd < 0)
		return -errno;
	if (send(fd, r, r->n.nlmsg_len, 0) < 0)
		ret = -errno;
	while (!ret && more) {
		got = recv(fd, &buf, sizeof(buf), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = -errno;
		left = got < 0 ? 0 : (uint32_t)got;
		for (n = &buf.n; !ret && more && NLMSG_OK(n, left); n = NLMSG_NEXT(n, left)) {
			more = r->n.nlmsg_flags & NLM_F_DUMP && n->nlmsg_type != NLMSG_DONE;
			if (n->nlmsg_type == NLMSG_ERROR)
				ret = ((const struct nlmsgerr *)NLMSG_DATA(n))->error;
			else if (n->nlmsg_type != NLMSG_DONE)
				ret = fn(n, ctx);
		}
	}
	close(fd);
	return ret;
}

static size_t addr_bytes(const union rtnl_addr *addr, const void **bytes)
{
	if (addr->sa.sa_family == AF_INET) {
		*bytes = &addr->in4.sin_addr;
		return sizeof(addr->in4.sin_addr);
	}
	*bytes = &addr->in6.sin6_addr;
	return sizeof(addr->in6.sin6_addr);
}

static void set_addr(union rtnl_addr *addr, sa_family_t family, const void *bytes)
{
	memset(addr, 0, sizeof(*addr));
	if (!bytes)
		return;
	addr->sa.sa_family = family;
	if (family == AF_INET)
		memcpy(&addr->in4.sin_addr, bytes, sizeof(addr->in4.sin_addr));
	else
		memcpy(&addr->in6.sin6_addr, bytes, sizeof(addr->in6.sin6_addr));
}

static int take_route(const struct nlmsghdr *n, void *ctx)
{
	const struct rtmsg *msg = NLMSG_DATA(n);
	const sa_family_t family = msg->rtm_family;
	const size_t len = family == AF_INET ? 4 : 16;
	struct rtnl_route *route = ctx;
	const void *value = attr(n, sizeof(*msg), RTA_OIF, sizeof(int));

	if (!value)
		return -ENETUNREACH;
	memcpy(&route->ifindex, value, sizeof(int));
	value = attr(n, sizeof(*msg), RTA_GATEWAY, len);
	if (value)
		set_addr(&route->hop, family, value);
	set_addr(&route->source, family, attr(n, sizeof(*msg), RTA_PREFSRC, len));
	return 0;
}

int rtnl_route(const struct sockaddr *to, struct rtnl_route *route)
{
	union rtnl_addr addr = { .sa.sa_family = to->sa_family };
	const void *bytes;
	struct request r;
	size_t len;

	memcpy(&addr, to, to->sa_family == AF_INET ? sizeof(addr.in4) : sizeof(addr.in6));
	len = addr_bytes(&addr, &bytes);
	begin(&r, RTM_GETROUTE, 0, sizeof(r.route));
	r.route.rtm_family = (uint8_t)to->sa_family;
	r.route.rtm_dst_len = (uint8_t)(len * 8);
	put(&r, RTA_DST, bytes, len);
	memset(route, 0, sizeof(*route));
	set_addr(&route->hop, to->sa_family, bytes);
	return ask(&r, take_route, route);
}

static void read_link(const struct nlmsghdr *n, struct rtnl_link *link)
{
	const struct ifinfomsg *msg = NLMSG_DATA(n);
	const void *value;

	*link = (struct rtnl_link){ .index = msg->ifi_index, .flags = msg->ifi_flags,
		.running = msg->ifi_flags & IFF_UP && msg->ifi_flags & LOWER_UP };
	value = attr(n, sizeof(*msg), IFLA_MASTER, sizeof(int));
	if (value)
		memcpy(&link->master, value, sizeof(int));
	value = attr(n, sizeof(*msg), IFLA_MTU, sizeof(link->mtu));
	if (value)
		memcpy(&link->mtu, value, sizeof(link->mtu));
	value = attr(n, sizeof(*msg), IFLA_ADDRESS, sizeof(link->mac));
	if (value)
		memcpy(link->mac, value, sizeof(link->mac));
	value = attr(n, sizeof(*msg), IFLA_IFNAME, 1);
	if (value)
		snprintf(link->name, sizeof(link->name), "%.*s", IFNAMSIZ - 1,
			 (const char *)value);
}

struct link_call {
	void (*fn)(void *ctx, const struct rtnl_link *link);
	void *ctx;
};

static int take_link(const struct nlmsghdr *n, void *ctx)
{
	const struct link_call *call = ctx;
	struct rtnl_link link;

	read_link(n, &link);
	call->fn(call->ctx, &link);
	return 0;
}

int rtnl_links(void (*fn)(void *ctx, const struct rtnl_link *link), void *ctx)
{
	struct link_call call = { fn, ctx };
	struct request r;

	begin(&r, RTM_GETLINK, NLM_F_DUMP, sizeof(r.link));
	return ask(&r, take_link, &call);
}

struct neighbour_search {
	int ifindex;
	const void *bytes;
	size_t len;
	uint8_t *mac;
	bool found;
};

static int take_neighbour(const struct nlmsghdr *n, void *ctx)
{
	const struct ndmsg *msg = NLMSG_DATA(n);
	struct neighbour_search *search = ctx;
	const void *dst = attr(n, sizeof(*msg), NDA_DST, search->len);
	const void *mac = attr(n, sizeof(*msg), NDA_LLADDR, 6);

	if (msg->ndm_ifindex != search->ifindex || !dst || !mac ||
	    memcmp(dst, search->bytes, search->len) ||
	    msg->ndm_state & (NUD_INCOMPLETE | NUD_FAILED))
		return 0;
	memcpy(search->mac, mac, 6);
	search->found = true;
	return 0;
}

int rtnl_neighbour(int ifindex, const union rtnl_addr *hop, uint8_t mac[6])
{
	struct neighbour_search search = { .ifindex = ifindex, .mac = mac };
	struct request r;
	int ret;

	search.len = addr_bytes(hop, &search.bytes);
	begin(&r, RTM_GETNEIGH, NLM_F_DUMP, sizeof(r.neighbour));
	r.neighbour.ndm_family = (uint8_t)hop->sa.sa_family;
	r.neighbour.ndm_ifindex = ifindex;
	ret = ask(&r, take_neighbour, &search);
	return ret ? ret : search.found ? 0 : -ENOENT;
}

int rtnl_listen_links(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), ret;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int rtnl_read_links(int fd, void (*fn)(void *ctx, const struct rtnl_link *link, bool gone),
		    void *ctx)
{
	const struct nlmsghdr *n;
	struct rtnl_link link;
	union reply buf;
	ssize_t got;
	uint32_t left;

	for (;;) {
		got = recv(fd, &buf, sizeof(buf), MSG_DONTWAIT);
		if (got < 0)
			return errno == ENOBUFS ? -ENOBUFS : 0;
		left = (uint32_t)got;
		for (n = &buf.n; NLMSG_OK(n, left); n = NLMSG_NEXT(n, left)) {
			if (n->nlmsg_type != RTM_NEWLINK && n->nlmsg_type != RTM_DELLINK)
				continue;
			read_link(n, &link);
			fn(ctx, &link, n->nlmsg_type == RTM_DELLINK);
		}
	}
}

void rtnl_driver(const char *ifname, char *driver, size_t len)
{
	struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&drv };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	driver[0] = '\0';
	if (fd < 0)
		return;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		snprintf(driver, len, "%.31s", drv.driver);
	close(fd);
}
