/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PROTO_HV_H
#define AZ_LAB_PROTO_HV_H

#include <assert.h>
#include <stdint.h>

/*
 * The hypervisor's interface as the Top Level Functional Specification (TLFS)
 * defines it: what a guest sees in CPUID, the SynIC's pages, hypercalls and
 * their status codes. Everything is little endian.
 */

/* ---- CPUID leaves (TLFS 2.4) ---------------------------------------------- */
#define HV_CPUID_VENDOR			0x40000000
#define HV_CPUID_INTERFACE		0x40000001
#define HV_CPUID_VERSION		0x40000002
#define HV_CPUID_FEATURES		0x40000003
#define HV_CPUID_HINTS			0x40000004
#define HV_CPUID_LIMITS			0x40000005
#define HV_CPUID_HW_FEATURES		0x40000006
#define HV_CPUID_NESTED_FEATURES	0x4000000a

#define HV_INTERFACE_SIGNATURE		0x31237648	/* "Hv#1" */

/* HV_CPUID_FEATURES, EAX and EBX: privileges of the partition (TLFS 4.2.2) */
#define HV_FEAT_VP_RUNTIME		(1u << 0)
#define HV_FEAT_TIME_REF_COUNT		(1u << 1)
#define HV_FEAT_SYNIC			(1u << 2)
#define HV_FEAT_SYNTIMER		(1u << 3)
#define HV_FEAT_APIC_ACCESS		(1u << 4)
#define HV_FEAT_HYPERCALL		(1u << 5)
#define HV_FEAT_VP_INDEX		(1u << 6)
#define HV_FEAT_RESET			(1u << 7)
#define HV_FEAT_REFERENCE_TSC		(1u << 9)
#define HV_FEAT_FREQUENCY_MSRS		(1u << 11)
#define HV_FEAT_TSC_INVARIANT		(1u << 15)

#define HV_PRIV_POST_MESSAGES		(1u << 4)
#define HV_PRIV_SIGNAL_EVENTS		(1u << 5)

/* HV_CPUID_FEATURES, EDX */

#define HV_MISC_FREQUENCY_MSRS		(1u << 8)
#define HV_MISC_GUEST_CRASH_MSR		(1u << 10)
#define HV_MISC_STIMER_DIRECT		(1u << 19)

/* HV_CPUID_HINTS, EAX */
#define HV_HINT_RELAXED_TIMING		(1u << 5)
#define HV_HINT_DEPRECATING_AEOI	(1u << 9)
#define HV_HINT_MMIO_HYPERCALLS		(1u << 21)

/* ---- MSRs (TLFS 2.5 ff.) --------------------------------------------------- */
#define HV_MSR_GUEST_OS_ID		0x40000000
#define HV_MSR_HYPERCALL		0x40000001
#define HV_MSR_VP_INDEX			0x40000002
#define HV_MSR_SCONTROL			0x40000080
#define HV_MSR_SIEFP			0x40000082
#define HV_MSR_SIMP			0x40000083
#define HV_MSR_EOM			0x40000084
#define HV_MSR_SINT0			0x40000090
#define HV_MSR_CRASH_P0			0x40000100
#define HV_MSR_CRASH_CTL		0x40000105

/* SIMP and SIEFP: bit 0 enables, bits 12-63 are the page's address (TLFS 11.8.3) */
#define HV_SYNIC_PAGE_ENABLE		1ull
#define HV_SYNIC_PAGE_ADDRESS(msr)	((msr) & ~0xfffull)
#define HV_SCONTROL_ENABLE		1ull

/* HV_MSR_HYPERCALL (TLFS 3.13) */
#define HV_HYPERCALL_PAGE_ENABLE	1ull
#define HV_HYPERCALL_PAGE_ADDRESS(msr)	((msr) & ~0xfffull)

/* HV_MSR_CRASH_CTL: the guest has a text at P3 with P4 bytes (TLFS 2.5.4) */
#define HV_CRASH_CTL_NOTIFY		(1ull << 63)
#define HV_CRASH_CTL_NOTIFY_MSG		(1ull << 62)

/* ---- hypercalls (TLFS 3) --------------------------------------------------- */
#define HVCALL_POST_MESSAGE		0x005c
#define HVCALL_SIGNAL_EVENT		0x005d
#define HVCALL_RETARGET_INTERRUPT	0x007e
#define HVCALL_MMIO_READ		0x0106
#define HVCALL_MMIO_WRITE		0x0107

/* Control word: code in bits 0-15, fast in bit 16, rep count in bits 32-43 (TLFS 3.7) */
#define HV_HYPERCALL_CODE(ctl)		((uint16_t)(ctl))
#define HV_HYPERCALL_FAST		(1ull << 16)
#define HV_HYPERCALL_VARHEAD(ctl)	(((ctl) >> 17) & 0x1ff)
#define HV_HYPERCALL_REP_COUNT(ctl)	(((ctl) >> 32) & 0xfff)
#define HV_HYPERCALL_REP_START(ctl)	(((ctl) >> 48) & 0xfff)
#define HV_HYPERCALL_RESERVED		0xf000f000f8000000ull

