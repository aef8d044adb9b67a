// SPDX-License-Identifier: GPL-2.0-only
/* The report: what it takes and refuses, and that what it draws is where it should be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"
#include "cli/cli.h"
#include "lib/hist.h"
#include "lib/log.h"
#include "lib/result.h"

static char top[] = "/tmp/azimuth-report-XXXXXX";
static char path_buf[8][200];
static unsigned int next_path;

static char *at(const char *name)
{
	char *path = path_buf[next_path++ % 8];

	snprintf(path, sizeof(path_buf[0]), "%s/%s", top, name);
	return path;
}

static int setup(void **state)
{
	return mkdtemp(top) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- sample results ------------------------------------------------------------- */

static json_t *hist_of(uint64_t base)
{
	static struct az_hist h;
	uint64_t i;

	az_hist_reset(&h);
	for (i = 0; i < 1000; i++)
		az_hist_record(&h, base + i * base / 1000);
	az_hist_record(&h, base * 50);
	return az_hist_to_json(&h);
}

/* A result as the workloads write it, latencies from @base ns on. */
static json_t *make_result(uint64_t base)
{
	static struct az_hist h;
	json_t *doc = az_result_new("net-rtt"), *hist = hist_of(base);
	json_t *mark = json_pack("{s:I, s:s, s:s}", "t_ns", (json_int_t)1500000000, "kind", "path",
				 "text", "vf -> synthetic");

	assert_int_equal(az_hist_from_json(&h, hist), 0);
	json_decref(hist);
	az_result_config_int(doc, "size", 64);
	az_result_hist(doc, "rtt", &h);
	az_result_hist(doc, "stage_wire", &h);
	az_result_count(doc, "lost", 3);
	json_object_set_new(doc, "stages", json_pack("[s]", "stage_wire"));
	json_object_set_new(doc, "timeline",
			    json_pack("{s:I, s:s, s:[[i,i,i,i,i],[i,i,i,i,i],[i,i,i,i,i]]}",
				      "interval_ns", (json_int_t)1000000000, "start", "2026",
				      "slots", 10, 0, 1000, 2000, 3000, 0, 3, 0, 0, 0, 10, 0, 1000,
				      2000, 3000));
	json_object_set_new(doc, "marks", json_pack("[o]", mark));
	json_object_set_new(doc, "ramp", json_pack("[{s:i,s:i,s:i,s:i,s:i}]", "rate", 1000, "p50",
						   1000, "p99", 2000, "p99.9", 3000, "lost", 0));
	json_object_set_new(doc, "env", json_pack("{s:s, s:s}", "kernel", "6.12-test", "lab_mode",
						  "none"));
	return doc;
}

static json_t *with(const char *key, json_t *value)
{
	json_t *doc = make_result(1000);

	assert_non_null(value);
	json_object_set_new(doc, key, value);
	return doc;
}

static void write_doc(const char *path, json_t *doc)
{
	assert_int_equal(az_json_write(doc, path), 0);
	json_decref(doc);
}

/* @n runs from @base ns on, in directory @name. */
static const char *make_arm(const char *name, uint64_t base, int n)
{
	const char *dir = at(name);
	char file[256];
	int i;

	mkdir(dir, 0755);
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/run%d.json", dir, i);
		write_doc(file, make_result(base + (uint64_t)i));
	}
	return dir;
}

#define CMD(...) cmd((char *[]){ (char *)"azimuth report", __VA_ARGS__, NULL })

static int cmd(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return az_cmd_report(argc, argv);
}

static char *read_text(const char *path)
{
	static char text[4 << 20];
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void assert_has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is missing", what);
}

static void assert_has_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' is there", what);
}

/* ---- the page --------------------------------------------------------------------- */

static void test_one_run(void **state)
{
	char out[200], in[200], *page;

	snprintf(in, sizeof(in), "%s", at("one.json"));
	snprintf(out, sizeof(out), "%s", at("one.html"));
	write_doc(in, make_result(10000));
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	page = read_text(out);
	assert_has(page, "<h1>net-rtt: one</h1>");
	assert_has(page, "rtt by percentile");
	assert_has(page, "share of samples");
	assert_has(page, "Where the time goes");
	assert_has(page, "Rate and latency");
	/* The path is a strip, the change of it a labelled line, and in the list. */
	assert_has(page, "<rect class=\"path odd\"");
	assert_has(page, "1 vf -&gt; synthetic</text>");
	assert_has(page, "<li><b>1.500 s</b> vf -&gt; synthetic</li>");
	assert_has(page, "<rect class=\"lost\"");
	assert_has(page, "6.12-test");
	assert_has(page, "<b>Lost:</b>");
	assert_has_not(page, "<script");
	assert_has_not(page, "http");
	assert_has_not(page, "src=");
	assert_has_not(page, "nan");
	assert_has_not(page, "-1.#");
	assert_true(count(page, "<svg") == count(page, "</svg>"));
	assert_true(count(page, "role=\"img\" aria-label=\"") >= 5);
}

