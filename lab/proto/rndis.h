/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_RNDIS_H
#define AZ_LAB_PROTO_RNDIS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Remote NDIS as Hyper-V's synthetic NIC speaks it: the device (us, the host)
 * is queried and set by OIDs, and data goes in messages with per-packet
 * information (PPI). Little endian throughout. Facts: include/linux/rndis.h,
 * drivers/net/hyperv/hyperv_net.h.
 */
enum rndis_type {
	RNDIS_PACKET		= 0x00000001,
	RNDIS_INITIALIZE	= 0x00000002,
	RNDIS_HALT		= 0x00000003,
	RNDIS_QUERY		= 0x00000004,
	RNDIS_SET		= 0x00000005,
	RNDIS_RESET		= 0x00000006,
	RNDIS_INDICATE		= 0x00000007,
	RNDIS_KEEPALIVE		= 0x00000008,
};

#define RNDIS_COMPLETION	0x80000000u	/* or-ed to the type of the request */

#define RNDIS_SUCCESS		0x00000000u
#define RNDIS_FAILURE		0xc0000001u
#define RNDIS_NOT_SUPPORTED	0xc00000bbu
#define RNDIS_INVALID_LENGTH	0xc0010014u
#define RNDIS_INVALID_DATA	0xc0010015u
#define RNDIS_MEDIA_CONNECT	0x4001000bu
#define RNDIS_MEDIA_DISCONNECT	0x4001000cu
#define RNDIS_LINK_SPEED_CHANGE	0x40010013u
#define RNDIS_NETWORK_CHANGE	0x40010018u

#define RNDIS_MAJOR_VERSION	1
#define RNDIS_MINOR_VERSION	0
#define RNDIS_CONNECTIONLESS	1u
#define RNDIS_MEDIUM_802_3	0u

struct rndis_header {
	uint32_t type;
	uint32_t length;	/* of the whole message with this header */
};

/* The other messages follow struct rndis_header. Offsets in them count from their own start. */
struct rndis_initialize {
	uint32_t request_id;
	uint32_t major, minor;
	uint32_t max_transfer;
};

struct rndis_initialize_complete {
	uint32_t request_id;
	uint32_t status;
	uint32_t major, minor;
	uint32_t device_flags;
	uint32_t medium;
	uint32_t max_packets_per_message;
	uint32_t max_transfer;
	uint32_t packet_alignment_factor;	/* a power of two */
	uint32_t af_list_offset, af_list_size;
};

struct rndis_request {		/* QUERY and SET */
	uint32_t request_id;
	uint32_t oid;
	uint32_t buffer_length;
	uint32_t buffer_offset;
	uint32_t vc_handle;
};

struct rndis_query_complete {
	uint32_t request_id;
	uint32_t status;
	uint32_t buffer_length;
	uint32_t buffer_offset;
};

struct rndis_complete {		/* SET, KEEPALIVE */
	uint32_t request_id;
	uint32_t status;
};

struct rndis_reset_complete {
	uint32_t status;
	uint32_t addressing_reset;
};

struct rndis_indicate {
	uint32_t status;
	uint32_t buffer_length;
	uint32_t buffer_offset;
};

struct rndis_packet {
	uint32_t data_offset;	/* from the start of this struct, as all here */
	uint32_t data_length;
	uint32_t oob_offset, oob_length, oob_elements;
	uint32_t ppi_offset, ppi_length;
	uint32_t vc_handle;
	uint32_t reserved;
};

static_assert(sizeof(struct rndis_packet) == 36, "RNDIS packet header");

/* Per-packet information: the value lies at @offset from the start of this header. */
struct rndis_ppi {
	uint32_t size;		/* of header and value */
	uint32_t type;		/* RNDIS_PPI_*; bit 31: internal */
	uint32_t offset;
};

#define RNDIS_PPI_INTERNAL	0x80000000u
#define RNDIS_PPI_CHECKSUM	0u
#define RNDIS_PPI_LSO		2u
#define RNDIS_PPI_VLAN		6u
#define RNDIS_PPI_HASH		9u
#define RNDIS_PPI_PACKET_ID	(RNDIS_PPI_INTERNAL | 1u)	/* struct rndis_packet_id */

/* Checksum PPI, guest to host. */
#define RNDIS_TX_IPV4		(1u << 0)
#define RNDIS_TX_IPV6		(1u << 1)
#define RNDIS_TX_TCP_CSUM	(1u << 2)
#define RNDIS_TX_UDP_CSUM	(1u << 3)
#define RNDIS_TX_IP_CSUM	(1u << 4)
#define RNDIS_TX_L4_OFFSET(v)	(((v) >> 16) & 0x3ff)

/* Checksum PPI, host to guest. */
#define RNDIS_RX_TCP_FAILED	(1u << 0)
#define RNDIS_RX_UDP_FAILED	(1u << 1)
#define RNDIS_RX_IP_FAILED	(1u << 2)
#define RNDIS_RX_TCP_GOOD	(1u << 3)
#define RNDIS_RX_UDP_GOOD	(1u << 4)
#define RNDIS_RX_IP_GOOD	(1u << 5)
#define RNDIS_RX_TCP_INVALID	(1u << 7)	/* value not computed after coalescing */
#define RNDIS_RX_IP_INVALID	(1u << 8)

