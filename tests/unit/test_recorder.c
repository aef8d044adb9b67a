// SPDX-License-Identifier: GPL-2.0-only
/* Recorders and timelines: bounds, folding, sums, readers; and whole runs of threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/load/run.h"
#include "lib/clock.h"
#include "lib/log.h"

static const char *const hists[] = { "rtt", "rtt_actual", "stage_send", NULL };
static const char *const counters[] = { "sent", "lost", "late", NULL };
static const char *const paths[] = { "synthetic", "vf", NULL };
static const struct recorder_spec spec = { hists, counters, paths };

static json_t *to_result(struct recorder *r)
{
	json_t *result = az_result_new("test");

	recorder_to_result(r, result);
	return result;
}

static void test_records(void **state)
{
	struct recorder *r = recorder_new(&spec, 1000, false);
	json_t *result, *slots;

	recorder_start(r, 10000, 10000);
	recorder_sample(r, 9999, 77, 0);	/* of the warm-up */
	recorder_sample(r, 10000, 5, 1);
	recorder_sample(r, 10999, 7, 2);
	recorder_sample(r, 12000, 9, 2);
	recorder_add(r, 2, 3);
	recorder_lost(r, 12500);
	recorder_late(r, 12500);
	recorder_count(r, 0, 4);
	result = to_result(r);
	assert_int_equal(r->hist[0].count, 3);
	assert_int_equal(r->hist[0].max, 9);
	slots = json_object_get(json_object_get(result, "timeline"), "slots");
	assert_int_equal(json_array_size(slots), 3);
	json_t *want = json_loads("[[2,0,5,7,7],[0,0,0,0,0],[1,1,9,9,9]]", 0, NULL);
	assert_true(json_equal(slots, want));
	json_decref(want);
	want = json_loads("{\"sent\":4,\"lost\":1,\"late\":1}", 0, NULL);
	assert_true(json_equal(json_object_get(result, "counts"), want));
	json_decref(want);
	json_t *h = json_object_get(result, "histograms");
	json_t *vf = json_object_get(h, "rtt@vf");
	assert_int_equal(json_integer_value(json_object_get(vf, "count")), 2);
	assert_non_null(json_object_get(h, "rtt@synthetic"));
	assert_non_null(json_object_get(h, "stage_send"));
	assert_null(json_object_get(h, "rtt_actual"));
	assert_string_equal(json_string_value(json_array_get(json_object_get(result, "stages"), 0)),
			    "stage_send");
	json_decref(result);
	recorder_free(r);
}

/* Whatever the duration: the same memory, and nothing is lost. */
static void test_timeline_folds(void **state)
{
	static struct timeline t;
	uint64_t count = 0, lost = 0;

	timeline_reset(&t, 500, 10);
	for (uint64_t at = 0; at < 5000000; at += 7) {
		timeline_add(timeline_slot(&t, 500 + at), at % 1000);
		if (at % 3 == 0)
			timeline_slot(&t, 500 + at / 2)->lost++;
	}
	assert_true(t.used <= TIMELINE_SLOTS && t.used > TIMELINE_SLOTS / 2);
	assert_int_equal(t.interval, 20480);
	for (unsigned int i = 0; i < t.used; i++) {
		struct timeline_slot *slot = &t.slot[i];
		uint64_t sum = 0;

		count += slot->count;
		lost += slot->lost;
		for (unsigned int k = 0; k < TIMELINE_BUCKETS; k++)
			sum += slot->bucket[k];
		assert_int_equal(sum, slot->count);
		assert_true(slot->max > 990 && slot->max < 1000 && slot->min < 10);
		/* Uniform below 1000; the error of a bucket and of 2925 samples. */
		assert_in_range(timeline_percentile(slot, 500000), 440, 560);
	}
	assert_int_equal(count, (5000000 + 6) / 7);
	assert_int_equal(lost, (5000000 + 20) / 21);
}

