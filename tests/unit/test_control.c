// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/control.h"
#include "lib/log.h"

struct fixture {
	struct loop *loop;
	struct control *control;
	char dir[64], path[80];
	unsigned int carried_out;
};

static int command(void *ctx, const char *cmd, json_t *args, json_t *reply)
{
	struct fixture *fx = ctx;

	fx->carried_out++;
	if (!strcmp(cmd, "echo")) {
		json_object_set(reply, "echo", json_object_get(args, "text"));
		return 0;
	}
	if (!strcmp(cmd, "big")) {
		char *text = malloc(256 * 1024);

		memset(text, 'x', 256 * 1024);
		json_object_set_new(reply, "big", json_stringn(text, 256 * 1024));
		free(text);
		return 0;
	}
	if (!strcmp(cmd, "busy"))
		return -EBUSY;
	if (!strcmp(cmd, "explain")) {
		json_object_set_new(reply, "error", json_string("because"));
		return -EINVAL;
	}
	return -ENOENT;
}

static int set_up(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	strcpy(fx->dir, "/tmp/az-control-XXXXXX");
	assert_non_null(mkdtemp(fx->dir));
	snprintf(fx->path, sizeof(fx->path), "%s/ctl", fx->dir);
	fx->loop = loop_start("test");
	assert_non_null(fx->loop);
	fx->control = control_start(fx->loop, fx->path, command, fx);
	assert_non_null(fx->control);
	*state = fx;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fx = *state;

	control_stop(fx->control);
	loop_stop(fx->loop);
	assert_int_equal(access(fx->path, F_OK), -1);
	assert_int_equal(rmdir(fx->dir), 0);
	free(fx);
	return 0;
}

static int connect_fd(struct fixture *fx)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, fx->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void put(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		assert_true(n > 0);
	}
}

/* The next line without its end; NULL at the end of the connection. To be freed. */
static char *get(int fd)
{
	size_t len = 0, cap = 64;
	char *line = malloc(cap);

	while (recv(fd, line + len, 1, 0) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return line;
		}
		if (++len == cap)
			line = realloc(line, cap *= 2);
	}
	free(line);
	return NULL;
}

static void expect(int fd, const char *reply)
{
	char *line = get(fd);

	assert_non_null(line);
	assert_string_equal(line, reply);
	free(line);
}

static void ask(int fd, const char *request, const char *reply)
{
	put(fd, request, strlen(request));
	expect(fd, reply);
}

static void expect_error(int fd, const char *what)
{
	char *line = get(fd);

	assert_non_null(line);
	if (strncmp(line, "{\"ok\":false,", 12) || !strstr(line, what))
		fail_msg("'%s' does not say '%s'", line, what);
	free(line);
}

static void test_replies(void **state)
{
	struct fixture *fx = *state;
	int fd = connect_fd(fx);

	ask(fd, "{\"cmd\":\"echo\",\"text\":\"hi\"}\n", "{\"ok\":true,\"echo\":\"hi\"}");
	ask(fd, "{\"cmd\":\"busy\"}\n", "{\"ok\":false,\"error\":\"Device or resource busy\"}");
	ask(fd, "{\"cmd\":\"explain\"}\n", "{\"ok\":false,\"error\":\"because\"}");
	ask(fd, "{\"cmd\":\"nope\"}\n", "{\"ok\":false,\"error\":\"unknown command 'nope'\"}");
	close(fd);
}

static void test_pieces_and_pairs(void **state)
{
	static const char two[] = "\n \r\n{\"cmd\":\"echo\",\"text\":1}\n"
				  "{\"cmd\":\"echo\",\"text\":2}\n";
	struct fixture *fx = *state;
	int fd = connect_fd(fx);
	size_t i;

	for (i = 0; i < sizeof(two) - 1; i++)
		put(fd, two + i, 1);
	expect(fd, "{\"ok\":true,\"echo\":1}");
	expect(fd, "{\"ok\":true,\"echo\":2}");
	put(fd, two, sizeof(two) - 1);
	expect(fd, "{\"ok\":true,\"echo\":1}");
	expect(fd, "{\"ok\":true,\"echo\":2}");
	close(fd);
}

static void test_bad_input(void **state)
{
	static const struct {
		const char *line, *say;
	} bad[] = {
		{ "hello\n", "not JSON" }, { "{\n", "not JSON" }, { "[]\n", "string" },
		{ "{}\n", "string" }, { "{\"cmd\":5}\n", "string" }, { "null\n", "not JSON" },
		{ "{\"cmd\":\"\xff\xfe\"}\n", "not JSON" },
		{ "{\"cmd\":\"echo\"} x\n", "not JSON" },
		{ "{\"cmd\":\"a\",\"cmd\":\"b\"}\n", "not JSON" },
		{ "{\"cmd\":\"a\\u0000b\"}\n", "not JSON" },
	};
	struct fixture *fx = *state;
	int fd = connect_fd(fx);
	char *deep;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(fd, bad[i].line, strlen(bad[i].line));
		expect_error(fd, bad[i].say);
	}
	put(fd, "\0\n", 2);
	expect_error(fd, "not JSON");
	deep = malloc(60000);
	memset(deep, '[', 60000);
	deep[59999] = '\n';
	put(fd, deep, 60000);
	expect_error(fd, "not JSON");
	free(deep);
	assert_int_equal(fx->carried_out, 0);
	ask(fd, "{\"cmd\":\"echo\",\"text\":0}\n", "{\"ok\":true,\"echo\":0}");
	close(fd);
}

