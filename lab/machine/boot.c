// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/acpi.h"
#include "machine/boot.h"

#define PAGE_PRESENT	(1ull << 0)
#define PAGE_WRITE	(1ull << 1)
#define PAGE_LARGE	(1ull << 7)

#define MIB		(1024ull * 1024)

/* What boot_parse_kernel() wants to see: a bzImage's header, an ELF file's program headers. */
#define HEAD_SIZE	4096

const uint64_t boot_gdt[5] = {
	[BOOT_CS / 8] = 0x00af9b000000ffff,	/* 64-bit code */
	[BOOT_DS / 8] = 0x00cf93000000ffff,	/* flat data */
	[BOOT_TSS / 8] = 0x00008b0000000067,	/* busy TSS: VMX wants one */
};

/*
 * All the firmware there is. A kernel on hardware-reduced ACPI restarts by
 * EFI, and where there is none by a jump to the reset vector in real mode
 * (arch/x86/kernel/reboot.c); so the reset vector resets.
 */
static const uint8_t reset_vector[] = {
	0xba, ACPI_PORT_RESET & 0xff, ACPI_PORT_RESET >> 8,	/* mov $port, %dx */
	0xb0, ACPI_RESET_VALUE,					/* mov $value, %al */
	0xee,							/* out %al, %dx */
	0xf4,							/* hlt */
	0xeb, 0xfd,						/* jmp to hlt */
};

/* ---- files ----------------------------------------------------------------- */

struct file {
	int fd;
	uint64_t size;
	const char *path;
};

static int file_open(struct file *f, const char *path, const char *what, char *err,
		     size_t err_len)
{
	struct stat st;
	int rc;

	f->path = path;
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		rc = -errno;
		snprintf(err, err_len, "%s %s: %s", what, path, strerror(-rc));
		return rc;
	}
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode)) {
		snprintf(err, err_len, "%s %s: not a regular file", what, path);
		close(f->fd);
		return -EINVAL;
	}
	f->size = (uint64_t)st.st_size;
	return 0;
}

