/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_VPCI_INTERNAL_H
#define AZ_LAB_VPCI_INTERNAL_H

#include <pthread.h>

#include "pci/types.h"
#include "proto/vpci.h"
#include "vmbus/replies.h"
#include "vpci/vpci.h"

/*
 * What the files of vPCI share.
 *
 * The protocol runs on the channel's loop. The guest's accesses to the config
 * window come on vCPU threads, commands on the control loop. So:
 *
 *   lock	(config lock) presence of functions, the chosen one, and every call
 *		into a function that changes it. Taken by all three.
 *   irq_lock	the table of interrupts. Taken inside of lock and by whoever
 *		raises one; nothing is taken inside.
 *
 * The window is unmapped without the lock, because that waits for accesses
 * which want it.
 */

/* Bounds on what a guest can make the host hold, of each bus. */
#define VPCI_MAX_INTERRUPTS	4096u	/* a power of two: index in the data of a message */
#define VPCI_MAX_DELAYED	1024u
#define VPCI_MAX_REPLY		160u	/* bytes; the largest completion is a block */
#define VPCI_MAX_MULTI		32u	/* interrupts of one creation: multi-message MSI */

/* The messages of a guest are counted by the low byte of their type. */
#define VPCI_MESSAGES		0x20u

struct vpci_bus;

/* A message that the guest had made; its index is part of what the device writes. */
struct vpci_irq {
	bool used;
	uint8_t slot;			/* index of the function's place */
	uint8_t count;			/* of those made together: in the first; else 0 */
	uint8_t vector;
	uint16_t generation;		/* so that an old message means nothing */
	uint64_t vps;
};

struct vpci_slot_counters {
	counter_t creates[PCI_PHASES], deletes, retargets, retargets_unchanged;
	counter_t ejects, ejected, removed, added;
};

/* A place on the bus with its function. */
struct vpci_slot {
	struct vpci_bus *bus;
	struct pci_function *fn;
	struct pci_link link;
	struct pci_place place;
	uint32_t number;		/* as the guest knows it */
	bool present;			/* under the lock */
	bool ejecting;			/* the guest has been asked; under the lock */
	bool eject_due;			/* and has not been told yet; as well */
	_Atomic uint64_t invalid_blocks;	/* to be told */
	struct vpci_slot_counters counters;
};

struct vpci_counters {
	counter_t received[VPCI_MESSAGES];
	counter_t relations_sent, ejects_sent, invalidations_sent;
	counter_t refused;		/* answered with a failure */
	counter_t malformed;		/* no such message, or too short */
	counter_t window_selects;	/* the guest chose a function */
	counter_t window_absent;	/* accesses to none */
	counter_t replies_delayed, replies_withheld, replies_lost;
	counter_t interrupts_left;	/* that the guest had not deleted when it left */
	counter_t retargets_refused;
};

/* A completion that waits for its time or for room in the ring. */
struct vpci_reply {
	struct reply reply;
	uint64_t trans_id;
	uint32_t len;
	uint8_t data[VPCI_MAX_REPLY];
};

struct vpci_bus {
	struct vmbus_device dev;
	struct vpci *vpci;
	unsigned int number;
	uint32_t max_version;
	uint64_t msi_delay_ns;		/* of each reply to a creation of an interrupt */
	struct vpci_slot slot[VPCI_MAX_SLOTS];
	unsigned int n_slots;
	bool emptied;			/* rescinded for lack of functions; the control loop's */
	struct vpci_counters counters;

	pthread_mutex_t lock;
	bool in_d0;			/* written by the channel's loop alone */
	uint32_t selected;		/* slot number that the guest wrote to the window */

	pthread_mutex_t irq_lock;
	struct vpci_irq irq[VPCI_MAX_INTERRUPTS];

	/* the channel's loop */
	struct vmbus_channel *ch;	/* while open */
	uint32_t version;		/* 0: not agreed */
	atomic_bool relations_asked;	/* the guest wants to know */
	atomic_bool relations_due;
	void *window;			/* mapping; NULL: none */
	struct reply_queue replies;
};

struct vpci_timed;

struct vpci {
	struct vmbus *vmbus;
	struct pci_platform platform;
	struct vpci_bus *bus[PCI_MAX_BUSES];	/* by number */
	unsigned int n_functions;
	bool offered;			/* the VMBus owns the buses */
	struct vpci_timed *timed;	/* the control loop's */
};

