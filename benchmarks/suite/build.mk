# SPDX-License-Identifier: GPL-2.0-only
# azimuth bench suite: declared sets of runs, in a stated order.
AZIMUTH_SRCS += benchmarks/suite/suite.c benchmarks/suite/file.c benchmarks/suite/fields.c \
		benchmarks/suite/plan.c benchmarks/suite/state.c benchmarks/suite/process.c \
		benchmarks/suite/ends.c benchmarks/suite/run.c

UNIT_TESTS	+= suite
UNIT_suite_SRCS  = $(BENCH_SRCS)
