// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peer that is built in: 192.168.77.1 and fd77::1. It answers ARP and
 * neighbour solicitations for these, ICMP and ICMPv6 echo, and sends every UDP
 * datagram back to where it came from, except for port 9, discard. Needs no
 * privileges, and is as deterministic as the loop that runs it.
 *
 * It checks the checksums of what it gets: a frame that a real wire would
 * deliver broken is dropped and counted (bad_checksum), so that a guest which
 * relies on an offload that it did not ask for is found out. IPv4 fragments
 * go back one by one, since echo changes nothing behind the first header; their
 * transport checksum is not looked at. IPv6 fragments and TCP get no answer.
 */
#include "netvsp/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "netvsp/checksum.h"

#define ICMP_ECHO	8
#define ICMP6_ECHO	128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_SOLICIT	135
#define ICMP6_ADVERT	136
#define UDP_DISCARD	9
#define MAX_DELAY_US	10000000

static const uint8_t own_mac[6] = { 0x00, 0x15, 0x5d, 0x77, 0x00, 0x01 };
static const uint8_t own_ip4[4] = { 192, 168, 77, 1 };
static const uint8_t own_ip6[16] = { 0xfd, 0x77, [15] = 1 };

struct responder {
	struct net_backend backend;	/* first */
	_Atomic uint64_t delay_us;
};

struct late_frame {
	struct defer_item item;		/* first */
	struct net_msg *m;
};

static void run_late(struct netvsp_channel *nc, struct defer_item *item)
{
	struct late_frame *l = (struct late_frame *)item;

	rx_steer(nc, l->m);
	free(l);
}

static void drop_late(struct defer_item *item)
{
	struct late_frame *l = (struct late_frame *)item;

	free(l->m);
	free(l);
}

static void answer(struct responder *r, struct netvsp_channel *nc, struct net_msg *m)
{
	uint64_t delay = atomic_load_explicit(&r->delay_us, memory_order_relaxed);
	struct late_frame *l;

	if (!delay) {
		rx_steer(nc, m);
		return;
	}
	l = malloc(sizeof(*l));
	if (!l)
		goto drop;
	l->item.run = run_late;
	l->item.drop = drop_late;
	l->m = m;
	if (!defer_add(nc, &l->item, delay * 1000))
		return;
	free(l);
drop:
	count(&nc->n->rx_dropped);
	free(m);
}

static void swap_macs(uint8_t *f)
{
	memcpy(f, f + 6, 6);
	memcpy(f + 6, own_mac, 6);
}

/* Each of these turns the request in @f into the answer; false: no answer. */
static bool arp(uint8_t *f, size_t len)
{
	static const uint8_t request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *a = f + ETH_HEADER;

	if (len < ETH_HEADER + 28 || memcmp(a, request, 8) || memcmp(a + 24, own_ip4, 4))
		return false;
	swap_macs(f);
	a[7] = 2;
	memcpy(a + 18, a + 8, 10);	/* target: who asked */
	memcpy(a + 8, own_mac, 6);
	memcpy(a + 14, own_ip4, 4);
	return true;
}

static void swap_ip(uint8_t *ip, const struct frame_layout *l)
{
	uint8_t addr[16];
	size_t n = l->ip_version == 4 ? 4 : 16, src = l->ip_version == 4 ? 12 : 8;

	memcpy(addr, ip + src, n);
	memcpy(ip + src, ip + src + n, n);
	memcpy(ip + src + n, addr, n);
}

static uint64_t pseudo(const uint8_t *ip, const struct frame_layout *l, uint32_t len)
{
	if (l->ip_version == 4)
		return csum_pseudo4(0, ip + 12, ip + 16, l->proto, len);
	return csum_pseudo6(0, ip + 8, ip + 24, l->proto, len);
}

static void set_csum(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, 2);
}

/* Bytes of transport header and data that the IP header declares; 0: not possible. */
static uint32_t l4_length(const uint8_t *f, size_t len, const struct frame_layout *l)
{
	const uint8_t *ip = f + l->l3;
	size_t end = l->l3 + (l->ip_version == 4 ? get16(ip + 2) : 40u + get16(ip + 4));

	return end > len || end < l->payload ? 0 : (uint32_t)(end - l->l4);
}

