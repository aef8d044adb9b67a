/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_VPCI_H
#define AZ_LAB_PROTO_VPCI_H

#include <assert.h>
#include <stdint.h>

/*
 * The virtual PCI protocol on a VMBus channel, as drivers/pci/controller/
 * pci-hyperv.c of Linux uses it. Little endian, packed. A request of the guest
 * is an in-band packet; what has an answer is answered by its completion,
 * which begins with a status (NTSTATUS: negative values are failures).
 */
#define VPCI_GUID_BYTES { 0x1d, 0xf6, 0xc4, 0x44, 0x44, 0x44, 0x00, 0x44, \
			  0x9d, 0x52, 0x80, 0x2e, 0x27, 0xed, 0xe1, 0x9f }

#define VPCI_VERSION(major, minor)	((uint32_t)(major) << 16 | (minor))
#define VPCI_VERSION_1_1	VPCI_VERSION(1, 1)
#define VPCI_VERSION_1_2	VPCI_VERSION(1, 2)	/* more than 64 VPs */
#define VPCI_VERSION_1_3	VPCI_VERSION(1, 3)	/* relations with NUMA nodes */
#define VPCI_VERSION_1_4	VPCI_VERSION(1, 4)	/* 32-bit vectors */

enum vpci_message {
	VPCI_BASE			= 0x42490000,
	VPCI_BUS_RELATIONS		= VPCI_BASE + 0x00,	/* to the guest, unasked */
	VPCI_QUERY_BUS_RELATIONS	= VPCI_BASE + 0x01,	/* relations follow */
	VPCI_QUERY_RESOURCES		= VPCI_BASE + 0x05,
	VPCI_D0_ENTRY			= VPCI_BASE + 0x07,
	VPCI_D0_EXIT			= VPCI_BASE + 0x08,
	VPCI_READ_BLOCK			= VPCI_BASE + 0x09,
	VPCI_WRITE_BLOCK		= VPCI_BASE + 0x0a,
	VPCI_EJECT			= VPCI_BASE + 0x0b,	/* to the guest */
	VPCI_EJECT_COMPLETE		= VPCI_BASE + 0x0f,	/* no completion */
	VPCI_RESOURCES_ASSIGNED		= VPCI_BASE + 0x10,
	VPCI_RESOURCES_RELEASED		= VPCI_BASE + 0x11,	/* no completion */
	VPCI_INVALIDATE_BLOCK		= VPCI_BASE + 0x12,	/* to the guest */
	VPCI_QUERY_VERSION		= VPCI_BASE + 0x13,
	VPCI_CREATE_INTERRUPT		= VPCI_BASE + 0x14,
	VPCI_DELETE_INTERRUPT		= VPCI_BASE + 0x15,	/* no completion */
	VPCI_RESOURCES_ASSIGNED2	= VPCI_BASE + 0x16,
	VPCI_CREATE_INTERRUPT2		= VPCI_BASE + 0x17,
	VPCI_BUS_RELATIONS2		= VPCI_BASE + 0x19,	/* to the guest */
	VPCI_CREATE_INTERRUPT3		= VPCI_BASE + 0x1b,
};

#define VPCI_STATUS_SUCCESS		0x00000000u
#define VPCI_STATUS_INVALID_PARAMETER	0xc000000du
#define VPCI_STATUS_NO_SUCH_DEVICE	0xc000000eu
#define VPCI_STATUS_INVALID_REQUEST	0xc0000010u
#define VPCI_STATUS_REVISION_MISMATCH	0xc0000059u
#define VPCI_STATUS_NO_RESOURCES	0xc000009au
#define VPCI_STATUS_INVALID_STATE	0xc0000184u

/* A function's place: device in bits 0-4, function in bits 5-7. */
#define VPCI_SLOT(device, function)	((uint32_t)(device) | (uint32_t)(function) << 5)
#define VPCI_SLOT_DEVICE(slot)		((slot) & 0x1fu)
#define VPCI_SLOT_FUNCTION(slot)	((slot) >> 5 & 7u)

#define VPCI_BLOCK_MAX		128	/* bytes of a config block */
#define VPCI_PROCESSORS_MAX	32	/* that an interrupt names */

/* The config window: one page to choose the function, one with its config space. */
#define VPCI_WINDOW_SIZE	0x2000u
#define VPCI_WINDOW_CONFIG	0x1000u

struct vpci_header {
	uint32_t type;
} __attribute__((packed));

struct vpci_child {
	uint32_t type;
	uint32_t slot;
} __attribute__((packed));

