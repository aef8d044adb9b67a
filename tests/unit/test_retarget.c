// SPDX-License-Identifier: GPL-2.0-only
/* The hypercalls of vPCI and the page that sends them, without KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "machine/machine.h"

#define INPUT	0x4000ull
#define OUTPUT	0x5000ull
#define VAR(n)	((uint64_t)(n) << 17)

static struct machine machine;
static struct retarget last;
static unsigned int calls;

static uint64_t mmio_value, mmio_gpa;

bool mmio_access(struct mmio *m, uint64_t gpa, void *data, unsigned int size, bool write)
{
	if (gpa < 0xf8000000)
		return false;
	mmio_gpa = gpa;
	if (write) {
		mmio_value = 0;
		memcpy(&mmio_value, data, size);
	} else {
		memcpy(data, &mmio_value, size);
	}
	return true;
}

static uint16_t retarget(void *ctx, const struct retarget *target)
{
	last = *target;
	calls++;
	return HV_STATUS_SUCCESS;
}

static int setup(void **state)
{
	memset(&machine, 0, sizeof(machine));
	machine.n_vcpus = 4;
	machine.retarget = retarget;
	calls = 0;
	return mem_init(&machine.mem, 2 << 20);
}

static int teardown(void **state)
{
	mem_free(&machine.mem);
	return 0;
}

/* In the guest's memory, so that only as much of it counts as the header says. */
static struct hv_retarget_input *input(void)
{
	struct hv_retarget_input *in = mem_at(&machine.mem, INPUT, sizeof(*in));

	*in = (struct hv_retarget_input){
		.partition_id = HV_PARTITION_ID_SELF,
		.device_id = 0xa2001234,
		.source = HV_INTERRUPT_SOURCE_MSI,
		.address = 0xfee00000,
		.data = 77,
		.vector = 0x41,
	};
	return in;
}

static void test_mask(void **state)
{
	struct hv_retarget_input *in = input();

	in->words[0] = 0xf5;
	assert_int_equal(machine_retarget(&machine, HVCALL_RETARGET_INTERRUPT, INPUT), 0);
	assert_int_equal(last.device_id, 0xa2001234);
	assert_int_equal(last.address, 0xfee00000);
	assert_int_equal(last.data, 77);
	assert_int_equal(last.vector, 0x41);
	assert_int_equal(last.vps, 5);		/* there are VPs 0 to 3 */
}

static void test_set(void **state)
{
	struct hv_retarget_input *in = input();

	in->flags = HV_RETARGET_PROCESSOR_SET;
	in->words[1] = 1;
	in->words[2] = 2;
	assert_int_equal(machine_retarget(&machine, VAR(2), INPUT), 0);
	assert_int_equal(last.vps, 2);
	/* a bank without a VP of ours, and two of them */
	in->words[1] = 2;
	assert_int_equal(machine_retarget(&machine, VAR(2), INPUT), 0);
	assert_int_equal(last.vps, 0);
	in->words[1] = 3;
	in->words[2] = 8;
	in->words[3] = 1;
	assert_int_equal(machine_retarget(&machine, VAR(3), INPUT), 0);
	assert_int_equal(last.vps, 8);
	in->words[0] = 1;		/* all */
	assert_int_equal(machine_retarget(&machine, VAR(1), INPUT), 0);
	assert_int_equal(last.vps, 15);
	assert_int_equal(calls, 4);
}

