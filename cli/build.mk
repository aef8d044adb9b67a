# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += cli/main.c cli/dispatch.c cli/lab.c cli/stats.c cli/samples.c cli/exitlat.c
