// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loops against a device of this test, on a clock of this test: what it delays
 * must come back in the histograms to the last bucket, what it stalls must be in
 * the latency of every request that waited, and what it loses must be found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/io/record.h"
#include "benchmarks/io/verify.h"
#include "benchmarks/load/run_impl.h"

#define DISK_BLOCKS	64u
#define DEPTH_MAX	16u
#define US		1000ull
#define MS		1000000ull
#define START		(10 * 1000 * MS)

/* A disk that serves @servers requests at a time, in memory. */
static struct {
	uint64_t now, free_at;
	uint64_t (*service)(uint64_t nth);	/* ns of the nth request */
	uint64_t stall_from, stall_to;		/* it serves nothing meanwhile */
	uint64_t served, answered;
	struct {
		struct io_req *req;
		uint64_t done;
	} queue[DEPTH_MAX];
	unsigned int queued, most;
	bool parallel;
	int (*answer)(struct io_req *req, uint64_t nth);	/* NULL: all is well */
	uint8_t memory[DISK_BLOCKS * 4096];
} disk;

static uint64_t disk_now(void)
{
	return disk.now;
}

static void disk_wait(uint64_t ns)
{
	if (ns > disk.now)
		disk.now = ns;
}

static const struct io_clock clock_of_test = { disk_now, disk_wait };

static int disk_open(struct io_thread *t)
{
	return 0;
}

static void disk_close(struct io_thread *t)
{
}

static void disk_queue(struct io_thread *t, struct io_req *req)
{
	uint64_t begin = disk.now;

	assert_true(disk.queued < DEPTH_MAX);
	if (!disk.parallel && begin < disk.free_at)
		begin = disk.free_at;
	if (begin >= disk.stall_from && begin < disk.stall_to)
		begin = disk.stall_to;
	disk.free_at = begin + disk.service(disk.served++);
	disk.queue[disk.queued].req = req;
	disk.queue[disk.queued++].done = disk.free_at;
	if (disk.queued > disk.most)
		disk.most = disk.queued;
}

static unsigned int first_done(void)
{
	unsigned int i, first = 0;

	for (i = 1; i < disk.queued; i++)
		if (disk.queue[i].done < disk.queue[first].done)
			first = i;
	return first;
}

static void disk_go(struct io_thread *t, uint64_t until)
{
	uint64_t done;

	assert_true(disk.queued);
	done = disk.queue[first_done()].done;
	if (!until || done <= until)
		disk_wait(done);
	else
		disk_wait(until);
	t->seen = disk.now;
}

/* The transfer happens when it is complete: two that overlap are done in any order. */
static int perform(struct io_req *req)
{
	uint8_t *at = disk.memory + req->offset + req->done;
	uint32_t len = req->len - req->done;

	if (req->op == IO_WRITE)
		memcpy(at, req->buf + req->done, len);
	else if (req->op == IO_READ)
		memcpy(req->buf + req->done, at, len);
	return req->op == IO_SYNC ? 0 : (int)len;
}

static unsigned int disk_reap(struct io_thread *t, struct io_req **reqs, unsigned int max)
{
	unsigned int i, n = 0;

	while (disk.queued && n < max) {
		i = first_done();
		if (disk.queue[i].done > disk.now)
			break;
		reqs[n] = disk.queue[i].req;
		reqs[n]->res = disk.answer ? disk.answer(reqs[n], disk.answered) :
					      perform(reqs[n]);
		disk.answered++;
		n++;
		disk.queue[i] = disk.queue[--disk.queued];
	}
	return n;
}

static const struct io_engine engine_of_test = {
	"test", true, disk_open, disk_close, disk_queue, disk_go, disk_reap,
};

struct rig {
	struct io_bench io;
	struct io_thread thread;
	struct load_private private;
	struct load_run run;
	struct load_worker worker;
};

