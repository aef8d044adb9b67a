// SPDX-License-Identifier: GPL-2.0-only
/* Frames of --proto raw: made, recognised, filtered. Kept apart from sockets for tests. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#include "benchmarks/net/raw.h"

#define TTL	64
#define DONT_FRAGMENT	0x4000
#define FRAGMENT	0x3fff	/* more to come, or an offset */

_Static_assert(sizeof(struct ethhdr) == RAW_ETH, "an Ethernet header");
_Static_assert(sizeof(struct iphdr) == RAW_IP, "an IPv4 header without options");
_Static_assert(sizeof(struct udphdr) == RAW_UDP, "a UDP header");

uint64_t raw_sum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint16_t word;
	uint32_t two;

	/* 2^16 is 1 in this arithmetic, so larger pieces may be added as they are. */
	for (; len >= sizeof(two); len -= sizeof(two), at += sizeof(two)) {
		memcpy(&two, at, sizeof(two));
		sum += two;
	}
	if (len >= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
		len -= sizeof(word);
		at += sizeof(word);
	}
	if (len) {
		word = 0;
		memcpy(&word, at, 1);
		sum += word;
	}
	return sum;
}

uint16_t raw_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void raw_put_headers(uint8_t *headers, const struct raw_ends *ends, uint16_t id,
		     const void *payload, size_t len)
{
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = {
		.version = 4, .ihl = RAW_IP / 4,
		.tot_len = htons((uint16_t)(RAW_IP + RAW_UDP + len)),
		.id = htons(id), .frag_off = htons(DONT_FRAGMENT), .ttl = TTL,
		.protocol = IPPROTO_UDP, .saddr = ends->addr, .daddr = ends->peer_addr,
	};
	struct udphdr udp = {
		.source = ends->port, .dest = ends->peer_port,
		.len = htons((uint16_t)(RAW_UDP + len)),
	};
	uint64_t sum;

	memcpy(eth.h_dest, ends->peer_mac, sizeof(eth.h_dest));
	memcpy(eth.h_source, ends->mac, sizeof(eth.h_source));
	ip.check = raw_fold(raw_sum(0, &ip, sizeof(ip)));
	/* The pseudo header of RFC 768: addresses, protocol, length. */
	sum = (uint64_t)ip.saddr + ip.daddr + htons(IPPROTO_UDP) + udp.len;
	sum = raw_sum(raw_sum(sum, &udp, sizeof(udp)), payload, len);
	udp.check = raw_fold(sum);
	if (!udp.check)
		udp.check = 0xffff;	/* zero would say that there is none */
	memcpy(headers, &eth, sizeof(eth));
	memcpy(headers + RAW_ETH, &ip, sizeof(ip));
	memcpy(headers + RAW_ETH + RAW_IP, &udp, sizeof(udp));
}

const void *raw_payload(const struct raw_ends *ends, const void *data, size_t len,
			size_t *payload_len)
{
	const uint8_t *at = data;
	struct ethhdr eth;
	struct udphdr udp;
	struct iphdr ip;
	size_t header, udp_len;

	if (len < RAW_HEADERS)
		return NULL;
	memcpy(&eth, at, sizeof(eth));
	memcpy(&ip, at + RAW_ETH, sizeof(ip));
	header = ip.ihl * 4u;
	if (eth.h_proto != htons(ETH_P_IP) || ip.version != 4 || header < RAW_IP ||
	    ip.protocol != IPPROTO_UDP || ip.frag_off & htons(FRAGMENT) ||
	    ip.saddr != ends->peer_addr || len < RAW_ETH + header + RAW_UDP)
		return NULL;
	memcpy(&udp, at + RAW_ETH + header, sizeof(udp));
	udp_len = ntohs(udp.len);
	/* A short frame is padded, so its length says little. */
	if (udp.source != ends->peer_port || udp.dest != ends->port || udp_len < RAW_UDP ||
	    udp_len > len - RAW_ETH - header)
		return NULL;
	*payload_len = udp_len - RAW_UDP;
	return at + RAW_ETH + header + RAW_UDP;
}

unsigned int raw_filter(const struct raw_ends *ends, struct sock_filter *code)
{
	/* What does not fit jumps to the last instruction. */
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 10),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, RAW_ETH + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, RAW_ETH + 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(ends->peer_addr), 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, RAW_ETH + 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FRAGMENT, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, RAW_ETH),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, RAW_ETH),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (uint32_t)ntohs(ends->peer_port) << 16 | ntohs(ends->port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(code, program, sizeof(program));
	return sizeof(program) / sizeof(program[0]);
}
