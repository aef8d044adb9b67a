// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device to test the path from a guest's driver to a PCI function, and the
 * model for writing one: registers (lab/proto/pcitest.h), memory, interrupts
 * after a delay, a DMA engine, config blocks.
 *
 * Registers are under a lock, since vCPUs come at once. What takes time is
 * done on the device's own loop. A reset takes the registers back, then calls
 * the loop: when that returns nothing of the device runs any more.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "lib/opts.h"
#include "pci/pci.h"
#include "pci/types.h"
#include "proto/pcitest.h"

#define NS_PER_US	1000ull
#define DELAY_MAX_US	10000000u
#define MAX_RAISES	256u	/* waiting for their time; more are dropped, and counted */

struct raise {
	struct loop_timer timer;
	struct pcitest *dev;
	uint64_t delay_ns;
	unsigned int vector;
	bool busy;			/* under the lock */
};

/* One copy; the engine's registers as they were at the command. */
struct job {
	uint64_t src, dst;
	uint32_t len, vector, delay_us, cmd;
};

struct pcitest_counters {
	counter_t raises, raises_dropped, copies, copy_errors;
};

struct pcitest {
	struct pci_function fn;
	struct loop *loop;
	pthread_mutex_t lock;
	uint64_t scratch, invalidate;
	uint32_t delay_us, raised, resets;
	struct job dma;			/* the registers */
	uint32_t dma_status;
	uint8_t block[PCITEST_BLOCKS][PCI_BLOCK_MAX];
	struct raise raise[MAX_RAISES];
	struct pcitest_counters counters;

	/* the loop's own */
	struct job running;
	struct loop_timer dma_timer;
};

static struct pcitest *to_pcitest(struct pci_function *fn)
{
	return (struct pcitest *)fn;
}

/* ---- interrupts after a delay ------------------------------------------------- */

static void raise_now(void *ctx)
{
	struct raise *r = ctx;
	struct pcitest *dev = r->dev;

	pthread_mutex_lock(&dev->lock);
	dev->raised++;
	r->busy = false;
	pthread_mutex_unlock(&dev->lock);
	count(&dev->counters.raises);
	if (!pci_fault(&dev->fn, "lose-interrupt", NULL))
		pci_raise(&dev->fn, r->vector);
}

static void arm_raise(void *ctx)
{
	struct raise *r = ctx;

	r->timer.fn = raise_now;
	r->timer.ctx = r;
	loop_timer_arm(r->dev->loop, &r->timer, r->delay_ns);
}

/* Under the lock. */
static struct raise *take_raise(struct pcitest *dev)
{
	for (unsigned int i = 0; i < MAX_RAISES; i++) {
		if (!dev->raise[i].busy)
			return &dev->raise[i];
	}
	return NULL;
}

static void start_raise(struct pcitest *dev, uint32_t vector)
{
	struct raise *r;

	pthread_mutex_lock(&dev->lock);
	r = vector < dev->fn.msix.vectors ? take_raise(dev) : NULL;
	if (r)
		*r = (struct raise){
			.dev = dev,
			.delay_ns = dev->delay_us * NS_PER_US,
			.vector = vector,
			.busy = true,
		};
	pthread_mutex_unlock(&dev->lock);
	if (r && !r->delay_ns)
		raise_now(r);
	else if (!r || loop_post(dev->loop, arm_raise, r))
		count(&dev->counters.raises_dropped);
}

/* ---- the DMA engine, on the loop ------------------------------------------------- */

/* One end of a copy: @len bytes at @at of BAR 2 or of the guest's memory, or NULL. */
static void *end_of(struct pcitest *dev, bool in_bar, uint64_t at, uint32_t len, bool write)
{
	const struct pci_bar *b = &dev->fn.bar[2];

	if (!in_bar)
		return pci_dma_at(&dev->fn, at, len, write);
	return at <= b->size && len <= b->size - at ? b->memory + at : NULL;
}

