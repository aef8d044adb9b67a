// SPDX-License-Identifier: GPL-2.0-only
/* The buses as VMBus devices, and the functions on them. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vpci/internal.h"

/* ---- faults -------------------------------------------------------------------- */

#define OPS "op=version|relations|resources|d0-entry|d0-exit|assigned|released|create|delete|" \
	    "eject-complete|read-block|write-block|other"

static const char *const op_keys[] = { OPS, NULL };
static const char *const delay_keys[] = { OPS, "us#", NULL };
static const char *const status_keys[] = { OPS, "code#", NULL };
static const char *const short_keys[] = { OPS, "bytes#", NULL };
static const char *const relations_keys[] = { "kind=short|count|empty", NULL };
static const char *const bars_keys[] = { "kind=bar5-64|io", NULL };

const struct fault_kind vpci_faults[] = {
	{ "vpci", "withhold", op_keys, OPS ": take a request, do nothing and never answer", false },
	{ "vpci", "delay", delay_keys, "answer late, by us= (1000)", false },
	{ "vpci", "status", status_keys,
	  "answer with code=S (0xc000009a, INSUFFICIENT RESOURCES), whatever was done",
	  false },
	{ "vpci", "short", short_keys, "answer with bytes=N (4) of the answer", false },
	{ "vpci", "dup", op_keys, "answer twice", false },
	{ "vpci", "refuse-version", NULL, "answer that a version is not known", false },
	{ "vpci", "no-relations", NULL, "never send the list of functions", false },
	{ "vpci", "relations", relations_keys,
	  "send a list that is kind=short (short: cut off), has a wrong count, or is empty",
	  false },
	{ "vpci", "bars", bars_keys,
	  "say of a function that kind=bar5-64: its last BAR is 64-bit, io: it has an I/O BAR",
	  false },
	{ "vpci", "no-window", NULL, "enter D0 without a config window", false },
	{ "vpci", "config-ones", NULL, "a read of config space gives ones", false },
	{ "vpci", "eject-race", NULL,
	  "send an ejection, and with it a list without the function", false },
	{ "vpci", "refuse-retarget", NULL, "fail a retarget hypercall and change nothing", false },
	{ NULL, NULL, NULL, NULL, false }
};

void vpci_each_fault_table(void (*fn)(const struct fault_kind *table))
{
	fn(vpci_faults);
	for (unsigned int i = 0; pci_types[i]; i++) {
		if (pci_types[i]->faults)
			fn(pci_types[i]->faults);
	}
}

int vpci_register_faults(struct faults *faults)
{
	int rc = faults_register(faults, vpci_faults);

	for (unsigned int i = 0; pci_types[i] && !rc; i++) {
		if (pci_types[i]->faults)
			rc = faults_register(faults, pci_types[i]->faults);
	}
	return rc;
}

/* ---- the VMBus device ------------------------------------------------------------- */

static struct vpci_bus *to_bus(struct vmbus_device *dev)
{
	return (struct vpci_bus *)dev;
}

static int vpci_open(struct vmbus_channel *ch)
{
	struct vpci_bus *bus = to_bus(ch->dev);

	if (ch->sub_index)
		return -EINVAL;
	bus->ch = ch;
	bus->version = 0;
	replies_init(&bus->replies, ch, vpci_transmit);
	atomic_store(&bus->relations_asked, false);
	return 0;
}

static void vpci_close(struct vmbus_channel *ch)
{
	struct vpci_bus *bus = to_bus(ch->dev);
	bool gone = false;

	vpci_leave(bus);
	replies_drop(&bus->replies);
	bus->version = 0;
	atomic_store(&bus->relations_asked, false);
	bus->ch = NULL;
	/* A guest that is gone has let go. */
	pthread_mutex_lock(&bus->lock);
	for (unsigned int i = 0; i < bus->n_slots; i++) {
		if (!bus->slot[i].ejecting)
			continue;
		vpci_gone(&bus->slot[i]);
		gone = true;
	}
	pthread_mutex_unlock(&bus->lock);
	if (gone)
		vpci_rescind_if_empty(bus);
}

static void vpci_ready(struct vmbus_channel *ch)
{
	struct vpci_bus *bus = to_bus(ch->dev);
	struct ring_packet pkt;

	while (replies_flush(&bus->replies) && vpci_say(bus) && channel_recv(ch, &pkt) == 1)
		vpci_packet(bus, &pkt);
}

#define NAME(field) { #field, offsetof(struct vpci_counters, field) }

static const struct counter_name bus_names[] = {
	NAME(relations_sent), NAME(ejects_sent), NAME(invalidations_sent), NAME(refused),
	NAME(malformed), NAME(window_selects), NAME(window_absent), NAME(replies_delayed),
	NAME(replies_withheld), NAME(replies_lost), NAME(interrupts_left),
	NAME(retargets_refused),
	{ NULL, 0 }
};

