// SPDX-License-Identifier: GPL-2.0-only
/* A file into the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/history/index.h"
#include "lib/log.h"
#include "lib/pattern.h"

#define NAMES_MAX	100	/* for different contents with one checksum and date */

static char *read_whole(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	char *text = NULL;

	if (!file)
		return NULL;
	if (!fstat(fileno(file), &st) && S_ISREG(st.st_mode) && st.st_size <= STORE_FILE_MAX) {
		text = malloc((size_t)st.st_size + 1);
		*len = text ? fread(text, 1, (size_t)st.st_size, file) : 0;
	}
	fclose(file);
	return text;
}

static bool holds(const char *path, const char *text, size_t len)
{
	size_t there = 0;
	char *old = read_whole(path, &there);
	bool same = old && there == len && !memcmp(old, text, len);

	free(old);
	return same;
}

static int write_tmp(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "wxe");
	bool bad;

	if (!file)
		return az_env("cannot create %s: %s", path, strerror(errno));
	bad = fwrite(text, 1, len, file) != len || fflush(file) || fsync(fileno(file));
	if (fclose(file) || bad) {
		az_err("cannot write %s: %s", path, strerror(errno));
		unlink(path);
		return AZ_EXIT_ENV;
	}
	return 0;
}

/* The date in the name is for people who look into the directory. */
static void make_name(char *name, size_t size, const json_t *doc, const char *text, size_t len,
		      int attempt)
{
	const char *date = json_string_value(json_object_get(json_object_get(doc, "env"), "date"));
	char day[11] = "undated", again[16] = "";
	unsigned int i;

	if (date && strlen(date) >= 10) {
		memcpy(day, date, 10);
		day[10] = '\0';
	}
	for (i = 0; day[i]; i++)
		if (!strchr("0123456789-undate", day[i]))
			day[i] = '_';
	if (attempt)
		snprintf(again, sizeof(again), "-%d", attempt);
	snprintf(name, size, "%s-%016llx%s.json", day,
		 (unsigned long long)az_checksum(AZ_CHECKSUM_INIT, text, len), again);
}

/*
 * Gives @tmp a name in runs/ that no other contents have. *@fresh is false when these
 * contents were there already.
 */
static int place(struct store *store, const char *tmp, const json_t *doc, const char *text,
		 size_t len, char *name, size_t size, bool *fresh)
{
	char path[4400];
	int attempt;

	for (attempt = 0; attempt < NAMES_MAX; attempt++) {
		make_name(name, size, doc, text, len, attempt);
		snprintf(path, sizeof(path), "%s/runs/%s", store->dir, name);
		*fresh = !link(tmp, path);
		if (*fresh || (errno == EEXIST && holds(path, text, len)))
			return 0;
		if (errno != EEXIST)
			return az_env("cannot create %s: %s", path, strerror(errno));
	}
	return az_env("%s: no free name", path);
}

static int enter(struct store *store, const json_t *doc, const struct series_set *series,
		 const char *text, size_t len, enum store_outcome *outcome)
{
	char tmp[4400], path[4400], name[64];
	bool fresh = false, added = false;
	int ret;

	snprintf(tmp, sizeof(tmp), "%s/runs/.%d.tmp", store->dir, (int)getpid());
	ret = write_tmp(tmp, text, len);
	if (ret)
		return ret;
	ret = place(store, tmp, doc, text, len, name, sizeof(name), &fresh);
	unlink(tmp);
	ret = ret ? ret : index_add(store, name, doc, series, &added);
	if (ret && fresh) {
		snprintf(path, sizeof(path), "%s/runs/%s", store->dir, name);
		unlink(path);
	}
	*outcome = added ? STORE_ADDED : STORE_KNOWN;
	return ret;
}

int store_add(struct store *store, const char *path, enum store_outcome *outcome)
{
	struct series_set series;
	json_t *doc = index_read_result(path, &series);
	size_t len = 0;
	char *text;
	int ret = 0;

	*outcome = STORE_SKIPPED;
	if (!doc)
		return 0;
	text = read_whole(path, &len);
	if (text)
		ret = enter(store, doc, &series, text, len, outcome);
	else
		az_warn("%s is skipped: cannot be read again", path);
	free(text);
	series_free(&series);
	json_decref(doc);
	return ret;
}
