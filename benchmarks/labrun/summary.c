// SPDX-License-Identifier: GPL-2.0-only
/* From the run directories of two arms to result.json and a table. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/labrun/labrun.h"
#include "benchmarks/compare/series.h"
#include "cli/cli.h"
#include "lib/env.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/result.h"
#include "lib/stats.h"

#define RUNS_MAX	256
#define FAULTS_MAX	64

/* Differences within what a repetition on virtual time may show are none. */
#define THRESHOLD	0.005

struct arm {
	const char *name;
	const char *dirs[RUNS_MAX];
	size_t n;
	struct series_set series;
	json_t *histograms;	/* result name -> merged histogram */
	json_t *guest;		/* facts of the first guest */
};

struct summary {
	const char *base, *mode, *output;
	struct arm stock, patched;
	const char *faults[FAULTS_MAX];
	size_t nfaults;
	json_t *failed;		/* runs that are left out, with the reason */
};

static const char *const histograms[][2] = { { "udp_rtt", "rtt" }, { "read4k", "read" } };

static int add_dir(void *ctx, const char *value)
{
	struct arm *arm = ctx;

	if (arm->n == RUNS_MAX) {
		az_err("--%s: more than %d runs", arm->name, RUNS_MAX);
		return -E2BIG;
	}
	arm->dirs[arm->n++] = value;
	return 0;
}

static int add_fault(void *ctx, const char *value)
{
	const char *equals = strchr(value, '=');
	struct summary *sum = ctx;

	if (!equals || equals == value || !strchr(equals, ':')) {
		az_err("--fault: '%s' is not NAME=STOCKDIR:PATCHEDDIR", value);
		return -EINVAL;
	}
	if (sum->nfaults == FAULTS_MAX) {
		az_err("--fault: more than %d faults", FAULTS_MAX);
		return -E2BIG;
	}
	sum->faults[sum->nfaults++] = value;
	return 0;
}

/* ---- runs ---------------------------------------------------------------- */

static void leave_out(struct summary *sum, const struct arm *arm, const char *dir, const char *why)
{
	az_warn("%s run %s is left out: %s", arm->name, dir, why);
	json_array_append_new(sum->failed, json_pack("{s:s, s:s, s:s}", "arm", arm->name,
						     "run", dir, "reason", why));
}

static int merge_histograms(struct arm *arm, const struct labrun *run)
{
	struct az_hist *one, *all;
	const char *name;
	size_t i;
	int ret = -ENOMEM;

	one = malloc(sizeof(*one));
	all = malloc(sizeof(*all));
	for (i = 0; one && all && i < sizeof(histograms) / sizeof(histograms[0]); i++) {
		name = histograms[i][0];
		if (labrun_hist(run, name, histograms[i][1], one))
			continue;
		if (!az_hist_from_json(all, json_object_get(arm->histograms, name)))
			az_hist_merge(one, all);
		json_object_set_new(arm->histograms, name, az_hist_to_json(one));
	}
	if (one && all)
		ret = 0;
	free(all);
	free(one);
	return ret;
}

/*
 * A run counts with all metrics or not at all: otherwise the medians of two
 * metrics would be over different runs.
 */
static int take_run(struct summary *sum, struct arm *arm, const struct labrun *run)
{
	double values[16];
	char why[96];
	size_t i;
	int ret = 0;

	if (!labrun_good(run)) {
		leave_out(sum, arm, run->dir, "its status is not ok");
		return 0;
	}
	for (i = 0; labrun_metrics[i].name; i++)
		if (labrun_metrics[i].get(run, &values[i])) {
			snprintf(why, sizeof(why), "it has no %s", labrun_metrics[i].name);
			leave_out(sum, arm, run->dir, why);
			return 0;
		}
	for (i = 0; !ret && labrun_metrics[i].name; i++)
		ret = series_add(&arm->series, labrun_metrics[i].name, labrun_metrics[i].unit,
				 labrun_metrics[i].lower_is_better, values[i]);
	if (!arm->guest)
		arm->guest = json_incref(json_object_get(json_object_get(run->results, "udp_rtt"),
							 "env"));
	return ret ? ret : merge_histograms(arm, run);
}

static int read_arm(struct summary *sum, struct arm *arm)
{
	struct labrun run;
	const char *mode;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < arm->n; i++) {
		if (labrun_read(&run, arm->dirs[i])) {
			leave_out(sum, arm, arm->dirs[i], "a file is missing or broken");
			labrun_free(&run);
			continue;
		}
		mode = json_string_value(json_object_get(run.status, "mode"));
		if (mode && strcmp(mode, sum->mode))
			ret = az_usage("%s was made in %s mode, --mode says %s", arm->dirs[i], mode,
				       sum->mode);
		else if (take_run(sum, arm, &run))
			ret = az_env("out of memory");
		labrun_free(&run);
	}
	if (!ret && !arm->series.n) {
		az_err("no usable %s run", arm->name);
		ret = AZ_EXIT_FAILED;
	}
	return ret;
}

