// SPDX-License-Identifier: GPL-2.0-only
/* Stages add up to the latency, with whatever stamps there are; clocks that are set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/stamps.h"
#include "lib/clock.h"
#include "lib/result.h"

#define SAMPLES 200

/* ---- clocks that the test sets ---- */

static int64_t mono_now, real_ahead, jitter;

static int fake_clock(clockid_t id, struct timespec *ts)
{
	int64_t ns;

	mono_now += 20 + jitter;
	ns = mono_now + (id == CLOCK_REALTIME ? real_ahead : 0);
	ts->tv_sec = ns / (int64_t)AZ_NSEC_PER_SEC;
	ts->tv_nsec = ns % (int64_t)AZ_NSEC_PER_SEC;
	return 0;
}

static void test_clock_steps(void **state)
{
	struct clock_watch watch = { .read = fake_clock };
	int i;

	mono_now = 5000000000;
	real_ahead = 1700000000000000000;
	clock_watch_start(&watch);
	assert_in_range(watch.offset, real_ahead - 40, real_ahead + 40);
	for (i = 0; i < 1000; i++) {
		jitter = i % 7 ? i % 13 : 100000;
		assert_false(clock_watch_stepped(&watch));
	}
	jitter = 0;
	real_ahead -= 1000000;
	assert_true(clock_watch_stepped(&watch));
	assert_int_equal(watch.epoch, 1);
	assert_in_range(-watch.last_step, 1000000 - 80, 1000000 + 80);
	assert_false(clock_watch_stepped(&watch));
	assert_in_range(watch.offset, real_ahead - 40, real_ahead + 40);
}

static void test_real_clock(void **state)
{
	struct clock_watch watch = { .read = NULL };
	int i;

	clock_watch_start(&watch);
	for (i = 0; i < 100000; i++)
		clock_watch_stepped(&watch);
	/* A daemon may set the clock while the test runs, but not often. */
	assert_in_range(watch.epoch, 0, 1);
}

/* ---- stages ---- */

static const struct clock_watch base = { .offset = 1000000 };

/* The sum of the stages; checks that the application's times bound it. */
static uint64_t sum_of(const struct stamps_sample *sample, const struct stamps_value *values,
		       unsigned int n)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (stamps_stage_is_part(values[i].stage))
			sum += values[i].ns;
	return sum;
}

static bool has_stage(const struct stamps_value *values, unsigned int n, const char *name,
		      uint64_t ns)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(stamps_stage_name(values[i].stage), name))
			return values[i].ns == ns;
	return false;
}

static struct stamps_sample full_sample(void)
{
	return (struct stamps_sample){
		.intended = 900, .begin = 1000, .sched = 1001100, .soft = 1001300,
		.hw_tx = 77000400, .hw_rx = 77008400, .rx = 1010000, .app = 12000,
		.server = 5000, .server_wakeup = 3000, .ack = 1005000,
	};
}

static void test_all_stamps(void **state)
{
	struct stamps_value values[STAMPS_STAGES];
	struct stamps_sample sample = full_sample();
	unsigned int n = stamps_split(&sample, &base, values);

	assert_true(has_stage(values, n, "stage_schedule", 100));
	assert_true(has_stage(values, n, "stage_send", 100));
	assert_true(has_stage(values, n, "stage_qdisc", 200));
	assert_true(has_stage(values, n, "stage_wire", 3000));
	assert_true(has_stage(values, n, "stage_nic", 700));
	assert_true(has_stage(values, n, "stage_server", 5000));
	assert_true(has_stage(values, n, "server_wakeup", 3000));
	assert_true(has_stage(values, n, "server_app", 2000));
	assert_true(has_stage(values, n, "stage_wakeup", 2000));
	assert_true(has_stage(values, n, "tcp_ack", 3700));
	assert_int_equal(sum_of(&sample, values, n), 12000 - 900);
}

/* Whichever stamps are missing, the stages have names and add up. */
static void test_every_subset(void **state)
{
	struct stamps_value values[STAMPS_STAGES];
	struct stamps_sample sample;
	unsigned int mask, n, i;

	for (mask = 0; mask < 256; mask++) {
		sample = full_sample();
		sample.sched = mask & 1 ? sample.sched : 0;
		sample.soft = mask & 2 ? sample.soft : 0;
		sample.rx = mask & 4 ? sample.rx : 0;
		sample.hw_tx = mask & 8 ? sample.hw_tx : 0;
		sample.hw_rx = mask & 16 ? sample.hw_rx : 0;
		sample.server = mask & 32 ? sample.server : 0;
		sample.server_wakeup = (mask & 96) == 96 ? sample.server_wakeup : 0;
		sample.intended = mask & 128 ? sample.intended : 0;
		n = stamps_split(&sample, &base, values);
		if (!(mask & 39)) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_in_range(n, 2 - !(mask & 7), STAMPS_STAGES);
		for (i = 0; i < n; i++)
			assert_non_null(stamps_stage_name(values[i].stage));
		assert_int_equal(sum_of(&sample, values, n),
				 sample.app - (mask & 128 ? sample.intended : sample.begin));
	}
}

