// SPDX-License-Identifier: GPL-2.0-only
/* azimuth bench suite: the command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/suite/suite.h"
#include "lib/log.h"
#include "lib/opts.h"

struct command {
	const char *file, *dir;
	bool dry_run, clean_up, compare, keep_going;
	char *own_dir;		/* @dir, when it is made from the suite's name */
	struct suite suite;
	struct suite_run *runs;
	size_t n;
	int lock;		/* descriptor of the directory */
};

static const char epilog[] =
	"FILE is JSON, see azimuth-bench-suite(1). Each run's result is\n"
	"DIR/BENCHMARK/ARM.N.json. A suite that was interrupted goes on where it was when\n"
	"it is started again with the same file and directory; --clean-up with --output\n"
	"runs the tear-down that a killed one did not come to.\n"
	"Exit codes: 0 good, 1 a run failed, a measurement found loss, or interrupted,\n"
	"2 usage or a wrong suite file, 3 environment.";

/* ---- the directory ------------------------------------------------------------ */

/* The kernel drops the lock with the process, however that ends. */
static int lock_dir(struct command *cmd)
{
	cmd->lock = open(cmd->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cmd->lock < 0)
		return az_usage("cannot open %s: %s", cmd->dir, strerror(errno));
	if (flock(cmd->lock, LOCK_EX | LOCK_NB))
		return az_usage("%s: another suite is running there", cmd->dir);
	return 0;
}

/* A copy of the suite file, for --clean-up: the original may have changed by then. */
static int copy_file(const struct command *cmd)
{
	char path[4096];
	FILE *out;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/suite.json", cmd->dir);
	out = fopen(path, "we");
	if (!out)
		return az_env("cannot create %s: %s", path, strerror(errno));
	if (json_dumpf(cmd->suite.doc, out, JSON_INDENT(1)) || fputc('\n', out) == EOF)
		ret = az_env("cannot write %s: %s", path, strerror(errno));
	if (fclose(out) && !ret)
		ret = az_env("cannot write %s: %s", path, strerror(errno));
	return ret;
}

static int open_session(struct command *cmd, struct suite_session *session)
{
	ssize_t len = readlink("/proc/self/exe", session->exe, sizeof(session->exe) - 1);

	if (len < 0)
		return az_env("cannot read /proc/self/exe: %s", strerror(errno));
	session->exe[len] = '\0';
	session->suite = &cmd->suite;
	session->dir = cmd->dir;
	session->keep_going = cmd->keep_going;
	return 0;
}

static bool is_set_up(const struct suite_state *state)
{
	return state->set_up || state->arm[0] || state->server.start || state->child.start;
}

/* The state of an earlier start in the same directory, which has to be of the same file. */
static int take_state(struct command *cmd, struct suite_session *session)
{
	int ret = suite_state_read(&session->state, cmd->dir);

	if (ret == -ENOENT) {
		session->state = (struct suite_state){ .hash = cmd->suite.hash };
		suite_boot_id(session->state.boot);
		return copy_file(cmd);
	}
	if (ret)
		return AZ_EXIT_USAGE;
	if (session->state.hash != cmd->suite.hash)
		return az_usage("%s holds runs of another suite file; take another --output, or"
				" remove it", cmd->dir);
	if (is_set_up(&session->state)) {
		az_info("the last start was killed: tearing down what it left");
		ret = suite_clean_up(session);
		if (ret)
			return ret;
	}
	suite_boot_id(session->state.boot);
	return 0;
}

/* ---- what is printed ------------------------------------------------------------ */

static void print_words(const json_t *words)
{
	json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
		printf(" %s", json_string_value(word));
}

static void print_plan(const struct command *cmd)
{
	const struct suite_run *run;
	size_t i;

	printf("suite %s: %s order, seed %llu, %zu runs\n", cmd->suite.name,
	       cmd->suite.order_name, (unsigned long long)cmd->suite.seed, cmd->n);
	for (i = 0; i < cmd->n; i++) {
		run = &cmd->runs[i];
		printf("%zu/%zu %s %s", i + 1, cmd->n, run->benchmark->name, run->arm->name);
		if (run->n)
			printf(".%u block %u:", run->n, run->block);
		else
			printf(" warm-up:");
		print_words(run->benchmark->command);
		print_words(run->arm->args);
		putchar('\n');
	}
}

