// SPDX-License-Identifier: GPL-2.0-only
/* The PCI core and the test device: config space, BARs, MSI-X, DMA, reset. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pci/types.h"
#include "proto/pcitest.h"
#include "tests/unit/fakepci.h"

#define BAR0	0xf8100000ull
#define BAR2	0x200000000ull
#define MEMORY	(1u << 20)

static struct guest_memory mem;
static struct faults *faults;
static struct pci_function *fn;
static struct pci_link test_link;
static unsigned int requests;

/* A message is its data: the vector in bits 0-7, the VP above; address 0 means nothing. */
static bool message(void *ctx, uint64_t address, uint32_t data)
{
	return address && !fakepci.interrupt(NULL, data >> 8, (uint8_t)data);
}

static int request(void *ctx, enum pci_request what)
{
	requests |= 1u << what;
	return 0;
}

static int invalidate(void *ctx, uint64_t mask)
{
	return 0;
}

static struct pci_function *create(const char *spec)
{
	struct pci_env env = { .instance = 3, .mem = &mem, .faults = faults };
	const struct pci_type *type;
	struct pci_function *made = NULL;
	struct pci_place place;
	char keys[100], err[300] = "";

	assert_int_equal(pci_parse(spec, &type, &place, keys, sizeof(keys), err, sizeof(err)), 0);
	env.type = type->name;
	if (type->create(&env, keys, &made, err, sizeof(err)))
		fail_msg("%s", err);
	return made;
}

static int setup(void **state)
{
	fakepci_reset();
	requests = 0;
	assert_int_equal(mem_init(&mem, 8 << 20), 0);
	faults = faults_create(1);
	assert_int_equal(faults_register(faults, pcitest_type.faults), 0);
	fn = create("pcitest,vectors=70,memory=1M,numa=1");
	test_link = (struct pci_link){
		.platform = &fakepci, .message = message, .request = request,
		.invalidate = invalidate,
	};
	pci_attach(fn, &test_link);
	pci_start(fn);
	pci_assigned(fn);
	return 0;
}

static int teardown(void **state)
{
	pci_reset(fn, PCI_RESET_BUS);
	fn->ops->destroy(fn);
	faults_free(faults);
	mem_free(&mem);
	return 0;
}

