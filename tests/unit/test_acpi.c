// SPDX-License-Identifier: GPL-2.0-only
/* The tables as a guest walks them: RSDP, XSDT, then each table by its signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "machine/acpi.h"
#include "machine/boot.h"

#define MIB	(1024ull * 1024)
#define GIB	(1024 * MIB)

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);
	return v;
}

static uint8_t sum(const uint8_t *p, size_t len)
{
	uint8_t s = 0;

	while (len--)
		s += *p++;
	return s;
}

/* A table at @gpa, its checksum verified. */
static const uint8_t *table_at(const struct guest_memory *mem, uint64_t gpa)
{
	const uint8_t *t = mem_at(mem, gpa, 36);

	assert_true(gpa >= BOOT_ACPI_GPA && gpa < BOOT_ACPI_GPA + BOOT_ACPI_SIZE);
	assert_non_null(t);
	assert_non_null(mem_at(mem, gpa, get(t + 4, 4)));
	assert_int_equal(sum(t, get(t + 4, 4)), 0);
	return t;
}

/* The table with @signature that the RSDP leads to, or NULL. */
static const uint8_t *find(const struct guest_memory *mem, const char *signature)
{
	const uint8_t *rsdp = mem_at(mem, BOOT_ACPI_GPA, 36), *xsdt, *t;

	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_int_equal(rsdp[15], 2);
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, 36), 0);
	xsdt = table_at(mem, get(rsdp + 24, 8));
	assert_memory_equal(xsdt, "XSDT", 4);
	for (uint64_t at = 36; at < get(xsdt + 4, 4); at += 8) {
		t = table_at(mem, get(xsdt + at, 8));
		if (!memcmp(t, signature, 4))
			return t;
	}
	return NULL;
}

static void build(struct guest_memory *mem, uint64_t size, unsigned int vcpus, unsigned int nodes)
{
	struct acpi_config config = {
		.layout = { .vcpus = vcpus, .nodes = nodes, .threads = 1 }, .phys_bits = 40,
		.mmio_high = MMIO_HIGH_DEFAULT,
	};

	assert_int_equal(mem_init(mem, size), 0);
	assert_int_equal(acpi_build(mem, &config), 0);
}

static void test_fadt(void **state)
{
	struct guest_memory mem;
	const uint8_t *f, *dsdt;

	build(&mem, 64 * MIB, 1, 0);
	f = find(&mem, "FACP");
	assert_non_null(f);
	assert_int_equal(get(f + 4, 4), 276);
	assert_true(get(f + 112, 4) & 1u << 20);		/* hardware-reduced */
	assert_true(get(f + 112, 4) & 1u << 10);		/* has a reset register */
	assert_int_equal(get(f + 116 + 4, 8), ACPI_PORT_RESET);
	assert_int_equal(f[128], ACPI_RESET_VALUE);
	assert_int_equal(get(f + 244 + 4, 8), ACPI_PORT_SLEEP_CONTROL);
	assert_int_equal(get(f + 256 + 4, 8), ACPI_PORT_SLEEP_STATUS);
	dsdt = table_at(&mem, get(f + 140, 8));
	assert_memory_equal(dsdt, "DSDT", 4);
	assert_null(find(&mem, "SRAT"));
	mem_free(&mem);
}

static void test_madt(void **state)
{
	struct guest_memory mem;
	unsigned int lapics = 0, ioapics = 0;
	const uint8_t *m;

	build(&mem, 64 * MIB, 64, 0);
	m = find(&mem, "APIC");
	assert_non_null(m);
	assert_int_equal(get(m + 36, 4), LAPIC_ADDRESS);
	for (uint64_t at = 44; at < get(m + 4, 4); at += m[at + 1]) {
		assert_true(m[at + 1] > 0);
		if (m[at] == 0) {
			assert_int_equal(m[at + 3], lapics++);
			assert_int_equal(get(m + at + 4, 4), 1);
		} else {
			assert_int_equal(m[at], 1);
			assert_int_equal(get(m + at + 4, 4), IOAPIC_ADDRESS);
			ioapics++;
		}
	}
	assert_int_equal(lapics, 64);
	assert_int_equal(ioapics, 1);
	mem_free(&mem);
}

