// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runs: set-up, server, benchmark, tear-down. Each step is noted in the state
 * file before it begins, so that what a kill -9 leaves can be undone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/suite/suite.h"
#include "lib/log.h"
#include "lib/result.h"

static const char *path_of(const struct suite_session *session, const struct suite_run *run,
			   const char *dir, const char *suffix, char *buf)
{
	snprintf(buf, 4096, "%s/%s/%s.%u.%s", session->dir, dir, run->arm->name, run->n, suffix);
	return buf;
}

const char *suite_result_path(const struct suite_session *session, const struct suite_run *run,
			      char *buf)
{
	return path_of(session, run, run->benchmark->name, "json", buf);
}

bool suite_is_finished(const struct suite_session *session, const struct suite_run *run)
{
	char path[4096];

	return run->n && !access(suite_result_path(session, run, path), F_OK);
}

/* ---- commands of set-up and tear-down ------------------------------------------ */

/*
 * Waits for @pid, which the state names meanwhile. Returns its exit code, or -ETIME or
 * -EINTR after it has been ended.
 */
static int wait_child(struct suite_session *session, pid_t pid, uint64_t timeout, bool stoppable)
{
	int rc;

	session->state.child = suite_pid_of(pid);
	rc = suite_state_write(&session->state, session->dir) ? -EINTR :
								suite_wait(pid, timeout, stoppable);
	if (rc < 0)
		suite_stop(pid);
	session->state.child = (struct suite_pid){ 0 };
	return rc;
}

static int run_step(struct suite_session *session, const json_t *step, const json_t *arm_env,
		    const char *what, bool stoppable)
{
	const struct suite *suite = session->suite;
	const char *script = json_string_value(json_is_object(step) ?
					       json_object_get(step, "run") : step);
	const struct suite_end *end = suite_end_find(suite,
			json_string_value(json_object_get(step, "end")));
	const json_t *env[2] = { suite->env, arm_env };
	char **argv = suite_script_argv(end, script, env);
	char log[4096], line[256];
	pid_t pid;
	int rc;

	snprintf(log, sizeof(log), "%s/log/commands.log", session->dir);
	if (!argv)
		return az_env("out of memory");
	pid = suite_spawn(&(struct spawn){ argv, end, { env[0], env[1] }, log });
	suite_argv_free(argv);
	if (pid < 0)
		return AZ_EXIT_ENV;
	rc = wait_child(session, pid, suite->setup_timeout, stoppable);
	if (!rc)
		return 0;
	if (rc == -EINTR)
		return AZ_EXIT_FAILED;
	suite_last_line(log, line, sizeof(line));
	if (rc == -ETIME)
		az_err("%s: '%s' did not end within %llu ms", what, script,
		       (unsigned long long)suite->setup_timeout / 1000000);
	else
		az_err("%s: '%s' ended with exit code %d%s%s", what, script, rc,
		       line[0] ? ": " : "", line);
	return AZ_EXIT_FAILED;
}

/* A set-up ends at its first failure; a tear-down tries every command. */
static int run_steps(struct suite_session *session, const json_t *steps, const json_t *env,
		     const char *what, bool teardown)
{
	json_t *step;
	size_t i;
	int ret = 0, one;

	json_array_foreach(steps, i, step) {
		if (!teardown && (ret || bench_stopped()))
			break;
		one = run_step(session, step, env, what, !teardown);
		ret = ret ? ret : one;
	}
	return ret;
}

static int set_up_arm(struct suite_session *session, const struct suite_arm *arm)
{
	char what[128];
	int ret;

	snprintf(session->state.arm, sizeof(session->state.arm), "%s", arm->name);
	ret = suite_state_write(&session->state, session->dir);
	if (ret) {
		session->state.arm[0] = '\0';
		return ret;
	}
	snprintf(what, sizeof(what), "set-up of arm %s", arm->name);
	return run_steps(session, arm->setup, arm->env, what, false);
}

static int tear_down_arm(struct suite_session *session)
{
	const struct suite_arm *arm = suite_arm_find(session->suite, session->state.arm);
	char what[128];
	int ret;

	if (!arm)
		return 0;
	snprintf(what, sizeof(what), "tear-down of arm %s", arm->name);
	ret = run_steps(session, arm->teardown, arm->env, what, true);
	/* After a failure it stays in the state, so that --clean-up tries again. */
	if (!ret)
		session->state.arm[0] = '\0';
	return ret ? ret : suite_state_write(&session->state, session->dir);
}

static int set_up_suite(struct suite_session *session)
{
	int ret;

	session->state.set_up = true;
	ret = suite_state_write(&session->state, session->dir);
	if (ret) {
		session->state.set_up = false;
		return ret;
	}
	return run_steps(session, session->suite->setup, NULL, "set-up of the suite", false);
}

static int tear_down_suite(struct suite_session *session)
{
	int ret;

	if (!session->state.set_up)
		return 0;
	ret = run_steps(session, session->suite->teardown, NULL, "tear-down of the suite", true);
	if (!ret)
		session->state.set_up = false;
	return ret ? ret : suite_state_write(&session->state, session->dir);
}

