// SPDX-License-Identifier: GPL-2.0-only
/* Change points by simulation, and the store through its functions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/history/changepoint.h"
#include "benchmarks/history/query.h"
#include "benchmarks/history/store.h"
#include "lib/result.h"
#include "tests/unit/simulate.h"

#define LONGEST	80
#define TRIALS	300

static char top[] = "/tmp/azimuth-history-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- change points ----------------------------------------------------------- */

/* Of series without a change at most 1% show one, whatever the runs are like. */
static void test_false_alarms(void **state)
{
	static const size_t lengths[] = { 10, 20, 40 };
	unsigned int alarms = 0, tried = 0, here, trial;
	struct az_rng rng = { 21 };
	double values[LONGEST];
	struct change change;
	enum shape shape;
	size_t i, l;

	for (shape = NORMAL; shape < SHAPES; shape++)
		for (l = 0; l < 3; l++) {
			for (trial = here = 0; trial < TRIALS; trial++) {
				for (i = 0; i < lengths[l]; i++)
					values[i] = sim_draw(&rng, shape);
				here += change_points(values, lengths[l], CHANGE_ALPHA, trial,
						      &change, 1) != 0;
			}
			assert_true(here < sim_bound(TRIALS, CHANGE_ALPHA));
			alarms += here;
			tried += TRIALS;
		}
	print_message("# %u false alarms of %u series, %.2f%%\n", alarms, tried,
		      100.0 * alarms / tried);
	assert_true(alarms < sim_bound(tried, CHANGE_ALPHA));
}

/* A step of three times the noise after run 20 of 40 is found within two runs of it. */
static void test_steps_are_found(void **state)
{
	unsigned int found = 0, near = 0, trial;
	struct az_rng rng = { 22 };
	double values[LONGEST];
	struct change change;
	size_t i;

	for (trial = 0; trial < 100; trial++) {
		for (i = 0; i < 40; i++)
			values[i] = sim_normal(&rng) + (i < 20 ? 100 : 103);
		if (change_points(values, 40, CHANGE_ALPHA, trial, &change, 1) < 1)
			continue;
		found++;
		near += change.at >= 18 && change.at <= 22 && change.after > change.before;
	}
	print_message("# found in %u%%, within two runs in %u%%\n", found, near);
	assert_true(found >= 98 && near >= 90);
}

static void test_two_steps(void **state)
{
	double values[LONGEST];
	struct change changes[8];
	size_t i;

	for (i = 0; i < 60; i++)
		values[i] = (i < 20 ? 100 : i < 40 ? 110 : 105) + 0.1 * (double)(i * 7 % 5);
	values[30] = 1000;	/* an outlier is no change */
	assert_int_equal(change_points(values, 60, CHANGE_ALPHA, 1, changes, 8), 2);
	assert_int_equal(changes[0].at, 20);
	assert_int_equal(changes[1].at, 40);
	assert_true(fabs(changes[0].before - 100.2) < 0.15);
	assert_true(fabs(changes[0].after - 110.2) < 0.15);
	assert_true(changes[1].before == changes[0].after);
	assert_true(fabs(changes[1].after - 105.2) < 0.15);
	/* No room for all: the ones that fit. */
	assert_int_equal(change_points(values, 60, CHANGE_ALPHA, 1, changes, 1), 1);
}

static void test_nothing_to_find(void **state)
{
	double same[LONGEST] = { 0 };
	struct change change;

	assert_int_equal(change_points(same, LONGEST, CHANGE_ALPHA, 1, &change, 1), 0);
	assert_int_equal(change_points(same, 0, CHANGE_ALPHA, 1, &change, 1), 0);
	same[4] = same[5] = same[3] = 9;
	assert_int_equal(change_points(same, 6, CHANGE_ALPHA, 1, &change, 1), 0);
}

/* ---- the store --------------------------------------------------------------- */