/* Every byte of RAM belongs to one node, every VP to one, APIC ids as in the MADT. */
static void check_srat(uint64_t size, unsigned int vcpus, unsigned int nodes)
{
	const struct vp_layout l = { .vcpus = vcpus, .nodes = nodes, .threads = 1 };
	unsigned int per_node[64] = { 0 }, vp = 0;
	uint64_t total = 0;
	struct guest_memory mem;
	const uint8_t *s;

	build(&mem, size, vcpus, nodes);
	s = find(&mem, "SRAT");
	assert_non_null(s);
	for (uint64_t at = 48; at < get(s + 4, 4); at += s[at + 1]) {
		if (s[at] == 0) {
			assert_int_equal(s[at + 3], acpi_apic_id(&l, vp));
			assert_int_equal(s[at + 2], acpi_node_of_vp(&l, vp));
			per_node[s[at + 2]]++;
			vp++;
		} else {
			assert_int_equal(s[at], 1);
			assert_true(get(s + at + 2, 4) < nodes);
			assert_non_null(mem_at(&mem, get(s + at + 8, 8), get(s + at + 16, 8)));
			total += get(s + at + 16, 8);
			assert_int_equal(acpi_node_of_gpa(&mem, nodes, get(s + at + 8, 8)),
					 get(s + at + 2, 4));
			assert_int_equal(acpi_node_of_gpa(&mem, nodes, get(s + at + 8, 8) +
							  get(s + at + 16, 8) - 1),
					 get(s + at + 2, 4));
		}
	}
	assert_int_equal(vp, vcpus);
	assert_int_equal(total, mem.size);
	for (unsigned int i = 0; i < nodes; i++)
		assert_in_range(per_node[i], vcpus / nodes, (vcpus + nodes - 1) / nodes);
	mem_free(&mem);
}

static void test_srat(void **state)
{
	check_srat(512 * MIB, 2, 1);
	check_srat(512 * MIB, 2, 2);
	check_srat(96 * MIB, 3, 2);
	check_srat(6 * GIB, 7, 4);
	check_srat(4 * GIB, 64, 3);
}

static void check_apic_ids(const struct vp_layout *l)
{
	unsigned int bits = acpi_package_bits(l);
	uint32_t last = 0;

	for (unsigned int vp = 0; vp < l->vcpus; vp++) {
		uint32_t id = acpi_apic_id(l, vp);

		assert_true(id < 255);
		assert_true(!vp || id > last);
		assert_int_equal(id >> bits, acpi_node_of_vp(l, vp));
		if (l->threads == 2)	/* the pair differs in the lowest bit alone */
			assert_int_equal(id, (acpi_apic_id(l, vp & ~1u) & ~1u) | (vp & 1));
		last = id;
	}
}

static void test_apic_ids(void **state)
{
	struct vp_layout l = { .vcpus = 1, .threads = 1 };

	for (; l.vcpus <= 64; l.vcpus++) {
		for (l.nodes = 0; l.nodes <= l.vcpus; l.nodes++)
			check_apic_ids(&l);
	}
	for (l.vcpus = 2, l.threads = 2; l.vcpus <= 64; l.vcpus += 2) {
		for (l.nodes = 0; l.nodes <= l.vcpus / 2; l.nodes++)
			check_apic_ids(&l);
	}
	l = (struct vp_layout){ .vcpus = 6, .threads = 1 };
	assert_int_equal(acpi_apic_id(&l, 5), 5);
	l.nodes = 2;
	assert_int_equal(acpi_apic_id(&l, 3), 4);
	l.threads = 2;			/* two cores on node 0, one on node 1 */
	assert_int_equal(acpi_node_of_vp(&l, 3), 0);
	assert_int_equal(acpi_apic_id(&l, 4), 4);
	assert_int_equal(acpi_apic_id(&l, 5), 5);
}

