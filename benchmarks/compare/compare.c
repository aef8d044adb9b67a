// SPDX-License-Identifier: GPL-2.0-only
/* Two sets of runs, A the reference and B, metric by metric. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "benchmarks/bench.h"
#include "benchmarks/compare/series.h"
#include "cli/cli.h"
#include "lib/log.h"
#include "lib/result.h"
#include "lib/stats.h"

struct side {
	const char *label;
	json_t *docs;		/* array of results */
	json_t *files;		/* array of their names */
	struct series_set series;
};

struct compare {
	struct side a, b;
	double threshold;	/* percent */
	uint64_t seed;
	const char *arm, *json;
	bool force;
};

static const char epilog[] =
	"A and B are result files, or directories of them: one file is one run. A\n"
	"result.json of 'azimuth summary' counts with the runs of --arm.\n"
	"The interval is a bootstrap over runs, 95%. Four runs of each are enough for a\n"
	"verdict, in deterministic mode three.\n"
	"Exit codes: 0 nothing is worse, 1 something is worse, 2 not comparable or\n"
	"usage, 4 not enough runs for any verdict.";

/* ---- reading ------------------------------------------------------------ */

static int add_file(struct side *side, const char *path)
{
	json_t *doc = az_json_read(path);

	if (!doc)
		return -EINVAL;
	if (json_array_append_new(side->docs, doc) ||
	    json_array_append_new(side->files, json_string(path)))
		return -ENOMEM;
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_result(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int add_directory(struct side *side, const char *path)
{
	struct dirent **entries;
	char name[4096];
	int count = scandir(path, &entries, is_result, by_name), ret = 0, i;

	if (count < 0) {
		az_err("cannot read %s: %s", path, strerror(errno));
		return -errno;
	}
	if (!count) {
		az_err("%s: no *.json there", path);
		ret = -ENOENT;
	}
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		ret = ret ? ret : add_file(side, name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int add_path(void *ctx, const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return add_directory(ctx, path);
	return add_file(ctx, path);
}

static int make_series(struct compare *cmp, struct side *side)
{
	const json_t *doc;
	size_t i;
	int ret;

	json_array_foreach(side->docs, i, doc) {
		ret = series_add_result(&side->series, doc, cmp->arm);
		if (ret)
			return az_usage("%s: not a result of azimuth bench or summary",
					json_string_value(json_array_get(side->files, i)));
	}
	return 0;
}

/* ---- what may be compared ------------------------------------------------ */

static const char *text_of(const json_t *value, char *buf, size_t len)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);

	snprintf(buf, len, "%s", text ? text : "nothing");
	free(text);
	return buf;
}

static bool same(const json_t *x, const json_t *y)
{
	return x == y || (x && y && json_equal(x, y));
}

/* Says how key @key of two results differs; @where is its object, or NULL. */
static bool differs(const json_t *x, const json_t *y, const char *where, const char *key,
		    const char *kind)
{
	const json_t *from = where ? json_object_get(x, where) : x;
	const json_t *to = where ? json_object_get(y, where) : y;
	char left[64], right[64];

	from = json_object_get(from, key);
	to = json_object_get(to, key);
	if (same(from, to))
		return false;
	az_info("%s: %s is %s and %s", kind, key, text_of(from, left, sizeof(left)),
		text_of(to, right, sizeof(right)));
	return true;
}

static bool config_differs(const json_t *x, const json_t *y)
{
	json_t *all = json_object();
	const char *key;
	json_t *value;
	bool bad = false;

	json_object_update(all, json_object_get(x, "config"));
	json_object_update(all, json_object_get(y, "config"));
	json_object_foreach(all, key, value)
		bad |= differs(x, y, "config", key, "not comparable");
	json_decref(all);
	return bad;
}

static bool not_comparable(const json_t *x, const json_t *y)
{
	bool bad = differs(x, y, NULL, "kind", "not comparable");

	bad |= differs(x, y, NULL, "benchmark", "not comparable");
	bad |= differs(x, y, NULL, "mode", "not comparable");
	bad |= differs(x, y, NULL, "base", "not comparable");
	bad |= config_differs(x, y);
	bad |= differs(x, y, "env", "lab_mode", "not comparable");
	return bad;
}

static bool metric_missing(const struct side *from, const struct side *in)
{
	bool bad = false;
	size_t i;

	for (i = 0; i < from->series.n; i++)
		if (!series_find(&in->series, from->series.list[i].name)) {
			az_info("not comparable: %s has %s, %s has not", from->label,
				from->series.list[i].name, in->label);
			bad = true;
		}
	return bad;
}

static int check_comparable(struct compare *cmp)
{
	static const char *const facts[] = {
		"kernel", "queue", "netvsc_srcversion", "machine", "cpu_model", "cpus",
		"mitigations", "clocksource", "hypervisor", "cmdline", "sku", "tool_version",
	};
	const json_t *first = json_array_get(cmp->a.docs, 0), *doc;
	bool bad = false;
	size_t i;

	json_array_foreach(cmp->a.docs, i, doc)
		bad |= i && not_comparable(first, doc);
	json_array_foreach(cmp->b.docs, i, doc)
		bad |= not_comparable(first, doc);
	bad |= metric_missing(&cmp->a, &cmp->b);
	bad |= metric_missing(&cmp->b, &cmp->a);
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		differs(first, json_array_get(cmp->b.docs, 0), "env", facts[i], "note");
	if (!bad || cmp->force)
		return 0;
	return az_usage("these results are not comparable; --force compares what both have");
}

/* ---- the table ----------------------------------------------------------- */

static bool is_deterministic(const struct compare *cmp)
{
	const json_t *doc = json_array_get(cmp->a.docs, 0);
	const char *mode = json_string_value(json_object_get(json_object_get(doc, "env"),
							     "lab_mode"));

	if (json_is_string(json_object_get(doc, "base")))
		mode = json_string_value(json_object_get(doc, "mode"));
	return mode && !strcmp(mode, "deterministic");
}

static void print_row(const struct series *a, const struct az_comparison *c, FILE *file)
{
	char left[24], right[24], diff[16] = "-", interval[32] = "-";
	double base = fabs(c->median_a);

	if (base > 0) {
		snprintf(diff, sizeof(diff), "%+.1f%%", 100 * c->diff / base);
		snprintf(interval, sizeof(interval), "%+.1f..%+.1f%%", 100 * c->ci.low / base,
			 100 * c->ci.high / base);
	}
	fprintf(file, "%-27s %7s %7s %7s %13s %s\n", a->name,
		series_format(left, c->median_a, a->unit),
		series_format(right, c->median_b, a->unit), diff, interval,
		az_verdict_name(c->verdict));
}

static int add_row(json_t *rows, const struct series *a, const struct series *b,
		   const struct az_comparison *c)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:[f,f], s:i, s:i, s:s}",
				"name", a->name, "unit", a->unit,
				"better", a->lower_is_better ? "lower" : "higher",
				"a", c->median_a, "b", c->median_b, "diff", c->diff,
				"diff_ci95", c->ci.low, c->ci.high,
				"runs_a", (int)a->n, "runs_b", (int)b->n,
				"verdict", az_verdict_name(c->verdict));

	return json_array_append_new(rows, row);
}

