// SPDX-License-Identifier: GPL-2.0-only
/*
 * The promise of azimuth compare, by simulation: a comparison of a thing with itself
 * finds something in at most 5% of cases, and a difference that is there is found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "benchmarks/compare/drift.h"
#include "benchmarks/compare/judge.h"
#include "lib/rank.h"
#include "tests/unit/simulate.h"

#define METRICS	3
#define TRIALS	250
#define MOST	16

/* ABBA: interleaved; ABAB: the same arm first; APART: all of A first. */
enum layout { UNKNOWN, ABBA, ABAB, APART };

struct world {
	enum shape shape;
	enum layout layout;
	size_t runs;		/* of each arm */
	double drift;		/* from the first run to the last */
	double memory;		/* of the noise: AR(1) */
	double shift;		/* B - A */
};

static bool is_b(const struct world *w, size_t i)
{
	switch (w->layout) {
	case APART:
		return i >= w->runs;
	case ABAB:
		return i % 2;
	default:
		return i % 4 == 1 || i % 4 == 2;
	}
}

struct arm {
	double values[METRICS][MOST];
	size_t runs[MOST];
	struct order_run when[MOST];
	size_t n;
};

/* Metrics share half of their noise, as percentiles of one run do. */
static void take_runs(const struct world *w, struct az_rng *rng, struct arm *a, struct arm *b)
{
	double noise[METRICS] = { 0 }, common, value, fresh = sqrt(1 - w->memory * w->memory);
	size_t i, m;

	a->n = b->n = 0;
	for (i = 0; i < 2 * w->runs; i++) {
		struct arm *to = is_b(w, i) ? b : a;

		common = sim_draw(rng, w->shape);
		to->runs[to->n] = to->n;
		to->when[to->n] = (struct order_run){ w->layout == UNKNOWN ? NAN : (double)i, -1 };
		for (m = 0; m < METRICS; m++) {
			noise[m] = w->memory * noise[m] + fresh * sim_normal(rng);
			value = (common + sim_draw(rng, w->shape)) / 2;
			value = w->memory > 0 ? 100 + noise[m] : value;
			value += w->drift * (double)i / (double)(2 * w->runs - 1);
			to->values[m][to->n] = value + (to == b ? w->shift : 0);
		}
		to->n++;
	}
}

/* Is any metric better, or worse? @covered counts intervals that hold the true shift. */
static bool finds(const struct world *w, struct az_rng *rng, unsigned int *covered)
{
	static struct arm a, b;
	struct judge_rule rule = { .alpha = 0.05, .seed = az_rng_next(rng) };
	struct series from[METRICS], to[METRICS];
	struct judged list[METRICS];
	struct order order;
	bool found = false;
	size_t m;

	take_runs(w, rng, &a, &b);
	assert_int_equal(order_make(&order, a.when, a.n, b.when, b.n), 0);
	for (m = 0; m < METRICS; m++) {
		from[m] = (struct series){ .values = a.values[m], .runs = a.runs, .n = a.n };
		to[m] = (struct series){ .values = b.values[m], .runs = b.runs, .n = b.n };
		assert_int_equal(judge_metric(&rule, &order, &from[m], &to[m], 0, &list[m]), 0);
	}
	assert_int_equal(judge_all(&rule, list, METRICS), 0);
	for (m = 0; m < METRICS; m++)
		found |= list[m].verdict == AZ_BETTER || list[m].verdict == AZ_WORSE;
	*covered += list[0].ci.low <= w->shift && w->shift <= list[0].ci.high;
	order_free(&order);
	return found;
}

static unsigned int count(const struct world *w, unsigned int trials, unsigned int *covered)
{
	struct az_rng rng = { 7 };
	unsigned int found = 0, held = 0, i;

	for (i = 0; i < trials; i++)
		found += finds(w, &rng, &held);
	if (covered)
		*covered = held;
	return found;
}

