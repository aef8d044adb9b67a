// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device answers to OIDs, and takes by them. The list is what
 * drivers/net/hyperv/rndis_filter.c asks for, and the general ones that NDIS
 * requires of every miniport.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <string.h>

#define FRIENDLY_NAME	"Network Adapter"	/* the default, which Linux knows to ignore */
#define MAC_PARAMETER	"NetworkAddress"

static const uint32_t supported[] = {
	OID_GEN_SUPPORTED_LIST, OID_GEN_HARDWARE_STATUS, OID_GEN_MEDIA_SUPPORTED,
	OID_GEN_MEDIA_IN_USE, OID_GEN_MAXIMUM_FRAME_SIZE, OID_GEN_LINK_SPEED,
	OID_GEN_TRANSMIT_BLOCK_SIZE, OID_GEN_RECEIVE_BLOCK_SIZE, OID_GEN_VENDOR_ID,
	OID_GEN_VENDOR_DESCRIPTION, OID_GEN_PACKET_FILTER, OID_GEN_MAXIMUM_TOTAL_SIZE,
	OID_GEN_MEDIA_CONNECT_STATUS, OID_GEN_RSS_CAPABILITIES, OID_GEN_RSS_PARAMETERS,
	OID_GEN_CONFIG_PARAMETER, OID_GEN_XMIT_OK, OID_GEN_RCV_OK, OID_GEN_XMIT_ERROR,
	OID_GEN_RCV_ERROR, OID_GEN_RCV_NO_BUFFER, OID_GEN_FRIENDLY_NAME,
	OID_802_3_PERMANENT_ADDRESS, OID_802_3_CURRENT_ADDRESS, OID_802_3_MAXIMUM_LIST_SIZE,
	OID_TCP_OFFLOAD_CURRENT_CONFIG, OID_TCP_OFFLOAD_PARAMETERS, OID_TCP_OFFLOAD_HARDWARE_CAPS,
};

struct answer {
	uint8_t *out;
	uint32_t cap, len;
};

static uint32_t put(struct answer *a, const void *value, uint32_t len)
{
	if (len > a->cap)
		return RNDIS_FAILURE;
	memcpy(a->out, value, len);
	a->len = len;
	return RNDIS_SUCCESS;
}

static uint32_t put_u32(struct answer *a, uint64_t value)
{
	uint32_t v = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;

	return put(a, &v, sizeof(v));
}

/* A counter over all channels. */
static uint64_t sum(const struct netvsp *dev, size_t offset)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < dev->queues; i++)
		total += count_get((const counter_t *)((const char *)&dev->slot[i].n + offset));
	return total;
}

static uint32_t rss_capabilities(struct netvsp_channel *nc, struct answer *a)
{
	struct ndis_rss_capabilities c = {
		.header = {
			.type = NDIS_TYPE_RSS_CAPABILITIES, .revision = 2, .size = sizeof(c),
		},
		.flags = NDIS_RSS_CAP_TCP_IPV4 | NDIS_RSS_CAP_TCP_IPV6 | NDIS_HASH_TOEPLITZ,
		.interrupt_messages = nc->dev->queues,
		.receive_queues = nc->dev->queues,
		.table_entries = NDIS_RSS_TABLE_ENTRIES,
	};

	return put(a, &c, sizeof(c));
}

/* The size that the guest's revision knows; it declares it in the query's buffer. */
static uint32_t offload_size(struct netvsp_channel *nc, const uint8_t *in, uint32_t in_len,
			     struct ndis_header *h)
{
	uint32_t version = atomic_load(&nc->dev->version);

	h->type = NDIS_TYPE_OFFLOAD;
	h->revision = version >= NVSP_VERSION_5 ? 3 : version >= NVSP_VERSION_4 ? 2 : 1;
	h->size = sizeof(struct ndis_offload);
	if (h->revision == 2)
		h->size = NDIS_OFFLOAD_SIZE_6_1;
	else if (h->revision == 1)
		h->size = NDIS_OFFLOAD_SIZE_6_0;
	if (in_len >= sizeof(*h)) {
		struct ndis_header asked;

		memcpy(&asked, in, sizeof(asked));
		if (asked.size >= NDIS_OFFLOAD_SIZE_6_0 && asked.size < h->size)
			h->size = asked.size;
	}
	return h->size;
}

static uint32_t offload_caps(struct netvsp_channel *nc, const uint8_t *in, uint32_t in_len,
			     struct answer *a)
{
	const uint32_t csum4 = NDIS_CSUM_IP4_OPTIONS | NDIS_CSUM_TCP4_OPTIONS | NDIS_CSUM_TCP4 |
			       NDIS_CSUM_UDP4 | NDIS_CSUM_IP4;
	const uint32_t csum6 = NDIS_CSUM_IP6_EXT | NDIS_CSUM_TCP6_OPTIONS | NDIS_CSUM_TCP6 |
			       NDIS_CSUM_UDP6;
	struct ndis_offload o = { 0 };
	uint32_t size = offload_size(nc, in, in_len, &o.header);