static void test_timeline_limits(void **state)
{
	static struct timeline t;
	struct timeline_slot *slot;

	timeline_reset(&t, 1000, 0);
	slot = timeline_slot(&t, 0);
	assert_ptr_equal(slot, &t.slot[0]);
	timeline_add(slot, UINT64_MAX);
	timeline_add(slot, 0);
	assert_int_equal(timeline_percentile(slot, 999999), UINT64_MAX);
	assert_int_equal(timeline_percentile(slot, 1), 0);
	slot = timeline_slot(&t, INT64_MAX);
	assert_true(slot > &t.slot[0] && slot < &t.slot[TIMELINE_SLOTS]);
	assert_int_equal(t.slot[0].count, 2);
	timeline_add(&t.slot[9], 1ull << 43);
	assert_in_range(timeline_percentile(&t.slot[9], 500000), (1ull << 43) - (1ull << 38),
			1ull << 43);
}

static void test_merge(void **state)
{
	struct recorder *a = recorder_new(&spec, 10, false), *b = recorder_new(&spec, 10, false);
	struct recorder *all = recorder_new(&spec, 10, false);

	recorder_start(a, 0, 0);
	recorder_start(b, 0, 0);
	for (uint64_t i = 0; i < 100000; i++)
		recorder_sample(i % 2 ? a : b, i, i, (unsigned int)(i % 3));
	recorder_count(a, 0, 5);
	recorder_count(b, 0, 6);
	recorder_reset(all, 0);
	recorder_merge(all, a);
	recorder_sample(b, 30000000, 4, 0);	/* b is much coarser than a now */
	recorder_merge(all, b);
	assert_int_equal(recorder_samples(all), 100001);
	assert_int_equal(recorder_counter(all, 0), 11);
	assert_int_equal(all->hist[0].count, 100001);
	assert_int_equal(all->timeline.interval, b->timeline.interval);
	assert_int_equal(all->timeline.slot[0].count, 100000);
	assert_int_equal(all->timeline.used, b->timeline.used);
	recorder_free(a);
	recorder_free(b);
	recorder_free(all);
}

/*
 * The server stalls for 100 ms of a second at 10,000/s, on a clock of its own. The
 * thousand events that were meant for the stall waited for its end, evenly from 0 to
 * 100 ms, so the worst 1% of all begins at 90 ms; from the actual time, nearly
 * nothing is to be seen.
 */
static void test_stall(void **state)
{
	const struct load_spec load = { LOAD_FIXED, 10000, 1, 1, 0 };
	struct recorder *r = recorder_new(&spec, 10000000, false);
	const uint64_t service = 1000, start = 1000000000;
	struct load_schedule s;
	uint64_t clock = start, at, begun;

	recorder_start(r, start, start);
	load_schedule_start(&s, &load, 0, 1, start);
	while ((at = load_schedule_next(&s)) < start + 1000000000) {
		begun = clock > at ? clock : at;
		clock = begun + service;
		if (begun >= start + 500000000 && begun < start + 600000000)
			clock = start + 600000000 + service;
		recorder_sample(r, at, clock - at, 0);
		recorder_add(r, 1, clock - begun);
	}
	/* Waiting events are served one after the other when it is over, at 1% of the gap. */
	uint64_t p99 = az_hist_percentile(&r->hist[0], 990000);
	assert_in_range(p99, 90000000 - 90000000 / 512, 91000000 + 91000000 / 512);
	assert_in_range(az_hist_percentile(&r->hist[0], 950000), 50000000, 51000000);
	assert_in_range(az_hist_percentile(&r->hist[1], 990000), 998, 1002);
	assert_in_range(r->timeline.slot[50].max, 99000000, 100001000);
	assert_in_range(r->timeline.slot[45].max, 1000, 1000);
	recorder_free(r);
}

