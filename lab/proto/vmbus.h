/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_VMBUS_H
#define AZ_LAB_PROTO_VMBUS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * VMBus as it is on the wire: channel messages (include/linux/hyperv.h,
 * drivers/hv/hyperv_vmbus.h), packets and the ring's control page. All values
 * are little endian. Where a guest writes a field, its name says what the
 * guest may ask for; whether it may is decided by the code that reads it.
 */

#define VMBUS_VERSION(major, minor)	(((uint32_t)(major) << 16) | (minor))
#define VMBUS_VERSION_4_0	VMBUS_VERSION(4, 0)	/* Windows 10 */
#define VMBUS_VERSION_4_1	VMBUS_VERSION(4, 1)	/* modify channel */
#define VMBUS_VERSION_5_0	VMBUS_VERSION(5, 0)	/* message connection id 4 */
#define VMBUS_VERSION_5_1	VMBUS_VERSION(5, 1)
#define VMBUS_VERSION_5_2	VMBUS_VERSION(5, 2)	/* Server 2019 */
#define VMBUS_VERSION_5_3	VMBUS_VERSION(5, 3)	/* modify channel response */
#define VMBUS_VERSION_6_0	VMBUS_VERSION(6, 0)	/* feature flags */

/* Connection ids of HvCallPostMessage (enum in drivers/hv/hyperv_vmbus.h). */
#define VMBUS_CONN_MESSAGE		1
#define VMBUS_CONN_EVENT		2
#define VMBUS_CONN_MONITOR		3
#define VMBUS_CONN_MESSAGE_V5		4
#define VMBUS_CONN_MESSAGE_REDIRECT	0x800074	/* VTL2 only */

#define VMBUS_SINT		2
#define VMBUS_SINT_COUNT	16
#define VMBUS_MESSAGE_TYPE	1	/* message_type of a channel message, both ways */
#define VMBUS_MESSAGE_MAX	240	/* payload of a SynIC message */
#define VMBUS_USER_DEFINED_MAX	120

/* Channel ids are event flag numbers of one SINT: 2048 of them, 0 is never used. */
#define VMBUS_MAX_RELID		2047

/* NTSTATUS values in replies; the guest only distinguishes 0 from the rest. */
#define VMBUS_STATUS_SUCCESS			0u
#define VMBUS_STATUS_UNSUCCESSFUL		0xc0000001u
#define VMBUS_STATUS_INVALID_PARAMETER		0xc000000du
#define VMBUS_STATUS_INSUFFICIENT_RESOURCES	0xc000009au
#define VMBUS_STATUS_CONNECTION_REFUSED		0xc0000236u

enum vmbus_message_type {
	VMBUS_MSG_INVALID		= 0,
	VMBUS_MSG_OFFER			= 1,
	VMBUS_MSG_RESCIND		= 2,
	VMBUS_MSG_REQUEST_OFFERS	= 3,
	VMBUS_MSG_ALL_OFFERS_DELIVERED	= 4,
	VMBUS_MSG_OPEN			= 5,
	VMBUS_MSG_OPEN_RESULT		= 6,
	VMBUS_MSG_CLOSE			= 7,
	VMBUS_MSG_GPADL_HEADER		= 8,
	VMBUS_MSG_GPADL_BODY		= 9,
	VMBUS_MSG_GPADL_CREATED		= 10,
	VMBUS_MSG_GPADL_TEARDOWN	= 11,
	VMBUS_MSG_GPADL_TORNDOWN	= 12,
	VMBUS_MSG_RELID_RELEASED	= 13,
	VMBUS_MSG_INITIATE_CONTACT	= 14,
	VMBUS_MSG_VERSION_RESPONSE	= 15,
	VMBUS_MSG_UNLOAD		= 16,
	VMBUS_MSG_UNLOAD_RESPONSE	= 17,
	VMBUS_MSG_TL_CONNECT		= 21,
	VMBUS_MSG_MODIFY		= 22,
	VMBUS_MSG_TL_CONNECT_RESULT	= 23,
	VMBUS_MSG_MODIFY_RESPONSE	= 24,
	VMBUS_MSG_COUNT
};

