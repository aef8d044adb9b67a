// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/boot.h"

/* Offsets and values of Documentation/arch/x86/boot.rst. */
#define SETUP_HEADER_OFFSET	0x1f1
#define SETUP_SECTS_DEFAULT	4
#define SECTOR			512
#define BOOT_FLAG		0xaa55
#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define PROTOCOL_2_12		0x020c		/* xloadflags */
#define ENTRY_64_OFFSET		0x200
#define MIB			(1024ull * 1024)

/* What vmlinux, which has no setup header, is known to take. */
#define VMLINUX_CMDLINE_MAX	2047
#define VMLINUX_INITRD_MAX	0x7fffffff

static int parse_bzimage(const uint8_t *head, size_t len, uint64_t file_size,
			 struct kernel_image *image, char *err, size_t err_len)
{
	struct setup_header *h = &image->header;
	uint64_t setup, load;

	memcpy(h, head + SETUP_HEADER_OFFSET, sizeof(*h));
	if (h->version < PROTOCOL_2_12 || !(h->xloadflags & XLF_KERNEL_64) ||
	    !(h->loadflags & LOADED_HIGH)) {
		snprintf(err, err_len, "has no 64-bit entry point (boot protocol %u.%02u)",
			 h->version >> 8, h->version & 0xff);
		return -EINVAL;
	}
	setup = ((h->setup_sects ? h->setup_sects : SETUP_SECTS_DEFAULT) + 1ull) * SECTOR;
	if (setup >= file_size) {
		snprintf(err, err_len, "is cut off within its setup code");
		return -EINVAL;
	}
	load = h->pref_address;
	if (!load || load % GUEST_PAGE_SIZE || load < MIB || load > UINT32_MAX) {
		snprintf(err, err_len, "wants to be loaded at %#llx",
			 (unsigned long long)h->pref_address);
		return -EINVAL;
	}
	image->segment[0] = (struct kernel_segment){
		.file_offset = setup,
		.file_size = file_size - setup,
		.gpa = load,
		.mem_size = file_size - setup,
	};
	image->segments = 1;
	image->entry = load + ENTRY_64_OFFSET;
	image->end = load + (h->init_size > file_size - setup ? h->init_size : file_size - setup);
	image->initrd_max = h->initrd_addr_max;
	image->cmdline_max = h->cmdline_size;
	return 0;
}

static int add_segment(struct kernel_image *image, const Elf64_Phdr *ph, uint64_t file_size,
		       char *err, size_t err_len)
{
	if (ph->p_type != PT_LOAD || !ph->p_memsz)
		return 0;
	if (ph->p_filesz > ph->p_memsz || ph->p_offset > file_size ||
	    ph->p_filesz > file_size - ph->p_offset) {
		snprintf(err, err_len, "has an ELF segment that leaves the file");
		return -EINVAL;
	}
	if (ph->p_paddr < MIB || ph->p_paddr > UINT32_MAX || ph->p_memsz > UINT32_MAX) {
		snprintf(err, err_len, "has an ELF segment at physical address %#llx",
			 (unsigned long long)ph->p_paddr);
		return -EINVAL;
	}
	if (image->segments == KERNEL_MAX_SEGMENTS) {
		snprintf(err, err_len, "has more than %u ELF segments", KERNEL_MAX_SEGMENTS);
		return -EINVAL;
	}
	image->segment[image->segments++] = (struct kernel_segment){
		.file_offset = ph->p_offset,
		.file_size = ph->p_filesz,
		.gpa = ph->p_paddr,
		.mem_size = ph->p_memsz,
	};
	if (ph->p_paddr + ph->p_memsz > image->end)
		image->end = ph->p_paddr + ph->p_memsz;
	return 0;
}

static int parse_elf(const uint8_t *head, size_t len, uint64_t file_size,
		     struct kernel_image *image, char *err, size_t err_len)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int rc;

	memcpy(&eh, head, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64 ||
	    eh.e_type != ET_EXEC || eh.e_phentsize != sizeof(ph) ||
	    eh.e_phoff > len || eh.e_phnum > (len - eh.e_phoff) / sizeof(ph)) {
		snprintf(err, err_len, "is not an x86-64 vmlinux");
		return -EINVAL;
	}
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, head + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		rc = add_segment(image, &ph, file_size, err, err_len);
		if (rc)
			return rc;
	}
	for (unsigned int i = 0; i < image->segments; i++) {
		const struct kernel_segment *s = &image->segment[i];

		if (eh.e_entry >= s->gpa && eh.e_entry < s->gpa + s->file_size)
			image->entry = eh.e_entry;
	}
	if (!image->entry) {
		snprintf(err, err_len, "has its ELF entry point %#llx outside of its segments",
			 (unsigned long long)eh.e_entry);
		return -EINVAL;
	}
	image->elf = true;
	image->initrd_max = VMLINUX_INITRD_MAX;
	image->cmdline_max = VMLINUX_CMDLINE_MAX;
	image->header.boot_flag = BOOT_FLAG;
	image->header.header = HEADER_MAGIC;
	image->header.version = PROTOCOL_2_12;
	image->header.loadflags = LOADED_HIGH;
	image->header.cmdline_size = VMLINUX_CMDLINE_MAX;
	image->header.initrd_addr_max = VMLINUX_INITRD_MAX;
	return 0;
}

int boot_parse_kernel(const uint8_t *head, size_t len, uint64_t file_size,
		      struct kernel_image *image, char *err, size_t err_len)
{
	struct setup_header h;

	memset(image, 0, sizeof(*image));
	if (len >= sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG))
		return parse_elf(head, len, file_size, image, err, err_len);
	if (len >= SETUP_HEADER_OFFSET + sizeof(h)) {
		memcpy(&h, head + SETUP_HEADER_OFFSET, sizeof(h));
		if (h.boot_flag == BOOT_FLAG && h.header == HEADER_MAGIC)
			return parse_bzimage(head, len, file_size, image, err, err_len);
	}
	snprintf(err, err_len, "neither a bzImage nor an ELF vmlinux");
	return -EINVAL;
}
