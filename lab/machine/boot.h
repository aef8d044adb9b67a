/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_BOOT_H
#define AZ_LAB_MACHINE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include <asm/bootparam.h>

#include "core/memory.h"

/*
 * Loading a kernel by the x86 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst): a bzImage, or the ELF vmlinux, which is
 * entered in the same state and saves the time that decompression takes.
 *
 * What lies where below 1 MiB. The kernel keeps all of it away from its
 * allocators until it has copied what it wants.
 */
#define BOOT_GDT_GPA		0x1000
#define BOOT_PARAMS_GPA		0x7000
#define BOOT_TABLES_GPA		0x9000		/* six pages: identity map of 4 GiB */
#define BOOT_CMDLINE_GPA	0x20000
#define BOOT_CMDLINE_MAX	0x10000		/* bytes with the NUL; the kernel may want less */
#define BOOT_LOW_RAM_END	0x9fc00
#define BOOT_ACPI_GPA		0xe0000		/* RSDP first, see acpi.h */
#define BOOT_ACPI_SIZE		0x1fff0
#define BOOT_RESET_VECTOR_GPA	0xffff0		/* where a PC's processor starts */
#define BOOT_RESET_VECTOR_SIZE	0x10

#define BOOT_CS			0x10
#define BOOT_DS			0x18
#define BOOT_TSS		0x20

/* Types of a boot_e820_entry (ACPI 15.2) */
#define E820_RAM		1
#define E820_RESERVED		2

#define KERNEL_MAX_SEGMENTS	16

/* A stretch of a kernel file and where it goes. */
struct kernel_segment {
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t gpa;
	uint64_t mem_size;
};

/* What a kernel file says about itself. */
struct kernel_image {
	bool elf;
	uint64_t entry;			/* 64-bit entry point */
	uint64_t end;			/* the kernel needs RAM up to here */
	uint64_t initrd_max;		/* highest address of an initrd's last byte */
	uint64_t cmdline_max;		/* longest command line, without the NUL */
	struct setup_header header;	/* to be handed on in the zero page */
	struct kernel_segment segment[KERNEL_MAX_SEGMENTS];
	unsigned int segments;
};

struct boot_config {
	const char *kernel;
	const char *const *initrds;	/* concatenated, each padded to 4 bytes */
	unsigned int n_initrds;
	const char *cmdline;
};

/*
 * Understand the first @len bytes of a kernel file of @file_size bytes. 0, or
 * -EINVAL with one line in @err. Pure; any input is safe.
 */
int boot_parse_kernel(const uint8_t *head, size_t len, uint64_t file_size,
		      struct kernel_image *image, char *err, size_t err_len);

/*
 * Load kernel, initrds and command line, build the zero page, the identity
 * map, the GDT and the reset vector. *@entry is where the first VP starts. 0, or with one line
 * in @err: -ENOENT and other errors of open() and read(), -EINVAL (not a
 * kernel), -E2BIG (does not fit the memory, or the command line is too long).
 */
int boot_load(const struct guest_memory *mem, const struct boot_config *config,
	      uint64_t *entry, char *err, size_t err_len);

/* The memory map of @mem; @table has room for E820_MAX_ENTRIES_ZEROPAGE. Number of entries. */
unsigned int boot_e820(const struct guest_memory *mem, struct boot_e820_entry *table);

/* The segment descriptors of BOOT_CS, BOOT_DS and BOOT_TSS in table form, index by selector / 8. */
extern const uint64_t boot_gdt[5];

#endif
