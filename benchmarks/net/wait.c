// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a thread waits. One flow is asked by its own receive call, which for a
 * closed loop waits itself: two system calls a round trip. Several flows are
 * watched by epoll.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/net/engine.h"
#include "lib/clock.h"
#include "lib/log.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id	_sigev_un._tid
#endif

#define DIRECT_FLOWS	4	/* most flows that are asked one by one while spinning */
#define BLOCK_NS	100000000ull	/* a blocking receive call looks up after this */

int net_watch(struct net_flow *flow, bool fresh, uint32_t events)
{
	struct net_engine *e = flow->thread->engine;
	struct epoll_event event = { .events = events, .data.ptr = flow };

	if (e->direct)
		return 0;
	return epoll_ctl(e->epoll, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, flow->fd, &event) ?
	       -errno : 0;
}

static int watch_all(struct net_engine *e)
{
	unsigned int i;
	int ret;

	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		return az_env("epoll_create1: %s", strerror(errno));
	e->nevents = e->t->nflows < 1024 ? (int)e->t->nflows : 1024;
	e->events = calloc((size_t)e->nevents, sizeof(*e->events));
	if (!e->events)
		return az_env("out of memory");
	ret = e->net->wait == NET_WAIT_EPOLL ? net_epoll_busy_poll(e->net, e->epoll) : 0;
	for (i = 0; !ret && i < e->t->nflows; i++)
		if (e->t->flows[i]->fd >= 0 && net_watch(e->t->flows[i], true, EPOLLIN))
			ret = az_env("epoll_ctl: %s", strerror(errno));
	return ret;
}

/* Before the flows are opened, as it decides whether their sockets wait. */
void net_wait_choose(struct net_engine *e)
{
	enum net_wait wait = e->net->wait;

	e->epoll = -1;
	if (wait == NET_WAIT_URING)
		e->direct = true;
	else if (!e->net->proto->one_shot && wait != NET_WAIT_EPOLL)
		e->direct = e->t->nflows == 1 ||
			    (wait == NET_WAIT_SPIN && e->t->nflows <= DIRECT_FLOWS);
	e->blocking = e->direct && wait == NET_WAIT_BLOCK && !e->open_loop &&
		      e->t->nflows == 1 && !e->net->proto->no_block;
	e->t->recv_flags = e->blocking ? 0 : MSG_DONTWAIT;
}

/*
 * A blocking receive call has to look up now and then. A periodic signal costs it
 * nothing, while SO_RCVTIMEO would set up a timer for each answer.
 */
static int start_ticks(struct net_engine *e)
{
	uint64_t ns = e->net->timeout < BLOCK_NS ? e->net->timeout : BLOCK_NS;
	struct itimerspec period = {
		.it_value.tv_nsec = (long)ns, .it_interval.tv_nsec = (long)ns,
	};
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &e->ticks))
		return az_env("timer_create: %s", strerror(errno));
	e->ticking = true;
	timer_settime(e->ticks, 0, &period, NULL);
	return 0;
}

int net_wait_init(struct net_engine *e)
{
	if (e->net->wait == NET_WAIT_URING)
		return net_uring_init(e);
	if (e->blocking)
		return start_ticks(e);
	return e->direct ? 0 : watch_all(e);
}

void net_wait_free(struct net_engine *e)
{
	net_uring_free(e);
	if (e->ticking)
		timer_delete(e->ticks);
	e->ticking = false;
	if (e->epoll >= 0)
		close(e->epoll);
	e->epoll = -1;
	free(e->events);
	e->events = NULL;
}

/* With one request under way one answer comes; asking for one is cheaper. */
static unsigned int most_messages(const struct net_engine *e, const struct net_flow *flow)
{
	return e->open_loop || e->net->depth > 1 || flow->proto->stream ? NET_BATCH : 1;
}

static void take_flow(struct net_engine *e, struct net_flow *flow)
{
	unsigned int most = most_messages(e, flow), rounds = 4;
	int got;

	do {
		got = flow->proto->recv(flow, e->ins, most);
		if (got > 0) {
			e->now = az_clock_ns();
			net_take(e, flow, e->ins, (unsigned int)got, e->now);
		}
	} while (got == NET_BATCH && !e->blocking && --rounds && !e->ret);
	if (got < 0 && got != -EAGAIN)
		net_flow_failed(e, flow, got);
	if (!e->open_loop && !e->ret)
		net_refill(e, flow->group);
}

static void flush_flow(struct net_engine *e, struct net_flow *flow)
{
	int ret = flow->proto->flush ? flow->proto->flush(flow) : 0;

	if (ret)
		net_flow_failed(e, flow, ret);
}

static void receive_direct(struct net_engine *e, uint64_t ns)
{
	struct net_flow *flow = e->t->flows[0];
	struct pollfd pfd = { .fd = flow->fd, .events = POLLIN };
	struct timespec limit = {
		.tv_sec = (time_t)(ns / AZ_NSEC_PER_SEC), .tv_nsec = (long)(ns % AZ_NSEC_PER_SEC),
	};
	unsigned int i;

	for (i = 0; i < e->t->nflows; i++)
		if (e->t->flows[i]->blocked)
			flush_flow(e, e->t->flows[i]);
	if (!e->blocking && ns && e->net->wait == NET_WAIT_BLOCK) {
		pfd.events |= flow->blocked ? POLLOUT : 0;
		if (ppoll(&pfd, 1, &limit, NULL) <= 0)
			return;
		if (pfd.revents & POLLERR && e->net->hooks && e->net->hooks->errqueue)
			e->net->hooks->errqueue(flow);
	}
	for (i = 0; i < e->t->nflows && !e->ret; i++)
		take_flow(e, e->t->flows[i]);
}

static void receive_epoll(struct net_engine *e, uint64_t ns)
{
	struct net_flow *flow;
	int n, i;

	n = net_epoll_wait(e->epoll, e->events, e->nevents, e->net->wait == NET_WAIT_SPIN ? 0 : ns);
	for (i = 0; i < n && !e->ret; i++) {
		flow = e->events[i].data.ptr;
		if (e->events[i].events & EPOLLERR && e->net->hooks && e->net->hooks->errqueue)
			e->net->hooks->errqueue(flow);
		if (e->events[i].events & (EPOLLOUT | EPOLLERR))
			flush_flow(e, flow);
		if (e->events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP) && !e->ret)
			take_flow(e, flow);
	}
}

void net_receive(struct net_engine *e, uint64_t ns)
{
	if (e->uring)
		net_uring_receive(e, ns);
	else if (e->direct)
		receive_direct(e, ns);
	else
		receive_epoll(e, ns);
}