int suite_clean_up(struct suite_session *session)
{
	const struct suite_end *end = suite_end_find(session->suite, session->state.server_end);
	char boot[40];
	int ret = 0, one;

	suite_boot_id(boot);
	if (!strcmp(boot, session->state.boot)) {
		suite_stop_stranger(&session->state.child);
		if (!end || !end->ssh)
			suite_stop_stranger(&session->state.server);
	}
	if (end && end->ssh && session->state.server.start)
		ret = suite_remote_stop(session, end, &session->state.server);
	session->state.child = (struct suite_pid){ 0 };
	if (!ret) {
		session->state.server = (struct suite_pid){ 0 };
		session->state.server_end[0] = '\0';
	}
	one = tear_down_arm(session);
	ret = ret ? ret : one;
	one = tear_down_suite(session);
	ret = ret ? ret : one;
	if (ret && strcmp(boot, session->state.boot)) {
		/* Most of it went with the restart, and there is no second try at that. */
		az_warn("the machine was restarted since: what could not be torn down is"
			" taken as gone");
		session->state.arm[0] = '\0';
		session->state.set_up = false;
		ret = suite_state_write(&session->state, session->dir);
	}
	return ret;
}

/* ---- one benchmark --------------------------------------------------------------- */

static int spawn_benchmark(const struct suite_session *session, const struct suite_run *run,
			   const char *part, const char *log)
{
	const struct suite *suite = session->suite;
	const json_t *command = run->benchmark->command, *args = run->arm->args;
	size_t n = json_array_size(command), extra = json_array_size(args), i;
	char **argv = calloc(n + extra + 5, sizeof(*argv));
	size_t at = 0;
	pid_t pid;

	if (!argv) {
		az_err("out of memory");
		return -ENOMEM;
	}
	argv[at++] = (char *)session->exe;
	argv[at++] = "bench";
	for (i = 0; i < n; i++)
		argv[at++] = (char *)json_string_value(json_array_get(command, i));
	for (i = 0; i < extra; i++)
		argv[at++] = (char *)json_string_value(json_array_get(args, i));
	argv[at++] = "--json";
	argv[at++] = (char *)part;
	pid = suite_spawn(&(struct spawn){
		argv, suite_end_find(suite, run->benchmark->end), { suite->env, run->arm->env },
		log });
	free(argv);
	return pid;
}

static bool is_complete(const json_t *result)
{
	return json_is_object(result) && !json_is_true(json_object_get(result, "interrupted")) &&
	       !json_is_true(json_object_get(result, "partial"));
}

/* The result gets its place in the suite, and with that its name. */
static int keep_result(struct suite_session *session, const struct suite_run *run, int rc,
		       const char *part)
{
	const struct suite *suite = session->suite;
	json_t *result = az_json_read(part), *note;
	char path[4096], hash[24];
	int ret;

	if (!is_complete(result)) {
		json_decref(result);
		return AZ_EXIT_FAILED;
	}
	snprintf(hash, sizeof(hash), "%016" PRIx64, suite->hash);
	note = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:s, s:i}",
			 "name", suite->name, "benchmark", run->benchmark->name,
			 "arm", run->arm->name, "run", (int)run->n, "block", (int)run->block,
			 "order", (int)run->order, "design", suite->order_name,
			 "seed", (json_int_t)suite->seed, "file_hash", hash, "exit", rc);
	if (!note || json_object_set_new(result, "suite", note))
		ret = az_env("out of memory");
	else
		ret = az_json_write(result, suite_result_path(session, run, path));
	json_decref(result);
	if (!ret)
		unlink(part);
	return ret;
}

/* What a run without a result has left is kept apart, where compare does not look. */
static void keep_failed(const struct suite_session *session, const struct suite_run *run,
			const char *part)
{
	char name[200], path[4096];

	snprintf(name, sizeof(name), "failed/%s", run->benchmark->name);
	if (rename(part, path_of(session, run, name, "json", path)) && errno != ENOENT)
		az_err("cannot keep %s: %s", path, strerror(errno));
}

static int judge(struct suite_session *session, const struct suite_run *run, int rc,
		 const char *part, const char *log)
{
	char line[256];

	if (rc == -EINTR) {
		keep_failed(session, run, part);
		return AZ_EXIT_FAILED;
	}
	/* Lost packets are a result: without such runs an arm would look better than it is. */
	if ((!rc || rc == AZ_EXIT_FAILED) && !access(part, F_OK)) {
		if (!run->n)
			return unlink(part);
		if (!keep_result(session, run, rc, part)) {
			session->finished++;
			session->bad += rc != 0;
			return 0;
		}
	}
	keep_failed(session, run, part);
	suite_last_line(log, line, sizeof(line));
	if (rc == -ETIME)
		az_err("%s %s.%u: did not end within %llu ms and was ended", run->benchmark->name,
		       run->arm->name, run->n,
		       (unsigned long long)run->benchmark->timeout / 1000000);
	else
		az_err("%s %s.%u: exit code %d and no result: %s", run->benchmark->name,
		       run->arm->name, run->n, rc, line[0] ? line : "it said nothing");
	session->failed++;
	return rc == AZ_EXIT_ENV || rc == AZ_EXIT_USAGE ? rc : AZ_EXIT_FAILED;
}

