// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/path.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/clock.h"

#define COUNTERS_MS	100
#define SETTLE_MS	5	/* between readings while a switch is on */
#define SETTLE_NS	(2 * AZ_NSEC_PER_SEC)	/* then the links' word is taken */

const char *const path_names[] = {
	"loopback", "direct", "synthetic", "vf", "switching", NULL
};

struct path_watch {
	struct rtnl_route route;
	char ifname[IFNAMSIZ];		/* as it was at the start */
	struct path_links links;
	enum path is;		/* the thread's view, PATH_SWITCHING in between */
	enum path links_say;
	_Atomic uint32_t ticket;	/* change << 8 | path */
	path_mark_fn mark;
	void *ctx;

	bool counts;		/* netvsc's counters can be had */
	bool has_vf;		/* without one they have nothing to tell */
	struct path_counters first, last;
	uint64_t switch_ns;	/* when the present switch began */
	uint64_t switches;
	enum path start;

	int events, stop;	/* descriptors, -1: none */
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;	/* of all but the ticket: the thread and path_to_json() */
};

static const char *name_of(enum path path)
{
	return path == PATH_UNKNOWN ? "unknown" : path_names[path - 1];
}

enum path path_judge(const struct path_links *links, const struct path_link **vf)
{
	const struct path_link *own = &links->link[0], *other;
	unsigned int i;

	*vf = NULL;
	if (!links->n)
		return PATH_UNKNOWN;
	if (own->link.flags & IFF_LOOPBACK)
		return PATH_LOOPBACK;
	for (i = 1; i < links->n; i++) {
		other = &links->link[i];
		/* The route leaves by the VF itself. */
		if (own->link.master == other->link.index && !strcmp(other->driver, "hv_netvsc")) {
			*vf = own;
			return PATH_VF;
		}
		if (other->link.master == own->link.index && !strcmp(own->driver, "hv_netvsc"))
			*vf = other;
	}
	if (strcmp(own->driver, "hv_netvsc"))
		return PATH_DIRECT;
	return *vf && (*vf)->link.running ? PATH_VF : PATH_SYNTHETIC;
}

enum path path_by_counters(const struct path_counters *before, const struct path_counters *now)
{
	uint64_t vf = now->vf_tx - before->vf_tx, synthetic = now->tx - before->tx;

	if (!vf && !synthetic)
		return PATH_UNKNOWN;
	return vf > synthetic ? PATH_VF : PATH_SYNTHETIC;
}

bool path_counters_from(struct path_counters *counters, const char (*names)[32],
			const uint64_t *values, unsigned int n)
{
	bool found = false;
	unsigned int i, queue;
	char end;

	*counters = (struct path_counters){ 0 };
	for (i = 0; i < n; i++) {
		if (!strcmp(names[i], "vf_tx_packets")) {
			counters->vf_tx = values[i];
			found = true;
		} else if (!strcmp(names[i], "vf_rx_packets")) {
			counters->vf_rx = values[i];
		} else if (sscanf(names[i], "tx_queue_%u_packet%c", &queue, &end) == 2) {
			counters->tx += values[i];
		} else if (sscanf(names[i], "rx_queue_%u_packet%c", &queue, &end) == 2) {
			counters->rx += values[i];
		}
	}
	return found;
}

static int ethtool(const char *dev, void *data)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	ret = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return ret;
}

/* False when the interface has no such counters. */
static bool read_counters(const char *dev, struct path_counters *counters)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	bool found = false;
	uint32_t n;

	if (ethtool(dev, &info) || !info.n_stats)
		return false;
	n = info.n_stats;
	names = calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + n * sizeof(values->data[0]));
	if (names && values) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = n;
		values->cmd = ETHTOOL_GSTATS;
		values->n_stats = n;
		/* The kernel may fill in fewer when the number of queues has changed. */
		if (!ethtool(dev, names) && !ethtool(dev, values) && names->len == n)
			found = path_counters_from(counters, (const char (*)[32])names->data,
						   (const uint64_t *)values->data,
						   values->n_stats < n ? values->n_stats : n);
	}
	free(names);
	free(values);
	return found;
}

struct scan {
	struct path_links links;
	int ifindex, master;
};

