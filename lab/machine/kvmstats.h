/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_KVMSTATS_H
#define AZ_LAB_MACHINE_KVMSTATS_H

#include <stdint.h>
#include <jansson.h>

/*
 * What KVM itself counts for one vCPU: exits, halts, injected interrupts and
 * so on, by the names that KVM gives them (KVM_GET_STATS_FD; no debugfs
 * needed). Only counts that grow are kept, no histograms and no times.
 */
struct kvmstats;

/* NULL when this kernel has no such statistics; then there are just none. */
struct kvmstats *kvmstats_open(int vcpu_fd);
void kvmstats_close(struct kvmstats *s);

/* Add the present values of @s (may be NULL) to those of the same names in @obj. Any thread. */
void kvmstats_add(const struct kvmstats *s, json_t *obj);

#endif