/* The 5% hold for @world, and count in *@all of *@tried. */
static void promise(struct world world, unsigned int *all, unsigned int *tried)
{
	static const char *const shapes[] = { "normal", "lognormal", "bimodal", "stepped" };
	static const char *const layouts[] = { "no order", "ABBA", "ABAB", "apart" };
	unsigned int covered, found = count(&world, TRIALS, &covered);

	print_message("# %-9s %-8s %2zu+%-2zu drift %2.0f memory %.1f: false %4.1f%%, interval"
		      " holds %5.1f%%\n", shapes[world.shape], layouts[world.layout], world.runs,
		      world.runs, world.drift, world.memory, 100.0 * found / TRIALS,
		      100.0 * covered / TRIALS);
	assert_true(found < sim_bound(TRIALS, 0.05));
	assert_true(TRIALS - covered < sim_bound(TRIALS, 0.05));
	*all += found;
	*tried += TRIALS;
}

static void test_promise_without_order(void **state)
{
	static const size_t runs[] = { 4, 5, 8, 10 };
	unsigned int all = 0, tried = 0, i;
	enum shape shape;

	for (shape = NORMAL; shape < SHAPES; shape++)
		for (i = 0; i < 4; i++)
			promise((struct world){ shape, UNKNOWN, runs[i], 0, 0, 0 }, &all, &tried);
	promise((struct world){ LOGNORMAL, UNKNOWN, 13, 0, 0, 0 }, &all, &tried);
	print_message("# %u of %u\n", all, tried);
	assert_true(all < sim_bound(tried, 0.05));
}

/* Interleaved runs keep it under any drift: along a line, and with a memory. */
static void test_promise_interleaved(void **state)
{
	unsigned int all = 0, tried = 0;

	promise((struct world){ NORMAL, ABBA, 4, 0, 0, 0 }, &all, &tried);
	promise((struct world){ BIMODAL, ABBA, 8, 0, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, ABBA, 6, 4, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, ABBA, 10, 16, 0, 0 }, &all, &tried);
	promise((struct world){ LOGNORMAL, ABAB, 6, 500, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, ABAB, 10, 8, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, ABBA, 6, 0, 0.6, 0 }, &all, &tried);
	promise((struct world){ NORMAL, ABBA, 10, 2, 0.9, 0 }, &all, &tried);
	print_message("# %u of %u\n", all, tried);
	assert_true(all < sim_bound(tried, 0.05));
}

/* One arm after the other: a drift along a line is no difference. */
static void test_promise_apart(void **state)
{
	unsigned int all = 0, tried = 0;

	promise((struct world){ NORMAL, APART, 5, 0, 0, 0 }, &all, &tried);
	promise((struct world){ LOGNORMAL, APART, 6, 0, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, APART, 4, 2, 0, 0 }, &all, &tried);
	promise((struct world){ NORMAL, APART, 8, 4, 0, 0 }, &all, &tried);
	print_message("# %u of %u\n", all, tried);
	assert_true(all < sim_bound(tried, 0.05));
}

/* Shifts in units of the noise between runs (0.7 for the mean of two), in percent of trials. */
static void test_power(void **state)
{
	static const struct {
		struct world world;
		unsigned int percent;
	} known[] = {
		{ { NORMAL, UNKNOWN, 4, 0, 0, 3 }, 90 },
		{ { NORMAL, UNKNOWN, 6, 0, 0, 2 }, 95 },
		{ { NORMAL, UNKNOWN, 10, 0, 0, 1.2 }, 90 },
		{ { NORMAL, ABBA, 6, 4, 0, 2 }, 90 },
		{ { NORMAL, ABBA, 10, 8, 0, 1.2 }, 85 },
		{ { NORMAL, APART, 6, 0, 0, 4 }, 90 },
	};
	unsigned int i, found;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		found = count(&known[i].world, 120, NULL);
		print_message("# %zu+%zu, shift %.1f, drift %.0f: found in %u%%, wanted %u%%\n",
			      known[i].world.runs, known[i].world.runs, known[i].world.shift,
			      known[i].world.drift, found * 100 / 120, known[i].percent);
		assert_true(found * 100 >= known[i].percent * 120);
	}
}

/* ---- the tests themselves ---------------------------------------------------- */

