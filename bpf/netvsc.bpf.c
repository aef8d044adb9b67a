// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks of "trace netvsc". Sources of the facts: drivers/net/hyperv/, drivers/hv/channel.c,
 * net/core/dev.c, net/ipv4/udp.c of the kernel. What is not of the devices in netvsc_ifindex is
 * left before the clock is read.
 */
#include "bpf/kern/base.h"
#include "bpf/kern/net.h"
#include "bpf/kern/vmbus.h"
#include "bpf/netvsc_model.h"

AZT_EVENTS(AZT_TOOL_NETVSC, netvsc_model)

LICENSE_GPL;

/* The devices, by ifindex, and by the first half of the GUID of their VMBus device. */
const volatile unsigned int netvsc_count;
const volatile unsigned int netvsc_ifindex[NETVSC_DEVS];
const volatile unsigned long long netvsc_instance[NETVSC_DEVS];
/* Only this queue; NETVSC_NONE: all. */
const volatile unsigned int netvsc_only = NETVSC_NONE;

#define VMBUS_RQST_ERROR	(~0ull)

static __always_inline u32 device_of(u32 ifindex)
{
	u32 i;

#pragma unroll
	for (i = 0; i < NETVSC_DEVS; i++) {
		if (i >= netvsc_count)
			break;
		if (netvsc_ifindex[i] == ifindex)
			return i;
	}
	return NETVSC_NONE;
}

/* NETVSC_NONE where it is not wanted. */
static __always_inline u32 queue_id(u32 device, u32 queue)
{
	if (device == NETVSC_NONE || queue >= 1u << NETVSC_QUEUE_BITS ||
	    (netvsc_only != NETVSC_NONE && netvsc_only != queue))
		return NETVSC_NONE;
	return device << NETVSC_QUEUE_BITS | queue;
}

static __always_inline u32 channel_id(const struct vmbus_channel *channel)
{
	u64 instance = *(const u64 *)channel->offermsg.offer.if_instance.b;
	u32 i;

#pragma unroll
	for (i = 0; i < NETVSC_DEVS; i++) {
		if (i >= netvsc_count)
			break;
		if (netvsc_instance[i] == instance)
			return queue_id(i, channel->offermsg.offer.sub_channel_index);
	}
	return NETVSC_NONE;
}

/* ---- to the host ------------------------------------------------------------------ */

SEC("tp_btf/net_dev_queue")
int BPF_PROG(tx_queue_tp, struct sk_buff *skb)
{
	u32 id = queue_id(device_of(skb->dev->ifindex), skb->queue_mapping);

	if (id != NETVSC_NONE)
		azt_event(NETVSC_TX_QUEUE, address(skb), id, 0);
	return 0;
}

/*
 * The driver gives what is for the VF back to the stack, with the VF as its device: then the
 * same skb comes here once more. netvsc_vf_join() marks VFs as slaves.
 */
SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(tx_start_tp, const struct sk_buff *skb, const struct net_device *dev)
{
	u32 device = device_of(dev->ifindex), id;

	if (device != NETVSC_NONE) {
		id = queue_id(device, skb->queue_mapping);
		if (id != NETVSC_NONE)
			azt_event(NETVSC_TX_START, address(skb), id, 0);
	} else if (dev->flags & IFF_SLAVE) {
		azt_event(NETVSC_TX_VF, address(skb), 0, 0);
	}
	return 0;
}

/*
 * A packet's request is its skb. Others: 0 (control), the host's transaction (completions of
 * what was received) and the address of a message; only of XDP_TX an skb is unknown here.
 */
static __always_inline bool is_packet(u64 request, u32 id)
{
	struct net_device *dev;

	if ((s64)request >= 0)
		return false;
	if (!azt_cfg.raw && netvsc_txs_find(request))
		return true;
	dev = READ((struct sk_buff *)request, dev);
	return (s64)dev < 0 && device_of(READ(dev, ifindex)) == id >> NETVSC_QUEUE_BITS;
}

static __always_inline void ring(const struct vmbus_channel *channel, u64 request)
{
	u32 id;

	if ((s64)request >= 0)
		return;
	id = channel_id(channel);
	if (id != NETVSC_NONE && is_packet(request, id))
		azt_event(NETVSC_TX_RING, request, id, channel->intr_out_empty);
}

/* Of the queue (patches/vmbus/tracepoints.patch); before the host can see the packet. */
SEC("tp_btf/vmbus_ring_send")
int BPF_PROG(tx_ring_tp, const struct vmbus_channel *channel, const void *desc, u64 trans_id,
	     u64 request)
{
	if (channel)
		ring(channel, request);
	return 0;
}

/* Before the packet is there: a write that finds the ring full is done again by the driver. */
SEC("fentry/hv_ringbuffer_write")
int BPF_PROG(tx_ring_func, struct vmbus_channel *channel, const void *kv_list, u32 kv_count,
	     u64 request)
{
	ring(channel, request);
	return 0;
}

/* The driver asks for the request that a completion is of, which takes it out of the list. */
SEC("fexit/vmbus_request_addr")
int BPF_PROG(tx_done_func, struct vmbus_channel *channel, u64 trans_id, u64 request)
{
	u32 id = channel_id(channel);

	if (id == NETVSC_NONE)
		return 0;
	if (request == VMBUS_RQST_ERROR)
		azt_event(NETVSC_TX_DONE, 0, id, channel->intr_out_empty);
	else if (is_packet(request, id))
		azt_event(NETVSC_TX_DONE, request, id, channel->intr_out_empty);
	return 0;
}

