// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exporter's server, against clients that mean no good: whatever they do, another one gets
 * its text. And the buckets of its histograms, which have to be exact.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/export/http.h"
#include "bpf/export/metrics.h"
#include "lib/hist.h"

#define BODY	(1u << 20)	/* more than a socket takes at once */

static struct http *http;
static unsigned int made;
static volatile bool over;

static char *text(void *ctx, size_t *len)
{
	char *body = malloc(BODY);

	made++;
	memset(body, 'x', BODY);
	*len = BODY;
	return body;
}

static void *serve(void *arg)
{
	while (!over)
		assert_int_equal(http_serve(http, 20), 0);
	return NULL;
}

static int connect_to(const struct http *server)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static int connect_one(void)
{
	return connect_to(http);
}

/* Sends @len bytes and reads to the end: how many came; the first ones are in @head. */
static size_t ask(const char *request, size_t len, char *head, size_t room)
{
	static char buf[65536];
	int fd = connect_one();
	size_t got = 0, keep;
	ssize_t n;

	memset(head, 0, room);
	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), len);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		keep = got < room - 1 ? room - 1 - got : 0;
		memcpy(head + got * !!keep, buf, (size_t)n < keep ? (size_t)n : keep);
		got += (size_t)n;
	}
	close(fd);
	return got;
}

static void check_good(void)
{
	static const char get[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	char head[256];
	size_t got = ask(get, sizeof(get) - 1, head, sizeof(head));

	assert_non_null(strstr(head, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(head, "Content-Type: some/type\r\n"));
	assert_int_equal(got, BODY + (size_t)(strstr(head, "\r\n\r\n") + 4 - head));
}

static void test_good(void **state)
{
	unsigned int before;

	check_good();
	before = made;
	check_good();
	/* The second one may come a second later on a slow machine. */
	assert_true(made <= before + 1);
}

static void test_answers(void **state)
{
	static const struct {
		const char *request, *answer;
	} all[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "404 Not Found" },
		{ "GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found" },
		{ "GET /metrics/../etc HTTP/1.1\r\n\r\n", "404 Not Found" },
		{ "POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed" },
		{ "GET /metrics\r\n\r\n", "400 Bad Request" },
		{ "GET /metrics SIP/2.0\r\n\r\n", "400 Bad Request" },
		{ "\r\n\r\n", "400 Bad Request" },
		{ "HEAD /metrics HTTP/1.0\n\n", "200 OK" },
		{ "GET /metrics?x=1 HTTP/1.0\n\n", "200 OK" },
	};
	char head[256];
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ask(all[i].request, strlen(all[i].request), head, sizeof(head));
		assert_non_null(strstr(head, all[i].answer));
	}
	assert_true(ask("HEAD /metrics HTTP/1.0\n\n", 24, head, sizeof(head)) < 256);
	ask("GET /\0metrics HTTP/1.1\r\n", 24, head, sizeof(head));
	assert_non_null(strstr(head, "400 Bad Request"));
}

static void test_endless_head(void **state)
{
	char request[HTTP_HEAD_BYTES - 1], head[256];

	memset(request, 'a', sizeof(request));
	ask(request, sizeof(request), head, sizeof(head));
	assert_non_null(strstr(head, "431 "));
}

/* Twice as many as there are places: silent, in the midst of a request, and not reading. */
static void test_hostile(void **state)
{
	static const char get[] = "GET /metrics HTTP/1.1\r\n\r\n";
	int fds[2 * HTTP_CONNECTIONS];
	unsigned int i;

	for (i = 0; i < 2 * HTTP_CONNECTIONS; i++) {
		fds[i] = connect_one();
		if (i % 3)
			send(fds[i], get, i % 3 == 1 ? 10 : sizeof(get) - 1, MSG_NOSIGNAL);
	}
	check_good();
	check_good();
	/* Gone without a word, with a reset. */
	for (i = 0; i < 2 * HTTP_CONNECTIONS; i++) {
		struct linger reset = { 1, 0 };

		setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fds[i]);
	}
	check_good();
}

/* A server that gives 1 ns: who says nothing is ended. */
static void test_slow(void **state)
{
	struct http *other;
	bool beyond;
	char byte;
	int fd;

	assert_int_equal(http_open(&other, "127.0.0.1:0", &beyond, "x", 1, text, NULL), 0);
	fd = connect_to(other);
	assert_int_equal(http_serve(other, -1), 0);
	assert_int_equal(http_serve(other, 10), 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	http_close(other);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {
		"", "9433", ":9433", "localhost:9433", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
		"127.0.0.1:65536", "[::1]", "::1:1", "1.2.3:4", "[127.0.0.1]:9",
	};
	struct http *other;
	bool beyond;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(http_open(&other, bad[i], &beyond, "x", 1, text,
					   NULL), -EINVAL);
	assert_int_equal(http_open(&other, "0.0.0.0:0", &beyond, "x", 1, text, NULL), 0);
	assert_true(beyond);
	http_close(other);
}

/* Each end is one less than the begin of a bucket: no bucket lies on both sides of it. */
static void test_ends(void **state)
{
	uint64_t low, last = 0;
	unsigned int i, b;

	for (i = 0; i < TRACE_LES; i++) {
		assert_true(trace_le(i) > last);
		last = trace_le(i);
		for (b = 0; (low = az_hist_bucket_low(b)) <= last; b++)
			;
		assert_true(low == last + 1);
	}
	assert_true(trace_le(0) == 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_endless_head),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ends),
	};
	pthread_t thread;
	bool beyond = true;
	int rc;

	/* No client of these tests is ended for its slowness: this machine may be slower. */
	if (http_open(&http, "127.0.0.1:0", &beyond, "some/type", UINT64_MAX, text, NULL) ||
	    beyond || pthread_create(&thread, NULL, serve, NULL))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	over = true;
	pthread_join(thread, NULL);
	http_close(http);
	return rc;
}
