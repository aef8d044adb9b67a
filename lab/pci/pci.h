/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PCI_PCI_H
#define AZ_LAB_PCI_PCI_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include <linux/pci_regs.h>

#include "core/counters.h"
#include "core/faults.h"
#include "core/memory.h"

/*
 * A PCI function as the author of a device sees it. The device embeds a
 * struct pci_function as its first member, describes itself with pci_init()
 * and pci_add_*(), and has callbacks. Config space, decoding of BARs, MSI-X
 * with masks and pending bits, and counters are the core's (lab/pci). How the
 * guest comes to see the function is the bus's (lab/vpci); a device knows
 * nothing of it. A device type is announced in the table of lab/pci/types.c
 * (lab/pci/types.h) and made by "--pci TYPE,key=value...". lab/pci/pcitest.c
 * is the model.
 *
 * Threads. Callbacks come from three places:
 *
 *   vCPU      bar_read, bar_write: on the vCPU that made the access, several
 *             at once, with no lock held. The vCPU waits: do what is due at
 *             once and give the rest to a loop of the device's own.
 *   config    config_write, reset, enabled: on a vCPU or on the bus's loop,
 *             one at a time for a function (the bus's config lock is held).
 *   bus       block_read, block_write, started: on the bus's channel loop.
 *             command, timed_fault: on the control loop.
 *
 * reset() may wait for the device's own loop or threads (loop_call()), which
 * is how it makes sure that nothing of the device runs any more. So what runs
 * there, and bar_read() and bar_write(), must never wait for a config callback
 * or call anything here that is not marked "any thread".
 *
 * While memory decoding is off there are no BAR accesses: before reset() and
 * before enabled() says so, the core has unmapped the BARs and waited for
 * accesses under way. So reset() never runs beside bar_read() or bar_write().
 *
 * Life. create() makes the function before the guest starts, destroy() frees
 * it at the end when nothing calls it any more. In between the guest comes and
 * goes: started() when the bus enters D0, reset() when it leaves it, closes
 * the channel or resets the function, and when the function is taken away.
 * After reset() the device is as after power-on: no DMA, no interrupts, no
 * state of the guest; contents of memory-backed BARs may stay.
 *
 * The guest is hostile: offsets and sizes of BAR accesses are within the BAR
 * and naturally sized (1, 2, 4, 8), everything else it chooses. Guest memory
 * is reached only through pci_dma_*(), and what lies there is read once.
 */
struct pci_function;
struct pci_link;

#define PCI_BARS		6
#define PCI_CONFIG_SIZE		4096u
#define PCI_BAR_MIN		4096ull		/* the bus maps whole pages */
#define PCI_BAR_MAX		(1ull << 40)
#define PCI_MSIX_MAX		1024u		/* vectors; pci-hyperv takes no more either */
#define PCI_BLOCK_MAX		128u		/* HV_CONFIG_BLOCK_SIZE_MAX of hyperv.h */

enum pci_reset_reason {
	PCI_RESET_FLR,		/* function level reset by config space; D0 goes on */
	PCI_RESET_BUS,		/* the guest left D0, closed the bus, or died */
	PCI_RESET_REMOVED,	/* the function was ejected or taken away */
};

/* Callbacks; all but reset and destroy may be NULL. */
struct pci_ops {
	/* A trapped BAR: registers. Accesses to the MSI-X table never get here. */
	uint64_t (*bar_read)(struct pci_function *fn, unsigned int bar, uint64_t offset,
			     unsigned int size);
	void (*bar_write)(struct pci_function *fn, unsigned int bar, uint64_t offset,
			  unsigned int size, uint64_t value);

	/* The guest wrote config space; it is stored already, as far as it is writable. */
	void (*config_write)(struct pci_function *fn, unsigned int offset, unsigned int size);
	/* Memory decoding or bus mastering was switched on or off. */
	void (*enabled)(struct pci_function *fn, bool memory, bool master);
	void (*reset)(struct pci_function *fn, enum pci_reset_reason why);
	void (*started)(struct pci_function *fn);

	/*
	 * Config blocks (hyperv_read_cfg_blk() of the guest). Read: bytes put into
	 * @buf, at most @len <= PCI_BLOCK_MAX, or -errno. Write: 0 or -errno.
	 */
	int (*block_read)(struct pci_function *fn, uint32_t id, void *buf, uint32_t len);
	int (*block_write)(struct pci_function *fn, uint32_t id, const void *buf, uint32_t len);