static void test_disorder(void **state)
{
	struct stamps_value values[STAMPS_STAGES];
	struct stamps_sample sample = full_sample();

	sample.soft = 1001000;
	assert_int_equal(stamps_split(&sample, &base, values), 0);
	sample = full_sample();
	sample.rx = 1013000;
	assert_int_equal(stamps_split(&sample, &base, values), 0);
	/* The server cannot have kept it for longer than it was away. */
	sample = full_sample();
	sample.server = 9000;
	assert_int_equal(stamps_split(&sample, &base, values), 0);
}

/* ---- a socket that talks to itself ---- */

/* The clocks of the machine, of which the test sets one ahead. */
static int64_t set_ahead;

static int stepping_clock(clockid_t id, struct timespec *ts)
{
	int ret = clock_gettime(id, ts);

	if (id == CLOCK_REALTIME)
		ts->tv_sec += set_ahead;
	return ret;
}

struct seen {
	unsigned int samples, wrong;
	uint64_t used, begin[SAMPLES], app[SAMPLES];
};

static void see(void *ctx, const struct stamps_sample *sample, const struct stamps_value *values,
		unsigned int n)
{
	struct seen *seen = ctx;
	unsigned int i;

	seen->samples++;
	for (i = 0; i < n; i++)
		seen->used |= 1ull << values[i].stage;
	if (sample->begin != seen->begin[sample->seq] || sample->app != seen->app[sample->seq] ||
	    sum_of(sample, values, n) != sample->app - sample->begin)
		seen->wrong++;
}

static int udp_pair(int fds[2])
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr *sa = (struct sockaddr *)&addr;
	socklen_t len = sizeof(addr);
	int i;

	for (i = 0; i < 2; i++) {
		fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		addr.sin_port = 0;
		if (fds[i] < 0 || bind(fds[i], sa, len))
			return -errno;
	}
	for (i = 0; i < 2; i++)
		if (getsockname(fds[i], sa, &len) || connect(fds[!i], sa, len))
			return -errno;
	return 0;
}

static ssize_t receive(int fd, struct msghdr *msg, uint64_t *seq, char *control)
{
	struct iovec iov = { seq, sizeof(*seq) };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t got;

	do {
		*msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
					.msg_controllen = STAMPS_CONTROL };
		got = recvmsg(fd, msg, MSG_DONTWAIT);
	} while (got < 0 && errno == EAGAIN && poll(&pfd, 1, 5000) > 0);
	msg->msg_iov = NULL;
	return got;
}

static void round_trip(struct stamps *stamps, const int fds[2], struct seen *seen, uint64_t seq)
{
	char control[STAMPS_CONTROL];
	struct stamps_answer answer = { .seq = seq };
	struct msghdr msg;
	uint64_t back, soft, hard;

	seen->begin[seq] = az_clock_ns();
	stamps_sent(stamps, seq, seen->begin[seq], sizeof(seq));
	assert_int_equal(send(fds[0], &seq, sizeof(seq), 0), sizeof(seq));
	assert_int_equal(receive(fds[1], &msg, &back, control), sizeof(seq));
	stamps_of_message(&msg, &soft, &hard);
	assert_int_equal(soft, 0);
	assert_int_equal(send(fds[1], &back, sizeof(back), 0), sizeof(back));
	assert_int_equal(receive(fds[0], &msg, &back, control), sizeof(seq));
	assert_int_equal(back, seq);
	answer.app = seen->app[seq] = az_clock_ns();
	answer.msg = &msg;
	stamps_received(stamps, &answer);
}

static const char *stamps_here(struct stamps **stamps, int fds[2], struct seen *seen,
			       unsigned int capacity)
{
	struct stamps_spec spec = { .capacity = capacity, .fn = see, .ctx = seen,
				    .read = stepping_clock };

	static int keeper = -1;

	if (udp_pair(fds))
		return "no loopback";
	if (keeper < 0)
		keeper = stamps_flow();
	if (keeper < 0)
		return "no receive stamps";
	return stamps_open(stamps, fds[0], &spec) ? "no SO_TIMESTAMPING" : NULL;
}

static void test_loopback(void **state)
{
	struct seen seen = { 0 };
	const struct stamps_counts *counts;
	struct stamps *stamps;
	const char *why;
	uint64_t seq;
	int fds[2];

	why = stamps_here(&stamps, fds, &seen, 64);
	if (why) {
		print_message("# %s\n", why);
		skip();
	}
	for (seq = 0; seq < SAMPLES; seq++) {
		round_trip(stamps, fds, &seen, seq);
		stamps_collect(stamps, 0);
	}
	stamps_finish(stamps);
	counts = stamps_counts(stamps);
	assert_int_equal(counts->samples, SAMPLES);
	assert_int_equal(counts->split + counts->stepped, SAMPLES);
	assert_int_equal(seen.samples, counts->split);
	assert_int_equal(seen.wrong, 0);
	assert_int_equal(counts->disordered, 0);
	assert_int_equal(counts->resyncs, 0);
	assert_int_equal(counts->sched, SAMPLES);
	assert_int_equal(counts->soft, SAMPLES);
	assert_int_equal(counts->rx, SAMPLES);
	stamps_close(stamps);
	close(fds[0]);
	close(fds[1]);
}