struct vpci_query_version {
	uint32_t type;
	uint32_t version;
} __attribute__((packed));

struct vpci_d0_entry {
	uint32_t type;
	uint32_t reserved;
	uint64_t mmio_base;
} __attribute__((packed));

struct vpci_description {
	uint16_t vendor, device;
	uint8_t revision, interface, subclass, base_class;
	uint32_t subsystem;
	uint32_t slot;
	uint32_t serial;
} __attribute__((packed));

#define VPCI_DESCRIPTION_NUMA	0x1u

struct vpci_description2 {
	struct vpci_description base;
	uint32_t flags;
	uint16_t numa_node;
	uint16_t reserved;
} __attribute__((packed));

/* Followed by @count descriptions of the one or the other form. */
struct vpci_relations {
	uint32_t type;
	uint32_t count;
} __attribute__((packed));

struct vpci_resources_assigned {
	uint32_t type;
	uint32_t slot;
	uint8_t memory_range[0x14][6];
	uint32_t msi_descriptors;
	uint32_t reserved[4];
} __attribute__((packed));

struct vpci_resources_assigned2 {
	uint32_t type;
	uint32_t slot;
	uint8_t memory_range[0x14][6];
	uint32_t msi_descriptors;
	uint8_t reserved[70];
} __attribute__((packed));

struct vpci_create_interrupt {
	uint32_t type;
	uint32_t slot;
	uint8_t vector;
	uint8_t delivery_mode;
	uint16_t count;
	uint32_t reserved;
	uint64_t cpu_mask;
} __attribute__((packed));

struct vpci_create_interrupt2 {
	uint32_t type;
	uint32_t slot;
	uint8_t vector;
	uint8_t delivery_mode;
	uint16_t count;
	uint16_t processors;
	uint16_t processor[VPCI_PROCESSORS_MAX];
} __attribute__((packed));

struct vpci_create_interrupt3 {
	uint32_t type;
	uint32_t slot;
	uint32_t vector;
	uint8_t delivery_mode;
	uint8_t reserved;
	uint16_t count;
	uint16_t processors;
	uint16_t processor[VPCI_PROCESSORS_MAX];
} __attribute__((packed));

/* What the device is to write where, for the first of @count interrupts. */
struct vpci_interrupt {
	uint16_t reserved;
	uint16_t count;
	uint32_t data;
	uint64_t address;
} __attribute__((packed));

struct vpci_delete_interrupt {
	uint32_t type;
	uint32_t slot;
	struct vpci_interrupt interrupt;
} __attribute__((packed));

struct vpci_read_block {
	uint32_t type;
	uint32_t block;
	uint32_t slot;
	uint32_t len;
} __attribute__((packed));

struct vpci_write_block {
	uint32_t type;
	uint32_t block;
	uint32_t slot;
	uint32_t len;
	uint8_t data[VPCI_BLOCK_MAX];
} __attribute__((packed));

struct vpci_invalidate_block {
	uint32_t type;
	uint32_t slot;
	uint64_t mask;
} __attribute__((packed));

struct vpci_eject_complete {
	uint32_t type;
	uint32_t slot;
	uint32_t status;
} __attribute__((packed));

/* Completions. */
struct vpci_status {
	uint32_t status;
	uint32_t reserved;	/* the guest drops a packet of less than 24 bytes */
} __attribute__((packed));

struct vpci_resources {
	uint32_t status;
	uint32_t probed_bar[6];
} __attribute__((packed));

struct vpci_created_interrupt {
	uint32_t status;
	uint32_t reserved;
	struct vpci_interrupt interrupt;
} __attribute__((packed));

struct vpci_block {
	uint32_t status;
	uint8_t data[VPCI_BLOCK_MAX];
} __attribute__((packed));

static_assert(sizeof(struct vpci_description) == 20, "struct pci_function_description");
static_assert(sizeof(struct vpci_description2) == 28, "struct pci_function_description2");
static_assert(sizeof(struct vpci_create_interrupt) == 24, "struct pci_create_interrupt");
static_assert(sizeof(struct vpci_create_interrupt2) == 78, "struct pci_create_interrupt2");
static_assert(sizeof(struct vpci_create_interrupt3) == 82, "struct pci_create_interrupt3");
static_assert(sizeof(struct vpci_created_interrupt) == 24, "struct pci_create_int_response");
static_assert(sizeof(struct vpci_resources_assigned) == 148, "struct pci_resources_assigned");
static_assert(sizeof(struct vpci_resources_assigned2) == 202, "struct pci_resources_assigned2");

#endif
