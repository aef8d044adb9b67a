/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LIB_HYPERVISOR_H
#define AZ_LIB_HYPERVISOR_H

#include <stdbool.h>

#define AZ_HYPERV	"Microsoft Hv"
#define AZ_KVM		"KVMKVMKVM"

/*
 * The hypervisor by its CPUID signature (TLFS 2.4), as AZ_HYPERV, and its features (EAX of the
 * next leaf) in *@features where that is not NULL. False: none, or no CPUID; @name is "" then.
 */
bool az_hypervisor(char name[13], unsigned int *features);

#endif
