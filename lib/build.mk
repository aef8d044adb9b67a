# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += lib/log.c lib/opts.c lib/clock.c lib/hist.c lib/stats.c lib/rank.c \
		lib/pattern.c \
		lib/env.c lib/hypervisor.c lib/imds.c lib/result.c lib/samples.c lib/conditions.c

UNIT_TESTS += opts hist stats result samples conditions
UNIT_opts_SRCS	 := lib/opts.c lib/log.c
UNIT_hist_SRCS	 := lib/hist.c
UNIT_stats_SRCS	 := lib/stats.c lib/rank.c lib/pattern.c
UNIT_result_SRCS := lib/result.c lib/hist.c lib/env.c lib/hypervisor.c lib/imds.c \
		    lib/log.c
UNIT_samples_SRCS := lib/samples.c
UNIT_conditions_SRCS := lib/conditions.c lib/clock.c
