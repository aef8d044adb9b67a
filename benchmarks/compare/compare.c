// SPDX-License-Identifier: GPL-2.0-only
/* Two sets of runs, A the reference and B, metric by metric. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/compare/judge.h"
#include "benchmarks/compare/runs.h"
#include "benchmarks/compare/table.h"
#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/result.h"

struct compare {
	struct runs a, b;
	double threshold, within, confidence;	/* percent */
	uint64_t seed;
	const char *arm, *json, *metric;
	bool force;
	struct order order;
	struct judge_rule rule;
	struct judged *list;
	size_t n;
};

static const char epilog[] =
	"A and B are result files, or directories of them: one file is one run. A\n"
	"result.json of 'azimuth summary' counts with the runs of --arm. Percentiles are\n"
	"taken of each run, and medians over runs compared. A comparison of a thing with\n"
	"itself calls something better or worse in at most 5% of cases, over all its\n"
	"metrics. Four runs of each are enough for a verdict, in deterministic mode\n"
	"three; run them interleaved, so that a drift of the machine hits both.\n"
	"'about N more' (runs of each) stands for not enough runs.\n"
	"Exit codes: 0 nothing is worse, 1 something is worse, 2 not comparable or\n"
	"usage, 4 not enough runs for any verdict.";

static bool is_wanted(const struct compare *cmp, const char *name)
{
	return !cmp->metric || !fnmatch(cmp->metric, name, 0);
}

/* Judges every wanted metric that both sides have. */
static int judge(struct compare *cmp)
{
	const struct series *a, *b;
	size_t i;
	int ret = 0;

	cmp->list = calloc(cmp->a.series.n + 1, sizeof(*cmp->list));
	if (!cmp->list)
		return -ENOMEM;
	for (i = 0; !ret && i < cmp->a.series.n; i++) {
		a = &cmp->a.series.list[i];
		b = series_find(&cmp->b.series, a->name);
		if (b && is_wanted(cmp, a->name))
			ret = judge_metric(&cmp->rule, &cmp->order, a, b, 0,
					   &cmp->list[cmp->n++]);
	}
	return ret ? ret : judge_all(&cmp->rule, cmp->list, cmp->n);
}

/* What to know of the order before a verdict is believed. */
static void say_order(const struct compare *cmp)
{
	/* One of twenty metrics seems to drift by chance. */
	double clear = JUDGE_DRIFT_P / (double)cmp->n;
	size_t i, drifts = 0, first = 0;

	if (cmp->rule.deterministic)
		return;
	if (cmp->order.kind == ORDER_UNKNOWN)
		az_info("note: the order of the runs is unknown; a drift of the machine would look"
			" like a difference");
	for (i = cmp->n; i-- > 0;)
		if (cmp->list[i].drift_p <= clear) {
			drifts++;
			first = i;
		}
	if (drifts)
		az_warn("drift: %s moved by %+.1f%% from first to last run (p %.2g), %zu of %zu"
			" metrics drift", cmp->list[first].a->name, 100 * cmp->list[first].drift,
			cmp->list[first].drift_p, drifts, cmp->n);
	if (cmp->order.kind == ORDER_APART)
		az_info("note: one arm ran after the other: a steady drift is taken out, which"
			" widens the intervals; interleave the runs");
}

static int put_rows(const struct compare *cmp, json_t *rows, FILE *file)
{
	size_t i, worse = 0, judged = 0;

	table_head(file, &cmp->rule);
	for (i = 0; i < cmp->n; i++) {
		table_row(file, &cmp->list[i]);
		if (json_array_append_new(rows, table_json(&cmp->list[i])))
			return az_env("out of memory");
		judged += cmp->list[i].verdict != AZ_TOO_FEW_RUNS;
		worse += cmp->list[i].verdict == AZ_WORSE;
	}
	if (judged)
		return worse ? AZ_EXIT_FAILED : AZ_EXIT_OK;
	az_info("not enough runs for a verdict: take at least %d of each",
		cmp->rule.deterministic ? 3 : 4);
	return AZ_EXIT_SKIP;
}

