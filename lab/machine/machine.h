/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_MACHINE_H
#define AZ_LAB_MACHINE_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "core/memory.h"
#include "machine/acpi.h"
#include "machine/boot.h"
#include "machine/console.h"
#include "machine/hvpage.h"
#include "machine/kvm.h"
#include "machine/mmio.h"
#include "machine/serial.h"
#include "machine/synic.h"
#include "machine/vcpu.h"
#include "vmbus/bus.h"

#define MACHINE_MAX_VCPUS	64

/* How a run can end; also the exit code of azhost. */
enum machine_exit {
	MACHINE_POWER_OFF = 0,
	MACHINE_RESET = 10,
	MACHINE_PANIC = 11,
	MACHINE_TRIPLE_FAULT = 12,
	MACHINE_WATCHDOG = 13,
	MACHINE_HOST_ERROR = 14,
	MACHINE_SIGNAL = 128,	/* plus the signal's number */
};

struct machine_config {
	uint64_t memory;		/* bytes */
	unsigned int vcpus;
	unsigned int numa_nodes;	/* 0: the guest sees no NUMA */
	bool smt;			/* two VPs are a core; @vcpus is even */
	struct boot_config boot;
	const char *console, *results;	/* paths, "-", or NULL */
	uint64_t watchdog_ns;		/* 0: none */
	uint64_t mmio_high;		/* bytes of the MMIO window above RAM */
	bool pci;			/* there are PCI devices, and the hypercalls of vPCI */
	bool mmio_hypercalls;		/* CPUID tells the guest to use them for registers */
	/* The guest wrote "@mark NAME" to its results port; on a vCPU's thread, which waits. */
	void (*mark)(void *ctx, const char *name);
	void *ctx;
};

/* RETARGET_INTERRUPT: the message @data to @address of a device goes elsewhere. */
struct retarget {
	uint64_t device_id;
	uint32_t address, data;
	uint32_t vector;
	uint64_t vps;			/* mask of those that exist */
};

/*
 * The machine around VMBus: processors, memory, firmware tables, serial
 * ports. The loop is the machine's own, for the watchdog, console input, EOM
 * and whatever the program adds (control socket).
 */
struct machine {
	const struct machine_config *config;
	struct guest_memory mem;
	struct kvm kvm;
	struct kvm_cpuid2 *host_cpuid;
	uint64_t entry;			/* of the kernel */
	struct loop *loop;
	struct loop_timer watchdog;
	struct synic synic;
	struct vmbus *bus;
	struct mmio mmio;
	/* Of whoever has PCI devices; gives HV_STATUS_*. vCPU threads. */
	uint16_t (*retarget)(void *ctx, const struct retarget *target);
	void *retarget_ctx;
	struct vcpu *vcpus;
	unsigned int n_vcpus;		/* created */
	struct serial com[2];
	struct console console, results;
	_Atomic uint8_t rtc_index;
	_Atomic int64_t rtc_now;
	uint64_t start_ns;		/* CLOCK_MONOTONIC when the vCPUs started */
	atomic_bool panic_seen;		/* on the console */
	atomic_bool stopping;

	pthread_mutex_t end_lock;
	pthread_cond_t end_cond;
	bool ended;
	int end_code;
	char end_reason[256];
};

/*
 * Begin the machine of @config, which has to outlive it: memory with the
 * kernel and its initrds in it, the loop, a SynIC that is not connected yet.
 * All that depends on the user's input and nothing that needs KVM. 0, or
 * -errno with one line in @err: -EINVAL and -E2BIG are the user's, everything
 * else is the environment. machine_destroy() in either case.
 */
int machine_load(struct machine *m, const struct machine_config *config, char *err,
		 size_t err_len);

/* Everything else but the start: KVM, processors, tables, ports. As machine_load(). */
int machine_create(struct machine *m, char *err, size_t err_len);

/* @bus belongs to the caller and has to stay until machine_stop(). */
void machine_set_bus(struct machine *m, struct vmbus *bus);

/* Who moves the interrupts of PCI devices; before the guest starts. */
void machine_set_retarget(struct machine *m,
			  uint16_t (*retarget)(void *ctx, const struct retarget *target),
			  void *ctx);

/* Start the vCPUs; then wait until something ends the run. 0 or -errno. */
int machine_start(struct machine *m);
int machine_wait(struct machine *m);

/* All vCPUs have returned after this, and nothing calls the bus any more. */
void machine_stop(struct machine *m);
void machine_destroy(struct machine *m);

/*
 * End the run with @code (enum machine_exit) and a reason. The first one
 * counts. Any thread; returns at once.
 */
void machine_end(struct machine *m, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool machine_stopping(const struct machine *m);

/* End the run because the guest reset itself; in a panic that is all some kernels do. */
void machine_end_reset(struct machine *m, const char *how);

/* How the VPs of @config are put together. */
struct vp_layout machine_layout(const struct machine_config *config);

/* pio.c: @count accesses of @size bytes to @port, data in @data. */
void machine_pio(struct machine *m, struct vcpu *vcpu, uint16_t port, uint8_t *data,
		 unsigned int size, unsigned int count, bool write);

/* hypercall.c: the status and result of a hypercall that came out of KVM. */
uint64_t machine_hypercall(struct machine *m, struct vcpu *vcpu, uint64_t input,
			   const uint64_t params[2]);

/* retarget.c: hypercalls of vPCI; @gpa and @out are those of input and output. HV_STATUS_*. */
uint16_t machine_retarget(struct machine *m, uint64_t control, uint64_t gpa);
uint16_t machine_mmio_read(struct machine *m, uint64_t control, uint64_t gpa, uint64_t out);
uint16_t machine_mmio_write(struct machine *m, uint64_t control, uint64_t gpa);

/* platform.c: the machine as PCI functions see it. */
struct pci_platform machine_platform(struct machine *m);

/* report.c: the counters of the machine as in counters.json. New references. */
json_t *machine_counters_vm(struct machine *m);
json_t *machine_counters_vcpus(struct machine *m);
/* Where the SynIC's pages of each VP are now: [{"vp","simp_gpa","simp_node",...}]. */
json_t *machine_synic_pages(struct machine *m);

/* report.c: print the guest's crash report and end the run. */
void machine_guest_crashed(struct machine *m, struct vcpu *vcpu);

#endif
