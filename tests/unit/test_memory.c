// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"

#define MIB	(1024ull * 1024)
#define GIB	(1024 * MIB)

static void test_low_only(void **state)
{
	struct guest_memory mem;
	uint64_t end;

	assert_int_equal(mem_init(&mem, 3 * MIB + 1), 0);
	assert_int_equal(mem.size, 4 * MIB);
	end = mem.size;
	assert_int_equal(mem.low_size, end);
	assert_int_equal(mem.high_size, 0);
	assert_ptr_equal(mem_at(&mem, 0, end), mem.base);
	assert_ptr_equal(mem_at(&mem, end - 1, 1), mem.base + end - 1);
	assert_ptr_equal(mem_at(&mem, end - 1, 0), mem.base + end - 1);
	assert_null(mem_at(&mem, end - 1, 2));
	assert_null(mem_at(&mem, end, 0));
	assert_null(mem_at(&mem, 0, end + 1));
	assert_null(mem_at(&mem, GUEST_HIGH_RAM_START, 1));
	assert_null(mem_at(&mem, UINT64_MAX, 1));
	assert_null(mem_at(&mem, 1, UINT64_MAX));
	assert_null(mem_at(&mem, UINT64_MAX, UINT64_MAX));
	mem_free(&mem);
	assert_null(mem_at(&mem, 0, 1));
}

static void test_hole(void **state)
{
	struct guest_memory mem;

	assert_int_equal(mem_init(&mem, 5 * GIB), 0);
	assert_int_equal(mem.low_size, GUEST_LOW_RAM_END);
	assert_int_equal(mem.high_size, 5 * GIB - GUEST_LOW_RAM_END);
	assert_null(mem_at(&mem, GUEST_LOW_RAM_END, 1));
	assert_null(mem_at(&mem, GUEST_LOW_RAM_END - 1, 2));
	assert_null(mem_at(&mem, GUEST_HIGH_RAM_START - 1, 2));
	assert_ptr_equal(mem_at(&mem, GUEST_HIGH_RAM_START, mem.high_size),
			 mem.base + mem.low_size);
	assert_null(mem_at(&mem, GUEST_HIGH_RAM_START, mem.high_size + 1));
	assert_null(mem_at(&mem, GUEST_HIGH_RAM_START + mem.high_size, 0));
	mem_free(&mem);
}

static void test_copies(void **state)
{
	struct guest_memory mem;
	char buf[8] = "-------";

	assert_int_equal(mem_init(&mem, 2 * MIB), 0);
	assert_int_equal(mem_write(&mem, 4093, "abcdefg", 8), 0);
	assert_int_equal(mem_read(&mem, 4093, buf, 8), 0);
	assert_string_equal(buf, "abcdefg");
	assert_int_equal(mem_write(&mem, 2 * MIB - 4, "ABCDEFG", 8), -EFAULT);
	assert_int_equal(mem_read(&mem, 2 * MIB - 4, buf, 4), 0);
	assert_memory_equal(buf, "\0\0\0\0efg", 8);	/* nothing was written, memory is zeroed */
	assert_int_equal(mem_read(&mem, 2 * MIB - 4, buf, 8), -EFAULT);
	mem_free(&mem);
}

static void test_refused(void **state)
{
	struct guest_memory mem;

	assert_int_equal(mem_init(&mem, 0), -EINVAL);
	assert_int_equal(mem_init(&mem, UINT64_MAX), -ENOMEM);
	assert_int_equal(mem_init(&mem, 1ull << 50), -ENOMEM);
	assert_null(mem_at(&mem, 0, 1));
	mem_free(&mem);
}

static unsigned long resident_pages(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return resident;
}

/* Memory that the guest has not touched costs nothing. */
static void test_resident(void **state)
{
	unsigned long before = resident_pages();
	struct guest_memory mem;

	assert_int_equal(mem_init(&mem, 64 * GIB), 0);
	assert_int_equal(mem_write(&mem, 0, "x", 1), 0);
	assert_int_equal(mem_write(&mem, 60 * GIB, "x", 1), 0);
	assert_true(resident_pages() - before < 8 * MIB / 4096);
	mem_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_low_only),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_resident),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
