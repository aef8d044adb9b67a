/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions to rtnetlink(7): routes, links, neighbours. All of the caller's namespace. */
#ifndef AZ_BENCHMARKS_NET_RTNL_H
#define AZ_BENCHMARKS_NET_RTNL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

union rtnl_addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

struct rtnl_route {
	int ifindex;
	union rtnl_addr hop;	/* the gateway, or the destination itself; no port */
	union rtnl_addr source;	/* AF_UNSPEC when the kernel names none */
};

struct rtnl_link {
	int index, master;	/* master 0: none */
	unsigned int flags;	/* IFF_UP, IFF_LOOPBACK, ... of netdevice(7) */
	unsigned int mtu;
	bool running;		/* up, and its carrier is */
	char name[IFNAMSIZ];
	uint8_t mac[6];
};

/* Where packets to @to go. 0 or negative errno, -ENETUNREACH for one. */
int rtnl_route(const struct sockaddr *to, struct rtnl_route *route);

/* Hands each link to @fn. 0 or negative errno. */
int rtnl_links(void (*fn)(void *ctx, const struct rtnl_link *link), void *ctx);

/* The MAC address of @hop on a link. 0, -ENOENT when it is not known (yet), or -errno. */
int rtnl_neighbour(int ifindex, const union rtnl_addr *hop, uint8_t mac[6]);

/* A socket that receives link events, not blocking. The descriptor or negative errno. */
int rtnl_listen_links(void);

/*
 * Reads what has come on such a socket. Hands links that changed to @fn, with
 * @gone for those that were deleted. Returns 0, or -ENOBUFS when events were lost.
 */
int rtnl_read_links(int fd, void (*fn)(void *ctx, const struct rtnl_link *link, bool gone),
		    void *ctx);

/* The name of @ifname's driver by ethtool, "" when it has none to tell. */
void rtnl_driver(const char *ifname, char *driver, size_t len);

#endif
