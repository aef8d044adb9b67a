# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += cli/main.c cli/dispatch.c cli/lab.c cli/stats.c cli/samples.c cli/exitlat.c cli/exitlat_file.c

UNIT_TESTS += exitlat
UNIT_exitlat_SRCS := cli/exitlat_file.c lib/hist.c