struct vmbus_guid {
	uint8_t b[16];		/* as on the wire: first three fields little endian */
};

/* GUID {a-b-c-d0d1-d2...d7} in wire order. */
#define VMBUS_GUID(a, b_, c, d0, d1, d2, d3, d4, d5, d6, d7)			\
	{ .b = { (a) & 0xff, ((a) >> 8) & 0xff, ((a) >> 16) & 0xff,		\
		 ((a) >> 24) & 0xff, (b_) & 0xff, ((b_) >> 8) & 0xff,		\
		 (c) & 0xff, ((c) >> 8) & 0xff, d0, d1, d2, d3, d4, d5, d6, d7 } }

/* Interface types, drivers/hv/channel_mgmt.c and include/linux/hyperv.h. */
#define VMBUS_GUID_NET	VMBUS_GUID(0xf8615163u, 0xdf3e, 0x46c5, \
				   0x91, 0x3f, 0xf2, 0xd2, 0xf9, 0x65, 0xed, 0x0e)
#define VMBUS_GUID_SCSI	VMBUS_GUID(0xba6163d9u, 0x04a1, 0x4d29, \
				   0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f)
#define VMBUS_GUID_SHUTDOWN	VMBUS_GUID(0x0e0b6031u, 0x5213, 0x4934, \
				   0x81, 0x8b, 0x38, 0xd9, 0x0c, 0xed, 0x39, 0xdb)
#define VMBUS_GUID_TIMESYNC	VMBUS_GUID(0x9527e630u, 0xd0ae, 0x497b, \
				   0xad, 0xce, 0xe8, 0x0a, 0xb0, 0x17, 0x5c, 0xaf)
#define VMBUS_GUID_HEARTBEAT	VMBUS_GUID(0x57164f39u, 0x9115, 0x4e78, \
				   0xab, 0x55, 0x38, 0x2f, 0x3b, 0xd5, 0x42, 0x2d)
#define VMBUS_GUID_KVP		VMBUS_GUID(0xa9a0f4e7u, 0x5a45, 0x4d96, \
				   0xb8, 0x27, 0x8a, 0x84, 0x1e, 0x8c, 0x03, 0xe6)
#define VMBUS_GUID_PCIE		VMBUS_GUID(0x44c4f61du, 0x4444, 0x4400, \
				   0x9d, 0x52, 0x80, 0x2e, 0x27, 0xed, 0xe1, 0x9f)

/* ---- the offer ------------------------------------------------------------ */

#define VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE	0x0001
#define VMBUS_CHANNEL_CONFIDENTIAL_RING_BUFFER		0x0002	/* 6.0 */
#define VMBUS_CHANNEL_CONFIDENTIAL_EXTERNAL_MEMORY	0x0004	/* 6.0 */
#define VMBUS_CHANNEL_NAMED_PIPE_MODE			0x0010
#define VMBUS_CHANNEL_LOOPBACK_OFFER			0x0100
#define VMBUS_CHANNEL_PARENT_OFFER			0x0200
#define VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION	0x0400
#define VMBUS_CHANNEL_TLNPI_PROVIDER_OFFER		0x2000

/* First word of user_defined when VMBUS_CHANNEL_NAMED_PIPE_MODE is set. */
#define VMBUS_PIPE_TYPE_BYTE	0
#define VMBUS_PIPE_TYPE_MESSAGE	4

struct vmbus_channel_offer {
	struct vmbus_guid if_type;
	struct vmbus_guid if_instance;
	uint64_t reserved1;
	uint64_t reserved2;
	uint16_t flags;
	uint16_t mmio_megabytes;
	uint8_t user_defined[VMBUS_USER_DEFINED_MAX];
	uint16_t sub_channel_index;
	uint16_t reserved3;
} __attribute__((packed));