static bool checksums_good(const uint8_t *f, const struct frame_layout *l, uint32_t l4_len)
{
	const uint8_t *ip = f + l->l3, *l4 = f + l->l4;
	uint64_t sum = pseudo(ip, l, l4_len);

	if (l->ip_version == 4 && csum_finish(csum_bytes(0, ip, (ip[0] & 15) * 4u)))
		return false;
	if (l->proto == IPPROTO_UDP && !get16(l4 + 6))
		return l->ip_version == 4;	/* the sender did without */
	if (l->proto == IPPROTO_ICMP)
		sum = 0;
	return csum_finish(csum_bytes(sum, l4, l4_len)) == 0;
}

static bool udp(uint8_t *f, const struct frame_layout *l, uint32_t l4_len)
{
	uint8_t *l4 = f + l->l4;
	uint16_t sport = get16(l4);

	if (get16(l4 + 4) > l4_len || get16(l4 + 2) == UDP_DISCARD)
		return false;
	/* The sum does not depend on the order of addresses and ports: the checksum stays. */
	put16(l4, get16(l4 + 2));
	put16(l4 + 2, sport);
	return true;
}

static bool echo(uint8_t *f, const struct frame_layout *l, uint32_t l4_len)
{
	uint8_t *l4 = f + l->l4;
	uint64_t sum = 0;

	if (l4[0] != (l->ip_version == 4 ? ICMP_ECHO : ICMP6_ECHO) || l4[1])
		return false;
	l4[0] = l->ip_version == 4 ? 0 : ICMP6_ECHO_REPLY;
	set_csum(l4 + 2, 0);
	if (l->ip_version == 6)
		sum = pseudo(f + l->l3, l, l4_len);
	set_csum(l4 + 2, csum_finish(csum_bytes(sum, l4, l4_len)));
	return true;
}

/* Neighbour solicitation to advertisement (RFC 4861); *@len is the new length of the frame. */
static bool solicit(uint8_t *f, const struct frame_layout *l, uint32_t l4_len, uint32_t *len)
{
	uint8_t *ip = f + l->l3, *l4 = f + l->l4;
	static const uint8_t unspecified[16];

	/* A solicitation without a source is the guest's own duplicate address detection. */
	if (l4[0] != ICMP6_SOLICIT || l4_len < 32 || ip[7] != 255 ||
	    memcmp(l4 + 8, own_ip6, 16) || !memcmp(ip + 8, unspecified, 16))
		return false;
	memcpy(ip + 24, ip + 8, 16);
	memcpy(ip + 8, own_ip6, 16);
	put16(ip + 4, 32);
	memset(l4, 0, 8);
	l4[0] = ICMP6_ADVERT;
	l4[4] = 0x60;			/* solicited, override */
	l4[24] = 2;			/* target link-layer address */
	l4[25] = 1;
	memcpy(l4 + 26, own_mac, 6);
	set_csum(l4 + 2, csum_finish(csum_bytes(pseudo(ip, l, 32), l4, 32)));
	*len = l->l4 + 32u;
	return true;
}

static bool to_us(const uint8_t *ip, const struct frame_layout *l)
{
	if (l->ip_version == 4)
		return !memcmp(ip + 16, own_ip4, 4);
	return !memcmp(ip + 24, own_ip6, 16);
}

static void ip_turn(uint8_t *f, const struct frame_layout *l)
{
	uint8_t *ip = f + l->l3;

	swap_macs(f);
	swap_ip(ip, l);
	if (l->ip_version == 6) {
		ip[7] = 64;
		return;
	}
	ip[8] = 64;
	set_csum(ip + 10, 0);
	set_csum(ip + 10, csum_finish(csum_bytes(0, ip, (ip[0] & 15) * 4u)));
}

