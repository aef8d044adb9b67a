// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/history/store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/history/index.h"
#include "lib/log.h"

#define BUSY_MS	60000

static int make_dirs(const char *path)
{
	char part[4200], *slash;

	snprintf(part, sizeof(part), "%s/", path);
	for (slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return az_env("cannot make %s: %s", part, strerror(errno));
		*slash = '/';
	}
	return 0;
}

static int find_dir(struct store *store, const char *dir)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int len;

	if (!dir)
		dir = getenv("AZIMUTH_HISTORY");
	if (dir && *dir)
		len = snprintf(store->dir, sizeof(store->dir), "%s", dir);
	else if (data && *data == '/')
		len = snprintf(store->dir, sizeof(store->dir), "%s/azimuth", data);
	else if (home && *home)
		len = snprintf(store->dir, sizeof(store->dir), "%s/.local/share/azimuth", home);
	else
		return az_usage("no --store, and neither AZIMUTH_HISTORY nor HOME is set");
	if (len >= (int)sizeof(store->dir))
		return az_usage("--store: the name is too long");
	return 0;
}

int store_failed(struct store *store, const char *what)
{
	int code = sqlite3_errcode(store->db);

	if (code == SQLITE_FULL)
		return az_env("%s: the disk is full", store->dir);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return az_env("%s: another azimuth has held the index for a minute", store->dir);
	if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
		return az_env("%s/index.sqlite is damaged; 'azimuth history reindex' makes it"
			      " again from the files", store->dir);
	return az_env("%s/index.sqlite: %s: %s", store->dir, what, sqlite3_errmsg(store->db));
}

static int open_index(struct store *store)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/index.sqlite", store->dir);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
		return store_failed(store, "open");
	sqlite3_busy_timeout(store->db, BUSY_MS);
	return 0;
}

static bool has_index(const struct store *store)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/index.sqlite", store->dir);
	return !access(path, F_OK);
}

int store_open(struct store *store, const char *dir, enum store_mode mode)
{
	size_t files = 0, skipped = 0;
	char runs[4096];
	bool known;
	int ret;

	*store = (struct store){ .db = NULL };
	ret = find_dir(store, dir);
	if (ret)
		return ret;
	snprintf(runs, sizeof(runs), "%s/runs", store->dir);
	known = has_index(store) || access(runs, F_OK);
	if (mode == STORE_CREATE)
		ret = make_dirs(runs);
	else if (access(runs, F_OK))
		return az_usage("%s: no history there; 'azimuth history add' begins one",
				store->dir);
	ret = ret ? ret : open_index(store);
	if (!ret && mode != STORE_REPAIR)
		ret = index_prepare(store);
	if (!ret && mode != STORE_REPAIR && !known)
		ret = index_rebuild(store, &files, &skipped);
	return ret;
}

void store_close(struct store *store)
{
	sqlite3_close(store->db);
	store->db = NULL;
}

/* Sets *@bad unless the answer is "ok". */
static int see_answer(void *bad, int columns, char **values, char **names)
{
	*(bool *)bad = columns != 1 || !values[0] || strcmp(values[0], "ok");
	return 0;
}

int store_reindex(struct store *store, size_t *files, size_t *skipped)
{
	bool bad = false;
	char path[4096];
	int ret;

	ret = sqlite3_exec(store->db, "PRAGMA quick_check(1)", see_answer, &bad, NULL);
	if (ret == SQLITE_BUSY || ret == SQLITE_LOCKED)
		return store_failed(store, "read");
	/* What is no sound database cannot be emptied, only replaced. */
	if (ret || bad) {
		store_close(store);
		snprintf(path, sizeof(path), "%s/index.sqlite", store->dir);
		if (unlink(path) && errno != ENOENT)
			return az_env("cannot remove %s: %s", path, strerror(errno));
		if (open_index(store))
			return AZ_EXIT_ENV;
	}
	return index_rebuild(store, files, skipped);
}