static size_t count_finished(const struct suite_session *session, const struct command *cmd,
			     size_t *counted)
{
	size_t done = 0, i;

	for (*counted = 0, i = 0; i < cmd->n; i++) {
		*counted += cmd->runs[i].n != 0;
		done += suite_is_finished(session, &cmd->runs[i]);
	}
	return done;
}

/* Number of finished runs of an arm. */
static size_t arm_runs(const struct suite_session *session, const struct command *cmd,
		       const struct suite_benchmark *bench, const struct suite_arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < cmd->n; i++)
		n += cmd->runs[i].benchmark == bench && cmd->runs[i].arm == arm &&
		     suite_is_finished(session, &cmd->runs[i]);
	return n;
}

/* The files of an arm's runs into @argv, each to be freed. Returns how many, or -ENOMEM. */
static int add_files(const struct suite_session *session, const struct command *cmd,
		     const struct suite_benchmark *bench, const struct suite_arm *arm, char **argv)
{
	char path[4096];
	int n = 0;
	size_t i;

	for (i = 0; i < cmd->n; i++) {
		if (cmd->runs[i].benchmark != bench || cmd->runs[i].arm != arm ||
		    !suite_is_finished(session, &cmd->runs[i]))
			continue;
		argv[n] = strdup(suite_result_path(session, &cmd->runs[i], path));
		if (!argv[n++])
			return -ENOMEM;
	}
	return n;
}

static int run_compare(const struct suite_session *session, const struct command *cmd,
		       const struct suite_benchmark *bench, const struct suite_arm *a,
		       const struct suite_arm *b)
{
	char **argv = calloc(cmd->n + 7, sizeof(*argv));
	int n = 2, got, status = 0;
	pid_t pid;

	if (!argv)
		return az_env("out of memory");
	argv[0] = strdup(session->exe);
	argv[1] = strdup("compare");
	if (a->args || b->args)
		argv[n++] = strdup("--force");
	argv[n++] = strdup("--a");
	got = add_files(session, cmd, bench, a, argv + n);
	n += got < 0 ? 0 : got;
	argv[n++] = strdup("--b");
	if (got >= 0)
		got = add_files(session, cmd, bench, b, argv + n);
	fflush(stdout);
	pid = got < 0 ? -1 : fork();
	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		status = az_env("cannot run compare");
	else if (waitpid(pid, &status, 0) == pid)
		status = WIFEXITED(status) ? WEXITSTATUS(status) : AZ_EXIT_FAILED;
	suite_argv_free(argv);
	return status;
}

/*
 * The first arm of a benchmark is the reference. Where arms have arguments of their own
 * the configurations differ because the file says so, so compare is told to go on.
 */
static int compare_arms(const struct suite_session *session, const struct command *cmd,
			const struct suite_benchmark *bench)
{
	const struct suite_arm *a = NULL, *b;
	int ret = 0, one;
	size_t i;

	for (i = 0; i < cmd->suite.n_arms; i++) {
		b = &cmd->suite.arms[i];
		if (!suite_has_arm(bench, b) || !arm_runs(session, cmd, bench, b))
			continue;
		if (!a) {
			a = b;
			continue;
		}
		printf("azimuth compare%s --a %s/%s/%s.*.json --b %s/%s/%s.*.json\n",
		       a->args || b->args ? " --force" : "", cmd->dir, bench->name, a->name,
		       cmd->dir, bench->name, b->name);
		if (!cmd->compare)
			continue;
		one = run_compare(session, cmd, bench, a, b);
		/* Too few runs for a verdict is no failure of the suite. */
		if (one != AZ_EXIT_SKIP && one > ret)
			ret = one;
	}
	return ret;
}

static int finish(const struct suite_session *session, const struct command *cmd, int ret)
{
	size_t counted, done = count_finished(session, cmd, &counted), i;
	int one;

	printf("%zu of %zu runs are in %s", done, counted, cmd->dir);
	if (session->bad)
		printf(", %u of them with a failure measured", session->bad);
	printf("%s\n", done < counted ? "; the same command goes on" : "");
	for (i = 0; i < cmd->suite.n_benchmarks; i++) {
		one = compare_arms(session, cmd, &cmd->suite.benchmarks[i]);
		ret = ret ? ret : one;
	}
	if (!ret && session->bad)
		ret = AZ_EXIT_FAILED;
	return ret;
}