static int copy(struct pcitest *dev, const struct job *job)
{
	const void *src;
	void *dst;

	if (job->len > PCITEST_DMA_MAX)
		return -EINVAL;
	src = end_of(dev, job->cmd == PCITEST_DMA_TO_GUEST, job->src, job->len, false);
	if (!src)
		return -EFAULT;
	dst = end_of(dev, job->cmd == PCITEST_DMA_TO_MEMORY, job->dst, job->len, true);
	if (!dst)
		return -EFAULT;
	memmove(dst, src, job->len);
	return 0;
}

static void end_dma(void *ctx)
{
	struct pcitest *dev = ctx;
	const struct job *job = &dev->running;
	int rc = pci_fault(&dev->fn, "dma-error", NULL) ? -EIO : copy(dev, job);

	count(rc ? &dev->counters.copy_errors : &dev->counters.copies);
	pthread_mutex_lock(&dev->lock);
	dev->dma_status = rc ? PCITEST_DMA_ERROR : PCITEST_DMA_DONE;
	pthread_mutex_unlock(&dev->lock);
	if (job->vector != PCITEST_NO_VECTOR)
		pci_raise(&dev->fn, job->vector);
}

static void begin_dma(void *ctx)
{
	struct pcitest *dev = ctx;

	pthread_mutex_lock(&dev->lock);
	dev->running = dev->dma;
	pthread_mutex_unlock(&dev->lock);
	dev->dma_timer.fn = end_dma;
	dev->dma_timer.ctx = dev;
	if (dev->running.delay_us)
		loop_timer_arm(dev->loop, &dev->dma_timer, dev->running.delay_us * NS_PER_US);
	else
		end_dma(dev);
}

static void start_dma(struct pcitest *dev, uint32_t cmd)
{
	bool start;

	pthread_mutex_lock(&dev->lock);
	start = dev->dma_status != PCITEST_DMA_BUSY && cmd >= PCITEST_DMA_TO_MEMORY &&
		cmd <= PCITEST_DMA_GUEST_COPY;
	if (start) {
		dev->dma.cmd = cmd;
		dev->dma_status = PCITEST_DMA_BUSY;
	}
	pthread_mutex_unlock(&dev->lock);
	if (start && loop_post(dev->loop, begin_dma, dev)) {
		pthread_mutex_lock(&dev->lock);
		dev->dma_status = PCITEST_DMA_ERROR;
		pthread_mutex_unlock(&dev->lock);
	}
}

/* ---- registers ---------------------------------------------------------------------- */

/* The register with the byte at @offset, and where it begins; NULL: none that is stored. */
static void *stored(struct pcitest *dev, uint64_t offset, unsigned int *start, unsigned int *len)
{
	static const struct {
		unsigned int offset, len;
		size_t at;
	} table[] = {
		{ PCITEST_SCRATCH, 8, offsetof(struct pcitest, scratch) },
		{ PCITEST_DELAY_US, 4, offsetof(struct pcitest, delay_us) },
		{ PCITEST_DMA_SRC, 8, offsetof(struct pcitest, dma.src) },
		{ PCITEST_DMA_DST, 8, offsetof(struct pcitest, dma.dst) },
		{ PCITEST_DMA_LEN, 4, offsetof(struct pcitest, dma.len) },
		{ PCITEST_DMA_VECTOR, 4, offsetof(struct pcitest, dma.vector) },
		{ PCITEST_DMA_DELAY_US, 4, offsetof(struct pcitest, dma.delay_us) },
		{ PCITEST_INVALIDATE, 8, offsetof(struct pcitest, invalidate) },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (offset < table[i].offset || offset >= table[i].offset + table[i].len)
			continue;
		*start = table[i].offset;
		*len = table[i].len;
		return (uint8_t *)dev + table[i].at;
	}
	return NULL;
}

static uint64_t read_only(struct pcitest *dev, uint64_t offset)
{
	switch (offset) {
	case PCITEST_ID:
		return PCITEST_MAGIC;
	case PCITEST_VECTORS:
		return dev->fn.msix.vectors;
	case PCITEST_MEMORY_SIZE:
		return dev->fn.bar[2].size;
	case PCITEST_MEMORY_SIZE + 4:
		return dev->fn.bar[2].size >> 32;
	case PCITEST_RAISED:
		return dev->raised;
	case PCITEST_RESETS:
		return dev->resets;
	case PCITEST_DMA_STATUS:
		return dev->dma_status;
	default:
		return 0;
	}
}

