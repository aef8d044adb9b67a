// SPDX-License-Identifier: GPL-2.0-only
/* From run directories to result.json, to a comparison and to the report. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/labrun/labrun.h"
#include "benchmarks/compare/series.h"
#include "cli/cli.h"
#include "lib/log.h"
#include "lib/result.h"

static char top[] = "/tmp/azimuth-summary-XXXXXX";
static char path_buf[8][160];
static unsigned int next_path;

/* @name below the test's directory; eight at a time. */
static char *at(const char *name)
{
	char *path = path_buf[next_path++ % 8];

	snprintf(path, sizeof(path_buf[0]), "%s/%s", top, name);
	return path;
}

static void put(const char *dir, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put(const char *dir, const char *file, const char *fmt, ...)
{
	char path[256];
	va_list ap;
	FILE *f;

	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
}

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

static char *hist_line(const char *name, const char *hist, uint64_t base)
{
	static struct az_hist h;
	json_t *json;
	char *text;
	uint64_t i;

	az_hist_reset(&h);
	for (i = 0; i < 100; i++)
		az_hist_record(&h, base + i);
	json = json_pack("{s:s, s:{s:o}, s:{s:s, s:s}}", "kind", "bench", "histograms", hist,
			 az_hist_to_json(&h), "env", "kernel", "6.12-test", "queue", "q1");
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	assert_non_null(text);
	return text;
}

/* A run with @rtt ns round trips and, for 100 skbs, @packets and @signals. */
static const char *make_run(const char *name, uint64_t rtt, int packets, int signals)
{
	static const char channel[] =
		"{\"device\":\"net0\",\"type\":\"net\",\"counters\":{\"signals_received\":%d},"
		"\"device_counters\":{\"tx_rndis_packets\":%d,\"tx_vmbus_packets\":%d}}";
	const char *dir = at(name);
	char *udp = hist_line("udp_rtt", "rtt", rtt), *read = hist_line("read4k", "read", 5000);
	char begin[256], end[256];

	snprintf(begin, sizeof(begin), channel, 7, 10, 10);
	snprintf(end, sizeof(end), channel, 7 + signals, 110, 10 + packets);
	put(dir, "results.txt",
	    "TAP version 14\r\n@json udp_rtt %s\r\n@json read4k %s\n"
	    "@json burst {\"counts\":{\"busy_ns\":500000,\"packets\":100}}\nok 1 - x\n", udp, read);
	/* A disk's channel lies beside; its counters are not the network's. */
	put(dir, "counters.json",
	    "{\"schema\":1,\"marks\":[{\"name\":\"burst-begin\",\"channels\":[%s]},"
	    "{\"name\":\"burst-end\",\"channels\":[%s,{\"type\":\"scsi\",\"counters\":"
	    "{\"signals_received\":999},\"device_counters\":{}}]}]}", begin, end);
	put(dir, "status.json", "{\"exit\":0,\"mode\":\"deterministic\",\"ok\":true}");
	put(dir, "console.txt", "Linux version\n");
	free(udp);
	free(read);
	return dir;
}

static void make_fault(const char *name, int code, const char *console)
{
	const char *dir = at(name);

	put(dir, "status.json", "{\"exit\":%d,\"ok\":true}", code);
	put(dir, "console.txt", "Linux version\n%s\r\nlast line\n", console);
}

static double value_of(const struct labrun *run, const char *name)
{
	const struct labrun_metric *m;
	double value;

	for (m = labrun_metrics; m->name; m++)
		if (!strcmp(m->name, name)) {
			assert_int_equal(m->get(run, &value), 0);
			return value;
		}
	fail_msg("no metric %s", name);
	return 0;
}

static void test_metrics_of_a_run(void **state)
{
	struct labrun run;

	assert_int_equal(labrun_read(&run, make_run("one", 200, 100, 25)), 0);
	assert_true(labrun_good(&run));
	assert_true(value_of(&run, "udp_rtt_p50") == 249);
	assert_true(value_of(&run, "udp_rtt_p99") == 298);
	assert_true(fabs(value_of(&run, "read4k_p50") - 5049) < 10);
	assert_true(value_of(&run, "burst_vmbus_packets_per_skb") == 1);
	assert_true(value_of(&run, "burst_signals_per_skb") == 0.25);
	assert_true(value_of(&run, "burst_guest_ns_per_packet") == 5000);
	labrun_free(&run);
}

static void test_broken_run(void **state)
{
	struct labrun run;
	double value;

	assert_int_equal(labrun_read(&run, at("absent")), -EINVAL);
	labrun_free(&run);
	make_run("broken", 200, 100, 25);
	put(at("broken"), "results.txt", "@json udp_rtt {\"a\":\n");
	assert_int_equal(labrun_read(&run, at("broken")), -EINVAL);
	labrun_free(&run);
	put(at("broken"), "results.txt", "@json udp_rtt {}\n@json burst {\"counts\":{}}\n");
	put(at("broken"), "counters.json", "{}");
	assert_int_equal(labrun_read(&run, at("broken")), 0);
	assert_int_equal(labrun_metrics[0].get(&run, &value), -ENOENT);
	assert_int_equal(labrun_metrics[3].get(&run, &value), -ENOENT);
	assert_int_equal(labrun_metrics[5].get(&run, &value), -ENOENT);
	labrun_free(&run);
}

static void check_outcome(int code, const char *console, const char *want)
{
	char proof[128];
	const char *got;

	make_fault("fault", code, console);
	got = labrun_outcome(at("fault"), proof, sizeof(proof));
	if (!want)
		assert_null(got);
	else if (!got || strcmp(got, want))
		fail_msg("exit %d with '%s' is %s, not %s", code, console, got ? got : "-", want);
	if (want && strcmp(want, "ok") && *console)
		assert_string_equal(proof, console);
}

static void test_outcomes(void **state)
{
	check_outcome(0, "all fine", "ok");
	check_outcome(13, "", "hang");
	check_outcome(0, "watchdog: BUG: soft lockup - CPU#0 stuck for 22s!", "hang");
	check_outcome(11, "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "hang");
	check_outcome(0, "WARNING: CPU: 0 PID: 1 at net/core/dev.c:1", "splat");
	check_outcome(0, "WARNING: net/core/dev.c:12 at netdev_rx+0x1/0x2, CPU#0: swapper",
		      "splat");
	check_outcome(0, "SRSO: WARNING: See hw-vuln/srso.html for options", "ok");
	check_outcome(0, "BUG: KASAN: slab-out-of-bounds in rndis", "splat");
	check_outcome(11, "Kernel panic - not syncing", "splat");
	check_outcome(12, "", "splat");
	check_outcome(14, "", NULL);
	put(at("fault"), "status.json", "{}");
	check_outcome(3, "", NULL);
	assert_null(labrun_outcome(at("absent"), path_buf[0], 16));
}

#define CMD(fn, ...) cmd(fn, (char *[]){ (char *)"t", __VA_ARGS__, NULL })

static int cmd(int (*fn)(int, char **), char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return fn(argc, argv);
}

static const json_t *metric_of(const json_t *doc, const char *name)
{
	const json_t *metric;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (!strcmp(json_string_value(json_object_get(metric, "name")), name))
			return metric;
	fail_msg("no metric %s", name);
	return NULL;
}

static void make_arms(void)
{
	make_run("s1", 200, 100, 100);
	make_run("s2", 200, 100, 100);
	make_run("s3", 201, 100, 100);
	make_run("p1", 150, 50, 25);
	make_run("p2", 150, 50, 25);
	make_run("p3", 150, 50, 25);
	make_fault("fs", 13, "watchdog: BUG: soft lockup");
	make_fault("fp", 0, "fine");
}

static int summarise(const char *out, const char *mode)
{
	char fault[400];

	snprintf(fault, sizeof(fault), "ppi=%s:%s", at("fs"), at("fp"));
	return CMD(az_cmd_summary, (char *)"--base=6.12", (char *)"--mode", (char *)mode,
		   (char *)"--stock", at("s1"), at("s2"), at("s3"), (char *)"--patched", at("p1"),
		   at("p2"), at("p3"), (char *)"--fault", fault, (char *)"-o", (char *)out);
}

static void test_summary(void **state)
{
	const json_t *metric, *fault;
	char out[160];
	json_t *doc;

	make_arms();
	snprintf(out, sizeof(out), "%s", at("result.json"));
	assert_int_equal(summarise(out, "deterministic"), 0);
	doc = az_json_read(out);
	assert_non_null(doc);
	assert_int_equal(json_integer_value(json_object_get(doc, "schema")), 1);
	assert_string_equal(json_string_value(json_object_get(doc, "base")), "6.12");
	assert_int_equal(json_array_size(json_object_get(doc, "metrics")), 6);
	metric = metric_of(doc, "burst_signals_per_skb");
	assert_true(json_real_value(json_object_get(metric, "ratio")) == 0.25);
	assert_int_equal(json_integer_value(json_object_get(metric, "runs")), 3);
	assert_string_equal(json_string_value(json_object_get(metric, "better")), "lower");
	assert_string_equal(json_string_value(json_object_get(metric, "verdict")), "better");
	metric = metric_of(doc, "read4k_p50");
	assert_string_equal(json_string_value(json_object_get(metric, "verdict")), "no difference");
	fault = json_array_get(json_object_get(doc, "faults"), 0);
	assert_string_equal(json_string_value(json_object_get(fault, "name")), "ppi");
	assert_string_equal(json_string_value(json_object_get(fault, "stock")), "hang");
	assert_string_equal(json_string_value(json_object_get(fault, "patched")), "ok");
	json_decref(doc);
	assert_int_equal(summarise(out, "nested"), AZ_EXIT_USAGE);
}

/* A run that failed is named and left out, and the exit code says so. */
static void test_summary_leaves_out(void **state)
{
	char out[160];
	json_t *doc;

	make_arms();
	put(at("s2"), "status.json", "{\"exit\":11,\"mode\":\"deterministic\",\"ok\":false}");
	put(at("p1"), "counters.json", "{}");
	snprintf(out, sizeof(out), "%s", at("result.json"));
	assert_int_equal(summarise(out, "deterministic"), AZ_EXIT_FAILED);
	doc = az_json_read(out);
	assert_int_equal(json_array_size(json_object_get(doc, "left_out")), 2);
	assert_int_equal(json_integer_value(json_object_get(metric_of(doc, "read4k_p50"), "runs")),
			 2);
	assert_string_equal(json_string_value(json_object_get(metric_of(doc, "udp_rtt_p50"),
							      "verdict")), "not enough runs");
	json_decref(doc);
	assert_int_equal(CMD(az_cmd_summary, (char *)"--base", (char *)"6.12", (char *)"--mode",
			     (char *)"deterministic", (char *)"--stock", at("s2"),
			     (char *)"--patched", at("p2")), AZ_EXIT_FAILED);
}

static void test_summary_refused(void **state)
{
	make_arms();
	assert_int_equal(CMD(az_cmd_summary, (char *)"--stock", at("s1")), AZ_EXIT_USAGE);
	assert_int_equal(CMD(az_cmd_summary, (char *)"--base", (char *)"6.12", (char *)"--mode",
			     (char *)"nested", (char *)"--stock", at("s1")), AZ_EXIT_USAGE);
	assert_int_equal(CMD(az_cmd_summary, (char *)"--fault", (char *)"ppi=x"), AZ_EXIT_USAGE);
}

/* @n results of a benchmark in directory @name, values around @value. */
static void make_results(const char *name, int n, double value, int size)
{
	const char *dir = at(name);
	char file[32];
	json_t *result;
	char *text;
	int i;

	for (i = 0; i < n; i++) {
		result = az_result_new("net-rtt");
		az_result_config_int(result, "size", (uint64_t)size);
		az_result_metric(result, "rtt_p50", "ns", true, value + i);
		az_result_metric(result, "rate", "1/s", false, 1e9 / value);
		text = json_dumps(result, 0);
		snprintf(file, sizeof(file), "run%d.json", i);
		put(dir, file, "%s", text);
		free(text);
		json_decref(result);
	}
}

static void test_compare(void **state)
{
	char *json = at("compare.json");
	json_t *doc;

	make_results("a", 5, 1000, 64);
	make_results("b", 5, 900, 64);
	make_results("few", 2, 900, 64);
	make_results("big", 5, 1000, 1400);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("b"), (char *)"--json", json), 0);
	doc = az_json_read(json);
	assert_string_equal(json_string_value(json_object_get(metric_of(doc, "rtt_p50"),
							      "verdict")), "better");
	json_decref(doc);
	assert_int_equal(CMD(az_cmd_compare, at("b"), at("a")), AZ_EXIT_FAILED);
	assert_int_equal(CMD(az_cmd_compare, at("b"), at("a"), (char *)"--threshold=20"), 0);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("a")), 0);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("few")), AZ_EXIT_SKIP);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("big")), AZ_EXIT_USAGE);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("big"), (char *)"--force"), 0);
	assert_int_equal(CMD(az_cmd_compare, (char *)"--a", at("a/run0.json"), at("a/run1.json"),
			     (char *)"--b", at("b")), AZ_EXIT_SKIP);
	assert_int_equal(CMD(az_cmd_compare, at("a")), AZ_EXIT_USAGE);
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("absent")), AZ_EXIT_USAGE);
}

