# SPDX-License-Identifier: GPL-2.0-only
# report.c is the command; the others are a part of the page each.
AZIMUTH_SRCS += $(addprefix benchmarks/report/, report.c input.c groups.c html.c style.c plot.c \
		page.c warnings.c rows.c verdicts.c facts.c percentiles.c curve.c histogram.c \
		timeline.c stages.c knee.c conditions.c lab.c labplots.c markdown.c csv.c)

UNIT_TESTS	+= plot report
UNIT_plot_SRCS	 = $(BENCH_SRCS)
UNIT_report_SRCS = $(BENCH_SRCS)
