// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where commands run: here, in a network namespace, or on another machine over ssh.
 * A process there is known by its number and start time, which its shell prints
 * before it becomes the program; by these it is ended, and by no name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/suite/suite.h"
#include "lib/clock.h"
#include "lib/log.h"

#define READY_NS	(20 * AZ_NSEC_PER_SEC)	/* an ssh login may take its time */
#define POLL_NS		10000000ull
#define MARK		"azimuth-pid "

/* Start time of a process, in the shell: field 22 counts from behind the name. */
#define START_OF(pid)	"sed 's/.*) //' /proc/" pid "/stat 2>/dev/null | cut -d ' ' -f 20"

/* @text as one word of the shell: '...', with '\'' for each quote in it. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_exports(FILE *out, const json_t *env)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)env, key, value) {
		fprintf(out, "export %s=", key);
		put_quoted(out, json_string_value(value));
		fputs("; ", out);
	}
}

/* The one word that the other machine's login shell gets: any shell knows exec and '...'. */
static char *remote_word(const char *script, const json_t *const env[2])
{
	char *inner = NULL, *word = NULL;
	size_t len;
	FILE *out = open_memstream(&inner, &len);

	if (!out)
		return NULL;
	put_exports(out, env[0]);
	put_exports(out, env[1]);
	fputs(script, out);
	if (fclose(out))
		goto out;
	out = open_memstream(&word, &len);
	if (!out)
		goto out;
	fputs("exec sh -c ", out);
	put_quoted(out, inner);
	if (fclose(out)) {
		free(word);
		word = NULL;
	}
out:
	free(inner);
	return word;
}

static char **argv_of(const char *const *words, size_t n)
{
	char **argv = calloc(n + 1, sizeof(*argv));
	size_t i;

	for (i = 0; argv && i < n; i++) {
		argv[i] = words[i] ? strdup(words[i]) : NULL;
		if (!argv[i]) {
			suite_argv_free(argv);
			return NULL;
		}
	}
	return argv;
}

