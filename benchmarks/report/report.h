/* SPDX-License-Identifier: GPL-2.0-only */
/* The report: its parts. Those that return an int return 0 or -ENOMEM. */
#ifndef AZ_BENCHMARKS_REPORT_H
#define AZ_BENCHMARKS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "benchmarks/report/input.h"

/* Style sheet of every page. */
extern const char report_style[];

/* Start and end of a page; what is between them are sections. */
void report_page_start(FILE *out, const char *title, const char *title_end);
void report_page_end(FILE *out);

/* The whole report in one form. */
int report_html(FILE *out, const struct report_input *in);
int report_markdown(FILE *out, const struct report_input *in);
int report_csv(FILE *out, const struct report_input *in);

/* The page of a summary of the lab, stock against patched drivers. */
void report_lab_html(FILE *out, const json_t *doc);
int report_lab_latency(FILE *out, const json_t *doc, const char *result, const char *caption);
void report_lab_runs(FILE *out, const json_t *doc);
void report_lab_counts(FILE *out, const json_t *doc);

/* ---- parts of the page of benchmark runs ------------------------------------ */

/*
 * What the reader must know before any figure: runs that were cut off or disturbed,
 * lost samples. report_each_warning() calls @fn for each, with where it was.
 */
void report_warnings(FILE *out, const struct report_input *in);
typedef void report_warn_fn(void *ctx, const char *what, const char *text, const char *arm,
			    const char *where);
void report_each_warning(const struct report_input *in, report_warn_fn *fn, void *ctx);

/*
 * Verdicts. report_rows() makes, for each arm of @group after the first that has
 * runs, { "title", "a", "b" (names), "order", "confidence" (percent), "metrics":
 * rows as azimuth compare writes them }; report_compare_rows() the same of a
 * comparison that was given. A new array, NULL when memory is short.
 * report_verdicts() puts the main rows on the page, or with @details the others.
 */
json_t *report_rows(const struct report_group *group);
json_t *report_compare_rows(const json_t *compare);
void report_verdicts(FILE *out, const json_t *tables, bool details);

/* Style class of a verdict: "better", "worse", "same". */
const char *report_verdict_class(const char *verdict);

/*
 * Is @row none of the main ones of @rows, but of another latency than the first: of
 * a stage, a data path, a CPU, from the actual start?
 */
bool report_is_detail(const json_t *rows, const json_t *row);

/* The tables of all groups, or of the comparison that was given. As report_rows(). */
json_t *report_tables(const struct report_input *in, const struct report_group *groups, size_t n);

/* Plots of a group. What it has no data for is left out. */
int report_curve(FILE *out, const struct report_group *group, const char *hist);
int report_histogram(FILE *out, const struct report_group *group, const char *hist);
int report_timelines(FILE *out, const struct report_group *group);
int report_stages(FILE *out, const struct report_group *group);
int report_knee(FILE *out, const struct report_group *group);

/* Percentiles and counts of a group as tables. */
int report_percentiles(FILE *out, const struct report_group *group);
void report_counts(FILE *out, const struct report_group *group);

/*
 * What the machine did meanwhile. report_conditions_bad() says it of one run in a few
 * words, and returns how bad it was; 0: nothing to tell.
 */
void report_conditions(FILE *out, const struct report_group *group);
double report_conditions_bad(const json_t *doc, char *text, size_t len);

/* ---- facts -------------------------------------------------------------------- */

/*
 * Rows { "name", "values": [one for each arm, null: none], "differs": bool } of
 * what the runs say about themselves in members @members (ended by NULL), such
 * as "config". A new array, NULL when memory is short.
 */
json_t *report_fact_rows(const struct report_arm *arms, size_t narms, const char *const *members);
void report_facts(FILE *out, const struct report_input *in);
void report_config(FILE *out, const struct report_group *group);

/* ---- small shared pieces -------------------------------------------------------- */

/* Names of the arms, each with its line, for the plots below. */
void report_legend(FILE *out, const struct report_arm *arms, size_t narms);

/* What a screen reader says of @hist: "A: median 1 µs, p99 2 µs, ...". Free it. */
char *report_describe(const struct report_group *group, const char *hist);

/* "rtt_actual" is "rtt, from the actual start". @buf of 96. */
const char *report_hist_title(char *buf, const char *name);

#endif