/* ---- messages ------------------------------------------------------------- */

struct vmbus_msg_header {
	uint32_t type;
	uint32_t padding;
};

struct vmbus_msg_offer {
	struct vmbus_msg_header h;
	struct vmbus_channel_offer offer;
	uint32_t relid;
	uint8_t monitor_id;		/* group * 32 + bit */
	uint8_t monitor_allocated;	/* bit 0 */
	uint16_t is_dedicated_interrupt; /* bit 0 */
	uint32_t connection_id;		/* for SIGNAL_EVENT */
} __attribute__((packed));

/* RESCIND, CLOSE and RELID_RELEASED carry a channel id and nothing else. */
struct vmbus_msg_relid {
	struct vmbus_msg_header h;
	uint32_t relid;
} __attribute__((packed));

struct vmbus_msg_open {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t open_id;
	uint32_t gpadl;
	uint32_t target_vp;
	uint32_t downstream_page_offset; /* host->guest ring, pages from the start */
	uint8_t user_data[VMBUS_USER_DEFINED_MAX];
} __attribute__((packed));

struct vmbus_msg_open_result {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t open_id;
	uint32_t status;
} __attribute__((packed));

/* Then a 64-bit page number for each page that the range touches. */
struct vmbus_gpa_range {
	uint32_t byte_count;
	uint32_t byte_offset;
} __attribute__((packed));

struct vmbus_msg_gpadl_header {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t gpadl;
	uint16_t range_buflen;	/* bytes of range data, this message and its bodies */
	uint16_t range_count;
	struct vmbus_gpa_range range;
} __attribute__((packed));

/* Then more page numbers. */
struct vmbus_msg_gpadl_body {
	struct vmbus_msg_header h;
	uint32_t msg_number;
	uint32_t gpadl;
} __attribute__((packed));

#define VMBUS_GPADL_HEADER_PFNS	26
#define VMBUS_GPADL_BODY_PFNS	28

struct vmbus_msg_gpadl_created {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t gpadl;
	uint32_t status;
} __attribute__((packed));

struct vmbus_msg_gpadl_teardown {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t gpadl;
} __attribute__((packed));

struct vmbus_msg_gpadl_torndown {
	struct vmbus_msg_header h;
	uint32_t gpadl;
} __attribute__((packed));

struct vmbus_msg_initiate_contact {
	struct vmbus_msg_header h;
	uint32_t version;
	uint32_t target_vp;		/* where the host's messages go */
	union {
		uint64_t interrupt_page;	/* before 5.0 */
		struct {
			uint8_t sint;		/* from 5.0 */
			uint8_t vtl;
			uint8_t reserved[2];
			uint32_t feature_flags;	/* from 6.0 */
		} __attribute__((packed));
	};
	uint64_t monitor_page1;		/* host->guest */
	uint64_t monitor_page2;		/* guest->host */
} __attribute__((packed));

#define VMBUS_FEATURE_SIGNAL_PARAMETERS		0x01
#define VMBUS_FEATURE_INTERRUPT_REDIRECTION	0x02
#define VMBUS_FEATURE_MODIFY_CONNECTION		0x04
#define VMBUS_FEATURE_CLIENT_ID			0x08
#define VMBUS_FEATURE_CONFIDENTIAL_CHANNELS	0x10	/* paravisor only */

#define VMBUS_CONNECTION_SUCCESSFUL	0
#define VMBUS_CONNECTION_LOW_RESOURCES	1
#define VMBUS_CONNECTION_FAILED		2

struct vmbus_msg_version_response {
	struct vmbus_msg_header h;
	uint8_t supported;
	uint8_t connection_state;
	uint16_t padding;
	uint32_t msg_conn_id;		/* from 5.0: post further messages here */
	uint32_t feature_flags;		/* sent from 6.0 on, else the message ends before */
} __attribute__((packed));

#define VMBUS_VERSION_RESPONSE_V5_LEN	16