	o.csum.ip4_tx_encap = NDIS_ENCAP_8023;
	o.csum.ip4_rx_encap = NDIS_ENCAP_8023;
	o.csum.ip6_tx_encap = NDIS_ENCAP_8023;
	o.csum.ip6_rx_encap = NDIS_ENCAP_8023;
	o.csum.ip4_tx = csum4;
	o.csum.ip4_rx = csum4;
	o.csum.ip6_tx = csum6;
	o.csum.ip6_rx = csum6;
	o.lso_v2.ip4_encap = NDIS_ENCAP_8023;
	o.lso_v2.ip6_encap = NDIS_ENCAP_8023;
	o.lso_v2.ip4_max_size = LSO_MAX_SIZE;
	o.lso_v2.ip6_max_size = LSO_MAX_SIZE;
	o.lso_v2.ip4_min_segments = 2;
	o.lso_v2.ip6_min_segments = 2;
	o.lso_v2.ip6_options = NDIS_LSO_V2_IP6_EXT | NDIS_LSO_V2_TCP6_OPTIONS;
	o.rsc.ip4 = nc->dev->rsc;
	o.rsc.ip6 = nc->dev->rsc;
	return put(a, &o, size);
}

static uint32_t friendly_name(struct answer *a)
{
	uint16_t name[sizeof(FRIENDLY_NAME)];
	unsigned int i;

	for (i = 0; i < sizeof(FRIENDLY_NAME); i++)
		name[i] = (uint8_t)FRIENDLY_NAME[i];
	return put(a, name, sizeof(name));
}

static uint32_t query_count(struct netvsp_channel *nc, uint32_t oid, struct answer *a)
{
	switch (oid) {
	case OID_GEN_XMIT_OK:
		return put_u32(a, sum(nc->dev, offsetof(struct net_counters, tx_rndis_packets)));
	case OID_GEN_RCV_OK:
		return put_u32(a, sum(nc->dev, offsetof(struct net_counters, rx_packets)));
	case OID_GEN_XMIT_ERROR:
		return put_u32(a, sum(nc->dev, offsetof(struct net_counters, tx_errors)));
	case OID_GEN_RCV_ERROR:
		return put_u32(a, sum(nc->dev, offsetof(struct net_counters, rx_failed)));
	case OID_GEN_RCV_NO_BUFFER:
		return put_u32(a, sum(nc->dev, offsetof(struct net_counters, rx_dropped)));
	default:
		return RNDIS_NOT_SUPPORTED;
	}
}

uint32_t oid_query(struct netvsp_channel *nc, uint32_t oid, const uint8_t *in, uint32_t in_len,
		   uint8_t *out, uint32_t cap, uint32_t *out_len)
{
	struct answer a = { .out = out, .cap = cap };
	struct netvsp *dev = nc->dev;
	uint32_t status;

	switch (oid) {
	case OID_GEN_SUPPORTED_LIST:
		status = put(&a, supported, sizeof(supported));
		break;
	case OID_GEN_HARDWARE_STATUS:
	case OID_GEN_MEDIA_SUPPORTED:
	case OID_GEN_MEDIA_IN_USE:
		status = put_u32(&a, 0);	/* ready; 802.3 */
		break;
	case OID_GEN_MAXIMUM_FRAME_SIZE:
		status = put_u32(&a, dev->mtu);
		break;
	case OID_GEN_MAXIMUM_TOTAL_SIZE:
	case OID_GEN_TRANSMIT_BLOCK_SIZE:
	case OID_GEN_RECEIVE_BLOCK_SIZE:
		status = put_u32(&a, dev->mtu + ETH_HEADER);
		break;
	case OID_GEN_LINK_SPEED:
		status = put_u32(&a, LINK_SPEED);
		break;
	case OID_GEN_VENDOR_ID:
		status = put_u32(&a, 0x5d1500);	/* OUI 00-15-5D */
		break;
	case OID_GEN_VENDOR_DESCRIPTION:
		status = put(&a, "Azimuth netvsp", sizeof("Azimuth netvsp"));
		break;
	case OID_GEN_PACKET_FILTER:
		status = put_u32(&a, nc->config.filter);
		break;
	case OID_GEN_MEDIA_CONNECT_STATUS:
		status = put_u32(&a, atomic_load(&dev->link_down));
		break;
	case OID_GEN_RSS_CAPABILITIES:
		status = rss_capabilities(nc, &a);
		break;
	case OID_GEN_FRIENDLY_NAME:
		status = friendly_name(&a);
		break;
	case OID_802_3_PERMANENT_ADDRESS:
		status = put(&a, dev->mac, sizeof(dev->mac));
		break;
	case OID_802_3_CURRENT_ADDRESS:
		status = put(&a, dev->current_mac, sizeof(dev->current_mac));
		break;
	case OID_802_3_MAXIMUM_LIST_SIZE:
		status = put_u32(&a, 32);
		break;
	case OID_TCP_OFFLOAD_HARDWARE_CAPS:
	case OID_TCP_OFFLOAD_CURRENT_CONFIG:
		status = offload_caps(nc, in, in_len, &a);
		break;
	default:
		status = query_count(nc, oid, &a);
		break;
	}
	*out_len = a.len;
	return status;
}

