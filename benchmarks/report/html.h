/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of results, as HTML takes it and as people read it. */
#ifndef AZ_BENCHMARKS_REPORT_HTML_H
#define AZ_BENCHMARKS_REPORT_HTML_H

#include <stdio.h>

#include <jansson.h>

/*
 * @text with what HTML would take for markup replaced, control characters left
 * out and bytes that are not UTF-8 replaced by U+FFFD; NULL is "unknown".
 */
void html_text(FILE *out, const char *text);

/* "<tag>text</tag>" */
void html_tag(FILE *out, const char *tag, const char *text);

/* Begins a table that scrolls where it is too wide, up to the first @heading. */
void html_table(FILE *out, const char *class, const char *heading);

/* String or number @key of @object; "" and 0 when there is none. */
const char *html_str(const json_t *object, const char *key);
double html_num(const json_t *object, const char *key);

/* A value with its unit, as people write it: "12.3 µs". @buf of 32. */
const char *html_value(char *buf, double value, const char *unit);

/* From 1 to @ratio: "−75%", "×2.4" where a percentage is hard to grasp. @buf of 16. */
const char *html_change(char *buf, double ratio);

/* "none", "one", ... "twelve", "13". The static buffer lasts until the next call. */
const char *html_number_word(size_t n);

/* Any JSON value as short text; strings without quotes. Free it. NULL: no memory. */
char *html_json_text(const json_t *value);

#endif