static int put(const struct compare *cmp)
{
	bool to_stderr = cmp->json && !strcmp(cmp->json, "-");
	json_t *out;
	int ret;

	out = json_pack("{s:i, s:s, s:O, s:O, s:f, s:f, s:s, s:s, s:[]}",
			"schema", AZ_RESULT_SCHEMA, "kind", "compare", "a", cmp->a.files,
			"b", cmp->b.files, "threshold_percent", cmp->threshold,
			"confidence_percent", cmp->confidence,
			"order", order_name(cmp->order.kind),
			"correction", cmp->rule.deterministic ? "none" : "Benjamini-Hochberg",
			"metrics");
	if (!out)
		return az_env("out of memory");
	ret = put_rows(cmp, json_object_get(out, "metrics"), to_stderr ? stderr : stdout);
	if (cmp->json && ret != AZ_EXIT_ENV) {
		int failed = az_json_write(out, cmp->json);

		ret = failed ? failed : ret;
	}
	json_decref(out);
	return ret;
}

static int run(struct compare *cmp)
{
	int ret = runs_comparable(&cmp->a, &cmp->b, cmp->force);

	if (ret)
		return ret;
	cmp->rule = (struct judge_rule){
		.deterministic = runs_deterministic(&cmp->a),
		.alpha = 1 - cmp->confidence / 100, .threshold = cmp->threshold / 100,
		.within = cmp->within / 100, .seed = cmp->seed,
	};
	if (runs_order(&cmp->a, &cmp->b, &cmp->order) || judge(cmp))
		return az_env("out of memory");
	if (!cmp->n)
		return az_usage("no metric of A and B matches '%s'",
				cmp->metric ? cmp->metric : "*");
	say_order(cmp);
	return put(cmp);
}

int az_cmd_compare(int argc, char **argv)
{
	struct compare cmp = { .threshold = 0.5, .confidence = 95, .seed = 1, .arm = "patched" };
	const struct az_opt table[] = {
		AZ_OPT(LIST, "a", 'a', "FILE", "runs of the reference", &cmp.a,
		       .call = runs_add_path),
		AZ_OPT(LIST, "b", 'b', "FILE", "runs to judge", &cmp.b, .call = runs_add_path),
		AZ_OPT(STRING, "arm", 0, "ARM", "of a summary: stock or patched (default)",
		       &cmp.arm),
		AZ_OPT(STRING, "metric", 'm', "PATTERN", "only metrics such as 'rtt*_p99*'",
		       &cmp.metric),
		AZ_OPT(DOUBLE, "threshold", 0, "PCT",
		       "changes up to this are no difference (default 0.5)", &cmp.threshold,
		       .max = 100),
		AZ_OPT(DOUBLE, "within", 0, "PCT",
		       "call it the same only when shown to be within this", &cmp.within,
		       .max = 100),
		AZ_OPT(DOUBLE, "confidence", 0, "PCT", "of intervals and verdicts (default 95)",
		       &cmp.confidence, .min = 50),
		AZ_OPT(FLAG, "force", 0, NULL, "compare what is not comparable", &cmp.force),
		AZ_OPT(U64, "seed", 0, "N", "seed of the bootstrap", &cmp.seed),
		AZ_OPT(STRING, "json", 0, "FILE", "write the comparison, - for standard output",
		       &cmp.json),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "A B", "Compare runs, metric by metric.", epilog, table
	};
	int first, ret;

	if (runs_init(&cmp.a, "A", false) || runs_init(&cmp.b, "B", false)) {
		ret = az_env("out of memory");
		goto out;
	}
	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret) {
		ret = az_opts_exit(ret);
		goto out;
	}
	if (strcmp(cmp.arm, "stock") && strcmp(cmp.arm, "patched"))
		ret = az_usage("--arm: '%s' is neither stock nor patched", cmp.arm);
	else if (cmp.confidence > 99.9)
		ret = az_usage("--confidence: more than 99.9 takes more runs than anybody has");
	cmp.a.arm = cmp.arm;
	cmp.b.arm = cmp.arm;
	ret = ret ? ret : runs_operands(&cmp.a, &cmp.b, argc, argv, first);
	if (!ret)
		ret = run(&cmp);
out:
	free(cmp.list);
	order_free(&cmp.order);
	runs_free(&cmp.a);
	runs_free(&cmp.b);
	return ret;
}
