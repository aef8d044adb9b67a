/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * azimuth bench suite: what a suite file declares, the order of its runs, what is
 * set up at the moment, and the processes that do it. azimuth-bench-suite(1) has
 * the file's form.
 */
#ifndef AZ_BENCHMARKS_SUITE_H
#define AZ_BENCHMARKS_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

enum suite_order { SUITE_ABBA, SUITE_RANDOM, SUITE_SEQUENTIAL };

/* A place where commands run: a network namespace here, or another machine over ssh. */
struct suite_end {
	const char *name, *netns, *ssh;
	json_t *ssh_command;	/* argv before the host, NULL: ssh -o BatchMode=yes */
	const char *azimuth;	/* the program there, NULL: this one */
};

struct suite_arm {
	const char *name;
	json_t *args;		/* appended to the command, or NULL */
	json_t *env, *setup, *teardown;
};

/* The other end of a benchmark, started before each run and stopped after it. */
struct suite_server {
	const char *end;	/* NULL: here */
	json_t *command;	/* argv behind "azimuth bench" */
	const char *ready;	/* of the line that it is waited for, NULL: see ends.c */
};

struct suite_benchmark {
	const char *name;
	json_t *command;	/* argv behind "azimuth bench" */
	const char *end;	/* a namespace to measure from, NULL: this one */
	json_t *arm_names;	/* NULL: all arms */
	json_t *server_doc;	/* NULL: needs none */
	struct suite_server server;
	uint64_t repetitions, warmup, timeout;
};

/* All text and json_t pointers belong to @doc. Times are in ns. */
struct suite {
	json_t *doc;
	uint64_t hash;		/* of the file's bytes: FNV-1a, 64 bits */
	const char *name, *order_name;
	enum suite_order order;
	uint64_t seed, repetitions, warmup, cooldown, timeout, setup_timeout;
	json_t *env, *setup, *teardown;
	json_t *ends_doc, *arms_doc, *benchmarks_doc;
	struct suite_end *ends;
	struct suite_arm *arms;
	struct suite_benchmark *benchmarks;
	size_t n_ends, n_arms, n_benchmarks;
};

/* ---- file.c ---------------------------------------------------------------- */

/*
 * Reads a suite file. Returns 0, or AZ_EXIT_USAGE after one line on standard error
 * that names the place in it ("arms[1].setup[0]"). @suite is to be freed after 0
 * only.
 */
int suite_read(struct suite *suite, const char *path);

/* The same of @len bytes of @text, with @path for the messages. */
int suite_parse(struct suite *suite, const char *text, size_t len, const char *path);
void suite_free(struct suite *suite);

/* The entry of that name, NULL when there is none, or no name. */
const struct suite_end *suite_end_find(const struct suite *suite, const char *name);
const struct suite_arm *suite_arm_find(const struct suite *suite, const char *name);

/* Is @arm one of those that @benchmark is measured with? */
bool suite_has_arm(const struct suite_benchmark *benchmark, const struct suite_arm *arm);

/* ---- fields.c --------------------------------------------------------------- */

enum field_kind {
	FIELD_END = 0,
	FIELD_STRING,	/* const char *, not empty */
	FIELD_NAME,	/* const char *, fit for the name of a file */
	FIELD_UINT,	/* uint64_t */
	FIELD_TIME,	/* uint64_t, ns: "250ms", or a whole number of seconds */
	FIELD_ARGV,	/* json_t *, array of strings */
	FIELD_ENV,	/* json_t *, object of strings */
	FIELD_STEPS,	/* json_t *, array of "command" or {"run": "command", "end": "name"} */
	FIELD_OBJECT,	/* json_t * */
	FIELD_ARRAY,	/* json_t *, not empty, of objects */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;		/* of the value in the structure */
	bool required;
	uint64_t min, max;	/* of a number; max 0: no bound */
};

