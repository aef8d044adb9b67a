/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of "azimuth xdp", called as struct az_command says. */
#ifndef AZ_BPF_XDP_H
#define AZ_BPF_XDP_H

/* Reflects UDP in the driver. Returns the exit code. */
int xdp_echo(int argc, char **argv);

#endif