static void *record(void *arg)
{
	struct recorder *r = arg;

	for (uint64_t i = 0; i < 1000000; i++) {
		recorder_sample(r, i * 100, i % 5000 + 1, 1);
		recorder_count(r, 0, 1);
	}
	return NULL;
}

/* What is read while it is recorded is a histogram that the reader accepts. */
static void test_read_while_recording(void **state)
{
	struct recorder *r = recorder_new(&spec, 1000, false);
	struct recorder *all = recorder_new(&spec, 1000, false);
	static struct az_hist hist;
	uint64_t last = 0;
	pthread_t thread;
	json_t *json;

	recorder_start(r, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, record, r), 0);
	do {
		recorder_reset(all, 0);
		recorder_merge(all, r);
		json = az_hist_to_json(&all->hist[0]);
		assert_int_equal(az_hist_from_json(&hist, json), 0);
		json_decref(json);
		assert_true(hist.count >= last);
		last = hist.count;
	} while (last < 1000000);
	pthread_join(thread, NULL);
	assert_int_equal(recorder_counter(r, 0), 1000000);
	recorder_free(r);
	recorder_free(all);
}

static void test_ring(void **state)
{
	struct recorder *r = recorder_new(&spec, 1000, true);
	static struct az_sample got[1000];
	unsigned int n, seen = 0;

	recorder_start(r, 100, 100);
	for (uint64_t i = 0; i < RECORDER_RING + 10; i++)
		recorder_sample(r, 100 + i, i * 2, 2);
	assert_int_equal(r->dropped, 10);
	while ((n = recorder_drain(r, got, 1000)))
		for (unsigned int i = 0; i < n; i++, seen++) {
			assert_int_equal(got[i].at, seen);
			assert_int_equal(got[i].ns, seen * 2);
			assert_int_equal(got[i].path, 2);
		}
	assert_int_equal(seen, RECORDER_RING);
	recorder_lost(r, 900);
	assert_int_equal(recorder_drain(r, got, 1000), 1);
	assert_true(got[0].lost && got[0].at == 800);
	recorder_free(r);
}

/* ---- runs ------------------------------------------------------------------- */

static int count_worker(struct load_worker *w)
{
	uint64_t now;

	while (load_worker_goes_on(w, now = az_clock_ns()))
		recorder_sample(w->rec, now, 1000 + w->index, 0);
	return AZ_EXIT_OK;
}

static void describe(struct load_run *run, const struct recorder *total, json_t *result,
		     bool partial)
{
	az_result_config_int(result, "seen", total->samples);
	run->priv = json_incref(result);
}

/* Exactly --count events, whatever the threads; those of the warm-up are not among them. */
static void test_run_count(void **state)
{
	struct bench bench = { .count = 10007, .warmup_count = 50, .threads = 3, .what = "test" };
	struct load_run run = {
		.bench = &bench, .name = "test", .recorder = &spec, .worker = count_worker,
		.describe = describe,
	};
	json_t *result;

	assert_int_equal(load_measure(&run, &result), 0);
	assert_non_null(result);
	json_t *rtt = json_object_get(json_object_get(result, "histograms"), "rtt");
	assert_int_equal(json_integer_value(json_object_get(rtt, "count")), 10007);
	assert_int_equal(json_integer_value(json_object_get(rtt, "max")), 1002);
	assert_non_null(json_object_get(json_object_get(result, "timeline"), "start"));
	json_decref(run.priv);
	json_decref(result);
}

static int open_worker(struct load_worker *w)
{
	uint64_t at = load_schedule_next(&w->schedule);

	for (; load_worker_goes_on(w, at); at = load_schedule_next(&w->schedule)) {
		if (load_wait_until(at))
			break;
		assert_true(az_clock_ns() >= at);
		recorder_sample(w->rec, at, az_clock_ns() - at, 0);
	}
	return AZ_EXIT_OK;
}