void suite_argv_free(char **argv)
{
	size_t i;

	for (i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static char **ssh_argv(const struct suite_end *end, const char *script,
		       const json_t *const env[2])
{
	static const char *const standard[] = { "ssh", "-o", "BatchMode=yes" };
	size_t n = end->ssh_command ? json_array_size(end->ssh_command) : 3, i;
	const char **words = calloc(n + 2, sizeof(*words));
	char *word = remote_word(script, env), **argv = NULL;

	for (i = 0; words && i < n; i++)
		words[i] = end->ssh_command ?
			json_string_value(json_array_get(end->ssh_command, i)) : standard[i];
	if (words && word) {
		words[n] = end->ssh;
		words[n + 1] = word;
		argv = argv_of(words, n + 2);
	}
	free(word);
	free(words);
	return argv;
}

char **suite_script_argv(const struct suite_end *end, const char *script,
			 const json_t *const env[2])
{
	const char *words[] = { "/bin/sh", "-c", script };

	return end && end->ssh ? ssh_argv(end, script, env) : argv_of(words, 3);
}

/* ---- the server ------------------------------------------------------------- */

static char **remote_server_argv(const struct suite_end *end, const struct suite_run *run,
				 const json_t *const env[2])
{
	char *script = NULL, **argv;
	size_t len, i;
	json_t *word;
	FILE *out = open_memstream(&script, &len);

	if (!out)
		return NULL;
	fputs("echo \"" MARK "$$ $(" START_OF("$$") ")\"; exec ", out);
	put_quoted(out, end->azimuth ? end->azimuth : "azimuth");
	fputs(" bench", out);
	json_array_foreach(run->benchmark->server.command, i, word) {
		fputc(' ', out);
		put_quoted(out, json_string_value(word));
	}
	if (fclose(out)) {
		free(script);
		return NULL;
	}
	argv = ssh_argv(end, script, env);
	free(script);
	return argv;
}

static char **server_argv(const struct suite_session *session, const struct suite_end *end,
			  const struct suite_run *run, const json_t *const env[2])
{
	const json_t *command = run->benchmark->server.command;
	size_t n = json_array_size(command), i;
	const char **words;
	char **argv;

	if (end && end->ssh)
		return remote_server_argv(end, run, env);
	words = calloc(n + 2, sizeof(*words));
	if (!words)
		return NULL;
	words[0] = end && end->azimuth ? end->azimuth : session->exe;
	words[1] = "bench";
	for (i = 0; i < n; i++)
		words[i + 2] = json_string_value(json_array_get(command, i));
	argv = argv_of(words, n + 2);
	free(words);
	return argv;
}

/*
 * Reads what the server has said so far. Takes the number of a remote one from its
 * line; returns true when it is ready.
 */
static bool read_server_log(const char *path, const char *ready, struct suite_pid *remote)
{
	FILE *file = fopen(path, "re");
	unsigned long long start;
	bool is_ready = false;
	char line[512];
	int pid;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (remote && sscanf(line, MARK "%d %llu", &pid, &start) == 2)
			*remote = (struct suite_pid){ pid, start };
		else if (ready ? !!strstr(line, ready) :
				 strstr(line, "listening") || strstr(line, "serving "))
			is_ready = true;
	}
	fclose(file);
	return is_ready;
}

static int wait_until_ready(struct suite_session *session, const struct suite_server *server,
			    const char *log, bool remote)
{
	struct suite_pid *number = remote ? &session->state.server : NULL;
	uint64_t end = az_clock_ns() + READY_NS;
	char line[256];
	int rc;

	while (!read_server_log(log, server->ready, number)) {
		rc = suite_wait(session->server, POLL_NS, true);
		if (rc == -EINTR)
			return AZ_EXIT_FAILED;
		if (rc >= 0) {
			session->server = 0;
			suite_last_line(log, line, sizeof(line));
			az_err("the server ended with exit code %d: %s", rc,
			       line[0] ? line : "it said nothing");
			return AZ_EXIT_FAILED;
		}
		if (az_clock_ns() >= end) {
			az_err("the server did not say '%s' within 20 s, see %s",
			       server->ready ? server->ready : "listening", log);
			return AZ_EXIT_FAILED;
		}
	}
	return suite_state_write(&session->state, session->dir);
}

int suite_server_start(struct suite_session *session, const struct suite_run *run)
{
	const struct suite_server *server = &run->benchmark->server;
	const struct suite_end *end = suite_end_find(session->suite, server->end);
	const json_t *env[2] = { session->suite->env, run->arm->env };
	bool remote = end && end->ssh;
	char log[4096], **argv;

	snprintf(log, sizeof(log), "%s/log/%s.server.log", session->dir, run->benchmark->name);
	unlink(log);
	argv = server_argv(session, end, run, env);
	if (!argv)
		return az_env("out of memory");
	session->server = suite_spawn(&(struct spawn){
		.argv = argv, .end = end, .env = { env[0], env[1] }, .log = log });
	suite_argv_free(argv);
	if (session->server < 0) {
		session->server = 0;
		return AZ_EXIT_ENV;
	}
	snprintf(session->state.server_end, sizeof(session->state.server_end), "%s",
		 server->end ? server->end : "");
	if (!remote)
		session->state.server = suite_pid_of(session->server);
	return wait_until_ready(session, server, log, remote);
}

int suite_remote_stop(struct suite_session *session, const struct suite_end *end,
		      const struct suite_pid *pid)
{
	char script[400], log[4096], **argv;
	const json_t *none[2] = { NULL, NULL };
	pid_t child;
	int rc;

	snprintf(script, sizeof(script), "[ \"$(" START_OF("%d") ")\" != %" PRIu64
		 " ] || kill -TERM %d", (int)pid->pid, pid->start, (int)pid->pid);
	snprintf(log, sizeof(log), "%s/log/%s.stop.log", session->dir, end->name);
	unlink(log);
	argv = ssh_argv(end, script, none);
	if (!argv)
		return az_env("out of memory");
	child = suite_spawn(&(struct spawn){ .argv = argv, .log = log });
	suite_argv_free(argv);
	if (child < 0)
		return AZ_EXIT_ENV;
	rc = suite_wait(child, READY_NS, false);
	if (rc < 0)
		rc = suite_stop(child);
	if (!rc)
		return 0;
	az_err("end %s: the server, process %d, could not be ended: see %s", end->name,
	       (int)pid->pid, log);
	return AZ_EXIT_FAILED;
}

int suite_server_stop(struct suite_session *session)
{
	const struct suite_end *end = suite_end_find(session->suite, session->state.server_end);
	int ret = 0;

	if (end && end->ssh && session->state.server.start) {
		ret = suite_remote_stop(session, end, &session->state.server);
		/* ssh ends with the program that it ran; if not, it is ended below. */
		if (!ret && session->server && suite_wait(session->server, READY_NS, false) >= 0)
			session->server = 0;
	}
	if (session->server)
		suite_stop(session->server);
	session->server = 0;
	if (!ret) {
		session->state.server = (struct suite_pid){ 0 };
		session->state.server_end[0] = '\0';
	}
	return ret;
}
