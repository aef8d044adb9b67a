// SPDX-License-Identifier: GPL-2.0-only
/* From the times of a sample to its stages, and from stages to the result. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "benchmarks/net/stamps.h"
#include "lib/clock.h"
#include "lib/result.h"

#define FLOW_TRIES	500
#define FLOW_SLEEP_NS	2000000

/* The points of a packet's way; a stage lies between two that are known. */
enum point { BEGIN, SCHED, SOFT, RX, APP, POINTS };

enum stage {
	SCHEDULE,
	SEND,
	SEND_QDISC,
	SEND_QDISC_NETWORK,
	SEND_QDISC_NETWORK_SERVER,
	QDISC,
	QDISC_NETWORK,
	QDISC_NETWORK_SERVER,
	NIC,
	WIRE,
	WIRE_SERVER,
	NETWORK,
	NETWORK_SERVER,
	SEND_QDISC_NETWORK_WAKEUP,
	QDISC_NETWORK_WAKEUP,
	QDISC_NETWORK_SERVER_WAKEUP,
	NETWORK_WAKEUP,
	NETWORK_SERVER_WAKEUP,
	SERVER,
	SERVER_WAKEUP,
	SERVER_APP,
	WAKEUP,
	ACK,
	STAGES
};

_Static_assert(STAGES == STAMPS_STAGES, "STAMPS_STAGES is their number");

static const char *const names[STAMPS_STAGES] = {
	[SCHEDULE] = "stage_schedule",
	[SEND] = "stage_send",
	[SEND_QDISC] = "stage_send+qdisc",
	[SEND_QDISC_NETWORK] = "stage_send+qdisc+network",
	[SEND_QDISC_NETWORK_SERVER] = "stage_send+qdisc+network+server",
	[QDISC] = "stage_qdisc",
	[QDISC_NETWORK] = "stage_qdisc+network",
	[QDISC_NETWORK_SERVER] = "stage_qdisc+network+server",
	[NIC] = "stage_nic",
	[WIRE] = "stage_wire",
	[WIRE_SERVER] = "stage_wire+server",
	[NETWORK] = "stage_network",
	[NETWORK_SERVER] = "stage_network+server",
	[SEND_QDISC_NETWORK_WAKEUP] = "stage_send+qdisc+network+wakeup",
	[QDISC_NETWORK_WAKEUP] = "stage_qdisc+network+wakeup",
	[QDISC_NETWORK_SERVER_WAKEUP] = "stage_qdisc+network+server+wakeup",
	[NETWORK_WAKEUP] = "stage_network+wakeup",
	[NETWORK_SERVER_WAKEUP] = "stage_network+server+wakeup",
	[SERVER] = "stage_server",
	[SERVER_WAKEUP] = "server_wakeup",
	[SERVER_APP] = "server_app",
	[WAKEUP] = "stage_wakeup",
	[ACK] = "tcp_ack",
};

/*
 * The stage from one point to another, without and with the server's time in it;
 * they are the same where the server is not between.
 */
static const uint8_t spans[POINTS][POINTS][2] = {
	[BEGIN][SCHED] = { SEND, SEND },
	[BEGIN][SOFT] = { SEND_QDISC, SEND_QDISC },
	[BEGIN][RX] = { SEND_QDISC_NETWORK, SEND_QDISC_NETWORK_SERVER },
	[BEGIN][APP] = { SEND_QDISC_NETWORK_WAKEUP, STAGES },
	[SCHED][SOFT] = { QDISC, QDISC },
	[SCHED][RX] = { QDISC_NETWORK, QDISC_NETWORK_SERVER },
	[SCHED][APP] = { QDISC_NETWORK_WAKEUP, QDISC_NETWORK_SERVER_WAKEUP },
	[SOFT][RX] = { NETWORK, NETWORK_SERVER },
	[SOFT][APP] = { NETWORK_WAKEUP, NETWORK_SERVER_WAKEUP },
	[RX][APP] = { WAKEUP, WAKEUP },
};