/* All C(n, k) choices, counted one by one. */
static double brute_two(const double *a, size_t na, const double *b, size_t nb)
{
	double all[16], ranks[16], mean = 0, seen = 0;
	unsigned int set, total = 0, far = 0;
	size_t n = na + nb, i, j;

	for (i = 0; i < n; i++)
		all[i] = i < na ? a[i] : b[i - na];
	for (i = 0; i < n; i++)
		for (j = 0, ranks[i] = 0.5; j < n; j++)
			ranks[i] += (all[j] < all[i]) + 0.5 * (all[j] == all[i]);
	mean = (double)na * (double)(n + 1) / 2;
	for (i = 0; i < na; i++)
		seen += ranks[i];
	for (set = 0; set < 1u << n; set++) {
		double sum = 0;

		if ((size_t)__builtin_popcount(set) != na)
			continue;
		for (i = 0; i < n; i++)
			sum += set >> i & 1 ? ranks[i] : 0;
		total++;
		far += fabs(sum - mean) >= fabs(seen - mean) - 1e-9;
	}
	return (double)far / total;
}

static double brute_paired(const double *d, size_t n)
{
	double ranks[16], seen = 0, mean = 0, sum;
	unsigned int set, far = 0;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0, ranks[i] = 0.5; j < n; j++)
			ranks[i] += (fabs(d[j]) < fabs(d[i])) + 0.5 * (fabs(d[j]) == fabs(d[i]));
		seen += d[i] > 0 ? ranks[i] : 0;
		mean += ranks[i] / 2;
	}
	for (set = 0; set < 1u << n; set++) {
		for (i = 0, sum = 0; i < n; i++)
			sum += set >> i & 1 ? ranks[i] : 0;
		far += fabs(sum - mean) >= fabs(seen - mean) - 1e-9;
	}
	return (double)far / (1u << n);
}

static void test_ranks_are_exact(void **state)
{
	struct az_rng rng = { 11 };
	struct az_rank rank;
	double a[6], b[6];
	unsigned int trial, i;

	for (trial = 0; trial < 60; trial++) {
		enum shape shape = trial % 2 ? STEPPED : NORMAL;
		size_t na = 3 + trial % 4, nb = 3 + trial % 3;

		for (i = 0; i < 6; i++) {
			a[i] = sim_draw(&rng, shape);
			b[i] = sim_draw(&rng, shape) + trial % 5;
		}
		assert_int_equal(az_rank_two(a, na, b, nb, 0.05, &rank), 0);
		assert_true(fabs(rank.p - brute_two(a, na, b, nb)) < 1e-9);
		for (i = 0; i < 6; i++)
			b[i] = b[i] == a[i] ? 0.25 : b[i] - a[i];
		assert_int_equal(az_rank_paired(b, 6, 0.05, &rank), 0);
		assert_true(fabs(rank.p - brute_paired(b, 6)) < 1e-9);
	}
}

/* Known: 4 against 4 keeps all 16 differences, 5 against 5 leaves out two at each end. */
static void test_rank_intervals(void **state)
{
	const double a[] = { 1, 2, 4, 8, 16 }, b[] = { 101, 103, 107, 115, 131 };
	const double pairs[] = { 1, 2, 3, 4, 5, 6 }, zero[] = { 0, 0, 0 };
	struct az_rank rank;

	assert_int_equal(az_rank_two(a, 4, b, 4, 0.05, &rank), 0);
	assert_true(rank.ci.low == 93 && rank.ci.high == 114);
	assert_int_equal(az_rank_two(a, 5, b, 5, 0.05, &rank), 0);
	assert_true(rank.ci.low == 91 && rank.ci.high == 127);
	assert_int_equal(az_rank_two(a, 3, b, 3, 0.05, &rank), 0);
	assert_true(isinf(rank.ci.low) && isinf(rank.ci.high));
	assert_int_equal(az_rank_paired(pairs, 6, 0.05, &rank), 0);
	assert_true(rank.ci.low == 1 && rank.ci.high == 6);
	assert_true(fabs(rank.p - 2.0 / 64) < 1e-12);
	assert_int_equal(az_rank_paired(zero, 3, 0.05, &rank), 0);
	assert_true(rank.p == 1);
}