static void scan_one(void *ctx, const struct rtnl_link *link)
{
	struct scan *scan = ctx;
	struct path_links *links = &scan->links;

	if (link->index != scan->ifindex && link->index != scan->master &&
	    link->master != scan->ifindex)
		return;
	if (link->index == scan->ifindex) {
		/* The master may have come before; it is found in a second round. */
		scan->master = link->master;
		links->link[0].link = *link;
	} else if (links->n < PATH_LINKS) {
		links->link[links->n++].link = *link;
	}
}

static void scan_links(struct path_watch *watch)
{
	struct scan scan = { .ifindex = watch->route.ifindex };
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		scan.links.n = 1;
		scan.links.link[0] = (struct path_link){ 0 };
		if (rtnl_links(scan_one, &scan))
			return;
	}
	if (!scan.links.link[0].link.index)
		scan.links.n = 0;	/* the interface is gone */
	for (i = 0; i < scan.links.n; i++)
		rtnl_driver(scan.links.link[i].link.name, scan.links.link[i].driver,
			    sizeof(scan.links.link[i].driver));
	watch->links = scan.links;
}

static void set_path(struct path_watch *watch, enum path path)
{
	uint32_t change = atomic_load_explicit(&watch->ticket, memory_order_relaxed) >> 8;

	watch->is = path;
	atomic_store_explicit(&watch->ticket, (change + 1) << 8 | path, memory_order_release);
}

/* The path is no longer what it was, for reason @why. */
static void begin_switch(struct path_watch *watch, enum path to, const char *why)
{
	enum path from = watch->is;
	char text[96];

	watch->switch_ns = az_clock_ns();
	set_path(watch, PATH_SWITCHING);
	snprintf(text, sizeof(text), "%s -> %s (%s)", name_of(from), name_of(to), why);
	watch->switches++;
	watch->mark(watch->ctx, watch->switch_ns, text);
}

static void end_switch(struct path_watch *watch, enum path path)
{
	uint64_t now = az_clock_ns();
	char text[96];

	set_path(watch, path);
	snprintf(text, sizeof(text), "%s, %llu ms after the switch began", name_of(path),
		 (unsigned long long)((now - watch->switch_ns) / 1000000));
	watch->mark(watch->ctx, now, text);
}

static bool usable(const struct path_watch *watch)
{
	return watch->links.n && watch->links.link[0].link.running;
}

/* The links have changed. */
static void look_at_links(struct path_watch *watch)
{
	const struct path_link *vf;
	bool was = usable(watch);
	enum path say;
	char why[64];

	scan_links(watch);
	say = path_judge(&watch->links, &vf);
	watch->has_vf = vf;
	if (was && !usable(watch))
		snprintf(why, sizeof(why), "the interface is down");
	else if (!was && usable(watch))
		snprintf(why, sizeof(why), "the interface is up");
	else if (say != watch->links_say && vf)
		snprintf(why, sizeof(why), "%s (%s) is %s", vf->link.name, vf->driver,
			 vf->link.running ? "up" : "down");
	else if (say != watch->links_say)
		snprintf(why, sizeof(why), "the VF is gone");
	else
		return;
	watch->links_say = say;
	if (watch->is != PATH_SWITCHING)
		begin_switch(watch, usable(watch) ? say : PATH_UNKNOWN, why);
}

/* Ends a switch when there is proof, or time enough for it has passed. */
static void look_at_counters(struct path_watch *watch)
{
	struct path_counters now;
	enum path say = PATH_UNKNOWN;

	if (watch->counts && read_counters(watch->ifname, &now)) {
		say = path_by_counters(&watch->last, &now);
		watch->last = now;
	}
	if (watch->is == PATH_SWITCHING) {
		if (usable(watch) && (!watch->counts || say == watch->links_say ||
				      az_clock_ns() - watch->switch_ns > SETTLE_NS))
			end_switch(watch, say == PATH_UNKNOWN ? watch->links_say : say);
		return;
	}
	/* Data moved without a word from the links. */
	if (say != PATH_UNKNOWN && say != watch->is) {
		begin_switch(watch, say, "by the counters");
		end_switch(watch, say);
	}
}

struct event {
	struct path_watch *watch;
	bool ours;
};

static void take_event(void *ctx, const struct rtnl_link *link, bool gone)
{
	struct event *event = ctx;
	const int own = event->watch->route.ifindex;
	unsigned int i;

	if (link->index == own || link->master == own)
		event->ours = true;
	for (i = 0; i < event->watch->links.n; i++)
		if (event->watch->links.link[i].link.index == link->index)
			event->ours = true;
}

