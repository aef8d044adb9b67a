/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of "trace netvsc", and what its model (bpf/netvsc_model.h) keeps. */
#ifndef AZ_BPF_NETVSC_TYPES_H
#define AZ_BPF_NETVSC_TYPES_H

#include "bpf/shared/layout.h"

/* Events. Part of the file format: append only. Where nothing is said, key is the skb. */
enum netvsc_event {
	NETVSC_TX_QUEUE = 1,	/* a: queue's id */
	NETVSC_TX_START,	/* the driver has it; a: queue's id */
	NETVSC_TX_VF,		/* the driver gave it to the VF, whose driver has it */
	NETVSC_TX_RING,		/* a: queue's id, b: the channel's intr_out_empty */
	NETVSC_TX_DONE,		/* the same; key 0: the host completed what was not sent */
	NETVSC_RX_IRQ,		/* key: the NAPI, a: queue's id */
	NETVSC_RX_POLL,		/* key: the NAPI */
	NETVSC_RX_STACK,	/* a: queue's id, b: 1 from the VF */
	NETVSC_RX_SOCKET,	/* it is in the socket's queue */
	NETVSC_RX_READ,
	NETVSC_RUN,		/* a task begins to run on this CPU */
	NETVSC_DROP,		/* a: device, b: reason */
	NETVSC_XDP,		/* a: device, b: verdict */
	NETVSC_SWITCH,		/* key: device, a: 1 to the VF; asks the host */
	NETVSC_SWITCHED,	/* the same; b: 1 failed */
};

enum netvsc_slot {
	NETVSC_S_QDISC, NETVSC_S_DRIVER, NETVSC_S_HOST, NETVSC_S_VF,
	NETVSC_S_IRQ, NETVSC_S_POLL, NETVSC_S_STACK, NETVSC_S_WAKE, NETVSC_S_READ,
	NETVSC_S_SWITCH, NETVSC_SLOTS
};

enum netvsc_counter {
	NETVSC_N_DROPS = AZT_COUNTS,
	NETVSC_N_XDP,				/* five verdicts: enum xdp_action */
	NETVSC_N_XDP_OTHER = NETVSC_N_XDP + 5,
};

#define NETVSC_DEVS		8
#define NETVSC_QUEUE_BITS	6		/* VRSS_CHANNEL_MAX of the driver is 64 */
#define NETVSC_QUEUES		(NETVSC_DEVS << NETVSC_QUEUE_BITS)
#define NETVSC_NONE		(~0u)

/* Above those that the core has: mac80211 and others have numbers of their own. */
#define NETVSC_REASONS		256
#define NETVSC_SWITCHES		64
#define NETVSC_CPUS		1024
#define NETVSC_FLIGHT_BITS	13

struct netvsc_queue {
	/* To the host, written with the queue's lock held or by its NAPI. */
	unsigned long long held;		/* skb that may wait for one more; 0: none */
	unsigned long long tx, tx_batched, tx_vf, tx_done;
	unsigned long long tx_sum, tx_max;	/* ns, queued to completed */
	unsigned long long signals, signals_base;
	/* From the host. */
	unsigned long long irq, poll, begin;	/* ns; begin: of what the poll finds */
	unsigned long long waiting;		/* an interrupt has not been served */
	unsigned long long interrupts, polls;
	unsigned long long rx, rx_vf, rx_socket;
	unsigned long long rx_sum, rx_max;	/* ns, interrupt to socket */
};

/* A packet on its way to the host. */
enum { NETVSC_QUEUED = 1, NETVSC_DRIVER, NETVSC_RING };

struct netvsc_tx {
	struct azt_flight f;			/* since: the first that was seen */
	unsigned long long last;		/* ns, of the last step */
	unsigned long long before;		/* skb that waited when this one came, or 0 */
	unsigned int state, id;
};

/*
 * A packet on its way to a reader. Most ways end unseen (ARP, ICMP, what TCP merges), so
 * that the place of one is taken over without counting.
 */
struct netvsc_rx {
	unsigned long long key, begin;		/* ns: interrupt */
	unsigned long long stack, ready;	/* ns: when it was there */
	unsigned long long id;
};

struct netvsc_napi {
	struct azt_flight f;			/* for good */
	unsigned long long id;
};

struct netvsc_switch {
	unsigned long long since, end, quiet;	/* ns; quiet: from the last packet to the next */
	unsigned long long device, to_vf, failed;
};

struct netvsc_dev {
	unsigned long long switches;
	unsigned long long last_rx;		/* ns */
	unsigned long long awaited;		/* a packet after the last switch */
	unsigned long long pad[5];
};

/* When the task that runs there began to; a cache line for each. */
struct netvsc_cpu {
	unsigned long long run;
	unsigned long long pad[7];
};

struct netvsc_reason {
	unsigned long long drops;
};

#endif
