// SPDX-License-Identifier: GPL-2.0-only
#include "core/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_SIZE	(2ull * 1024 * 1024)
/* Guest physical addresses of x86-64 end at 52 bits; half of that leaves room for windows. */
#define MAX_MEMORY	(1ull << 51)

/*
 * The mapping starts on a huge page, as both stretches of guest RAM do, so
 * that the kernel may back it with huge pages: one second-level page fault for
 * 2 MiB instead of 512. Under emulation those faults were most of a boot.
 */
static uint8_t *map_aligned(uint64_t size)
{
	uint64_t reserve = size + HUGE_PAGE_SIZE;
	uint8_t *map, *base;
	uint64_t head;

	map = mmap(NULL, reserve, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)map & (HUGE_PAGE_SIZE - 1);
	base = map + head;
	if (head)
		munmap(map, head);
	if (head != HUGE_PAGE_SIZE)
		munmap(base + size, HUGE_PAGE_SIZE - head);
	return base;
}

int mem_init(struct guest_memory *mem, uint64_t size)
{
	memset(mem, 0, sizeof(*mem));
	if (!size)
		return -EINVAL;
	if (size > MAX_MEMORY)
		return -ENOMEM;
	size = (size + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1);
	mem->base = map_aligned(size);
	if (!mem->base)
		return -ENOMEM;

	/* Advice only: a kernel without these features still works. */
	madvise(mem->base, size, MADV_HUGEPAGE);
	madvise(mem->base, size, MADV_DONTFORK);
	madvise(mem->base, size, MADV_DONTDUMP);

	mem->size = size;
	mem->low_size = size < GUEST_LOW_RAM_END ? size : GUEST_LOW_RAM_END;
	mem->high_size = size - mem->low_size;
	return 0;
}

void mem_free(struct guest_memory *mem)
{
	if (mem->base)
		munmap(mem->base, mem->size);
	memset(mem, 0, sizeof(*mem));
}

void *mem_at(const struct guest_memory *mem, uint64_t gpa, uint64_t len)
{
	uint64_t offset = gpa;

	if (offset < mem->low_size)
		return len <= mem->low_size - offset ? mem->base + offset : NULL;
	if (gpa < GUEST_HIGH_RAM_START)
		return NULL;
	offset = gpa - GUEST_HIGH_RAM_START;
	if (offset >= mem->high_size || len > mem->high_size - offset)
		return NULL;
	return mem->base + mem->low_size + offset;
}

int mem_read(const struct guest_memory *mem, uint64_t gpa, void *dst, size_t len)
{
	const void *src = mem_at(mem, gpa, len);

	if (!src)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}

int mem_write(const struct guest_memory *mem, uint64_t gpa, const void *src, size_t len)
{
	void *dst = mem_at(mem, gpa, len);

	if (!dst)
		return -EFAULT;
	memcpy(dst, src, len);
	return 0;
}
