// SPDX-License-Identifier: GPL-2.0-only
/* The server: its threads, what it answers with, and its result. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/net/server.h"
#include "benchmarks/net/hooks.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pattern.h"

#define PORT_TRIES	16	/* for a port 0 that is free for UDP and for TCP */

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * AZ_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static bool every(uint64_t number, uint64_t n)
{
	return n && number % n == 0;
}

/* Numbers requests over all threads, so that "each N-th" is exact. */
static void add_faults(struct server_thread *t, struct server_verdict *out)
{
	const struct delay_spec *spec = &t->srv->net->delay;
	uint64_t number;

	if (!(spec->drop | spec->dup | spec->reorder | spec->corrupt))
		return;
	number = __atomic_add_fetch(&t->srv->numbered, 1, __ATOMIC_RELAXED);
	out->drop = every(number, spec->drop);
	out->twice = every(number, spec->dup);
	out->corrupt = every(number, spec->corrupt);
	t->counts.dropped += out->drop;
	t->counts.duplicated += out->twice;
	t->counts.corrupted += out->corrupt;
	if (every(number, spec->reorder)) {
		out->delay += 1000000;
		t->counts.held_back++;
	}
}

bool server_judge(struct server_thread *t, const void *data, size_t len, bool stream,
		  struct server_verdict *out)
{
	const struct delay_spec *spec = &t->srv->net->delay;
	enum net_wire_error error;
	uint8_t version = NET_WIRE_VERSION;

	*out = (struct server_verdict){ .length = (uint32_t)len };
	error = net_wire_get(&out->wire, data, len, stream);
	if (!error && spec->version && spec->version != NET_WIRE_VERSION)
		error = NET_WIRE_VERSIONS;
	if (error == NET_WIRE_VERSIONS) {
		t->counts.other_version++;
		out->refuse = true;
		out->wire.flags = NET_WIRE_ANSWER | NET_WIRE_REFUSED;
		out->wire.version = spec->version ? (uint8_t)spec->version : version;
		if (stream)
			out->length = NET_WIRE_FULL;
		out->wire.length = out->length;
		return true;
	}
	if (error) {
		t->counts.damaged += error == NET_WIRE_DAMAGED;
		return !stream;
	}
	out->ours = true;
	out->silent = out->wire.flags & NET_WIRE_SILENT;
	out->close = out->wire.flags & NET_WIRE_CLOSE;
	out->wire.flags |= NET_WIRE_ANSWER;
	if (out->wire.full && out->wire.answer >= NET_WIRE_SHORT &&
	    out->wire.answer <= (stream ? NET_WIRE_MAX : NET_UDP_MAX))
		out->length = out->wire.answer;
	if (stream && out->length < NET_WIRE_FULL)
		out->length = NET_WIRE_FULL;
	out->wire.length = out->length;
	if (out->silent)
		return true;
	if (spec->kind) {
		out->delay = delay_draw(spec, &t->delay);
		az_hist_record(&t->drawn, out->delay);
	}
	add_faults(t, out);
	return true;
}

/* The stream is made once for each client's seed, not for each answer. */
static const uint8_t *stream_of(struct server_thread *t, uint32_t seed)
{
	if (!t->has_seed || t->seed != seed) {
		az_pattern_fill(t->stream, SERVER_STREAM, seed, 0);
		t->seed = seed;
		t->has_seed = true;
	}
	return t->stream;
}

void server_answer(struct server_thread *t, const struct server_verdict *out, void *data,
		   size_t len, uint64_t held)
{
	struct net_wire wire = out->wire;

	if (!out->ours && !out->refuse)
		return;
	/* A header of 48 bytes takes the place of one of 16, and the reverse, too. */
	if (out->ours && out->length > len)
		memcpy((uint8_t *)data + len, stream_of(t, wire.seed) + len, out->length - len);
	else if (out->ours && len >= NET_WIRE_FULL && out->length < NET_WIRE_FULL)
		memcpy(data, stream_of(t, wire.seed), out->length);
	wire.server_ns = realtime_ns() - held;
	wire.held_ns = held;
	net_wire_put(&wire, data, out->length);
	if (out->ours && wire.flags & NET_WIRE_CLOCK)
		net_tell_clock(data, out->length);
	if (out->corrupt)
		((uint8_t *)data)[out->length - 1] ^= 0x55;
}

