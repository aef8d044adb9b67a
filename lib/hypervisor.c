// SPDX-License-Identifier: GPL-2.0-only
#include "lib/hypervisor.h"

#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>

#define CPUID_HYPERVISOR_PRESENT	(1u << 31)
#define CPUID_HYPERVISOR		0x40000000u

bool az_hypervisor(char name[13], unsigned int *features)
{
	unsigned int a, b, c, d, part[3];

	memset(name, 0, 13);
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_HYPERVISOR_PRESENT))
		return false;
	__cpuid(CPUID_HYPERVISOR, a, part[0], part[1], part[2]);
	memcpy(name, part, sizeof(part));
	if (!features)
		return true;
	__cpuid(CPUID_HYPERVISOR + 1, a, b, c, d);
	*features = a;
	return true;
}
#else
bool az_hypervisor(char name[13], unsigned int *features)
{
	name[0] = 0;
	return false;
}
#endif
