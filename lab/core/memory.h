/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_MEMORY_H
#define AZ_LAB_CORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Guest physical memory: one shared mapping, seen by the guest as RAM below
 * the low MMIO window and, for what does not fit there, RAM above 4 GiB.
 *
 * Everything that the guest hands over is a guest physical address (GPA).
 * mem_at() is the only way from a GPA to a host pointer, and it is total: an
 * address that is not RAM gives NULL, never a fault.
 */

#define GUEST_PAGE_SIZE		4096u
#define GUEST_PAGE_SHIFT	12

/* RAM ends here at the latest below 4 GiB; Azure's low MMIO window follows. */
#define GUEST_LOW_RAM_END	0xf8000000ull
#define GUEST_HIGH_RAM_START	0x100000000ull

struct guest_memory {
	uint8_t *base;		/* host mapping: low RAM, then high RAM */
	uint64_t size;		/* bytes, a multiple of 2 MiB */
	uint64_t low_size;	/* bytes at GPA 0 */
	uint64_t high_size;	/* bytes at GUEST_HIGH_RAM_START, may be 0 */
};

/*
 * Reserve @size bytes (rounded up to 2 MiB) of zeroed guest memory. Pages are
 * allocated on first touch. 0, -EINVAL (@size is 0) or -ENOMEM; then @mem is
 * empty, and mem_free() of it is harmless.
 */
int mem_init(struct guest_memory *mem, uint64_t size);
void mem_free(struct guest_memory *mem);

/*
 * Host address of the @len bytes at @gpa, or NULL unless all of them lie in
 * one stretch of RAM. The memory is shared with a running guest: read each
 * value once, then check the copy.
 */
void *mem_at(const struct guest_memory *mem, uint64_t gpa, uint64_t len);

/* Copy out of and into guest memory. 0 or -EFAULT, then nothing was copied. */
int mem_read(const struct guest_memory *mem, uint64_t gpa, void *dst, size_t len);
int mem_write(const struct guest_memory *mem, uint64_t gpa, const void *src, size_t len);

#endif