/* By intended time: exactly rate times duration, however slow this machine is just now. */
static void test_run_open(void **state)
{
	struct bench bench = {
		.duration = 50000000, .warmup_ns = 10000000, .threads = 2, .what = "test",
	};
	struct load_spec load = { LOAD_FIXED, 2000, 1, 1, 0 };
	struct load_run run = {
		.bench = &bench, .name = "test", .recorder = &spec, .worker = open_worker,
		.load = &load,
	};
	json_t *result;

	assert_int_equal(load_measure(&run, &result), 0);
	json_t *rtt = json_object_get(json_object_get(result, "histograms"), "rtt");
	assert_int_equal(json_integer_value(json_object_get(rtt, "count")), 100);
	json_decref(result);
}

static int slow_worker(struct load_worker *w)
{
	uint64_t at = load_schedule_next(&w->schedule);

	for (; load_worker_goes_on(w, at); at = load_schedule_next(&w->schedule)) {
		if (load_wait_until(at))
			break;
		az_sleep_ns(1000000);
		recorder_sample(w->rec, at, az_clock_ns() - at, 0);
	}
	return AZ_EXIT_OK;
}

/*
 * A rate that cannot be kept: the run ends a second late, not when it has caught up,
 * and no event is forgotten.
 */
static void test_run_behind(void **state)
{
	struct bench bench = { .duration = 20000000, .threads = 2, .what = "test" };
	struct load_spec load = { LOAD_BURST, 1000000, 10, 1, 0 };
	struct load_run run = {
		.bench = &bench, .name = "test", .recorder = &spec, .worker = slow_worker,
		.load = &load,
	};
	json_t *result, *counts, *rtt;
	json_int_t count;

	assert_int_equal(load_measure(&run, &result), 0);
	counts = json_object_get(result, "counts");
	rtt = json_object_get(json_object_get(result, "histograms"), "rtt");
	count = json_integer_value(json_object_get(rtt, "count"));
	assert_in_range(count, 1, 19999);
	assert_int_equal(count + json_integer_value(json_object_get(counts, "unsent")), 20000);
	json_decref(result);
}

/* The others have begun: a thread that comes when the run is over already is not let in. */
static unsigned int begun;

static int failing_worker(struct load_worker *w)
{
	uint64_t now;

	if (w->index == 1) {
		while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) < w->run->threads - 1)
			sched_yield();
		return AZ_EXIT_FAILED;
	}
	__atomic_add_fetch(&begun, 1, __ATOMIC_RELEASE);
	/* Waits for ever, unless the run ends it. */
	while (load_worker_goes_on(w, now = az_clock_ns()))
		load_wait_until(now + 3600 * AZ_NSEC_PER_SEC);
	load_mark(w->run, now, "test", "ended");
	return AZ_EXIT_OK;
}

static void test_run_fails(void **state)
{
	struct bench bench = { .threads = 3, .what = "test" };
	struct load_run run = {
		.bench = &bench, .name = "test", .recorder = &spec, .worker = failing_worker,
	};
	json_t *result;

	assert_int_equal(load_measure(&run, &result), AZ_EXIT_FAILED);
	assert_int_equal(json_array_size(json_object_get(result, "marks")), 2);
	json_decref(result);
}

static int failing_setup(struct load_worker *w)
{
	return w->index == 2 ? AZ_EXIT_ENV : AZ_EXIT_OK;
}

static void test_setup_fails(void **state)
{
	struct bench bench = { .threads = 3, .what = "test" };
	struct load_run run = {
		.bench = &bench, .name = "test", .recorder = &spec, .worker = count_worker,
		.setup = failing_setup,
	};
	json_t *result;

	assert_int_equal(load_measure(&run, &result), AZ_EXIT_ENV);
	assert_null(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_timeline_folds),
		cmocka_unit_test(test_timeline_limits),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_read_while_recording),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_run_count),
		cmocka_unit_test(test_run_open),
		cmocka_unit_test(test_run_behind),
		cmocka_unit_test(test_run_fails),
		cmocka_unit_test(test_setup_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
