// SPDX-License-Identifier: GPL-2.0-only
/* What a good guest sends; sums are left to the host's offloads or to chance. */
#include "fuzz/rndis_good.h"

#include <netinet/in.h>
#include <string.h>

#include "netvsp/checksum.h"
#include "netvsp/frame.h"
#include "proto/rndis.h"

enum frame_kind {
	ARP, UDP4, PING4, SOLICIT6, TCP4, TCP6, FRAGMENT4, UDP6,
};

static void link_header(uint8_t *f, uint16_t ethertype)
{
	memcpy(f, (const uint8_t[]){ 0, 0x15, 0x5d, 0x77, 0, 1, 0, 0x15, 0x5d, 0x77, 1, 0 }, 12);
	put16(f + 12, ethertype);
}

static uint8_t *ip4(uint8_t *f, uint8_t proto, uint32_t len)
{
	uint8_t *ip = f + ETH_HEADER;
	uint16_t sum;

	link_header(f, ETHERTYPE_IPV4);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + len));
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, (const uint8_t[]){ 192, 168, 77, 2, 192, 168, 77, 1 }, 8);
	sum = csum_finish(csum_bytes(0, ip, 20));
	memcpy(ip + 10, &sum, 2);
	return ip + 20;
}

static uint8_t *ip6(uint8_t *f, uint8_t proto, uint32_t len)
{
	uint8_t *ip = f + ETH_HEADER;

	link_header(f, ETHERTYPE_IPV6);
	ip[0] = 0x60;
	put16(ip + 4, (uint16_t)len);
	ip[6] = proto;
	ip[7] = 255;
	ip[8] = 0xfd;
	ip[9] = 0x77;
	ip[23] = 2;
	ip[24] = 0xfd;
	ip[25] = 0x77;
	ip[39] = 1;
	return ip + 40;
}

static void sum_l4(uint8_t *ip, uint8_t *l4, uint32_t len, unsigned int at, uint8_t proto)
{
	uint64_t pseudo = ip[0] >> 4 == 6 ? csum_pseudo6(0, ip + 8, ip + 24, proto, len) :
			  proto == IPPROTO_ICMP ? 0 : csum_pseudo4(0, ip + 12, ip + 16, proto, len);
	uint16_t sum = csum_finish(csum_bytes(pseudo, l4, len));

	memcpy(l4 + at, &sum, 2);
}

static uint32_t tcp(uint8_t *f, uint8_t *l4, const uint8_t *payload, uint32_t len)
{
	put16(l4, 1000);
	put16(l4 + 2, 80);
	l4[12] = 0x50;
	l4[13] = 0x18;
	memcpy(l4 + 20, payload, len);
	return (uint32_t)(l4 - f) + 20 + len;
}

static uint32_t udp(uint8_t *f, uint8_t *l4, const uint8_t *payload, uint32_t len)
{
	put16(l4, 1000);
	put16(l4 + 2, 7);
	put16(l4 + 4, (uint16_t)(8 + len));
	memcpy(l4 + 8, payload, len);
	sum_l4(f + ETH_HEADER, l4, 8 + len, 6, IPPROTO_UDP);
	return (uint32_t)(l4 - f) + 8 + len;
}

static uint32_t echo(uint8_t *f, uint8_t *l4, const uint8_t *payload, uint32_t len)
{
	l4[0] = 8;
	memcpy(l4 + 8, payload, len);
	sum_l4(f + ETH_HEADER, l4, 8 + len, 2, IPPROTO_ICMP);
	return (uint32_t)(l4 - f) + 8 + len;
}

static uint32_t solicit(uint8_t *f, uint8_t *l4)
{
	l4[0] = 135;
	memcpy(l4 + 8, f + ETH_HEADER + 24, 16);
	sum_l4(f + ETH_HEADER, l4, 32, 2, IPPROTO_ICMPV6);
	return (uint32_t)(l4 - f) + 32;
}

static uint32_t arp(uint8_t *f)
{
	uint8_t *a = f + ETH_HEADER;

	link_header(f, ETHERTYPE_ARP);
	memcpy(a, (const uint8_t[]){ 0, 1, 8, 0, 6, 4, 0, 1 }, 8);
	memcpy(a + 24, (const uint8_t[]){ 192, 168, 77, 1 }, 4);
	return ETH_HEADER + 28;
}

static uint32_t make_frame(uint8_t *f, enum frame_kind kind, const uint8_t *payload, uint32_t len)
{
	uint32_t n;

	memset(f, 0, 128);
	switch (kind) {
	case ARP:
		return arp(f);
	case UDP4:
		return udp(f, ip4(f, IPPROTO_UDP, 8 + len), payload, len);
	case PING4:
		return echo(f, ip4(f, IPPROTO_ICMP, 8 + len), payload, len);
	case SOLICIT6:
		return solicit(f, ip6(f, IPPROTO_ICMPV6, 32));
	case TCP4:
		return tcp(f, ip4(f, IPPROTO_TCP, 20 + len), payload, len);
	case TCP6:
		return tcp(f, ip6(f, IPPROTO_TCP, 20 + len), payload, len);
	case FRAGMENT4:
		n = echo(f, ip4(f, IPPROTO_ICMP, 8 + len), payload, len);
		f[20] = 0x20;
		return n;
	default:
		return udp(f, ip6(f, IPPROTO_UDP, 8 + len), payload, len);
	}
}

static uint32_t put_ppi(uint8_t *at, uint32_t type, uint32_t value)
{
	struct rndis_ppi p = { .size = sizeof(p) + 4, .type = type, .offset = sizeof(p) };

	memcpy(at, &p, sizeof(p));
	memcpy(at + sizeof(p), &value, 4);
	return p.size;
}