/* A piece of an IPv4 datagram; only the first has something to change. */
static bool fragment_answer(struct net_msg *m, const struct frame_layout *l)
{
	uint8_t *f = m->data, *ip = f + l->l3, *l4 = ip + (ip[0] & 15) * 4u;
	uint32_t end = l->l3 + get16(ip + 2);
	uint16_t port;

	if (l->ip_version != 4 || !to_us(ip, l) || end > m->len || f + end < l4 ||
	    (l->proto != IPPROTO_UDP && l->proto != IPPROTO_ICMP))
		return false;
	ip_turn(f, l);
	m->len = end;
	if (get16(ip + 6) & 0x1fff)
		return true;
	if (f + end < l4 + 8)
		return false;
	if (l->proto == IPPROTO_UDP) {
		port = get16(l4);
		put16(l4, get16(l4 + 2));
		put16(l4 + 2, port);
		return true;
	}
	if (l4[0] != ICMP_ECHO || l4[1])
		return false;
	/* The type goes from 8 to 0, so the complement of the sum grows by it (RFC 1624). */
	l4[0] = 0;
	put16(l4 + 2, ntohs(csum_partial((uint64_t)get16(l4 + 2) + (ICMP_ECHO << 8))));
	return true;
}

static bool ip_answer(struct netvsp_channel *nc, struct net_msg *m, const struct frame_layout *l)
{
	uint8_t *f = m->data, *ip = f + l->l3;
	uint32_t l4_len;

	if (l->fragment)
		return fragment_answer(m, l);
	if (!l->l4)
		return false;
	l4_len = l4_length(f, m->len, l);
	if (!l4_len)
		return false;
	if (!checksums_good(f, l, l4_len)) {
		count(&nc->n->bad_checksum);
		return false;
	}
	if (l->proto == IPPROTO_ICMPV6 && solicit(f, l, l4_len, &m->len)) {
		swap_macs(f);
		return true;
	}
	if (!to_us(ip, l))
		return false;
	ip_turn(f, l);
	m->len = l->l4 + l4_len;
	m->csum_good = true;
	if (l->proto == IPPROTO_UDP)
		return udp(f, l, l4_len);
	if (l->proto == (l->ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return echo(f, l, l4_len);
	return false;
}

static int transmit(struct net_backend *b, void *priv, const struct net_frame *fr)
{
	struct responder *r = (struct responder *)b;
	struct netvsp_channel *nc = priv;
	struct frame_layout l;
	struct net_msg *m;
	bool reply = false;

	m = net_msg_alloc(NET_MSG_FRAME, fr->len);
	if (!m)
		return -ENOMEM;
	iov_copy(fr->iov, fr->n, 0, m->data, fr->len);
	frame_parse(m->data, fr->len, &l);
	m->vlan = fr->vlan;
	m->vlan_tci = fr->vlan_tci;
	if (l.ethertype == ETHERTYPE_ARP && l.l3 == ETH_HEADER)
		reply = arp(m->data, fr->len);
	else if (l.ip_version)
		reply = ip_answer(nc, m, &l);
	if (reply)
		answer(r, nc, m);
	else
		free(m);
	return 0;
}

static int channel_open(struct net_backend *b, struct netvsp_channel *nc, void **priv)
{
	*priv = nc;
	return 0;
}

static void channel_close(struct net_backend *b, void *priv)
{
}

static int command(struct net_backend *b, const char *cmd, json_t *args, json_t *reply)
{
	struct responder *r = (struct responder *)b;
	json_t *us = json_object_get(args, "us");

	if (strcmp(cmd, "delay"))
		return -ENOENT;
	if (!json_is_integer(us) || json_integer_value(us) < 0 ||
	    json_integer_value(us) > MAX_DELAY_US) {
		json_object_set_new(reply, "error",
				    json_string("delay: us must be a number from 0 to 10000000"));
		return -EINVAL;
	}
	atomic_store(&r->delay_us, (uint64_t)json_integer_value(us));
	return 0;
}

static void destroy(struct net_backend *b)
{
	free(b);
}

static const struct net_backend_ops responder_ops = {
	.name = "responder",
	.open = channel_open,
	.close = channel_close,
	.transmit = transmit,
	.command = command,
	.destroy = destroy,
};

struct net_backend *responder_create(struct netvsp *dev, uint64_t delay_us)
{
	struct responder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->backend.ops = &responder_ops;
	r->backend.dev = dev;
	atomic_init(&r->delay_us, delay_us);
	return &r->backend;
}