const char *stamps_stage_name(unsigned int stage)
{
	return stage < STAMPS_STAGES ? names[stage] : NULL;
}

bool stamps_stage_is_part(unsigned int stage)
{
	return stage != SERVER_WAKEUP && stage != SERVER_APP && stage != ACK;
}

struct split {
	struct stamps_value *values;
	unsigned int n;
	bool wrong;
};

static void put(struct split *split, unsigned int stage, int64_t ns)
{
	if (ns < 0)
		split->wrong = true;
	split->values[split->n++] = (struct stamps_value){ stage, (uint64_t)ns };
}

/* From the software stamp of the driver to the one of the receive path. */
static void put_network(struct split *split, const struct stamps_sample *sample, int64_t ns)
{
	int64_t server = (int64_t)sample->server, hw;

	if (!sample->hw_tx || !sample->hw_rx) {
		put(split, server ? NETWORK : NETWORK_SERVER, ns - server);
		return;
	}
	hw = (int64_t)(sample->hw_rx - sample->hw_tx);
	put(split, NIC, ns - hw);
	put(split, server ? WIRE : WIRE_SERVER, hw - server);
}

static void put_span(struct split *split, const struct stamps_sample *sample, enum point from,
		     enum point to, int64_t ns)
{
	const bool across = from <= SOFT && to >= RX;

	if (from == SOFT && to == RX)
		put_network(split, sample, ns);
	else
		put(split, spans[from][to][!sample->server],
		    ns - (across ? (int64_t)sample->server : 0));
	if (!across || !sample->server)
		return;
	put(split, SERVER, (int64_t)sample->server);
	if (!sample->server_wakeup)
		return;
	put(split, SERVER_WAKEUP, (int64_t)sample->server_wakeup);
	put(split, SERVER_APP, (int64_t)(sample->server - sample->server_wakeup));
}

unsigned int stamps_split(const struct stamps_sample *sample, const struct clock_watch *watch,
			  struct stamps_value *values)
{
	const uint64_t at[POINTS] = {
		[BEGIN] = sample->begin,
		[SCHED] = sample->sched ? clock_to_mono(watch, sample->sched) : 0,
		[SOFT] = sample->soft ? clock_to_mono(watch, sample->soft) : 0,
		[RX] = sample->rx ? clock_to_mono(watch, sample->rx) : 0,
		[APP] = sample->app,
	};
	struct split split = { .values = values };
	unsigned int from = BEGIN, to;

	if (!sample->server && !sample->sched && !sample->soft && !sample->rx)
		return 0;
	if (sample->intended)
		put(&split, SCHEDULE, (int64_t)(sample->begin - sample->intended));
	for (to = SCHED; to < POINTS; to++) {
		if (!at[to])
			continue;
		put_span(&split, sample, from, to, (int64_t)(at[to] - at[from]));
		from = to;
	}
	if (sample->ack && sample->soft)
		put(&split, ACK, (int64_t)(sample->ack - sample->soft));
	return split.wrong ? 0 : split.n;
}

/* Sends a datagram to itself. Was it stamped? */
static bool is_stamped(int fd)
{
	union { struct cmsghdr align; char bytes[STAMPS_CONTROL]; } control;
	char byte = 0;
	struct iovec iov = { &byte, sizeof(byte) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	uint64_t soft, hard;

	if (send(fd, &byte, sizeof(byte), 0) < 0 || recvmsg(fd, &msg, MSG_DONTWAIT) < 0)
		return false;
	stamps_of_message(&msg, &soft, &hard);
	return soft;
}

int stamps_flow(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), i;
	socklen_t len = sizeof(addr);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, len) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) ||
	    connect(fd, (struct sockaddr *)&addr, len) || stamps_receive_only(fd)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < FLOW_TRIES && !is_stamped(fd); i++)
		az_sleep_ns(FLOW_SLEEP_NS);
	return fd;
}