/* What a driver does: addresses, then decoding and bus mastering. */
static void enable(void)
{
	pci_config_write(fn, PCI_BASE_ADDRESS_0, 4, (uint32_t)BAR0);
	pci_config_write(fn, PCI_BASE_ADDRESS_2, 4, (uint32_t)BAR2);
	pci_config_write(fn, PCI_BASE_ADDRESS_3, 4, BAR2 >> 32);
	pci_config_write(fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static unsigned int capability(uint8_t id)
{
	unsigned int at = pci_config_read(fn, PCI_CAPABILITY_LIST, 1);

	while (at && pci_config_read(fn, at, 1) != id)
		at = pci_config_read(fn, at + 1, 1);
	return at;
}

static void msix_on(void)
{
	pci_config_write(fn, capability(PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2,
			 PCI_MSIX_FLAGS_ENABLE);
}

static uint64_t entry(unsigned int vector)
{
	return BAR0 + PCITEST_MSIX_TABLE + vector * PCI_MSIX_ENTRY_SIZE;
}

static void route(unsigned int vector, uint32_t data, bool masked)
{
	fakepci_write(entry(vector), 8, 0xfee00000);
	fakepci_write(entry(vector) + 8, 4, data);
	fakepci_write(entry(vector) + 12, 4, masked);
}

static uint32_t reg(unsigned int offset)
{
	return (uint32_t)fakepci_read(BAR0 + offset, 4);
}

/* ---- config space ------------------------------------------------------------ */

static void test_header(void **state)
{
	assert_string_equal(fn->name, "pcitest3");
	assert_int_equal(pci_config_read(fn, PCI_VENDOR_ID, 2), PCITEST_VENDOR);
	assert_int_equal(pci_config_read(fn, PCI_CLASS_REVISION, 4), PCITEST_CLASS << 8 | 1);
	assert_true(pci_config_read(fn, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	assert_int_not_equal(capability(PCI_CAP_ID_EXP), 0);
	assert_int_equal(pci_config_read(fn, capability(PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2), 69);
	/* read-only stays, what does not exist reads as ones, bad accesses do nothing */
	pci_config_write(fn, PCI_VENDOR_ID, 4, 0);
	assert_int_equal(pci_config_read(fn, PCI_DEVICE_ID, 2), PCITEST_DEVICE);
	assert_int_equal(pci_config_read(fn, 4096, 4), 0xffffffff);
	assert_int_equal(pci_config_read(fn, 4094, 4), 0xffffffff);
	assert_int_equal(pci_config_read(fn, 0, 3), 0xffffffff);
	pci_config_write(fn, 4095, 2, 0xffff);
	assert_int_equal(count_get(&fn->counters.config_write[PCI_PHASE_SCAN][PCI_REG_ID]), 1);
}

static void test_bar_sizes(void **state)
{
	pci_config_write(fn, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	pci_config_write(fn, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	pci_config_write(fn, PCI_BASE_ADDRESS_3, 4, 0xffffffff);
	pci_config_write(fn, PCI_BASE_ADDRESS_4, 4, 0xffffffff);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_0, 4), 0xffff0000);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_2, 4), 0xfff0000c);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_3, 4), 0xffffffff);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_4, 4), 0);
	for (unsigned int i = 0; i < PCI_BARS; i++)
		assert_int_equal(pci_probed_bar(fn, i),
				 pci_config_read(fn, PCI_BASE_ADDRESS_0 + 4 * i, 4));
}

static void test_mapping(void **state)
{
	assert_int_equal(reg(PCITEST_ID), 0xffffffff);
	enable();
	assert_int_equal(fakepci_mappings(), 2);
	assert_int_equal(reg(PCITEST_ID), PCITEST_MAGIC);
	fakepci_memory(BAR2)[5] = 7;
	assert_int_equal(fn->bar[2].memory[5], 7);
	/* as on Hyper-V: no effect while decoding is on */
	pci_config_write(fn, PCI_BASE_ADDRESS_0, 4, 0xf9000000);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_0, 4), BAR0);
	assert_int_equal(count_get(&fn->counters.bar_writes_ignored), 1);
	pci_config_write(fn, PCI_COMMAND, 2, 0);
	assert_int_equal(fakepci_mappings(), 0);
	/* RAM and other devices' addresses are refused, the rest is mapped */
	pci_config_write(fn, PCI_BASE_ADDRESS_0, 4, 0x100000);
	pci_config_write(fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(fakepci_mappings(), 1);
	assert_int_equal(count_get(&fn->counters.bar_refused), 1);
}

/* ---- registers ------------------------------------------------------------------ */

static void test_registers(void **state)
{
	enable();
	fakepci_write(BAR0 + PCITEST_SCRATCH, 8, 0x1122334455667788);
	assert_int_equal(reg(PCITEST_SCRATCH + 4), 0x11223344);
	fakepci_write(BAR0 + PCITEST_SCRATCH + 4, 4, 0xaabbccdd);
	assert_int_equal(fakepci_read(BAR0 + PCITEST_SCRATCH, 8), 0xaabbccdd55667788);
	assert_int_equal(fakepci_read(BAR0 + PCITEST_SCRATCH + 1, 1), 0x77);
	assert_int_equal(fakepci_read(BAR0 + PCITEST_SCRATCH + 1, 2), 0xffff);
	assert_int_equal(fakepci_read(BAR0 + PCITEST_MEMORY_SIZE, 8), MEMORY);
	fakepci_write(BAR0 + PCITEST_ID, 4, 0);
	assert_int_equal(reg(PCITEST_ID), PCITEST_MAGIC);
	fakepci_write(BAR0 + PCITEST_REQUEST, 4, PCI_REQUEST_EJECT);
	fakepci_write(BAR0 + PCITEST_REQUEST, 4, 1000);
	assert_int_equal(requests, 1u << PCI_REQUEST_EJECT);
}