static int make_rig(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	const char *why;

	memset(&disk, 0, sizeof(disk));
	disk.now = START;
	*state = rig;
	rig->io.fd = rig->io.guard = -1;
	rig->io.file = "test";
	rig->io.depth = 1;
	rig->io.mode = IO_MODE_RANDREAD;
	rig->io.bench.seed = 1;
	rig->io.engine = &engine_of_test;
	rig->io.load = (struct load_spec)LOAD_SPEC_DEFAULT;
	io_parse_sizes("4K", &rig->io.sizes, &why);
	rig->io.size = sizeof(disk.memory);
	rig->io.blocks = DISK_BLOCKS;
	rig->io.threads = &rig->thread;
	/* What a test breaks on purpose need not be told. */
	rig->io.said = true;
	return 0;
}

static int drop_rig(void **state)
{
	struct rig *rig = *state;

	recorder_free(rig->worker.rec);
	io_verify_free(&rig->thread);
	io_thread_free(&rig->thread);
	free(rig);
	return 0;
}

/* As load_run() would have prepared it. */
static void begin(struct rig *rig, uint64_t count)
{
	struct load_worker *w = &rig->worker;

	rig->run.p = &rig->private;
	rig->run.bench = &rig->io.bench;
	rig->run.threads = 1;
	w->run = &rig->run;
	w->rec = recorder_new(io_record_spec(&rig->io), 100 * MS, false);
	w->quota = count;
	w->start_ns = START;
	recorder_start(w->rec, START, START);
	if (rig->io.load.rate > 0)
		load_schedule_start(&w->schedule, &rig->io.load, 0, 1, START);
	assert_int_equal(io_thread_init(&rig->thread, &rig->io, 0, rig->io.depth), 0);
	rig->thread.clock = &clock_of_test;
	rig->thread.worker = w;
	io_pattern_init(&rig->thread.pattern, &rig->io, 0, 1);
}

static int next(struct io_thread *t, struct io_req *req)
{
	io_pattern_next(&t->pattern, req);
	return 1;
}

static const struct io_pass pass = { next, NULL, true, true };

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Each percentile that a result states, within the error that the histogram states. */
static void expect_percentiles(const struct az_hist *hist, uint64_t *values, size_t n)
{
	const struct az_percentile *p;
	uint64_t want, got;

	assert_int_equal(hist->count, n);
	qsort(values, n, sizeof(*values), ascending);
	assert_int_equal(hist->min, values[0]);
	assert_int_equal(hist->max, values[n - 1]);
	for (p = az_percentiles; p->name; p++) {
		want = values[(n * p->ppm + 999999) / 1000000 - 1];
		got = az_hist_percentile(hist, p->ppm);
		if (got > want + want / 512 + 1 || got + want / 512 + 1 < want)
			fail_msg("%s: %llu, not %llu", p->name, (unsigned long long)got,
				 (unsigned long long)want);
	}
}

/* A body, a shoulder and a tail, in an order that repeats. */
static uint64_t three_humps(uint64_t nth)
{
	uint64_t spread = az_mix64(nth) % 10000;

	if (nth % 1000 == 999)
		return 5 * MS + spread * 100;
	return nth % 20 == 19 ? 400 * US + spread : 80 * US + spread;
}

static uint64_t twenty_us(uint64_t nth)
{
	return 20 * US;
}

#define CLOSED	50000u
static uint64_t values[100000];

static void test_closed(void **state)
{
	struct rig *rig = *state;
	unsigned int i;

	disk.service = three_humps;
	begin(rig, CLOSED);
	io_loop_closed(&rig->thread, &pass);
	for (i = 0; i < CLOSED; i++)
		values[i] = three_humps(i);
	expect_percentiles(&rig->worker.rec->hist[0], values, CLOSED);
	assert_int_equal(recorder_samples(rig->worker.rec), CLOSED);
}

static void test_depth(void **state)
{
	struct rig *rig = *state;

	disk.service = three_humps;
	disk.parallel = true;
	rig->io.depth = 8;
	begin(rig, 5000);
	io_loop_closed(&rig->thread, &pass);
	assert_int_equal(disk.most, 8);
	assert_int_equal(disk.served, 5000);
	assert_int_equal(rig->thread.idles, 8);
	assert_int_equal(rig->worker.rec->hist[0].count, 5000);
}

