/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tracers ask about the machine before they load anything. */
#ifndef AZ_BPF_CORE_MACHINE_H
#define AZ_BPF_CORE_MACHINE_H

#include <stdbool.h>

/*
 * The hypervisor by its CPUID signature, as "Microsoft Hv" or "KVMKVMKVM", and its features
 * (EAX of the next leaf) in *@features where that is not NULL. "": none, or no CPUID.
 */
void trace_hypervisor(char name[13], unsigned int *features);

/* Is this a guest of Hyper-V? Where there is no CPUID: does it have a VMBus? */
bool trace_on_hyperv(void);

/* Does the kernel or, where it is loaded, @module have @function, by BTF? */
bool trace_function_there(const char *module, const char *function);

#endif