/* Of the queue (patches/netvsc/tracepoints.patch); does not tell of what was refused. */
SEC("tp_btf/netvsc_tx_complete")
int BPF_PROG(tx_done_tp, const struct net_device *ndev, const struct vmbus_channel *channel,
	     u64 trans_id, const struct sk_buff *skb)
{
	u32 id = channel ? channel_id(channel) : NETVSC_NONE;

	if (id != NETVSC_NONE && skb)
		azt_event(NETVSC_TX_DONE, address(skb), id, channel->intr_out_empty);
	return 0;
}

/* ---- from the host ---------------------------------------------------------------- */

SEC("tp_btf/vmbus_chan_sched")
int BPF_PROG(rx_irq_tp, const struct vmbus_channel *channel)
{
	u32 id = channel ? channel_id(channel) : NETVSC_NONE;

	/* The callback's context is the netvsc_channel, which has the NAPI. */
	if (id != NETVSC_NONE)
		azt_event(NETVSC_RX_IRQ, (u64)channel->channel_callback_context +
			  bpf_core_field_offset(struct netvsc_channel, napi), id, 0);
	return 0;
}

SEC("fentry/netvsc_poll")
int BPF_PROG(rx_poll_func, struct napi_struct *napi)
{
	azt_event(NETVSC_RX_POLL, address(napi), 0, 0);
	return 0;
}

SEC("kprobe/netvsc_poll")
int BPF_KPROBE(rx_poll_kprobe, struct napi_struct *napi)
{
	azt_event(NETVSC_RX_POLL, address(napi), 0, 0);
	return 0;
}

/* Receive queues are noted from 1 on: skb_record_rx_queue(). */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(rx_stack_tp, struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	u32 device = device_of(dev->ifindex), queue = skb->queue_mapping, vf = 0, id;

	if (device == NETVSC_NONE) {
		if (!(dev->flags & IFF_SLAVE))
			return 0;
		device = device_of(READ((struct net_device *)dev->rx_handler_data, ifindex));
		vf = 1;
	}
	id = queue_id(device, queue ? queue - 1 : 0);
	if (id != NETVSC_NONE)
		azt_event(NETVSC_RX_STACK, address(skb), id, vf);
	return 0;
}

/* Is it a packet that came from one of the devices? A recording has all that there are. */
static __always_inline bool is_received(u64 skb)
{
	struct netvsc_rx *r;

	if (azt_cfg.raw)
		return true;
	r = netvsc_rx_of(skb);
	return r && r->key == skb;
}

SEC("fentry/__udp_enqueue_schedule_skb")
int BPF_PROG(rx_udp_func, struct sock *sk, struct sk_buff *skb)
{
	if (is_received(address(skb)))
		azt_event(NETVSC_RX_SOCKET, address(skb), 0, 0);
	return 0;
}

/* Segments without data as well, which nobody reads. */
SEC("fentry/tcp_rcv_established")
int BPF_PROG(rx_tcp_func, struct sock *sk, struct sk_buff *skb)
{
	if (is_received(address(skb)))
		azt_event(NETVSC_RX_SOCKET, address(skb), 0, 0);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(run_tp, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	if (next->pid)
		azt_event(NETVSC_RUN, 0, 0, 0);
	return 0;
}

SEC("fentry/skb_consume_udp")
int BPF_PROG(read_udp_func, struct sock *sk, struct sk_buff *skb)
{
	if (is_received(address(skb)))
		azt_event(NETVSC_RX_READ, address(skb), 0, 0);
	return 0;
}

SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(read_tcp_tp, const struct sk_buff *skb)
{
	if (is_received(address(skb)))
		azt_event(NETVSC_RX_READ, address(skb), 0, 0);
	return 0;
}

/* ---- what is rare ----------------------------------------------------------------- */

/* In a socket's queue skb->dev is something else: what is known there is known by its address. */
static __always_inline void dropped(struct sk_buff *skb, u32 reason)
{
	u32 device = device_of(skb->dev->ifindex);

	if (device != NETVSC_NONE)
		azt_event(NETVSC_DROP, address(skb), device, reason);
	else if (!azt_cfg.raw && is_received(address(skb)))
		azt_event(NETVSC_DROP, address(skb), NETVSC_NONE, reason);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(drop_tp, struct sk_buff *skb, void *location, u32 reason)
{
	dropped(skb, reason);
	return 0;
}

/* Before 5.17 there was no reason. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(drop_old_tp, struct sk_buff *skb)
{
	dropped(skb, 0);
	return 0;
}

SEC("fexit/netvsc_run_xdp")
int BPF_PROG(xdp_func, struct net_device *ndev, void *nvchan, void *xdp, u32 act)
{
	u32 device = device_of(ndev->ifindex);

	if (device != NETVSC_NONE)
		azt_event(NETVSC_XDP, 0, device, act);
	return 0;
}

SEC("fentry/netvsc_switch_datapath")
int BPF_PROG(switch_func, struct net_device *ndev, bool vf)
{
	u32 device = device_of(ndev->ifindex);

	if (device != NETVSC_NONE)
		azt_event(NETVSC_SWITCH, device, vf, 0);
	return 0;
}

SEC("fexit/netvsc_switch_datapath")
int BPF_PROG(switched_func, struct net_device *ndev, bool vf, int ret)
{
	u32 device = device_of(ndev->ifindex);

	if (device != NETVSC_NONE)
		azt_event(NETVSC_SWITCHED, device, vf, ret != 0);
	return 0;
}
