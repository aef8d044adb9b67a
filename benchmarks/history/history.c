// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "benchmarks/history/plot.h"
#include "benchmarks/history/query.h"
#include "benchmarks/history/store.h"
#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/result.h"

#define STORE_OPT(dir) \
	AZ_OPT(STRING, "store", 0, "DIR", "the history (or AZIMUTH_HISTORY; else ~/.local/share)", \
	       (dir))

/* ---- add, reindex ------------------------------------------------------------ */

struct adding {
	struct store store;
	size_t count[3];
};

static int add_one(struct adding *adding, const char *path)
{
	enum store_outcome outcome;
	int ret = store_add(&adding->store, path, &outcome);

	adding->count[outcome]++;
	return ret;
}

static int is_result(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int add_directory(struct adding *adding, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_result, alphasort), ret = 0, i;
	char name[4096];

	if (count < 0) {
		az_warn("%s is skipped: %s", path, strerror(errno));
		adding->count[STORE_SKIPPED]++;
		return 0;
	}
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		ret = ret ? ret : add_one(adding, name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int cmd_add(int argc, char **argv)
{
	struct adding adding = { 0 };
	const char *dir = NULL;
	const struct az_opt table[] = { STORE_OPT(&dir), AZ_OPT_DONE };
	const struct az_opts opts = {
		argv[0], "FILE|DIR...", "Copy results into the history.",
		"The same file is taken once. Unfinished and broken files are named and skipped:\n"
		"exit code 1.", table
	};
	struct stat st;
	int first, ret;

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return az_opts_exit(ret);
	if (first == argc)
		return az_usage("which result files, or directories of them?");
	ret = store_open(&adding.store, dir, STORE_CREATE);
	for (; !ret && first < argc; first++)
		ret = !stat(argv[first], &st) && S_ISDIR(st.st_mode) ?
			      add_directory(&adding, argv[first]) : add_one(&adding, argv[first]);
	store_close(&adding.store);
	if (ret)
		return ret;
	printf("%zu added, %zu there already, %zu skipped\n", adding.count[STORE_ADDED],
	       adding.count[STORE_KNOWN], adding.count[STORE_SKIPPED]);
	return adding.count[STORE_SKIPPED] ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

static int cmd_reindex(int argc, char **argv)
{
	size_t files = 0, skipped = 0;
	const char *dir = NULL;
	const struct az_opt table[] = { STORE_OPT(&dir), AZ_OPT_DONE };
	const struct az_opts opts = {
		argv[0], NULL, "Make the index from the files again.", NULL, table
	};
	struct store store;
	int ret = az_opts_parse(&opts, argc, argv, NULL);

	if (ret)
		return az_opts_exit(ret);
	ret = store_open(&store, dir, STORE_REPAIR);
	ret = ret ? ret : store_reindex(&store, &files, &skipped);
	store_close(&store);
	if (ret)
		return ret;
	printf("%zu indexed, %zu skipped\n", files, skipped);
	return skipped ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

/* ---- list -------------------------------------------------------------------- */

static const char *column(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return text ? text : "";
}

static int list_rows(struct store *store, sqlite3_stmt *stmt, json_t *out)
{
	int step;

	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (out) {
			json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:s}",
				"date", column(stmt, 0), "benchmark", column(stmt, 1),
				"kernel", column(stmt, 2), "sku", column(stmt, 3),
				"file", column(stmt, 4)));
			continue;
		}
		history_text(stdout, column(stmt, 0), 20);
		fputc(' ', stdout);
		history_text(stdout, column(stmt, 1), 12);
		fputc(' ', stdout);
		history_text(stdout, column(stmt, 2), 24);
		fputc(' ', stdout);
		history_text(stdout, column(stmt, 3), 0);
		fputc('\n', stdout);
	}
	return step == SQLITE_DONE ? 0 : store_failed(store, "read");
}

static int cmd_list(int argc, char **argv)
{
	static const char sql[] = "SELECT date, benchmark, kernel, sku, file FROM runs"
				  " ORDER BY date, file";
	const char *dir = NULL, *json = NULL;
	const struct az_opt table[] = {
		STORE_OPT(&dir),
		AZ_OPT(STRING, "json", 0, "FILE", "write JSON, - for standard output", &json),
		AZ_OPT_DONE
	};
	const struct az_opts opts = { argv[0], NULL, "List the runs.", NULL, table };
	sqlite3_stmt *stmt = NULL;
	struct store store;
	json_t *out = NULL;
	int ret = az_opts_parse(&opts, argc, argv, NULL);

	if (ret)
		return az_opts_exit(ret);
	ret = store_open(&store, dir, STORE_READ);
	if (!ret && sqlite3_prepare_v2(store.db, sql, -1, &stmt, NULL))
		ret = store_failed(&store, "read");
	if (!ret && json)
		out = json_pack("{s:i, s:s, s:[]}", "schema", AZ_RESULT_SCHEMA, "kind",
				"history-list", "runs");
	ret = ret ? ret : list_rows(&store, stmt, json_object_get(out, "runs"));
	if (!ret && json)
		ret = az_json_write(out, json);
	json_decref(out);
	sqlite3_finalize(stmt);
	store_close(&store);
	return ret;
}