static bool rx_wanted(uint8_t tcp, uint8_t udp, bool now)
{
	if (!tcp && !udp)
		return now;
	return tcp == NDIS_PARAM_RX || tcp == NDIS_PARAM_TX_RX ||
	       udp == NDIS_PARAM_RX || udp == NDIS_PARAM_TX_RX;
}

static uint32_t set_offload(struct netvsp_channel *nc, const uint8_t *in, uint32_t in_len)
{
	struct ndis_offload_parameters p = { 0 };
	struct net_config c = nc->config;

	if (in_len < NDIS_OFFLOAD_PARAMETERS_6_1)
		return RNDIS_INVALID_LENGTH;
	memcpy(&p, in, in_len < sizeof(p) ? in_len : sizeof(p));
	if (p.header.type != NDIS_TYPE_DEFAULT)
		return RNDIS_INVALID_DATA;
	c.rx_csum4 = rx_wanted(p.tcp4_csum, p.udp4_csum, c.rx_csum4);
	c.rx_csum6 = rx_wanted(p.tcp6_csum, p.udp6_csum, c.rx_csum6);
	if (in_len >= offsetof(struct ndis_offload_parameters, rsc_ip6) + 1 && p.rsc_ip4)
		c.rsc = nc->dev->rsc && nc->dev->guest_caps & NVSP_CAP_RSC &&
			p.rsc_ip4 == NDIS_PARAM_RSC_ON;
	netvsp_set_config(nc, &c);
	return RNDIS_SUCCESS;
}

static bool utf16_is(const uint8_t *p, uint32_t bytes, const char *text)
{
	size_t i, n = strlen(text);

	if (bytes != 2 * n)
		return false;
	for (i = 0; i < n; i++) {
		if (p[2 * i] != (uint8_t)text[i] || p[2 * i + 1])
			return false;
	}
	return true;
}

static int hex_digit(const uint8_t *p)
{
	if (p[1])
		return -1;
	if (p[0] >= '0' && p[0] <= '9')
		return p[0] - '0';
	if ((p[0] | 32) >= 'a' && (p[0] | 32) <= 'f')
		return (p[0] | 32) - 'a' + 10;
	return -1;
}

/* "NetworkAddress" with twelve hexadecimal digits, all in UTF-16: the MAC address. */
static uint32_t set_parameter(struct netvsp_channel *nc, const uint8_t *in, uint32_t in_len)
{
	struct rndis_config_parameter p;
	uint8_t mac[6];
	unsigned int i;

	if (in_len < sizeof(p))
		return RNDIS_INVALID_LENGTH;
	memcpy(&p, in, sizeof(p));
	if (p.name_offset > in_len || p.name_length > in_len - p.name_offset ||
	    p.value_offset > in_len || p.value_length > in_len - p.value_offset)
		return RNDIS_INVALID_LENGTH;
	if (p.type != RNDIS_CONFIG_STRING ||
	    !utf16_is(in + p.name_offset, p.name_length, MAC_PARAMETER))
		return RNDIS_NOT_SUPPORTED;
	if (p.value_length != 4 * sizeof(mac))
		return RNDIS_INVALID_DATA;
	for (i = 0; i < sizeof(mac); i++) {
		int high = hex_digit(in + p.value_offset + 4 * i);
		int low = hex_digit(in + p.value_offset + 4 * i + 2);

		if (high < 0 || low < 0)
			return RNDIS_INVALID_DATA;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	if (mac[0] & 1)
		return RNDIS_INVALID_DATA;
	memcpy(nc->dev->current_mac, mac, sizeof(mac));
	return RNDIS_SUCCESS;
}

uint32_t oid_set(struct netvsp_channel *nc, uint32_t oid, const uint8_t *in, uint32_t in_len)
{
	struct net_config c = nc->config;

	switch (oid) {
	case OID_GEN_PACKET_FILTER:
		if (in_len < sizeof(c.filter))
			return RNDIS_INVALID_LENGTH;
		memcpy(&c.filter, in, sizeof(c.filter));
		break;
	case OID_GEN_RSS_PARAMETERS:
		if (rss_set(&c.rss, in, in_len, nc->dev->queues))
			return RNDIS_INVALID_DATA;
		break;
	case OID_TCP_OFFLOAD_PARAMETERS:
		return set_offload(nc, in, in_len);
	case OID_GEN_CONFIG_PARAMETER:
		return set_parameter(nc, in, in_len);
	default:
		return RNDIS_NOT_SUPPORTED;
	}
	netvsp_set_config(nc, &c);
	return RNDIS_SUCCESS;
}
