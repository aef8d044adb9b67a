// SPDX-License-Identifier: GPL-2.0-only
/* Steal time by CPU, from /proc/stat, where the hypervisor tells it. */
#include "bpf/core/steal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "bpf/core/machine.h"
#include "lib/clock.h"

#define KVM_FEATURE_STEAL_TIME	(1u << 5)

/* NULL: the kernel has one. A hypervisor without CPUID or of another kind may have one. */
static const char *no_steal_clock(void)
{
	unsigned int features = 0;
	char name[13];

	trace_hypervisor(name, &features);
	if (!strcmp(name, "Microsoft Hv"))
		return "Hyper-V does not tell its guests";
	if (!strcmp(name, "KVMKVMKVM") && !(features & KVM_FEATURE_STEAL_TIME))
		return "this KVM does not tell its guests";
	return NULL;
}

/* "cpu3 user nice system idle iowait irq softirq steal ...", proc(5), in ticks. */
static void read_stat(struct trace_steal *steal)
{
	uint64_t tick = AZ_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long ticks;
	char line[1024];
	unsigned int cpu;
	FILE *file = fopen("/proc/stat", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%u %*u %*u %*u %*u %*u %*u %*u %llu", &cpu, &ticks) == 2 &&
		    cpu < steal->cpus)
			steal->ns[cpu] = ticks * tick;
	if (file)
		fclose(file);
}

void trace_steal_unknown(struct trace_steal *steal, const char *why)
{
	*steal = (struct trace_steal){ .missing = why };
}

void trace_steal_read(struct trace_steal *steal)
{
	const char *missing = no_steal_clock();
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	trace_steal_unknown(steal, missing);
	if (missing)
		return;
	steal->cpus = cpus > 0 ? (unsigned int)cpus : 0;
	steal->ns = calloc(steal->cpus, sizeof(*steal->ns));
	if (steal->ns)
		read_stat(steal);
	else
		trace_steal_unknown(steal, "no memory");
}

void trace_steal_free(struct trace_steal *steal)
{
	free(steal->ns);
	steal->ns = NULL;
	steal->cpus = 0;
}

bool trace_steal_of(const struct trace_steal *before, const struct trace_steal *now,
		    unsigned int cpu, uint64_t *ns)
{
	if (cpu >= before->cpus || cpu >= now->cpus)
		return false;
	*ns = now->ns[cpu] > before->ns[cpu] ? now->ns[cpu] - before->ns[cpu] : 0;
	return true;
}

void trace_steal_text(const struct trace_steal *before, const struct trace_steal *now,
		      unsigned int cpu, char *text, size_t len)
{
	char time[16];
	uint64_t ns;

	if (trace_steal_of(before, now, cpu, &ns))
		snprintf(text, len, "%s", ns ? bench_time(time, (double)ns) : "0");
	else
		snprintf(text, len, "-");
}