static int file_read(const struct file *f, uint64_t offset, void *dst, uint64_t len, char *err,
		     size_t err_len)
{
	uint8_t *p = dst;

	while (len) {
		ssize_t n = pread(f->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int rc = n < 0 ? -errno : -EIO;

			snprintf(err, err_len, "%s: %s", f->path,
				 n < 0 ? strerror(-rc) : "became shorter while it was read");
			return rc;
		}
		p += n;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* ---- memory below 1 MiB ---------------------------------------------------- */

unsigned int boot_e820(const struct guest_memory *mem, struct boot_e820_entry *table)
{
	unsigned int n = 0;

	table[n++] = (struct boot_e820_entry){ 0, BOOT_LOW_RAM_END, E820_RAM };
	table[n++] = (struct boot_e820_entry){
		BOOT_ACPI_GPA, BOOT_ACPI_SIZE + BOOT_RESET_VECTOR_SIZE, E820_RESERVED
	};
	if (mem->low_size > MIB)
		table[n++] = (struct boot_e820_entry){ MIB, mem->low_size - MIB, E820_RAM };
	if (mem->high_size)
		table[n++] = (struct boot_e820_entry){
			GUEST_HIGH_RAM_START, mem->high_size, E820_RAM
		};
	return n;
}

static int build_tables(const struct guest_memory *mem)
{
	uint64_t *pml4 = mem_at(mem, BOOT_TABLES_GPA, 6 * GUEST_PAGE_SIZE);
	uint64_t *gdt = mem_at(mem, BOOT_GDT_GPA, sizeof(boot_gdt));
	uint64_t *pdpt, *pd;

	if (!pml4 || !gdt ||
	    mem_write(mem, BOOT_RESET_VECTOR_GPA, reset_vector, sizeof(reset_vector)))
		return -E2BIG;
	pdpt = pml4 + 512;
	pd = pdpt + 512;
	memset(pml4, 0, 6 * GUEST_PAGE_SIZE);
	pml4[0] = (BOOT_TABLES_GPA + GUEST_PAGE_SIZE) | PAGE_PRESENT | PAGE_WRITE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (BOOT_TABLES_GPA + (2 + i) * GUEST_PAGE_SIZE) | PAGE_PRESENT | PAGE_WRITE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = i * 2 * MIB | PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE;
	memcpy(gdt, boot_gdt, sizeof(boot_gdt));
	return 0;
}

/* ---- the parts of what is loaded -------------------------------------------- */

static int load_kernel(const struct guest_memory *mem, const char *path,
		       struct kernel_image *image, char *err, size_t err_len)
{
	uint8_t head[HEAD_SIZE];
	struct file f;
	int rc;

	rc = file_open(&f, path, "kernel", err, err_len);
	if (rc)
		return rc;
	memset(head, 0, sizeof(head));
	rc = file_read(&f, 0, head, f.size < HEAD_SIZE ? f.size : HEAD_SIZE, err, err_len);
	if (rc)
		goto out;
	rc = boot_parse_kernel(head, f.size < HEAD_SIZE ? f.size : HEAD_SIZE, f.size, image,
			       err, err_len);
	if (rc) {
		char reason[160];

		snprintf(reason, sizeof(reason), "%s", err);
		snprintf(err, err_len, "kernel %s: %s", path, reason);
		goto out;
	}
	for (unsigned int i = 0; i < image->segments && !rc; i++) {
		const struct kernel_segment *s = &image->segment[i];
		void *dst = mem_at(mem, s->gpa, s->mem_size);

		if (!dst || image->end > mem->low_size) {
			snprintf(err, err_len,
				 "kernel %s: needs memory up to %llu MiB, give --memory", path,
				 (unsigned long long)((image->end + MIB - 1) / MIB));
			rc = -E2BIG;
			break;
		}
		rc = file_read(&f, s->file_offset, dst, s->file_size, err, err_len);
	}
out:
	close(f.fd);
	return rc;
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}

/* As high as the kernel and the memory allow, so that it is in nobody's way. */
static int load_initrds(const struct guest_memory *mem, const struct boot_config *config,
			const struct kernel_image *image, struct setup_header *header,
			char *err, size_t err_len)
{
	uint64_t top = mem->low_size, total = 0, gpa;
	struct file f;
	int rc = 0;

	for (unsigned int i = 0; i < config->n_initrds; i++) {
		rc = file_open(&f, config->initrds[i], "initrd", err, err_len);
		if (rc)
			return rc;
		close(f.fd);
		total += align_up(f.size, 4);
	}
	if (!total)
		return 0;
	if (top > image->initrd_max + 1)
		top = image->initrd_max + 1;
	gpa = total < top ? (top - total) & ~(uint64_t)(GUEST_PAGE_SIZE - 1) : 0;
	if (gpa < image->end) {
		snprintf(err, err_len,
			 "initrd: %llu MiB do not fit into %llu MiB of memory beside the kernel",
			 (unsigned long long)((total + MIB - 1) / MIB),
			 (unsigned long long)(mem->low_size / MIB));
		return -E2BIG;
	}
	header->ramdisk_image = (uint32_t)gpa;
	header->ramdisk_size = (uint32_t)total;
	for (unsigned int i = 0; i < config->n_initrds && !rc; i++) {
		void *dst;

		rc = file_open(&f, config->initrds[i], "initrd", err, err_len);
		if (rc)
			return rc;
		dst = align_up(f.size, 4) <= top - gpa ? mem_at(mem, gpa, f.size) : NULL;
		if (dst) {
			rc = file_read(&f, 0, dst, f.size, err, err_len);
		} else if (f.size) {
			snprintf(err, err_len, "initrd %s: grew while it was read", f.path);
			rc = -EINVAL;
		}
		gpa += align_up(f.size, 4);
		close(f.fd);
	}
	return rc;
}

static int load_cmdline(const struct guest_memory *mem, const char *cmdline,
			const struct kernel_image *image, char *err, size_t err_len)
{
	uint64_t max = image->cmdline_max;
	size_t len = strlen(cmdline);

	if (max > BOOT_CMDLINE_MAX - 1)
		max = BOOT_CMDLINE_MAX - 1;
	if (len > max) {
		snprintf(err, err_len, "--append: %zu characters, this kernel takes %llu", len,
			 (unsigned long long)max);
		return -E2BIG;
	}
	return mem_write(mem, BOOT_CMDLINE_GPA, cmdline, len + 1);
}

int boot_load(const struct guest_memory *mem, const struct boot_config *config,
	      uint64_t *entry, char *err, size_t err_len)
{
	struct kernel_image image;
	struct boot_params *zero;
	int rc;

	rc = load_kernel(mem, config->kernel, &image, err, err_len);
	if (rc)
		return rc;
	zero = mem_at(mem, BOOT_PARAMS_GPA, sizeof(*zero));
	if (!zero || build_tables(mem)) {
		snprintf(err, err_len, "--memory: too little for any kernel");
		return -E2BIG;
	}
	memset(zero, 0, sizeof(*zero));
	zero->hdr = image.header;
	rc = load_initrds(mem, config, &image, &zero->hdr, err, err_len);
	if (rc)
		return rc;
	rc = load_cmdline(mem, config->cmdline, &image, err, err_len);
	if (rc)
		return rc;
	zero->hdr.type_of_loader = 0xff;
	zero->hdr.cmd_line_ptr = BOOT_CMDLINE_GPA;
	zero->hdr.loadflags &= (uint8_t)~CAN_USE_HEAP;
	zero->hdr.code32_start = (uint32_t)image.segment[0].gpa;
	zero->acpi_rsdp_addr = BOOT_ACPI_GPA;
	zero->e820_entries = (uint8_t)boot_e820(mem, zero->e820_table);
	*entry = image.entry;
	return 0;
}