/* ---- interrupts ------------------------------------------------------------------- */

static void test_raise(void **state)
{
	enable();
	route(5, 1 << 8 | 0x40, false);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 5);
	assert_int_equal(count_get(&fn->counters.interrupts_dropped), 1);	/* MSI-X is off */
	msix_on();
	assert_int_equal(atomic_load(&fn->phase), PCI_PHASE_RUNNING);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 5);
	assert_int_equal(fakepci_interrupts(1, 0x40), 1);
	fakepci_write(BAR0 + PCITEST_DELAY_US, 4, 1000);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 5);
	assert_true(fakepci_wait(1, 0x40, 2));
	assert_int_equal(reg(PCITEST_RAISED), 3);
	/* beyond the last vector; no bus mastering; an address that means nothing */
	fakepci_write(BAR0 + PCITEST_DELAY_US, 4, 0);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 70);
	fakepci_write(entry(5), 8, 0);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 5);
	route(5, 1 << 8 | 0x40, false);
	pci_config_write(fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 5);
	assert_int_equal(fakepci_interrupts(1, 0x40), 2);
	assert_int_equal(count_get(&fn->counters.interrupts_dropped), 3);
}

static void test_masks(void **state)
{
	uint64_t pending = BAR0 + PCITEST_MSIX_PENDING;

	enable();
	msix_on();
	assert_int_equal(fakepci_read(entry(69) + 12, 4), 1);
	route(69, 0x50, true);
	pci_raise(fn, 69);
	pci_raise(fn, 69);
	assert_int_equal(fakepci_interrupts(0, 0x50), 0);
	assert_int_equal(fakepci_read(pending + 8, 8), 1 << 5);
	assert_int_equal(fakepci_read(pending + 8, 4), 1 << 5);
	assert_int_equal(fakepci_read(pending, 8), 0);
	fakepci_write(pending + 8, 8, 0);		/* read-only */
	fakepci_write(entry(69) + 12, 4, 0xfffffffe);	/* only the mask bit exists */
	assert_int_equal(fakepci_interrupts(0, 0x50), 1);
	assert_int_equal(fakepci_read(pending + 8, 8), 0);
	assert_int_equal(fakepci_read(entry(69) + 12, 4), 0);
	/* the function's mask holds them back as well */
	pci_config_write(fn, capability(PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2,
			 PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_raise(fn, 69);
	assert_int_equal(fakepci_interrupts(0, 0x50), 1);
	msix_on();
	assert_int_equal(fakepci_interrupts(0, 0x50), 2);
	assert_int_equal(count_get(&fn->counters.interrupts_pended), 3);
}

/* The table takes double and quad words; what is beside it are plain registers. */
static void test_table_accesses(void **state)
{
	enable();
	route(0, 0x1234, false);
	assert_int_equal(fakepci_read(entry(0), 8), 0xfee00000);
	assert_int_equal(fakepci_read(entry(0) + 8, 8), 0x1234);
	assert_int_equal(fakepci_read(entry(0) + 8, 2), 0xffff);
	fakepci_write(entry(0) + 8, 2, 0);
	fakepci_write(entry(0) + 9, 4, 0);
	assert_int_equal(fakepci_read(entry(0) + 8, 4), 0x1234);
	fakepci_write(entry(0) + 8, 8, 1ull << 32 | 0x77);
	assert_int_equal(fakepci_read(entry(0) + 8, 8), 1ull << 32 | 0x77);
	assert_int_equal(fakepci_read(entry(70), 4), 0);
	assert_int_equal(count_get(&fn->counters.bar_reads[0]), 1);
}

/* ---- DMA --------------------------------------------------------------------------- */

static void dma(uint32_t cmd, uint64_t src, uint64_t dst, uint32_t len)
{
	static unsigned int done;

	done = fakepci_interrupts(0, 0x60);
	fakepci_write(BAR0 + PCITEST_DMA_SRC, 8, src);
	fakepci_write(BAR0 + PCITEST_DMA_DST, 8, dst);
	fakepci_write(BAR0 + PCITEST_DMA_LEN, 4, len);
	fakepci_write(BAR0 + PCITEST_DMA_VECTOR, 4, 1);
	fakepci_write(BAR0 + PCITEST_DMA_CMD, 4, cmd);
	assert_true(fakepci_wait(0, 0x60, done + 1));
}

static void test_dma(void **state)
{
	enable();
	msix_on();
	route(1, 0x60, false);
	memset(mem.base + 0x1000, 0x5a, 8192);
	dma(PCITEST_DMA_TO_MEMORY, 0x1000, 100, 8192);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_DONE);
	assert_int_equal(fn->bar[2].memory[99], 0);
	assert_int_equal(fn->bar[2].memory[100 + 8191], 0x5a);
	dma(PCITEST_DMA_TO_GUEST, 100, 0x100001, 8192);
	assert_memory_equal(mem.base + 0x1000, mem.base + 0x100001, 8192);
	dma(PCITEST_DMA_GUEST_COPY, 0x1000, 0x2000, 8192);
	assert_int_equal(mem.base[0x3fff], 0x5a);
	/* nothing beyond either memory, and nothing that wraps */
	dma(PCITEST_DMA_TO_MEMORY, mem.size - 1, 0, 2);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
	dma(PCITEST_DMA_TO_GUEST, MEMORY - 1, 0, 2);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
	dma(PCITEST_DMA_TO_GUEST, ~0ull, 0, 2);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
	dma(PCITEST_DMA_TO_GUEST, 0, ~0ull, 2);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
	dma(PCITEST_DMA_TO_GUEST, 0, 0, PCITEST_DMA_MAX + 1);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
	assert_int_equal(count_get(&fn->counters.dma_read_bytes), 16384);
	assert_int_equal(count_get(&fn->counters.dma_write_bytes), 16384);
}

static void test_dma_needs_master(void **state)
{
	uint8_t byte = 1;

	enable();
	assert_int_equal(pci_dma_write(fn, 0x1000, &byte, 1), 0);
	pci_config_write(fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(pci_dma_write(fn, 0x1000, &byte, 1), -EFAULT);
	assert_int_equal(pci_dma_read(fn, 0x1000, &byte, 1), -EFAULT);
	assert_int_equal(count_get(&fn->counters.dma_refused), 2);
}

/* ---- reset --------------------------------------------------------------------------- */

static void test_flr(void **state)
{
	unsigned int control = capability(PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	enable();
	msix_on();
	route(1, 0x60, false);
	fakepci_write(BAR0 + PCITEST_SCRATCH, 4, 99);
	fakepci_write(BAR0 + PCITEST_DMA_VECTOR, 4, 1);
	fakepci_write(BAR0 + PCITEST_DMA_DELAY_US, 4, 10000000);
	fakepci_write(BAR0 + PCITEST_DMA_CMD, 4, PCITEST_DMA_GUEST_COPY);
	fakepci_write(BAR0 + PCITEST_DELAY_US, 4, 10000000);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 1);
	fakepci_memory(BAR2)[0] = 3;
	pci_config_write(fn, control, 2, PCI_EXP_DEVCTL_BCR_FLR);
	assert_int_equal(fakepci_mappings(), 0);
	assert_int_equal(pci_config_read(fn, PCI_COMMAND, 2), 0);
	assert_int_equal(pci_config_read(fn, PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(pci_config_read(fn, control, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
	assert_int_equal(atomic_load(&fn->phase), PCI_PHASE_SCAN);
	enable();
	assert_int_equal(reg(PCITEST_SCRATCH), 0);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_IDLE);
	assert_int_equal(reg(PCITEST_RESETS), 1);
	assert_int_equal(fakepci_read(entry(1) + 12, 4), 1);
	assert_int_equal(fakepci_memory(BAR2)[0], 3);
	assert_int_equal(fakepci_interrupts(0, 0x60), 0);
	/* the high byte alone does it as well, the low one never */
	pci_config_write(fn, control + 1, 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
	pci_config_write(fn, control, 1, 0xff);
	assert_int_equal(count_get(&fn->counters.resets_flr), 2);
}

static void test_faults(void **state)
{
	char err[200];

	enable();
	msix_on();
	route(1, 0x60, false);
	assert_int_equal(faults_add(faults, "pcitest3:lose-interrupt", err, sizeof(err), NULL), 0);
	assert_int_equal(faults_add(faults, "pcitest3:dma-error", err, sizeof(err), NULL), 0);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 1);
	assert_int_equal(fakepci_interrupts(0, 0x60), 0);
	fakepci_write(BAR0 + PCITEST_RAISE, 4, 1);
	assert_int_equal(fakepci_interrupts(0, 0x60), 1);
	dma(PCITEST_DMA_GUEST_COPY, 0, 0x1000, 16);
	assert_int_equal(reg(PCITEST_DMA_STATUS), PCITEST_DMA_ERROR);
}

static void test_counters(void **state)
{
	json_t *all;

	enable();
	reg(PCITEST_ID);
	all = pci_counters(fn);
	assert_string_equal(json_string_value(json_object_get(all, "phase")), "enabled");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		json_object_get(all, "config_writes"), "scan"), "bar")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		all, "config_writes"), "total")), 4);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(
		json_object_get(all, "bars"), 0), "reads")), 1);
	assert_int_equal(json_integer_value(json_object_get(all, "copies")), 0);
	json_decref(all);
}

