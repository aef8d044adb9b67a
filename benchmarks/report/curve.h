/* SPDX-License-Identifier: GPL-2.0-only */
/* The percentile curve of one histogram, for plots of whatever has some. */
#ifndef AZ_BENCHMARKS_REPORT_CURVE_H
#define AZ_BENCHMARKS_REPORT_CURVE_H

#include "benchmarks/report/plot.h"
#include "lib/hist.h"

/* Axes for latencies of @low to @high ns, @count samples. */
void curve_axes(struct plot *p, uint64_t low, uint64_t high, uint64_t count);

/* The curve of @hist, which is not empty, with style @class. */
void curve_line(struct plot *p, const struct az_hist *hist, const char *class);

#endif
