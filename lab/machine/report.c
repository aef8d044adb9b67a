// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "machine/kvmstats.h"
#include "machine/machine.h"

#define CRASH_TEXT_MAX	4096

/* ---- counters ---------------------------------------------------------------------- */

static uint64_t sum(const struct machine *m, unsigned int offset)
{
	uint64_t total = 0;
	const char *base;

	for (unsigned int i = 0; i < m->n_vcpus; i++) {
		base = (const char *)&m->vcpus[i].counters;
		total += count_get((const counter_t *)(base + offset));
	}
	return total;
}

static void set(json_t *obj, const char *name, uint64_t value)
{
	json_object_set_new(obj, name, json_integer((json_int_t)value));
}

static const struct counter_name synic_names[] = {
	{ "messages", offsetof(struct synic_counters, messages) },
	{ "messages_blocked", offsetof(struct synic_counters, messages_blocked) },
	{ "events", offsetof(struct synic_counters, events) },
	{ "events_coalesced", offsetof(struct synic_counters, events_coalesced) },
	{ "eoms", offsetof(struct synic_counters, eoms) },
	{ NULL, 0 }
};

/* Signals that KVM wrote to an eventfd are not among these: the channels count them. */
static const struct counter_name hypercall_names[] = {
	{ "post_message", offsetof(struct vcpu_counters, post_message) },
	{ "signal_event", offsetof(struct vcpu_counters, signal_event) },
	{ "retarget", offsetof(struct vcpu_counters, retarget) },
	{ "mmio_read", offsetof(struct vcpu_counters, mmio_read) },
	{ "mmio_write", offsetof(struct vcpu_counters, mmio_write) },
	{ "unknown", offsetof(struct vcpu_counters, unknown_hypercall) },
	{ NULL, 0 }
};

static json_t *sums(const struct machine *m, const struct counter_name *names)
{
	json_t *obj = json_object();

	for (; names->name; names++)
		set(obj, names->name, sum(m, names->offset));
	return obj;
}

json_t *machine_counters_vm(struct machine *m)
{
	json_t *vm = json_object(), *kvm = json_object();

	for (unsigned int i = 0; i < m->n_vcpus; i++)
		kvmstats_add(m->vcpus[i].stats, kvm);
	json_object_set_new(vm, "hypercalls", sums(m, hypercall_names));
	json_object_set_new(vm, "exits", sums(m, vcpu_counter_names));
	json_object_set_new(vm, "kvm", kvm);
	set(vm, "console_bytes", m->console.bytes);
	set(vm, "results_bytes", m->results.bytes);
	return vm;
}

json_t *machine_counters_vcpus(struct machine *m)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < m->n_vcpus; i++) {
		struct vcpu_counters *c = &m->vcpus[i].counters;
		json_t *vp = json_object(), *kvm = json_object();

		set(vp, "vp", i);
		json_object_set_new(vp, "exits", counters_json(c, vcpu_counter_names));
		json_object_set_new(vp, "hypercalls", counters_json(c, hypercall_names));
		json_object_set_new(vp, "synic",
				    counters_json(&m->synic.vp[i].counters, synic_names));
		kvmstats_add(m->vcpus[i].stats, kvm);
		json_object_set_new(vp, "kvm", kvm);
		json_array_append_new(list, vp);
	}
	return list;
}

static void set_page(const struct machine *m, json_t *vp, const char *gpa_name,
		     const char *node_name, uint64_t gpa)
{
	set(vp, gpa_name, gpa);
	json_object_set_new(vp, node_name,
			    json_integer(acpi_node_of_gpa(&m->mem, m->config->numa_nodes, gpa)));
}

json_t *machine_synic_pages(struct machine *m)
{
	const struct vp_layout layout = machine_layout(m->config);
	json_t *list = json_array(), *vp;

	for (unsigned int i = 0; i < m->n_vcpus; i++) {
		const struct synic_vp *s = &m->synic.vp[i];

		if (!atomic_load(&s->messages) || !atomic_load(&s->events))
			continue;
		vp = json_object();
		set(vp, "vp", i);
		set(vp, "node", acpi_node_of_vp(&layout, i));
		set_page(m, vp, "simp_gpa", "simp_node", atomic_load(&s->messages_gpa));
		set_page(m, vp, "siefp_gpa", "siefp_node", atomic_load(&s->events_gpa));
		json_array_append_new(list, vp);
	}
	return list;
}

/* ---- a guest's last words ------------------------------------------------------------ */

static void print_text(const struct machine *m, uint64_t gpa, uint64_t len)
{
	char text[CRASH_TEXT_MAX + 1];
	char *line, *next;

	if (!len || len > CRASH_TEXT_MAX || mem_read(&m->mem, gpa, text, len))
		return;
	text[len] = '\0';
	for (line = strtok_r(text, "\r\n", &next); line; line = strtok_r(NULL, "\r\n", &next)) {
		for (char *p = line; *p; p++) {
			if ((unsigned char)*p < ' ' && *p != '\t')
				*p = '?';
		}
		fprintf(stderr, "  crash| %s\n", line);
	}
}

/*
 * P0 to P4 are the guest's. Linux reports an error code, its OS id, IP, AX
 * and SP, or, when it has a text, zeros and the text's GPA and length
 * in P3 and P4 (arch/x86/hyperv/hv_init.c, drivers/hv/hv_common.c).
 */
void machine_guest_crashed(struct machine *m, struct vcpu *vcpu)
{
	uint64_t p[5];

	if (cpustate_crash_report(vcpu->fd, p)) {
		machine_end(m, MACHINE_PANIC, "guest panic on VP %u", vcpu->index);
		return;
	}
	az_err("guest crash report: P0=%#llx P1=%#llx P2=%#llx P3=%#llx P4=%#llx",
	       (unsigned long long)p[0], (unsigned long long)p[1], (unsigned long long)p[2],
	       (unsigned long long)p[3], (unsigned long long)p[4]);
	if (!p[0] && !p[1] && !p[2])
		print_text(m, p[3], p[4]);
	machine_end(m, MACHINE_PANIC, "guest panic on VP %u", vcpu->index);
}
