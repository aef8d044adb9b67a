// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends UDP to a port back to where it came from, in the driver. Addresses and ports change
 * places, which changes no sum of one's complement: the checksums of IPv4 and UDP stay
 * what they were.
 */
#include "bpf/kern/base.h"

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "bpf/shared/xdp_echo.h"

const volatile struct xdp_echo_config echo_cfg;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_ECHO_VERDICTS);
	__type(key, u32);
	__type(value, u64);
} verdicts SEC(".maps");

LICENSE_GPL;

#define MORE_OR_OFFSET	0x3fff	/* of frag_off: a fragment */
#define GROUP_V4	0xe0	/* first byte: from there on groups, and 255.255.255.255 */

static __always_inline int verdict(u32 what)
{
	u64 *count = bpf_map_lookup_elem(&verdicts, &what);

	if (count)
		*count += 1;	/* a CPU's NAPI poll is not interrupted by another */
	return what == XDP_ECHO_SENT ? XDP_TX : XDP_PASS;
}

static __always_inline void swap_mac(struct ethhdr *eth)
{
	u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

static __always_inline void swap_ports(struct udphdr *udp)
{
	__be16 port = udp->source;

	udp->source = udp->dest;
	udp->dest = port;
}

/* Is it for us? XDP_ECHO_SENT, or why not. */
static __always_inline u32 judge(const struct udphdr *udp, void *end)
{
	if ((void *)(udp + 1) > end)
		return XDP_ECHO_SHORT;
	if (udp->dest != echo_cfg.port)
		return XDP_ECHO_OTHER;
	return udp->source == echo_cfg.port ? XDP_ECHO_LOOP : XDP_ECHO_SENT;
}

static __always_inline u16 fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/*
 * The UDP checksum over what @pseudo has already (addresses, length and protocol). false when the
 * datagram is longer than XDP_ECHO_BYTES or than the packet.
 */
static __always_inline bool compute(struct udphdr *udp, void *end, u64 pseudo)
{
	u32 len = bpf_ntohs(udp->len), i;
	u16 *word = (u16 *)udp, sum;
	u8 *byte;

	if (len < sizeof(*udp) || len > XDP_ECHO_BYTES)
		return false;
	udp->check = 0;
	/* The compiler may not turn the comparisons into arithmetic with the packet's end. */
	for (i = 0; i < XDP_ECHO_BYTES / 2 && i < len / 2; i++) {
		barrier_var(word);
		if ((void *)(word + 1) > end)
			return false;
		pseudo += *word++;
	}
	if (len & 1) {
		byte = (u8 *)word;
		barrier_var(byte);
		if ((void *)(byte + 1) > end)
			return false;
		pseudo += bpf_htons((u16)(*byte << 8));
	}
	sum = fold(pseudo);
	udp->check = sum ? sum : 0xffff;
	return true;
}

static __always_inline int echo_v4(struct ethhdr *eth, struct iphdr *ip, void *end)
{
	struct udphdr *udp;
	__be32 addr;
	u32 what;

	if ((void *)(ip + 1) > end)
		return verdict(XDP_ECHO_SHORT);
	if (ip->protocol != IPPROTO_UDP || ip->ihl < 5)
		return verdict(XDP_ECHO_OTHER);
	if (ip->frag_off & bpf_htons(MORE_OR_OFFSET))
		return verdict(XDP_ECHO_FRAGMENT);
	if ((bpf_ntohl(ip->daddr) >> 24) >= GROUP_V4 || eth->h_dest[0] & 1)
		return verdict(XDP_ECHO_GROUP);
	udp = (void *)ip + ip->ihl * 4;
	what = judge(udp, end);
	if (what != XDP_ECHO_SENT)
		return verdict(what);
	if (echo_cfg.compute &&
	    !compute(udp, end, (u64)ip->saddr + ip->daddr + bpf_htons(IPPROTO_UDP) + udp->len))
		return verdict(XDP_ECHO_SHORT);
	addr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	swap_ports(udp);
	swap_mac(eth);
	return verdict(XDP_ECHO_SENT);
}

static __always_inline u64 sum_addr(const struct in6_addr *a)
{
	return (u64)a->s6_addr32[0] + a->s6_addr32[1] + a->s6_addr32[2] + a->s6_addr32[3];
}

static __always_inline int echo_v6(struct ethhdr *eth, struct ipv6hdr *ip, void *end)
{
	struct udphdr *udp = (void *)(ip + 1);
	struct in6_addr addr;
	u32 what;

	if ((void *)(ip + 1) > end)
		return verdict(XDP_ECHO_SHORT);
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		return verdict(XDP_ECHO_FRAGMENT);
	if (ip->nexthdr != IPPROTO_UDP)
		return verdict(XDP_ECHO_OTHER);
	if (ip->daddr.s6_addr[0] == 0xff || eth->h_dest[0] & 1)
		return verdict(XDP_ECHO_GROUP);
	what = judge(udp, end);
	if (what != XDP_ECHO_SENT)
		return verdict(what);
	if (echo_cfg.compute &&
	    !compute(udp, end, sum_addr(&ip->saddr) + sum_addr(&ip->daddr) +
		     bpf_htons(IPPROTO_UDP) + udp->len))
		return verdict(XDP_ECHO_SHORT);
	addr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	swap_ports(udp);
	swap_mac(eth);
	return verdict(XDP_ECHO_SENT);
}

SEC("xdp")
int xdp_echo(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > end)
		return verdict(XDP_ECHO_SHORT);
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return echo_v4(eth, (void *)(eth + 1), end);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return echo_v6(eth, (void *)(eth + 1), end);
	return verdict(XDP_ECHO_OTHER);
}