/* ---- specs --------------------------------------------------------------------------- */

static int parse(const char *spec, struct pci_place *place, char *keys, char *err)
{
	const struct pci_type *type;

	return pci_parse(spec, &type, place, keys, 40, err, 200);
}

static void test_specs(void **state)
{
	struct pci_env env = { .type = "pcitest", .mem = &mem, .faults = faults };
	struct pci_function *other = NULL;
	struct pci_place place;
	char keys[40], err[200];

	assert_int_equal(parse("pcitest,numa=2,vectors=3,absent,bus=5,memory=2M,serial=9", &place,
			       keys, err), 0);
	assert_string_equal(keys, "vectors=3,memory=2M");
	assert_true(place.absent && place.has_bus && place.has_numa);
	assert_int_equal(place.bus, 5);
	assert_int_equal(place.serial, 9);
	assert_int_equal(parse("nothing", &place, keys, err), -EINVAL);
	assert_string_equal(err, "no PCI device is called 'nothing'; there are: pcitest");
	assert_int_equal(parse("pcitest,bus=64", &place, keys, err), -EINVAL);
	assert_int_equal(parse("pcitest,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", &place,
			       keys, err), -EINVAL);
	assert_int_equal(pcitest_type.create(&env, "vectors=1025", &other, err, 200), -EINVAL);
	assert_int_equal(pcitest_type.create(&env, "memory=5000", &other, err, 200), -EINVAL);
	assert_string_equal(err, "memory=: a BAR's size is a power of two");
	assert_int_equal(pcitest_type.create(&env, "colour=red", &other, err, 200), -EINVAL);
	assert_null(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_header),
		TEST(test_bar_sizes),
		TEST(test_mapping),
		TEST(test_registers),
		TEST(test_raise),
		TEST(test_masks),
		TEST(test_table_accesses),
		TEST(test_dma),
		TEST(test_dma_needs_master),
		TEST(test_flr),
		TEST(test_faults),
		TEST(test_counters),
		TEST(test_specs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