void server_warn_version(struct server_thread *t, const struct sockaddr *from,
			 unsigned int version)
{
	unsigned int ours = t->srv->net->delay.version;

	char text[INET6_ADDRSTRLEN] = "?";

	if (__atomic_exchange_n(&t->srv->warned, true, __ATOMIC_RELAXED))
		return;
	if (from->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, text,
			  sizeof(text));
	else if (from->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, text,
			  sizeof(text));
	az_warn("refused a client at %s: its messages are of version %u, ours of version %u", text,
		version, ours ? ours : NET_WIRE_VERSION);
}

void server_warn_conn(struct server_thread *t, int fd, unsigned int version)
{
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(from);

	getpeername(fd, (struct sockaddr *)&from, &len);
	server_warn_version(t, (struct sockaddr *)&from, version);
}

void server_held(struct server_thread *t, void *data, size_t len, uint64_t held)
{
	struct net_wire wire;

	az_hist_record(&t->held, held);
	if (net_wire_get(&wire, data, len, false) || !wire.full)
		return;
	wire.held_ns = held;
	net_wire_put(&wire, data, len);
}

void server_fail(struct server_thread *t, const char *what)
{
	__atomic_store_n(&t->srv->ret, az_env("the server cannot go on: %s", what),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&t->srv->stop, true, __ATOMIC_RELAXED);
}

void server_stall(struct server_thread *t)
{
	const struct delay_spec *spec = &t->srv->net->delay;
	uint64_t now;

	if (!spec->stall)
		return;
	now = az_clock_ns();
	if (now < t->stall_at)
		return;
	t->stall_at = now + spec->stall_every;
	t->counts.stalls++;
	az_sleep_ns(spec->stall);
}

static void sum_counts(const struct net_server *srv, struct server_counts *sum)
{
	unsigned int i, j;

	*sum = (struct server_counts){ 0 };
	for (i = 0; i < srv->nthreads; i++)
		for (j = 0; j < sizeof(*sum) / sizeof(uint64_t); j++)
			((uint64_t *)sum)[j] +=
				__atomic_load_n((uint64_t *)&srv->threads[i].counts + j,
						__ATOMIC_RELAXED);
}

bool server_goes_on(struct server_thread *t)
{
	uint64_t count = t->srv->net->bench.count;
	struct server_counts sum;

	if (__atomic_load_n(&t->srv->stop, __ATOMIC_RELAXED))
		return false;
	if (!count)
		return true;
	sum_counts(t->srv, &sum);
	return sum.datagrams + sum.requests < count;
}

/* Bound to any address, an answer has to name the one that the client asked. */
static bool is_any(const struct net_bench *net)
{
	return net->addr.sa.sa_family == AF_INET ?
	       net->addr.in4.sin_addr.s_addr == htonl(INADDR_ANY) :
	       IN6_IS_ADDR_UNSPECIFIED(&net->addr.in6.sin6_addr);
}

