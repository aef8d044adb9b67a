# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/io/io.c benchmarks/io/owner.c benchmarks/io/verify.c

UNIT_TESTS  += io
UNIT_io_SRCS = $(BENCH_SRCS)