static void test_long_line(void **state)
{
	struct fixture *fx = *state;
	char *line = malloc(CONTROL_MAX_LINE + 2);
	int fd = connect_fd(fx);

	/* The longest that is taken: only JSON is wrong with it. */
	memset(line, 'x', CONTROL_MAX_LINE + 1);
	line[CONTROL_MAX_LINE] = '\n';
	put(fd, line, CONTROL_MAX_LINE + 1);
	expect_error(fd, "not JSON");
	line[CONTROL_MAX_LINE] = 'x';
	line[CONTROL_MAX_LINE + 1] = '\n';
	put(fd, line, CONTROL_MAX_LINE + 2);
	expect_error(fd, "longer than 65536");
	ask(fd, "{\"cmd\":\"echo\",\"text\":0}\n", "{\"ok\":true,\"echo\":0}");
	close(fd);
	free(line);
}

static void test_half_line(void **state)
{
	struct fixture *fx = *state;
	int fd = connect_fd(fx);

	put(fd, "{\"cmd\":\"echo\",\"text\":1}\n{\"cmd\":\"echo\"}", 38);
	shutdown(fd, SHUT_WR);
	expect(fd, "{\"ok\":true,\"echo\":1}");
	expect_error(fd, "no newline");
	assert_null(get(fd));
	assert_int_equal(fx->carried_out, 1);
	close(fd);
}

/* A client that asks and never reads is dropped; the others do not notice. */
static void test_never_reads(void **state)
{
	static const char request[] = "{\"cmd\":\"big\"}\n";
	struct fixture *fx = *state;
	int deaf = connect_fd(fx), fd = connect_fd(fx);
	unsigned int sent = 0;

	while (send(deaf, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		assert_true(++sent < 100000);
	ask(fd, "{\"cmd\":\"echo\",\"text\":0}\n", "{\"ok\":true,\"echo\":0}");
	/* About CONTROL_MAX_OUTPUT and what the kernel buffers, not one reply for each request. */
	assert_true(fx->carried_out < 20);
	close(deaf);
	close(fd);
}

static void test_slow_reader_gets_all(void **state)
{
	struct fixture *fx = *state;
	int i, fd = connect_fd(fx);
	char *line;

	for (i = 0; i < 4; i++)
		put(fd, "{\"cmd\":\"big\"}\n", 14);
	shutdown(fd, SHUT_WR);
	for (i = 0; i < 4; i++) {
		line = get(fd);
		assert_non_null(line);
		assert_int_equal(strlen(line), strlen("{\"ok\":true,\"big\":\"\"}") + 256 * 1024);
		free(line);
	}
	assert_null(get(fd));
	close(fd);
}

static void test_many_clients(void **state)
{
	int fd[CONTROL_MAX_CLIENTS], extra;
	struct fixture *fx = *state;
	unsigned int i;

	for (i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		fd[i] = connect_fd(fx);
		ask(fd[i], "{\"cmd\":\"echo\",\"text\":0}\n", "{\"ok\":true,\"echo\":0}");
	}
	extra = connect_fd(fx);
	expect_error(extra, "more than 16");
	assert_null(get(extra));
	close(extra);
	for (i = 0; i < CONTROL_MAX_CLIENTS; i++)
		ask(fd[i], "{\"cmd\":\"echo\",\"text\":1}\n", "{\"ok\":true,\"echo\":1}");
	for (i = 0; i < CONTROL_MAX_CLIENTS; i++)
		close(fd[i]);
}

static void test_file(void **state)
{
	struct fixture *fx = *state;
	char other[96], longer[200];
	struct stat st;
	FILE *f;

	assert_int_equal(stat(fx->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(control_start(fx->loop, fx->path, command, fx));
	assert_int_equal(errno, EADDRINUSE);
	/* The attempt has not hurt the listener. */
	close(connect_fd(fx));

	snprintf(other, sizeof(other), "%s/file", fx->dir);
	f = fopen(other, "w");
	fclose(f);
	assert_null(control_start(fx->loop, other, command, fx));
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink(other), 0);

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(control_start(fx->loop, longer, command, fx));
	assert_int_equal(errno, ENAMETOOLONG);
}

static void test_stale_file(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct fixture *fx = *state;
	struct control *second;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/stale", fx->dir);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	second = control_start(fx->loop, path, command, fx);
	assert_non_null(second);
	control_stop(second);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_send(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(control_send(fx->path, "{\"cmd\":\n\"echo\",\"text\":\"x\"}"), 0);
	assert_int_equal(control_send(fx->path, "{\"cmd\":\"busy\"}"), AZ_EXIT_FAILED);
	assert_int_equal(control_send(fx->path, "{\"cmd\""), AZ_EXIT_USAGE);
	assert_int_equal(control_send(fx->path, "[1]"), AZ_EXIT_USAGE);
	assert_int_equal(control_send("/nonexistent/ctl", "{\"cmd\":\"echo\"}"), AZ_EXIT_ENV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pieces_and_pairs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_input, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_reader_gets_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_send, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