static int bind_one(struct net_server *srv, int type, int *fd)
{
	struct net_bench *net = srv->net;
	bool shared = srv->nthreads > 2, v4 = net->addr.sa.sa_family == AF_INET;
	int on = 1, room = 4 << 20;

	*fd = net_socket(net, type, false);
	if (*fd < 0)
		return -1;
	if (type == SOCK_STREAM) {
		fcntl(*fd, F_SETFL, O_NONBLOCK);
		setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	if (shared && setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return az_env("SO_REUSEPORT: %s", strerror(errno));
	if (type == SOCK_DGRAM) {
		/* Bursts wait here while earlier requests are answered. */
		if (setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
			setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		if (srv->wildcard)
			setsockopt(*fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
				   v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on, sizeof(on));
		net_busy_poll(net, *fd);
	}
	if (bind(*fd, &net->addr.sa, net->addrlen) ||
	    (type == SOCK_STREAM && listen(*fd, 4096)))
		return -errno;
	return 0;
}

/* Binds all sockets; port 0 becomes one that is free for both protocols. */
static int bind_all(struct net_server *srv)
{
	struct net_bench *net = srv->net;
	bool any = !net->addr.in4.sin_port;
	unsigned int i, tries = any ? PORT_TRIES : 1;
	int ret = 0;

	while (tries--) {
		for (i = 0; i < srv->nthreads; i++) {
			ret = bind_one(srv, i % 2 ? SOCK_STREAM : SOCK_DGRAM, &srv->threads[i].fd);
			if (ret)
				break;
			if (!i)
				getsockname(srv->threads[0].fd, &net->addr.sa, &net->addrlen);
		}
		if (ret != -EADDRINUSE || !tries)
			break;
		for (i = 0; i < srv->nthreads && srv->threads[i].fd >= 0; i++) {
			close(srv->threads[i].fd);
			srv->threads[i].fd = -1;
		}
		net->addr.in4.sin_port = 0;
	}
	if (ret > 0 || (ret < 0 && i < srv->nthreads && srv->threads[i].fd < 0))
		return AZ_EXIT_ENV;
	return !ret ? 0 : az_env("cannot serve %s at %s: %s", i % 2 ? "TCP" : "UDP", net->peer,
				 strerror(-ret));
}

static void *run_thread(void *ctx)
{
	struct server_thread *t = ctx;
	cpu_set_t set;

	if (t->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(t->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	/* Delays of answers are to end when they are due, not 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1);
	return (t - t->srv->threads) % 2 ? server_tcp(t) : server_udp(t);
}

/* Threads take the CPUs of the process in turn, a UDP and a TCP thread each. */
static int nth_cpu(unsigned int n)
{
	cpu_set_t set;
	int cpu, left;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	left = (int)n % CPU_COUNT(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && !left--)
			return cpu;
	return -1;
}

static void on_kick(int sig)
{
}

static int start_threads(struct net_server *srv)
{
	struct sigaction kick = { .sa_handler = on_kick };
	sigset_t all, old;
	unsigned int i;
	int ret = 0;

	sigaction(SIGUSR1, &kick, NULL);
	/* All other signals are the main thread's. */
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < srv->nthreads && !ret; i++) {
		srv->threads[i].cpu = srv->net->bench.cpus ? nth_cpu(i / 2) : -1;
		ret = pthread_create(&srv->threads[i].pthread, NULL, run_thread, &srv->threads[i]);
		srv->threads[i].started = !ret;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret ? az_env("cannot start a thread: %s", strerror(ret)) : 0;
}

static void wait_for_end(struct net_server *srv)
{
	struct server_counts sum;

	do {
		az_sleep_ns(SERVER_TICK_NS / 4);
		sum_counts(srv, &sum);
	} while (!__atomic_load_n(&srv->stop, __ATOMIC_RELAXED) &&
		 bench_goes_on(&srv->net->bench, sum.datagrams + sum.requests, az_clock_ns()));
}

/* A thread in its receive call is woken by a signal; one that came too soon is repeated. */
static void join_one(pthread_t thread)
{
	struct timespec until;

	do {
		pthread_kill(thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 10000000;
		until.tv_sec += until.tv_nsec / (long)AZ_NSEC_PER_SEC;
		until.tv_nsec %= (long)AZ_NSEC_PER_SEC;
	} while (pthread_timedjoin_np(thread, NULL, &until));
}

static void join_threads(struct net_server *srv)
{
	unsigned int i;

	__atomic_store_n(&srv->hurry, bench_stopped(), __ATOMIC_RELAXED);
	__atomic_store_n(&srv->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < srv->nthreads; i++)
		if (srv->threads[i].started)
			join_one(srv->threads[i].pthread);
}

static void add_counts(json_t *result, const struct server_counts *sum)
{
	const struct {
		const char *name;
		uint64_t value;
		bool always;
	} counts[] = {
		{ "datagrams", sum->datagrams, true }, { "requests", sum->requests, true },
		{ "connections", sum->connections, true }, { "bytes", sum->bytes, true },
		{ "refused", sum->refused, false },
		{ "other_version", sum->other_version, false },
		{ "damaged", sum->damaged, false }, { "dropped", sum->dropped, false },
		{ "duplicated", sum->duplicated, false },
		{ "held_back", sum->held_back, false }, { "corrupted", sum->corrupted, false },
		{ "not_sent", sum->not_sent, false }, { "overflow", sum->overflow, false },
		{ "stalls", sum->stalls, false },
	};
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].always || counts[i].value)
			az_result_count(result, counts[i].name, counts[i].value);
}

static int report(struct net_server *srv, int ret)
{
	json_t *result = net_result(srv->net, "net-serve");
	struct server_counts sum;
	unsigned int i;

	sum_counts(srv, &sum);
	add_counts(result, &sum);
	for (i = 1; i < srv->nthreads; i++) {
		az_hist_merge(&srv->threads[0].drawn, &srv->threads[i].drawn);
		az_hist_merge(&srv->threads[0].held, &srv->threads[i].held);
	}
	if (srv->threads[0].drawn.count)
		az_result_hist(result, "delay", &srv->threads[0].drawn);
	if (srv->threads[0].held.count)
		az_result_hist(result, "held", &srv->threads[0].held);
	bench_say(&srv->net->bench,
		  "served %llu datagrams, %llu connections, %llu bytes, %llu requests over TCP",
		  (unsigned long long)sum.datagrams, (unsigned long long)sum.connections,
		  (unsigned long long)sum.bytes, (unsigned long long)sum.requests);
	return bench_end(&srv->net->bench, result, ret);
}

static int prepare(struct net_server *srv)
{
	struct server_thread *t;
	unsigned int i;

	srv->wildcard = is_any(srv->net);
	srv->threads = calloc(srv->nthreads, sizeof(*srv->threads));
	if (!srv->threads)
		return az_env("out of memory");
	for (i = 0; i < srv->nthreads; i++)
		srv->threads[i].fd = -1;
	for (i = 0; i < srv->nthreads; i++) {
		t = &srv->threads[i];
		t->srv = srv;
		t->delay.rng.state = az_mix64(srv->net->bench.seed + i);
		t->stall_at = srv->net->bench.start + srv->net->delay.stall_every;
		az_hist_reset(&t->drawn);
		az_hist_reset(&t->held);
		t->stream = malloc(SERVER_STREAM);
		if (!t->stream)
			return az_env("out of memory");
	}
	return bind_all(srv);
}

int net_serve(struct net_bench *net)
{
	struct net_server srv = { .net = net, .nthreads = 2 * net->bench.threads };
	unsigned int i;
	int ret = prepare(&srv);

	if (!ret) {
		net_raise_files();
		/* Scripts wait for this line, and read the port from it. */
		bench_say(&net->bench, "serving udp and tcp port %u",
			  ntohs(net->addr.in4.sin_port));
		ret = start_threads(&srv);
		if (!ret)
			wait_for_end(&srv);
		join_threads(&srv);
		if (!ret)
			ret = report(&srv, srv.ret);
	}
	for (i = 0; srv.threads && i < srv.nthreads; i++) {
		if (srv.threads[i].fd >= 0)
			close(srv.threads[i].fd);
		delay_queue_free(&srv.threads[i].queue);
		free(srv.threads[i].stream);
	}
	free(srv.threads);
	return ret;
}