	/* A command of the control socket for this device; as in core/control.h. */
	int (*command)(struct pci_function *fn, const char *cmd, json_t *args, json_t *reply);
	void (*timed_fault)(struct pci_function *fn, struct fault *fault);
	/* Add the device's own counters to @obj; any thread, at any time. */
	void (*counters)(struct pci_function *fn, json_t *obj);
	void (*destroy)(struct pci_function *fn);
};

struct pci_identity {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t class_code;		/* 24 bits: base class, subclass, interface */
	uint8_t revision;
};

enum pci_bar_kind {
	PCI_BAR_NONE,
	PCI_BAR_TRAPPED,	/* each access calls bar_read() or bar_write() */
	PCI_BAR_MEMORY,		/* memory of the device's, mapped into the guest */
	PCI_BAR_UPPER,		/* the upper half of the 64-bit BAR before it */
};

#define PCI_BAR_64		0x1u	/* 64-bit, takes the next BAR as well */
#define PCI_BAR_PREFETCH	0x2u

struct pci_bar {
	enum pci_bar_kind kind;
	unsigned int flags;		/* PCI_BAR_* */
	uint64_t size;
	uint8_t *memory;		/* PCI_BAR_MEMORY: zeroed at first, sparse */

	/* the core's own */
	struct pci_function *fn;
	uint64_t mapped_at;
	void *mapping;			/* NULL: not mapped */
};

/* Where the guest is with a function; config accesses are counted by it. */
enum pci_phase {
	PCI_PHASE_SETUP,	/* until the bus has been assigned its resources */
	PCI_PHASE_SCAN,		/* the PCI core looks at it; memory decoding is off */
	PCI_PHASE_ENABLED,	/* its driver has switched memory decoding on */
	PCI_PHASE_RUNNING,	/* MSI-X is on */
	PCI_PHASES
};

/* Registers by what they are for. */
enum pci_reg {
	PCI_REG_ID,		/* vendor and device id */
	PCI_REG_COMMAND,	/* command and status */
	PCI_REG_BAR,
	PCI_REG_HEADER,	/* the rest of the header */
	PCI_REG_CAPABILITY,	/* 0x40 to 0xff */
	PCI_REG_EXTENDED,	/* from 0x100 on */
	PCI_REGS
};

struct pci_counters {
	counter_t config_read[PCI_PHASES][PCI_REGS];
	counter_t config_write[PCI_PHASES][PCI_REGS];
	counter_t bar_reads[PCI_BARS], bar_writes[PCI_BARS];	/* trapped ones */
	counter_t msix_reads, msix_writes;	/* of the vector table and pending bits */
	counter_t bar_maps, bar_unmaps, bar_refused, bar_writes_ignored;
	counter_t interrupts, interrupts_pended, interrupts_dropped;
	counter_t dma_reads, dma_writes, dma_read_bytes, dma_write_bytes, dma_refused;
	counter_t resets_flr, resets_bus, resets_removed;
	counter_t starts;
};

struct pci_msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

/* The core's own. */
struct pci_msix {
	unsigned int vectors;		/* 0: the function has no MSI-X */
	unsigned int bar;
	uint32_t table, pba;		/* offsets in @bar */
	unsigned int capability;
	pthread_mutex_t lock;		/* table, pending, the two flags; nothing is taken inside */
	struct pci_msix_entry *entry;
	uint64_t *pending;
	bool enabled, masked;
};

struct pci_function {
	const struct pci_ops *ops;
	const char *type;		/* of the table, "pcitest" */
	char name[16];			/* type and number, "pcitest0": for faults and commands */
	const struct guest_memory *mem;
	struct faults *faults;

	struct pci_bar bar[PCI_BARS];
	struct pci_counters counters;

	/* the core's own */
	struct pci_link *link;		/* to the bus; NULL before pci_attach() */
	struct pci_msix msix;
	unsigned int next_capability;	/* free space in 0x40 to 0xff */
	unsigned int last_capability;	/* where the list ends now */
	unsigned int pcie;		/* offset of the PCI Express capability, 0: none */
	atomic_bool memory_on, master_on;
	_Atomic int phase;
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];	/* bits that the guest may change */
	uint8_t power_on[PCI_CONFIG_SIZE];	/* what a reset restores, from pci_attach() on */
};

/* ---- description, in create(), before the guest starts ------------------------ */

