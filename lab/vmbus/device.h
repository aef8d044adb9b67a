/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VMBUS_DEVICE_H
#define AZ_LAB_VMBUS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <jansson.h>

#include "core/counters.h"
#include "core/faults.h"
#include "core/loop.h"
#include "core/memory.h"
#include "proto/vmbus.h"
#include "vmbus/gpadl.h"
#include "vmbus/ring.h"

/*
 * What a device on VMBus sees of the bus, and what the bus wants of a device.
 *
 * Threads. The bus has one control loop: messages from the guest, offers,
 * rescinds and everything in struct vmbus_device_ops that does not say
 * otherwise run there. Each open channel has a loop of its own; only that
 * loop touches the channel's rings. So a channel's packet path takes no lock.
 * A device whose channels share state hands it over with loop_post() or
 * splits it by channel. A channel's loop must never wait for the control loop
 * (no loop_call() in that direction): the control loop waits for channels.
 */
struct vmbus;
struct vmbus_device;
struct vmbus_channel;

#define VMBUS_USER_DEFINED	VMBUS_USER_DEFINED_MAX
#define VMBUS_MAX_PACKET	(64u * 1024)
#define VMBUS_MONITOR_LATENCY_MAX_US	1000000u

struct vmbus_device_ops {
	const char *type;		/* "net", "scsi", "heartbeat", ... */
	struct vmbus_guid class_id;	/* interface type of the offer */
	uint16_t channel_flags;		/* VMBUS_CHANNEL_* of struct vmbus_channel_offer */
	uint16_t mmio_mib;

	/*
	 * The guest opens a channel; its rings are ready, its loop runs.
	 * Called on the channel's loop. An error becomes the OPENCHANNEL
	 * result's status and the channel stays closed.
	 */
	int (*open)(struct vmbus_channel *ch);

	/*
	 * On the channel's loop: the guest signalled that there are packets,
	 * or room. First retry what channel_send() refused with -EAGAIN, then
	 * take packets with channel_recv() until it gives 0; it may stop early
	 * and then this runs again. A device that stops by itself, since it
	 * waits for room, is called again when the guest made some.
	 */
	void (*ready)(struct vmbus_channel *ch);

	/*
	 * On the channel's loop, before it stops: the guest closed the
	 * channel, or it was rescinded, or azhost ends. Release what the
	 * channel owns; send nothing more.
	 */
	void (*close)(struct vmbus_channel *ch);

	/*
	 * A GPADL that the device uses beyond the rings (receive buffer) is
	 * about to be torn down by the guest: stop using it. Control loop;
	 * may be NULL.
	 */
	void (*gpadl_gone)(struct vmbus_device *dev, struct gpadl *g);

	/* A command of the control socket, see core/control.h; may be NULL. Control loop. */
	int (*command)(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply);

	/* A timed fault for this device fires now; may be NULL. Rescind is done by the bus. */
	void (*timed_fault)(struct vmbus_device *dev, struct fault *fault);

	/*
	 * Add device counters of channel @ch to @obj; any thread, also while the
	 * channel is closed; may be NULL. Must not call the bus. Counters live
	 * in the device by sub-channel index: closing does not reset them.
	 */
	void (*counters)(struct vmbus_channel *ch, json_t *obj);

	/* Free the device; all its channels are closed. */
	void (*destroy)(struct vmbus_device *dev);
};

/* Embed as the first member of a device's own struct. */
struct vmbus_device {
	const struct vmbus_device_ops *ops;
	char name[16];			/* instance: "net0" */
	struct vmbus_guid instance_id;
	uint8_t user_defined[VMBUS_USER_DEFINED];	/* of the offer */
	/*
	 * Not 0: the guest signals through the monitor page and the host looks
	 * there at this interval, as long as a channel is open. 0: hypercalls.
	 */
	uint32_t monitor_latency_us;
	bool absent;			/* not offered: rescinded, or set before it was added */
	struct vmbus *bus;		/* set by vmbus_add_device() */
	struct vmbus_channel *primary;	/* set while offered */

	/* the bus's own */
	struct vmbus_channel *channels;
	bool reoffer_due;		/* to be, when the guest has released it */
	struct vmbus_device *next;
};