/* What the kernel and the interface claim; 0 when they cannot be asked. */
static unsigned int ask_interface(const char *ifname, char *driver, size_t len)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(driver, len, "unknown driver");
	if (fd < 0 || !ifname[0])
		goto out;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		info.so_timestamping = 0;
	ifr.ifr_data = (void *)&drv;
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		snprintf(driver, len, "%.31s", drv.driver);
out:
	if (fd >= 0)
		close(fd);
	return info.so_timestamping;
}

struct missing {
	json_t *list;
	char *text;
	size_t len;
};

static void miss(struct missing *missing, const char *stage, const char *why)
{
	char line[160];
	size_t used = strlen(missing->text);

	snprintf(line, sizeof(line), "%s: %s", stage, why);
	json_array_append_new(missing->list, json_string(line));
	snprintf(missing->text + used, missing->len - used, "%s%s", used ? "; " : "", line);
}

static void list_missing(struct missing *missing, const struct stamps_counts *counts,
			 const char *ifname, const char *driver, unsigned int claims)
{
	char why[128];

	if (!counts->sched)
		miss(missing, "qdisc", "no TX_SCHED stamp came");
	if (!counts->soft) {
		snprintf(why, sizeof(why), "%s (%s) gave no TX_SOFTWARE stamp%s", ifname, driver,
			 claims & SOF_TIMESTAMPING_TX_SOFTWARE ? ", though it claims to" : "");
		miss(missing, "driver", why);
	}
	if (!counts->hw_tx || !counts->hw_rx) {
		snprintf(why, sizeof(why), "%s (%s) %s", ifname, driver,
			 !(claims & SOF_TIMESTAMPING_TX_HARDWARE) ? "has no hardware stamps" :
			 "can stamp in hardware, which is off (hwstamp_ctl turns it on)");
		miss(missing, "wire", why);
	}
	if (!counts->rx)
		miss(missing, "wakeup", "no RX_SOFTWARE stamp came");
	if (!counts->server)
		miss(missing, "server", "the server does not say how long it kept a packet");
}

static json_t *claims_to_json(unsigned int claims)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} flags[] = {
		{ SOF_TIMESTAMPING_TX_SCHED, "tx-sched" },
		{ SOF_TIMESTAMPING_TX_SOFTWARE, "tx-software" },
		{ SOF_TIMESTAMPING_TX_HARDWARE, "tx-hardware" },
		{ SOF_TIMESTAMPING_RX_HARDWARE, "rx-hardware" },
		{ SOF_TIMESTAMPING_RX_SOFTWARE, "rx-software" },
	};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (claims & flags[i].flag)
			json_array_append_new(list, json_string(flags[i].name));
	return list;
}

void stamps_report(json_t *result, const struct stamps_counts *counts, const char *ifname,
		   char *text, size_t len)
{
	struct missing missing = { json_array(), text, len };
	json_t *stamps = json_object();
	char driver[40];
	unsigned int claims = ask_interface(ifname, driver, sizeof(driver));

	text[0] = '\0';
	if (counts->samples)
		list_missing(&missing, counts, ifname, driver, claims);
	json_object_set_new(stamps, "interface", json_string(ifname));
	json_object_set_new(stamps, "driver", json_string(driver));
	json_object_set_new(stamps, "claims", claims_to_json(claims));
	json_object_set_new(result, "stages_missing", missing.list);
	json_object_set_new(result, "stamps", stamps);
	az_result_count(result, "stamps_samples", counts->samples);
	az_result_count(result, "stamps_split", counts->split);
	az_result_count(result, "stamps_clock_stepped", counts->stepped);
	az_result_count(result, "stamps_disordered", counts->disordered);
	az_result_count(result, "stamps_evicted", counts->evicted);
	az_result_count(result, "stamps_resyncs", counts->resyncs);
}
