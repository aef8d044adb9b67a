// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmbus/gpadl.h"

#define PAGE	GUEST_PAGE_SIZE
#define RAM	(2u << 20)

static struct guest_memory mem;

/* 5 and 6 are neighbours, the rest is scattered. */
static const uint64_t pfns[] = { 100, 5, 6, 300 };

static int setup(void **state)
{
	return mem_init(&mem, RAM);
}

static int teardown(void **state)
{
	mem_free(&mem);
	return 0;
}

static void test_create(void **state)
{
	struct gpadl *g = gpadl_create(&mem, 7, 3, pfns, 4, 0, 4 * PAGE);

	assert_non_null(g);
	assert_int_equal(g->id, 7);
	assert_int_equal(g->relid, 3);
	assert_int_equal(g->pages, 4);
	assert_ptr_equal(g->page[0], mem.base + 100 * PAGE);
	assert_ptr_equal(g->page[3], mem.base + 300 * PAGE);
	assert_int_equal(g->users, 0);
	gpadl_free(g);

	g = gpadl_create(&mem, 7, 3, pfns, 1, 4000, 96);
	assert_non_null(g);
	gpadl_free(g);
}

static void refused(const uint64_t *list, uint32_t pages, uint32_t offset, uint32_t count,
		    int error)
{
	errno = 0;
	assert_null(gpadl_create(&mem, 1, 1, list, pages, offset, count));
	assert_int_equal(errno, error);
}

static void test_refused(void **state)
{
	static const uint64_t outside[] = { 5, RAM / PAGE };
	static const uint64_t wraps[] = { 5, 1ull << 52 };
	static const uint64_t huge[] = { UINT64_MAX };
	static const uint64_t hole[] = { GUEST_LOW_RAM_END / PAGE };

	refused(pfns, 0, 0, 0, EINVAL);
	refused(pfns, 1, 0, PAGE + 1, EINVAL);
	refused(pfns, 1, 1, PAGE, EINVAL);
	refused(pfns, 1, PAGE, 0, EINVAL);
	refused(pfns, 4, UINT32_MAX, UINT32_MAX, EINVAL);
	refused(outside, 2, 0, 2 * PAGE, EFAULT);
	refused(wraps, 2, 0, 2 * PAGE, EFAULT);	/* << 12 would be page 0 */
	refused(huge, 1, 0, PAGE, EFAULT);
	refused(hole, 1, 0, PAGE, EFAULT);
}

static void test_copy(void **state)
{
	struct gpadl *g = gpadl_create(&mem, 1, 1, pfns, 4, 0, 4 * PAGE);
	uint8_t in[3 * PAGE], out[3 * PAGE];
	unsigned int i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7 + 1);
	assert_int_equal(gpadl_write(g, 100, in, sizeof(in)), 0);
	assert_int_equal(gpadl_read(g, 100, out, sizeof(out)), 0);
	assert_memory_equal(in, out, sizeof(in));
	assert_memory_equal(mem.base + 100 * PAGE + 100, in, PAGE - 100);
	assert_memory_equal(mem.base + 5 * PAGE, in + PAGE - 100, PAGE);
	assert_memory_equal(mem.base + 300 * PAGE, in + 3 * PAGE - 100, 100);
	assert_int_equal(mem.base[4 * PAGE + PAGE - 1], 0);
	assert_int_equal(mem.base[7 * PAGE], 0);

	/* To the last byte and not one further; nothing is copied then. */
	assert_int_equal(gpadl_write(g, 4 * PAGE - 1, "x", 1), 0);
	assert_int_equal(gpadl_write(g, 4 * PAGE - 1, "yz", 2), -EFAULT);
	assert_int_equal(mem.base[300 * PAGE + PAGE - 1], 'x');
	assert_int_equal(gpadl_read(g, 4 * PAGE, out, 0), 0);
	assert_int_equal(gpadl_read(g, 4 * PAGE + 1, out, 0), -EFAULT);
	assert_int_equal(gpadl_read(g, UINT64_MAX, out, 2), -EFAULT);
	assert_int_equal(gpadl_read(g, 1, out, SIZE_MAX), -EFAULT);
	gpadl_free(g);
}

static void test_iov(void **state)
{
	struct gpadl *g = gpadl_create(&mem, 1, 1, pfns, 4, 0, 4 * PAGE);
	struct iovec iov[4];

	assert_int_equal(gpadl_iov(g, 10, 3 * PAGE, iov, 4), 3);
	assert_ptr_equal(iov[0].iov_base, mem.base + 100 * PAGE + 10);
	assert_int_equal(iov[0].iov_len, PAGE - 10);
	assert_ptr_equal(iov[1].iov_base, mem.base + 5 * PAGE);
	assert_int_equal(iov[1].iov_len, 2 * PAGE);	/* merged */
	assert_ptr_equal(iov[2].iov_base, mem.base + 300 * PAGE);
	assert_int_equal(iov[2].iov_len, 10);
	assert_int_equal(gpadl_iov(g, 10, 3 * PAGE, iov, 2), -E2BIG);
	assert_int_equal(gpadl_iov(g, PAGE, 2 * PAGE, iov, 1), 1);
	assert_int_equal(gpadl_iov(g, 0, 0, iov, 0), 0);
	assert_int_equal(gpadl_iov(g, 1, 4 * PAGE, iov, 4), -EFAULT);
	gpadl_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iov, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
