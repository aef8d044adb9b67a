// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls of vPCI: where a device's interrupt goes, and registers without a trap. */
#include <string.h>

#include "machine/machine.h"

#define VPSET_SPARSE	0	/* HV_GENERIC_SET_SPARSE_4K */
#define VPSET_ALL	1

/*
 * A copy of the input: the fixed part, then as many words as the variable header says.
 * HV_STATUS_*.
 */
static uint16_t take_input(const struct machine *m, uint64_t gpa, unsigned int words,
			   struct hv_retarget_input *in)
{
	size_t len = offsetof(struct hv_retarget_input, words) + 8 + 8 * words;

	if (gpa % 8)
		return HV_STATUS_INVALID_ALIGNMENT;
	if (words > HV_RETARGET_MAX_WORDS || gpa % GUEST_PAGE_SIZE + len > GUEST_PAGE_SIZE)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	memset(in, 0, sizeof(*in));
	return mem_read(&m->mem, gpa, in, len) ? HV_STATUS_INVALID_PARAMETER : HV_STATUS_SUCCESS;
}

/*
 * The VPs of a sparse set (TLFS 7.8.7.3.3): a word with the banks that are there, then 64
 * VPs of each. The first bank is all that the machine has.
 */
static uint16_t take_set(const struct hv_retarget_input *in, unsigned int words, uint64_t *vps)
{
	uint64_t banks = in->words[1];

	if (in->words[0] == VPSET_ALL) {
		*vps = ~0ull;
		return HV_STATUS_SUCCESS;
	}
	if (in->words[0] != VPSET_SPARSE || !words ||
	    (unsigned int)__builtin_popcountll(banks) != words - 1)
		return HV_STATUS_INVALID_PARAMETER;
	*vps = banks & 1 ? in->words[2] : 0;
	return HV_STATUS_SUCCESS;
}

uint16_t machine_retarget(struct machine *m, uint64_t control, uint64_t gpa)
{
	unsigned int words = HV_HYPERCALL_VARHEAD(control);
	struct retarget target = { 0 };
	struct hv_retarget_input in;
	uint16_t status;

	if (control & HV_HYPERCALL_FAST)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	status = take_input(m, gpa, words, &in);
	if (status)
		return status;
	if (in.partition_id != HV_PARTITION_ID_SELF || in.source != HV_INTERRUPT_SOURCE_MSI)
		return HV_STATUS_INVALID_PARAMETER;
	if (in.flags & HV_RETARGET_PROCESSOR_SET)
		status = take_set(&in, words, &target.vps);
	else
		target.vps = in.words[0];
	if (status)
		return status;
	if (m->n_vcpus < 64)
		target.vps &= (1ull << m->n_vcpus) - 1;
	target.device_id = in.device_id;
	target.address = in.address;
	target.data = in.data;
	target.vector = in.vector;
	return m->retarget ? m->retarget(m->retarget_ctx, &target) :
		HV_STATUS_INVALID_PARAMETER;
}

/* Sizes as an instruction could have. HV_STATUS_*. */
static uint16_t mmio_input(const struct machine *m, uint64_t control, uint64_t gpa, size_t len,
			   struct hv_mmio_input *in)
{
	if (control & HV_HYPERCALL_FAST || HV_HYPERCALL_VARHEAD(control))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (gpa % 8)
		return HV_STATUS_INVALID_ALIGNMENT;
	if (gpa % GUEST_PAGE_SIZE + len > GUEST_PAGE_SIZE || mem_read(&m->mem, gpa, in, len))
		return HV_STATUS_INVALID_PARAMETER;
	return in->size == 1 || in->size == 2 || in->size == 4 || in->size == 8 ?
		HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

uint16_t machine_mmio_read(struct machine *m, uint64_t control, uint64_t gpa, uint64_t out)
{
	struct hv_mmio_input in;
	uint64_t value = 0;
	uint16_t status;

	status = mmio_input(m, control, gpa, offsetof(struct hv_mmio_input, data), &in);
	if (status)
		return status;
	if (out % 8 || !mem_at(&m->mem, out, sizeof(value)) ||
	    !mmio_access(&m->mmio, in.gpa, &value, in.size, false))
		return HV_STATUS_INVALID_PARAMETER;
	return mem_write(&m->mem, out, &value, in.size) ? HV_STATUS_INVALID_PARAMETER :
		HV_STATUS_SUCCESS;
}

uint16_t machine_mmio_write(struct machine *m, uint64_t control, uint64_t gpa)
{
	struct hv_mmio_input in;
	uint16_t status = mmio_input(m, control, gpa, sizeof(in), &in);

	if (status)
		return status;
	return mmio_access(&m->mmio, in.gpa, in.data, in.size, true) ? HV_STATUS_SUCCESS :
		HV_STATUS_INVALID_PARAMETER;
}
