// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions come and go: commands, requests of devices, timed faults. All of
 * it on the control loop; what the guest is to be told is left in flags for
 * the channel's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vpci/internal.h"

void vpci_gone(struct vpci_slot *slot)
{
	slot->present = false;
	slot->ejecting = false;
	slot->eject_due = false;
	pci_reset(slot->fn, PCI_RESET_REMOVED);
	vpci_forget_interrupts(slot->bus, slot);
}

/* ---- what can be asked for, on the control loop ------------------------------------ */

/* The guest is asked when it knows of the function; else it need not be. */
static int eject(struct vpci_slot *slot)
{
	struct vpci_bus *bus = slot->bus;
	bool known = vmbus_find_open(&bus->dev, 0) && atomic_load(&bus->relations_asked);
	int rc = 0;

	pthread_mutex_lock(&bus->lock);
	if (!slot->present || slot->ejecting)
		rc = -EALREADY;
	else if (known)
		slot->ejecting = slot->eject_due = true;
	else
		vpci_gone(slot);
	pthread_mutex_unlock(&bus->lock);
	if (!rc)
		vpci_say_soon(bus);
	return rc;
}

static int take_away(struct vpci_slot *slot)
{
	struct vpci_bus *bus = slot->bus;
	int rc = 0;

	pthread_mutex_lock(&bus->lock);
	if (slot->present) {
		count(&slot->counters.removed);
		vpci_gone(slot);
	} else {
		rc = -EALREADY;
	}
	pthread_mutex_unlock(&bus->lock);
	if (rc)
		return rc;
	atomic_store(&bus->relations_due, true);
	vpci_say_soon(bus);
	return 0;
}

/* On a bus that is not offered the offer says it, else the relations do. */
static int add(struct vpci_slot *slot)
{
	struct vpci_bus *bus = slot->bus;
	int rc = 0;

	pthread_mutex_lock(&bus->lock);
	if (slot->present) {
		rc = -EALREADY;
	} else {
		count(&slot->counters.added);
		slot->present = true;
		if (bus->in_d0)
			pci_start(slot->fn);
	}
	pthread_mutex_unlock(&bus->lock);
	if (rc)
		return rc;
	if (bus->emptied || bus->dev.absent) {
		bus->emptied = false;
		return vmbus_reoffer(&bus->dev);
	}
	atomic_store(&bus->relations_due, true);
	vpci_say_soon(bus);
	return 0;
}

int vpci_change(struct vpci_slot *slot, enum pci_request what)
{
	switch (what) {
	case PCI_REQUEST_EJECT:
		return eject(slot);
	case PCI_REQUEST_REMOVE:
		return take_away(slot);
	case PCI_REQUEST_ADD:
		return add(slot);
	case PCI_REQUEST_RESCIND:
		return vmbus_rescind(&slot->bus->dev);
	case PCI_REQUEST_REOFFER:
		slot->bus->emptied = false;
		return vmbus_reoffer(&slot->bus->dev);
	}
	return -EINVAL;
}

/* ---- an empty bus --------------------------------------------------------------------- */

static void rescind_if_empty(void *ctx)
{
	struct vpci_bus *bus = ctx;
	bool empty = true;

	pthread_mutex_lock(&bus->lock);
	for (unsigned int i = 0; i < bus->n_slots; i++)
		empty = empty && !bus->slot[i].present;
	pthread_mutex_unlock(&bus->lock);
	if (empty && !bus->dev.absent) {
		bus->emptied = true;
		vmbus_rescind(&bus->dev);
	}
}

void vpci_rescind_if_empty(struct vpci_bus *bus)
{
	/* Without memory the bus stays, and is empty. */
	(void)loop_post(vmbus_control_loop(bus->dev.bus), rescind_if_empty, bus);
}

/* ---- requests of devices --------------------------------------------------------------- */

struct posted {
	struct vpci_slot *slot;
	enum pci_request what;
};

static void do_posted(void *ctx)
{
	struct posted *p = ctx;

	/* What is so already need not be said: the device does not wait for an answer. */
	(void)vpci_change(p->slot, p->what);
	free(p);
}