/* LSO v2 PPI. */
#define RNDIS_LSO_MSS(v)	((v) & 0xfffff)
#define RNDIS_LSO_L4_OFFSET(v)	(((v) >> 20) & 0x3ff)
#define RNDIS_LSO_V2		(1u << 30)
#define RNDIS_LSO_IPV6		(1u << 31)

/* VLAN PPI: priority, canonical format, id; and the 802.1Q tag control information. */
#define RNDIS_VLAN_TO_TCI(v) \
	((uint16_t)((((v) & 7) << 13) | ((((v) >> 3) & 1) << 12) | (((v) >> 4) & 0xfff)))
#define RNDIS_VLAN_FROM_TCI(t) \
	((uint32_t)((((t) >> 13) & 7) | ((((t) >> 12) & 1) << 3) | (((t) & 0xfffu) << 4)))

struct rndis_packet_id {
	uint8_t version;	/* 1 */
	uint8_t flags;		/* RNDIS_ID_* */
	uint16_t packet_id;
};

#define RNDIS_ID_SUBALLOC	(1u << 0)	/* this range is a piece of a coalesced frame */
#define RNDIS_ID_FIRST		(1u << 1)
#define RNDIS_ID_LAST		(1u << 2)

/* OIDs */
#define OID_GEN_SUPPORTED_LIST		0x00010101u
#define OID_GEN_HARDWARE_STATUS		0x00010102u
#define OID_GEN_MEDIA_SUPPORTED		0x00010103u
#define OID_GEN_MEDIA_IN_USE		0x00010104u
#define OID_GEN_MAXIMUM_FRAME_SIZE	0x00010106u
#define OID_GEN_LINK_SPEED		0x00010107u	/* units of 100 bit/s */
#define OID_GEN_TRANSMIT_BLOCK_SIZE	0x0001010au
#define OID_GEN_RECEIVE_BLOCK_SIZE	0x0001010bu
#define OID_GEN_VENDOR_ID		0x0001010cu
#define OID_GEN_VENDOR_DESCRIPTION	0x0001010du
#define OID_GEN_PACKET_FILTER		0x0001010eu
#define OID_GEN_MAXIMUM_TOTAL_SIZE	0x00010111u
#define OID_GEN_MEDIA_CONNECT_STATUS	0x00010114u	/* 0 connected, 1 not */
#define OID_GEN_RSS_CAPABILITIES	0x00010203u
#define OID_GEN_RSS_PARAMETERS		0x00010204u
#define OID_GEN_CONFIG_PARAMETER	0x0001021bu
#define OID_GEN_XMIT_OK			0x00020101u
#define OID_GEN_RCV_OK			0x00020102u
#define OID_GEN_XMIT_ERROR		0x00020103u
#define OID_GEN_RCV_ERROR		0x00020104u
#define OID_GEN_RCV_NO_BUFFER		0x00020105u
#define OID_GEN_FRIENDLY_NAME		0x00020216u
#define OID_802_3_PERMANENT_ADDRESS	0x01010101u
#define OID_802_3_CURRENT_ADDRESS	0x01010102u
#define OID_802_3_MAXIMUM_LIST_SIZE	0x01010104u
#define OID_TCP_OFFLOAD_CURRENT_CONFIG	0xfc01020bu
#define OID_TCP_OFFLOAD_PARAMETERS	0xfc01020cu
#define OID_TCP_OFFLOAD_HARDWARE_CAPS	0xfc01020du

#define NDIS_FILTER_DIRECTED		0x01u
#define NDIS_FILTER_MULTICAST		0x02u
#define NDIS_FILTER_ALL_MULTICAST	0x04u
#define NDIS_FILTER_BROADCAST		0x08u
#define NDIS_FILTER_PROMISCUOUS		0x20u

/* NDIS objects: a header and then, by revision, more and more fields. */
struct ndis_header {
	uint8_t type;
	uint8_t revision;
	uint16_t size;
};

#define NDIS_TYPE_DEFAULT		0x80
#define NDIS_TYPE_RSS_CAPABILITIES	0x88
#define NDIS_TYPE_RSS_PARAMETERS	0x89
#define NDIS_TYPE_OFFLOAD		0xa7

struct ndis_rss_capabilities {
	struct ndis_header header;
	uint32_t flags;
	uint32_t interrupt_messages;
	uint32_t receive_queues;
	uint16_t table_entries;
} __attribute__((packed));

#define NDIS_RSS_CAP_TCP_IPV4		0x00000100u
#define NDIS_RSS_CAP_TCP_IPV6		0x00000200u

