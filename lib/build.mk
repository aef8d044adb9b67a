# SPDX-License-Identifier: GPL-2.0-only
LIB_SRCS := lib/log.c lib/opts.c

AZIMUTH_SRCS += $(LIB_SRCS)

UNIT_TESTS += opts
UNIT_opts_SRCS := lib/opts.c lib/log.c
