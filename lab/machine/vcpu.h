/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_VCPU_H
#define AZ_LAB_MACHINE_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "core/counters.h"
#include "machine/hvcpuid.h"

struct kvmstats;
struct machine;

/* Returns of KVM_RUN by reason, and what they asked for. */
struct vcpu_counters {
	counter_t io, mmio, mmio_unknown, io_unknown, io_string;
	counter_t hypercall, synic, system_event, interrupted, other;
	counter_t msr;
	counter_t post_message, signal_event, unknown_hypercall;
	counter_t retarget, mmio_read, mmio_write;
};

/* One virtual processor: index is the VP index, the KVM id is the APIC id. */
struct vcpu {
	struct machine *machine;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	struct kvmstats *stats;		/* NULL: this kernel has none */
	pthread_t thread;
	bool started;
	struct vcpu_counters counters;
};

extern const struct counter_name vcpu_counter_names[];

/* Create VP @index with its CPUID; VPs are to be made in the order of their index. 0 or -errno. */
int vcpu_create(struct machine *m, struct vcpu *vcpu, unsigned int index, char *err,
		size_t err_len);
void vcpu_destroy(struct vcpu *vcpu);

/* Start the thread. 0 or -errno. */
int vcpu_start(struct vcpu *vcpu);

/* Make the thread return, from machine_end() on; then wait for it. */
void vcpu_kick(struct vcpu *vcpu);
void vcpu_join(struct vcpu *vcpu);

/* cpustate.c: CPUID and the state in which a VP waits or, VP 0, starts at @entry. 0 or -errno. */
int cpustate_set_cpuid(int vcpu_fd, const struct kvm_cpuid2 *host, const struct cpu_topology *topo,
		       char *err, size_t err_len);
int cpustate_set_boot(int vcpu_fd, uint64_t entry);
int cpustate_set_msrs(int vcpu_fd);

/* The five parameters of the guest's crash report. 0 or -errno. */
int cpustate_crash_report(int vcpu_fd, uint64_t p[5]);

#endif
