// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/history/index.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "benchmarks/compare/runs.h"
#include "lib/log.h"
#include "lib/result.h"

#define VERSION	1

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, file TEXT UNIQUE NOT NULL,"
	" date TEXT, kernel TEXT, sku TEXT, benchmark TEXT, config TEXT, lab_mode TEXT,"
	" queue TEXT);"
	"CREATE TABLE IF NOT EXISTS vals (run INTEGER NOT NULL, metric TEXT NOT NULL,"
	" unit TEXT NOT NULL, lower INTEGER NOT NULL, value REAL NOT NULL,"
	" PRIMARY KEY (metric, run)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

static int execute(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) ? store_failed(store, "write") : 0;
}

static int version_of(struct store *store, int *version)
{
	sqlite3_stmt *stmt;
	int ret = 0;

	if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &stmt, NULL))
		return store_failed(store, "read");
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*version = sqlite3_column_int(stmt, 0);
	else
		ret = store_failed(store, "read");
	sqlite3_finalize(stmt);
	return ret;
}

int index_prepare(struct store *store)
{
	int version = 0, ret;

	/* What a crash of the machine takes from the index, reindex brings back. */
	sqlite3_exec(store->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	ret = version_of(store, &version);
	if (ret || version == VERSION)
		return ret;
	if (version)
		return az_usage("%s/index.sqlite is of version %d, this azimuth knows %d; remove"
				" it and run 'azimuth history reindex'", store->dir, version,
				VERSION);
	ret = execute(store, "BEGIN IMMEDIATE");
	ret = ret ? ret : execute(store, schema);
	ret = ret ? ret : execute(store, "COMMIT");
	if (ret)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* ---- results --------------------------------------------------------------- */

json_t *index_read_result(const char *path, struct series_set *series)
{
	const json_t *version;
	const char *why = NULL;
	struct stat st;
	json_t *doc;

	*series = (struct series_set){ 0 };
	if (stat(path, &st)) {
		az_warn("%s is skipped: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > STORE_FILE_MAX) {
		az_warn("%s is skipped: not a file of at most %u MiB", path, STORE_FILE_MAX >> 20);
		return NULL;
	}
	doc = az_json_read(path);
	if (!doc)
		return NULL;
	version = json_object_get(doc, "schema");
	if (json_integer_value(version) != AZ_RESULT_SCHEMA)
		why = "not a result of schema 1";
	else if (runs_cut_off(doc))
		why = runs_cut_off(doc);
	else if (series_add_result(series, doc, "patched"))
		why = "not a result of azimuth bench or summary";
	if (!why)
		return doc;
	az_warn("%s is skipped: %s", path, why);
	series_free(series);
	json_decref(doc);
	return NULL;
}

static void bind(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_fact(sqlite3_stmt *stmt, int at, const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(doc, "env"), key));

	bind(stmt, at, text ? text : "unknown");
}

static void bind_config(sqlite3_stmt *stmt, int at, const json_t *doc)
{
	const json_t *config = json_object_get(doc, "config"), *base = json_object_get(doc, "base");
	char *text = json_dumps(config ? config : base,
				JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	bind(stmt, at, text ? text : "");
	free(text);
}

static int insert_run(struct store *store, const char *name, const json_t *doc, bool *added)
{
	const char *benchmark = json_string_value(json_object_get(doc, "benchmark"));
	sqlite3_stmt *stmt;
	int ret = 0;

	if (sqlite3_prepare_v2(store->db, "INSERT OR IGNORE INTO runs (file, date, kernel, sku,"
			       " benchmark, config, lab_mode, queue) VALUES (?,?,?,?,?,?,?,?)", -1,
			       &stmt, NULL))
		return store_failed(store, "write");
	bind(stmt, 1, name);
	bind_fact(stmt, 2, doc, "date");
	bind_fact(stmt, 3, doc, "kernel");
	bind_fact(stmt, 4, doc, "sku");
	bind(stmt, 5, benchmark ? benchmark : "summary");
	bind_config(stmt, 6, doc);
	bind_fact(stmt, 7, doc, "lab_mode");
	bind_fact(stmt, 8, doc, "queue");
	if (sqlite3_step(stmt) != SQLITE_DONE)
		ret = store_failed(store, "write");
	*added = sqlite3_changes(store->db) > 0;
	sqlite3_finalize(stmt);
	return ret;
}

static int insert_values(struct store *store, const struct series_set *series)
{
	sqlite3_int64 run = sqlite3_last_insert_rowid(store->db);
	sqlite3_stmt *stmt;
	size_t i;
	int ret = 0;

	if (sqlite3_prepare_v2(store->db, "INSERT INTO vals VALUES (?,?,?,?,?)", -1, &stmt, NULL))
		return store_failed(store, "write");
	for (i = 0; !ret && i < series->n; i++) {
		sqlite3_bind_int64(stmt, 1, run);
		bind(stmt, 2, series->list[i].name);
		bind(stmt, 3, series->list[i].unit);
		sqlite3_bind_int(stmt, 4, series->list[i].lower_is_better);
		sqlite3_bind_double(stmt, 5, az_median(series->list[i].values, series->list[i].n));
		if (sqlite3_step(stmt) != SQLITE_DONE)
			ret = store_failed(store, "write");
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	return ret;
}

int index_add(struct store *store, const char *name, const json_t *doc,
	      const struct series_set *series, bool *added)
{
	bool own = sqlite3_get_autocommit(store->db);
	int ret = own ? execute(store, "BEGIN IMMEDIATE") : 0;

	ret = ret ? ret : insert_run(store, name, doc, added);
	if (!ret && *added)
		ret = insert_values(store, series);
	if (own && !ret)
		ret = execute(store, "COMMIT");
	if (own && ret)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* ---- from the files again ---------------------------------------------------- */

static int is_result(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int enter_file(struct store *store, const char *name, size_t *files, size_t *skipped)
{
	struct series_set series;
	char path[4400];
	json_t *doc;
	bool added;
	int ret;

	snprintf(path, sizeof(path), "%s/runs/%s", store->dir, name);
	doc = index_read_result(path, &series);
	if (!doc) {
		++*skipped;
		return 0;
	}
	ret = index_add(store, name, doc, &series, &added);
	*files += !ret;
	series_free(&series);
	json_decref(doc);
	return ret;
}

int index_rebuild(struct store *store, size_t *files, size_t *skipped)
{
	struct dirent **entries;
	char path[4400];
	int count, i, ret;

	snprintf(path, sizeof(path), "%s/runs", store->dir);
	ret = execute(store, "BEGIN IMMEDIATE");
	if (ret)
		return ret;
	count = scandir(path, &entries, is_result, alphasort);
	if (count < 0)
		ret = az_env("cannot read %s: %s", path, strerror(errno));
	ret = ret ? ret : execute(store, "DROP TABLE IF EXISTS runs; DROP TABLE IF EXISTS vals");
	ret = ret ? ret : execute(store, schema);
	for (i = 0; i < count; i++) {
		ret = ret ? ret : enter_file(store, entries[i]->d_name, files, skipped);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	ret = ret ? ret : execute(store, "COMMIT");
	if (ret)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}