/* Many under way at once, stamps read late; and more than are remembered. */
static void test_window(void **state)
{
	struct seen seen = { 0 };
	struct stamps *stamps;
	const char *why;
	uint64_t seq;
	int fds[2];

	why = stamps_here(&stamps, fds, &seen, 32);
	if (why) {
		print_message("# %s\n", why);
		skip();
	}
	for (seq = 0; seq < SAMPLES; seq++) {
		round_trip(stamps, fds, &seen, seq);
		if (seq % 20 == 19)
			stamps_collect(stamps, 0);
	}
	stamps_finish(stamps);
	assert_int_equal(stamps_counts(stamps)->samples, SAMPLES);
	assert_int_equal(seen.samples + stamps_counts(stamps)->stepped, SAMPLES);
	assert_int_equal(seen.wrong, 0);
	stamps_close(stamps);
	close(fds[0]);
	close(fds[1]);
}

/* A packet that we did not number moves the kernel's numbers; this must show. */
static void test_lost_count(void **state)
{
	struct seen seen = { 0 };
	const struct stamps_counts *counts;
	char control[STAMPS_CONTROL];
	struct stamps *stamps;
	struct msghdr msg;
	const char *why;
	uint64_t seq, other = UINT64_MAX;
	int fds[2];

	why = stamps_here(&stamps, fds, &seen, 64);
	if (why) {
		print_message("# %s\n", why);
		skip();
	}
	for (seq = 0; seq < SAMPLES; seq++) {
		if (seq == 50) {
			assert_int_equal(send(fds[0], &other, sizeof(other), 0), sizeof(other));
			assert_int_equal(receive(fds[1], &msg, &other, control), sizeof(other));
		}
		round_trip(stamps, fds, &seen, seq);
		stamps_collect(stamps, 0);
	}
	stamps_finish(stamps);
	counts = stamps_counts(stamps);
	assert_int_equal(counts->resyncs, 1);
	assert_int_equal(seen.wrong, 0);
	assert_in_range(counts->split + counts->stepped, SAMPLES - 3, SAMPLES);
	assert_in_range(counts->soft, SAMPLES - 3, SAMPLES);
	stamps_close(stamps);
	close(fds[0]);
	close(fds[1]);
}

/* The clock is set while a sample is on its way: that one has no stages, the others do. */
static void test_step(void **state)
{
	struct seen seen = { 0 };
	const struct stamps_counts *counts;
	struct stamps *stamps;
	const char *why;
	uint64_t seq;
	int fds[2];

	why = stamps_here(&stamps, fds, &seen, 64);
	if (why) {
		print_message("# %s\n", why);
		skip();
	}
	for (seq = 0; seq < SAMPLES; seq++) {
		round_trip(stamps, fds, &seen, seq);
		/* There and back: the kernel's stamps are of the clock that was not set. */
		set_ahead = seq == 100 ? 3600 : 0;
		stamps_collect(stamps, 0);
	}
	stamps_finish(stamps);
	counts = stamps_counts(stamps);
	assert_in_range(counts->steps, 2, 3);
	assert_in_range(counts->stepped, 2, 3);
	assert_int_equal(counts->disordered, 0);
	assert_int_equal(counts->samples, SAMPLES);
	assert_int_equal(seen.samples, SAMPLES - counts->stepped);
	assert_int_equal(seen.wrong, 0);
	stamps_close(stamps);
	close(fds[0]);
	close(fds[1]);
}

static void test_report(void **state)
{
	struct stamps_counts counts = { .samples = 10, .sched = 10, .soft = 10, .rx = 10 };
	json_t *result = az_result_new("x");
	char text[512];

	stamps_report(result, &counts, "lo", text, sizeof(text));
	assert_int_equal(json_array_size(json_object_get(result, "stages_missing")), 2);
	assert_non_null(strstr(text, "wire: lo"));
	assert_non_null(strstr(text, "server: "));
	assert_null(strstr(text, "qdisc"));
	json_decref(result);
}

static void test_shared_clock(void **state)
{
	struct clock_sync here = { .boot = 7, .error = 1000 };
	uint64_t error;

	assert_null(clock_shared(&here, 7, CLOCK_UNSYNC, &error));
	assert_int_equal(error, 0);
	assert_null(clock_shared(&here, 8, 500, &error));
	assert_int_equal(error, 1500);
	assert_non_null(strstr(clock_shared(&here, 8, CLOCK_UNSYNC, &error), "peer's clock"));
	assert_non_null(strstr(clock_shared(&here, 0, 500, &error), "states no clock"));
	here.error = CLOCK_UNSYNC;
	assert_non_null(strstr(clock_shared(&here, 8, 500, &error), "here"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_steps),
		cmocka_unit_test(test_real_clock),
		cmocka_unit_test(test_all_stamps),
		cmocka_unit_test(test_every_subset),
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_lost_count),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_shared_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
