// SPDX-License-Identifier: GPL-2.0-only
/* Hooks of "trace vmbus". Sources of the facts: drivers/hv/ of the kernel, hv_trace.h. */
#include "bpf/kern/base.h"
#include "bpf/kern/vmbus.h"
#include "bpf/vmbus_model.h"

AZT_EVENTS(AZT_TOOL_VMBUS, vmbus_model)

LICENSE_GPL;

#define EAGAIN	11

/*
 * Programs that the verifier knows the types of (tp_btf, fentry) follow pointers by
 * themselves, at the cost of a load; the others ask a helper for each (READ).
 */
static __always_inline u32 relid(struct vmbus_channel *channel)
{
	return READ(channel, offermsg.child_relid);
}

/* What a ring holds. */
static __always_inline u32 held(u32 write, u32 read, u32 size)
{
	return write >= read ? write - read : size - read + write;
}

/* ---- interrupt: vmbus_chan_sched() of the ISR, once for each channel with its bit set ---- */

SEC("tp_btf/vmbus_chan_sched")
int BPF_PROG(interrupt_tp, struct vmbus_channel *channel)
{
	if (channel)
		azt_event(VMBUS_INTERRUPT, channel->offermsg.child_relid, 0, 0);
	return 0;
}

SEC("raw_tp/vmbus_chan_sched")
int BPF_PROG(interrupt_raw, struct vmbus_channel *channel)
{
	azt_event(VMBUS_INTERRUPT, relid(channel), 0, 0);
	return 0;
}

/* ---- callback: vmbus_on_event(), the tasklet ---- */

SEC("tp_btf/vmbus_on_event")
int BPF_PROG(callback_tp, struct vmbus_channel *channel)
{
	if (channel)
		azt_event(VMBUS_CALLBACK, channel->offermsg.child_relid, 0, 0);
	return 0;
}

SEC("raw_tp/vmbus_on_event")
int BPF_PROG(callback_raw, struct vmbus_channel *channel)
{
	azt_event(VMBUS_CALLBACK, relid(channel), 0, 0);
	return 0;
}

SEC("kprobe/vmbus_on_event")
int BPF_KPROBE(callback_kprobe, struct vmbus_channel *channel)
{
	azt_event(VMBUS_CALLBACK, relid(channel), 0, 0);
	return 0;
}

/* ---- drained: hv_pkt_iter_close() ---- */

SEC("fentry/hv_pkt_iter_close")
int BPF_PROG(drained_func, struct vmbus_channel *channel)
{
	azt_event(VMBUS_DRAINED, channel->offermsg.child_relid, 0, 0);
	return 0;
}

SEC("kprobe/hv_pkt_iter_close")
int BPF_KPROBE(drained_kprobe, struct vmbus_channel *channel)
{
	azt_event(VMBUS_DRAINED, relid(channel), 0, 0);
	return 0;
}

/* ---- send: a packet is in the outbound ring ---- */

/* Of the queue (patches/vmbus/tracepoints.patch); before the host can see the packet. */
SEC("tp_btf/vmbus_ring_send")
int BPF_PROG(send_tp, struct vmbus_channel *channel, const void *desc, u64 trans_id, u64 request,
	     u32 bytes, u32 free)
{
	if (channel)
		azt_event(VMBUS_SEND, channel->offermsg.child_relid,
			  channel->outbound.ring_datasize - free, channel->outbound.ring_datasize);
	return 0;
}

SEC("fexit/hv_ringbuffer_write")
int BPF_PROG(send_func, struct vmbus_channel *channel, const void *kv_list, u32 kv_count,
	     u64 request, u64 *trans_id, int ret)
{
	u32 size = channel->outbound.ring_datasize;
	struct hv_ring_buffer *ring = channel->outbound.ring_buffer;

	if (!ret)
		azt_event(VMBUS_SEND, channel->offermsg.child_relid,
			  held(ring->write_index, ring->read_index, size), size);
	return 0;
}

/* Entry: how it ends is not known here, so that a full ring counts as well. */
SEC("kprobe/hv_ringbuffer_write")
int BPF_KPROBE(send_kprobe, struct vmbus_channel *channel)
{
	u32 size = READ(channel, outbound.ring_datasize);
	struct hv_ring_buffer *ring = READ(channel, outbound.ring_buffer);

	azt_event(VMBUS_SEND, relid(channel),
		  held(READ(ring, write_index), READ(ring, read_index), size), size);
	return 0;
}

/* ---- full: hv_ringbuffer_write() found no room ---- */

SEC("fexit/hv_ringbuffer_write")
int BPF_PROG(full_func, struct vmbus_channel *channel, const void *kv_list, u32 kv_count,
	     u64 request, u64 *trans_id, int ret)
{
	if (ret == -EAGAIN)
		azt_event(VMBUS_FULL, channel->offermsg.child_relid, 0, 0);
	return 0;
}

/* ---- signal: vmbus_setevent() tells the host ---- */

static __always_inline void signaled(struct vmbus_channel *channel)
{
	azt_event(VMBUS_SIGNAL, relid(channel), READ(channel, intr_out_empty), 0);
}

SEC("tp_btf/vmbus_setevent")
int BPF_PROG(signal_tp, struct vmbus_channel *channel)
{
	if (channel)
		azt_event(VMBUS_SIGNAL, channel->offermsg.child_relid, channel->intr_out_empty, 0);
	return 0;
}

SEC("raw_tp/vmbus_setevent")
int BPF_PROG(signal_raw, struct vmbus_channel *channel)
{
	signaled(channel);
	return 0;
}

SEC("kprobe/vmbus_setevent")
int BPF_KPROBE(signal_kprobe, struct vmbus_channel *channel)
{
	signaled(channel);
	return 0;
}
