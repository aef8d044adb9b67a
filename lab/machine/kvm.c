// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "machine/kvm.h"
#include "proto/hv.h"

/* Intel only: three pages for real mode and one page table, away from RAM and devices. */
#define TSS_ADDRESS		0xfffbd000ul
#define IDENTITY_MAP_ADDRESS	0xfffbc000ull

#define CPUID_ENTRIES_MAX	256

struct capability {
	int number;
	const char *name;
	bool required;
};

#define REQUIRED(cap)	{ cap, #cap, true }
#define OPTIONAL(cap)	{ cap, #cap, false }

static const struct capability capabilities[] = {
	REQUIRED(KVM_CAP_IRQCHIP),
	REQUIRED(KVM_CAP_USER_MEMORY),
	REQUIRED(KVM_CAP_EXT_CPUID),
	REQUIRED(KVM_CAP_IRQ_ROUTING),
	REQUIRED(KVM_CAP_IRQFD),
	REQUIRED(KVM_CAP_IRQFD_RESAMPLE),
	REQUIRED(KVM_CAP_SIGNAL_MSI),
	REQUIRED(KVM_CAP_IMMEDIATE_EXIT),
	REQUIRED(KVM_CAP_HYPERV),
	REQUIRED(KVM_CAP_HYPERV_TIME),
	REQUIRED(KVM_CAP_HYPERV_SYNIC2),
	REQUIRED(KVM_CAP_HYPERV_VP_INDEX),
	REQUIRED(KVM_CAP_HYPERV_CPUID),
	OPTIONAL(KVM_CAP_HYPERV_EVENTFD),
	OPTIONAL(KVM_CAP_MAX_VCPUS),
};

#define N_CAPABILITIES	(sizeof(capabilities) / sizeof(capabilities[0]))

static int open_device(struct kvm *kvm, char *err, size_t err_len)
{
	int rc;

	kvm->vm = -1;
	kvm->fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm->fd >= 0)
		return 0;
	rc = -errno;
	if (rc == -EACCES)
		snprintf(err, err_len,
			 "/dev/kvm: permission denied; run as root or as a member of its group");
	else
		snprintf(err, err_len, "/dev/kvm: %s; load kvm and kvm-amd or kvm-intel, or use "
			 "the lab's nested mode", strerror(-rc));
	return rc;
}

int kvm_open(struct kvm *kvm, char *err, size_t err_len)
{
	int rc = open_device(kvm, err, err_len);

	if (rc)
		return rc;
	if (ioctl(kvm->fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		snprintf(err, err_len, "/dev/kvm: not the KVM interface of version %d",
			 KVM_API_VERSION);
		goto fail;
	}
	for (size_t i = 0; i < N_CAPABILITIES; i++) {
		const struct capability *c = &capabilities[i];

		if (!c->required || ioctl(kvm->fd, KVM_CHECK_EXTENSION, c->number) > 0)
			continue;
		snprintf(err, err_len,
			 "/dev/kvm lacks %s; use a kernel with CONFIG_KVM_HYPERV, %s", c->name,
			 "or the lab's nested mode");
		goto fail;
	}
	kvm->has_signal_eventfd = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV_EVENTFD) > 0;
	rc = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (rc <= 0) {
		snprintf(err, err_len, "/dev/kvm: KVM_GET_VCPU_MMAP_SIZE: %s", strerror(errno));
		goto fail;
	}
	kvm->run_size = (size_t)rc;
	return 0;
fail:
	kvm_close(kvm);
	return -ENODEV;
}

int kvm_print_caps(struct kvm *kvm)
{
	char err[160];
	int rc = open_device(kvm, err, sizeof(err));

	if (rc) {
		printf("%s\n", err);
		return rc;
	}
	for (size_t i = 0; i < N_CAPABILITIES; i++) {
		const struct capability *c = &capabilities[i];
		int value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, c->number);

		if (value <= 0 && c->required)
			rc = -ENODEV;
		printf("%-28s %d%s\n", c->name, value,
		       value > 0 ? "" : c->required ? "  missing" : "  missing, optional");
	}
	kvm_close(kvm);
	return rc;
}

