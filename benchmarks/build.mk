# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/bench.c \
		benchmarks/net.c benchmarks/net_rtt.c benchmarks/net_burst.c \
		benchmarks/net_tcp.c benchmarks/net_serve.c \
		benchmarks/io.c benchmarks/io_owner.c benchmarks/io_verify.c \
		benchmarks/series.c benchmarks/compare.c \
		benchmarks/labrun.c benchmarks/outcome.c benchmarks/summary.c \
		benchmarks/report.c benchmarks/report_plots.c benchmarks/report_text.c \
		benchmarks/report_style.c

# The tests of the commands link what the commands do, without cli/main.c.
BENCH_LIB_SRCS := lib/log.c lib/opts.c lib/clock.c lib/hist.c lib/stats.c lib/pattern.c \
		  lib/env.c lib/imds.c lib/result.c cli/dispatch.c

UNIT_TESTS += summary io
UNIT_summary_SRCS := $(filter benchmarks/%,$(AZIMUTH_SRCS)) $(BENCH_LIB_SRCS)
UNIT_io_SRCS	  := $(filter benchmarks/%,$(AZIMUTH_SRCS)) $(BENCH_LIB_SRCS)