struct channel_counters {
	counter_t signals_received;	/* by the guest, coalesced ones counted each */
	counter_t signals_monitored;	/* of these, seen in the monitor page */
	counter_t interrupts_raised;
	counter_t interrupts_coalesced;	/* of these: the guest had not seen the last one yet */
	counter_t interrupts_suppressed;	/* written without: masked or ring not empty */
	counter_t packets_in, packets_out;	/* guest->host, host->guest */
	counter_t publications_in;	/* write_index had moved when the host looked */
	counter_t completions_in, completions_out;
	counter_t inband_in, gpa_direct_in, other_in;
	counter_t inband_out, xfer_pages_out;
	counter_t bytes_in, bytes_out;	/* of ring space */
	counter_t ring_full;		/* ring_write() said -EAGAIN */
	counter_t protocol_errors;
};

/*
 * One for each device and sub-channel index, for as long as the device lives:
 * a channel that was rescinded and is offered again gets a new relid and keeps
 * its struct, its counters and @priv.
 */
struct vmbus_channel {
	struct vmbus_device *dev;
	struct vmbus *bus;
	uint32_t relid;			/* 0 while not offered */
	uint32_t connection_id;
	uint16_t sub_index;		/* 0: primary */
	_Atomic uint32_t target_vp;	/* interrupts go to this VP; may change at any time */
	uint8_t open_data[VMBUS_USER_DEFINED];	/* from OPENCHANNEL */
	struct loop *loop;		/* while open, else NULL */
	struct ring in, out;		/* guest->host, host->guest */
	struct channel_counters counters;
	void *priv;			/* the device's */

	/* the bus's own; see vmbus/internal.h */
	struct channel_state *state;
	struct vmbus_channel *next;
};

/* ---- calls for devices, on the channel's loop ---------------------------- */

/*
 * Next packet, a private copy that lives until the following call. 1, 0 when
 * there is none, -EPROTO when the guest broke the ring (the channel is dead
 * then: counted, logged once, nothing more is read). The space of the packet
 * before is given back to the guest on entry.
 */
int channel_recv(struct vmbus_channel *ch, struct ring_packet *pkt);

/*
 * Send a packet of @type (enum vmbus_packet_type), with the interrupt when the
 * contract wants one. -EAGAIN when the ring is full: ops->ready runs again
 * when the guest made room. -EMSGSIZE: larger than the ring will ever take.
 * -EPROTO: the guest broke the ring.
 */
int channel_send(struct vmbus_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
		 const void *header_extra, uint32_t header_extra_len,
		 const struct iovec *payload, int n_payload);

/* Completion of the guest's packet @trans_id with @len bytes of payload. As channel_send(). */
int channel_complete(struct vmbus_channel *ch, uint64_t trans_id, const void *data, uint32_t len);

/*
 * The guest memory of a GPA_DIRECT packet's ranges, at most @max pieces, in
 * order. Number of pieces, -EPROTO (the descriptor lies about its size),
 * -EFAULT (not RAM), -E2BIG.
 */
int channel_gpa_iov(struct vmbus_channel *ch, const struct ring_packet *pkt,
		    struct iovec *iov, int max);

/* ---- calls for devices, any thread unless said ---------------------------- */

/* The faults and the memory of the machine. */
struct faults *vmbus_faults(struct vmbus *bus);
const struct guest_memory *vmbus_memory(struct vmbus *bus);
struct loop *vmbus_control_loop(struct vmbus *bus);

/*
 * Find a GPADL by its handle and pin it, from any loop; NULL
 * when there is none. gpadl_put() unpins. A GPADL that the guest tears down
 * while it is pinned stays allocated until the last put, and the guest is told
 * that it is torn down only then. Check that g->relid is the channel's.
 */
struct gpadl *vmbus_gpadl_get(struct vmbus *bus, uint32_t id);
void vmbus_gpadl_put(struct vmbus *bus, struct gpadl *g);

/*
 * Offer @n sub-channels (sub_index first..first+n-1) of @dev. Queued to the
 * control loop; the OFFERs follow what was sent on the primary before.
 */
int vmbus_offer_subchannels(struct vmbus_device *dev, unsigned int first, unsigned int n);

/*
 * Rescind the device with all channels / offer it again with new channel ids.
 * Any thread; carried out on the control loop. 0 or -ENOMEM.
 */
int vmbus_rescind(struct vmbus_device *dev);
/* Offer again comes when the guest has released what was rescinded, at once if it has. */
int vmbus_reoffer(struct vmbus_device *dev);

/* Call @fn for each open channel of @dev on that channel's loop, without waiting. */
void vmbus_for_each_open(struct vmbus_device *dev, void (*fn)(struct vmbus_channel *ch, void *ctx),
			 void *ctx);

/*
 * Open channel @sub_index of @dev or NULL. Stays open only as long as the
 * caller is on the control loop or on that channel's.
 */
struct vmbus_channel *vmbus_find_open(struct vmbus_device *dev, unsigned int sub_index);

#endif