/* ---- output -------------------------------------------------------------- */

static json_t *values_to_json(const struct series *series)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < series->n; i++)
		json_array_append_new(list, json_real(series->values[i]));
	return list;
}

/* JSON has no infinity, which is what runs around a median of 0 spread. */
static json_t *spread_to_json(const struct series *series)
{
	double spread = az_spread(series->values, series->n);

	return isinf(spread) ? json_null() : json_real(spread);
}

static const char *colour(enum az_verdict verdict)
{
	if (!isatty(STDOUT_FILENO) || getenv("NO_COLOR"))
		return NULL;
	if (verdict == AZ_BETTER)
		return "32";
	return verdict == AZ_WORSE ? "31" : NULL;
}

static void print_metric(const struct series *stock, const struct series *patched,
			 const struct az_comparison *c)
{
	const char *paint = colour(c->verdict);
	char left[24], right[24], ratio[16] = "-", runs[24], spread[16];

	if (!isnan(c->ratio))
		snprintf(ratio, sizeof(ratio), "%.3f", c->ratio);
	snprintf(runs, sizeof(runs), "%zu+%zu", stock->n, patched->n);
	snprintf(spread, sizeof(spread), "%.2f%%",
		 100 * fmax(az_spread(stock->values, stock->n),
			    az_spread(patched->values, patched->n)));
	printf("%-27s %8s %8s %6s %6s %4s ", stock->name,
	       series_format(left, c->median_a, stock->unit),
	       series_format(right, c->median_b, stock->unit), ratio, spread, runs);
	if (paint)
		printf("\033[%sm%s\033[0m\n", paint, az_verdict_name(c->verdict));
	else
		printf("%s\n", az_verdict_name(c->verdict));
}

static json_t *metric_to_json(const struct labrun_metric *metric, const struct series *stock,
			      const struct series *patched, const struct az_comparison *c)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:f, s:f, s:o, s:i}",
				 "name", metric->name, "unit", metric->unit,
				 "better", metric->lower_is_better ? "lower" : "higher",
				 "stock", c->median_a, "patched", c->median_b,
				 "ratio", isnan(c->ratio) ? json_null() : json_real(c->ratio),
				 "runs", (int)(stock->n < patched->n ? stock->n : patched->n));

	if (!json)
		return NULL;
	json_object_set_new(json, "help", json_string(metric->help));
	json_object_set_new(json, "verdict", json_string(az_verdict_name(c->verdict)));
	json_object_set_new(json, "diff_ci95", json_pack("[f,f]", c->ci.low, c->ci.high));
	json_object_set_new(json, "stock_runs", values_to_json(stock));
	json_object_set_new(json, "patched_runs", values_to_json(patched));
	json_object_set_new(json, "stock_spread", spread_to_json(stock));
	json_object_set_new(json, "patched_spread", spread_to_json(patched));
	return json;
}

static int put_metrics(const struct summary *sum, json_t *list)
{
	struct az_compare_rule rule = {
		.deterministic = !strcmp(sum->mode, "deterministic"),
		.threshold = THRESHOLD, .seed = 1,
	};
	const struct labrun_metric *metric;
	const struct series *stock, *patched;
	struct az_comparison c;

	printf("%-27s %8s %8s %6s %6s %4s %s\n", "metric", "stock", "patched", "ratio", "spread",
	       "runs", "verdict");
	for (metric = labrun_metrics; metric->name; metric++) {
		stock = series_find(&sum->stock.series, metric->name);
		patched = series_find(&sum->patched.series, metric->name);
		rule.lower_is_better = metric->lower_is_better;
		if (az_compare_runs(stock->values, stock->n, patched->values, patched->n, &rule,
				    &c))
			return -ENOMEM;
		print_metric(stock, patched, &c);
		if (json_array_append_new(list, metric_to_json(metric, stock, patched, &c)))
			return -ENOMEM;
	}
	return 0;
}

