/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_IC_H
#define AZ_LAB_PROTO_IC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The integration services on the wire (include/linux/hyperv.h,
 * include/uapi/linux/hyperv.h, drivers/hv/hv_util.c, hv_kvp.c). A message is an
 * inband packet: pipe header, service header, body. The host asks; the guest
 * sends the same packet back, changed in place, with the response flag. Little
 * endian throughout.
 */

/* struct vmbuspipe_hdr */
struct ic_pipe_header {
	uint32_t flags;
	uint32_t size;			/* of what follows */
} __attribute__((packed));

#define IC_PIPE_DATA	1u

/* struct ic_version; written MAJOR.MINOR */
struct ic_version {
	uint16_t major;
	uint16_t minor;
} __attribute__((packed));

enum ic_type {
	IC_NEGOTIATE	= 0,
	IC_HEARTBEAT	= 1,
	IC_KVP		= 2,
	IC_SHUTDOWN	= 3,
	IC_TIMESYNC	= 4,
};

#define IC_FLAG_TRANSACTION	1
#define IC_FLAG_REQUEST		2
#define IC_FLAG_RESPONSE	4

/* Status of an answer, an HRESULT. */
#define IC_S_OK		0x00000000u
#define IC_E_FAIL	0x80004005u
#define IC_S_CONT	0x80070103u	/* no more entries */

/* struct icmsg_hdr */
struct ic_header {
	struct ic_version frame;	/* of the framework */
	uint16_t type;			/* enum ic_type */
	struct ic_version message;	/* of the service */
	uint16_t size;			/* of what follows */
	uint32_t status;
	uint8_t transaction;
	uint8_t flags;
	uint8_t reserved[2];
} __attribute__((packed));

#define IC_HEADERS	(sizeof(struct ic_pipe_header) + sizeof(struct ic_header))

/*
 * struct icmsg_negotiate. The host lists the framework versions, then the
 * service versions. The answer has one of each, or none: nothing fits.
 */
struct ic_negotiate {
	uint16_t frame_count;
	uint16_t message_count;
	uint32_t reserved;
	struct ic_version version[];
} __attribute__((packed));

/* struct heartbeat_msg_data; the answer has the number plus one */
struct ic_heartbeat {
	uint64_t sequence;
	uint32_t reserved[8];
} __attribute__((packed));

/* struct shutdown_msg_data */
struct ic_shutdown {
	uint32_t reason;
	uint32_t timeout_seconds;
	uint32_t flags;
	uint8_t message[2048];		/* UTF-16 */
} __attribute__((packed));

#define IC_SHUTDOWN_FORCE	1
#define IC_SHUTDOWN_REBOOT	2

/* struct ictimesync_data, before version 4.0 */
struct ic_timesync {
	uint64_t parent_time;		/* 100 ns since 1601 */
	uint64_t child_time;
	uint64_t round_trip_time;
	uint8_t flags;
} __attribute__((packed));

#define IC_TIMESYNC_SYNC	1	/* set the clock */
#define IC_TIMESYNC_SAMPLE	2	/* a hint */

/* 1601-01-01 to 1970-01-01 in 100 ns (WLTIMEDELTA) */
#define IC_TIME_OF_UNIX_EPOCH	116444736000000000ull

/* struct hv_kvp_msg with hv_kvp_msg_enumerate: the only operation that Linux answers in full */
#define IC_KVP_MAX_KEY		512	/* bytes of UTF-16 */
#define IC_KVP_MAX_VALUE	2048

enum ic_kvp_operation {
	IC_KVP_GET		= 0,
	IC_KVP_SET		= 1,
	IC_KVP_DELETE		= 2,
	IC_KVP_ENUMERATE	= 3,
};

enum ic_kvp_pool {
	IC_KVP_EXTERNAL		= 0,
	IC_KVP_GUEST		= 1,
	IC_KVP_AUTO		= 2,
};

#define IC_KVP_STRING	1		/* REG_SZ */

struct ic_kvp_enumerate {
	uint8_t operation;
	uint8_t pool;
	uint16_t padding;
	uint32_t index;
	uint32_t value_type;
	uint32_t key_size;		/* bytes with the final 0 */
	uint32_t value_size;
	uint8_t key[IC_KVP_MAX_KEY];
	uint8_t value[IC_KVP_MAX_VALUE];
} __attribute__((packed));

static_assert(sizeof(struct ic_pipe_header) == 8, "vmbuspipe_hdr");
static_assert(sizeof(struct ic_header) == 20, "icmsg_hdr");
static_assert(offsetof(struct ic_header, status) == 12, "icmsg_hdr.status");
static_assert(offsetof(struct ic_header, flags) == 17, "icmsg_hdr.icflags");
static_assert(sizeof(struct ic_negotiate) == 8, "icmsg_negotiate");
static_assert(sizeof(struct ic_heartbeat) == 40, "heartbeat_msg_data");
static_assert(sizeof(struct ic_shutdown) == 2060, "shutdown_msg_data");
static_assert(sizeof(struct ic_timesync) == 25, "ictimesync_data");
static_assert(offsetof(struct ic_kvp_enumerate, key) == 20, "hv_kvp_exchg_msg_value.key");
static_assert(sizeof(struct ic_kvp_enumerate) == 2580, "hv_kvp_msg_enumerate");

#endif
