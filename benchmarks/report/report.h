/* SPDX-License-Identifier: GPL-2.0-only */
/* The HTML report: its parts. */
#ifndef AZ_BENCHMARKS_REPORT_H
#define AZ_BENCHMARKS_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

/* Style sheet and the marker that all plots use, as text. */
extern const char report_style[];
extern const char report_marker[];

/* Is gnuplot here? */
int report_have_gnuplot(void);

/*
 * The plots of @doc, a result.json, as figures with inline SVG on @out. Each
 * returns 0, or negative after one line on standard error. A plot without data
 * is left out.
 */
int report_plot_latency(FILE *out, const json_t *doc, const char *result, const char *title);
int report_plot_runs(FILE *out, const json_t *doc);
int report_plot_counts(FILE *out, const json_t *doc);

/* Sections made of text and tables. */
void report_head(FILE *out, const json_t *doc);
void report_metrics(FILE *out, const json_t *doc);
void report_faults(FILE *out, const json_t *doc);
void report_conditions(FILE *out, const json_t *doc);

/* @text with what HTML would take for markup replaced; NULL is "unknown". */
void report_text(FILE *out, const char *text);

/* String or number @key of @object; "" and 0 when there is none. */
const char *report_str(const json_t *object, const char *key);
double report_num(const json_t *object, const char *key);

/* A value with its unit, as people write it: "12.3 µs". @buf of 32. */
const char *report_value(char *buf, double value, const char *unit);

#endif
