/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of results: runs/ holds copies of the files, index.sqlite what is
 * looked up. The files are the truth; the index can be thrown away at any time and
 * is made from them again. Adding from several processes at once is safe: a file gets
 * its name by link(2), and SQLite locks the index.
 */
#ifndef AZ_BENCHMARKS_HISTORY_STORE_H
#define AZ_BENCHMARKS_HISTORY_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

struct store {
	char dir[4000];
	sqlite3 *db;
};

/*
 * Opens the store at @dir, or when NULL at $AZIMUTH_HISTORY, $XDG_DATA_HOME/azimuth,
 * or ~/.local/share/azimuth. STORE_CREATE makes what is missing, STORE_REPAIR does not
 * look into the index. An index that is missing is made from the files. Returns 0, or
 * the exit code after one line; store_close() in either case.
 */
enum store_mode { STORE_READ, STORE_CREATE, STORE_REPAIR };
int store_open(struct store *store, const char *dir, enum store_mode mode);
void store_close(struct store *store);

/* Largest result file that is taken. */
#define STORE_FILE_MAX	(64u << 20)

enum store_outcome { STORE_ADDED, STORE_KNOWN, STORE_SKIPPED };

/*
 * Adds the result at @path: copies it into the store and indexes its metrics (the
 * medians where it has several runs). The same bytes are taken once. What is no
 * finished result is skipped with one line that names it. Returns 0 with *@outcome, or
 * the exit code after one line when the store itself fails; then nothing is left of it.
 */
int store_add(struct store *store, const char *path, enum store_outcome *outcome);

/*
 * Makes the index from the files in runs/ again, all or nothing, also when it is
 * damaged. Broken files are named and passed over. Returns 0 or the exit code.
 */
int store_reindex(struct store *store, size_t *files, size_t *skipped);

/* "az_env: index: what SQLite says", and the exit code. */
int store_failed(struct store *store, const char *what);

#endif
