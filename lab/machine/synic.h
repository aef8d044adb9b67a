/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_SYNIC_H
#define AZ_LAB_MACHINE_SYNIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/loop.h"
#include "core/memory.h"
#include "machine/kvm.h"
#include "proto/hv.h"
#include "vmbus/bus.h"

/*
 * The host's side of the synthetic interrupt controller. KVM has its
 * registers and delivers its interrupts; the message page and the event page
 * of each VP lie in guest memory and are written here.
 */
struct synic_counters {
	counter_t messages, messages_blocked;	/* put into a slot; slot was occupied */
	counter_t events, events_coalesced;	/* flag set with interrupt; was set already */
	counter_t eoms;				/* waited for and seen */
};

struct synic_vp {
	struct synic *synic;
	uint32_t index;
	/* NULL while the guest has the page or the SynIC switched off. */
	_Atomic(struct hv_message_page *) messages;
	_Atomic(struct hv_event_page *) events;
	_Atomic uint64_t messages_gpa, events_gpa;	/* of these pages */
	int trigger;		/* eventfd: raises the SINT's interrupt */
	int ended;		/* eventfd: the guest wrote EOM or EOI */
	struct synic_counters counters;
};

struct synic {
	const struct kvm *kvm;
	const struct guest_memory *mem;
	struct loop *loop;
	struct vmbus *bus;
	unsigned int vp_count;
	struct synic_vp *vp;

	/* Connections without KVM_CAP_HYPERV_EVENTFD: id and eventfd. */
	pthread_mutex_t lock;
	struct synic_connection *connections;
};

/*
 * Set up @vp_count VPs without pages and interrupts; waiting for EOM happens
 * on @loop. @kvm need not be open yet. 0 or -errno.
 */
int synic_init(struct synic *s, const struct kvm *kvm, const struct guest_memory *mem,
	       struct loop *loop, unsigned int vp_count);

/* Connect the VPs' interrupts, after kvm_set_routes(). 0 or -errno. */
int synic_attach(struct synic *s);

/* No EOM is reported after this, so that the bus can go. The guest has to stand still. */
void synic_stop(struct synic *s);
void synic_free(struct synic *s);

/* The bus to be told of EOMs; before the guest starts. */
void synic_set_bus(struct synic *s, struct vmbus *bus);
struct vmbus_platform synic_platform(struct synic *s);

/* From KVM_EXIT_HYPERV_SYNIC: VP @vp changed SCONTROL, SIEFP or SIMP. */
void synic_pages_changed(struct synic *s, uint32_t vp, uint64_t control, uint64_t simp,
			 uint64_t siefp);

/* From a SIGNAL_EVENT exit: false when nothing is bound to @connection_id. */
bool synic_signal_connection(struct synic *s, uint32_t connection_id);

#endif
