// SPDX-License-Identifier: GPL-2.0-only
/* The hypervisor, and what the kernel has. */
#include "bpf/core/machine.h"

#include <string.h>
#include <unistd.h>

#include "bpf/core/internal.h"
#include "lib/hypervisor.h"

bool trace_on_hyperv(void)
{
#ifdef __x86_64__
	char name[13];

	return az_hypervisor(name, NULL) && !strcmp(name, AZ_HYPERV);
#else
	return !access("/sys/bus/vmbus", F_OK);
#endif
}

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
