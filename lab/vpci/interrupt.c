// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: the guest asks for a message, the host says what the device is
 * to write where, and remembers which vector of which VP that means. Later the
 * guest moves it with RETARGET_INTERRUPT. A device that writes anything else
 * raises nothing, as behind an IOMMU.
 */
#include "proto/hv.h"
#include "vpci/internal.h"

/* Where local APICs are; the guest takes the address as it comes. */
#define MESSAGE_ADDRESS		0xfee00000ull
#define INDEX_BITS		12u
#define INDEX_MASK		(VPCI_MAX_INTERRUPTS - 1)
#define VECTOR_MIN		16u
#define VECTOR_MAX		255u

_Static_assert(VPCI_MAX_INTERRUPTS == 1u << INDEX_BITS, "the index is the data's low bits");

static uint32_t data_of(const struct vpci_irq *irq, unsigned int index)
{
	return (uint32_t)irq->generation << INDEX_BITS | index;
}

/* The interrupt that a message means, or NULL. Under irq_lock. */
static struct vpci_irq *find(struct vpci_bus *bus, uint64_t address, uint32_t data)
{
	struct vpci_irq *irq = &bus->irq[data & INDEX_MASK];

	if (address != MESSAGE_ADDRESS || !irq->used || data_of(irq, data & INDEX_MASK) != data)
		return NULL;
	return irq;
}

bool vpci_message(void *ctx, uint64_t address, uint32_t data)
{
	struct vpci_slot *slot = ctx;
	struct vpci_bus *bus = slot->bus;
	const struct pci_platform *p = &bus->vpci->platform;
	struct vpci_irq *irq;
	uint8_t vector = 0;
	uint32_t vp = 0;

	pthread_mutex_lock(&bus->irq_lock);
	irq = find(bus, address, data);
	if (irq && &bus->slot[irq->slot] != slot)
		irq = NULL;
	if (irq) {
		vector = irq->vector;
		vp = (uint32_t)__builtin_ctzll(irq->vps);
	}
	pthread_mutex_unlock(&bus->irq_lock);
	return irq && !p->interrupt(p->ctx, vp, vector);
}

/* ---- creation ------------------------------------------------------------------ */

/* What the three forms of the request say. */
struct wish {
	uint32_t slot, vector;
	unsigned int count;
	uint64_t vps;			/* 0: none that exists */
};

/* @n free entries in a row, aligned; -1: there are none. Under irq_lock. */
static int find_free(const struct vpci_bus *bus, unsigned int n)
{
	for (unsigned int i = 0; i + n <= VPCI_MAX_INTERRUPTS; i += n) {
		unsigned int k = 0;

		while (k < n && !bus->irq[i + k].used)
			k++;
		if (k == n)
			return (int)i;
	}
	return -1;
}

/* Take @wish->count entries for @slot; what the device is to write in *@out. False: none free. */
static bool take(struct vpci_bus *bus, const struct vpci_slot *slot, const struct wish *wish,
		 struct vpci_interrupt *out)
{
	uint16_t generation = 0;
	int first;

	pthread_mutex_lock(&bus->irq_lock);
	first = find_free(bus, wish->count);
	for (unsigned int i = 0; first >= 0 && i < wish->count; i++) {
		uint16_t old = bus->irq[first + (int)i].generation;

		generation = old > generation ? old : generation;
	}
	generation++;
	for (unsigned int i = 0; first >= 0 && i < wish->count; i++)
		bus->irq[first + (int)i] = (struct vpci_irq){
			.used = true,
			.slot = (uint8_t)(slot - bus->slot),
			.count = (uint8_t)(i ? 0 : wish->count),
			.vector = (uint8_t)(wish->vector + i),
			.generation = generation,
			.vps = wish->vps,
		};
	if (first >= 0)
		*out = (struct vpci_interrupt){
			.count = (uint16_t)wish->count,
			.data = data_of(&bus->irq[first], (unsigned int)first),
			.address = MESSAGE_ADDRESS,
		};
	pthread_mutex_unlock(&bus->irq_lock);
	return first >= 0;
}

static bool is_good(const struct wish *w)
{
	return w->count && w->count <= VPCI_MAX_MULTI && !(w->count & (w->count - 1)) &&
	       w->vector >= VECTOR_MIN && w->vector + w->count - 1 <= VECTOR_MAX && w->vps;
}

static void create(struct vpci_request *req, const struct wish *wish)
{
	struct vpci_created_interrupt answer = { 0 };
	struct vpci_bus *bus = req->bus;
	struct vpci_slot *slot;

	pthread_mutex_lock(&bus->lock);
	slot = vpci_find(bus, wish->slot);
	pthread_mutex_unlock(&bus->lock);
	if (!slot)
		answer.status = VPCI_STATUS_NO_SUCH_DEVICE;
	else if (!is_good(wish))
		answer.status = VPCI_STATUS_INVALID_PARAMETER;
	else if (!take(bus, slot, wish, &answer.interrupt))
		answer.status = VPCI_STATUS_NO_RESOURCES;
	else
		count(&slot->counters.creates[atomic_load(&slot->fn->phase)]);
	if (answer.status)
		count(&bus->counters.refused);
	vpci_reply(req, &answer, sizeof(answer), bus->msi_delay_ns);
}

static uint64_t existing(const struct vpci_bus *bus, uint64_t vps)
{
	uint32_t n = bus->vpci->platform.vp_count;

	return n < 64 ? vps & ((1ull << n) - 1) : vps;
}