/* One "NAME=STOCKDIR:PATCHEDDIR". Returns 0, or an exit code. */
static int put_fault(char *spec, json_t *list)
{
	char *stock_dir = strchr(spec, '=') + 1, *patched_dir = strchr(stock_dir, ':') + 1;
	char stock_proof[256], patched_proof[256];
	const char *stock, *patched;
	json_t *json;

	stock_dir[-1] = '\0';
	patched_dir[-1] = '\0';
	stock = labrun_outcome(stock_dir, stock_proof, sizeof(stock_proof));
	patched = labrun_outcome(patched_dir, patched_proof, sizeof(patched_proof));
	if (!stock || !patched) {
		az_err("fault %s is left out", spec);
		return AZ_EXIT_FAILED;
	}
	printf("%-27s %8s %8s\n", spec, stock, patched);
	json = json_pack("{s:s, s:s, s:s}", "name", spec, "stock", stock, "patched", patched);
	/* A console may hold any bytes; json_string() takes only text. */
	if (*stock_proof)
		json_object_set_new(json, "stock_proof", json_string(stock_proof));
	if (*patched_proof)
		json_object_set_new(json, "patched_proof", json_string(patched_proof));
	return json_array_append_new(list, json) ? az_env("out of memory") : 0;
}

static int put_faults(const struct summary *sum, json_t *list)
{
	int ret = 0, one;
	char *copy;
	size_t i;

	if (sum->nfaults)
		printf("\n%-27s %8s %8s\n", "fault", "stock", "patched");
	for (i = 0; i < sum->nfaults; i++) {
		copy = strdup(sum->faults[i]);
		if (!copy)
			return az_env("out of memory");
		one = put_fault(copy, list);
		ret = ret ? ret : one;
		free(copy);
	}
	return ret;
}

static json_t *arm_facts(const struct arm *arm)
{
	json_t *guest = arm->guest ? json_incref(arm->guest) : json_null();

	return json_pack("{s:o, s:O}", "guest", guest, "histograms", arm->histograms);
}

static int put_all(struct summary *sum)
{
	json_t *out;
	int ret, put;

	out = json_pack("{s:i, s:s, s:s, s:s, s:[], s:[], s:o, s:o, s:O, s:o}",
			"schema", AZ_RESULT_SCHEMA, "kind", "summary", "base", sum->base,
			"mode", sum->mode, "metrics", "faults",
			"stock", arm_facts(&sum->stock), "patched", arm_facts(&sum->patched),
			"left_out", sum->failed, "env", az_env_full(false));
	if (!out)
		return az_env("out of memory");
	ret = put_metrics(sum, json_object_get(out, "metrics")) ? az_env("out of memory") : 0;
	if (!ret)
		ret = put_faults(sum, json_object_get(out, "faults"));
	if (json_array_size(sum->failed) && !ret)
		ret = AZ_EXIT_FAILED;
	put = sum->output ? az_json_write(out, sum->output) : 0;
	json_decref(out);
	return put ? put : ret;
}

static int run(struct summary *sum)
{
	int ret;

	if (!sum->base || !sum->mode)
		return az_usage("--base and --mode are missing, such as --base 6.12"
				" --mode deterministic");
	if (!sum->stock.n || !sum->patched.n)
		return az_usage("--stock DIR... and --patched DIR... are missing: the runs");
	ret = read_arm(sum, &sum->stock);
	if (!ret)
		ret = read_arm(sum, &sum->patched);
	return ret ? ret : put_all(sum);
}

static void free_arm(struct arm *arm)
{
	series_free(&arm->series);
	json_decref(arm->histograms);
	json_decref(arm->guest);
}

int az_cmd_summary(int argc, char **argv)
{
	struct summary sum = { .stock = { .name = "stock" }, .patched = { .name = "patched" } };
	const struct az_opt table[] = {
		AZ_OPT(STRING, "base", 0, "VERSION", "base kernel of the runs, such as 6.12",
		       &sum.base),
		AZ_OPT(STRING, "mode", 0, "MODE", "lab mode of the runs", &sum.mode),
		AZ_OPT(LIST, "stock", 0, "DIR", "run directories of the stock arm", &sum.stock,
		       .call = add_dir),
		AZ_OPT(LIST, "patched", 0, "DIR", "run directories of the patched arm",
		       &sum.patched, .call = add_dir),
		AZ_OPT(CALL, "fault", 0, "NAME=STOCKDIR:PATCHEDDIR", "runs with a fault", &sum,
		       .call = add_fault),
		AZ_OPT(STRING, "output", 'o', "FILE", "write result.json here", &sum.output),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], NULL, "Make result.json and a table from the lab's runs of two arms.",
		"Exit codes: 0 good, 1 a run or fault had to be left out, 2 usage, 3 environment.",
		table
	};
	int ret = az_opts_parse(&opts, argc, argv, NULL);

	if (ret)
		return az_opts_exit(ret);
	sum.failed = json_array();
	sum.stock.histograms = json_object();
	sum.patched.histograms = json_object();
	ret = run(&sum);
	free_arm(&sum.stock);
	free_arm(&sum.patched);
	json_decref(sum.failed);
	return ret;
}
