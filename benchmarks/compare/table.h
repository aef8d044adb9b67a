/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts for a person, in 80 columns, and as JSON. */
#ifndef AZ_BENCHMARKS_TABLE_H
#define AZ_BENCHMARKS_TABLE_H

#include <stdio.h>

#include <jansson.h>

#include "benchmarks/compare/judge.h"

/* The line of the columns' names, and a line for each metric, on @file. */
void table_head(FILE *file, const struct judge_rule *rule);
/* One or two lines. */
void table_row(FILE *file, const struct judged *judged);

/* One member of "metrics" of compare --json. A new reference, NULL without memory. */
json_t *table_json(const struct judged *judged);

#endif