static void *run(void *arg)
{
	struct path_watch *watch = arg;
	struct pollfd fds[] = {
		{ .fd = watch->events, .events = POLLIN }, { .fd = watch->stop, .events = POLLIN },
	};
	struct event event = { .watch = watch };
	int timeout;

	while (!(fds[1].revents & POLLIN)) {
		timeout = watch->is == PATH_SWITCHING && usable(watch) ? SETTLE_MS :
			  watch->counts && watch->has_vf ? COUNTERS_MS : -1;
		poll(fds, 2, timeout);
		pthread_mutex_lock(&watch->lock);
		event.ours = false;
		if (fds[0].revents && rtnl_read_links(watch->events, take_event, &event))
			event.ours = true;	/* some were lost */
		if (event.ours)
			look_at_links(watch);
		if (watch->is == PATH_SWITCHING || watch->counts)
			look_at_counters(watch);
		pthread_mutex_unlock(&watch->lock);
	}
	return NULL;
}

static void start_thread(struct path_watch *watch)
{
	sigset_t all, before;

	watch->events = rtnl_listen_links();
	watch->stop = eventfd(0, EFD_CLOEXEC);
	if (watch->events < 0 || watch->stop < 0)
		return;
	/* Ctrl-C is for the main thread, whose waits it is to end. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	watch->running = !pthread_create(&watch->thread, NULL, run, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int path_watch_start(struct path_watch **out, const struct sockaddr *peer, path_mark_fn mark,
		     void *ctx)
{
	struct path_watch *watch = calloc(1, sizeof(*watch));
	const struct path_link *vf;
	int ret;

	if (!watch)
		return -ENOMEM;
	watch->mark = mark;
	watch->ctx = ctx;
	watch->events = -1;
	watch->stop = -1;
	pthread_mutex_init(&watch->lock, NULL);
	ret = rtnl_route(peer, &watch->route);
	if (ret) {
		path_watch_stop(watch);
		return ret;
	}
	scan_links(watch);
	watch->links_say = path_judge(&watch->links, &vf);
	watch->has_vf = vf;
	watch->start = watch->links_say;
	if (watch->links.n)
		memcpy(watch->ifname, watch->links.link[0].link.name, IFNAMSIZ);
	watch->counts = read_counters(watch->ifname, &watch->first);
	watch->last = watch->first;
	set_path(watch, watch->start);
	start_thread(watch);
	*out = watch;
	return 0;
}

void path_watch_stop(struct path_watch *watch)
{
	const uint64_t one = 1;

	if (!watch)
		return;
	if (watch->running && write(watch->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(watch->thread, NULL);
	if (watch->events >= 0)
		close(watch->events);
	if (watch->stop >= 0)
		close(watch->stop);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

uint32_t path_ticket(const struct path_watch *watch)
{
	return atomic_load_explicit(&watch->ticket, memory_order_acquire);
}

enum path path_of_sample(const struct path_watch *watch, uint32_t ticket)
{
	return path_ticket(watch) == ticket ? (enum path)(ticket & 0xff) : PATH_SWITCHING;
}

const char *path_ifname(const struct path_watch *watch)
{
	return watch->ifname;
}

static void put_count(json_t *json, const char *key, uint64_t value)
{
	json_object_set_new(json, key, json_integer((json_int_t)value));
}

json_t *path_to_json(struct path_watch *watch)
{
	json_t *json = json_object();
	const struct path_link *vf;
	struct path_counters *first = &watch->first, *last = &watch->last;

	pthread_mutex_lock(&watch->lock);
	path_judge(&watch->links, &vf);
	json_object_set_new(json, "interface", json_string(watch->ifname));
	json_object_set_new(json, "driver", json_string(watch->links.link[0].driver));
	json_object_set_new(json, "vf", json_string(vf ? vf->link.name : ""));
	json_object_set_new(json, "vf_driver", json_string(vf ? vf->driver : ""));
	json_object_set_new(json, "start", json_string(name_of(watch->start)));
	json_object_set_new(json, "end", json_string(name_of(watch->is)));
	put_count(json, "switches", watch->switches);
	if (watch->counts) {
		read_counters(watch->ifname, last);
		put_count(json, "tx_vf", last->vf_tx - first->vf_tx);
		put_count(json, "rx_vf", last->vf_rx - first->vf_rx);
		put_count(json, "tx_synthetic", last->tx - first->tx);
		put_count(json, "rx_synthetic", last->rx - first->rx);
	}
	pthread_mutex_unlock(&watch->lock);
	return json;
}