static void test_compare_metric_sets(void **state)
{
	make_results("a", 5, 1000, 64);
	make_results("c", 5, 1000, 64);
	put(at("c"), "run0.json", "{\"kind\":\"bench\",\"benchmark\":\"net-rtt\",\"config\":"
	    "{\"size\":64},\"metrics\":[{\"name\":\"other\",\"unit\":\"ns\",\"better\":\"lower\","
	    "\"value\":1}]}");
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("c")), AZ_EXIT_USAGE);
	put(at("c"), "run0.json", "{\"metrics\":[{\"name\":\"x\"}]}");
	assert_int_equal(CMD(az_cmd_compare, at("a"), at("c"), (char *)"--force"), AZ_EXIT_USAGE);
}

/* result.json of two revisions: the patched arms are compared run by run. */
static void test_compare_summaries(void **state)
{
	char one[160], two[160];

	make_arms();
	snprintf(one, sizeof(one), "%s", at("one.json"));
	snprintf(two, sizeof(two), "%s", at("two.json"));
	assert_int_equal(summarise(one, "deterministic"), 0);
	make_run("p1", 300, 50, 25);
	make_run("p2", 300, 50, 25);
	make_run("p3", 300, 50, 25);
	assert_int_equal(summarise(two, "deterministic"), 0);
	assert_int_equal(CMD(az_cmd_compare, one, one), 0);
	assert_int_equal(CMD(az_cmd_compare, one, two), AZ_EXIT_FAILED);
	assert_int_equal(CMD(az_cmd_compare, two, one), 0);
	assert_int_equal(CMD(az_cmd_compare, one, two, (char *)"--arm", (char *)"stock"), 0);
	assert_int_equal(CMD(az_cmd_compare, one, two, (char *)"--arm", (char *)"x"),
			 AZ_EXIT_USAGE);
}

