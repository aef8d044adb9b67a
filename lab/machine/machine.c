// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "machine/machine.h"

#define IRQ_COM1	4
#define IRQ_COM2	3

#define PANIC_TEXT	"Kernel panic - not syncing"
#define MARK_TEXT	"@mark "

/* ---- serial ports ---------------------------------------------------------------- */

static void console_tx(void *ctx, uint8_t byte)
{
	console_byte(&((struct machine *)ctx)->console, byte);
}

static void results_tx(void *ctx, uint8_t byte)
{
	console_byte(&((struct machine *)ctx)->results, byte);
}

static void com1_irq(void *ctx, bool level)
{
	kvm_irq_line(&((struct machine *)ctx)->kvm, IRQ_COM1, level);
}

static void com2_irq(void *ctx, bool level)
{
	kvm_irq_line(&((struct machine *)ctx)->kvm, IRQ_COM2, level);
}

static void console_line(void *ctx, const char *line)
{
	struct machine *m = ctx;

	if (strstr(line, PANIC_TEXT))
		atomic_store(&m->panic_seen, true);
}

static void results_line(void *ctx, const char *line)
{
	struct machine *m = ctx;

	if (!strncmp(line, MARK_TEXT, strlen(MARK_TEXT)) && m->config->mark)
		m->config->mark(m->config->ctx, line + strlen(MARK_TEXT));
}

static int create_serial(struct machine *m, char *err, size_t err_len)
{
	int rc;

	rc = console_open(&m->console, m->config->console, err, err_len);
	if (rc)
		return rc;
	rc = console_open(&m->results, m->config->results, err, err_len);
	if (rc)
		return rc;
	m->console.on_line = console_line;
	m->console.ctx = m;
	m->results.on_line = results_line;
	m->results.ctx = m;
	return 0;
}

/* ---- creation ---------------------------------------------------------------------- */

int machine_load(struct machine *m, const struct machine_config *config, char *err,
		 size_t err_len)
{
	int rc;

	memset(m, 0, sizeof(*m));
	m->config = config;
	m->kvm.fd = -1;
	m->kvm.vm = -1;
	m->console.fd = -1;
	m->results.fd = -1;
	pthread_mutex_init(&m->end_lock, NULL);
	pthread_cond_init(&m->end_cond, NULL);
	mmio_init(&m->mmio, &m->kvm);
	serial_init(&m->com[0], console_tx, com1_irq, m);
	serial_init(&m->com[1], results_tx, com2_irq, m);
	rc = mem_init(&m->mem, config->memory);
	if (rc) {
		snprintf(err, err_len, "--memory: %llu MiB: %s",
			 (unsigned long long)(config->memory >> 20), strerror(-rc));
		return rc;
	}
	rc = boot_load(&m->mem, &config->boot, &m->entry, err, err_len);
	if (rc)
		return rc;
	m->loop = loop_start("machine");
	rc = m->loop ? synic_init(&m->synic, &m->kvm, &m->mem, m->loop, config->vcpus) : -errno;
	if (rc)
		snprintf(err, err_len, "event loop of the machine: %s", strerror(-rc));
	return rc;
}

struct vp_layout machine_layout(const struct machine_config *config)
{
	return (struct vp_layout){
		.vcpus = config->vcpus,
		.nodes = config->numa_nodes,
		.threads = config->smt ? 2 : 1,
	};
}

static int create_tables(struct machine *m, char *err, size_t err_len)
{
	struct acpi_config acpi = {
		.layout = machine_layout(m->config),
		.mmio_high = m->config->mmio_high,
	};
	uint64_t start, size;
	int rc;

	m->host_cpuid = kvm_get_cpuid(m->kvm.fd, KVM_GET_SUPPORTED_CPUID);
	if (!m->host_cpuid) {
		rc = -errno;
		snprintf(err, err_len, "KVM_GET_SUPPORTED_CPUID: %s", strerror(-rc));
		return rc;
	}
	acpi.phys_bits = hvcpuid_phys_bits(m->host_cpuid);
	acpi_high_window(&m->mem, &acpi, &start, &size);
	mmio_set_high(&m->mmio, start, size);
	rc = acpi_build(&m->mem, &acpi);
	if (rc)
		snprintf(err, err_len, "ACPI tables do not fit their %u KiB", BOOT_ACPI_SIZE >> 10);
	return rc;
}

static int create_vcpus(struct machine *m, char *err, size_t err_len)
{
	int rc;

	m->vcpus = calloc(m->config->vcpus, sizeof(*m->vcpus));
	if (!m->vcpus) {
		snprintf(err, err_len, "out of memory");
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < m->config->vcpus; i++) {
		m->n_vcpus = i + 1;
		rc = vcpu_create(m, &m->vcpus[i], i, err, err_len);
		if (rc)
			return rc;
	}
	rc = cpustate_set_boot(m->vcpus[0].fd, m->entry);
	if (rc)
		snprintf(err, err_len, "KVM_SET_SREGS: %s", strerror(-rc));
	return rc;
}