/* The mask of the VPs that are listed; one that does not exist, or too many: 0. */
static uint64_t listed(const struct vpci_bus *bus, const uint16_t *processor, unsigned int n)
{
	uint64_t vps = 0;

	if (n > VPCI_PROCESSORS_MAX)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if (processor[i] >= bus->vpci->platform.vp_count || processor[i] >= 64)
			return 0;
		vps |= 1ull << processor[i];
	}
	return vps;
}

void vpci_create_interrupt(struct vpci_request *req)
{
	const struct vpci_create_interrupt *m = req->data;

	create(req, &(struct wish){
		.slot = m->slot, .vector = m->vector, .count = m->count,
		.vps = existing(req->bus, m->cpu_mask) });
}

void vpci_create_interrupt2(struct vpci_request *req)
{
	struct vpci_create_interrupt2 m = *(const struct vpci_create_interrupt2 *)req->data;
	uint16_t processor[VPCI_PROCESSORS_MAX];

	__builtin_memcpy(processor, m.processor, sizeof(processor));
	create(req, &(struct wish){
		.slot = m.slot, .vector = m.vector, .count = m.count,
		.vps = listed(req->bus, processor, m.processors) });
}

void vpci_create_interrupt3(struct vpci_request *req)
{
	struct vpci_create_interrupt3 m = *(const struct vpci_create_interrupt3 *)req->data;
	uint16_t processor[VPCI_PROCESSORS_MAX];

	__builtin_memcpy(processor, m.processor, sizeof(processor));
	create(req, &(struct wish){
		.slot = m.slot, .vector = m.vector, .count = m.count,
		.vps = listed(req->bus, processor, m.processors) });
}

/* ---- the end of one -------------------------------------------------------------- */

/* Under irq_lock. The generation stays. */
static void release(struct vpci_irq *first)
{
	for (unsigned int i = first->count; i > 0; i--) {
		first[i - 1].used = false;
		first[i - 1].count = 0;
	}
}

void vpci_delete_interrupt(struct vpci_request *req)
{
	const struct vpci_delete_interrupt *m = req->data;
	struct vpci_bus *bus = req->bus;
	struct vpci_irq *irq;

	pthread_mutex_lock(&bus->irq_lock);
	irq = find(bus, m->interrupt.address, m->interrupt.data);
	if (irq && (!irq->count || bus->slot[irq->slot].number != m->slot))
		irq = NULL;
	if (irq) {
		count(&bus->slot[irq->slot].counters.deletes);
		release(irq);
	}
	pthread_mutex_unlock(&bus->irq_lock);
	vpci_reply_status(req, irq ? VPCI_STATUS_SUCCESS : VPCI_STATUS_INVALID_PARAMETER);
}

void vpci_forget_interrupts(struct vpci_bus *bus, const struct vpci_slot *slot)
{
	pthread_mutex_lock(&bus->irq_lock);
	for (unsigned int i = 0; i < VPCI_MAX_INTERRUPTS; i++) {
		struct vpci_irq *irq = &bus->irq[i];

		if (!irq->used || (slot && slot != &bus->slot[irq->slot]))
			continue;
		count(&bus->counters.interrupts_left);
		irq->used = false;
		irq->count = 0;
	}
	pthread_mutex_unlock(&bus->irq_lock);
}

/* ---- moving one --------------------------------------------------------------------- */

/*
 * The device id that a guest makes of a bus's instance and a function
 * (hv_irq_unmask() of pci-hyperv.c).
 */
static uint64_t device_id(const struct vpci_bus *bus)
{
	const uint8_t *b = bus->dev.instance_id.b;

	return (uint64_t)b[5] << 24 | (uint64_t)b[4] << 16 | (uint64_t)b[7] << 8 | (b[6] & 0xf8u);
}

static struct vpci_bus *find_bus(struct vpci *v, uint64_t id)
{
	for (unsigned int i = 0; i < PCI_MAX_BUSES; i++) {
		if (v->bus[i] && device_id(v->bus[i]) == (id & ~7ull))
			return v->bus[i];
	}
	return NULL;
}

/* Under irq_lock. */
static void move(struct vpci_bus *bus, struct vpci_irq *irq, const struct vpci_target *t)
{
	struct vpci_slot_counters *c = &bus->slot[irq->slot].counters;

	count(&c->retargets);
	if (irq->vector == t->vector && irq->vps == t->vps)
		count(&c->retargets_unchanged);
	irq->vector = (uint8_t)t->vector;
	irq->vps = t->vps;
}

uint16_t vpci_retarget(struct vpci *v, const struct vpci_target *t)
{
	struct vpci_bus *bus = find_bus(v, t->device_id);
	struct vpci_irq *irq = NULL;

	if (!bus)
		return HV_STATUS_INVALID_PARAMETER;
	if (t->vps && t->vector >= VECTOR_MIN && t->vector <= VECTOR_MAX &&
	    !vpci_fault(bus, "refuse-retarget", NULL)) {
		pthread_mutex_lock(&bus->irq_lock);
		irq = find(bus, t->address, t->data);
		if (irq && VPCI_SLOT_FUNCTION(bus->slot[irq->slot].number) != (t->device_id & 7))
			irq = NULL;
		if (irq)
			move(bus, irq, t);
		pthread_mutex_unlock(&bus->irq_lock);
	}
	if (!irq)
		count(&bus->counters.retargets_refused);
	return irq ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}
