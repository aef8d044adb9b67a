// SPDX-License-Identifier: GPL-2.0-only
/* Suite files: what is taken, what is refused and with which words; the order of runs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/suite/suite.h"
#include "lib/log.h"

#define NET	"\"benchmarks\": [{\"name\": \"rtt\", \"command\": [\"net\", \"127.0.0.1:7\"]}]"
#define ARMS	"\"arms\": [{\"name\": \"a\"}, {\"name\": \"b\"}]"
#define TOP	"{\"name\": \"s\", "

static int parse(struct suite *suite, const char *text)
{
	return suite_parse(suite, text, strlen(text), "s.json");
}

/* The line on standard error that @text gets, which has to be exactly one. */
static void refused(const char *text, const char *wanted)
{
	char line[1024] = "";
	int saved = dup(STDERR_FILENO), ret;
	struct suite suite;
	FILE *err = tmpfile();

	assert_non_null(err);
	dup2(fileno(err), STDERR_FILENO);
	ret = parse(&suite, text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	if (!ret)
		suite_free(&suite);
	rewind(err);
	line[fread(line, 1, sizeof(line) - 1, err)] = '\0';
	fclose(err);
	if (ret != AZ_EXIT_USAGE || !strstr(line, wanted) ||
	    strchr(line, '\n') != line + strlen(line) - 1)
		fail_msg("%s\ngave %d and '%s', wanted '%s'", text, ret, line, wanted);
}

static void test_defaults(void **unused)
{
	struct suite suite;

	assert_int_equal(parse(&suite, TOP ARMS ", " NET "}"), 0);
	assert_int_equal(suite.order, SUITE_ABBA);
	assert_int_equal(suite.n_arms, 2);
	assert_int_equal(suite.benchmarks[0].repetitions, 5);
	assert_int_equal(suite.benchmarks[0].timeout, 600000000000ull);
	assert_null(suite.benchmarks[0].server_doc);
	assert_ptr_equal(suite_arm_find(&suite, "b"), &suite.arms[1]);
	assert_null(suite_arm_find(&suite, "c"));
	assert_true(suite_has_arm(&suite.benchmarks[0], &suite.arms[1]));
	suite_free(&suite);
}

static void test_everything(void **unused)
{
	static const char text[] = TOP
		"\"order\": \"random\", \"seed\": 7, \"repetitions\": 3, \"warmup\": 1,"
		"\"cooldown\": \"250ms\", \"timeout\": 30, \"setup_timeout\": \"5s\","
		"\"env\": {\"A_1\": \"x\"}, \"setup\": [\"true\"],"
		"\"teardown\": [{\"run\": \"true\", \"end\": \"peer\"}],"
		"\"ends\": [{\"name\": \"peer\", \"ssh\": \"root@host\", \"ssh_command\":"
		" [\"ssh\", \"-p\", \"22\"], \"azimuth\": \"/opt/azimuth\"},"
		" {\"name\": \"near\", \"netns\": \"near\"}],"
		"\"arms\": [{\"name\": \"a\"}, {\"name\": \"b\", \"args\": [\"--size\", \"9\"],"
		" \"env\": {\"B\": \"y\"}, \"setup\": [\"true\"], \"teardown\": []}],"
		"\"benchmarks\": [{\"name\": \"rtt\", \"command\": [\"net\", \"1.2.3.4:7\"],"
		" \"end\": \"near\", \"server\": {\"end\": \"peer\", \"command\": [\"net\"],"
		" \"ready\": \"up\"}, \"repetitions\": 2, \"warmup\": 0, \"timeout\": \"1m\","
		" \"arms\": [\"b\"]}]}";
	struct suite suite;

	assert_int_equal(parse(&suite, text), 0);
	assert_int_equal(suite.cooldown, 250000000);
	assert_int_equal(suite.timeout, 30000000000ull);
	assert_int_equal(suite.benchmarks[0].timeout, 60000000000ull);
	assert_int_equal(suite.benchmarks[0].repetitions, 2);
	assert_string_equal(suite.benchmarks[0].server.ready, "up");
	assert_string_equal(suite_end_find(&suite, "peer")->ssh, "root@host");
	assert_false(suite_has_arm(&suite.benchmarks[0], &suite.arms[0]));
	suite_free(&suite);
}

static void test_refused(void **unused)
{
	refused("", "s.json: line");
	refused("[]", "not a JSON object");
	refused("{}", "'name' is missing");
	refused(TOP ARMS "}", "'benchmarks' is missing");
	refused(TOP ARMS ", " NET ", \"repetition\": 2}", "did you mean 'repetitions'");
	refused(TOP ARMS ", " NET ", \"qqqqqqqqq\": 2}",
		"unknown key 'qqqqqqqqq'; there are: name");
	refused(TOP ARMS ", " NET ", \"repetitions\": 0}", "repetitions: 0 is out of range");
	refused(TOP ARMS ", " NET ", \"repetitions\": \"3\"}",
		"a whole number is wanted, not text");
	refused(TOP ARMS ", " NET ", \"seed\": -1}", "seed: a negative number");
	refused(TOP ARMS ", " NET ", \"timeout\": \"soon\"}", "timeout: 'soon' is not a time");
	refused(TOP ARMS ", " NET ", \"timeout\": 99999999999999}",
		"timeout: the time is too long");
	refused(TOP ARMS ", " NET ", \"order\": \"baab\"}", "none of abba, random, sequential");
	refused(TOP ARMS ", " NET ", \"env\": {\"A\": 1}}", "env.A: text is wanted, not a number");
	refused(TOP ARMS ", " NET ", \"env\": {\"A B\": \"\"}}", "not the name of a variable");
	refused(TOP ARMS ", " NET ", \"setup\": [\"true\", 3]}", "setup[1]: a command");
	refused(TOP ARMS ", " NET ", \"setup\": [{\"run\": \"true\", \"end\": \"x\"}]}",
		"setup[0].end: there is no end 'x'");
	refused(TOP ARMS ", " NET ", \"setup\": [{\"end\": \"x\"}]}", "setup[0]: 'run' is missing");
	refused(TOP "\"arms\": [], " NET "}", "arms: at least one");
	refused(TOP "\"arms\": [{\"name\": \"a\"}, 1], " NET "}", "arms[1]: an object is wanted");
	refused(TOP "\"arms\": [{\"name\": \"a\"}, {\"name\": \"a\"}], " NET "}",
		"arms[1]: name: there are two arms 'a'");
	refused(TOP "\"arms\": [{\"name\": \"../a\"}], " NET "}",
		"arms[0].name: '../a' is not a name");
	refused(TOP "\"arms\": [{\"name\": \"a\", \"setup\": [{\"run\": \"true\","
		" \"end\": \"q\"}]}], "
		NET "}", "arms[0].setup[0].end: there is no end 'q'");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": [\"ent\"]}]}",
		"benchmarks[0].command: 'ent' is no workload");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": []}]}",
		"benchmarks[0].command: an empty list");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": [\"io\","
		" \"--json=y\"]}]}",
		"--json is the suite's");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": [\"io\"],"
		" \"arms\": [\"a\", \"c\"]}]}", "benchmarks[0]: arms[1]: there is no arm 'c'");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": [\"io\"],"
		" \"arms\": [\"a\", \"a\"]}]}", "arms[1]: 'a' is there twice");
	refused(TOP ARMS ", \"benchmarks\": [{\"name\": \"x\", \"command\": [\"io\"],"
		" \"server\": {}}]}", "benchmarks[0].server: 'command' is missing");
	refused(TOP ARMS ", " NET ", \"ends\": [{\"name\": \"p\"}]}", "one of 'netns' and 'ssh'");
	refused(TOP ARMS ", " NET ", \"ends\": [{\"name\": \"p\", \"ssh\": \"-oX\"}]}",
		"not a host");
	refused(TOP ARMS ", \"ends\": [{\"name\": \"p\", \"ssh\": \"h\"}], \"benchmarks\":"
		" [{\"name\": \"x\", \"command\": [\"io\"], \"end\": \"p\"}]}", "another machine");
	refused(TOP ARMS ", " NET ", \"repetitions\": 10000, \"warmup\": 1000, \"ends\": [],"
		" \"name\": \"t\"}", "not JSON");
}

