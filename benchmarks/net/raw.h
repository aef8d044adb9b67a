/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --proto raw: Ethernet frames of our own making through a packet socket, so that
 * neither IP nor UDP of this machine is on the way. UDP over IPv4 without options
 * or fragments: any UDP echo answers them.
 */
#ifndef AZ_BENCHMARKS_NET_RAW_H
#define AZ_BENCHMARKS_NET_RAW_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "benchmarks/net/flow.h"

#define RAW_ETH		14u
#define RAW_IP		20u
#define RAW_UDP		8u
#define RAW_HEADERS	(RAW_ETH + RAW_IP + RAW_UDP)

/* Both ends of a flow. Addresses and ports are in network byte order. */
struct raw_ends {
	uint8_t mac[6], peer_mac[6];
	uint32_t addr, peer_addr;
	uint16_t port, peer_port;
};

/* Writes the RAW_HEADERS bytes before a payload of @len, with both checksums. */
void raw_put_headers(uint8_t *headers, const struct raw_ends *ends, uint16_t id,
		     const void *payload, size_t len);

/*
 * The payload of frame @data of @len bytes when the peer sent it to this flow.
 * NULL when it is another's, a fragment, or shorter than it says. The UDP checksum
 * is not looked at: over veth and loopback the kernel does not make it.
 */
const void *raw_payload(const struct raw_ends *ends, const void *data, size_t len,
			size_t *payload_len);

/* The ones' complement sum of RFC 1071 over @len bytes, added to @sum; not folded. */
uint64_t raw_sum(uint64_t sum, const void *data, size_t len);
uint16_t raw_fold(uint64_t sum);	/* the checksum of such a sum */

/* A socket filter that lets frames of the peer to this flow through. Returns its length. */
#define RAW_FILTER_MAX	20
unsigned int raw_filter(const struct raw_ends *ends, struct sock_filter *code);

extern const struct net_proto net_raw;

/* Of --raw-bypass: frames do not pass the queueing discipline (PACKET_QDISC_BYPASS). */
extern bool net_raw_bypass;

#endif