static void add_counters(struct vmbus_channel *ch, json_t *obj)
{
	struct vpci_bus *bus = to_bus(ch->dev);
	json_t *own = counters_json(&bus->counters, bus_names);

	json_object_update(obj, own);
	json_decref(own);
	vpci_count_messages(bus, obj);
}

static void vpci_destroy(struct vmbus_device *dev)
{
	struct vpci_bus *bus = to_bus(dev);

	if (bus->vpci->offered)
		vpci_drop_timed(bus->vpci);
	for (unsigned int i = 0; i < bus->n_slots; i++)
		bus->slot[i].fn->ops->destroy(bus->slot[i].fn);
	pthread_mutex_destroy(&bus->irq_lock);
	pthread_mutex_destroy(&bus->lock);
	bus->vpci->bus[bus->number] = NULL;
	free(bus);
}

static const struct vmbus_device_ops vpci_ops = {
	.type = "vpci",
	.class_id = { VPCI_GUID_BYTES },
	.channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE,
	.open = vpci_open,
	.ready = vpci_ready,
	.close = vpci_close,
	.counters = add_counters,
	.destroy = vpci_destroy,
};

/*
 * Bytes 4 and 5 of the instance become the PCI domain in the guest, a200 and
 * up; bytes 4 to 7 the device id of retarget hypercalls.
 */
static const struct vmbus_guid first_instance = {
	{ 0x1c, 0x9e, 0x21, 0x5b, 0x00, 0xa2, 0x40, 0x4c,
	  0x8d, 0x3a, 0x41, 0x7a, 0x70, 0x63, 0x69, 0x00 }
};

static struct vpci_bus *new_bus(struct vpci *v, unsigned int number)
{
	struct vpci_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	bus->dev.ops = &vpci_ops;
	snprintf(bus->dev.name, sizeof(bus->dev.name), "vpci%u", number);
	bus->dev.instance_id = first_instance;
	bus->dev.instance_id.b[4] = (uint8_t)number;
	bus->dev.instance_id.b[15] = (uint8_t)number;
	bus->vpci = v;
	bus->number = number;
	bus->max_version = VPCI_VERSION_1_4;
	pthread_mutex_init(&bus->lock, NULL);
	pthread_mutex_init(&bus->irq_lock, NULL);
	v->bus[number] = bus;
	return bus;
}

/* ---- functions ------------------------------------------------------------------------- */

static unsigned int count_type(const struct vpci *v, const char *type)
{
	unsigned int n = 0;

	for (unsigned int b = 0; b < PCI_MAX_BUSES; b++) {
		for (unsigned int i = 0; v->bus[b] && i < v->bus[b]->n_slots; i++)
			n += !strcmp(v->bus[b]->slot[i].fn->type, type);
	}
	return n;
}

/* The bus that @place names, or the first number that is free. NULL with @err. */
static struct vpci_bus *bus_for(struct vpci *v, struct pci_place *place, char *err,
				unsigned int err_len)
{
	struct vpci_bus *bus;

	while (!place->has_bus && place->bus < PCI_MAX_BUSES && v->bus[place->bus])
		place->bus++;
	if (place->bus == PCI_MAX_BUSES) {
		snprintf(err, err_len, "all %u buses are taken", PCI_MAX_BUSES);
		return NULL;
	}
	bus = v->bus[place->bus] ? v->bus[place->bus] : new_bus(v, place->bus);
	if (!bus)
		snprintf(err, err_len, "out of memory");
	if (!bus || bus->n_slots < VPCI_MAX_SLOTS)
		return bus;
	snprintf(err, err_len, "bus=%u: it has %u functions, and takes no more", place->bus,
		 VPCI_MAX_SLOTS);
	return NULL;
}

/* The next device number of the bus, function 0: a bus is scanned by devices. */
static void put(struct vpci_bus *bus, struct pci_function *fn, const struct pci_place *place)
{
	struct vpci_slot *slot = &bus->slot[bus->n_slots];

	slot->bus = bus;
	slot->fn = fn;
	slot->place = *place;
	slot->number = VPCI_SLOT(bus->n_slots, 0);
	slot->present = !place->absent;
	slot->link = (struct pci_link){
		.platform = &bus->vpci->platform,
		.ctx = slot,
		.message = vpci_message,
		.request = vpci_link_request,
		.invalidate = vpci_link_invalidate,
	};
	pci_attach(fn, &slot->link);
	bus->n_slots++;
	if (place->protocol)
		bus->max_version = VPCI_VERSION(1, place->protocol);
	if (place->has_msi_delay)
		bus->msi_delay_ns = place->msi_delay_us * 1000;
}

