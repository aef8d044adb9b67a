// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP transfer to an echo server: a seeded stream goes out while what returns
 * is checked, byte for byte, against the same stream. Both directions run at
 * once, or a transfer larger than the buffers on the way would stop for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/net.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pattern.h"

struct tcp {
	struct net_bench *net;
	int fd;
	uint8_t *buf;			/* net->size bytes */
	uint64_t seed;			/* of this transfer */
	uint64_t sent, received;	/* bytes of this transfer */
	uint64_t sum_out, sum_in;
	uint64_t transfers, mismatches, total, busy_ns;
	struct az_hist hist;
};

static size_t piece(const struct tcp *tcp, uint64_t done)
{
	uint64_t left = tcp->net->bytes - done;

	return left < tcp->net->size ? (size_t)left : (size_t)tcp->net->size;
}

static int send_some(struct tcp *tcp)
{
	size_t len = piece(tcp, tcp->sent);
	ssize_t put;

	az_pattern_fill(tcp->buf, len, tcp->seed, tcp->sent);
	put = send(tcp->fd, tcp->buf, len, MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	tcp->sum_out = az_checksum(tcp->sum_out, tcp->buf, (size_t)put);
	tcp->sent += (uint64_t)put;
	/* The half-close tells the server, and a proxy before it, that this is all. */
	if (tcp->sent == tcp->net->bytes)
		shutdown(tcp->fd, SHUT_WR);
	return 0;
}

static int receive_some(struct tcp *tcp)
{
	size_t len = piece(tcp, tcp->received), good;
	ssize_t got = recv(tcp->fd, tcp->buf, len, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got) {
		az_err("%s closed the connection after %llu of %llu bytes", tcp->net->peer,
		       (unsigned long long)tcp->received, (unsigned long long)tcp->net->bytes);
		return -EBADMSG;
	}
	good = az_pattern_match(tcp->buf, (size_t)got, tcp->seed, tcp->received);
	if (good < (size_t)got) {
		az_err("wrong data from %s at byte %llu of transfer %llu", tcp->net->peer,
		       (unsigned long long)(tcp->received + good),
		       (unsigned long long)tcp->transfers);
		tcp->mismatches++;
		return -EBADMSG;
	}
	tcp->sum_in = az_checksum(tcp->sum_in, tcp->buf, (size_t)got);
	tcp->received += (uint64_t)got;
	return 0;
}

static int exchange(struct tcp *tcp)
{
	int timeout = (int)(tcp->net->timeout / 1000000) + 1, ret = 0;
	struct pollfd pfd = { .fd = tcp->fd };

	while (!ret && tcp->received < tcp->net->bytes) {
		pfd.events = POLLIN | (tcp->sent < tcp->net->bytes ? POLLOUT : 0);
		ret = poll(&pfd, 1, timeout);
		if (!ret)
			return -ETIMEDOUT;
		if (ret < 0)
			return -errno;
		ret = 0;
		if (pfd.revents & (POLLIN | POLLERR | POLLHUP))
			ret = receive_some(tcp);
		if (!ret && pfd.revents & POLLOUT)
			ret = send_some(tcp);
	}
	return ret;
}

static void finish_transfer(struct tcp *tcp, uint64_t ns)
{
	tcp->total += tcp->received;
	tcp->busy_ns += ns;
	tcp->transfers++;
	az_hist_record(&tcp->hist, ns);
}

static int one_transfer(struct tcp *tcp)
{
	uint64_t begin = az_clock_ns(), sum_out = tcp->sum_out, sum_in = tcp->sum_in;
	int ret;

	tcp->fd = net_socket(tcp->net, SOCK_STREAM, true);
	if (tcp->fd < 0)
		return -ENOTCONN;
	fcntl(tcp->fd, F_SETFL, O_NONBLOCK);
	tcp->seed = tcp->net->bench.seed + tcp->transfers;
	tcp->sent = 0;
	tcp->received = 0;
	ret = exchange(tcp);
	if (!ret) {
		finish_transfer(tcp, az_clock_ns() - begin);
	} else {
		/* The checksums are over whole transfers. */
		tcp->sum_out = sum_out;
		tcp->sum_in = sum_in;
	}
	close(tcp->fd);
	return ret;
}

static int measure(struct tcp *tcp)
{
	struct bench *bench = &tcp->net->bench;
	int ret = 0;

	while (!ret && bench_goes_on(bench, tcp->transfers, az_clock_ns()))
		ret = one_transfer(tcp);
	if (ret == -EINTR && bench_stopped())
		return tcp->transfers ? AZ_EXIT_OK : AZ_EXIT_FAILED;
	if (ret == -ENOTCONN)
		return AZ_EXIT_ENV;
	if (ret == -ETIMEDOUT)
		az_err("%s: nothing moved within the timeout, %llu bytes sent, %llu back",
		       tcp->net->peer, (unsigned long long)tcp->sent,
		       (unsigned long long)tcp->received);
	else if (ret && ret != -EBADMSG)
		az_err("%s: %s", tcp->net->peer, strerror(-ret));
	return ret || tcp->sum_in != tcp->sum_out ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

static int report(struct tcp *tcp, int ret)
{
	struct net_bench *net = tcp->net;
	json_t *result = net_result(net, "net-tcp");
	double rate = tcp->busy_ns ? (double)tcp->total * 1e9 / (double)tcp->busy_ns : 0;

	az_result_config_int(result, "bytes", net->bytes);
	az_result_count(result, "transfers", tcp->transfers);
	az_result_count(result, "bytes", tcp->total);
	az_result_count(result, "mismatches", tcp->mismatches);
	az_result_metric(result, "rate", "B/s", false, rate);
	az_result_hist(result, "transfer", &tcp->hist);
	bench_say(&net->bench, "tcp %lluB: %llu transfers, %.2f MB/s, checksum %016llx %s",
		  (unsigned long long)net->bytes, (unsigned long long)tcp->transfers, rate / 1e6,
		  (unsigned long long)tcp->sum_in,
		  tcp->mismatches ? "WRONG" : ret ? "INCOMPLETE" : "good");
	return bench_end(&net->bench, result, ret);
}

int net_tcp(struct net_bench *net)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));
	int ret;

	if (!tcp)
		return az_env("out of memory");
	tcp->net = net;
	tcp->sum_in = AZ_CHECKSUM_INIT;
	tcp->sum_out = AZ_CHECKSUM_INIT;
	az_hist_reset(&tcp->hist);
	tcp->buf = malloc(net->size);
	if (tcp->buf) {
		ret = measure(tcp);
		if (ret != AZ_EXIT_ENV)
			ret = report(tcp, ret);
	} else {
		ret = az_env("out of memory");
	}
	free(tcp->buf);
	free(tcp);
	return ret;
}
