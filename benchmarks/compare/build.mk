# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/compare/compare.c benchmarks/compare/series.c benchmarks/compare/runs.c \
		benchmarks/compare/comparable.c benchmarks/compare/order.c \
		benchmarks/compare/drift.c benchmarks/compare/judge.c benchmarks/compare/table.c

UNIT_TESTS	 += compare
UNIT_compare_SRCS = $(BENCH_SRCS)
