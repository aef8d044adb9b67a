# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/bench.c

# The tests of the commands link what the commands do, without cli/main.c. All
# folders have added to AZIMUTH_SRCS when this is expanded.
BENCH_SRCS = $(filter benchmarks/% lib/%,$(AZIMUTH_SRCS)) cli/dispatch.c