static int measure(struct suite_session *session, const struct suite_run *run)
{
	char part[4096], log[4096], name[200];
	pid_t pid;
	int rc;

	path_of(session, run, run->benchmark->name, "part", part);
	snprintf(name, sizeof(name), "log/%s", run->benchmark->name);
	path_of(session, run, name, "log", log);
	unlink(part);
	unlink(log);
	pid = spawn_benchmark(session, run, part, log);
	if (pid < 0)
		return AZ_EXIT_ENV;
	rc = wait_child(session, pid, run->benchmark->timeout, true);
	return judge(session, run, rc, part, log);
}

/* ---- all of them -------------------------------------------------------------------- */

/* The first median that the result has, for the line that a person watches. */
static void print_run(const struct suite_session *session, const struct suite_run *run,
		      size_t at, size_t total)
{
	char path[4096], text[24] = "";
	json_t *result, *metric;
	const char *name = "";
	size_t i;

	if (!run->n) {
		printf("%zu/%zu %s %s warm-up\n", at, total, run->benchmark->name,
		       run->arm->name);
		fflush(stdout);
		return;
	}
	result = az_json_read(suite_result_path(session, run, path));
	json_array_foreach(json_object_get(result, "metrics"), i, metric) {
		name = json_string_value(json_object_get(metric, "name"));
		if (!name || !strstr(name, "p50"))
			continue;
		bench_time(text, json_number_value(json_object_get(metric, "value")));
		break;
	}
	printf("%zu/%zu %s %s.%u block %u %s%s%s\n", at, total, run->benchmark->name,
	       run->arm->name, run->n, run->block, text[0] ? name : "", text[0] ? " " : "",
	       text);
	fflush(stdout);
	json_decref(result);
}

static int make_run(struct suite_session *session, const struct suite_run *run)
{
	int ret = set_up_arm(session, run->arm), one;

	if (!ret && run->benchmark->server_doc)
		ret = suite_server_start(session, run);
	if (!ret && !bench_stopped())
		ret = measure(session, run);
	one = suite_server_stop(session);
	ret = ret ? ret : one;
	one = tear_down_arm(session);
	/* Nothing more may run on a machine that is not as it was. */
	if (one || session->state.arm[0])
		session->keep_going = false;
	return ret ? ret : one;
}

/* Warm-ups serve the runs after them: without one that is left to do they are none. */
static bool is_needed(const struct suite_session *session, const struct suite_run *runs, size_t n,
		      size_t i)
{
	size_t k;

	if (runs[i].n)
		return !suite_is_finished(session, &runs[i]);
	for (k = i + 1; k < n && runs[k].benchmark == runs[i].benchmark; k++)
		if (runs[k].n && !suite_is_finished(session, &runs[k]))
			return true;
	return false;
}

static int make_all(struct suite_session *session, const struct suite_run *runs, size_t n)
{
	int ret = 0, one;
	size_t i;

	for (i = 0; i < n && !bench_stopped(); i++) {
		if (!is_needed(session, runs, n, i))
			continue;
		one = make_run(session, &runs[i]);
		if (!one && !bench_stopped())
			print_run(session, &runs[i], i + 1, n);
		ret = ret ? ret : one;
		if (one && !session->keep_going)
			break;
		if (session->suite->cooldown && i + 1 < n)
			suite_pause(session->suite->cooldown);
	}
	return ret;
}

static int make_dirs(const struct suite_session *session)
{
	static const char *const kinds[] = { "", "log/", "failed/" };
	char path[4096];
	size_t i, k;

	for (k = 0; k < 3; k++) {
		snprintf(path, sizeof(path), "%s/%s", session->dir, kinds[k]);
		if (mkdir(path, 0777) && errno != EEXIST)
			return az_env("cannot make %s: %s", path, strerror(errno));
		for (i = 0; i < session->suite->n_benchmarks; i++) {
			snprintf(path, sizeof(path), "%s/%s%s", session->dir, kinds[k],
				 session->suite->benchmarks[i].name);
			if (mkdir(path, 0777) && errno != EEXIST)
				return az_env("cannot make %s: %s", path, strerror(errno));
		}
	}
	return 0;
}

int suite_make_runs(struct suite_session *session, const struct suite_run *runs, size_t n)
{
	size_t done = 0;
	int ret, one;

	while (done < n && !is_needed(session, runs, n, done))
		done++;
	if (done == n)
		return 0;
	ret = make_dirs(session);
	if (ret)
		return ret;
	ret = set_up_suite(session);
	if (!ret)
		ret = make_all(session, runs, n);
	one = tear_down_suite(session);
	if (bench_stopped())
		return AZ_EXIT_FAILED;
	return ret ? ret : one;
}
