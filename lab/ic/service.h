/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_IC_SERVICE_H
#define AZ_LAB_IC_SERVICE_H

#include "ic/ic.h"
#include "proto/ic.h"
#include "proto/vmbus.h"
#include "vmbus/bus.h"

/*
 * What the integration services have in common: a device with one channel, on
 * which the host first negotiates versions and then asks, one message at a
 * time; the guest answers each.
 *
 * Threads: what has to do with messages runs on the channel's loop; commands
 * run on the control loop and hand over with vmbus_for_each_open().
 */
struct ic;

#define IC_MAX_BODY	2600u	/* the largest is struct ic_kvp_enumerate */

struct ic_service {
	struct vmbus_device_ops ops;		/* see IC_OPS() */
	struct vmbus_guid instance;
	enum ic_type type;			/* of its messages */
	const struct ic_version *versions;	/* what the host offers, rising */
	unsigned int n_versions;

	/* Both sides agree; requests may be sent now. May be NULL. */
	void (*negotiated)(struct ic *ic);
	/* The guest answered the last request. @len counts padding too. May be NULL. */
	void (*answered)(struct ic *ic, const struct ic_header *hdr, const void *body,
			 uint32_t len);
	/* The channel closes. May be NULL. */
	void (*closed)(struct ic *ic);
	/* A command beside "ic-status", as in struct vmbus_device_ops. May be NULL. */
	int (*command)(struct ic *ic, const char *cmd, json_t *args, json_t *reply);
	/* Add to the counters and the status; any thread. May be NULL. */
	void (*report)(struct ic *ic, json_t *obj);
};

enum ic_state {
	IC_CLOSED,		/* no guest has the channel open */
	IC_NEGOTIATING,
	IC_READY,
	IC_REFUSED,		/* no version in common, or nonsense */
};

struct ic_counters {
	counter_t requests, answers;	/* without the negotiation */
	counter_t unexpected;		/* packets that answer nothing */
	counter_t malformed;		/* packets that cannot be an answer */
	counter_t unsent;		/* the ring was full */
	counter_t withheld, delayed;	/* by fault */
};

/* Embed as the first member of a service's own struct. */
struct ic {
	struct vmbus_device dev;
	const struct ic_service *service;
	struct ic_counters count;
	_Atomic enum ic_state state;
	_Atomic uint32_t frame, message;	/* versions, MAJOR << 16 | MINOR */
	_Atomic int64_t last_status;		/* of the last answer; -1: none yet */

	/* the channel's loop only */
	struct vmbus_channel *ch;		/* while open */
	bool waiting;				/* for the answer to the last message */
	uint16_t sent_type;
	uint8_t transaction;
	uint64_t trans_id;
	struct loop_timer delay;		/* @late is sent when it fires */
	uint8_t *late;
	uint32_t late_len;
};

/* The operations of every service; only the names differ. */
#define IC_OPS(name, guid, destroy_)				\
	{							\
		.type = (name),					\
		.class_id = guid,				\
		.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE | \
				 VMBUS_CHANNEL_NAMED_PIPE_MODE,	\
		.open = ic_open,				\
		.ready = ic_ready,				\
		.close = ic_close,				\
		.command = ic_command,				\
		.counters = ic_counters,			\
		.destroy = (destroy_),				\
	}

/* What struct vmbus_device_ops says of each; ic_destroy() only frees. */
int ic_open(struct vmbus_channel *ch);
void ic_ready(struct vmbus_channel *ch);
void ic_close(struct vmbus_channel *ch);
int ic_command(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply);
void ic_counters(struct vmbus_channel *ch, json_t *obj);
void ic_destroy(struct vmbus_device *dev);

/* A zeroed service of @size bytes that embeds struct ic, or NULL. */
struct ic *ic_create(const struct ic_service *service, size_t size);

/*
 * Send a request. 0, also when a fault keeps it back; -EBUSY while a delayed
 * one waits; else as channel_send(). The channel's loop.
 */
int ic_send(struct ic *ic, uint16_t type, const void *body, uint32_t len);

/* For commands: 0, or -ENOTCONN with an "error" when no guest has negotiated. */
int ic_need_ready(struct ic *ic, json_t *reply);

/* For commands: put "error" into @reply and return @err. */
int ic_fail(json_t *reply, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The services; each allocates its device or gives NULL. */
struct ic *heartbeat_create(void);
struct ic *shutdown_create(void);
struct ic *timesync_create(void);
struct ic *kvp_create(void);

/* negotiate.c: the host's list of versions, and the guest's choice. */

/* Send the list (or what a fault makes of it). As ic_send(). */
int ic_negotiate_send(struct ic *ic);
/* True when the guest chose from the list; then the versions are in @ic. */
bool ic_negotiate_take(struct ic *ic, const void *body, uint32_t len);

#endif