/* Compares every metric that both sides have. Returns an exit code. */
static int compare_all(struct compare *cmp, json_t *rows, FILE *file)
{
	const struct series *a, *b;
	struct az_comparison c;
	struct az_compare_rule rule = {
		.deterministic = is_deterministic(cmp),
		.threshold = cmp->threshold / 100, .seed = cmp->seed,
	};
	size_t i, worse = 0, judged = 0;

	fprintf(file, "%-27s %7s %7s %7s %13s %s\n", "metric", "A", "B", "change",
		"95% interval", "verdict");
	for (i = 0; i < cmp->a.series.n; i++) {
		a = &cmp->a.series.list[i];
		b = series_find(&cmp->b.series, a->name);
		if (!b)
			continue;
		rule.lower_is_better = a->lower_is_better;
		if (az_compare_runs(a->values, a->n, b->values, b->n, &rule, &c) ||
		    add_row(rows, a, b, &c))
			return az_env("out of memory");
		print_row(a, &c, file);
		judged += c.verdict != AZ_TOO_FEW_RUNS;
		worse += c.verdict == AZ_WORSE;
	}
	if (judged)
		return worse ? AZ_EXIT_FAILED : AZ_EXIT_OK;
	az_info("not enough runs for a verdict: take at least %d of each",
		rule.deterministic ? 3 : 4);
	return AZ_EXIT_SKIP;
}

