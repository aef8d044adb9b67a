// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace vpci": config space, interrupts and probes of PCI devices behind VMBus. */
#include "bpf/core/trace.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/core/machine.h"
#include "bpf/core/skeleton.h"
#include "bpf/vpci.skel.h"
#include "bpf/vpci_model.h"
#include "lib/log.h"

/* Two hooks for each enum vpci_what, in its order: begin and end. */
#define BEGIN(what)	TRACE_HOOK(2 * (what))
#define BOTH(what)	(TRACE_HOOK(2 * (what)) | TRACE_HOOK(2 * (what) + 1))

#define PAIR(what, prog, name, shows, function, module)					\
	[2 * (what)] = { name, shows, {							\
		{ TRACE_FUNC, prog "_begin", function, module } } },			\
	[2 * (what) + 1] = { name " end", shows, {					\
		{ TRACE_FUNC, prog "_end", function, module } } }

static const struct trace_hook hooks[] = {
	PAIR(VPCI_READ, "read", "config read", "reads of config space",
	     "_hv_pcifront_read_config", "pci_hyperv"),
	PAIR(VPCI_WRITE, "write", "config write", "writes of config space",
	     "_hv_pcifront_write_config", "pci_hyperv"),
	PAIR(VPCI_COMPOSE, "compose", "compose", "interrupts made",
	     "hv_compose_msi_msg", "pci_hyperv"),
	PAIR(VPCI_RETARGET, "retarget", "retarget", "interrupts sent elsewhere",
	     "hv_irq_unmask", "pci_hyperv"),
	PAIR(VPCI_PROBE, "probe", "probe", "probes", "hv_pci_probe", "pci_hyperv"),
	PAIR(VPCI_VERSION, "version", "version", "a step of the probe",
	     "hv_pci_protocol_negotiation", "pci_hyperv"),
	PAIR(VPCI_RELATIONS, "relations", "relations", "a step of the probe",
	     "hv_pci_query_relations", "pci_hyperv"),
	PAIR(VPCI_D0, "d0", "d0", "a step of the probe", "hv_pci_enter_d0", "pci_hyperv"),
	PAIR(VPCI_RESOURCES, "resources", "resources", "a step of the probe",
	     "hv_send_resources_allocated", "pci_hyperv"),
	PAIR(VPCI_BARS, "bars", "bars", "a step of the probe", "prepopulate_bars", "pci_hyperv"),
	PAIR(VPCI_SCAN, "scan", "scan", "a step of the probe", "pci_scan_root_bus_bridge", NULL),
	PAIR(VPCI_ASSIGN, "assign", "assign", "a step of the probe", "pci_bus_assign_resources",
	     NULL),
	PAIR(VPCI_ADD, "add", "add", "a step of the probe", "pci_bus_add_devices", NULL),
	PAIR(VPCI_REMOVE, "remove", "remove", "removals", "hv_pci_remove", "pci_hyperv"),
	{ .name = NULL }
};

static const struct trace_stage stages[] = {
	[VPCI_READ_NS] = { "config_read", "read of config space, by the host", BOTH(VPCI_READ),
			   true },
	[VPCI_WRITE_NS] = { "config_write", "write of config space", BOTH(VPCI_WRITE), true },
	[VPCI_COMPOSE_NS] = { "msi_compose", "interrupt made", BOTH(VPCI_COMPOSE), true },
	[VPCI_RETARGET_NS] = { "msi_retarget", "interrupt sent elsewhere", BOTH(VPCI_RETARGET),
			       true },
	[VPCI_PROBE_NS] = { "probe", "probe of a bus", BOTH(VPCI_PROBE), true },
	{ .name = NULL }
};

static const struct trace_counter counters[] = {
	{ "config_reads", "reads of config space", BOTH(VPCI_READ) },
	{ "config_reads_host", "of them answered by the host", BOTH(VPCI_READ) },
	{ "config_writes", "writes of config space", BOTH(VPCI_WRITE) },
	{ "config_writes_host", "of them taken by the host", BOTH(VPCI_WRITE) },
	{ "msi_composed", "interrupts made", BOTH(VPCI_COMPOSE) },
	{ "msi_retargeted", "interrupts sent elsewhere", BOTH(VPCI_RETARGET) },
	{ "probes", "probes of buses", BOTH(VPCI_PROBE) },
	{ "removals", "removals of buses", BOTH(VPCI_REMOVE) },
	{ .name = NULL }
};

static const struct trace_memory memory[] = {
	{ "vpci_registers", vpci_registers, sizeof(vpci_registers[0]), VPCI_REGISTERS },
	{ "vpci_devices", vpci_devices, sizeof(vpci_devices[0]), 1u << 6 },
	{ "vpci_flights", vpci_flights, sizeof(vpci_flights[0]), 1u << 10 },
	{ .name = NULL }
};

/* Of the steps, for tables and results. */
static const char *const step_names[VPCI_WHATS] = {
	[VPCI_PROBE] = "probe", [VPCI_VERSION] = "version", [VPCI_RELATIONS] = "relations",
	[VPCI_D0] = "d0", [VPCI_RESOURCES] = "resources", [VPCI_BARS] = "bars",
	[VPCI_SCAN] = "scan", [VPCI_ASSIGN] = "assign", [VPCI_ADD] = "add",
	[VPCI_REMOVE] = "remove",
};

/*
 * Hooks cannot be set in a module that is not there yet. Some of them are functions of the
 * kernel, which would be reached without it and show nothing.
 */
