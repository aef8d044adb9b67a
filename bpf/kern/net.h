/* SPDX-License-Identifier: GPL-2.0-only */
/* Of include/linux/{skbuff,netdevice,sched}.h, and of the driver's hyperv_net.h. */
#ifndef AZ_BPF_KERN_NET_H
#define AZ_BPF_KERN_NET_H

#include "bpf/kern/base.h"

#define IFF_SLAVE	0x800

struct net_device {
	u32 flags;
	int ifindex;
	void *rx_handler_data;
} KERN_TYPE;

struct sk_buff {
	struct net_device *dev;
	u16 queue_mapping;
} KERN_TYPE;

struct napi_struct {
	struct net_device *dev;
} KERN_TYPE;

struct netvsc_channel {
	struct napi_struct napi;
} KERN_TYPE;

struct task_struct {
	int pid;
} KERN_TYPE;

struct sock;

/*
 * @ptr as a number. The verifier lets no program multiply a pointer, but takes what is left of
 * one that was negated for a number, and so after the second time as well.
 */
static __always_inline u64 address(const void *ptr)
{
	u64 number = (u64)ptr;

	asm volatile("%0 = -%0\n\t%0 = -%0" : "+r"(number));
	return number;
}

#endif