/* ---- show, changes ------------------------------------------------------------- */

struct view {
	const char *dir, *json, *csv;
	struct query query;
	double false_alarms;	/* percent */
	bool changes_only;
	json_t *out;		/* "series" */
	FILE *csv_file;
	size_t series;
};

static json_t *change_json(const struct query_series *s, size_t i)
{
	const struct change *change = &s->changes[i];

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:s}", "run", (int)change->at,
			 "date", s->runs[change->at].date, "kernel", s->runs[change->at].kernel,
			 "queue", s->runs[change->at].queue, "file", s->runs[change->at].file,
			 "before", change->before, "after", change->after, "p", change->p,
			 "verdict", query_is_worse(s, i) ? "worse" : "better");
}

static int put_json(struct view *view, const struct query_series *s)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:[]}",
				 "metric", s->metric, "unit", s->unit, "better",
				 s->lower_is_better ? "lower" : "higher", "benchmark", s->benchmark,
				 "sku", s->sku, "config", s->config, "lab_mode", s->lab_mode,
				 "runs", "changes");
	size_t i;

	for (i = 0; i < s->n && !view->changes_only; i++)
		json_array_append_new(json_object_get(json, "runs"),
				      json_pack("{s:s, s:s, s:s, s:f}", "date", s->runs[i].date,
						"kernel", s->runs[i].kernel, "file",
						s->runs[i].file, "value", s->values[i]));
	for (i = 0; i < s->n_changes; i++)
		json_array_append_new(json_object_get(json, "changes"), change_json(s, i));
	return json_array_append_new(view->out, json) ? -ENOMEM : 0;
}

static void put_cell(FILE *file, const char *text, char end)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fprintf(file, "\"%c", end);
}

static bool is_change(const struct query_series *s, size_t run)
{
	size_t i;

	for (i = 0; i < s->n_changes; i++)
		if (s->changes[i].at == run)
			return true;
	return false;
}

static void put_csv(struct view *view, const struct query_series *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (view->changes_only && !is_change(s, i))
			continue;
		put_cell(view->csv_file, s->metric, ',');
		put_cell(view->csv_file, s->benchmark, ',');
		put_cell(view->csv_file, s->sku, ',');
		put_cell(view->csv_file, s->config, ',');
		put_cell(view->csv_file, s->runs[i].date, ',');
		put_cell(view->csv_file, s->runs[i].kernel, ',');
		fprintf(view->csv_file, "%.12g,", s->values[i]);
		put_cell(view->csv_file, s->unit, ',');
		fprintf(view->csv_file, "%d\n", is_change(s, i));
	}
}

static void put_text(struct view *view, const struct query_series *s)
{
	bool quiet = (view->json && !strcmp(view->json, "-")) ||
		     (view->csv && !strcmp(view->csv, "-"));
	size_t i;

	if (quiet || (view->changes_only && !s->n_changes))
		return;
	if (view->changes_only) {
		history_text(stdout, s->metric, 0);
		fputs("  ", stdout);
		history_text(stdout, s->benchmark, 0);
		fputs(" on ", stdout);
		history_text(stdout, s->sku, 0);
		printf(", %zu runs\n", s->n);
	} else {
		history_plot(stdout, s);
	}
	for (i = 0; i < s->n_changes; i++) {
		fputs("  ", stdout);
		history_change(stdout, s, i);
	}
}

static int put_series(void *ctx, const struct query_series *s)
{
	struct view *view = ctx;

	view->series++;
	put_text(view, s);
	if (view->csv_file)
		put_csv(view, s);
	return view->out ? put_json(view, s) : 0;
}

static int open_csv(struct view *view)
{
	if (!view->csv)
		return 0;
	view->csv_file = strcmp(view->csv, "-") ? fopen(view->csv, "we") : stdout;
	if (!view->csv_file)
		return az_env("cannot create %s: %s", view->csv, strerror(errno));
	fputs("metric,benchmark,sku,config,date,kernel,value,unit,change\n", view->csv_file);
	return 0;
}

