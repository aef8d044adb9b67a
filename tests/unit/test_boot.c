// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images, made by hand: what is accepted, where it goes, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/boot.h"

#define MIB		(1024ull * 1024)
#define IMAGE_SIZE	(64u * 1024)
#define LOAD		0x1000000ull

static char err[256];

/* A bzImage of IMAGE_SIZE bytes: one setup sector besides the first, the rest is payload. */
static void make_bzimage(uint8_t *image)
{
	struct setup_header *h = (struct setup_header *)(image + 0x1f1);

	memset(image, 0, IMAGE_SIZE);
	h->setup_sects = 1;
	h->boot_flag = 0xaa55;
	h->header = 0x53726448;
	h->version = 0x020f;
	h->loadflags = LOADED_HIGH;
	h->xloadflags = XLF_KERNEL_64;
	h->pref_address = LOAD;
	h->init_size = 4 * MIB;
	h->initrd_addr_max = 0x7fffffff;
	h->cmdline_size = 2047;
	for (uint32_t i = 1024; i < IMAGE_SIZE; i++)
		image[i] = (uint8_t)i;
}

/* An ELF file with two segments: 16 KiB at LOAD, and 4 KiB with as much bss above. */
static void make_elf(uint8_t *image)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)image;
	Elf64_Phdr *ph = (Elf64_Phdr *)(image + sizeof(*eh));

	memset(image, 0, IMAGE_SIZE);
	memcpy(eh->e_ident, ELFMAG, SELFMAG);
	eh->e_ident[EI_CLASS] = ELFCLASS64;
	eh->e_machine = EM_X86_64;
	eh->e_type = ET_EXEC;
	eh->e_phoff = sizeof(*eh);
	eh->e_phentsize = sizeof(*ph);
	eh->e_phnum = 3;
	eh->e_entry = LOAD + 0x40;
	ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = 0x1000, .p_paddr = LOAD,
			      .p_filesz = 0x4000, .p_memsz = 0x4000 };
	ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 0xffffffff, .p_filesz = 1 };
	ph[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = 0x5000, .p_paddr = LOAD + 0x200000,
			      .p_filesz = 0x1000, .p_memsz = 0x2000 };
	for (uint32_t i = 0x1000; i < 0x6000; i++)
		image[i] = (uint8_t)(i >> 4);
}

static int parse(const uint8_t *image, struct kernel_image *k)
{
	err[0] = '\0';
	return boot_parse_kernel(image, 4096, IMAGE_SIZE, k, err, sizeof(err));
}

static void test_bzimage(void **state)
{
	static uint8_t image[IMAGE_SIZE];
	struct kernel_image k;

	make_bzimage(image);
	assert_int_equal(parse(image, &k), 0);
	assert_false(k.elf);
	assert_int_equal(k.segments, 1);
	assert_int_equal(k.segment[0].file_offset, 1024);
	assert_int_equal(k.segment[0].file_size, IMAGE_SIZE - 1024);
	assert_int_equal(k.segment[0].gpa, LOAD);
	assert_int_equal(k.entry, LOAD + 0x200);
	assert_int_equal(k.end, LOAD + 4 * MIB);
	assert_int_equal(k.initrd_max, 0x7fffffff);
	assert_int_equal(k.cmdline_max, 2047);
}

static void test_bzimage_refused(void **state)
{
	static uint8_t image[IMAGE_SIZE];
	struct setup_header *h = (struct setup_header *)(image + 0x1f1);
	struct kernel_image k;

	make_bzimage(image);
	h->boot_flag = 0;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "bzImage"));

	make_bzimage(image);
	h->header++;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_bzimage(image);
	h->xloadflags = 0;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "64-bit"));

	make_bzimage(image);
	h->version = 0x0204;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "2.04"));

	make_bzimage(image);
	h->loadflags = 0;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_bzimage(image);
	h->setup_sects = 200;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "cut off"));

	make_bzimage(image);
	h->pref_address = 0xfffffffffffff000;
	assert_int_equal(parse(image, &k), -EINVAL);
	make_bzimage(image);
	h->pref_address = 0x1000001;
	assert_int_equal(parse(image, &k), -EINVAL);
	/* A header that the file's end cuts through is not read. */
	make_bzimage(image);
	assert_int_equal(boot_parse_kernel(image, 0x200, 0x200, &k, err, sizeof(err)), -EINVAL);
	assert_int_equal(boot_parse_kernel(image, 0, 0, &k, err, sizeof(err)), -EINVAL);
}

