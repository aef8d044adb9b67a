/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_VPCIRIG_H
#define AZ_TESTS_VPCIRIG_H

#include "proto/vpci.h"
#include "tests/unit/fakeguest.h"
#include "tests/unit/fakepci.h"
#include "vpci/vpci.h"

/*
 * vPCI with the guest's half of its protocol, for unit tests: fakeguest is the
 * VMBus, fakepci the machine. One at a time; calls wait for the host and fail the
 * cmocka test on what the protocol does not allow.
 */
#define RIG_WINDOW	0xf8000000ull

extern struct fakeguest *fg;
extern struct vpci *vpci;
extern struct vmbus_device *bus;	/* vpci0 */
extern struct fg_channel *chan;		/* NULL: the test has closed or lost it */

/* Functions as --pci describes them; bus 0 is opened unless it is not offered. */
void rig_start(const char *const *specs, unsigned int n);
void rig_open(void);
/* Frees what rig_start() made, also after the test has set chan to NULL. */
void rig_stop(void);

/* Send a request of @len bytes; the completion's payload, its length in *@got. */
const void *rig_ask(const void *msg, uint32_t len, uint32_t *got);
/* The status that it begins with. */
uint32_t rig_status(const void *msg, uint32_t len);
/* A request of only its type, of a type and a slot, for a version. */
uint32_t rig_plain(uint32_t type);
uint32_t rig_child(uint32_t type, uint32_t slot);
uint32_t rig_version(uint32_t version);
uint32_t rig_d0(uint64_t window);

/* Send without wanting a completion. */
void rig_tell(const void *msg, uint32_t len);
/* The next packet, which is in band and has @type. */
const void *rig_hear(uint32_t type, uint32_t *len);
/* Ask for the relations; the message that comes. */
const struct vpci_relations *rig_relations(uint32_t *len);

/* Version 1.4, relations, D0, resources of slot 0 assigned. */
void rig_up(void);

/* Config space by the window. */
uint32_t rig_read(uint32_t slot, unsigned int offset, unsigned int size);
void rig_write(uint32_t slot, unsigned int offset, unsigned int size, uint32_t value);

/* Create an interrupt with the third form; its status, what to write in *@out. */
uint32_t rig_create(uint32_t slot, uint32_t vector, unsigned int count, uint16_t vp,
		    struct vpci_interrupt *out);
uint16_t rig_retarget(const struct vpci_interrupt *i, uint32_t vector, uint64_t vps);

/*
 * Slot 0 is a pcitest: BAR 0 at RIG_BAR0, bus mastering and MSI-X on, its vector 0 writes
 * @i; and raise that vector.
 */
#define RIG_BAR0	0xf8100000u
void rig_enable(const struct vpci_interrupt *i);
void rig_raise(void);

/* A command for function @name; its return value. */
int rig_command(const char *name, const char *cmd);
/* A counter of function @i in vpci_counters(). */
int64_t rig_count(unsigned int i, const char *name);

#endif
