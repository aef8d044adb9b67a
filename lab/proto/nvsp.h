/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_NVSP_H
#define AZ_LAB_PROTO_NVSP_H

#include <assert.h>
#include <stdint.h>

/*
 * NVSP: the messages between netvsc (guest) and netvsp (host) on a VMBus
 * channel. Every field is little endian. Values and layouts are those of
 * drivers/net/hyperv/hyperv_net.h; a message is always 40 bytes on the wire,
 * the size of the largest one (version 6).
 */
#define NVSP_MESSAGE_SIZE	40

#define NVSP_VERSION_1		0x00002u
#define NVSP_VERSION_2		0x30002u
#define NVSP_VERSION_4		0x40000u
#define NVSP_VERSION_5		0x50000u
#define NVSP_VERSION_6		0x60000u
#define NVSP_VERSION_61		0x60001u

enum nvsp_type {
	NVSP_INIT			= 1,
	NVSP_INIT_COMPLETE		= 2,
	NVSP_SEND_NDIS_VERSION		= 100,
	NVSP_SEND_RECV_BUF		= 101,
	NVSP_SEND_RECV_BUF_COMPLETE	= 102,
	NVSP_REVOKE_RECV_BUF		= 103,
	NVSP_SEND_SEND_BUF		= 104,
	NVSP_SEND_SEND_BUF_COMPLETE	= 105,
	NVSP_REVOKE_SEND_BUF		= 106,
	NVSP_RNDIS_PACKET		= 107,
	NVSP_RNDIS_PACKET_COMPLETE	= 108,
	NVSP_SEND_NDIS_CONFIG		= 125,
	NVSP_VF_ASSOCIATION		= 128,
	NVSP_SWITCH_DATA_PATH		= 129,
	NVSP_SUBCHANNEL			= 133,
	NVSP_INDIRECTION_TABLE		= 134,
};

enum nvsp_status {
	NVSP_STATUS_SUCCESS		= 1,
	NVSP_STATUS_FAIL		= 2,
	NVSP_STATUS_TOO_NEW		= 3,
	NVSP_STATUS_TOO_OLD		= 4,
	NVSP_STATUS_INVALID_RNDIS	= 5,
	NVSP_STATUS_BUSY		= 6,
	NVSP_STATUS_UNSUPPORTED		= 7,
};

#define NVSP_RECV_BUFFER_ID	0xcafe
#define NVSP_SEND_BUFFER_ID	0
#define NVSP_NO_SECTION		0xffffffffu

#define NVSP_CHANNEL_DATA	0u	/* RNDIS channel of an RNDIS_PACKET */
#define NVSP_CHANNEL_CONTROL	1u

#define NVSP_SUBCHANNEL_ALLOCATE 1u
#define NVSP_SEND_TABLE_SIZE	16	/* entries of the send indirection table */
#define NVSP_MAX_CHANNELS	64	/* VRSS_CHANNEL_MAX */

/* Capabilities of the guest in NDIS_CONFIG. */
#define NVSP_CAP_VMQ		(1ull << 0)
#define NVSP_CAP_SRIOV		(1ull << 2)
#define NVSP_CAP_8021Q		(1ull << 3)
#define NVSP_CAP_TEAMING	(1ull << 5)
#define NVSP_CAP_RSC		(1ull << 7)

struct nvsp_message {
	uint32_t type;
	union {
		struct {
			uint32_t min_version, max_version;
		} __attribute__((packed)) init;
		struct {
			uint32_t version;
			uint32_t max_mdl_chain_len;
			uint32_t status;
		} __attribute__((packed)) init_complete;
		struct {
			uint32_t major, minor;
		} __attribute__((packed)) ndis_version;
		struct {
			uint32_t mtu;		/* with the Ethernet header */
			uint32_t reserved;
			uint64_t capabilities;	/* NVSP_CAP_* */
		} __attribute__((packed)) ndis_config;
		struct {
			uint32_t gpadl;
			uint16_t id;
		} __attribute__((packed)) buffer;	/* receive or send */
		struct {
			uint16_t id;
		} __attribute__((packed)) revoke;
		struct {
			uint32_t status;
			uint32_t num_sections;		/* Linux takes exactly one */
			uint32_t offset;
			uint32_t sub_alloc_size;
			uint32_t num_sub_allocs;
			uint32_t end_offset;
		} __attribute__((packed)) recv_buf_complete;
		struct {
			uint32_t status;
			uint32_t section_size;
		} __attribute__((packed)) send_buf_complete;
		struct {
			uint32_t channel_type;		/* NVSP_CHANNEL_* */
			uint32_t section_index;		/* of the send buffer, or NVSP_NO_SECTION */
			uint32_t section_size;		/* bytes used in that section */
		} __attribute__((packed)) rndis;
		struct {
			uint32_t status;
		} __attribute__((packed)) rndis_complete;
		struct {
			uint32_t allocated;
			uint32_t serial;
		} __attribute__((packed)) vf_association;
		struct {
			uint32_t active;		/* 0 synthetic, 1 VF */
		} __attribute__((packed)) data_path;
		struct {
			uint32_t op;			/* NVSP_SUBCHANNEL_ALLOCATE */
			uint32_t count;
		} __attribute__((packed)) subchannel;
		struct {
			uint32_t status;
			uint32_t count;
		} __attribute__((packed)) subchannel_complete;
		struct {
			uint32_t count;
			uint32_t offset;		/* from the start of the message */
		} __attribute__((packed)) indirection;
		uint8_t raw[NVSP_MESSAGE_SIZE - 4];
	} __attribute__((packed)) u;
} __attribute__((packed));

static_assert(sizeof(struct nvsp_message) == NVSP_MESSAGE_SIZE, "NVSP messages are 40 bytes");

#endif
