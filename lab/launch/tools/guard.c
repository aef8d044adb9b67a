// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps QEMU's emulated SVM from delivering a guest's interrupt twice.
 *
 * When VMRUN injects an external interrupt, QEMU's helper_vmrun() (7.2 to 10.0)
 * delivers it at once but leaves the vector in exception_index. Whatever makes
 * the virtual processor leave its loop before the next #VMEXIT or exception (the
 * end of an instruction budget with -icount, a kick by another thread without)
 * then delivers the same vector again, with interrupts off in the guest, which
 * sooner or later takes a lock that the interrupted handler holds.
 *
 * The remedy is an interrupt for level 1 itself that is pending at that VMRUN: it
 * is looked at first, ends the guest's run at the handler's first instruction
 * and clears the vector (KVM's own force_immediate_exit works the same way). A
 * probe on svm_vcpu_run(), which runs with interrupts off, sees the runs that
 * inject; a perf event on it that wants to wake its reader does so by irq_work,
 * which is an interrupt to the same processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch/tools/tool.h"

#define TRACING		"/sys/kernel/debug/tracing"
#define PROBE		"p:azimuth/inject svm_vcpu_run " \
			"injected=vcpu->arch.interrupt.injected\n"
#define PROBE_ID	TRACING "/events/azimuth/inject/id"
#define FILTER		"injected == 1"

/* Makes the probe. Returns the id of its event, or a negative errno. */
static long make_probe(void)
{
	ssize_t len = strlen(PROBE);
	int fd = open(TRACING "/kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
	long id = -ENOENT;
	FILE *f;

	if (fd < 0)
		return -errno;
	len = write(fd, PROBE, len) == len ? 0 : -errno;
	close(fd);
	if (len)
		return len;
	f = fopen(PROBE_ID, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%ld", &id) != 1)
		id = -EINVAL;
	fclose(f);
	return id;
}

/* A ring that nobody reads: mapped read-only it is overwritten, never full. */
static int arm(long id, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_FILTER, FILTER) < 0)
		return -errno;
	return mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno : 0;
}

/* guard: arms every processor, then sleeps, for all of it ends with the process. */
int tool_guard(int argc, char **argv)
{
	long id = make_probe(), cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int ret = hold_kvm();

	if (ret)
		tool_error("guard: cannot hold a VM: %s", strerror(-ret));
	if (id < 0) {
		tool_error("guard: cannot probe svm_vcpu_run: %s", strerror(-id));
		return TOOL_ENV;
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		ret = arm(id, cpu);
		if (ret) {
			tool_error("guard: cpu %ld: %s", cpu, strerror(-ret));
			return TOOL_ENV;
		}
	}
	for (;;)
		pause();
}
