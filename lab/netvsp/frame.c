// SPDX-License-Identifier: GPL-2.0-only
#include "netvsp/frame.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "netvsp/iovwalk.h"

#define MAX_EXTENSIONS	8	/* IPv6 extension headers that are skipped */

static void parse_l4(const uint8_t *head, size_t len, size_t l4, struct frame_layout *l)
{
	size_t need, payload;

	switch (l->proto) {
	case IPPROTO_TCP:
		need = 20;
		break;
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		need = 8;
		break;
	default:
		return;
	}
	if (l->fragment || l4 + need > len)
		return;
	payload = l4 + need;
	if (l->proto == IPPROTO_TCP) {
		payload = l4 + (head[l4 + 12] >> 4) * 4u;
		if (payload < l4 + need || payload > len)
			return;
	}
	l->l4 = (uint16_t)l4;
	l->payload = (uint16_t)payload;
}

static void parse_ipv4(const uint8_t *head, size_t len, struct frame_layout *l)
{
	size_t ihl;

	if (l->l3 + 20u > len || head[l->l3] >> 4 != 4)
		return;
	ihl = (head[l->l3] & 15) * 4u;
	if (ihl < 20 || l->l3 + ihl > len)
		return;
	l->ip_version = 4;
	l->proto = head[l->l3 + 9];
	l->fragment = (get16(head + l->l3 + 6) & 0x3fff) != 0;
	parse_l4(head, len, l->l3 + ihl, l);
}

static void parse_ipv6(const uint8_t *head, size_t len, struct frame_layout *l)
{
	size_t at = l->l3 + 40u;
	unsigned int i;
	uint8_t next;

	if (at > len || head[l->l3] >> 4 != 6)
		return;
	l->ip_version = 6;
	next = head[l->l3 + 6];
	for (i = 0; i < MAX_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			break;
		if (at + 8 > len)
			return;
		if (next == IPPROTO_FRAGMENT)
			l->fragment = true;
		next = head[at];
		at += l->fragment ? 8 : (head[at + 1] + 1u) * 8;
	}
	l->proto = next;
	parse_l4(head, len, at, l);
}

void frame_parse(const uint8_t *head, size_t len, struct frame_layout *l)
{
	size_t at = ETH_HEADER;

	memset(l, 0, sizeof(*l));
	if (len < at)
		return;
	l->ethertype = get16(head + 12);
	if (l->ethertype == ETHERTYPE_VLAN) {
		if (len < at + VLAN_HEADER)
			return;
		l->ethertype = get16(head + 16);
		at += VLAN_HEADER;
	}
	l->l3 = (uint16_t)at;
	if (l->ethertype == ETHERTYPE_IPV4)
		parse_ipv4(head, len, l);
	else if (l->ethertype == ETHERTYPE_IPV6)
		parse_ipv6(head, len, l);
}

size_t iov_bytes(const struct iovec *iov, int n)
{
	size_t sum = 0;

	while (n-- > 0)
		sum += iov[n].iov_len;
	return sum;
}

size_t iov_copy(const struct iovec *iov, int n, size_t offset, void *dst, size_t len)
{
	struct iov_walk walk = { .iov = iov, .n = n, .offset = offset, .left = len };
	size_t done = 0, piece;
	uint8_t *at;

	for (; iov_walk_next(&walk, &at, &piece); done += piece)
		memcpy((uint8_t *)dst + done, at, piece);
	return done;
}

int iov_slice(const struct iovec *iov, int n, size_t offset, size_t len,
	      struct iovec *out, int max)
{
	struct iov_walk walk = { .iov = iov, .n = n, .offset = offset, .left = len };
	size_t piece;
	uint8_t *at;
	int used = 0;

	for (; iov_walk_next(&walk, &at, &piece); used++) {
		if (used == max)
			return -E2BIG;
		out[used] = (struct iovec){ .iov_base = at, .iov_len = piece };
	}
	return walk.left ? -EFAULT : used;
}
