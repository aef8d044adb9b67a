# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/gate/gate.c benchmarks/gate/criteria.c benchmarks/gate/check.c \
		benchmarks/gate/outfile.c benchmarks/gate/junit.c benchmarks/gate/perfdump.c \
		benchmarks/gate/openmetrics.c