static char *read_text(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

/* The page is one file, and what came from a guest's console stays text. */
static void test_report(void **state)
{
	char in[160], out[160];
	char *page;

	make_arms();
	make_fault("fs", 13, "soft lockup <script>alert(1)</script> & 'quote\"");
	snprintf(in, sizeof(in), "%s", at("result.json"));
	snprintf(out, sizeof(out), "%s", at("report.html"));
	assert_int_equal(summarise(in, "deterministic"), 0);
	assert_int_equal(CMD(az_cmd_report, in, (char *)"-o", out), 0);
	page = read_text(out);
	assert_null(strstr(page, "<script"));
	assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; "));
	assert_non_null(strstr(page, "None of this ran on Azure."));
	assert_non_null(strstr(page, "burst_signals_per_skb"));
	assert_non_null(strstr(page, "</html>"));
	assert_null(strstr(page, "href=\"http"));
	assert_null(strstr(page, "src="));
	page = strstr(page, "<svg viewBox");
	assert_non_null(page);
}

static void test_report_refused(void **state)
{
	char in[160];

	snprintf(in, sizeof(in), "%s", at("other.json"));
	put(top, "other.json", "{\"schema\":1,\"metrics\":[]}");
	assert_int_equal(CMD(az_cmd_report, in), AZ_EXIT_USAGE);
	put(top, "other.json", "{\"schema\":2,\"base\":\"6.12\"}");
	assert_int_equal(CMD(az_cmd_report, in), AZ_EXIT_USAGE);
	assert_int_equal(CMD(az_cmd_report, at("absent.json")), AZ_EXIT_USAGE);
	assert_int_equal(cmd(az_cmd_report, (char *[]){ (char *)"t", NULL }), AZ_EXIT_USAGE);
	assert_int_equal(access("report.html", F_OK), -1);
}

static void test_time_format(void **state)
{
	char buf[24];

	assert_string_equal(bench_time(buf, 0), "0 ns");
	assert_string_equal(bench_time(buf, 999), "999 ns");
	assert_string_equal(bench_time(buf, 999.6), "1.00 us");
	assert_string_equal(bench_time(buf, 12345), "12.3 us");
	assert_string_equal(bench_time(buf, 1e9), "1.00 s");
	assert_string_equal(bench_time(buf, 123e6), "123 ms");
	assert_string_equal(series_format(buf, 0.25, "ratio"), "0.25");
	assert_string_equal(series_format(buf, 1234.5, "ratio"), "1.23k");
	assert_string_equal(series_format(buf, 9999, "1/s"), "9999");
	assert_string_equal(series_format(buf, 35830, "1/s"), "35.8k");
	assert_string_equal(series_format(buf, 99999, "1/s"), "100k");
	assert_string_equal(series_format(buf, 1250000, "B/s"), "1.25 MB/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_of_a_run),
		cmocka_unit_test(test_broken_run),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_summary_leaves_out),
		cmocka_unit_test(test_summary_refused),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_compare_metric_sets),
		cmocka_unit_test(test_compare_summaries),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_refused),
		cmocka_unit_test(test_time_format),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
