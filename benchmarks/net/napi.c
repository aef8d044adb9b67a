// SPDX-License-Identifier: GPL-2.0-only
/*
 * From which receive queues the answers came. The kernel tells for a socket the id
 * of the NAPI instance, one for each queue of an interface, that its last packet
 * came through; zero where there is none, as on loopback, and then busy polling
 * polls nothing.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "benchmarks/net/flow.h"

#ifndef SO_INCOMING_NAPI_ID
#define SO_INCOMING_NAPI_ID	56
#endif

#define QUEUES_MAX	64	/* more have no rows of their own */

static struct {
	pthread_mutex_t lock;
	unsigned int n, other, none;
	struct {
		unsigned int id, flows;
	} queues[QUEUES_MAX];
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

void net_napi_reset(void)
{
	pthread_mutex_lock(&seen.lock);
	seen.n = 0;
	seen.other = 0;
	seen.none = 0;
	pthread_mutex_unlock(&seen.lock);
}

static void count(unsigned int id)
{
	unsigned int i;

	if (!id) {
		seen.none++;
		return;
	}
	for (i = 0; i < seen.n && seen.queues[i].id != id; i++)
		;
	if (i == QUEUES_MAX) {
		seen.other++;
		return;
	}
	if (i == seen.n) {
		seen.queues[seen.n++].id = id;
		seen.queues[i].flows = 0;
	}
	seen.queues[i].flows++;
}

void net_napi_note(const struct net_flow *flow)
{
	unsigned int id = 0;
	socklen_t len = sizeof(id);

	/* A kernel without busy polling does not know the option. */
	if (getsockopt(flow->fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &len))
		return;
	pthread_mutex_lock(&seen.lock);
	count(id);
	pthread_mutex_unlock(&seen.lock);
}

json_t *net_napi_json(void)
{
	json_t *json = json_object(), *queues = json_object();
	char id[16];
	unsigned int i;

	pthread_mutex_lock(&seen.lock);
	for (i = 0; i < seen.n; i++) {
		snprintf(id, sizeof(id), "%u", seen.queues[i].id);
		json_object_set_new(queues, id, json_integer(seen.queues[i].flows));
	}
	json_object_set_new(json, "flows_by_id", queues);
	json_object_set_new(json, "flows_none", json_integer(seen.none));
	if (seen.other)
		json_object_set_new(json, "flows_other", json_integer(seen.other));
	pthread_mutex_unlock(&seen.lock);
	return json;
}

bool net_napi_none(void)
{
	bool none;

	pthread_mutex_lock(&seen.lock);
	none = seen.none && !seen.n;
	pthread_mutex_unlock(&seen.lock);
	return none;
}