int vpci_link_request(void *ctx, enum pci_request what)
{
	struct vpci_slot *slot = ctx;
	struct posted *p = malloc(sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	*p = (struct posted){ slot, what };
	rc = loop_post(vmbus_control_loop(slot->bus->dev.bus), do_posted, p);
	if (rc)
		free(p);
	return rc;
}

int vpci_link_invalidate(void *ctx, uint64_t mask)
{
	struct vpci_slot *slot = ctx;

	atomic_fetch_or(&slot->invalid_blocks, mask);
	vpci_say_soon(slot->bus);
	return 0;
}

/* ---- commands ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum pci_request what;
	const char *already;
} commands[] = {
	{ "eject", PCI_REQUEST_EJECT, "it is not there, or the guest has been asked" },
	{ "remove", PCI_REQUEST_REMOVE, "it is not there" },
	{ "add", PCI_REQUEST_ADD, "it is there" },
};

struct call {
	struct vpci_slot *slot;
	const char *cmd;
	json_t *args, *reply;
	int rc;
};

static void command_on_loop(void *ctx)
{
	struct call *c = ctx;
	struct pci_function *fn = c->slot->fn;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(c->cmd, commands[i].name))
			continue;
		c->rc = vpci_change(c->slot, commands[i].what);
		if (c->rc)
			json_object_set_new(c->reply, "error",
					    json_string(c->rc == -EALREADY ? commands[i].already :
							strerror(-c->rc)));
		return;
	}
	c->rc = fn->ops->command ? fn->ops->command(fn, c->cmd, c->args, c->reply) : -ENOENT;
}

int vpci_command(struct vpci *v, const char *name, const char *cmd, json_t *args, json_t *reply)
{
	struct call c = { vpci_slot_of(v, name), cmd, args, reply, 0 };

	if (!c.slot)
		return -ENOENT;
	loop_call(vmbus_control_loop(v->vmbus), command_on_loop, &c);
	return c.rc;
}

/* ---- timed faults of functions ------------------------------------------------------ */

struct vpci_timed {
	struct vpci *vpci;
	struct pci_function *fn;
	struct fault *fault;
	struct loop_timer timer;
	struct vpci_timed *next;
};

static void timed_due(void *ctx)
{
	struct vpci_timed *t = ctx, **at = &t->vpci->timed;

	fault_performed(t->fn->faults, t->fault);
	if (t->fn->ops->timed_fault)
		t->fn->ops->timed_fault(t->fn, t->fault);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

static void timed_on_loop(void *ctx)
{
	struct vpci_timed *t = ctx;

	t->next = t->vpci->timed;
	t->vpci->timed = t;
	t->timer.fn = timed_due;
	t->timer.ctx = t;
	loop_timer_arm(vmbus_control_loop(t->vpci->vmbus), &t->timer,
		       fault_at_ms(t->fault) * 1000000);
}

static int add_timed(struct vpci *v, struct pci_function *fn, struct fault *fault)
{
	struct vpci_timed *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->vpci = v;
	t->fn = fn;
	t->fault = fault;
	rc = loop_post(vmbus_control_loop(v->vmbus), timed_on_loop, t);
	if (rc)
		free(t);
	return rc;
}

int vpci_timed_fault(struct vpci *v, struct fault *fault)
{
	const char *name = fault_device(fault);
	int rc = -ENODEV;

	for (unsigned int b = 0; b < PCI_MAX_BUSES; b++) {
		for (unsigned int i = 0; v->bus[b] && i < v->bus[b]->n_slots; i++) {
			struct pci_function *fn = v->bus[b]->slot[i].fn;

			if (strcmp(fn->name, name) && strcmp(fn->type, name))
				continue;
			rc = add_timed(v, fn, fault);
			if (rc)
				return rc;
		}
	}
	return rc;
}

static void drop_timed(void *ctx)
{
	struct vpci *v = ctx;
	struct vpci_timed *t;

	while ((t = v->timed)) {
		v->timed = t->next;
		loop_timer_cancel(vmbus_control_loop(v->vmbus), &t->timer);
		free(t);
	}
}

void vpci_drop_timed(struct vpci *v)
{
	loop_call(vmbus_control_loop(v->vmbus), drop_timed, v);
}
