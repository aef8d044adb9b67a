// SPDX-License-Identifier: GPL-2.0-only
/* Steal time by CPU, from /proc/stat, where the hypervisor tells it. */
#include "bpf/core/steal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "lib/conditions.h"
#include "lib/hypervisor.h"

#define KVM_FEATURE_STEAL_TIME	(1u << 5)

/* NULL: the kernel has one. A hypervisor without CPUID or of another kind may have one. */
static const char *no_steal_clock(void)
{
	unsigned int features = 0;
	char name[13];

	az_hypervisor(name, &features);
	if (!strcmp(name, AZ_HYPERV))
		return "Hyper-V does not tell its guests";
	if (!strcmp(name, AZ_KVM) && !(features & KVM_FEATURE_STEAL_TIME))
		return "this KVM does not tell its guests";
	return NULL;
}

static void note_steal(unsigned int cpu, uint64_t ns, void *ctx)
{
	struct trace_steal *steal = ctx;

	if (cpu < steal->cpus)
		steal->ns[cpu] = ns;
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
		az_steal_each(note_steal, steal);
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
