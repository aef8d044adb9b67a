// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/opts.h"
#include "machine/machine.h"
#include "netvsp/netvsp.h"
#include "options.h"
#include "storvsp/storvsp.h"
#include "vpci/vpci.h"

#define NS_PER_SECOND	1000000000ull

static int add_item(void *ctx, const char *value)
{
	struct option_list *list = ctx;

	if (list->n == OPTIONS_MAX_LIST) {
		az_usage("--%s: given more than %d times", list->name, OPTIONS_MAX_LIST);
		return -EINVAL;
	}
	list->item[list->n++] = value;
	return 0;
}

static int set_version(void *ctx, const char *value)
{
	struct options *o = ctx;

	if (!vmbus_parse_version(value, &o->vmbus_version))
		return 0;
	az_usage("--vmbus-version: there is no version %s: 4.0, 4.1, 5.0, 5.1, 5.2, 5.3 or 6.0",
		 value);
	return -EINVAL;
}

/* The devices know their own keys; one line each. */
static const char *epilog(void)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "Keys of --net:\n%s\nKeys of --disk:\n%s\nKeys of --pci, of all types:\n%s\n"
		 "Exit codes: 0 power-off, 2 usage, 3 the machine lacks something,\n"
		 "10 guest reset, 11 guest panic, 12 triple fault, 13 watchdog, 14 host error,\n"
		 "128+N signal N.\n"
		 "Commands of the control socket: see azhost(1).", netvsp_help, storvsp_help,
		 vpci_help());
	return text;
}

static int check(const struct options *o)
{
	if (o->send && !o->operand) {
		az_usage("--send: give the JSON line after the options");
		return -EINVAL;
	}
	if (o->operand && !o->send) {
		az_usage("%s: unexpected argument; azhost takes options only", o->operand);
		return -EINVAL;
	}
	if (o->send || o->probe_kvm || o->list_faults || o->version)
		return 0;
	if (!o->kernel) {
		az_usage("--kernel: missing; give a bzImage or an ELF vmlinux");
		return -EINVAL;
	}
	if (o->mmio_high % (1 << 20)) {
		az_usage("--mmio-high: %llu bytes are not whole MiB",
			 (unsigned long long)o->mmio_high);
		return -EINVAL;
	}
	if (o->mmio_hypercalls && !o->pcis.n) {
		az_usage("--mmio-hypercalls: is for PCI devices, there is no --pci");
		return -EINVAL;
	}
	if (o->smt && o->vcpus % 2) {
		az_usage("--smt: %u VPs cannot be paired, --vcpus must be even", o->vcpus);
		return -EINVAL;
	}
	if (o->numa > (o->smt ? o->vcpus / 2 : o->vcpus)) {
		az_usage("--numa %u: more nodes than the %u %s", o->numa,
			 o->smt ? o->vcpus / 2 : o->vcpus, o->smt ? "cores" : "VPs");
		return -EINVAL;
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "kernel", 0, "FILE", "bzImage or ELF vmlinux", &o->kernel),
		AZ_OPT(CALL, "initrd", 0, "FILE", "initramfs; several are concatenated",
		       &o->initrds, .call = add_item),
		AZ_OPT(STRING, "append", 0, "TEXT", "kernel command line", &o->append),
		AZ_OPT(U32, "memory", 0, "MIB", "guest memory (default 512)", &o->memory_mib,
		       .min = 16, .max = 1 << 20),
		AZ_OPT(U32, "vcpus", 0, "N", "virtual processors (default 1)", &o->vcpus,
		       .min = 1, .max = MACHINE_MAX_VCPUS),
		AZ_OPT(U32, "numa", 0, "N", "split processors and memory over N NUMA nodes",
		       &o->numa, .min = 1, .max = MACHINE_MAX_VCPUS),
		AZ_OPT(FLAG, "smt", 0, NULL, "two VPs are the threads of a core", &o->smt),
		AZ_OPT(CALL, "vmbus-version", 0, "X.Y",
		       "newest VMBus version of the host: 4.0 to 6.0 (6.0)", o,
		       .call = set_version),
		AZ_OPT(STRING, "console", 0, "FILE", "first serial port; - is standard output",
		       &o->console),
		AZ_OPT(STRING, "results", 0, "FILE", "second serial port: KTAP, @json, @mark",
		       &o->results),
		AZ_OPT(STRING, "counters", 0, "FILE", "write all counters there at the end",
		       &o->counters),
		AZ_OPT(STRING, "control", 0, "SOCKET", "take commands there, JSON lines",
		       &o->control),
		AZ_OPT(TIME, "watchdog", 0, "TIME", "end a guest that runs longer",
		       &o->watchdog_ns, .min = NS_PER_SECOND / 1000),
		AZ_OPT(CALL, "net", 0, "SPEC", "network device: responder[,..] or tap=NAME[,..]",
		       &o->nets, .call = add_item),
		AZ_OPT(CALL, "disk", 0, "SPEC", "disk: ram=SIZE[,..] or FILE[,ro]",
		       &o->disks, .call = add_item),
		AZ_OPT(CALL, "pci", 0, "SPEC", "PCI device on vPCI: TYPE[,key=value]..",
		       &o->pcis, .call = add_item),
		AZ_OPT(SIZE, "mmio-high", 0, "SIZE", "addresses for devices above RAM (64G)",
		       &o->mmio_high, .min = 1 << 30, .max = 1ull << 51),
		AZ_OPT(FLAG, "mmio-hypercalls", 0, NULL,
		       "tell the guest to reach config space by hypercalls", &o->mmio_hypercalls),
		AZ_OPT(CALL, "fault", 0, "SPEC", "DEVICE:WHAT[,key=value].., see --list-faults",
		       &o->faults, .call = add_item),
		AZ_OPT(U64, "seed", 0, "N", "of everything random (default 1)", &o->seed),
		AZ_OPT(STRING, "mode", 0, "NAME", "lab mode, noted in the counters", &o->mode),
		AZ_OPT(STRING, "send", 0, "SOCKET", "send the JSON line to a running azhost",
		       &o->send),
		AZ_OPT(FLAG, "list-faults", 0, NULL, "print what can be made to fail",
		       &o->list_faults),
		AZ_OPT(FLAG, "probe-kvm", 0, NULL, "print what /dev/kvm offers; exit 0 or 3",
		       &o->probe_kvm),
		AZ_OPT(FLAG, "version", 0, NULL, "print the version", &o->version),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		.command = "azhost",
		.operands = "[JSON]",
		.summary = "Boot a Linux kernel as a guest of a simulated Azure host.",
		.epilog = epilog(),
		.table = table,
	};
	int first, rc;

	memset(o, 0, sizeof(*o));
	o->initrds.name = "initrd";
	o->nets.name = "net";
	o->disks.name = "disk";
	o->pcis.name = "pci";
	o->mmio_high = MMIO_HIGH_DEFAULT;
	o->faults.name = "fault";
	o->append = "";
	o->mode = "native";
	o->memory_mib = 512;
	o->vcpus = 1;
	o->seed = 1;
	o->vmbus_version = VMBUS_VERSION_6_0;
	rc = az_opts_parse(&opts, argc, argv, &first);
	if (rc)
		return rc;
	if (argc - first > 1) {
		az_usage("%s: unexpected argument", argv[first + 1]);
		return -EINVAL;
	}
	if (first < argc)
		o->operand = argv[first];
	return check(o);
}
