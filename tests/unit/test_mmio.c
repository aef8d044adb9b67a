// SPDX-License-Identifier: GPL-2.0-only
/* The table of what answers at which address, without KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "machine/acpi.h"
#include "machine/mmio.h"

#define HIGH		0x100000000ull
#define HIGH_SIZE	(1ull << 30)
#define LOW		0xf8000000ull

static struct mmio mmio;
static uint64_t last_offset, last_value;
static unsigned int last_size;

/* KVM's slots as it was told. */
static struct {
	uint64_t gpa, size;
} slot[16];
static int slot_error;

int kvm_set_slot(const struct kvm *kvm, uint32_t n, uint64_t gpa, uint64_t size, void *host)
{
	assert_true(n < 16);
	slot[n].gpa = gpa;
	slot[n].size = size;
	return size ? slot_error : 0;
}

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned int size)
{
	last_offset = offset;
	last_size = size;
	return 0x1122334455667788;
}

static void reg_write(void *ctx, uint64_t offset, unsigned int size, uint64_t value)
{
	last_offset = offset;
	last_size = size;
	last_value = value;
}

static const struct pci_io io = { .read = reg_read, .write = reg_write };

static int setup(void **state)
{
	mmio_init(&mmio, NULL);
	mmio_set_high(&mmio, HIGH, HIGH_SIZE);
	memset(slot, 0, sizeof(slot));
	slot_error = 0;
	return 0;
}

static int teardown(void **state)
{
	mmio_free(&mmio);
	return 0;
}

static uint64_t read_at(uint64_t gpa, unsigned int size)
{
	uint64_t value = 0;

	mmio_access(&mmio, gpa, &value, size, false);
	return value;
}

static void test_access(void **state)
{
	uint32_t value = 0xdeadbeef;
	void *map;

	assert_int_equal(mmio_map_io(&mmio, LOW, 0x2000, &io, &map), 0);
	assert_int_equal(read_at(LOW + 8, 4), 0x55667788);
	assert_int_equal(last_offset, 8);
	assert_int_equal(last_size, 4);
	assert_int_equal(read_at(LOW + 0x1ff8, 8), 0x1122334455667788);
	assert_true(mmio_access(&mmio, LOW + 2, &value, 2, true));
	assert_int_equal(last_value, 0xbeef);
	/* beside it, across its end, of no size */
	assert_int_equal(read_at(LOW - 1, 1), 0xff);
	assert_int_equal(read_at(LOW + 0x2000, 4), 0xffffffff);
	assert_int_equal(read_at(LOW + 0x1ffe, 4), 0xffffffff);
	assert_int_equal(read_at(LOW, 3), 0xffffff);
	assert_false(mmio_access(&mmio, LOW + 0x2000, &value, 4, true));
	mmio_unmap(&mmio, map);
	assert_int_equal(read_at(LOW + 8, 4), 0xffffffff);
}

/* Only VMBus's windows, whole pages, and nothing over another. */
static void test_refusals(void **state)
{
	void *first, *second;

	assert_int_equal(mmio_map_io(&mmio, 0x100000, 0x1000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, 0, 0x1000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, LAPIC_ADDRESS, 0x1000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, MMIO_LOW_END - 0xfff, 0x2000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, LOW - 0x1000, 0x2000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, LOW + 0x800, 0x1000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, HIGH + HIGH_SIZE - 0x1000, 0x2000, &io, &first),
			 -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, ~0xfffull, 0x1000, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, HIGH, ~0xfffull, &io, &first), -EINVAL);
	assert_int_equal(mmio_map_io(&mmio, LOW + 0x4000, 0x4000, &io, &first), 0);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0x5000, &io, &second), -EEXIST);
	assert_int_equal(mmio_map_io(&mmio, LOW + 0x7000, 0x1000, &io, &second), -EEXIST);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0x10000, &io, &second), -EEXIST);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0x4000, &io, &second), 0);
	mmio_unmap(&mmio, first);
	mmio_unmap(&mmio, second);
}