/* ---- the command ------------------------------------------------------------------ */

static int make_dir(struct command *cmd)
{
	if (!cmd->dir) {
		if (asprintf(&cmd->own_dir, "%s.runs", cmd->suite.name) < 0)
			return az_env("out of memory");
		cmd->dir = cmd->own_dir;
	}
	if (strlen(cmd->dir) > 3000)
		return az_usage("--output: the name is too long");
	if (mkdir(cmd->dir, 0777) && errno != EEXIST)
		return az_env("cannot make %s: %s", cmd->dir, strerror(errno));
	return lock_dir(cmd);
}

static int run_suite(struct command *cmd)
{
	struct suite_session session = { 0 };
	struct bench bench = { 0 };
	int ret = suite_read(&cmd->suite, cmd->file);

	if (ret)
		return ret;
	if (suite_plan(&cmd->suite, &cmd->runs, &cmd->n))
		return az_env("out of memory");
	if (cmd->dry_run) {
		print_plan(cmd);
		return 0;
	}
	ret = make_dir(cmd);
	ret = ret ? ret : open_session(cmd, &session);
	ret = ret ? ret : bench_begin(&bench, "suite");
	if (ret)
		return ret;
	suite_hold_signals();
	ret = take_state(cmd, &session);
	if (ret)
		return ret;
	ret = suite_make_runs(&session, cmd->runs, cmd->n);
	return finish(&session, cmd, ret);
}

static int run_clean_up(struct command *cmd)
{
	struct suite_session session = { 0 };
	struct bench bench = { 0 };
	char path[4096];
	int ret;

	if (strlen(cmd->dir) > 3000)
		return az_usage("--output: the name is too long");
	ret = lock_dir(cmd);
	if (ret)
		return ret;
	ret = suite_state_read(&session.state, cmd->dir);
	if (ret == -ENOENT)
		return az_usage("%s: no suite was run there", cmd->dir);
	if (ret)
		return AZ_EXIT_USAGE;
	if (!is_set_up(&session.state)) {
		printf("nothing to tear down in %s\n", cmd->dir);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/suite.json", cmd->dir);
	ret = suite_read(&cmd->suite, path);
	ret = ret ? ret : open_session(cmd, &session);
	ret = ret ? ret : bench_begin(&bench, "suite");
	if (ret)
		return ret;
	suite_hold_signals();
	ret = suite_clean_up(&session);
	if (!ret)
		printf("torn down\n");
	return ret;
}

static int check_operands(struct command *cmd, int argc, char **argv, int first)
{
	if (cmd->clean_up) {
		if (first != argc || !cmd->dir)
			return az_usage("--clean-up takes --output DIR and no file");
		return 0;
	}
	if (first + 1 != argc)
		return az_usage("one suite file is wanted");
	cmd->file = argv[first];
	return 0;
}

int bench_suite(int argc, char **argv)
{
	struct command cmd = { .lock = -1 };
	const struct az_opt table[] = {
		AZ_OPT(STRING, "output", 'o', "DIR", "where results go (default NAME.runs, of"
		       " the suite's name)", &cmd.dir),
		AZ_OPT(FLAG, "dry-run", 0, NULL, "check the file and print the runs in order",
		       &cmd.dry_run),
		AZ_OPT(FLAG, "keep-going", 'k', NULL, "after a run that failed go on with the"
		       " next", &cmd.keep_going),
		AZ_OPT(FLAG, "compare", 0, NULL, "at the end compare the first arm with each"
		       " other one", &cmd.compare),
		AZ_OPT(FLAG, "clean-up", 0, NULL, "tear down what a killed suite has left",
		       &cmd.clean_up),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "FILE", "Run a declared set of benchmarks with arms, in a stated order.",
		epilog, table
	};
	int first, ret;

	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret)
		return az_opts_exit(ret);
	ret = check_operands(&cmd, argc, argv, first);
	if (!ret)
		ret = cmd.clean_up ? run_clean_up(&cmd) : run_suite(&cmd);
	suite_free(&cmd.suite);
	free(cmd.runs);
	free(cmd.own_dir);
	if (cmd.lock >= 0)
		close(cmd.lock);
	return ret;
}
