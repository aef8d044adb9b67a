# SPDX-License-Identifier: GPL-2.0-only
# What a trip to the host costs: by the module hv_exitlat, or seen from user space.
AZIMUTH_SRCS += benchmarks/exit/module.c benchmarks/exit/exitlat_file.c benchmarks/exit/exit.c \
		benchmarks/exit/ops.c benchmarks/exit/ticks.c

UNIT_TESTS += exitlat ticks
UNIT_exitlat_SRCS := benchmarks/exit/exitlat_file.c lib/hist.c
UNIT_ticks_SRCS	  = $(BENCH_SRCS)