struct vmbus_msg_modify {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t target_vp;
} __attribute__((packed));

struct vmbus_msg_modify_response {
	struct vmbus_msg_header h;
	uint32_t relid;
	uint32_t status;
} __attribute__((packed));

struct vmbus_msg_tl_connect {
	struct vmbus_msg_header h;
	struct vmbus_guid endpoint;
	struct vmbus_guid service;
} __attribute__((packed));

struct vmbus_msg_tl_connect_result {
	struct vmbus_msg_header h;
	struct vmbus_guid endpoint;
	struct vmbus_guid service;
	uint32_t status;
} __attribute__((packed));

/* ---- rings and packets ---------------------------------------------------- */

/*
 * First page of each ring; the data follows on the next page. Each index has
 * one writer, so both are atomics of the two sides, without locks.
 */
struct vmbus_ring_control {
	_Atomic uint32_t write_index;
	_Atomic uint32_t read_index;
	_Atomic uint32_t interrupt_mask;
	_Atomic uint32_t pending_send_sz;
	uint32_t reserved1[12];
	_Atomic uint32_t feature_bits;
};

#define VMBUS_RING_FEAT_PENDING_SEND_SZ	1u

enum vmbus_packet_type {
	VMBUS_PKT_DATA_INBAND		= 0x6,
	VMBUS_PKT_DATA_XFER_PAGES	= 0x7,
	VMBUS_PKT_DATA_GPADL		= 0x8,
	VMBUS_PKT_DATA_GPA_DIRECT	= 0x9,
	VMBUS_PKT_CANCEL		= 0xa,
	VMBUS_PKT_COMPLETION		= 0xb,
};

#define VMBUS_PACKET_FLAG_COMPLETION_REQUESTED	1

struct vmbus_packet_descriptor {
	uint16_t type;
	uint16_t offset8;	/* of the payload from the descriptor, in 8 bytes */
	uint16_t len8;		/* descriptor and payload, without the trailer */
	uint16_t flags;
	uint64_t trans_id;
};

/* Follows each packet; the high half is where the packet began. */
#define VMBUS_PACKET_TRAILER	8

struct vmbus_xfer_page_range {
	uint32_t byte_count;
	uint32_t byte_offset;	/* in the pageset, netvsc's receive buffer */
};

/* What follows the descriptor in VMBUS_PKT_DATA_XFER_PAGES. */
struct vmbus_xfer_page_header {
	uint16_t pageset_id;
	uint8_t sender_owns_set;
	uint8_t reserved;
	uint32_t range_count;
	struct vmbus_xfer_page_range range[];
};

/* What follows the descriptor in VMBUS_PKT_DATA_GPA_DIRECT; then the ranges. */
struct vmbus_gpa_direct_header {
	uint32_t reserved;
	uint32_t range_count;
};

/* ---- monitor pages -------------------------------------------------------- */

#define VMBUS_MONITOR_GROUPS	4
#define VMBUS_MONITOR_BITS	32

struct vmbus_monitor_trigger_group {
	_Atomic uint32_t pending;
	_Atomic uint32_t armed;
};

struct vmbus_monitor_parameter {
	uint32_t connection_id;	/* 24 bits */
	uint16_t flag_number;
	uint16_t reserved;
};

struct vmbus_monitor_page {
	_Atomic uint32_t trigger_state;	/* one enable bit for each group */
	uint32_t reserved1;
	struct vmbus_monitor_trigger_group group[VMBUS_MONITOR_GROUPS];
	uint64_t reserved2[3];
	int32_t next_check_time[VMBUS_MONITOR_GROUPS][VMBUS_MONITOR_BITS];
	uint16_t latency[VMBUS_MONITOR_GROUPS][VMBUS_MONITOR_BITS];	/* 100 ns */
	uint64_t reserved3[32];
	struct vmbus_monitor_parameter parameter[VMBUS_MONITOR_GROUPS][VMBUS_MONITOR_BITS];
	uint8_t reserved4[1984];
};