static uint64_t pcitest_read(struct pci_function *fn, unsigned int bar, uint64_t offset,
			     unsigned int size)
{
	struct pcitest *dev = to_pcitest(fn);
	unsigned int start, len;
	uint64_t value = 0;
	uint8_t *reg;

	if (offset % size)
		return ~0ull;
	pthread_mutex_lock(&dev->lock);
	reg = stored(dev, offset, &start, &len);
	if (!reg)
		value = read_only(dev, offset);
	else if (offset + size <= start + len)
		memcpy(&value, reg + (offset - start), size);
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void store(struct pcitest *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	unsigned int start, len;
	uint8_t *reg;

	pthread_mutex_lock(&dev->lock);
	reg = stored(dev, offset, &start, &len);
	if (reg && offset + size <= start + len)
		memcpy(reg + (offset - start), &value, size);
	if (dev->delay_us > DELAY_MAX_US)
		dev->delay_us = DELAY_MAX_US;
	if (dev->dma.delay_us > DELAY_MAX_US)
		dev->dma.delay_us = DELAY_MAX_US;
	pthread_mutex_unlock(&dev->lock);
}

static void invalidate(struct pcitest *dev)
{
	uint64_t mask;

	pthread_mutex_lock(&dev->lock);
	mask = dev->invalidate;
	pthread_mutex_unlock(&dev->lock);
	/* Fails only without a bus or memory; the guest sees no message then. */
	(void)pci_invalidate_blocks(&dev->fn, mask);
}

static void pcitest_write(struct pci_function *fn, unsigned int bar, uint64_t offset,
			  unsigned int size, uint64_t value)
{
	struct pcitest *dev = to_pcitest(fn);

	if (offset % size)
		return;
	store(dev, offset, size, value);
	if (offset == PCITEST_RAISE)
		start_raise(dev, (uint32_t)value);
	else if (offset == PCITEST_DMA_CMD)
		start_dma(dev, (uint32_t)value);
	else if (offset + size == PCITEST_INVALIDATE + 8)
		invalidate(dev);
	else if (offset == PCITEST_REQUEST && value <= PCI_REQUEST_REOFFER)
		(void)pci_request(fn, (enum pci_request)value);
}

/* ---- config blocks ------------------------------------------------------------------- */

static int pcitest_block_read(struct pci_function *fn, uint32_t id, void *buf, uint32_t len)
{
	struct pcitest *dev = to_pcitest(fn);

	if (id >= PCITEST_BLOCKS || len > PCI_BLOCK_MAX)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	memcpy(buf, dev->block[id], len);
	pthread_mutex_unlock(&dev->lock);
	return (int)len;
}

static int pcitest_block_write(struct pci_function *fn, uint32_t id, const void *buf, uint32_t len)
{
	struct pcitest *dev = to_pcitest(fn);

	if (id >= PCITEST_BLOCKS || len > PCI_BLOCK_MAX)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	memcpy(dev->block[id], buf, len);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

/* ---- life ----------------------------------------------------------------------------- */

static void stop_all(void *ctx)
{
	struct pcitest *dev = ctx;

	loop_timer_cancel(dev->loop, &dev->dma_timer);
	for (unsigned int i = 0; i < MAX_RAISES; i++)
		loop_timer_cancel(dev->loop, &dev->raise[i].timer);
	pthread_mutex_lock(&dev->lock);
	for (unsigned int i = 0; i < MAX_RAISES; i++)
		dev->raise[i].busy = false;
	dev->dma_status = PCITEST_DMA_IDLE;
	pthread_mutex_unlock(&dev->lock);
}

static void pcitest_reset(struct pci_function *fn, enum pci_reset_reason why)
{
	struct pcitest *dev = to_pcitest(fn);

	/* What was posted before runs first; nothing is posted any more: the BARs are off. */
	loop_call(dev->loop, stop_all, dev);
	pthread_mutex_lock(&dev->lock);
	dev->scratch = dev->invalidate = 0;
	dev->delay_us = dev->raised = 0;
	dev->resets++;
	dev->dma = (struct job){ .vector = PCITEST_NO_VECTOR };
	pthread_mutex_unlock(&dev->lock);
}

#define NAME(field) { #field, offsetof(struct pcitest_counters, field) }

static const struct counter_name counter_names[] = {
	NAME(raises), NAME(raises_dropped), NAME(copies), NAME(copy_errors),
	{ NULL, 0 }
};

static void pcitest_counters(struct pci_function *fn, json_t *obj)
{
	json_t *own = counters_json(&to_pcitest(fn)->counters, counter_names);

	json_object_update(obj, own);
	json_decref(own);
}

static void pcitest_destroy(struct pci_function *fn)
{
	struct pcitest *dev = to_pcitest(fn);

	loop_stop(dev->loop);
	pci_destroy(fn);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static const struct pci_ops pcitest_ops = {
	.bar_read = pcitest_read,
	.bar_write = pcitest_write,
	.reset = pcitest_reset,
	.block_read = pcitest_block_read,
	.block_write = pcitest_block_write,
	.counters = pcitest_counters,
	.destroy = pcitest_destroy,
};

static int describe(struct pcitest *dev, uint64_t memory, unsigned int vectors)
{
	struct pci_function *fn = &dev->fn;
	int rc;

	rc = pci_add_bar(fn, 0, PCI_BAR_TRAPPED, PCITEST_BAR_SIZE, 0);
	if (!rc)
		rc = pci_add_bar(fn, 2, PCI_BAR_MEMORY, memory, PCI_BAR_64 | PCI_BAR_PREFETCH);
	if (!rc)
		rc = pci_add_pcie(fn, true);
	if (!rc)
		rc = pci_add_msix(fn, vectors, 0, PCITEST_MSIX_TABLE, PCITEST_MSIX_PENDING);
	return rc;
}

static int pcitest_create(const struct pci_env *env, const char *keys, struct pci_function **out,
			  char *err, unsigned int err_len)
{
	struct pci_identity id = {
		.vendor = PCITEST_VENDOR, .device = PCITEST_DEVICE, .class_code = PCITEST_CLASS,
		.subsystem_vendor = PCITEST_VENDOR, .subsystem = 1, .revision = 1,
	};
	uint64_t memory = 1 << 20;
	unsigned int vectors = 8;
	const struct az_kv table[] = {
		AZ_KV(SIZE, "memory", &memory, .min = PCI_BAR_MIN, .max = PCI_BAR_MAX),
		AZ_KV(U32, "vectors", &vectors, .min = 1, .max = PCI_MSIX_MAX),
		AZ_KV_DONE
	};
	struct pcitest *dev;
	int rc = *keys ? az_kv_parse(keys, table, err, err_len) : 0;

	if (rc)
		return rc;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		goto no_memory;
	pthread_mutex_init(&dev->lock, NULL);
	dev->dma.vector = PCITEST_NO_VECTOR;
	pci_init(&dev->fn, env, &pcitest_ops, &id);
	dev->loop = loop_start(dev->fn.name);
	rc = dev->loop ? describe(dev, memory, vectors) : -errno;
	if (!rc) {
		*out = &dev->fn;
		return 0;
	}
	pcitest_destroy(&dev->fn);
	if (rc == -EINVAL) {
		snprintf(err, err_len, "memory=: a BAR's size is a power of two");
		return rc;
	}
no_memory:
	snprintf(err, err_len, "out of memory");
	return -ENOMEM;
}

static const struct fault_kind pcitest_faults[] = {
	{ "pcitest", "lose-interrupt", NULL, "a raise raises nothing", false },
	{ "pcitest", "dma-error", NULL, "a copy ends with an error and copies nothing", false },
	{ NULL, NULL, NULL, NULL, false }
};

const struct pci_type pcitest_type = {
	.name = "pcitest",
	.help = "memory=SIZE          of its 64-bit prefetchable BAR, a power of two (default 1M)\n"
		"vectors=N            MSI-X vectors, 1 to 1024 (default 8)\n",
	.faults = pcitest_faults,
	.create = pcitest_create,
};