/* A request of the guest while it is handled. */
struct vpci_request {
	struct vpci_bus *bus;
	const char *op;			/* for faults */
	uint64_t trans_id;
	bool wanted;			/* the guest asked for a completion */
	const void *data;		/* a copy, as long as the message is or longer */
	uint32_t len;
};

/* ---- message.c ------------------------------------------------------------- */

/* Handle one packet of the guest. */
void vpci_packet(struct vpci_bus *bus, const struct ring_packet *pkt);
/* Add the counters of messages by name to @obj. */
void vpci_count_messages(const struct vpci_bus *bus, json_t *obj);
/* The present function at slot number @slot, or NULL. Under the lock. */
struct vpci_slot *vpci_find(struct vpci_bus *bus, uint32_t slot);

/* ---- reply.c --------------------------------------------------------------- */

/* Complete the request with @len bytes, as faults and delays say. */
void vpci_reply(struct vpci_request *req, const void *data, uint32_t len, uint64_t delay_ns);
void vpci_reply_status(struct vpci_request *req, uint32_t status);
/* Sends a struct vpci_reply: of struct reply_queue. */
int vpci_transmit(struct vmbus_channel *ch, const struct reply *reply);
/* A chance for fault @what of the bus. */
const struct fault *vpci_fault(struct vpci_bus *bus, const char *what, const char *op);

/* ---- relations.c ----------------------------------------------------------- */

/* Say what is due: relations, ejections, invalid blocks. False: the ring is full. */
bool vpci_say(struct vpci_bus *bus);
/* Have that done soon on the channel's loop, if the channel is open. Any thread. */
void vpci_say_soon(struct vpci_bus *bus);
/* Handlers of messages, here and below: see the table in message.c. */
void vpci_query_relations(struct vpci_request *req);
void vpci_query_resources(struct vpci_request *req);
void vpci_eject_complete(struct vpci_request *req);

/* ---- power.c ----------------------------------------------------------------- */

/* Handlers. */
void vpci_query_version(struct vpci_request *req);
void vpci_d0_entry(struct vpci_request *req);
void vpci_d0_exit(struct vpci_request *req);
void vpci_resources_assigned(struct vpci_request *req);
void vpci_resources_released(struct vpci_request *req);
void vpci_read_block(struct vpci_request *req);
void vpci_write_block(struct vpci_request *req);
/* The guest leaves D0, or is gone: functions are as after power-on. */
void vpci_leave(struct vpci_bus *bus);

/* ---- window.c ---------------------------------------------------------------- */

/* Map the config window at @gpa. 0 or -errno. Without the lock. */
int vpci_window_map(struct vpci_bus *bus, uint64_t gpa);
void vpci_window_unmap(struct vpci_bus *bus);

/* ---- interrupt.c --------------------------------------------------------------- */

/* Handlers. */
void vpci_create_interrupt(struct vpci_request *req);
void vpci_create_interrupt2(struct vpci_request *req);
void vpci_create_interrupt3(struct vpci_request *req);
void vpci_delete_interrupt(struct vpci_request *req);
/* Forget the interrupts of @slot, of all slots when it is NULL. */
void vpci_forget_interrupts(struct vpci_bus *bus, const struct vpci_slot *slot);
/* A function wrote @data to @address; see struct pci_link. @ctx is the slot. */
bool vpci_message(void *ctx, uint64_t address, uint32_t data);

/* ---- change.c ------------------------------------------------------------------ */

/* See struct pci_link; @ctx is the slot. */
int vpci_link_request(void *ctx, enum pci_request what);
int vpci_link_invalidate(void *ctx, uint64_t mask);
/* Carry out a request now; control loop. 0, -EALREADY, -ENODEV. */
int vpci_change(struct vpci_slot *slot, enum pci_request what);
/* The guest has let go of an ejected function. Under the lock. */
void vpci_gone(struct vpci_slot *slot);
/* Rescind the bus when its last function is gone, as Hyper-V does. Any thread. */
void vpci_rescind_if_empty(struct vpci_bus *bus);
/* Timed faults that have not happened yet are forgotten; the control loop still runs. */
void vpci_drop_timed(struct vpci *v);
/* The function of that name, or NULL. */
struct vpci_slot *vpci_slot_of(const struct vpci *v, const char *name);

extern const struct fault_kind vpci_faults[];

#endif
