/* SPDX-License-Identifier: GPL-2.0-only */
/* Of include/linux/hyperv.h: channels and their rings. */
#ifndef AZ_BPF_KERN_VMBUS_H
#define AZ_BPF_KERN_VMBUS_H

#include "bpf/kern/base.h"

/* The instance is the device's, on all of its channels. */
struct vmbus_channel_offer {
	struct {
		u8 b[16];
	} if_instance;
	u16 sub_channel_index;
} KERN_TYPE;

struct vmbus_channel_offer_channel {
	struct vmbus_channel_offer offer;
	u32 child_relid;
} KERN_TYPE;

struct hv_ring_buffer {
	u32 write_index;
	u32 read_index;
} KERN_TYPE;

struct hv_ring_buffer_info {
	struct hv_ring_buffer *ring_buffer;
	u32 ring_datasize;
} KERN_TYPE;

struct vmbus_channel {
	struct vmbus_channel_offer_channel offermsg;
	struct hv_ring_buffer_info outbound;
	struct hv_ring_buffer_info inbound;
	u64 intr_out_empty;
	u32 target_cpu;
	void *channel_callback_context;
} KERN_TYPE;

struct vmpacket_descriptor {
	u16 type;
	u16 offset8;
	u16 len8;
	u16 flags;
	u64 trans_id;
} KERN_TYPE;

#endif
