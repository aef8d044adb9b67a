/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VMBUS_INTERNAL_H
#define AZ_LAB_VMBUS_INTERNAL_H

#include <pthread.h>

#include "proto/hv.h"
#include "vmbus/bus.h"

/*
 * What the files of the bus share; devices and the machine never include this.
 *
 * Everything in struct vmbus belongs to the control loop unless it says
 * otherwise. @lock guards what other threads may look at: the lists of devices
 * and channels, whether a channel is open, and the GPADLs. It is never held
 * while a loop is called, and no packet takes it.
 */

/* Bounds on what a guest can make the host hold. */
#define BUS_MAX_GPADLS		1024
#define BUS_MAX_GPADL_PAGES	(256u * 1024)	/* in all lists together: 1 GiB */
#define BUS_MAX_PENDING		512		/* messages, either direction */
#define BUS_MAX_DELAYED		64		/* by fault */

enum relid_use {
	RELID_FREE,
	RELID_OFFERED,
	RELID_REVOKED,		/* rescinded; the guest has not released it */
};

struct relid_slot {
	enum relid_use use;
	struct vmbus_channel *ch;	/* NULL when free */
};

/* A GPADL whose page numbers have not all arrived. */
struct partial_gpadl {
	uint32_t id, relid;
	uint32_t byte_offset, byte_count;
	uint32_t pages, have;
	struct partial_gpadl *next;
	uint64_t pfn[];
};

/* A message that waits for the guest's slot, or for a delay fault to pass. */
struct out_msg {
	struct out_msg *next;
	struct vmbus *bus;
	struct loop_timer timer;
	uint32_t vp;
	unsigned int sint;
	struct hv_message msg;
};

struct out_queue {
	struct out_msg *first, **end;
	struct out_msg *delayed;
	unsigned int n_delayed;
	bool blocked;		/* the slot is occupied: vmbus_eom() will come */
};

struct message_counters {
	counter_t received[VMBUS_MSG_COUNT], sent[VMBUS_MSG_COUNT];
	counter_t ignored;	/* unknown, too short, or not at this time */
	counter_t refused;	/* answered with a failure */
	counter_t busy;		/* told the guest to try again */
	counter_t slot_busy;	/* the guest's slot was occupied */
	counter_t lost;		/* the VP had no message page */
	counter_t posts_refused;	/* hypercalls, by fault */
	counter_t withheld, delayed, duplicated;	/* by fault */
};

struct vmbus {
	const struct guest_memory *mem;
	struct faults *faults;
	struct vmbus_platform platform;
	struct loop *loop;
	uint32_t max_version;

	pthread_mutex_t lock;
	struct vmbus_device *devices;
	struct gpadl *gpadls;
	unsigned int n_gpadls;		/* with the partial ones */
	uint32_t n_gpadl_pages;

	/* the connection */
	uint32_t version;		/* 0: not connected */
	bool offers_requested;
	uint32_t msg_vp;
	unsigned int msg_sint;
	struct vmbus_monitor_page *monitor;	/* guest->host, NULL: none */
	uint64_t monitor_ids[VMBUS_MONITOR_GROUPS * VMBUS_MONITOR_BITS / 64];
	struct partial_gpadl *partial;
	struct relid_slot relid[VMBUS_MAX_RELID + 1];

	struct out_queue out;
	_Atomic unsigned int n_out;	/* queued and delayed */
	_Atomic unsigned int n_in;	/* posted, not handled yet */
	_Atomic bool eom_posted;
	struct message_counters messages;
	struct timed *timed;
};

/* The bus's part of a channel. */
struct channel_state {
	bool offered;
	bool open;			/* under bus->lock for other threads */
	bool was_open;			/* has counters worth showing */
	uint32_t open_id;
	struct gpadl *gpadl;		/* of the rings, pinned */
	int open_result;		/* of ops->open */
	unsigned int sint;

	/* monitored notification, see monitor.c */
	int monitor_id;			/* -1: none */
	_Atomic uint32_t *monitor_pending;
	uint32_t monitor_mask;
	struct loop_timer monitor_timer;

	/* the channel's loop only */
	int signal_fd;
	bool dead;			/* the guest broke a ring */
	bool dispatching;
	unsigned int budget;		/* packets left in this dispatch */
	uint64_t taken;			/* packets given to the device */
	bool have_packet;		/* @packet is not consumed yet */
	struct ring_packet packet;
	uint8_t *buf;			/* VMBUS_MAX_PACKET */
};

/* ---- messages.c: from the guest -------------------------------------------- */

/* Handle one message on the control loop. */
void messages_handle(struct vmbus *bus, const uint8_t *payload, uint32_t len);
const char *message_name(uint32_t type);

