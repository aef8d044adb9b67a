/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_VSTOR_H
#define AZ_LAB_PROTO_VSTOR_H

#include <assert.h>
#include <stdint.h>

/*
 * The storage protocol between a guest and its host: packets of 64 bytes, in
 * band or, with data, as GPA_DIRECT; each is answered by a completion that
 * holds a packet of the same size. The values are those of
 * drivers/scsi/storvsc_drv.c. Little endian.
 */
#define VSTOR_PACKET_LEN		64

enum vstor_operation {
	VSTOR_COMPLETE_IO		= 1,
	VSTOR_REMOVE_DEVICE		= 2,	/* host to guest */
	VSTOR_EXECUTE_SRB		= 3,
	VSTOR_RESET_LUN			= 4,
	VSTOR_RESET_ADAPTER		= 5,
	VSTOR_RESET_BUS			= 6,
	VSTOR_BEGIN_INITIALIZATION	= 7,
	VSTOR_END_INITIALIZATION	= 8,
	VSTOR_QUERY_PROTOCOL_VERSION	= 9,
	VSTOR_QUERY_PROPERTIES		= 10,
	VSTOR_ENUMERATE_BUS		= 11,	/* host to guest */
	VSTOR_FCHBA_DATA		= 12,	/* fibre channel only */
	VSTOR_CREATE_SUB_CHANNELS	= 13,
};

/* vstor_packet.flags */
#define VSTOR_REQUEST_COMPLETION	0x1

/* Protocol versions, major and minor in a byte each: Windows 8.1 and 10 hosts. */
#define VSTOR_VERSION_6_0		0x0600
#define VSTOR_VERSION_6_2		0x0602

/* vstor_properties.flags */
#define VSTOR_MULTI_CHANNEL		0x1

/* vstor_packet.status is an NTSTATUS: 0 is good (MS-ERREF 2.3). */
#define VSTOR_STATUS_SUCCESS		0x00000000u
#define VSTOR_STATUS_UNSUCCESSFUL	0xc0000001u
#define VSTOR_STATUS_INVALID_PARAMETER	0xc000000du
#define VSTOR_STATUS_INVALID_REQUEST	0xc0000010u
#define VSTOR_STATUS_REVISION_MISMATCH	0xc0000059u
#define VSTOR_STATUS_INVALID_STATE	0xc0000184u

/* vstor_srb.srb_status: a code in bits 0-5, flags above. */
#define SRB_SUCCESS			0x01
#define SRB_ERROR			0x04
#define SRB_BUSY			0x05
#define SRB_INVALID_REQUEST		0x06
#define SRB_DATA_OVERRUN		0x12
#define SRB_INVALID_LUN			0x20
#define SRB_AUTOSENSE_VALID		0x80

/* vstor_srb.srb_flags, the one that changes what the host answers */
#define SRB_FLAG_DISABLE_AUTOSENSE	0x20

/* vstor_srb.data_in */
#define VSTOR_DATA_WRITE		0
#define VSTOR_DATA_READ			1
#define VSTOR_DATA_NONE			2

#define VSTOR_CDB_LEN			16
#define VSTOR_SENSE_LEN			20

/* One SCSI request. On completion the sense data replaces the CDB. */
struct vstor_srb {
	uint16_t length;
	uint8_t srb_status;
	uint8_t scsi_status;
	uint8_t port_number;
	uint8_t path_id;
	uint8_t target_id;
	uint8_t lun;
	uint8_t cdb_length;
	uint8_t sense_length;
	uint8_t data_in;		/* VSTOR_DATA_* */
	uint8_t reserved;
	uint32_t transfer_length;	/* wanted; on completion: transferred */
	union {
		uint8_t cdb[VSTOR_CDB_LEN];
		uint8_t sense[VSTOR_SENSE_LEN];
	};
	uint16_t reserve;
	uint8_t queue_tag;
	uint8_t queue_action;
	uint32_t srb_flags;
	uint32_t timeout;
	uint32_t queue_sort_key;
} __attribute__((packed));

struct vstor_properties {
	uint32_t reserved;
	uint16_t max_channels;		/* sub-channels that the guest may ask for */
	uint16_t reserved1;
	uint32_t flags;
	uint32_t max_transfer_bytes;
	uint64_t reserved2;
} __attribute__((packed));

struct vstor_version {
	uint16_t major_minor;
	uint16_t revision;
} __attribute__((packed));

struct vstor_packet {
	uint32_t operation;
	uint32_t flags;
	uint32_t status;
	union {
		struct vstor_srb srb;
		struct vstor_properties properties;
		struct vstor_version version;
		uint16_t sub_channels;
		uint8_t raw[52];
	};
} __attribute__((packed));

static_assert(sizeof(struct vstor_srb) == 52, "as in vmscsi_request");
static_assert(sizeof(struct vstor_packet) == VSTOR_PACKET_LEN, "as in vstor_packet");

#endif