static int create_interrupts(struct machine *m, char *err, size_t err_len)
{
	const char *what = "KVM_SET_GSI_ROUTING";
	int rc = kvm_set_routes(&m->kvm, m->config->vcpus);

	if (!rc) {
		what = "KVM_IRQFD of a SynIC interrupt";
		rc = synic_attach(&m->synic);
	}
	if (rc)
		snprintf(err, err_len, "%s: %s", what, strerror(-rc));
	return rc;
}

int machine_create(struct machine *m, char *err, size_t err_len)
{
	int rc;

	rc = kvm_open(&m->kvm, err, err_len);
	if (!rc)
		rc = create_tables(m, err, err_len);
	if (!rc)
		rc = kvm_create(&m->kvm, &m->mem, err, err_len);
	if (!rc && m->config->pci)
		rc = hvpage_attach(&m->kvm, err, err_len);
	if (!rc)
		rc = create_vcpus(m, err, err_len);
	if (!rc)
		rc = create_interrupts(m, err, err_len);
	/* Last, so that a failure leaves no empty files behind. */
	return rc ? rc : create_serial(m, err, err_len);
}

void machine_set_bus(struct machine *m, struct vmbus *bus)
{
	m->bus = bus;
	synic_set_bus(&m->synic, bus);
}

void machine_set_retarget(struct machine *m,
			  uint16_t (*retarget)(void *ctx, const struct retarget *target),
			  void *ctx)
{
	m->retarget = retarget;
	m->retarget_ctx = ctx;
}

void machine_destroy(struct machine *m)
{
	synic_free(&m->synic);
	if (m->loop)
		loop_stop(m->loop);
	for (unsigned int i = 0; i < m->n_vcpus; i++)
		vcpu_destroy(&m->vcpus[i]);
	free(m->vcpus);
	free(m->host_cpuid);
	kvm_close(&m->kvm);
	mmio_free(&m->mmio);
	mem_free(&m->mem);
	console_close(&m->console);
	console_close(&m->results);
	serial_destroy(&m->com[0]);
	serial_destroy(&m->com[1]);
	pthread_cond_destroy(&m->end_cond);
	pthread_mutex_destroy(&m->end_lock);
}

/* ---- the run -------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void watchdog_expired(void *ctx)
{
	struct machine *m = ctx;
	uint64_t s = m->config->watchdog_ns / 1000000000ull;

	if (atomic_load(&m->panic_seen))
		machine_end(m, MACHINE_PANIC, "guest panic, still up after %llu s",
			    (unsigned long long)s);
	else
		machine_end(m, MACHINE_WATCHDOG, "watchdog: the guest ran for %llu s",
			    (unsigned long long)s);
}

static void arm_watchdog(void *ctx)
{
	struct machine *m = ctx;

	m->watchdog.fn = watchdog_expired;
	m->watchdog.ctx = m;
	loop_timer_arm(m->loop, &m->watchdog, m->config->watchdog_ns);
}

static void cancel_watchdog(void *ctx)
{
	struct machine *m = ctx;

	loop_timer_cancel(m->loop, &m->watchdog);
}

int machine_start(struct machine *m)
{
	int rc = 0;

	m->start_ns = now_ns();
	if (m->config->watchdog_ns)
		loop_call(m->loop, arm_watchdog, m);
	for (unsigned int i = 0; i < m->n_vcpus && !rc; i++)
		rc = vcpu_start(&m->vcpus[i]);
	return rc;
}

int machine_wait(struct machine *m)
{
	pthread_mutex_lock(&m->end_lock);
	while (!m->ended)
		pthread_cond_wait(&m->end_cond, &m->end_lock);
	pthread_mutex_unlock(&m->end_lock);
	return m->end_code;
}

void machine_stop(struct machine *m)
{
	atomic_store(&m->stopping, true);
	for (unsigned int i = 0; i < m->n_vcpus; i++)
		vcpu_kick(&m->vcpus[i]);
	for (unsigned int i = 0; i < m->n_vcpus; i++)
		vcpu_join(&m->vcpus[i]);
	if (m->config->watchdog_ns)
		loop_call(m->loop, cancel_watchdog, m);
	synic_stop(&m->synic);
	console_flush(&m->console);
	console_flush(&m->results);
}

void machine_end(struct machine *m, int code, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&m->end_lock);
	if (!m->ended) {
		va_start(args, fmt);
		vsnprintf(m->end_reason, sizeof(m->end_reason), fmt, args);
		va_end(args);
		m->end_code = code;
		m->ended = true;
		pthread_cond_broadcast(&m->end_cond);
	}
	pthread_mutex_unlock(&m->end_lock);
	atomic_store(&m->stopping, true);
}

bool machine_stopping(const struct machine *m)
{
	return atomic_load_explicit(&m->stopping, memory_order_relaxed);
}

void machine_end_reset(struct machine *m, const char *how)
{
	if (atomic_load(&m->panic_seen))
		machine_end(m, MACHINE_PANIC, "guest panic, then reset by %s", how);
	else
		machine_end(m, MACHINE_RESET, "guest reset by %s", how);
}
