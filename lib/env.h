/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts of a machine that a measurement depends on. Every result file
 * carries them, so that two results can be told to be comparable or not.
 */
#ifndef AZ_LIB_ENV_H
#define AZ_LIB_ENV_H

#include <stdbool.h>

#include <jansson.h>

/* Remembered for the "command" fact; call it before argv is reordered. */
void az_env_set_command(int argc, char **argv);

/*
 * The facts that fit one line of the guest's results channel, where each byte
 * costs an exit: "kernel", "lab_mode" (AZIMUTH_LAB_MODE, "none" outside the
 * lab), "queue" (AZIMUTH_QUEUE, the build id of the patch queue, or "unknown"),
 * "netvsc_srcversion" ("none" when hv_netvsc is not loaded).
 */
json_t *az_env_brief(void);

/*
 * All facts: the brief ones and "machine", "cpu_model", "cpus", "mitigations"
 * (object, one string per file in /sys/devices/system/cpu/vulnerabilities),
 * "clocksource", "hypervisor", "cmdline", "sku", "tool_version", "command",
 * "date" (UTC), and the same as "time_ns" since 1970, which orders short runs. What
 * cannot be read is "unknown". @imds asks the metadata service for the SKU; otherwise,
 * and when there is no answer, it is "none".
 * Returns a new reference, NULL when memory is short.
 */
json_t *az_env_full(bool imds);

/*
 * Asks the instance metadata service (169.254.169.254, or host:port in
 * AZIMUTH_IMDS) for the size of this VM, into @sku of @len bytes. Takes at most
 * two seconds. Returns 0 or negative errno; -EPROTO for an answer that is no
 * VM size.
 */
int az_imds_sku(char *sku, unsigned int len);

#endif