/* A result of one metric; the caller frees nothing. */
static const char *put_result(const char *name, double value, int day, const char *kernel)
{
	static char path[256];
	json_t *doc = az_result_new("net-rtt");
	char date[32];

	az_result_metric(doc, "rtt_p50", "ns", true, value);
	snprintf(date, sizeof(date), "2026-11-%02dT00:00:00Z", day);
	json_object_set_new(doc, "env", json_pack("{s:s, s:s, s:s}", "date", date, "kernel", kernel,
						  "sku", "none"));
	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(az_json_write(doc, path), 0);
	json_decref(doc);
	return path;
}

struct seen {
	size_t series, runs, changes, at;
	double last;
};

static int look(void *ctx, const struct query_series *s)
{
	struct seen *seen = ctx;

	seen->series++;
	seen->runs += s->n;
	seen->changes += s->n_changes;
	seen->at = s->n_changes ? s->changes[0].at : 0;
	seen->last = s->values[s->n - 1];
	return 0;
}

static struct seen ask(struct store *store, struct query query)
{
	struct seen seen = { 0 };

	assert_int_equal(query_each(store, &query, CHANGE_ALPHA, look, &seen), 0);
	return seen;
}

static void test_store(void **state)
{
	char dir[64], path[256];
	enum store_outcome outcome;
	size_t files = 0, skipped = 0;
	struct store store;
	struct seen seen;
	const char *file;
	int day;

	snprintf(dir, sizeof(dir), "%s/a/b/store", top);
	assert_int_equal(store_open(&store, dir, STORE_READ), 2);
	store_close(&store);
	assert_int_equal(store_open(&store, dir, STORE_CREATE), 0);
	/* Added backwards: the date orders them. */
	for (day = 24; day > 0; day--) {
		snprintf(path, sizeof(path), "%d.json", day);
		file = put_result(path, (day < 13 ? 1000 : 1200) + day * 7 % 5, day,
				  day < 13 ? "6.12.0" : "6.12.1");
		assert_int_equal(store_add(&store, file, &outcome), 0);
		assert_int_equal(outcome, STORE_ADDED);
	}
	assert_int_equal(store_add(&store, put_result("again", 1002, 1, "6.12.0"), &outcome), 0);
	assert_int_equal(outcome, STORE_KNOWN);
	seen = ask(&store, (struct query){ .metric = "rtt*" });
	assert_int_equal(seen.series, 1);
	assert_int_equal(seen.runs, 24);
	assert_int_equal(seen.changes, 1);
	assert_int_equal(seen.at, 12);
	assert_true(seen.last == 1203);
	assert_int_equal(ask(&store, (struct query){ .kernel = "6.12.1" }).runs, 12);
	assert_int_equal(ask(&store, (struct query){ .since = "2026-11-20" }).runs, 5);
	assert_int_equal(ask(&store, (struct query){ .metric = "x" }).series, 0);
	assert_int_equal(store_reindex(&store, &files, &skipped), 0);
	assert_int_equal(files, 24);
	assert_int_equal(skipped, 0);
	assert_int_equal(ask(&store, (struct query){ 0 }).runs, 24);
	store_close(&store);
}

/* Different contents may meet in one checksum; a name is given to one of them only. */
static void test_same_name(void **state)
{
	enum store_outcome outcome;
	struct store store;
	char dir[64], path[600], line[128], *name;
	FILE *list;

	snprintf(dir, sizeof(dir), "%s/names", top);
	assert_int_equal(store_open(&store, dir, STORE_CREATE), 0);
	assert_int_equal(store_add(&store, put_result("n.json", 5, 1, "x"), &outcome), 0);
	snprintf(path, sizeof(path), "ls %s/runs", dir);
	list = popen(path, "r");
	assert_non_null(list);
	name = fgets(line, sizeof(line), list);
	assert_non_null(name);
	pclose(list);
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s/runs/%s", dir, name);
	list = fopen(path, "w");
	assert_non_null(list);
	fputs("{}", list);
	fclose(list);
	assert_int_equal(store_add(&store, put_result("n.json", 5, 1, "x"), &outcome), 0);
	assert_int_equal(outcome, STORE_ADDED);
	assert_int_equal(ask(&store, (struct query){ 0 }).runs, 2);
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_steps_are_found),
		cmocka_unit_test(test_two_steps),
		cmocka_unit_test(test_nothing_to_find),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_same_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
