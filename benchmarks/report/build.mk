# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/report/report.c benchmarks/report/plots.c \
		benchmarks/report/text.c benchmarks/report/style.c
