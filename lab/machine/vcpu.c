// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/kvmstats.h"
#include "machine/machine.h"

#define KICK_SIGNAL	SIGUSR1

#define NAME(field)	{ #field, offsetof(struct vcpu_counters, field) }

const struct counter_name vcpu_counter_names[] = {
	NAME(io), NAME(mmio), NAME(mmio_unknown), NAME(io_unknown), NAME(io_string),
	NAME(hypercall), NAME(synic), NAME(system_event), NAME(msr), NAME(interrupted),
	NAME(other),
	{ NULL, 0 }
};

int vcpu_create(struct machine *m, struct vcpu *vcpu, unsigned int index, char *err,
		size_t err_len)
{
	const struct vp_layout layout = machine_layout(m->config);
	struct cpu_topology topo = {
		.apic_id = acpi_apic_id(&layout, index),
		.package_bits = acpi_package_bits(&layout),
		.package_vps = acpi_package_vps(&layout),
		.threads = layout.threads,
		.vcpus = layout.vcpus,
		.hints = m->config->mmio_hypercalls ? HV_HINT_MMIO_HYPERCALLS : 0,
	};
	const char *what = "KVM_CREATE_VCPU";
	int rc;

	vcpu->machine = m;
	vcpu->index = index;
	vcpu->fd = ioctl(m->kvm.vm, KVM_CREATE_VCPU, (unsigned long)topo.apic_id);
	if (vcpu->fd < 0)
		goto fail;
	what = "mmap of a vCPU";
	vcpu->run = mmap(NULL, m->kvm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		goto fail;
	}
	vcpu->stats = kvmstats_open(vcpu->fd);
	rc = cpustate_set_cpuid(vcpu->fd, m->host_cpuid, &topo, err, err_len);
	if (rc)
		return rc;
	rc = cpustate_set_msrs(vcpu->fd);
	if (rc)
		snprintf(err, err_len, "KVM_SET_MSRS: %s", strerror(-rc));
	return rc;
fail:
	rc = -errno;
	snprintf(err, err_len, "%s: %s", what, strerror(-rc));
	return rc;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	kvmstats_close(vcpu->stats);
	vcpu->stats = NULL;
	if (vcpu->run)
		munmap(vcpu->run, vcpu->machine->kvm.run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

/* ---- the reasons to leave the guest ------------------------------------------ */

static void exit_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	count(&vcpu->counters.io);
	machine_pio(vcpu->machine, vcpu, run->io.port, (uint8_t *)run + run->io.data_offset,
		    run->io.size, run->io.count, run->io.direction == KVM_EXIT_IO_OUT);
}

/* Where no device answers, a read gives ones. */
static void exit_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	count(&vcpu->counters.mmio);
	if (!mmio_access(&vcpu->machine->mmio, run->mmio.phys_addr, run->mmio.data,
			 run->mmio.len, run->mmio.is_write))
		count(&vcpu->counters.mmio_unknown);
}

/* The only MSR whose writes come out, see hvpage.h. */
static void exit_wrmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	count(&vcpu->counters.msr);
	run->msr.error = run->msr.index != HV_MSR_HYPERCALL ||
		hvpage_written(vcpu->fd, &vcpu->machine->mem, run->msr.data);
}

static void exit_hyperv(struct vcpu *vcpu)
{
	struct kvm_hyperv_exit *hv = &vcpu->run->hyperv;
	uint64_t params[2];

	switch (hv->type) {
	case KVM_EXIT_HYPERV_SYNIC:
		count(&vcpu->counters.synic);
		synic_pages_changed(&vcpu->machine->synic, vcpu->index, hv->u.synic.control,
				    hv->u.synic.msg_page, hv->u.synic.evt_page);
		break;
	case KVM_EXIT_HYPERV_HCALL:
		count(&vcpu->counters.hypercall);
		params[0] = hv->u.hcall.params[0];
		params[1] = hv->u.hcall.params[1];
		hv->u.hcall.result = machine_hypercall(vcpu->machine, vcpu, hv->u.hcall.input,
						       params);
		break;
	default:
		count(&vcpu->counters.other);
		break;
	}
}

static void exit_system_event(struct vcpu *vcpu)
{
	struct machine *m = vcpu->machine;

	count(&vcpu->counters.system_event);
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		machine_end(m, MACHINE_POWER_OFF, "power-off");
		break;
	case KVM_SYSTEM_EVENT_RESET:
		machine_end_reset(m, "Hyper-V reset MSR");
		break;
	case KVM_SYSTEM_EVENT_CRASH:
		machine_guest_crashed(m, vcpu);
		break;
	default:
		machine_end(m, MACHINE_HOST_ERROR, "VP %u: KVM system event %u", vcpu->index,
			    vcpu->run->system_event.type);
		break;
	}
}

static void exit_internal_error(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	struct kvm_regs regs = { 0 };

	(void)ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	machine_end(vcpu->machine, MACHINE_HOST_ERROR,
		    "VP %u: KVM internal error %u (%llx %llx) at rip %#llx rsp %#llx", vcpu->index,
		    run->internal.suberror, run->internal.ndata > 0 ? run->internal.data[0] : 0,
		    run->internal.ndata > 1 ? run->internal.data[1] : 0, regs.rip, regs.rsp);
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct machine *m = vcpu->machine;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		exit_io(vcpu);
		break;
	case KVM_EXIT_MMIO:
		exit_mmio(vcpu);
		break;
	case KVM_EXIT_HYPERV:
		exit_hyperv(vcpu);
		break;
	case KVM_EXIT_X86_WRMSR:
		exit_wrmsr(vcpu);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		exit_system_event(vcpu);
		break;
	case KVM_EXIT_SHUTDOWN:
		machine_end(m, MACHINE_TRIPLE_FAULT, "triple fault on VP %u", vcpu->index);
		break;
	case KVM_EXIT_INTR:
		count(&vcpu->counters.interrupted);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		exit_internal_error(vcpu);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		machine_end(m, MACHINE_HOST_ERROR, "VP %u: KVM cannot enter the guest (%#llx)",
			    vcpu->index,
			    (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		machine_end(m, MACHINE_HOST_ERROR, "VP %u: KVM exit reason %u", vcpu->index,
			    run->exit_reason);
		break;
	}
}

static void *vcpu_main(void *arg)
{
	struct vcpu *vcpu = arg;

	while (!machine_stopping(vcpu->machine)) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0)) {
			handle_exit(vcpu);
		} else if (errno == EINTR || errno == EAGAIN) {
			count(&vcpu->counters.interrupted);
		} else {
			machine_end(vcpu->machine, MACHINE_HOST_ERROR, "VP %u: KVM_RUN: %s",
				    vcpu->index, strerror(errno));
		}
	}
	return NULL;
}

/* ---- threads -------------------------------------------------------------------- */

static void on_kick(int sig)
{
	/* Its delivery is what makes KVM_RUN return. */
}

int vcpu_start(struct vcpu *vcpu)
{
	struct sigaction action = { .sa_handler = on_kick };
	char name[16];
	int rc;

	sigaction(KICK_SIGNAL, &action, NULL);
	rc = pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu);
	if (rc)
		return -rc;
	vcpu->started = true;
	snprintf(name, sizeof(name), "vp%u", vcpu->index);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

void vcpu_kick(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	/* A signal that comes before KVM_RUN is lost without this. */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void vcpu_join(struct vcpu *vcpu)
{
	if (vcpu->started)
		pthread_join(vcpu->thread, NULL);
	vcpu->started = false;
}