static void test_too_many(void **unused)
{
	char text[4096] = TOP NET ", \"repetitions\": 10000, \"arms\": [";
	size_t len = strlen(text);
	int i;

	for (i = 0; i < 11; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"name\": \"a%d\"}",
					i ? ", " : "", i);
	strcat(text, "]}");
	refused(text, "110000 runs, 100000 at most");
}

/* The arms of all runs of a suite, one letter each; warm-ups in capitals. */
static char *order_of(const char *order, const char *more, char *buf, struct suite *suite)
{
	char text[1024];
	struct suite_run *runs;
	size_t n, i;

	snprintf(text, sizeof(text), TOP "\"arms\": [{\"name\": \"a\"}, {\"name\": \"b\"}, "
		 "{\"name\": \"c\"}], " NET ", \"order\": \"%s\"%s}", order, more);
	assert_int_equal(parse(suite, text), 0);
	assert_int_equal(suite_plan(suite, &runs, &n), 0);
	for (i = 0; i < n; i++)
		buf[i] = (char)(runs[i].arm->name[0] - (runs[i].n ? 0 : 32));
	buf[n] = '\0';
	free(runs);
	suite_free(suite);
	return buf;
}

static void test_orders(void **unused)
{
	struct suite suite;
	char buf[64];

	assert_string_equal(order_of("abba", ", \"repetitions\": 3", buf, &suite), "abccbaabc");
	assert_string_equal(order_of("sequential", ", \"repetitions\": 2, \"warmup\": 1", buf,
				     &suite), "ABCaabbcc");
}

