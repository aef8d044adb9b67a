# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/compare/compare.c benchmarks/compare/series.c
