// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls that KVM hands to user space (TLFS 3 and 11.11). The fast form
 * has its input in two registers, the slow form has the GPA of its input; the
 * input then is aligned to 8 bytes and lies within one page.
 */
#include "machine/machine.h"

/* Copy an input structure, once. HV_STATUS_*. */
static uint16_t read_input(const struct machine *m, uint64_t gpa, void *dst, size_t len)
{
	if (gpa % 8)
		return HV_STATUS_INVALID_ALIGNMENT;
	if (gpa % GUEST_PAGE_SIZE + len > GUEST_PAGE_SIZE || mem_read(&m->mem, gpa, dst, len))
		return HV_STATUS_INVALID_PARAMETER;
	return HV_STATUS_SUCCESS;
}

static uint16_t post_message(struct machine *m, uint64_t control, uint64_t gpa)
{
	struct hv_post_message_input in;
	uint16_t status;

	/* Registers cannot hold a message; the form with XMM registers is not announced. */
	if (control & HV_HYPERCALL_FAST)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	status = read_input(m, gpa, &in, sizeof(in));
	if (status)
		return status;
	if (in.payload_size > HV_MESSAGE_PAYLOAD_MAX || in.reserved)
		return HV_STATUS_INVALID_PARAMETER;
	if (in.connection_id & ~HV_CONNECTION_ID_MASK)
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (!m->bus)
		return HV_STATUS_INVALID_CONNECTION_ID;
	return vmbus_post_message(m->bus, in.connection_id, in.message_type, in.payload,
				  in.payload_size);
}

static uint16_t signal_event(struct machine *m, uint64_t control, uint64_t param)
{
	struct hv_signal_event_input in;
	uint16_t status;

	if (control & HV_HYPERCALL_FAST) {
		in.connection_id = (uint32_t)param;
		in.flag_number = (uint16_t)(param >> 32);
		in.reserved = (uint16_t)(param >> 48);
	} else {
		status = read_input(m, param, &in, sizeof(in));
		if (status)
			return status;
	}
	if (in.flag_number || in.reserved)
		return HV_STATUS_INVALID_PARAMETER;
	if (in.connection_id & ~HV_CONNECTION_ID_MASK ||
	    !synic_signal_connection(&m->synic, in.connection_id))
		return HV_STATUS_INVALID_CONNECTION_ID;
	return HV_STATUS_SUCCESS;
}

/* One of the calls of vPCI, whose code may be an extended one (hvpage.h). */
static uint16_t vpci_call(struct machine *m, struct vcpu *vcpu, uint16_t code, uint64_t control,
			  const uint64_t params[2])
{
	struct vcpu_counters *c = &vcpu->counters;

	if (m->config->pci && code == HVCALL_RETARGET_INTERRUPT) {
		count(&c->retarget);
		return machine_retarget(m, control, params[0]);
	}
	if (m->config->pci && code == HVCALL_MMIO_READ) {
		count(&c->mmio_read);
		return machine_mmio_read(m, control, params[0], params[1]);
	}
	if (m->config->pci && code == HVCALL_MMIO_WRITE) {
		count(&c->mmio_write);
		return machine_mmio_write(m, control, params[0]);
	}
	count(&c->unknown_hypercall);
	return HV_STATUS_INVALID_HYPERCALL_CODE;
}

uint64_t machine_hypercall(struct machine *m, struct vcpu *vcpu, uint64_t input,
			   const uint64_t params[2])
{
	uint16_t code = hvpage_original_code(HV_HYPERCALL_CODE(input));

	/* None of them repeats. */
	if (input & HV_HYPERCALL_RESERVED || HV_HYPERCALL_REP_COUNT(input) ||
	    HV_HYPERCALL_REP_START(input))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (code != HVCALL_POST_MESSAGE && code != HVCALL_SIGNAL_EVENT)
		return vpci_call(m, vcpu, code, input, params);
	/* Neither has a header of variable size. */
	if (HV_HYPERCALL_VARHEAD(input))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (code == HVCALL_POST_MESSAGE) {
		count(&vcpu->counters.post_message);
		return post_message(m, input, params[0]);
	}
	count(&vcpu->counters.signal_event);
	return signal_event(m, input, params[0]);
}
