/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tracers ask about the machine before they load anything. */
#ifndef AZ_BPF_CORE_MACHINE_H
#define AZ_BPF_CORE_MACHINE_H

#include <stdbool.h>

/* Is this a guest of Hyper-V? Where there is no CPUID: does it have a VMBus? */
bool trace_on_hyperv(void);

/* Does the kernel or, where it is loaded, @module have @function, by BTF? */
bool trace_function_there(const char *module, const char *function);

#endif