static int prepare(struct trace_run *run)
{
	if (trace_function_there("pci_hyperv", "hv_pci_probe"))
		return AZ_EXIT_OK;
	return az_env("no vPCI: pci-hyperv is not in this kernel or not loaded (modprobe "
		      "pci-hyperv first; a device that comes or is bound later is seen)");
}

TRACE_SKELETON(vpci)

static struct bpf_object *open_object(struct trace_run *run, const struct azt_config *cfg,
				      void **skel)
{
	struct vpci_bpf *bpf = open_skeleton(cfg, skel);

	return bpf ? bpf->obj : NULL;
}

static void model(const struct azt_event *event)
{
	vpci_model(event);
}

static const char *event_name(const struct azt_event *event)
{
	static const char *const names[] = {
		[VPCI_READ] = "config read", [VPCI_WRITE] = "config write",
		[VPCI_COMPOSE] = "make interrupt", [VPCI_RETARGET] = "send interrupt elsewhere",
	};

	if (event->type != VPCI_BEGIN)
		return "end";
	if (event->a < VPCI_PROBE)
		return names[event->a];
	return event->a < VPCI_WHATS ? step_names[event->a] : NULL;
}

/* ---- registers --------------------------------------------------------------------- */

static bool of_register(const struct trace_run *run, unsigned int index, struct vpci_register *sum)
{
	struct vpci_register *each;
	unsigned int rows, i;

	memset(sum, 0, sizeof(*sum));
	each = trace_rows(run, "vpci_registers", index, sizeof(*each), &rows);
	for (i = 0; i < rows; i++) {
		sum->reads += each[i].reads;
		sum->writes += each[i].writes;
		sum->host += each[i].host;
		sum->ns += each[i].ns;
	}
	free(each);
	return sum->reads || sum->writes;
}

static void show_registers(struct trace_run *run, FILE *out)
{
	struct vpci_register sum;
	bool any = false;
	char mean[16];
	unsigned int i;

	for (i = 0; i < VPCI_REGISTERS; i++) {
		if (!of_register(run, i, &sum))
			continue;
		if (!any)
			fprintf(out, "%8s %9s %9s %9s %9s\n", "register", "reads", "writes",
				"to host", "mean");
		any = true;
		fprintf(out, "%#8x %9llu %9llu %9llu %9s\n", i * 4, sum.reads, sum.writes, sum.host,
			sum.host ? bench_time(mean, (double)sum.ns / (double)sum.host) : "-");
	}
}

/* ---- buses -------------------------------------------------------------------------- */

/* Where an entry is shown or added to. */
struct buses {
	FILE *out;
	json_t *json;
};

static void show_bus(const void *entry, void *ctx)
{
	const struct vpci_device *bus = entry;
	struct buses *to = ctx;
	char text[16];
	unsigned int i;

	fprintf(to->out, "bus %llu: %llu reads, %llu writes, %llu to the host in %s, %llu probes, "
		"%llu removals\n", bus->f.key, bus->reads, bus->writes, bus->host,
		bench_time(text, (double)bus->ns), bus->probes, bus->removals);
	for (i = VPCI_PROBE; i < VPCI_WHATS; i++)
		if (bus->step_ns[i])
			fprintf(to->out, "  %-28s %10s\n", step_names[i],
				bench_time(text, (double)bus->step_ns[i]));
}

static void add_bus(const void *entry, void *ctx)
{
	const struct vpci_device *bus = entry;
	struct buses *to = ctx;
	json_t *steps = json_object();
	unsigned int i;

	for (i = VPCI_PROBE; i < VPCI_WHATS; i++)
		if (bus->step_ns[i])
			json_object_set_new(steps, step_names[i],
					    json_integer((json_int_t)bus->step_ns[i]));
	json_array_append_new(to->json, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"relid", (json_int_t)bus->f.key, "reads", (json_int_t)bus->reads,
		"writes", (json_int_t)bus->writes, "host", (json_int_t)bus->host,
		"ns", (json_int_t)bus->ns, "probes", (json_int_t)bus->probes,
		"removals", (json_int_t)bus->removals, "steps_ns", steps));
}

static void show(struct trace_run *run, FILE *out)
{
	struct buses to = { .out = out };

	trace_table(run, "vpci_devices", sizeof(struct vpci_device), show_bus, &to);
	show_registers(run, out);
}

static void result(struct trace_run *run, json_t *json)
{
	struct buses to = { .json = json_array() };
	json_t *registers = json_array();
	struct vpci_register sum;
	unsigned int i;

	trace_table(run, "vpci_devices", sizeof(struct vpci_device), add_bus, &to);
	json_object_set_new(json, "buses", to.json);
	for (i = 0; i < VPCI_REGISTERS; i++)
		if (of_register(run, i, &sum))
			json_array_append_new(registers, json_pack("{s:i, s:I, s:I, s:I, s:I}",
				"register", (int)i * 4, "reads", (json_int_t)sum.reads,
				"writes", (json_int_t)sum.writes, "host", (json_int_t)sum.host,
				"ns", (json_int_t)sum.ns));
	json_object_set_new(json, "registers", registers);
}

const struct trace_tool trace_vpci = {
	.name = "vpci",
	.summary = "Shows config accesses, interrupts and probes of PCI devices behind VMBus.",
	.device = "vPCI (pci-hyperv)",
	.id = AZT_TOOL_VPCI,
	.hooks = hooks, .stages = stages, .counters = counters,
	.open = open_object, .close = close_object,
	.model = model, .memory = memory, .event_name = event_name,
	.prepare = prepare, .show = show, .result = result,
};