static int run(struct compare *cmp)
{
	bool to_stderr = cmp->json && !strcmp(cmp->json, "-");
	json_t *out;
	int ret;

	ret = make_series(cmp, &cmp->a);
	ret = ret ? ret : make_series(cmp, &cmp->b);
	ret = ret ? ret : check_comparable(cmp);
	if (ret)
		return ret;
	out = json_pack("{s:i, s:s, s:O, s:O, s:f, s:[]}", "schema", AZ_RESULT_SCHEMA,
			"kind", "compare", "a", cmp->a.files, "b", cmp->b.files,
			"threshold_percent", cmp->threshold, "metrics");
	if (!out)
		return az_env("out of memory");
	ret = compare_all(cmp, json_object_get(out, "metrics"), to_stderr ? stderr : stdout);
	if (cmp->json && ret != AZ_EXIT_ENV) {
		int put = az_json_write(out, cmp->json);

		ret = put ? put : ret;
	}
	json_decref(out);
	return ret;
}

/* Two operands are A and B; more would not say where A ends. */
static int take_operands(struct compare *cmp, int argc, char **argv, int first)
{
	if (argc - first == 2 && !json_array_size(cmp->a.docs) && !json_array_size(cmp->b.docs)) {
		if (add_path(&cmp->a, argv[first]) || add_path(&cmp->b, argv[first + 1]))
			return AZ_EXIT_USAGE;
		return 0;
	}
	if (argc != first || !json_array_size(cmp->a.docs) || !json_array_size(cmp->b.docs))
		return az_usage("give A and B, each a file or directory, or --a FILE... --b"
				" FILE...");
	return 0;
}

int az_cmd_compare(int argc, char **argv)
{
	struct compare cmp = {
		.a = { .label = "A", .docs = json_array(), .files = json_array() },
		.b = { .label = "B", .docs = json_array(), .files = json_array() },
		.threshold = 0.5, .seed = 1, .arm = "patched",
	};
	const struct az_opt table[] = {
		AZ_OPT(LIST, "a", 'a', "FILE", "runs of the reference", &cmp.a, .call = add_path),
		AZ_OPT(LIST, "b", 'b', "FILE", "runs to judge", &cmp.b, .call = add_path),
		AZ_OPT(STRING, "arm", 0, "ARM", "of a summary: stock or patched (default)",
		       &cmp.arm),
		AZ_OPT(DOUBLE, "threshold", 0, "PCT",
		       "changes up to this are no difference (default 0.5)", &cmp.threshold,
		       .max = 100),
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

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret) {
		ret = az_opts_exit(ret);
		goto out;
	}
	ret = take_operands(&cmp, argc, argv, first);
	if (!ret && strcmp(cmp.arm, "stock") && strcmp(cmp.arm, "patched"))
		ret = az_usage("--arm: '%s' is neither stock nor patched", cmp.arm);
	if (!ret)
		ret = run(&cmp);
out:
	series_free(&cmp.a.series);
	series_free(&cmp.b.series);
	json_decref(cmp.a.docs);
	json_decref(cmp.a.files);
	json_decref(cmp.b.docs);
	json_decref(cmp.b.files);
	return ret;
}