int vpci_add(struct vpci *v, const char *spec, char *err, unsigned int err_len)
{
	struct pci_env env = {
		.mem = vmbus_memory(v->vmbus),
		.faults = vmbus_faults(v->vmbus),
	};
	const struct pci_type *type;
	struct pci_function *fn;
	struct pci_place place;
	struct vpci_bus *bus;
	char keys[512];
	int rc;

	rc = pci_parse(spec, &type, &place, keys, sizeof(keys), err, err_len);
	if (rc)
		return rc;
	bus = bus_for(v, &place, err, err_len);
	if (!bus)
		return -EINVAL;
	env.type = type->name;
	env.instance = count_type(v, type->name);
	rc = type->create(&env, keys, &fn, err, err_len);
	if (rc)
		return rc;
	v->n_functions++;
	if (!place.serial)
		place.serial = v->n_functions;
	put(bus, fn, &place);
	return 0;
}

struct vpci_slot *vpci_slot_of(const struct vpci *v, const char *name)
{
	for (unsigned int b = 0; b < PCI_MAX_BUSES; b++) {
		for (unsigned int i = 0; v->bus[b] && i < v->bus[b]->n_slots; i++) {
			if (!strcmp(v->bus[b]->slot[i].fn->name, name))
				return &v->bus[b]->slot[i];
		}
	}
	return NULL;
}

bool vpci_is_there(const struct vpci *v, const char *name)
{
	return vpci_slot_of(v, name) || count_type(v, name);
}

/* ---- all buses ------------------------------------------------------------------------------ */

struct vpci *vpci_create(struct vmbus *vmbus, const struct pci_platform *platform)
{
	struct vpci *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->vmbus = vmbus;
	v->platform = *platform;
	return v;
}

int vpci_offer(struct vpci *v)
{
	int rc = 0;

	v->offered = true;
	for (unsigned int b = 0; b < PCI_MAX_BUSES; b++) {
		struct vpci_bus *bus = v->bus[b];
		bool present = false;

		for (unsigned int i = 0; bus && i < bus->n_slots; i++)
			present = present || bus->slot[i].present;
		if (!bus)
			continue;
		/* Without a function there is no bus, until one is added. */
		bus->dev.absent = !present;
		if (!rc)
			rc = vmbus_add_device(v->vmbus, &bus->dev);
		if (rc)
			vpci_destroy(&bus->dev);
	}
	return rc;
}

void vpci_free(struct vpci *v)
{
	if (!v)
		return;
	for (unsigned int b = 0; b < PCI_MAX_BUSES && !v->offered; b++) {
		if (v->bus[b])
			vpci_destroy(&v->bus[b]->dev);
	}
	free(v);
}

/* ---- counters and help --------------------------------------------------------------- */

static void set(json_t *obj, const char *name, uint64_t value)
{
	json_object_set_new(obj, name, json_integer((json_int_t)value));
}

static json_t *slot_json(struct vpci_slot *slot)
{
	struct vpci_slot_counters *c = &slot->counters;
	json_t *obj = pci_counters(slot->fn), *creates = json_object();
	uint64_t total = 0;

	for (unsigned int i = 0; i < PCI_PHASES; i++) {
		set(creates, pci_phase_names[i], count_get(&c->creates[i]));
		total += count_get(&c->creates[i]);
	}
	set(creates, "total", total);
	json_object_set_new(obj, "bus", json_string(slot->bus->dev.name));
	json_object_set_new(obj, "msi_creates", creates);
	set(obj, "slot", slot->number);
	set(obj, "serial", slot->place.serial);
	set(obj, "msi_deletes", count_get(&c->deletes));
	set(obj, "retargets", count_get(&c->retargets));
	set(obj, "retargets_unchanged", count_get(&c->retargets_unchanged));
	set(obj, "ejects", count_get(&c->ejects));
	set(obj, "ejected", count_get(&c->ejected));
	set(obj, "removed", count_get(&c->removed));
	set(obj, "added", count_get(&c->added));
	return obj;
}

json_t *vpci_counters(struct vpci *v)
{
	json_t *list = json_array();

	for (unsigned int b = 0; v && b < PCI_MAX_BUSES; b++) {
		for (unsigned int i = 0; v->bus[b] && i < v->bus[b]->n_slots; i++)
			json_array_append_new(list, slot_json(&v->bus[b]->slot[i]));
	}
	return list;
}

const char *vpci_help(void)
{
	static char text[4096];
	size_t used = 0;

	used += (size_t)snprintf(text, sizeof(text), "%s", pci_place_help);
	for (unsigned int i = 0; pci_types[i] && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "of %s:\n%s",
					 pci_types[i]->name, pci_types[i]->help);
	return text;
}