/*
 * A stall of 100 ms in 10 s at 10,000/s. The waiting times of a queue with one
 * server follow from those before (Lindley): that is what p99 has to show, while
 * the latency from the submission shows nothing but one slow request.
 */
static void test_stall(void **state)
{
	enum { N = 100000 };
	struct rig *rig = *state;
	uint64_t i, due, free_at = 0;
	const struct az_hist *actual;

	disk.service = twenty_us;
	disk.stall_from = START + 3000 * MS;
	disk.stall_to = disk.stall_from + 100 * MS;
	rig->io.load.rate = 10000;
	rig->io.load.arrival = LOAD_FIXED;
	begin(rig, N);
	io_loop_open(&rig->thread, &pass);
	load_schedule_start(&rig->worker.schedule, &rig->io.load, 0, 1, START);
	for (i = 0; i < N; i++) {
		due = load_schedule_next(&rig->worker.schedule);
		if (free_at < due)
			free_at = due;
		if (free_at >= disk.stall_from && free_at < disk.stall_to)
			free_at = disk.stall_to;
		free_at += 20 * US;
		values[i] = free_at - due;
	}
	expect_percentiles(&rig->worker.rec->hist[0], values, N);
	assert_true(az_hist_percentile(&rig->worker.rec->hist[0], 990000) > 10 * MS);
	actual = &rig->worker.rec->hist[1];
	assert_string_equal(rig->worker.rec->spec->hists[1], "read_actual");
	assert_int_equal(actual->count, N);
	assert_int_equal(az_hist_percentile(actual, 999900), 20 * US);
	assert_int_equal(actual->max, 100 * MS + 20 * US);
	assert_int_equal(rig->thread.unsent, 0);
}

/* A write, and the sync after each fourth one: "commit" has both. */
static void test_commit(void **state)
{
	struct rig *rig = *state;
	const struct recorder *rec;

	disk.service = twenty_us;
	rig->io.mode = IO_MODE_RANDWRITE;
	rig->io.fsync = 4;
	begin(rig, 1000);
	io_loop_closed(&rig->thread, &pass);
	rec = rig->worker.rec;
	assert_string_equal(rec->spec->hists[1], "sync");
	assert_string_equal(rec->spec->hists[2], "commit");
	assert_int_equal(rec->hist[0].count, 1000);
	assert_int_equal(rec->hist[1].count, 250);
	assert_int_equal(rec->hist[1].max, 20 * US);
	assert_int_equal(rec->hist[2].count, 250);
	assert_int_equal(rec->hist[2].min, 40 * US);
}

static int some_fail(struct io_req *req, uint64_t nth)
{
	return nth % 10 == 3 ? -EIO : nth % 10 == 7 ? -EILSEQ : perform(req);
}

static void test_errors(void **state)
{
	struct rig *rig = *state;
	struct io_errors *errors = &rig->thread.errors;
	json_t *json;

	disk.service = twenty_us;
	disk.answer = some_fail;
	begin(rig, 1000);
	io_loop_closed(&rig->thread, &pass);
	assert_int_equal(errors->total, 200);
	assert_int_equal(rig->worker.rec->hist[0].count, 800);
	json = io_errors_json(errors);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "by_errno"),
							    "EIO")), 100);
	assert_int_equal(json_array_size(json_object_get(json, "first")), IO_FIRST);
	json_decref(json);
}

static void test_max_errors(void **state)
{
	struct rig *rig = *state;

	disk.service = twenty_us;
	disk.answer = some_fail;
	rig->io.max_errors = 5;
	begin(rig, 1000);
	io_loop_closed(&rig->thread, &pass);
	assert_int_equal(rig->thread.errors.total, 5);
	assert_true(rig->io.over);
	assert_true(rig->thread.issued < 40);
}

static int gone(struct io_req *req, uint64_t nth)
{
	return nth < 10 ? perform(req) : -ENODEV;
}