static void test_refused(void **state)
{
	struct hv_retarget_input *in = input();

	assert_int_equal(machine_retarget(&machine, HV_HYPERCALL_FAST, INPUT),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(machine_retarget(&machine, 0, INPUT + 4), HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(machine_retarget(&machine, 0, machine.mem.size),
			 HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(machine_retarget(&machine, 0, INPUT + 0xfe0),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(machine_retarget(&machine, VAR(511), INPUT),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	in->flags = HV_RETARGET_PROCESSOR_SET;
	in->words[1] = 3;
	assert_int_equal(machine_retarget(&machine, VAR(2), INPUT), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(machine_retarget(&machine, 0, INPUT), HV_STATUS_INVALID_PARAMETER);
	in->words[0] = 2;
	assert_int_equal(machine_retarget(&machine, VAR(3), INPUT), HV_STATUS_INVALID_PARAMETER);
	in = input();
	in->source = 2;
	assert_int_equal(machine_retarget(&machine, 0, INPUT), HV_STATUS_INVALID_PARAMETER);
	in = input();
	in->partition_id = 0;
	assert_int_equal(machine_retarget(&machine, 0, INPUT), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(calls, 0);
}

static void test_mmio(void **state)
{
	struct hv_mmio_input *in = mem_at(&machine.mem, INPUT, sizeof(*in));
	uint8_t *out = mem_at(&machine.mem, OUTPUT, 16);

	*in = (struct hv_mmio_input){ .gpa = 0xf8001004, .size = 4, .data = { 1, 2, 3, 4, 5 } };
	assert_int_equal(machine_mmio_write(&machine, HVCALL_MMIO_WRITE, INPUT), 0);
	assert_int_equal(mmio_gpa, 0xf8001004);
	assert_int_equal(mmio_value, 0x04030201);
	mmio_value = 0x1122334455667788;
	assert_int_equal(machine_mmio_read(&machine, HVCALL_MMIO_READ, INPUT, OUTPUT), 0);
	assert_int_equal(out[3], 0x55);
	assert_int_equal(out[4], 0);
	/* sizes, addresses and places that cannot be */
	in->size = 3;
	assert_int_equal(machine_mmio_read(&machine, 0, INPUT, OUTPUT),
			 HV_STATUS_INVALID_PARAMETER);
	in->size = 64;
	assert_int_equal(machine_mmio_write(&machine, 0, INPUT), HV_STATUS_INVALID_PARAMETER);
	in->size = 4;
	assert_int_equal(machine_mmio_read(&machine, 0, INPUT, machine.mem.size),
			 HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(machine_mmio_read(&machine, 0, INPUT + 1, OUTPUT),
			 HV_STATUS_INVALID_ALIGNMENT);
	assert_int_equal(machine_mmio_write(&machine, VAR(1), INPUT),
			 HV_STATUS_INVALID_HYPERCALL_INPUT);
	assert_int_equal(machine_mmio_write(&machine, 0, INPUT + 0xfc0),
			 HV_STATUS_INVALID_PARAMETER);
	in->gpa = 0x1000;
	assert_int_equal(machine_mmio_read(&machine, 0, INPUT, OUTPUT),
			 HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(machine_mmio_write(&machine, 0, INPUT), HV_STATUS_INVALID_PARAMETER);
}

/* ---- the page ---------------------------------------------------------------------- */

/*
 * Where the code of the page calls the hypervisor for @code, and with which one: the
 * few instructions that it has, done by hand.
 */
static uint16_t walk(const uint8_t *page, uint16_t code)
{
	uint32_t eax = 0, ecx = code;
	int cmp = 0;

	for (unsigned int ip = 0; ip < HVPAGE_SIZE;) {
		const uint8_t *p = page + ip;

		if (p[0] == 0x0f && p[1] == 0xb7 && p[2] == 0xc1) {
			eax = ecx & 0xffff;
			ip += 3;
		} else if (p[0] == 0x83 && p[1] == 0xf8) {
			cmp = eax < p[2] ? -1 : eax > p[2];
			ip += 3;
		} else if (p[0] == 0x2d) {
			eax -= p[1] | p[2] << 8 | p[3] << 16 | (uint32_t)p[4] << 24;
			ip += 5;
		} else if (p[0] == 0x74 || p[0] == 0x76) {
			ip += 2 + (cmp == 0 || (p[0] == 0x76 && cmp < 0) ? p[1] : 0);
		} else if (p[0] == 0x66 && p[1] == 0xb9) {
			ecx = p[2] | (uint32_t)p[3] << 8;
			ip += 4;
		} else if (p[0] == 0x66 && p[1] == 0x81 && p[2] == 0xc1) {
			ecx = (ecx + (p[3] | (uint32_t)p[4] << 8)) & 0xffff;
			ip += 5;
		} else {
			assert_memory_equal(p, "\x0f\x01\xd9\xc3", 4);
			return (uint16_t)ecx;
		}
	}
	fail_msg("the code runs off its end");
	return 0;
}

static void test_page(void **state)
{
	static const uint16_t others[] = { 0, 2, 0x5c, 0x5d, 0x7d, 0x7f, 0x105, 0x108, 0xffff };
	static const uint8_t vmmcall[3] = { 0x0f, 0x01, 0xd9 };
	static const uint16_t ours[] = {
		HVCALL_RETARGET_INTERRUPT, HVCALL_MMIO_READ, HVCALL_MMIO_WRITE
	};
	uint8_t page[HVPAGE_SIZE];

	hvpage_code(page, vmmcall);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(walk(page, others[i]), others[i]);
	for (size_t i = 0; i < 3; i++) {
		assert_in_range(walk(page, ours[i]), 0x8001, 0x8041);
		assert_int_equal(hvpage_original_code(walk(page, ours[i])), ours[i]);
	}
	assert_int_equal(hvpage_original_code(0x8001), 0x8001);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mask),
		TEST(test_set),
		TEST(test_refused),
		TEST(test_mmio),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
