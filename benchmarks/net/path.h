/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way the packets of a measurement take. On Azure a netvsc interface may
 * have a VF (mana, mlx5_core) under it, which carries the data while it is up; a
 * revoke sends all through the synthetic interface for seconds or minutes.
 *
 * A thread of its own sleeps until rtnetlink tells of a link and, with a VF in
 * play, reads netvsc's counters ten times a second: they say what a link's state
 * only suggests. Samples that were under way when the path changed, and those
 * until the counters agree with the links, are of path "switching".
 */
#ifndef AZ_BENCHMARKS_NET_PATH_H
#define AZ_BENCHMARKS_NET_PATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>

#include "benchmarks/net/rtnl.h"

enum path {
	PATH_UNKNOWN = 0,
	PATH_LOOPBACK,
	PATH_DIRECT,	/* a device without such a pair */
	PATH_SYNTHETIC,
	PATH_VF,
	PATH_SWITCHING,
};

/* Names by number less one, ended by NULL, for struct recorder_spec. */
extern const char *const path_names[];

/* A link that matters: the route's own, its master, or one under it. */
struct path_link {
	struct rtnl_link link;
	char driver[32];
};

#define PATH_LINKS	8

/* What is known of the links around the route's interface; [0] is that itself. */
struct path_links {
	struct path_link link[PATH_LINKS];
	unsigned int n;
};

/*
 * What the state of the links suggests. *@vf is the VF's entry, or NULL. A pair is
 * told by its drivers: hv_netvsc above, another PCI driver below.
 */
enum path path_judge(const struct path_links *links, const struct path_link **vf);

/* netvsc's counters of packets, by `ethtool -S`. */
struct path_counters {
	uint64_t vf_tx, vf_rx, tx, rx;	/* tx, rx: of the synthetic queues */
};

/*
 * What the counters say of the time between two readings: PATH_VF, PATH_SYNTHETIC,
 * or PATH_UNKNOWN when nothing was sent. What did not send most is background.
 */
enum path path_by_counters(const struct path_counters *before, const struct path_counters *now);

/* Fills @counters from what ethtool calls @names with @values; false without a VF's. */
bool path_counters_from(struct path_counters *counters, const char (*names)[32],
			const uint64_t *values, unsigned int n);

/* Called in the watching thread: the path changed at @at_ns, CLOCK_MONOTONIC. */
typedef void (*path_mark_fn)(void *ctx, uint64_t at_ns, const char *text);

struct path_watch;

/*
 * Begins to watch the path to @peer. Returns 0, or negative errno: -ENETUNREACH
 * when there is no route. A machine that does not let us listen still gets the
 * path as it is now.
 */
int path_watch_start(struct path_watch **out, const struct sockaddr *peer, path_mark_fn mark,
		     void *ctx);

/* Ends it and frees it; takes NULL. */
void path_watch_stop(struct path_watch *watch);

/* The present path with a number of its change, to be kept with a sample. Any thread. */
uint32_t path_ticket(const struct path_watch *watch);

/* The path of a sample that began with @ticket and ends now: PATH_SWITCHING if it changed. */
enum path path_of_sample(const struct path_watch *watch, uint32_t ticket);

/* The name of the route's interface. */
const char *path_ifname(const struct path_watch *watch);

/* { "interface", "driver", "vf", "vf_driver", "start", "end", "switches", counters } */
json_t *path_to_json(struct path_watch *watch);

#endif