#define NDIS_HASH_TOEPLITZ		0x00000001u
#define NDIS_HASH_IPV4			0x00000100u
#define NDIS_HASH_TCP_IPV4		0x00000200u
#define NDIS_HASH_IPV6			0x00000400u
#define NDIS_HASH_TCP_IPV6		0x00001000u

#define NDIS_RSS_HASH_INFO_UNCHANGED	0x0002u
#define NDIS_RSS_TABLE_UNCHANGED	0x0004u
#define NDIS_RSS_KEY_UNCHANGED		0x0008u
#define NDIS_RSS_DISABLE		0x0010u

#define NDIS_RSS_KEY_SIZE		40
#define NDIS_RSS_TABLE_ENTRIES		128

struct ndis_rss_parameters {	/* offsets count from the start of this struct */
	struct ndis_header header;
	uint16_t flags;
	uint16_t base_cpu;
	uint32_t hash_info;
	uint16_t table_size;	/* bytes: entries of 4 */
	uint16_t pad0;
	uint32_t table_offset;
	uint16_t key_size;
	uint16_t pad1;
	uint32_t key_offset;
	uint32_t masks_offset, masks_count, masks_size;
};

static_assert(sizeof(struct ndis_rss_parameters) == 40, "NDIS_RECEIVE_SCALE_PARAMETERS");

#define NDIS_ENCAP_8023			0x0002u

#define NDIS_CSUM_IP4_OPTIONS		0x001u
#define NDIS_CSUM_TCP4_OPTIONS		0x004u
#define NDIS_CSUM_TCP4			0x010u
#define NDIS_CSUM_UDP4			0x040u
#define NDIS_CSUM_IP4			0x100u
#define NDIS_CSUM_IP6_EXT		0x001u
#define NDIS_CSUM_TCP6_OPTIONS		0x004u
#define NDIS_CSUM_TCP6			0x010u
#define NDIS_CSUM_UDP6			0x040u

struct ndis_offload {
	struct ndis_header header;
	struct {
		uint32_t ip4_tx_encap, ip4_tx, ip4_rx_encap, ip4_rx;
		uint32_t ip6_tx_encap, ip6_tx, ip6_rx_encap, ip6_rx;
	} csum;
	uint32_t lso_v1[4];
	uint32_t ipsec_v1[7];
	struct {
		uint32_t ip4_encap, ip4_max_size, ip4_min_segments;
		uint32_t ip6_encap, ip6_max_size, ip6_min_segments;
		uint32_t ip6_options;
	} lso_v2;
	uint32_t flags;
	uint32_t ipsec_v2[8];	/* from NDIS 6.1 on */
	struct {		/* from NDIS 6.30 on */
		uint8_t ip4, ip6;
		uint8_t pad[2];
	} rsc;
	uint32_t encap_gre[2];
};

#define NDIS_OFFLOAD_SIZE_6_0	offsetof(struct ndis_offload, ipsec_v2)
#define NDIS_OFFLOAD_SIZE_6_1	offsetof(struct ndis_offload, rsc)

static_assert(NDIS_OFFLOAD_SIZE_6_0 == 112, "NDIS_OFFLOAD of NDIS 6.0");
static_assert(NDIS_OFFLOAD_SIZE_6_1 == 144, "NDIS_OFFLOAD of NDIS 6.1");
static_assert(sizeof(struct ndis_offload) == 156, "NDIS_OFFLOAD of NDIS 6.30");

#define NDIS_LSO_V2_IP6_EXT		0x001u
#define NDIS_LSO_V2_TCP6_OPTIONS	0x004u

struct ndis_offload_parameters {	/* 0 in a field: no change */
	struct ndis_header header;
	uint8_t ip4_csum;
	uint8_t tcp4_csum, udp4_csum, tcp6_csum, udp6_csum;
	uint8_t lso_v1, ipsec_v1, lso_v2_ip4, lso_v2_ip6;
	uint8_t connection_ip4, connection_ip6;
	uint8_t pad;
	uint32_t flags;
	uint8_t ipsec_v2, ipsec_v2_ip4;	/* the 22 bytes up to here are NDIS 6.1 */
	uint8_t rsc_ip4, rsc_ip6;
	uint8_t encap_task, encap_types;
};

#define NDIS_OFFLOAD_PARAMETERS_6_1	22
static_assert(offsetof(struct ndis_offload_parameters, rsc_ip4) == NDIS_OFFLOAD_PARAMETERS_6_1,
	      "NDIS_OFFLOAD_PARAMETERS of NDIS 6.1");

#define NDIS_PARAM_OFF			1
#define NDIS_PARAM_TX			2
#define NDIS_PARAM_RX			3
#define NDIS_PARAM_TX_RX		4
#define NDIS_PARAM_RSC_ON		2

struct rndis_config_parameter {		/* offsets count from the start of this struct */
	uint32_t name_offset, name_length;	/* bytes of UTF-16 */
	uint32_t type;				/* RNDIS_CONFIG_STRING */
	uint32_t value_offset, value_length;
};

#define RNDIS_CONFIG_STRING		2u

#endif