static void test_two_arms(void **state)
{
	char a[200], b[200], out[200], again[200], *page, *copy;

	snprintf(a, sizeof(a), "%s", make_arm("old", 10000, 5));
	snprintf(b, sizeof(b), "%s", make_arm("new", 8000, 5));
	snprintf(out, sizeof(out), "%s", at("two.html"));
	snprintf(again, sizeof(again), "%s", at("two-again.html"));
	assert_int_equal(CMD(a, b, (char *)"-o", out), 0);
	page = read_text(out);
	assert_has(page, "<h1>new against old</h1>");
	assert_has(page, ">better</td>");
	assert_has(page, "<path class=\"ln a0\"");
	assert_has(page, "<path class=\"ln a1\"");
	assert_has(page, "<path class=\"band a1\"");
	assert_has(page, "old, 5 runs");
	copy = strdup(page);
	assert_int_equal(CMD(a, b, (char *)"-o", again), 0);
	assert_string_equal(copy, read_text(again));
	free(copy);
	/* The same arms by other options. */
	assert_int_equal(CMD((char *)"--a", a, (char *)"--b", b, (char *)"-o", out), 0);
	assert_has(read_text(out), "<h1>B against A</h1>");
}

static void test_named_arms(void **state)
{
	char a[220], b[200], c[200], out[200];

	make_arm("x", 10000, 2);
	snprintf(a, sizeof(a), "was <i>=%s", at("x/run0.json"));
	snprintf(b, sizeof(b), "%s", at("x/run1.json"));
	snprintf(c, sizeof(c), "is=%s", at("x"));
	snprintf(out, sizeof(out), "%s", at("named.html"));
	assert_int_equal(CMD((char *)"--arm", a, b, (char *)"--arm", c, (char *)"-o", out), 0);
	assert_has(read_text(out), "<h1>is against was &lt;i&gt;</h1>");
	assert_has(read_text(out), "was &lt;i&gt;, 2 runs");
	assert_int_equal(CMD((char *)"--arm", b), AZ_EXIT_USAGE);
	assert_int_equal(CMD((char *)"--arm", (char *)"=x"), AZ_EXIT_USAGE);
}

/* Facts that differ are marked; those that always do are not. */
static void test_facts(void **state)
{
	static const char *const members[] = { "env", NULL };
	struct report_input in = { 0 };
	json_t *doc = make_result(1000), *rows, *row;
	bool differs;
	size_t i;

	write_doc(at("f1.json"), json_incref(doc));
	json_object_set_new(json_object_get(doc, "env"), "kernel", json_string("7.3"));
	json_object_set_new(json_object_get(doc, "env"), "date", json_string("later"));
	write_doc(at("f2.json"), doc);
	assert_int_equal(report_input_add(&in, NULL, at("f1.json")), 0);
	assert_int_equal(report_input_add(&in, NULL, at("f2.json")), 0);
	assert_int_equal(in.narms, 2);
	rows = report_fact_rows(in.arms, in.narms, members);
	json_array_foreach(rows, i, row) {
		differs = json_is_true(json_object_get(row, "differs"));
		assert_int_equal(differs, !strcmp(html_str(row, "name"), "kernel"));
	}
	assert_true(json_array_size(rows) >= 3);
	json_decref(rows);
	report_input_free(&in);
}

