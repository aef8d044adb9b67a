// SPDX-License-Identifier: GPL-2.0-only
/* Names of PCI functions and accesses to registers, in a tree of plain files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/pci/pci.h"
#include "lib/log.h"

#define NAME	"0000:00:1f.2"
#define DEVICES	"/bus/pci/devices/"

static char root[] = "/tmp/azimuth-pci-XXXXXX";

static void put_file(const char *name, const char *file, const void *data, size_t len)
{
	char path[1200];
	FILE *f = fopen(pci_path(path, sizeof(path), name, file), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"", "/bus", "/bus/pci", "/bus/pci/devices", DEVICES NAME,
		DEVICES "10000:e1:00.0", DEVICES "nonsense",
	};
	uint8_t bytes[8192];
	char path[256];

	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		if (i && mkdir(path, 0700))
			return -1;
	}
	setenv("AZIMUTH_SYSFS", root, 1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	put_file(NAME, "resource0", bytes, sizeof(bytes));
	put_file(NAME, "resource1", bytes, 16);
	put_file(NAME, "resource", "0x0 0xf 0x200\n0xc000 0xc00f 0x101\n", 34);
	return 0;
}

static int teardown(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void test_names(void **state)
{
	static const char *const bad[] = {
		"", "1f.2", "00:20.0", "00:1f.8", "00:1f", "0000:00:1f.2x", "0000:00:1f.2/..",
		" 00:1f.2", "-0:1f.2", "../0:1f.2", "0000:00:1f.22", "100000:00:1f.2", "0x00:1f.2",
	};
	char name[PCI_NAME_LEN], (*list)[PCI_NAME_LEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(pci_parse_name(bad[i], name), -EINVAL);
	assert_int_equal(pci_parse_name("00:1F.2", name), 0);
	assert_string_equal(name, NAME);
	assert_int_equal(pci_parse_name("fe01:3:0.1", name), 0);
	assert_string_equal(name, "fe01:03:00.1");
	assert_int_equal(pci_list(&list), 2);
	assert_string_equal(list[0], NAME);
	assert_string_equal(list[1], "10000:e1:00.0");
	free(list);
}

static uint64_t expected(uint64_t offset, unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)(uint8_t)((offset + i) * 7 + (offset + i) / 256) << (8 * i);
	return value;
}

static void test_registers(void **state)
{
	static const uint64_t offsets[] = { 0, 8, 4088, 4096, 8184 };
	struct pci_bar bar;
	uint64_t value;

	for (unsigned int width = 1; width <= 8; width *= 2)
		for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
			assert_int_equal(pci_bar_open(&bar, NAME, 0, offsets[i], width, true), 0);
			assert_int_equal(pci_bar_read(&bar, &value), 0);
			assert_int_equal(value, expected(offsets[i], width));
			assert_int_equal(pci_bar_write(&bar, ~value), 0);
			assert_int_equal(pci_bar_read(&bar, &value), 0);
			assert_int_equal(value, ~expected(offsets[i], width) &
					 (width < 8 ? (1ull << 8 * width) - 1 : UINT64_MAX));
			assert_int_equal(pci_bar_write(&bar, ~value), 0);
			pci_bar_close(&bar);
		}
}

/* Ports are read through the file: a mapping of them would be of something else. */
static void test_ports(void **state)
{
	struct pci_bar bar;
	uint64_t value;

	assert_int_equal(pci_bar_open(&bar, NAME, 1, 4, 4, true), 0);
	assert_null(bar.map);
	assert_int_equal(pci_bar_read(&bar, &value), 0);
	assert_int_equal(value, expected(4, 4));
	assert_int_equal(pci_bar_write(&bar, 0x12345678), 0);
	assert_int_equal(pci_bar_read(&bar, &value), 0);
	assert_int_equal(value, 0x12345678);
	pci_bar_close(&bar);
	assert_int_equal(pci_bar_open(&bar, NAME, 1, 8, 8, false), AZ_EXIT_USAGE);
}

static void test_refused(void **state)
{
	struct pci_bar bar;

	assert_int_equal(pci_bar_open(&bar, NAME, 0, 8192, 4, false), AZ_EXIT_USAGE);
	assert_int_equal(pci_bar_open(&bar, NAME, 0, 8190, 4, false), AZ_EXIT_USAGE);
	assert_int_equal(pci_bar_open(&bar, NAME, 0, UINT64_MAX - 1, 4, false), AZ_EXIT_USAGE);
	assert_int_equal(pci_bar_open(&bar, NAME, 2, 0, 4, false), AZ_EXIT_ENV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