static void test_memory(void **state)
{
	uint8_t memory[4096];
	void *first, *second;

	assert_int_equal(mmio_map_memory(&mmio, HIGH, 0x1000, memory, &first), 0);
	assert_int_equal(mmio_map_memory(&mmio, HIGH + 0x1000, 0x1000, memory, &second), 0);
	assert_int_equal(slot[2].gpa, HIGH);
	assert_int_equal(slot[3].gpa, HIGH + 0x1000);
	/* KVM maps it: an access that comes here is beside it */
	assert_int_equal(read_at(HIGH, 4), 0xffffffff);
	mmio_unmap(&mmio, first);
	assert_int_equal(slot[2].size, 0);
	assert_int_equal(mmio_map_memory(&mmio, HIGH + 0x5000, 0x1000, memory, &first), 0);
	assert_int_equal(slot[2].gpa, HIGH + 0x5000);
	mmio_unmap(&mmio, first);
	mmio_unmap(&mmio, second);
	slot_error = -EEXIST;
	assert_int_equal(mmio_map_memory(&mmio, HIGH, 0x1000, memory, &first), -EEXIST);
	slot_error = 0;
	assert_int_equal(mmio_map_memory(&mmio, HIGH, 0x1000, memory, &first), 0);
	assert_int_equal(slot[2].gpa, HIGH);
	mmio_unmap(&mmio, first);
}

static void test_full(void **state)
{
	void *map[MMIO_MAX_REGIONS], *more;

	for (unsigned int i = 0; i < MMIO_MAX_REGIONS; i++)
		assert_int_equal(mmio_map_io(&mmio, HIGH + i * 0x1000, 0x1000, &io, &map[i]), 0);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0x1000, &io, &more), -ENOSPC);
	for (unsigned int i = 0; i < MMIO_MAX_REGIONS; i++)
		mmio_unmap(&mmio, map[i]);
}

/* ---- an access maps and unmaps others; unmapping waits for accesses --------------- */

static void *other;
static pthread_barrier_t inside;
static bool left;

static void map_other(void *ctx, uint64_t offset, unsigned int size, uint64_t value)
{
	if (value)
		assert_int_equal(mmio_map_io(&mmio, HIGH, 0x1000, &io, &other), 0);
	else
		mmio_unmap(&mmio, other);
}

static void test_nested(void **state)
{
	struct pci_io config = { .read = reg_read, .write = map_other };
	uint32_t value = 1;
	void *map;

	assert_int_equal(mmio_map_io(&mmio, LOW, 0x1000, &config, &map), 0);
	assert_true(mmio_access(&mmio, LOW, &value, 4, true));
	assert_int_equal(read_at(HIGH, 4), 0x55667788);
	value = 0;
	assert_true(mmio_access(&mmio, LOW, &value, 4, true));
	assert_int_equal(read_at(HIGH, 4), 0xffffffff);
	mmio_unmap(&mmio, map);
}

static uint64_t slow_read(void *ctx, uint64_t offset, unsigned int size)
{
	pthread_barrier_wait(&inside);
	usleep(50000);
	__atomic_store_n(&left, true, __ATOMIC_SEQ_CST);
	return 0;
}

static void *reader(void *arg)
{
	read_at(LOW, 4);
	return NULL;
}

static void test_unmap_waits(void **state)
{
	struct pci_io slow = { .read = slow_read, .write = reg_write };
	pthread_t thread;
	void *map;

	pthread_barrier_init(&inside, NULL, 2);
	assert_int_equal(mmio_map_io(&mmio, LOW, 0x1000, &slow, &map), 0);
	assert_int_equal(pthread_create(&thread, NULL, reader, NULL), 0);
	pthread_barrier_wait(&inside);
	mmio_unmap(&mmio, map);
	assert_true(__atomic_load_n(&left, __ATOMIC_SEQ_CST));
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&inside);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_access),
		TEST(test_refusals),
		TEST(test_memory),
		TEST(test_full),
		TEST(test_nested),
		TEST(test_unmap_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