/* Where the exact distribution ends, the normal one goes on. */
static void test_rank_approximation(void **state)
{
	static double a[70], b[70], d[250];
	struct az_rng rng = { 5 };
	struct az_rank exact, near;
	size_t i;

	for (i = 0; i < 250; i++)
		d[i] = sim_normal(&rng) + 0.1;
	for (i = 0; i < 70; i++) {
		a[i] = sim_normal(&rng);
		b[i] = sim_normal(&rng) + 0.3;
	}
	assert_int_equal(az_rank_two(a, 34, b, 34, 0.05, &exact), 0);
	assert_int_equal(az_rank_two(a, 70, b, 70, 0.05, &near), 0);
	assert_true(exact.p > 0 && near.p > 0 && near.p < 1);
	assert_true(near.ci.low < near.ci.high && near.ci.high - near.ci.low < 1);
	assert_int_equal(az_rank_paired(d, 200, 0.05, &exact), 0);
	assert_int_equal(az_rank_paired(d, 201, 0.05, &near), 0);
	assert_true(fabs(exact.p - near.p) < 0.05);
	assert_true(fabs(exact.ci.low - near.ci.low) < 0.05);
	assert_true(fabs(az_normal_quantile(0.975) - 1.959964) < 1e-5);
	assert_int_equal(az_rank_two(a, 70, b, AZ_RANK_MAX + 1, 0.05, &near), -E2BIG);
}

static enum order_kind kind_of(const char *layout, bool *one_sided, size_t *pairs)
{
	struct order_run a[MOST], b[MOST];
	struct order order;
	enum order_kind kind;
	size_t na = 0, nb = 0, i;

	for (i = 0; layout[i]; i++) {
		struct order_run *run = layout[i] == 'A' ? &a[na++] : &b[nb++];

		*run = (struct order_run){ (double)i, -1 };
	}
	assert_int_equal(order_make(&order, a, na, b, nb), 0);
	kind = order.kind;
	*one_sided = order.one_sided;
	*pairs = order.n_pairs;
	order_free(&order);
	return kind;
}

static void test_orders(void **state)
{
	bool one_sided;
	size_t pairs;

	assert_int_equal(kind_of("AAAABBBB", &one_sided, &pairs), ORDER_APART);
	assert_int_equal(kind_of("BBBBBAAAAA", &one_sided, &pairs), ORDER_APART);
	assert_int_equal(kind_of("ABBAABBA", &one_sided, &pairs), ORDER_MIXED);
	assert_int_equal(pairs, 4);
	assert_false(one_sided);
	assert_int_equal(kind_of("AABBBBAA", &one_sided, &pairs), ORDER_MIXED);
	assert_int_equal(kind_of("ABBAABBAABBAABBA", &one_sided, &pairs), ORDER_PAIRED);
	assert_false(one_sided);
	assert_int_equal(kind_of("ABABABABABABABAB", &one_sided, &pairs), ORDER_PAIRED);
	assert_true(one_sided);
}

static void test_order_of_blocks(void **state)
{
	struct order_run a[8], b[8];
	struct order order;
	size_t i;

	/* Nine arms may lie between; what counts is the block. */
	for (i = 0; i < 8; i++) {
		a[i] = (struct order_run){ (double)(20 * i + (i % 2 ? 9 : 0)), (long)i };
		b[i] = (struct order_run){ (double)(20 * i + (i % 2 ? 0 : 9)), (long)i };
	}
	assert_int_equal(order_make(&order, a, 8, b, 8), 0);
	assert_int_equal(order.kind, ORDER_PAIRED);
	assert_int_equal(order.n_pairs, 8);
	assert_int_equal(order.pairs[3].a, 3);
	assert_int_equal(order.pairs[3].b, 3);
	order_free(&order);
	/* All runs in one block, one arm after the other: its pairs are no neighbours. */
	for (i = 0; i < 8; i++) {
		a[i] = (struct order_run){ (double)i, 0 };
		b[i] = (struct order_run){ (double)(8 + i), 0 };
	}
	assert_int_equal(order_make(&order, a, 8, b, 8), 0);
	assert_int_equal(order.kind, ORDER_APART);
	order_free(&order);
	/* Two arms in one second, or a run without a date: nothing is known. */
	a[1].at = b[1].at;
	assert_int_equal(order_make(&order, a, 8, b, 8), 0);
	assert_int_equal(order.kind, ORDER_UNKNOWN);
	order_free(&order);
	a[1].at = NAN;
	assert_int_equal(order_make(&order, a, 8, b, 8), 0);
	assert_int_equal(order.kind, ORDER_UNKNOWN);
	order_free(&order);
}