static void test_gone(void **state)
{
	struct rig *rig = *state;

	disk.service = twenty_us;
	disk.answer = gone;
	rig->io.depth = 4;
	begin(rig, 1000);
	io_loop_closed(&rig->thread, &pass);
	assert_in_range(rig->thread.errors.total, 1, 4);
	assert_int_equal(rig->worker.rec->hist[0].count, 10);
}

/* Half of what is left, and now and then nothing for now. */
static int in_pieces(struct io_req *req, uint64_t nth)
{
	if (nth % 5 == 4)
		return -EAGAIN;
	return req->len - req->done > 512 ? (int)(req->len - req->done) / 2 : perform(req);
}

static void test_short(void **state)
{
	struct rig *rig = *state;

	disk.service = twenty_us;
	disk.answer = in_pieces;
	begin(rig, 100);
	io_loop_closed(&rig->thread, &pass);
	assert_int_equal(rig->thread.errors.total, 0);
	assert_int_equal(rig->worker.rec->hist[0].count, 100);
	/* 4096 to 512 are four transfers. */
	assert_true(rig->worker.rec->hist[0].min >= 80 * US);
	assert_true(rig->thread.resubmitted >= 300);
}

static int ends_early(struct io_req *req, uint64_t nth)
{
	return 0;
}

static void test_end_of_file(void **state)
{
	struct rig *rig = *state;

	disk.service = twenty_us;
	disk.answer = ends_early;
	begin(rig, 10);
	io_loop_closed(&rig->thread, &pass);
	assert_int_equal(rig->thread.errors.total, 10);
	assert_int_equal(rig->thread.errors.kind[0].error, ENODATA);
}

/* Completions in any order: without the waiting, overlapping writes would look stale. */
static void verify(struct rig *rig, uint64_t count)
{
	disk.service = three_humps;
	disk.parallel = true;
	rig->io.depth = DEPTH_MAX;
	rig->io.mode = IO_MODE_MIXED;
	rig->io.mix = 30;
	rig->io.verify = true;
	begin(rig, count);
	rig->io.fd = dup(STDERR_FILENO);
	assert_int_equal(io_verify_init(&rig->thread, 1, 0), 0);
	io_loop_closed(&rig->thread, &io_verify_pass);
}

static uint64_t wrong(const struct rig *rig)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = IO_RIGHT + 1; i < IO_WRONGS; i++)
		sum += rig->thread.verify->wrong[i];
	return sum;
}

static void test_verify(void **state)
{
	struct rig *rig = *state;

	verify(rig, 20000);
	assert_int_equal(wrong(rig), 0);
	assert_true(rig->thread.verify->checked > 3000);
	assert_int_equal(rig->worker.rec->hist[0].count, 20000);
}

/* Each hundredth write is confirmed and not done. */
static int loses(struct io_req *req, uint64_t nth)
{
	return req->op == IO_WRITE && nth % 100 == 50 && nth > 2000 ? (int)req->len : perform(req);
}

static void test_verify_lost(void **state)
{
	struct rig *rig = *state;

	disk.answer = loses;
	verify(rig, 20000);
	assert_true(rig->thread.verify->wrong[IO_STALE] > 0);
	assert_int_equal(wrong(rig), rig->thread.verify->wrong[IO_STALE]);
}

/* One byte of one read in a thousand. */
static int flips(struct io_req *req, uint64_t nth)
{
	int ret = perform(req);

	if (req->op == IO_READ && nth % 1000 == 500)
		req->buf[100] ^= 4;
	return ret;
}

static void test_verify_flip(void **state)
{
	struct rig *rig = *state;

	disk.answer = flips;
	verify(rig, 20000);
	assert_true(rig->thread.verify->wrong[IO_CHECKSUM] > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_rig, drop_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_closed),
		TEST(test_depth),
		TEST(test_stall),
		TEST(test_commit),
		TEST(test_errors),
		TEST(test_max_errors),
		TEST(test_gone),
		TEST(test_short),
		TEST(test_end_of_file),
		TEST(test_verify),
		TEST(test_verify_lost),
		TEST(test_verify_flip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