static void test_node_of_gpa(void **state)
{
	struct guest_memory mem;

	build(&mem, 512 * MIB, 2, 2);
	assert_int_equal(acpi_node_of_gpa(&mem, 0, 511 * MIB), 0);
	assert_int_equal(acpi_node_of_gpa(&mem, 2, 256 * MIB - 1), 0);
	assert_int_equal(acpi_node_of_gpa(&mem, 2, 256 * MIB), 1);
	assert_int_equal(acpi_node_of_gpa(&mem, 2, 512 * MIB), -1);
	mem_free(&mem);
}

static void test_high_window(void **state)
{
	struct guest_memory mem = { .low_size = GUEST_LOW_RAM_END, .high_size = 300 * MIB };
	struct acpi_config config = { .phys_bits = 40, .mmio_high = MMIO_HIGH_DEFAULT };
	uint64_t start, size;

	acpi_high_window(&mem, &config, &start, &size);
	assert_int_equal(start, 5 * GIB);
	assert_int_equal(size, MMIO_HIGH_DEFAULT);
	config.mmio_high = 512 * GIB;
	acpi_high_window(&mem, &config, &start, &size);
	assert_int_equal(size, 512 * GIB);
	config.phys_bits = 36;
	acpi_high_window(&mem, &config, &start, &size);
	assert_int_equal(start + size, 64 * GIB);
	mem.high_size = 61 * GIB;
	acpi_high_window(&mem, &config, &start, &size);
	assert_int_equal(size, 0);
	/* The DSDT's method finds it in the two words in front of the tables. */
	build(&mem, 64 * MIB, 1, 0);
	assert_int_equal(get(mem_at(&mem, 0xe1000, 16), 8), 4 * GIB);
	assert_int_equal(get((uint8_t *)mem_at(&mem, 0xe1000, 16) + 8, 8), MMIO_HIGH_DEFAULT);
	mem_free(&mem);
}

/* Each processor object's package length ends where the next one begins. */
static void test_ssdt(void **state)
{
	struct guest_memory mem;
	const uint8_t *s;
	uint64_t end, at = 36 + 9;
	unsigned int n = 0;

	build(&mem, 64 * MIB, 64, 0);
	s = find(&mem, "SSDT");
	assert_non_null(s);
	assert_int_equal(s[36], 0x10);
	assert_int_equal(s[37] >> 6, 2);
	end = 37 + ((s[37] & 0xfu) | (uint64_t)s[38] << 4 | (uint64_t)s[39] << 12);
	assert_int_equal(end, get(s + 4, 4));
	for (; at < end; at += 2 + s[at + 2]) {
		assert_int_equal(s[at], 0x5b);
		assert_int_equal(s[at + 1], 0x82);
		assert_memory_equal(s + at + 13, "ACPI0007", 9);
		assert_int_equal(s[at + 2 + s[at + 2] - 1], n++);
	}
	assert_int_equal(at, end);
	assert_int_equal(n, 64);
	mem_free(&mem);
}

static void test_no_memory(void **state)
{
	struct acpi_config config = {
		.layout = { .vcpus = 1, .threads = 1 }, .phys_bits = 40,
		.mmio_high = MMIO_HIGH_DEFAULT,
	};
	struct guest_memory none = { 0 };

	assert_int_equal(acpi_build(&none, &config), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fadt),
		cmocka_unit_test(test_madt),
		cmocka_unit_test(test_srat),
		cmocka_unit_test(test_apic_ids),
		cmocka_unit_test(test_node_of_gpa),
		cmocka_unit_test(test_high_window),
		cmocka_unit_test(test_ssdt),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
