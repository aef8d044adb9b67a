/* SPDX-License-Identifier: GPL-2.0-only */
/* A series on a terminal, and its changes in words. */
#ifndef AZ_BENCHMARKS_HISTORY_PLOT_H
#define AZ_BENCHMARKS_HISTORY_PLOT_H

#include <stdio.h>

#include "benchmarks/history/query.h"

/*
 * Eight rows in 80 columns: a column for each run, or its median for several
 * when there are many; ':' where a change begins. Text from results is printed without
 * its control characters.
 */
void history_plot(FILE *file, const struct query_series *series);

/* One line: "2026-11-20 6.12.1: 10.0 us -> 12.0 us, +20.0%, worse (p 0.001)". */
void history_change(FILE *file, const struct query_series *series, size_t i);

/* @text with '?' for control characters, cut to @width when that is not 0. */
void history_text(FILE *file, const char *text, int width);

#endif
