# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/history/history.c benchmarks/history/store.c benchmarks/history/index.c \
		benchmarks/history/add.c benchmarks/history/query.c benchmarks/history/plot.c \
		benchmarks/history/changepoint.c benchmarks/history/noload.c

UNIT_TESTS	 += history
UNIT_history_SRCS = $(BENCH_SRCS)
