// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth xdp": programs that run in a network driver. */
#include "bpf/xdp.h"

#include <stddef.h>

#include "cli/cli.h"

static const struct az_command commands[] = {
	{ "echo", "send UDP to a port back, past the stack", xdp_echo },
	{ NULL, NULL, NULL }
};

int az_cmd_xdp(int argc, char **argv)
{
	return az_dispatch("azimuth xdp", "Runs XDP programs in the network driver.", commands,
			   argc, argv);
}