/* What create() of a type is given for its function. */
struct pci_env {
	const char *type;
	unsigned int instance;		/* of the type: 0, 1, ... */
	const struct guest_memory *mem;
	struct faults *faults;
};

/*
 * Begin a function of @ops with a type-0 header. The caller has zeroed it and
 * calls pci_destroy() from ops->destroy, and when create() fails after this.
 */
void pci_init(struct pci_function *fn, const struct pci_env *env, const struct pci_ops *ops,
	      const struct pci_identity *id);

/* Free what the core holds; not @fn itself. */
void pci_destroy(struct pci_function *fn);

/*
 * BAR @bar of @size bytes (a power of two, PCI_BAR_MIN to PCI_BAR_MAX, up to
 * 2 GiB when not 64-bit) with @flags PCI_BAR_64 and PCI_BAR_PREFETCH. 0,
 * -EINVAL, or -ENOMEM (no address space for that much memory).
 */
int pci_add_bar(struct pci_function *fn, unsigned int bar, enum pci_bar_kind kind, uint64_t size,
		unsigned int flags);

/*
 * MSI-X with @vectors vectors, its table at @table and its pending bits at
 * @pba of the trapped BAR @bar (multiples of 8 that do not overlap). 0,
 * -EINVAL, -ENOSPC or -ENOMEM.
 */
int pci_add_msix(struct pci_function *fn, unsigned int vectors, unsigned int bar, uint32_t table,
		 uint32_t pba);

/* A PCI Express endpoint capability; @flr: the guest may reset the function by it. As above. */
int pci_add_pcie(struct pci_function *fn, bool flr);

/*
 * Room for a capability @id of @len bytes with its two header bytes, linked
 * into the list. Its offset, or -ENOSPC. Fill it with pci_set*() and say with
 * pci_set_writable() what the guest may change.
 */
int pci_add_capability(struct pci_function *fn, uint8_t id, unsigned int len);

/* Config space as the guest reads it, little endian; offsets and sizes must be right. */
void pci_set8(struct pci_function *fn, unsigned int offset, uint8_t value);
void pci_set16(struct pci_function *fn, unsigned int offset, uint16_t value);
void pci_set32(struct pci_function *fn, unsigned int offset, uint32_t value);
uint32_t pci_get(const struct pci_function *fn, unsigned int offset, unsigned int size);
/* Let the guest change the bits of @mask in the 32 bits at @offset. */
void pci_set_writable(struct pci_function *fn, unsigned int offset, uint32_t mask);

/* ---- services, any thread -------------------------------------------------------- */

/*
 * Raise MSI-X vector @vector: a message to the guest; a pending bit when the
 * vector is masked; nothing (counted as dropped) when MSI-X or bus mastering
 * is off, or the bus does not know the message that the guest has put there.
 */
void pci_raise(struct pci_function *fn, unsigned int vector);

/*
 * Guest memory at @gpa, as the device reaches it by DMA: NULL and -EFAULT when
 * not all of it is RAM in one stretch, or the guest has switched bus mastering
 * off. Counted. The pointer is shared with a running guest and stays good as
 * long as the function does; after reset() it must not be used any more.
 */
void *pci_dma_at(struct pci_function *fn, uint64_t gpa, uint64_t len, bool write);
int pci_dma_read(struct pci_function *fn, uint64_t gpa, void *dst, uint64_t len);
int pci_dma_write(struct pci_function *fn, uint64_t gpa, const void *src, uint64_t len);

/* A chance for fault @what of this function; see core/faults.h. */
const struct fault *pci_fault(struct pci_function *fn, const char *what, const char *tag);

enum pci_request {
	PCI_REQUEST_EJECT,	/* ask the guest to let go of it */
	PCI_REQUEST_REMOVE,	/* it is gone from the bus, without a question */
	PCI_REQUEST_ADD,	/* it is there (again) */
	PCI_REQUEST_RESCIND,	/* the whole bus is gone */
	PCI_REQUEST_REOFFER,	/* and there again */
};

/*
 * Have the bus do that, soon; nothing happens when it is so already. 0;
 * -ENODEV when the function has no bus; -ENOMEM.
 */
int pci_request(struct pci_function *fn, enum pci_request what);

/* Tell the guest that the config blocks of @mask have changed. 0, -ENODEV or -ENOMEM. */
int pci_invalidate_blocks(struct pci_function *fn, uint64_t mask);

#endif