/*
 * Handlers of the table in messages.c, here and below, have a private copy of
 * @len bytes at @payload, at least as long as the message's struct.
 *
 * ---- connection.c -----------------------------------------------------------
 */

/* INITIATE_CONTACT: end the old connection, answer VERSION_RESPONSE. */
void connection_contact(struct vmbus *bus, const void *payload, uint32_t len);
/* REQUESTOFFERS: once a connection, all offers and ALLOFFERS_DELIVERED. */
void connection_request_offers(struct vmbus *bus, const void *payload, uint32_t len);
/* UNLOAD: forget everything, then the response. */
void connection_unload(struct vmbus *bus, const void *payload, uint32_t len);
/* TL_CONNECT_REQUEST (hvsock): refused. */
void connection_tl_connect(struct vmbus *bus, const void *payload, uint32_t len);
/* Close and forget everything that the guest set up; nothing is sent. */
void connection_reset(struct vmbus *bus);

/* ---- outq.c: to the guest --------------------------------------------------- */

/* An empty queue. */
void outq_init(struct vmbus *bus);
/* Queue a copy of the message @payload (its type is the first word) to the connection's VP. */
void outq_send(struct vmbus *bus, const void *payload, uint32_t len);
/* Post what can be posted. */
void outq_flush(struct vmbus *bus);
/* Forget what waits and what a fault delays. */
void outq_drop(struct vmbus *bus);

/* ---- gpadls.c ---------------------------------------------------------------- */

/* GPADL_HEADER: a list begins, or is refused with GPADL_CREATED. */
void gpadls_header(struct vmbus *bus, const void *payload, uint32_t len);
/* GPADL_BODY: more of it; GPADL_CREATED when it is complete. */
void gpadls_body(struct vmbus *bus, const void *payload, uint32_t len);
/* GPADL_TEARDOWN: tell the device; TORNDOWN after the last user let go. */
void gpadls_teardown(struct vmbus *bus, const void *payload, uint32_t len);
/* Drop those of channel @relid, or all when it is 0, without a word to the guest. */
void gpadls_forget(struct vmbus *bus, uint32_t relid);

/* ---- offers.c ---------------------------------------------------------------- */

/* The channel of @dev with @index, made when it does not exist. NULL: no memory. */
struct vmbus_channel *channel_find_or_create(struct vmbus_device *dev, unsigned int index);
/* An OFFER for each device that is there. */
void offers_send_all(struct vmbus *bus);
/* RELID_RELEASED: a rescinded id may be used again. */
void offers_relid_released(struct vmbus *bus, const void *payload, uint32_t len);
/* Take @ch back: close it, send RESCIND, keep its relid until the guest releases it. */
void offers_rescind(struct vmbus_channel *ch);
/* The same for all sub-channels of @dev. */
void offers_rescind_subchannels(struct vmbus_device *dev);
/* vmbus_rescind() and vmbus_reoffer() at once. */
void offers_rescind_device(struct vmbus_device *dev);
void offers_reoffer_device(struct vmbus_device *dev);
/* The offered channel with @relid, or NULL. */
struct vmbus_channel *offers_channel(struct vmbus *bus, uint32_t relid);

/* ---- channel.c --------------------------------------------------------------- */

/* OPENCHANNEL: set up rings and loop, ask the device, OPENCHANNEL_RESULT. */
void channel_open_msg(struct vmbus *bus, const void *payload, uint32_t len);
/* CLOSECHANNEL: no reply; a primary takes its sub-channels with it. */
void channel_close_msg(struct vmbus *bus, const void *payload, uint32_t len);
/* MODIFYCHANNEL: interrupts go to another VP; a response from 5.3 on. */
void channel_modify_msg(struct vmbus *bus, const void *payload, uint32_t len);
/* Close when open: the device lets go, the loop ends. Control loop. */
void channel_close(struct vmbus_channel *ch);
/* The guest signalled: run the device. The channel's loop. */
void channel_dispatch(struct vmbus_channel *ch);
/* Free a closed channel with its counters. */
void channel_free(struct vmbus_channel *ch);

/* ---- packet.c ---------------------------------------------------------------- */

/* The guest broke a ring: nothing more is read or written. */
int channel_kill(struct vmbus_channel *ch, const char *what);
extern const struct counter_name channel_counter_names[];

/* ---- monitor.c --------------------------------------------------------------- */

/* A monitor id for an offer or -1. */
int monitor_alloc(struct vmbus *bus);
void monitor_release(struct vmbus *bus, int id);
/* The channel's loop: start and stop looking at the trigger bit. */
void monitor_start(struct vmbus_channel *ch);
void monitor_stop(struct vmbus_channel *ch);

/* ---- timed.c ----------------------------------------------------------------- */

/* Cancel all timed faults that have not happened. Control loop. */
void timed_free_all(struct vmbus *bus);

#endif