static void test_elf(void **state)
{
	static uint8_t image[IMAGE_SIZE];
	struct kernel_image k;

	make_elf(image);
	assert_int_equal(parse(image, &k), 0);
	assert_true(k.elf);
	assert_int_equal(k.segments, 2);
	assert_int_equal(k.segment[0].gpa, LOAD);
	assert_int_equal(k.segment[1].mem_size, 0x2000);
	assert_int_equal(k.entry, LOAD + 0x40);
	assert_int_equal(k.end, LOAD + 0x202000);
}

static void test_elf_refused(void **state)
{
	static uint8_t image[IMAGE_SIZE];
	Elf64_Ehdr *eh = (Elf64_Ehdr *)image;
	Elf64_Phdr *ph = (Elf64_Phdr *)(image + sizeof(*eh));
	struct kernel_image k;

	make_elf(image);
	eh->e_machine = EM_AARCH64;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_elf(image);
	eh->e_phnum = 0xffff;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_elf(image);
	eh->e_phoff = 0xffffffffffffff00;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_elf(image);
	ph[0].p_offset = IMAGE_SIZE - 0x1000;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "leaves the file"));

	make_elf(image);
	ph[2].p_filesz = 0x3000;	/* more than p_memsz */
	assert_int_equal(parse(image, &k), -EINVAL);

	make_elf(image);
	ph[2].p_paddr = 0xffffffff81000000;
	assert_int_equal(parse(image, &k), -EINVAL);

	make_elf(image);
	eh->e_entry = LOAD - 1;
	assert_int_equal(parse(image, &k), -EINVAL);
	assert_non_null(strstr(err, "entry"));
}

/* Bytes at random must never make the parser read beyond what it was given (ASan watches). */
static void test_any_bytes(void **state)
{
	struct kernel_image k;

	srandom(1);
	for (int round = 0; round < 20000; round++) {
		static uint8_t full[IMAGE_SIZE];
		size_t len = (size_t)random() % 4096;
		uint8_t *exact;

		(round & 1 ? make_elf : make_bzimage)(full);
		for (int i = 0; i < 8; i++)
			full[random() % 1024] = (uint8_t)random();
		exact = malloc(len ? len : 1);
		memcpy(exact, full, len);
		if (!boot_parse_kernel(exact, len, IMAGE_SIZE, &k, err, sizeof(err)))
			assert_in_range(k.segments, 1, KERNEL_MAX_SEGMENTS);
		free(exact);
	}
}

/* ---- loading ------------------------------------------------------------------------ */

