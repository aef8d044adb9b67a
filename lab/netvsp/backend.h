/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_BACKEND_H
#define AZ_LAB_NETVSP_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <jansson.h>

/*
 * What is behind the synthetic NIC. A backend takes the guest's frames and
 * gives frames to the guest with rx_enqueue(), rx_steer() or rx_data(), see
 * netvsp/internal.h.
 *
 * Each open channel has its own state in the backend; all calls that have a
 * channel run on that channel's loop, so a backend needs no lock as long as
 * it keeps to the state of its channel.
 */
struct netvsp;
struct netvsp_channel;
struct net_backend;

enum net_gso {
	NET_GSO_NONE,
	NET_GSO_TCP4,
	NET_GSO_TCP6,
};

/*
 * A frame from the guest. @iov points to guest memory and to private copies
 * of headers, and is good for the duration of the call only.
 */
struct net_frame {
	const struct iovec *iov;
	int n;
	uint32_t len;
	bool vlan;		/* not part of the frame, to be put in */
	uint16_t vlan_tci;

	/* Left to the backend, when it can (offload); else 0. */
	bool csum_needed;	/* sum from csum_start on goes to csum_start + csum_offset */
	uint16_t csum_start, csum_offset;
	enum net_gso gso;
	uint16_t gso_size;	/* bytes of TCP payload a segment */
	uint16_t header_len;	/* headers that each segment repeats */
};

struct net_backend_ops {
	const char *name;

	/* Takes frames with csum_needed and gso; else they are made into plain frames before. */
	bool offload;

	/* A channel of the device opens and closes. 0 or -errno. */
	int (*open)(struct net_backend *b, struct netvsp_channel *nc, void **priv);
	void (*close)(struct net_backend *b, void *priv);

	/* 0, or -errno when the frame was dropped. */
	int (*transmit)(struct net_backend *b, void *priv, const struct net_frame *f);

	/* The guest made room in its ring or gave receive sections back; may be NULL. */
	void (*resume)(struct net_backend *b, void *priv);

	/* The guest changed checksum or coalescing settings; may be NULL. */
	void (*offload_changed)(struct net_backend *b, void *priv);

	/* A control command of its own; -ENOENT: not known. Control loop; may be NULL. */
	int (*command)(struct net_backend *b, const char *cmd, json_t *args, json_t *reply);

	void (*destroy)(struct net_backend *b);
};

struct net_backend {
	const struct net_backend_ops *ops;
	struct netvsp *dev;
};

/* The peer that is built in. NULL when out of memory. */
struct net_backend *responder_create(struct netvsp *dev, uint64_t delay_us);

/* TAP interface @name with up to @queues queues. 0 or -errno with one line in @err. */
int tap_create(struct netvsp *dev, const char *name, unsigned int queues,
	       struct net_backend **out, char *err, unsigned int err_len);

#endif