int kvm_set_slot(const struct kvm *kvm, uint32_t slot, uint64_t gpa, uint64_t size, void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	return ioctl(kvm->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int kvm_set_routes(const struct kvm *kvm, unsigned int vp_count)
{
	unsigned int n = IOAPIC_PINS + vp_count;
	struct kvm_irq_routing *table;
	int rc = 0;

	table = calloc(1, sizeof(*table) + n * sizeof(table->entries[0]));
	if (!table)
		return -ENOMEM;
	table->nr = n;
	for (unsigned int i = 0; i < n; i++) {
		struct kvm_irq_routing_entry *e = &table->entries[i];

		e->gsi = i;
		if (i < IOAPIC_PINS) {
			e->type = KVM_IRQ_ROUTING_IRQCHIP;
			e->u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
			e->u.irqchip.pin = i;
		} else {
			e->type = KVM_IRQ_ROUTING_HV_SINT;
			e->u.hv_sint.vcpu = i - GSI_SYNIC;
			e->u.hv_sint.sint = HV_SINT_VMBUS;
		}
	}
	if (ioctl(kvm->vm, KVM_SET_GSI_ROUTING, table))
		rc = -errno;
	free(table);
	return rc;
}

int kvm_create(struct kvm *kvm, const struct guest_memory *mem, char *err, size_t err_len)
{
	uint64_t identity_map = IDENTITY_MAP_ADDRESS;
	const char *what = "KVM_CREATE_VM";
	int rc;

	kvm->vm = ioctl(kvm->fd, KVM_CREATE_VM, 0);
	if (kvm->vm < 0)
		goto fail;
	what = "KVM_SET_IDENTITY_MAP_ADDR";
	if (ioctl(kvm->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map))
		goto fail;
	what = "KVM_SET_TSS_ADDR";
	if (ioctl(kvm->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS))
		goto fail;
	/* The whole chip set although the PIC stays idle: KVM has no half without it. */
	what = "KVM_CREATE_IRQCHIP";
	if (ioctl(kvm->vm, KVM_CREATE_IRQCHIP, 0))
		goto fail;
	what = "KVM_SET_USER_MEMORY_REGION";
	rc = kvm_set_slot(kvm, 0, 0, mem->low_size, mem->base);
	if (!rc && mem->high_size)
		rc = kvm_set_slot(kvm, 1, GUEST_HIGH_RAM_START, mem->high_size,
				  mem->base + mem->low_size);
	if (!rc)
		return 0;
	errno = -rc;
fail:
	rc = -errno;
	snprintf(err, err_len, "%s: %s", what, strerror(-rc));
	return rc;
}

void kvm_close(struct kvm *kvm)
{
	if (kvm->vm >= 0)
		close(kvm->vm);
	if (kvm->fd >= 0)
		close(kvm->fd);
	kvm->vm = -1;
	kvm->fd = -1;
}

struct kvm_cpuid2 *kvm_get_cpuid(int fd, unsigned long request)
{
	struct kvm_cpuid2 *cpuid;
	int saved;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES_MAX * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return NULL;
	cpuid->nent = CPUID_ENTRIES_MAX;
	if (ioctl(fd, request, cpuid)) {
		saved = errno;
		free(cpuid);
		errno = saved;
		return NULL;
	}
	return cpuid;
}

int kvm_irqfd(const struct kvm *kvm, unsigned int gsi, int trigger, int resample)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)trigger,
		.gsi = gsi,
	};

	if (resample >= 0) {
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = (uint32_t)resample;
	}
	return ioctl(kvm->vm, KVM_IRQFD, &irqfd) ? -errno : 0;
}

void kvm_irq_line(const struct kvm *kvm, unsigned int gsi, bool level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	/* Fails only without an irqchip, and kvm_create() made one. */
	(void)ioctl(kvm->vm, KVM_IRQ_LINE, &line);
}

int kvm_signal_msi(const struct kvm *kvm, uint64_t address, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)address,
		.address_hi = (uint32_t)(address >> 32),
		.data = data,
	};

	/* More than 0: delivered; 0: the guest has blocked it, which is no failure of ours. */
	return ioctl(kvm->vm, KVM_SIGNAL_MSI, &msi) < 0 ? -errno : 0;
}

int kvm_bind_signal(const struct kvm *kvm, uint32_t connection_id, int fd)
{
	struct kvm_hyperv_eventfd bind = {
		.conn_id = connection_id,
		.fd = fd,
		.flags = fd < 0 ? KVM_HYPERV_EVENTFD_DEASSIGN : 0,
	};

	return ioctl(kvm->vm, KVM_HYPERV_EVENTFD, &bind) ? -errno : 0;
}
