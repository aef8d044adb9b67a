// SPDX-License-Identifier: GPL-2.0-only
/* The hypervisor, and what the kernel has. */
#include "bpf/core/machine.h"

#include <string.h>
#include <unistd.h>

#include "bpf/core/internal.h"

#if defined(__x86_64__)
#include <cpuid.h>

#define CPUID_HYPERVISOR_PRESENT	(1u << 31)
#define CPUID_HYPERVISOR		0x40000000u

void trace_hypervisor(char name[13], unsigned int *features)
{
	unsigned int a, b, c, d, part[3];

	memset(name, 0, 13);
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_HYPERVISOR_PRESENT))
		return;
	__cpuid(CPUID_HYPERVISOR, a, part[0], part[1], part[2]);
	memcpy(name, part, sizeof(part));
	if (!features)
		return;
	__cpuid(CPUID_HYPERVISOR + 1, a, b, c, d);
	*features = a;
}

bool trace_on_hyperv(void)
{
	char name[13];

	trace_hypervisor(name, NULL);
	return !strcmp(name, "Microsoft Hv");
}
#else
void trace_hypervisor(char name[13], unsigned int *features)
{
	name[0] = 0;
}

bool trace_on_hyperv(void)
{
	return !access("/sys/bus/vmbus", F_OK);
}
#endif

bool trace_function_there(const char *module, const char *function)
{
	struct trace_symbols *symbols = trace_symbols_open();
	bool there;

	if (!symbols)
		return false;
	there = trace_symbols_func(symbols, module, function);
	trace_symbols_close(symbols);
	return there;
}