static int close_csv(struct view *view)
{
	bool bad;

	if (!view->csv_file)
		return 0;
	bad = fflush(view->csv_file) || ferror(view->csv_file);
	if (view->csv_file != stdout)
		bad |= fclose(view->csv_file) != 0;
	return bad ? az_env("cannot write %s: %s", view->csv, strerror(errno)) : 0;
}

static int run_view(struct view *view)
{
	json_t *doc = NULL;
	struct store store;
	int ret, closed;

	ret = store_open(&store, view->dir, STORE_READ);
	if (ret)
		goto out;
	if (view->json) {
		doc = json_pack("{s:i, s:s, s:f, s:[]}", "schema", AZ_RESULT_SCHEMA, "kind",
				"history", "false_alarms_percent", view->false_alarms, "series");
		view->out = json_object_get(doc, "series");
	}
	ret = open_csv(view);
	ret = ret ? ret : query_each(&store, &view->query, view->false_alarms / 100, put_series,
				     view);
	closed = close_csv(view);
	ret = ret ? ret : closed;
	if (!ret && view->json)
		ret = az_json_write(doc, view->json);
	if (!ret && !view->series)
		ret = az_usage("the history has no such runs");
out:
	json_decref(doc);
	store_close(&store);
	return ret;
}

#define VIEW_OPTS(v) \
	STORE_OPT(&(v)->dir), \
	AZ_OPT(STRING, "kernel", 0, "PATTERN", "runs of such kernels ('6.12*')", \
	       &(v)->query.kernel), \
	AZ_OPT(STRING, "sku", 0, "PATTERN", "runs on such VM sizes", &(v)->query.sku), \
	AZ_OPT(STRING, "benchmark", 0, "PATTERN", "runs of such benchmarks", \
	       &(v)->query.benchmark), \
	AZ_OPT(STRING, "queue", 0, "PATTERN", "runs with such patch queues", &(v)->query.queue), \
	AZ_OPT(STRING, "since", 0, "DATE", "runs from this date on (2026-11-01)", \
	       &(v)->query.since), \
	AZ_OPT(DOUBLE, "false-alarms", 0, "PCT", \
	       "of series without a change, how many may show one (default 1)", \
	       &(v)->false_alarms, .max = 20), \
	AZ_OPT(STRING, "json", 0, "FILE", "write JSON, - for standard output", &(v)->json), \
	AZ_OPT(STRING, "csv", 0, "FILE", "write CSV, - for standard output", &(v)->csv), \
	AZ_OPT_DONE

static int parse_view(struct view *view, const struct az_opts *opts, int argc, char **argv)
{
	int first, ret = az_opts_parse(opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (argc - first > 1 || (!view->changes_only && argc == first))
		return az_usage("one metric is wanted, or a pattern such as 'rtt_p9*'");
	if (first < argc)
		view->query.metric = argv[first];
	if (view->false_alarms < 0.1)
		return az_usage("--false-alarms: at least 0.1, as 999 shuffles show no less");
	return run_view(view);
}

static int cmd_show(int argc, char **argv)
{
	struct view view = { .false_alarms = 100 * CHANGE_ALPHA };
	const struct az_opt table[] = { VIEW_OPTS(&view) };
	const struct az_opts opts = {
		argv[0], "METRIC", "Plot a metric over the runs, with its changes.", NULL, table
	};

	return parse_view(&view, &opts, argc, argv);
}

static int cmd_changes(int argc, char **argv)
{
	struct view view = { .false_alarms = 100 * CHANGE_ALPHA, .changes_only = true };
	const struct az_opt table[] = { VIEW_OPTS(&view) };
	const struct az_opts opts = {
		argv[0], "[METRIC]", "Name the runs from which on a metric has another level.",
		"A change shows from its third run on, in a series of at least ten.", table
	};

	return parse_view(&view, &opts, argc, argv);
}

static const struct az_command commands[] = {
	{ "add", "copy results into the history", cmd_add },
	{ "list", "list the runs", cmd_list },
	{ "show", "plot a metric over the runs", cmd_show },
	{ "changes", "name the runs from which on a metric has another level", cmd_changes },
	{ "reindex", "make the index from the files again", cmd_reindex },
	{ NULL, NULL, NULL }
};

int az_cmd_history(int argc, char **argv)
{
	return az_dispatch("azimuth history", "Keep results, and see what changed.", commands, argc,
			   argv);
}