/* Status in bits 0-15 of the result (TLFS appendix B) */
#define HV_STATUS_SUCCESS			0x0000
#define HV_STATUS_INVALID_HYPERCALL_CODE	0x0002
#define HV_STATUS_INVALID_HYPERCALL_INPUT	0x0003
#define HV_STATUS_INVALID_ALIGNMENT		0x0004
#define HV_STATUS_INVALID_PARAMETER		0x0005
#define HV_STATUS_ACCESS_DENIED			0x0006
#define HV_STATUS_OPERATION_DENIED		0x0008
#define HV_STATUS_INSUFFICIENT_MEMORY		0x000b
#define HV_STATUS_INVALID_PORT_ID		0x0011
#define HV_STATUS_INVALID_CONNECTION_ID		0x0012
#define HV_STATUS_INSUFFICIENT_BUFFERS		0x0013

#define HV_CONNECTION_ID_MASK			0x00ffffffu

#define HV_MESSAGE_PAYLOAD_MAX			240

/* Input of HVCALL_POST_MESSAGE (TLFS 11.11.1) */
struct hv_post_message_input {
	uint32_t connection_id;
	uint32_t reserved;
	uint32_t message_type;
	uint32_t payload_size;
	uint8_t payload[HV_MESSAGE_PAYLOAD_MAX];
};

/* Input of HVCALL_SIGNAL_EVENT; the fast form packs it in one register (TLFS 11.11.2) */
struct hv_signal_event_input {
	uint32_t connection_id;
	uint16_t flag_number;
	uint16_t reserved;
};

#define HV_PARTITION_ID_SELF		(~0ull)
#define HV_INTERRUPT_SOURCE_MSI		1
#define HV_RETARGET_PROCESSOR_SET	2u	/* in flags: a VP set, else a mask of 64 VPs */
#define HV_RETARGET_MAX_WORDS		65u	/* 64 banks and the word that names them */

/*
 * Input of HVCALL_RETARGET_INTERRUPT (struct hv_retarget_device_interrupt of
 * asm-generic/hyperv-tlfs.h). The variable header counts the words after the first.
 */
struct hv_retarget_input {
	uint64_t partition_id;
	uint64_t device_id;
	uint32_t source;
	uint32_t reserved1;
	uint32_t address, data;		/* of the message, as created */
	uint64_t reserved2;
	uint32_t vector;
	uint32_t flags;
	uint64_t words[1 + HV_RETARGET_MAX_WORDS];	/* mask; or format, banks, VPs of each */
};

/* Input of HVCALL_MMIO_READ, without data, and HVCALL_MMIO_WRITE. */
#define HV_MMIO_MAX_DATA		64
struct hv_mmio_input {
	uint64_t gpa;
	uint32_t size;
	uint32_t reserved;
	uint8_t data[HV_MMIO_MAX_DATA];
};

/* ---- SynIC pages (TLFS 11.5 to 11.9) --------------------------------------- */
#define HV_SINT_COUNT			16
#define HV_SINT_VMBUS			2	/* VMBUS_MESSAGE_SINT */

#define HV_MESSAGE_TYPE_NONE		0	/* the slot is free */
#define HV_MESSAGE_TYPE_VMBUS		1	/* as Hyper-V's VMBus uses it */
#define HV_MESSAGE_FLAG_PENDING		0x01	/* another message waits for this slot */

/* One of the 16 slots of a message page. The header is 16 bytes. */
struct hv_message {
	uint32_t type;		/* written last, with release order; 0 frees the slot */
	uint8_t payload_size;
	uint8_t flags;		/* HV_MESSAGE_FLAG_* */
	uint8_t reserved[2];
	uint64_t sender;	/* port id */
	uint8_t payload[HV_MESSAGE_PAYLOAD_MAX];
};

struct hv_message_page {
	struct hv_message slot[HV_SINT_COUNT];
};

#define HV_EVENT_FLAGS			2048	/* a SINT's flags in the event page */

struct hv_event_page {
	uint32_t flags[HV_SINT_COUNT][HV_EVENT_FLAGS / 32];
};

static_assert(sizeof(struct hv_message) == 256, "TLFS: a message has 256 bytes");
static_assert(sizeof(struct hv_message_page) == 4096, "TLFS: SIMP is one page");
static_assert(sizeof(struct hv_event_page) == 4096, "TLFS: SIEFP is one page");
static_assert(sizeof(struct hv_post_message_input) == 256, "TLFS: POST_MESSAGE input");
static_assert(sizeof(struct hv_mmio_input) == 80, "hyperv-tlfs.h: hv_mmio_write_input");
static_assert(sizeof(struct hv_signal_event_input) == 8, "TLFS: SIGNAL_EVENT input");

#endif
