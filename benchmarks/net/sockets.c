// SPDX-License-Identifier: GPL-2.0-only
/* Sockets, and what the options ask of the kernel for them. */
#include "benchmarks/net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/net/flow.h"
#include "lib/clock.h"
#include "lib/log.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL	69
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET	70
#endif

int net_parse_peer(struct net_peer *peer, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 3];
	uint64_t port;
	size_t len;

	if (!colon || az_parse_number(colon + 1, AZ_OPT_U64, &port) || port > 65535)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (!len || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(peer, 0, sizeof(*peer));
	peer->name = text;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		peer->addr.in6.sin6_family = AF_INET6;
		peer->addr.in6.sin6_port = htons((uint16_t)port);
		peer->addrlen = sizeof(peer->addr.in6);
		return inet_pton(AF_INET6, host + 1, &peer->addr.in6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	peer->addr.in4.sin_family = AF_INET;
	peer->addr.in4.sin_port = htons((uint16_t)port);
	peer->addrlen = sizeof(peer->addr.in4);
	return inet_pton(AF_INET, host, &peer->addr.in4.sin_addr) == 1 ? 0 : -EINVAL;
}

int net_socket(const struct net_bench *net, int type, bool connected)
{
	int fd = socket(net->addr.sa.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		az_err("cannot open a socket: %s", strerror(errno));
		return -1;
	}
	if (connected && connect(fd, &net->addr.sa, net->addrlen)) {
		az_err("cannot connect to %s: %s", net->peer, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* The address of the machine's own end: any, with the flow's port. */
static int bind_port(const struct net_flow *flow, int fd)
{
	union net_addr addr = { .sa.sa_family = flow->net->peers[flow->peer].addr.sa.sa_family };
	int on = 1;

	addr.in4.sin_port = htons(flow->port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &addr.sa, flow->net->peers[flow->peer].addrlen))
		return az_env("--ports: cannot use port %u: %s", flow->port, strerror(errno));
	return 0;
}

int net_flow_socket(const struct net_flow *flow, int type)
{
	const struct net_bench *net = flow->net;
	int flags = flow->thread->recv_flags || type == SOCK_STREAM ? SOCK_NONBLOCK : 0;
	int fd = socket(net->peers[flow->peer].addr.sa.sa_family, type | SOCK_CLOEXEC | flags, 0);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		az_err("cannot open the socket of flow %u of %llu: raise the limit of open files"
		       " (ulimit -n)", flow->id + 1, (unsigned long long)net->flows);
	else if (fd < 0)
		az_err("cannot open a socket: %s", strerror(errno));
	if (fd < 0)
		return -1;
	if ((flow->port && bind_port(flow, fd)) || net_busy_poll(net, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int busy_option(int fd, int name, const char *option, int value, const char *since)
{
	if (!setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)))
		return 0;
	if (errno == EPERM)
		return az_env("%s: only root (CAP_NET_ADMIN) may ask for more than the sysctl"
			      " net.core.busy_read", option);
	if (errno == ENOPROTOOPT)
		return az_env("%s: this kernel cannot; it needs %s or later, with"
			      " CONFIG_NET_RX_BUSY_POLL", option, since);
	return az_env("%s: %s", option, strerror(errno));
}

int net_busy_poll(const struct net_bench *net, int fd)
{
	int ret = 0;

	if (net->busy_poll)
		ret = busy_option(fd, SO_BUSY_POLL, "--busy-poll", (int)(net->busy_poll / 1000),
				  "3.11");
	if (!ret && net->prefer_busy_poll)
		ret = busy_option(fd, SO_PREFER_BUSY_POLL, "--prefer-busy-poll", 1, "5.11");
	if (!ret && net->busy_budget)
		ret = busy_option(fd, SO_BUSY_POLL_BUDGET, "--busy-budget", (int)net->busy_budget,
				  "5.11");
	return ret;
}

/* struct epoll_params and EPIOCSPARAMS of include/uapi/linux/eventpoll.h, kernel 6.9. */
struct busy_params {
	uint32_t usecs;
	uint16_t budget;
	uint8_t prefer, pad;
};

#define SET_BUSY_PARAMS	_IOW(0x8a, 0x01, struct busy_params)

int net_epoll_busy_poll(const struct net_bench *net, int epoll)
{
	struct busy_params params = {
		.usecs = (uint32_t)(net->busy_poll / 1000), .prefer = net->prefer_busy_poll,
		.budget = (uint16_t)(net->busy_budget ? net->busy_budget : 8),
	};

	if (!net->busy_poll || !ioctl(epoll, SET_BUSY_PARAMS, &params))
		return 0;
	if (errno == ENOTTY || errno == EINVAL)
		return az_env("--wait epoll with --busy-poll: this kernel's epoll cannot poll an"
			      " interface (EPIOCSPARAMS); it needs 6.9 or later");
	return az_env("--wait epoll with --busy-poll: %s", strerror(errno));
}

void net_no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

uint64_t net_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

int net_epoll_wait(int epoll, struct epoll_event *events, int max, uint64_t ns)
{
#ifdef __NR_epoll_pwait2
	static bool lacking;	/* set once, by any thread */
	struct timespec limit = {
		.tv_sec = (time_t)(ns / AZ_NSEC_PER_SEC), .tv_nsec = (long)(ns % AZ_NSEC_PER_SEC),
	};
	int n;

	if (ns && !__atomic_load_n(&lacking, __ATOMIC_RELAXED)) {
		n = (int)syscall(__NR_epoll_pwait2, epoll, events, max, &limit, NULL, 0);
		if (n >= 0 || errno != ENOSYS)
			return n;
		__atomic_store_n(&lacking, true, __ATOMIC_RELAXED);
	}
#endif
	/* Too early is better than too late: what is left is waited for again, or spun. */
	return epoll_wait(epoll, events, max, (int)(ns / 1000000));
}