#define FIELD(k, kd, type, member, ...) \
	{ .key = (k), .kind = FIELD_##kd, .offset = offsetof(struct type, member), \
	  ##__VA_ARGS__ }
#define FIELD_DONE { .kind = FIELD_END }

/* Where a value stands, for messages: a file, and a path such as "arms[1]". */
struct place {
	const char *file;
	const char *path;	/* "" is the top */
};

/*
 * Stores the members of @json in @base as @table (ended by key NULL) says; what is
 * absent is left as it was. Returns 0, or -EINVAL after one line on standard error
 * for an unknown key, a wrong type, a missing member or a number out of range.
 */
int fields_read(const json_t *json, const struct place *place, const struct field *table,
		void *base);

/* "FILE: PATH: text", one line on standard error. Returns -EINVAL. */
int place_error(const struct place *place, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- plan.c ----------------------------------------------------------------- */

struct suite_run {
	const struct suite_benchmark *benchmark;
	const struct suite_arm *arm;
	unsigned int block;	/* pass over the arms, from 0 */
	unsigned int n;		/* the arm's run of this number, from 1; 0: a warm-up */
	unsigned int order;	/* position among all counted runs, from 0 */
};

#define SUITE_RUNS_MAX	100000

/*
 * The runs in the order in which they are to be made: benchmark after benchmark,
 * first its warm-ups, then its blocks, in each of which every arm has one run.
 * SUITE_ABBA turns the order around from block to block, SUITE_RANDOM draws it anew
 * from the seed; SUITE_SEQUENTIAL has all runs of an arm together, as one block.
 * The caller frees *@runs. Returns 0 or -ENOMEM.
 */
int suite_plan(const struct suite *suite, struct suite_run **runs, size_t *n);

/* ---- state.c ---------------------------------------------------------------- */

/* A process that is known again after its number was used anew. */
struct suite_pid {
	pid_t pid;
	uint64_t start;		/* field 22 of /proc/PID/stat; 0: no process */
};

/* What has to be undone when this process is killed: DIR/state.json. */
struct suite_state {
	uint64_t hash;
	char boot[40];		/* boot_id: after a restart nothing of before runs here */
	bool set_up;		/* the suite's set-up has begun */
	char arm[128];		/* whose set-up has begun, "" none */
	struct suite_pid child;
	char server_end[128];	/* "" here */
	struct suite_pid server;
};

/* Returns 0, -ENOENT when there is none, or -EINVAL after one line on standard error. */
int suite_state_read(struct suite_state *state, const char *dir);

/* Returns 0 or an exit code after one line on standard error. */
int suite_state_write(const struct suite_state *state, const char *dir);

/* The boot id of this machine into @boot of 40; "" when it cannot be read. */
void suite_boot_id(char *boot);

/* Fills in the start time of process @pid; .start is 0 when there is no such process. */
struct suite_pid suite_pid_of(pid_t pid);

/* ---- process.c -------------------------------------------------------------- */

struct spawn {
	char *const *argv;
	const struct suite_end *end;	/* its namespace, NULL here */
	const json_t *env[2];		/* later ones win; NULL none */
	const char *log;		/* standard output and error are appended to it */
};

/*
 * Starts a process in a group of its own, which gets SIGTERM when we die. Returns
 * its number, or negative errno after one line on standard error.
 */
pid_t suite_spawn(const struct spawn *spawn);

/* SIGINT and SIGTERM arrive within suite_wait() and suite_pause() only. */
void suite_hold_signals(void);

/*
 * Waits for @pid to end. Returns its exit code (128 + signal when a signal ended
 * it), -ETIME after @timeout ns, or, when @stoppable, -EINTR when a signal asked us
 * to stop; in both cases it still runs: suite_stop().
 */
int suite_wait(pid_t pid, uint64_t timeout, bool stoppable);

/*
 * Ends the group of @pid: SIGINT, so that it can write what it has, and when it has
 * not ended after five seconds SIGKILL. Returns its exit code.
 */
int suite_stop(pid_t pid);

/* Kills what is left of the group of a process that is not our child. */
void suite_stop_stranger(const struct suite_pid *pid);

/* Sleeps; returns early with -EINTR when a signal asked us to stop. */
int suite_pause(uint64_t ns);

/* The last line of @path into @buf, "" when it has none. */
void suite_last_line(const char *path, char *buf, size_t len);

/* ---- ends.c ----------------------------------------------------------------- */

/*
 * argv for a script of the shell at @end (NULL: here), and for the program of
 * @command there. @env goes along to another machine as exports. The caller frees
 * with suite_argv_free(). NULL when memory is short.
 */
char **suite_script_argv(const struct suite_end *end, const char *script,
			 const json_t *const env[2]);
void suite_argv_free(char **argv);

struct suite_session;

/*
 * The server of a benchmark: start waits until it says that it is ready, stop ends
 * it by its own process number, at the end it runs on. Return 0 or an exit code
 * after one line on standard error. Stop may be called without a start.
 */
int suite_server_start(struct suite_session *session, const struct suite_run *run);
int suite_server_stop(struct suite_session *session);

/* Ends a server on another machine, if process @pid of @end is still the same. */
int suite_remote_stop(struct suite_session *session, const struct suite_end *end,
		      const struct suite_pid *pid);

/* ---- run.c ------------------------------------------------------------------ */

/* All that a run needs; made by suite.c. */
struct suite_session {
	const struct suite *suite;
	const char *dir;
	char exe[4096];			/* this program */
	struct suite_state state;
	pid_t server;			/* child that is or leads to the server, 0 none */
	bool keep_going;
	unsigned int finished, bad;	/* runs made; of them with a failure measured */
	unsigned int failed;		/* runs without a result */
};

/* DIR/BENCHMARK/ARM.N.json; @buf of 4096. */
const char *suite_result_path(const struct suite_session *session, const struct suite_run *run,
			      char *buf);

/* Is the result of the run there? */
bool suite_is_finished(const struct suite_session *session, const struct suite_run *run);

/*
 * Makes the runs that are not finished. Whatever happens, all that was set up is
 * torn down. Returns an exit code; a signal that asked to stop is AZ_EXIT_FAILED.
 */
int suite_make_runs(struct suite_session *session, const struct suite_run *runs, size_t n);

/* Tears down what the state says is set up. Returns an exit code. */
int suite_clean_up(struct suite_session *session);

#endif
