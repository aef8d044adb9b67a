/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate for CI: rules from a file, checks of results by them, and the forms they are told in. */
#ifndef AZ_BENCHMARKS_GATE_H
#define AZ_BENCHMARKS_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "benchmarks/compare/judge.h"
#include "benchmarks/compare/runs.h"

enum gate_limit {
	GATE_CHANGE_PERCENT,	/* of B against A, for the worse */
	GATE_CHANGE,		/* the same in the unit of the metric */
	GATE_MAX, GATE_MIN,	/* of B alone */
};

struct gate_rule {
	const char *metric;	/* pattern as in fnmatch(3) */
	enum gate_limit limit;
	double allowed;
	int lower_is_better;	/* 0, 1, or -1: as the result says */
	double confidence;	/* percent */
	unsigned int min_runs;	/* of each side */
	bool skip_few;		/* not enough runs skips the check instead of failing */
	bool skip_missing;	/* so does a metric that no result has */
	bool safety;		/* pass needs proof that the limit holds */
};

struct gate_criteria {
	json_t *doc;		/* holds the strings */
	const char *name;
	struct gate_rule *rules;
	size_t n;
};

/*
 * Reads a criteria file, as azimuth-gate(1) describes it. A key that is not known is
 * an error: a limit with a slip of the pen would limit nothing. Returns 0, or the
 * exit code after one line; criteria_free() in either case.
 */
int criteria_read(struct gate_criteria *criteria, const char *path);
void criteria_free(struct gate_criteria *criteria);

enum gate_status { GATE_PASS, GATE_FAIL, GATE_SKIP };

struct gate_check {
	const struct gate_rule *rule;
	const char *metric;		/* or the pattern, when nothing matches it */
	enum gate_status status;
	bool compared;			/* @judged holds a comparison */
	bool few;			/* failed or skipped for want of runs */
	struct judged judged;
	char text[160];			/* what was found, one line */
};

struct gate {
	struct gate_criteria criteria;
	struct runs a, b;		/* a is empty where only limits of b are checked */
	struct order order;
	struct gate_check *checks;
	size_t n;
	uint64_t seed;
};

/* Makes the checks. Returns 0, or the exit code after one line. */
int gate_check_all(struct gate *gate);

/* "benchmark" of the results, or "summary". */
const char *gate_subject(const struct gate *gate);

/* KTAP on standard output. */
void gate_ktap(const struct gate *gate);

/*
 * Write one form to a file that is complete or absent: JUnit's XML, what LISA's
 * perfdump notifier writes (an array; data_path "Synthetic" or "Sriov" from the
 * metric's name), and OpenMetrics 1.0 text with the histograms of both sides in 26
 * buckets. Return 0, or the exit code after one line.
 */
int gate_junit(const struct gate *gate, const char *path);
int gate_perfdump(const struct gate *gate, const char *path);
int gate_openmetrics(const struct gate *gate, const char *path);

#endif