static char *write_file(const void *data, size_t len)
{
	char *path = strdup("/tmp/azimuth-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
	return path;
}

static void drop_file(char *path)
{
	unlink(path);
	free(path);
}

static void test_load(void **state)
{
	static uint8_t image[IMAGE_SIZE];
	struct guest_memory mem;
	struct boot_params *zero;
	char *kernel, *first, *second;
	uint64_t entry;
	uint32_t at;

	make_bzimage(image);
	kernel = write_file(image, sizeof(image));
	first = write_file("12345", 5);
	second = write_file("abc", 3);
	assert_int_equal(mem_init(&mem, 64 * MIB), 0);
	{
		const char *initrds[] = { first, second };
		struct boot_config config = {
			.kernel = kernel, .initrds = initrds, .n_initrds = 2,
			.cmdline = "quiet x=1",
		};

		assert_int_equal(boot_load(&mem, &config, &entry, err, sizeof(err)), 0);
	}
	assert_int_equal(entry, LOAD + 0x200);
	assert_memory_equal(mem_at(&mem, LOAD, IMAGE_SIZE - 1024), image + 1024, IMAGE_SIZE - 1024);
	zero = mem_at(&mem, BOOT_PARAMS_GPA, sizeof(*zero));
	assert_int_equal(zero->hdr.type_of_loader, 0xff);
	assert_int_equal(zero->acpi_rsdp_addr, BOOT_ACPI_GPA);
	assert_string_equal(mem_at(&mem, zero->hdr.cmd_line_ptr, 16), "quiet x=1");
	/* Each initrd is padded to four bytes with zeros. */
	assert_int_equal(zero->hdr.ramdisk_size, 12);
	at = zero->hdr.ramdisk_image;
	assert_int_equal(at % 4096, 0);
	assert_true(at >= LOAD + 4 * MIB && at + 12 <= 64 * MIB);
	assert_memory_equal(mem_at(&mem, at, 12), "12345\0\0\0abc\0", 12);
	/* The identity map covers what the kernel touches before it has its own tables. */
	assert_int_equal(*(uint64_t *)mem_at(&mem, BOOT_TABLES_GPA, 8),
			 (BOOT_TABLES_GPA + 0x1000) | 3);
	assert_int_equal(((uint64_t *)mem_at(&mem, BOOT_TABLES_GPA + 0x2000, 4096))[8],
			 LOAD | 0x83);
	/* The reset vector writes 1 to the reset port: mov $0x602,%dx; mov $1,%al; out; hlt. */
	assert_memory_equal(mem_at(&mem, 0xffff0, 7), "\xba\x02\x06\xb0\x01\xee\xf4", 7);
	mem_free(&mem);
	drop_file(kernel);
	drop_file(first);
	drop_file(second);
}

static int load_with(uint64_t memory, const char *kernel, const char *initrd, const char *cmdline)
{
	struct guest_memory mem;
	struct boot_config config = {
		.kernel = kernel, .initrds = &initrd, .n_initrds = initrd ? 1 : 0,
		.cmdline = cmdline,
	};
	uint64_t entry;
	int rc;

	assert_int_equal(mem_init(&mem, memory), 0);
	err[0] = '\0';
	rc = boot_load(&mem, &config, &entry, err, sizeof(err));
	mem_free(&mem);
	return rc;
}

static void test_load_refused(void **state)
{
	static uint8_t image[IMAGE_SIZE], big[8 * MIB];
	char *kernel, *initrd, line[2049];

	make_bzimage(image);
	kernel = write_file(image, sizeof(image));
	initrd = write_file(big, sizeof(big));
	memset(line, 'a', 2048);
	line[2048] = '\0';

	assert_int_equal(load_with(32 * MIB, "/nonexistent/kernel", NULL, ""), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/kernel"));
	assert_int_equal(load_with(32 * MIB, "/tmp", NULL, ""), -EINVAL);
	assert_int_equal(load_with(32 * MIB, kernel, "/nonexistent/initrd", ""), -ENOENT);
	assert_int_equal(load_with(32 * MIB, kernel, NULL, line + 1), 0);
	assert_int_equal(load_with(32 * MIB, kernel, NULL, line), -E2BIG);
	assert_non_null(strstr(err, "2047"));
	/* The kernel ends at 20 MiB: 8 MiB of initrd fit into 28, not into 26. */
	assert_int_equal(load_with(28 * MIB, kernel, initrd, ""), 0);
	assert_int_equal(load_with(26 * MIB, kernel, initrd, ""), -E2BIG);
	assert_non_null(strstr(err, "initrd"));
	assert_int_equal(load_with(18 * MIB, kernel, NULL, ""), -E2BIG);
	assert_non_null(strstr(err, "--memory"));
	drop_file(kernel);
	drop_file(initrd);
}

/* ---- memory map ------------------------------------------------------------------------ */

static void test_e820(void **state)
{
	struct boot_e820_entry t[E820_MAX_ENTRIES_ZEROPAGE];
	struct guest_memory mem = { .low_size = 512 * MIB, .size = 512 * MIB };
	unsigned int n = boot_e820(&mem, t);

	assert_int_equal(n, 3);
	assert_int_equal(t[0].addr, 0);
	assert_int_equal(t[0].type, 1);
	assert_int_equal(t[1].addr, BOOT_ACPI_GPA);
	assert_int_equal(t[1].type, 2);
	assert_int_equal(t[2].addr, MIB);
	assert_int_equal(t[2].addr + t[2].size, 512 * MIB);

	mem.low_size = GUEST_LOW_RAM_END;
	mem.high_size = 1024 * MIB;
	n = boot_e820(&mem, t);
	assert_int_equal(n, 4);
	assert_int_equal(t[2].addr + t[2].size, GUEST_LOW_RAM_END);
	assert_int_equal(t[3].addr, GUEST_HIGH_RAM_START);
	assert_int_equal(t[3].size, 1024 * MIB);
	for (unsigned int i = 1; i < n; i++)
		assert_true(t[i - 1].addr + t[i - 1].size <= t[i].addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_bzimage_refused),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_refused),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_refused),
		cmocka_unit_test(test_e820),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
