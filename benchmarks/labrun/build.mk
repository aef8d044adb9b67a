# SPDX-License-Identifier: GPL-2.0-only
# What a run of the lab left, and the comparison of make run.
AZIMUTH_SRCS += benchmarks/labrun/labrun.c benchmarks/labrun/outcome.c benchmarks/labrun/summary.c

UNIT_TESTS	 += summary
UNIT_summary_SRCS = $(BENCH_SRCS)