/* Blocks are balanced, runs numbered without a gap, and the seed decides. */
static void test_random_blocks(void **unused)
{
	static const char text[] = TOP "\"arms\": [{\"name\": \"a\"}, {\"name\": \"b\"},"
		" {\"name\": \"c\"}, {\"name\": \"d\"}], \"order\": \"random\","
		" \"repetitions\": 50, " NET "}";
	unsigned int seen[50][4] = { { 0 } }, first[4] = { 0 };
	struct suite suite;
	struct suite_run *runs;
	char one[64], two[64];
	size_t n, i;

	assert_int_equal(parse(&suite, text), 0);
	assert_int_equal(suite_plan(&suite, &runs, &n), 0);
	assert_int_equal(n, 200);
	for (i = 0; i < n; i++) {
		assert_int_equal(runs[i].order, i);
		assert_int_equal(runs[i].block, i / 4);
		assert_int_equal(runs[i].n, i / 4 + 1);
		seen[i / 4][runs[i].arm - suite.arms]++;
		first[runs[i].arm - suite.arms] += i % 4 == 0;
	}
	for (i = 0; i < 200; i++)
		assert_int_equal(seen[i / 4][i % 4], 1);
	/* Of 50 draws an arm is first in less than 3 with a chance of 1 in 10000. */
	for (i = 0; i < 4; i++)
		assert_true(first[i] >= 3);
	free(runs);
	suite_free(&suite);
	assert_string_equal(order_of("random", ", \"seed\": 3", one, &suite),
			    order_of("random", ", \"seed\": 3", two, &suite));
	assert_string_not_equal(one, order_of("random", ", \"seed\": 4", two, &suite));
}

static void test_state(void **unused)
{
	char dir[] = "/tmp/test_suite.XXXXXX", path[64];
	struct suite_state out = { .hash = 0xfedcba9876543210ull, .set_up = true,
				   .arm = "a", .child = { 12, 99 }, .server_end = "peer" };
	struct suite_state in;
	FILE *file;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(suite_state_read(&in, dir), -ENOENT);
	suite_boot_id(out.boot);
	assert_int_equal(suite_state_write(&out, dir), 0);
	assert_int_equal(suite_state_read(&in, dir), 0);
	assert_memory_equal(&in.hash, &out.hash, sizeof(in.hash));
	assert_string_equal(in.boot, out.boot);
	assert_string_equal(in.arm, "a");
	assert_string_equal(in.server_end, "peer");
	assert_true(in.set_up);
	assert_int_equal(in.child.pid, 12);
	assert_int_equal(in.child.start, 99);
	assert_int_equal(in.server.start, 0);
	snprintf(path, sizeof(path), "%s/state.json", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("{\"hash\": 3}", file);
	fclose(file);
	assert_int_equal(suite_state_read(&in, dir), -EINVAL);
	unlink(path);
	rmdir(dir);
}

/* The same number with another start is another process: it must not be ended. */
static void test_stranger(void **unused)
{
	struct suite_pid known;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	known = suite_pid_of(pid);
	assert_true(known.start > 0);
	known.start++;
	suite_stop_stranger(&known);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	known.start--;
	suite_stop_stranger(&known);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(suite_pid_of(pid).start, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_random_blocks),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
