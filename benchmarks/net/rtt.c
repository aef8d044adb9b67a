// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP round trips, closed loop: the next packet leaves when the answer to the
 * last one is back or given up. Contents are made before the clock is read and
 * checked after it, so only the path is timed.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "benchmarks/net/net.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/pattern.h"

#define RTT_MAGIC	0x525a5a41	/* "AZZR" */

/* First bytes of a payload; the pattern of the sequence number follows. */
struct rtt_header {
	uint32_t magic;
	uint32_t unused;
	uint64_t seq;
};

struct rtt {
	struct net_bench *net;
	int fd;
	uint8_t *out, *in;
	uint64_t seq;		/* of the packet on its way */
	uint64_t lost_recent;	/* bit n: packet seq - 1 - n was given up */
	uint64_t sent, received, lost, late, duplicate, corrupt;
	struct az_hist hist;
};

enum answer { ANSWER_GOOD, ANSWER_OTHER, ANSWER_CORRUPT };

static void make_packet(struct rtt *rtt)
{
	struct rtt_header header = { htole32(RTT_MAGIC), 0, htole64(rtt->seq) };

	memcpy(rtt->out, &header, sizeof(header));
	az_pattern_fill(rtt->out + sizeof(header), rtt->net->size - sizeof(header),
			rtt->net->bench.seed ^ rtt->seq, 0);
}

/* An answer to an earlier packet is late when that was given up, else a second one. */
static enum answer count_stale(struct rtt *rtt, uint64_t seq)
{
	uint64_t age = rtt->seq - seq;

	if (!age || age > rtt->seq) {
		rtt->corrupt++;
		return ANSWER_CORRUPT;
	}
	if (age <= 64 && rtt->lost_recent & (1ull << (age - 1))) {
		rtt->lost_recent &= ~(1ull << (age - 1));
		rtt->late++;
	} else {
		rtt->duplicate++;
	}
	return ANSWER_OTHER;
}

static enum answer classify(struct rtt *rtt, size_t len)
{
	struct rtt_header header;

	if (len == rtt->net->size && !memcmp(rtt->in, rtt->out, len))
		return ANSWER_GOOD;
	memcpy(&header, rtt->in, sizeof(header));
	if (len == rtt->net->size && le32toh(header.magic) == RTT_MAGIC)
		return count_stale(rtt, le64toh(header.seq));
	rtt->corrupt++;
	return ANSWER_CORRUPT;
}

/*
 * Sends the packet and waits for its answer. Returns the time in ns, 0 when it
 * did not come, or negative errno when the socket failed.
 */
static int64_t round_trip(struct rtt *rtt)
{
	uint64_t begin, now;
	ssize_t got;

	begin = az_clock_ns();
	if (send(rtt->fd, rtt->out, rtt->net->size, 0) < 0)
		return -errno;
	do {
		/* One byte more than was sent, so that a longer answer shows. */
		got = recv(rtt->fd, rtt->in, rtt->net->size + 1, 0);
		now = az_clock_ns();
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got >= 0 && classify(rtt, (size_t)got) == ANSWER_GOOD)
			return now > begin ? (int64_t)(now - begin) : 1;
	} while (got >= 0 && now - begin < rtt->net->timeout);
	return 0;
}

/* One packet, counted or, in the warm-up, not. Returns 0 or negative errno. */
static int one_sample(struct rtt *rtt, bool counted)
{
	uint64_t wrong = rtt->corrupt, late = rtt->late, duplicate = rtt->duplicate;
	int64_t ns;

	make_packet(rtt);
	ns = round_trip(rtt);
	/* Ctrl-C while an answer was on its way loses no packet. */
	if (ns < 0 || (!ns && bench_stopped()))
		return (int)ns;
	if (counted) {
		rtt->sent++;
		if (ns) {
			rtt->received++;
			az_hist_record(&rtt->hist, (uint64_t)ns);
		} else {
			rtt->lost++;
		}
	} else {
		rtt->corrupt = wrong;
		rtt->late = late;
		rtt->duplicate = duplicate;
	}
	rtt->lost_recent = rtt->lost_recent << 1 | !ns;
	rtt->seq++;
	return 0;
}

static int measure(struct rtt *rtt)
{
	struct bench *bench = &rtt->net->bench;
	uint64_t i;
	int ret = 0;

	for (i = 0; !ret && i < rtt->net->warmup && !bench_stopped(); i++)
		ret = one_sample(rtt, false);
	bench->start = az_clock_ns();
	while (!ret && bench_goes_on(bench, rtt->sent, az_clock_ns()))
		ret = one_sample(rtt, true);
	if (ret == -ECONNREFUSED)
		return az_env("nothing answers at %s: start 'azimuth bench net --mode serve' there",
			      rtt->net->peer);
	if (ret) {
		az_err("%s: %s", rtt->net->peer, strerror(-ret));
		return AZ_EXIT_FAILED;
	}
	return !rtt->received || rtt->corrupt ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

static int report(struct rtt *rtt, int ret)
{
	struct net_bench *net = rtt->net;
	char p50[16], p99[16], max[16];
	json_t *result = net_result(net, "net-rtt");

	az_result_count(result, "sent", rtt->sent);
	az_result_count(result, "received", rtt->received);
	az_result_count(result, "lost", rtt->lost);
	az_result_count(result, "late", rtt->late);
	az_result_count(result, "duplicate", rtt->duplicate);
	az_result_count(result, "corrupt", rtt->corrupt);
	az_result_hist(result, "rtt", &rtt->hist);
	bench_say(&net->bench, "udp rtt %lluB: p50 %s p99 %s max %s, %llu ok %llu lost %llu bad",
		  (unsigned long long)net->size,
		  bench_time(p50, (double)az_hist_percentile(&rtt->hist, 500000)),
		  bench_time(p99, (double)az_hist_percentile(&rtt->hist, 990000)),
		  bench_time(max, (double)rtt->hist.max), (unsigned long long)rtt->received,
		  (unsigned long long)rtt->lost, (unsigned long long)rtt->corrupt);
	return bench_end(&net->bench, result, ret);
}

int net_rtt(struct net_bench *net)
{
	struct timeval limit = {
		.tv_sec = (time_t)(net->timeout / AZ_NSEC_PER_SEC),
		.tv_usec = (suseconds_t)(net->timeout % AZ_NSEC_PER_SEC / 1000),
	};
	struct rtt *rtt = calloc(1, sizeof(*rtt));
	int ret;

	if (!rtt)
		return az_env("out of memory");
	rtt->net = net;
	rtt->fd = -1;
	az_hist_reset(&rtt->hist);
	rtt->out = malloc(net->size);
	rtt->in = calloc(1, net->size + 1);
	if (!rtt->out || !rtt->in) {
		ret = az_env("out of memory");
		goto out;
	}
	rtt->fd = net_socket(net, SOCK_DGRAM, true);
	if (rtt->fd < 0) {
		ret = AZ_EXIT_ENV;
		goto out;
	}
	setsockopt(rtt->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ret = measure(rtt);
	if (ret != AZ_EXIT_ENV)
		ret = report(rtt, ret);
	close(rtt->fd);
out:
	free(rtt->out);
	free(rtt->in);
	free(rtt);
	return ret;
}