static void test_order_of_results(void **state)
{
	json_t *doc = json_pack("{s:{s:s}, s:{s:i, s:i}}", "env", "date", "2026-11-22T10:00:30Z",
				"suite", "order", 7, "block", 2);
	struct order_run run = order_of_result(doc);

	assert_true(run.at == 7 && run.block == 2);
	json_object_del(doc, "suite");
	run = order_of_result(doc);
	assert_true(run.at == 1795341630 && run.block == -1);
	json_object_set_new(json_object_get(doc, "env"), "time_ns",
			    json_integer(1795341630250000000));
	assert_true(fabs(order_of_result(doc).at - 1795341630.25) < 1e-5);
	json_object_del(json_object_get(doc, "env"), "time_ns");
	json_object_set_new(json_object_get(doc, "env"), "date", json_string("yesterday"));
	assert_true(isnan(order_of_result(doc).at));
	json_decref(doc);
}

static void test_drift(void **state)
{
	const double flat[] = { 5, 3, 4, 5, 3, 4, 3, 5, 4, 3 };
	static double long_y[130], long_at[130];
	static bool long_b[130];
	double rise[10], at[10];
	bool b[10];
	struct drift_data data = { rise, at, b, 10 }, many = { long_y, long_at, long_b, 130 };
	struct drift_free without;
	struct drift drift;
	size_t i;

	for (i = 0; i < 10; i++) {
		at[i] = (double)i;
		b[i] = i % 4 == 1 || i % 4 == 2;
		rise[i] = 100 + 2 * at[i] + 0.01 * flat[i] + (b[i] ? 5 : 0);
	}
	assert_int_equal(drift_test(&data, 1, &drift), 0);
	assert_true(drift.p < 0.01);
	assert_true(fabs(drift.slope - 2) < 0.05);
	assert_int_equal(drift_remove(&data, 0.05, 1, &without), 0);
	assert_true(fabs(without.diff - 5) < 0.05 && without.p < 0.01);
	assert_true(without.ci.low > 4.9 && without.ci.high < 5.1);
	data.y = flat;
	assert_int_equal(drift_test(&data, 1, &drift), 0);
	assert_true(drift.p > 0.1);
	for (i = 0; i < 130; i++) {
		long_at[i] = (double)i;
		long_b[i] = i % 2;
		long_y[i] = (double)(i * 37 % 11) + 0.05 * (double)i;
	}
	assert_int_equal(drift_test(&many, 1, &drift), 0);
	assert_true(drift.p < 1e-4 && fabs(drift.slope - 0.05) < 0.02);
	for (i = 0; i < 130; i++)
		long_y[i] = (double)(i * 37 % 11);
	assert_int_equal(drift_test(&many, 1, &drift), 0);
	assert_true(drift.p > 0.3);
	data.n = 4;
	assert_int_equal(drift_remove(&data, 0.05, 1, &without), -EDOM);
}

/* "About N more" is what a simulation needs, within a factor of two. */
static void test_more_runs(void **state)
{
	double a[] = { 99, 100, 101, 100 }, b[] = { 99.6, 100.6, 101.6, 100.6 };
	size_t runs[] = { 0, 1, 2, 3 };
	struct series from = { .values = a, .runs = runs, .n = 4 };
	struct series to = { .values = b, .runs = runs, .n = 4 };
	struct judged j = { .a = &from, .b = &to, .method = JUDGE_RUNS };
	struct world world = { NORMAL, UNKNOWN, 0, 0, 0, 0.7 };
	unsigned int more;

	/* Standard deviation 0.82, shift 0.6: n = 2 * 2.8^2 * 0.67 / 0.36 = 29 of each. */
	more = judge_more(&j, 0.6, 0.05);
	assert_in_range(more, 22, 32);
	assert_int_equal(judge_more(&j, 1000, 0.05), 1);
	from.n = 2;
	assert_int_equal(judge_more(&j, 1000, 0.05), 2);
	/* Noise of 0.7 and a shift of 0.7: 2 * 2.8^2 = 16 of each. */
	world.runs = 16;
	assert_in_range(count(&world, 60, NULL), 30, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranks_are_exact),
		cmocka_unit_test(test_rank_intervals),
		cmocka_unit_test(test_rank_approximation),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_order_of_blocks),
		cmocka_unit_test(test_order_of_results),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_more_runs),
		cmocka_unit_test(test_promise_without_order),
		cmocka_unit_test(test_promise_interleaved),
		cmocka_unit_test(test_promise_apart),
		cmocka_unit_test(test_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