static uint32_t put_ppis(uint8_t *at, uint8_t kind)
{
	enum frame_kind frame = kind & 7;
	bool v6 = frame == TCP6 || frame == UDP6;
	uint32_t len = 0;

	if (kind & 8)
		len += put_ppi(at + len, RNDIS_PPI_CHECKSUM,
			       (v6 ? RNDIS_TX_IPV6 : RNDIS_TX_IPV4 | RNDIS_TX_IP_CSUM) |
			       (frame == TCP4 || v6 ? RNDIS_TX_TCP_CSUM : RNDIS_TX_UDP_CSUM));
	if (kind & 16)
		len += put_ppi(at + len, RNDIS_PPI_LSO,
			       RNDIS_LSO_V2 | (v6 ? RNDIS_LSO_IPV6 : 0) | 100);
	if (kind & 32)
		len += put_ppi(at + len, RNDIS_PPI_VLAN, 0x1234);
	return len;
}

uint32_t good_packet(uint8_t *msg, uint8_t kind, const uint8_t *payload, uint32_t len)
{
	const uint32_t fixed = sizeof(struct rndis_header) + sizeof(struct rndis_packet);
	struct rndis_header h = { .type = RNDIS_PACKET };
	struct rndis_packet p = { .ppi_offset = sizeof(p) };

	p.ppi_length = put_ppis(msg + fixed, kind);
	p.data_offset = sizeof(p) + p.ppi_length;
	p.data_length = make_frame(msg + fixed + p.ppi_length, kind & 7, payload, len);
	h.length = fixed + p.ppi_length + p.data_length;
	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), &p, sizeof(p));
	return h.length;
}

static uint32_t rss_parameters(uint8_t *out)
{
	struct ndis_rss_parameters p = {
		.header = { .type = NDIS_TYPE_RSS_PARAMETERS },
		.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV6,
		.table_size = 16, .table_offset = sizeof(p),
		.key_size = NDIS_RSS_KEY_SIZE, .key_offset = sizeof(p) + 16,
	};

	memcpy(out, &p, sizeof(p));
	memset(out + sizeof(p), 0, 16);
	out[sizeof(p) + 4] = 3;
	memset(out + sizeof(p) + 16, 0x5a, NDIS_RSS_KEY_SIZE);
	return sizeof(p) + 16 + NDIS_RSS_KEY_SIZE;
}

static uint32_t mac_parameter(uint8_t *out)
{
	struct rndis_config_parameter p = {
		.name_offset = sizeof(p), .name_length = 28, .type = RNDIS_CONFIG_STRING,
		.value_offset = sizeof(p) + 28, .value_length = 24,
	};
	const char *text = "NetworkAddress00155d77aaBB";
	unsigned int i;

	memcpy(out, &p, sizeof(p));
	for (i = 0; text[i]; i++)
		put16(out + sizeof(p) + 2 * i, (uint16_t)(text[i] << 8));
	return sizeof(p) + 2 * i;
}

static uint32_t offload_parameters(uint8_t *out)
{
	struct ndis_offload_parameters p = {
		.header = { .type = NDIS_TYPE_DEFAULT },
		.tcp4_csum = NDIS_PARAM_TX_RX, .udp6_csum = NDIS_PARAM_RX,
		.rsc_ip4 = NDIS_PARAM_RSC_ON,
	};

	memcpy(out, &p, sizeof(p));
	return sizeof(p);
}

static uint32_t value(uint8_t *out, uint32_t oid, const uint8_t *payload, uint32_t len)
{
	switch (oid) {
	case OID_GEN_RSS_PARAMETERS:
		return rss_parameters(out);
	case OID_GEN_CONFIG_PARAMETER:
		return mac_parameter(out);
	case OID_TCP_OFFLOAD_PARAMETERS:
		return offload_parameters(out);
	default:
		memcpy(out, payload, len);
		return len;
	}
}

uint32_t good_control(uint8_t *msg, uint8_t kind, const uint8_t *payload, uint32_t len)
{
	static const uint32_t oids[16] = {
		OID_GEN_RSS_PARAMETERS, OID_GEN_CONFIG_PARAMETER, OID_TCP_OFFLOAD_PARAMETERS,
		OID_GEN_PACKET_FILTER, OID_GEN_SUPPORTED_LIST, OID_GEN_MAXIMUM_FRAME_SIZE,
		OID_GEN_LINK_SPEED, OID_GEN_VENDOR_DESCRIPTION, OID_GEN_MEDIA_CONNECT_STATUS,
		OID_GEN_RSS_CAPABILITIES, OID_GEN_FRIENDLY_NAME, OID_802_3_PERMANENT_ADDRESS,
		OID_TCP_OFFLOAD_HARDWARE_CAPS, OID_GEN_XMIT_OK, OID_GEN_MAXIMUM_TOTAL_SIZE,
		OID_802_3_MAXIMUM_LIST_SIZE,
	};
	struct rndis_header h = { .type = kind & 15 };
	struct rndis_request r = { .request_id = 1, .oid = oids[kind >> 4] };
	uint32_t at = sizeof(h);

	if (h.type == RNDIS_QUERY || h.type == RNDIS_SET) {
		r.buffer_offset = sizeof(r);
		r.buffer_length = value(msg + at + sizeof(r), r.oid, payload, len);
		memcpy(msg + at, &r, sizeof(r));
		at += sizeof(r) + r.buffer_length;
	} else {
		memcpy(msg + at, payload, len);
		at += len;
	}
	h.length = at;
	memcpy(msg, &h, sizeof(h));
	return at;
}