/* ---- the ABI, checked against the kernel's headers ------------------------- */

#define VMBUS_ABI_OFFSET(type, member, offset) \
	static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define VMBUS_ABI_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), #type)

VMBUS_ABI_SIZE(vmbus_channel_offer, 176);
VMBUS_ABI_OFFSET(vmbus_channel_offer, flags, 48);
VMBUS_ABI_OFFSET(vmbus_channel_offer, user_defined, 52);
VMBUS_ABI_OFFSET(vmbus_channel_offer, sub_channel_index, 172);
VMBUS_ABI_SIZE(vmbus_msg_offer, 196);
VMBUS_ABI_OFFSET(vmbus_msg_offer, relid, 184);
VMBUS_ABI_OFFSET(vmbus_msg_offer, monitor_id, 188);
VMBUS_ABI_OFFSET(vmbus_msg_offer, connection_id, 192);
VMBUS_ABI_SIZE(vmbus_msg_relid, 12);
VMBUS_ABI_SIZE(vmbus_msg_open, 148);
VMBUS_ABI_OFFSET(vmbus_msg_open, user_data, 28);
VMBUS_ABI_SIZE(vmbus_msg_open_result, 20);
VMBUS_ABI_SIZE(vmbus_gpa_range, 8);
VMBUS_ABI_SIZE(vmbus_msg_gpadl_header, 28);
VMBUS_ABI_OFFSET(vmbus_msg_gpadl_header, range, 20);
VMBUS_ABI_SIZE(vmbus_msg_gpadl_body, 16);
VMBUS_ABI_SIZE(vmbus_msg_gpadl_created, 20);
VMBUS_ABI_SIZE(vmbus_msg_gpadl_teardown, 16);
VMBUS_ABI_SIZE(vmbus_msg_gpadl_torndown, 12);
VMBUS_ABI_SIZE(vmbus_msg_initiate_contact, 40);
VMBUS_ABI_OFFSET(vmbus_msg_initiate_contact, sint, 16);
VMBUS_ABI_OFFSET(vmbus_msg_initiate_contact, feature_flags, 20);
VMBUS_ABI_OFFSET(vmbus_msg_initiate_contact, monitor_page1, 24);
VMBUS_ABI_SIZE(vmbus_msg_version_response, 20);
VMBUS_ABI_OFFSET(vmbus_msg_version_response, msg_conn_id, 12);
VMBUS_ABI_OFFSET(vmbus_msg_version_response, feature_flags, VMBUS_VERSION_RESPONSE_V5_LEN);
VMBUS_ABI_SIZE(vmbus_msg_modify, 16);
VMBUS_ABI_SIZE(vmbus_msg_modify_response, 16);
VMBUS_ABI_SIZE(vmbus_msg_tl_connect, 40);
VMBUS_ABI_SIZE(vmbus_msg_tl_connect_result, 44);
VMBUS_ABI_OFFSET(vmbus_ring_control, interrupt_mask, 8);
VMBUS_ABI_OFFSET(vmbus_ring_control, pending_send_sz, 12);
VMBUS_ABI_OFFSET(vmbus_ring_control, feature_bits, 64);
VMBUS_ABI_SIZE(vmbus_packet_descriptor, 16);
VMBUS_ABI_SIZE(vmbus_xfer_page_range, 8);
VMBUS_ABI_SIZE(vmbus_xfer_page_header, 8);
VMBUS_ABI_SIZE(vmbus_gpa_direct_header, 8);
VMBUS_ABI_SIZE(vmbus_monitor_page, 4096);
VMBUS_ABI_OFFSET(vmbus_monitor_page, group, 8);
VMBUS_ABI_OFFSET(vmbus_monitor_page, next_check_time, 0x40);
VMBUS_ABI_OFFSET(vmbus_monitor_page, latency, 0x240);
VMBUS_ABI_OFFSET(vmbus_monitor_page, parameter, 0x440);

#endif