/* Runs of another configuration stand apart, unless it is what the arms differ in. */
static void test_groups(void **state)
{
	struct report_input in = { 0 };
	struct report_group *groups;
	json_t *doc = make_result(1000);
	size_t n;

	write_doc(at("g1.json"), json_incref(doc));
	az_result_config_int(doc, "size", 1400);
	write_doc(at("g2.json"), json_incref(doc));
	az_result_config_int(doc, "seed", 7);
	write_doc(at("g3.json"), doc);
	assert_int_equal(report_input_add(&in, "a", at("g1.json")), 0);
	assert_int_equal(report_input_add(&in, "b", at("g2.json")), 0);
	assert_int_equal(report_groups(&in, &groups, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(groups[0].title, "net-rtt");
	report_groups_free(groups, n);
	assert_int_equal(report_input_add(&in, "a", at("g2.json")), 0);
	assert_int_equal(report_input_add(&in, "a", at("g3.json")), 0);
	assert_int_equal(report_groups(&in, &groups, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(groups[0].title, "net-rtt, size 64");
	assert_string_equal(groups[1].title, "net-rtt, size 1400");
	assert_int_equal(groups[1].arms[0].n, 2);
	assert_int_equal(groups[1].arms[1].n, 1);
	report_groups_free(groups, n);
	report_input_free(&in);
}

/* A suite puts runs into arms, in the order of its file. */
static void test_suite(void **state)
{
	struct report_input in = { 0 };

	mkdir(at("suite"), 0755);
	mkdir(at("suite/rtt"), 0755);
	mkdir(at("suite/failed"), 0755);
	write_doc(at("suite/suite.json"),
		  json_pack("{s:[{s:s},{s:s},{s:s}]}", "arms", "name", "zero", "name", "late",
			    "name", "after"));
	write_doc(at("suite/state.json"), json_pack("{s:s}", "kind", "suite-state"));
	write_doc(at("suite/rtt/after.1.json"),
		  with("suite", json_pack("{s:s, s:s}", "arm", "after", "benchmark", "rtt")));
	write_doc(at("suite/rtt/zero.1.json"),
		  with("suite", json_pack("{s:s, s:s}", "arm", "zero", "benchmark", "rtt")));
	assert_int_equal(report_input_add(&in, NULL, at("suite")), 0);
	assert_int_equal(report_input_check(&in), 0);
	assert_int_equal(in.narms, 2);
	assert_string_equal(in.arms[0].name, "zero");
	assert_string_equal(in.arms[1].name, "after");
	report_input_free(&in);
}

/* What was cut off is said first, and no verdict counts it. */
static void test_partial(void **state)
{
	char out[200], a[200], b[200];
	json_t *doc = make_result(5000);
	const char *page;

	snprintf(a, sizeof(a), "%s", make_arm("pa", 10000, 4));
	snprintf(b, sizeof(b), "%s", make_arm("pb", 10000, 4));
	snprintf(out, sizeof(out), "%s", at("partial.html"));
	json_object_set_new(doc, "partial", json_true());
	write_doc(at("pb/run3.json"), doc);
	assert_int_equal(CMD(a, b, (char *)"-o", out), 0);
	page = read_text(out);
	assert_has(page, "<b>Partial.</b>");
	assert_has(page, "<td data-label=\"runs\">4+3</td>");
	assert_true(strstr(page, "<b>Partial.</b>") < strstr(page, "<h2>Verdicts</h2>"));
	doc = make_result(5000);
	json_object_set_new(doc, "end", json_string("error"));
	json_object_set_new(doc, "error", json_string("no <route>"));
	write_doc(at("pb/run3.json"), doc);
	assert_int_equal(CMD(b, (char *)"-o", out), 0);
	assert_has(read_text(out), "<b>Ended by an error.</b> no &lt;route&gt;");
}

static void test_comparison_given(void **state)
{
	char in[200], out[200];
	json_t *row = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:[n,n], s:i, s:i, s:s}", "name",
				"rtt_p50", "unit", "ns", "better", "lower", "a", 1000.0, "b",
				2500.0, "diff", 1500.0, "diff_ci95", "runs_a", 2, "runs_b", 3,
				"verdict", "not enough runs");
	json_t *doc = json_pack("{s:i, s:s, s:f, s:[o]}", "schema", 1, "kind", "compare",
				"confidence_percent", 99.0, "metrics", row);

	assert_non_null(doc);
	snprintf(in, sizeof(in), "%s", at("compare.json"));
	snprintf(out, sizeof(out), "%s", at("compare.html"));
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	assert_has(read_text(out), "×2.5");
	assert_has(read_text(out), "<h1>Comparison</h1>");
	assert_has(read_text(out), "<th>99% interval</th>");
	assert_int_equal(CMD(in, (char *)"-f", (char *)"csv", (char *)"-o", out), 0);
	assert_has(read_text(out), "\nrtt_p50,ns,lower,1000,2500,1500,,,2,3,not enough runs\n");
	assert_int_equal(CMD(in, in), AZ_EXIT_USAGE);
}

/* The steps of a search come in its order; the page has them by rate, with bound and knee. */
static void test_ramp(void **state)
{
	char in[200], out[200];
	json_t *ramp = json_pack("[{s:i,s:i,s:i,s:i},{s:i,s:i,s:i,s:i},{s:i,s:i,s:i,s:i}]", "rate",
				 1000, "p50", 10000, "p99.9", 20000, "lost", 0, "rate", 4000, "p50",
				 10000, "p99.9", 90000, "lost", 5, "rate", 2000, "p50", 10000,
				 "p99.9", 30000, "lost", 0);
	json_t *doc = with("ramp", ramp);
	const char *page;

	az_result_config_int(doc, "bound_ns", 50000);
	az_result_metric(doc, "knee_rate", "1/s", false, 2000);
	snprintf(in, sizeof(in), "%s", at("ramp.json"));
	snprintf(out, sizeof(out), "%s", at("ramp.html"));
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	page = read_text(out);
	assert_has(page, ">bound 50 µs</text>");
	assert_has(page, ": 2000/s.</p>");
	assert_has(page, "<td class=\"worse\">5 lost</td>");
	assert_has(page, "<td>50.0 µs</td>");
	assert_true(strstr(page, "<td>2000</td>") < strstr(page, "<td>4000</td>"));
	assert_true(strstr(page, "<td>1000</td>") < strstr(page, "<td>2000</td>"));
}

/* Steal and a quota are told before the figures; what no stamp came for is listed. */
static void test_conditions(void **state)
{
	char in[200], out[200];
	const char *page;
	json_t *doc = with("conditions", json_pack("{s:I, s:I, s:i, s:n}", "wall_ns",
						   (json_int_t)1000000000, "steal_ns",
						   (json_int_t)25000000, "throttled", 0,
						   "major_faults"));

	json_object_set_new(doc, "stages_missing", json_pack("[s]", "qdisc: no <stamp> came"));
	snprintf(in, sizeof(in), "%s", at("steal.json"));
	snprintf(out, sizeof(out), "%s", at("steal.html"));
	write_doc(in, json_incref(doc));
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	page = read_text(out);
	assert_has(page, "<b>Disturbed:</b> the host gave 2.5% of the run's CPU time to others.");
	assert_has(page, "<td>2.50%</td>");
	assert_has(page, "qdisc: no &lt;stamp&gt; came");
	json_object_set_new(json_object_get(doc, "conditions"), "throttled", json_integer(7));
	write_doc(in, json_incref(doc));
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	assert_has(read_text(out), "the CPU quota of the cgroup held the run 7 times.");
	json_object_del(doc, "conditions");
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	assert_has_not(read_text(out), "Disturbed");
}

static void test_details(void **state)
{
	json_t *rows = json_pack("[{s:s},{s:s},{s:s},{s:s},{s:s}]", "name", "rtt_p50", "name",
				 "rtt_p99.9", "name", "rtt_actual_mean", "name", "send_rate",
				 "name", "read4k_p50");
	static const bool want[] = { false, false, true, false, false };
	size_t i;

	for (i = 0; i < 5; i++)
		assert_int_equal(report_is_detail(rows, json_array_get(rows, i)), want[i]);
	json_decref(rows);
	rows = json_pack("[{s:s},{s:s},{s:s}]", "name", "cpuid_mean", "name", "rdtsc_mean", "name",
			 "stage_wire_mean");
	assert_false(report_is_detail(rows, json_array_get(rows, 1)));
	assert_true(report_is_detail(rows, json_array_get(rows, 2)));
	json_decref(rows);
	assert_true(report_is_cpu("wakeup_cpu12"));
	assert_false(report_is_cpu("wakeup_cpus"));
}

/* ---- mail and table ------------------------------------------------------------------ */

static void test_markdown(void **state)
{
	char a[200], b[200], out[200], *text, *line;

	snprintf(a, sizeof(a), "%s", make_arm("ma", 10000, 4));
	snprintf(b, sizeof(b), "%s", make_arm("mb", 8000, 4));
	snprintf(out, sizeof(out), "%s", at("out.md"));
	assert_int_equal(CMD(a, b, (char *)"--format", (char *)"md", (char *)"-o", out), 0);
	text = read_text(out);
	assert_has(text, "# Azimuth report\n");
	assert_has(text, "    rtt_p50 ");
	assert_has(text, "vf -> synthetic");
	assert_has(text, "better\n");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > 80)
			fail_msg("longer than 80 columns: %s", line);
}

static void test_csv(void **state)
{
	char in[200], out[200], *text;
	json_t *doc = make_result(10000);
	size_t metrics = json_array_size(json_object_get(doc, "metrics"));

	json_object_set_new(json_object_get(doc, "env"), "sku", json_string("a,\"b\"\nc"));
	snprintf(in, sizeof(in), "%s", at("csv.json"));
	snprintf(out, sizeof(out), "%s", at("out.csv"));
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-f", (char *)"csv", (char *)"-o", out), 0);
	text = read_text(out);
	assert_has(text, "arm,run,file,benchmark,metric,unit,better,value,state,kernel,sku,date\n");
	assert_has(text, "net-rtt,rtt_min,ns,lower,10000,done,6.12-test,\"a,\"\"b\"\"\nc\",\n");
	/* The head, a line for each metric, and the line end within each quoted field. */
	assert_int_equal(count(text, "\n"), 1 + 2 * metrics);
}

/* ---- what is refused ------------------------------------------------------------------ */

static void refuse(json_t *doc)
{
	char in[200], out[200];

	snprintf(in, sizeof(in), "%s", at("bad.json"));
	snprintf(out, sizeof(out), "%s", at("bad.html"));
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-o", out), AZ_EXIT_USAGE);
	assert_int_equal(access(out, F_OK), -1);
}

static void test_refused(void **state)
{
	json_t *doc = make_result(1000);

	json_object_set_new(json_object_get(json_object_get(doc, "histograms"), "rtt"), "count",
			    json_integer(7));
	refuse(doc);
	refuse(with("schema", json_integer(2)));
	refuse(with("kind", json_string("other")));
	refuse(with("benchmark", json_integer(1)));
	refuse(with("metrics", json_pack("[{s:s}]", "name", "x")));
	refuse(with("timeline", json_pack("{s:i, s:[]}", "interval_ns", 0, "slots")));
	refuse(with("timeline", json_pack("{s:i, s:[[i,i]]}", "interval_ns", 1, "slots", 1, 2)));
	refuse(with("timeline", json_pack("{s:i, s:[[i,i,i,i,i]]}", "interval_ns", 1, "slots", 1, 2,
					  -3, 4, 5)));
	refuse(with("marks", json_pack("[{s:s}]", "text", "x")));
	refuse(with("marks", json_integer(1)));
	refuse(with("stages", json_pack("[s]", "stage_nowhere")));
	refuse(with("ramp", json_pack("[{s:s}]", "rate", "fast")));
	refuse(json_object());
	assert_int_equal(CMD(at("absent.json")), AZ_EXIT_USAGE);
	assert_int_equal(CMD((char *)"--a", at("absent.json")), AZ_EXIT_USAGE);
	assert_int_equal(cmd((char *[]){ (char *)"t", NULL }), AZ_EXIT_USAGE);
	mkdir(at("empty"), 0755);
	assert_int_equal(CMD(at("empty")), AZ_EXIT_USAGE);
	write_doc(at("ok.json"), make_result(1000));
	assert_int_equal(CMD(at("ok.json"), (char *)"-f", (char *)"pdf"), AZ_EXIT_USAGE);
	assert_int_equal(CMD(at("ok.json"), (char *)"-o", at("no/where.html")), AZ_EXIT_ENV);
}

/* A run without one answer has a histogram without one value. */
static void test_nothing_answered(void **state)
{
	static struct az_hist h;
	json_t *doc = az_result_new("net-rtt");
	char in[200], out[200];

	az_hist_reset(&h);
	az_result_hist(doc, "rtt", &h);
	az_result_count(doc, "lost", 9);
	json_object_set_new(doc, "timeline",
			    json_pack("{s:i, s:[[i,i,i,i,i]]}", "interval_ns", 1000, "slots", 0, 9,
				      0, 0, 0));
	snprintf(in, sizeof(in), "%s", at("none.json"));
	snprintf(out, sizeof(out), "%s", at("none.html"));
	write_doc(in, doc);
	assert_int_equal(CMD(in, (char *)"-o", out), 0);
	assert_has(read_text(out), "<b>Lost:</b> 9");
	assert_has_not(read_text(out), "nan");
	assert_has_not(read_text(out), "inf");
	assert_int_equal(CMD(in, (char *)"-f", (char *)"md", (char *)"-o", out), 0);
}

static void test_too_many_arms(void **state)
{
	struct report_input in = { 0 };
	char name[16];
	int i;

	write_doc(at("arm.json"), make_result(1000));
	for (i = 0; i < REPORT_ARMS; i++) {
		snprintf(name, sizeof(name), "arm%d", i);
		assert_int_equal(report_input_add(&in, name, at("arm.json")), 0);
	}
	assert_int_equal(report_input_add(&in, "more", at("arm.json")), AZ_EXIT_USAGE);
	report_input_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_run),
		cmocka_unit_test(test_two_arms),
		cmocka_unit_test(test_named_arms),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_suite),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_comparison_given),
		cmocka_unit_test(test_ramp),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nothing_answered),
		cmocka_unit_test(test_too_many_arms),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
