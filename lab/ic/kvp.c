// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Key-value pairs that the guest's hv_kvp_daemon publishes. The host reads
 * them as Windows does, by number until there are no more: Linux answers a GET
 * by name without the value (kvp_send_key() does not tell the daemon how much
 * room there is). Without a daemon the guest never even negotiates.
 */
#define MAX_INDEX	1024
#define MAX_TEXT	(IC_KVP_MAX_VALUE / 2 * 3 + 1)	/* UTF-16 as UTF-8 */

enum search_state { SEARCH_NONE, SEARCH_RUNNING, SEARCH_FOUND, SEARCH_ABSENT, SEARCH_FAILED };

/* @lock guards the search: commands start it, the channel's loop carries it on. */
struct kvp {
	struct ic ic;
	pthread_mutex_t lock;
	enum search_state search;
	uint8_t pool;
	uint32_t index;
	char key[IC_KVP_MAX_KEY];
	char value[MAX_TEXT];
};

static const char *const pool_names[] = {
	[IC_KVP_EXTERNAL] = "external", [IC_KVP_GUEST] = "guest", [IC_KVP_AUTO] = "auto",
};

#define N_POOLS	(sizeof(pool_names) / sizeof(pool_names[0]))

static unsigned int put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = 0xc0 | c >> 6;
		out[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		out[0] = 0xe0 | c >> 12;
		out[1] = 0x80 | (c >> 6 & 0x3f);
		out[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	out[0] = 0xf0 | c >> 18;
	out[1] = 0x80 | (c >> 12 & 0x3f);
	out[2] = 0x80 | (c >> 6 & 0x3f);
	out[3] = 0x80 | (c & 0x3f);
	return 4;
}

/*
 * Text of at most @bytes of UTF-16 as UTF-8 with a final 0: @out has 3 bytes
 * for each 2, and 1. Half a surrogate pair becomes U+FFFD.
 */
static void utf16_to_utf8(const uint8_t *in, uint32_t bytes, char *out)
{
	uint32_t c, low, i;

	for (i = 0; i + 2 <= bytes; i += 2) {
		c = in[i] | (uint32_t)in[i + 1] << 8;
		if (!c)
			break;
		if (c >= 0xd800 && c < 0xe000) {
			low = i + 4 <= bytes ? in[i + 2] | (uint32_t)in[i + 3] << 8 : 0;
			if (c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			} else {
				c = 0xfffd;
			}
		}
		out += put_utf8(out, c);
	}
	*out = '\0';
}

/* Ask for the pair @kvp->index; under the lock. */
static void ask(struct kvp *kvp)
{
	struct ic_kvp_enumerate msg = {
		.operation = IC_KVP_ENUMERATE,
		.pool = kvp->pool,
		.index = kvp->index,
	};

	/* Nothing to wait for: the ring is full, or a fault kept the question back. */
	if (ic_send(&kvp->ic, IC_KVP, &msg, sizeof(msg)) || !kvp->ic.waiting)
		kvp->search = SEARCH_FAILED;
}

/* One pair arrived; under the lock. */
static void compare(struct kvp *kvp, const struct ic_kvp_enumerate *msg)
{
	char key[IC_KVP_MAX_KEY / 2 * 3 + 1];

	if (msg->key_size > sizeof(msg->key) || msg->value_size > sizeof(msg->value)) {
		count(&kvp->ic.count.malformed);
		kvp->search = SEARCH_FAILED;
		return;
	}
	utf16_to_utf8(msg->key, msg->key_size, key);
	if (!strcmp(key, kvp->key)) {
		utf16_to_utf8(msg->value, msg->value_size, kvp->value);
		kvp->search = SEARCH_FOUND;
	} else if (++kvp->index == MAX_INDEX) {
		kvp->search = SEARCH_ABSENT;
	} else {
		ask(kvp);
	}
}

static void kvp_answered(struct ic *ic, const struct ic_header *hdr, const void *body,
			 uint32_t len)
{
	struct kvp *kvp = (struct kvp *)ic;
	struct ic_kvp_enumerate msg;

	pthread_mutex_lock(&kvp->lock);
	if (kvp->search == SEARCH_RUNNING) {
		if (hdr->status == IC_S_CONT) {
			kvp->search = SEARCH_ABSENT;
		} else if (hdr->status != IC_S_OK || len < sizeof(msg)) {
			kvp->search = SEARCH_FAILED;
		} else {
			memcpy(&msg, body, sizeof(msg));
			compare(kvp, &msg);
		}
	}
	pthread_mutex_unlock(&kvp->lock);
}

static void start_search(struct vmbus_channel *ch, void *ctx)
{
	struct kvp *kvp = (struct kvp *)ch->dev;

	pthread_mutex_lock(&kvp->lock);
	if (kvp->ic.ch && kvp->search == SEARCH_RUNNING)
		ask(kvp);
	pthread_mutex_unlock(&kvp->lock);
}

static void kvp_closed(struct ic *ic)
{
	struct kvp *kvp = (struct kvp *)ic;

	pthread_mutex_lock(&kvp->lock);
	if (kvp->search == SEARCH_RUNNING)
		kvp->search = SEARCH_FAILED;
	pthread_mutex_unlock(&kvp->lock);
}

static int find_pool(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_POOLS; i++)
		if (!strcmp(pool_names[i], name))
			return i;
	return -ENOENT;
}

/*
 * {"cmd":"kvp-get","key":"OSName","pool":"auto"} starts a search; "ic-status" has
 * what came of it.
 */
static int kvp_command(struct ic *ic, const char *cmd, json_t *args, json_t *reply)
{
	const char *name, *device = NULL, *key, *pool = "auto";
	struct kvp *kvp = (struct kvp *)ic;
	json_error_t err;
	bool busy;
	int ret;

	if (strcmp(cmd, "kvp-get"))
		return -ENOENT;
	if (json_unpack_ex(args, &err, 0, "{s:s, s?s, s:s, s?s !}", "cmd", &name,
			   "device", &device, "key", &key, "pool", &pool))
		return ic_fail(reply, -EINVAL, "kvp-get: %s", err.text);
	if (!*key || strlen(key) >= sizeof(kvp->key))
		return ic_fail(reply, -EINVAL, "kvp-get: a key has 1 to %zu bytes",
			       sizeof(kvp->key) - 1);
	if (find_pool(pool) < 0)
		return ic_fail(reply, -EINVAL, "kvp-get: pool is external, guest or auto");
	ret = ic_need_ready(ic, reply);
	if (ret)
		return ret;
	pthread_mutex_lock(&kvp->lock);
	busy = kvp->search == SEARCH_RUNNING;
	if (!busy) {
		kvp->search = SEARCH_RUNNING;
		kvp->pool = find_pool(pool);
		kvp->index = 0;
		strcpy(kvp->key, key);
	}
	pthread_mutex_unlock(&kvp->lock);
	if (busy)
		return ic_fail(reply, -EBUSY, "kvp-get: the guest has not answered the last one");
	vmbus_for_each_open(&ic->dev, start_search, NULL);
	return 0;
}

static void kvp_report(struct ic *ic, json_t *obj)
{
	static const char *const names[] = {
		[SEARCH_NONE] = "none", [SEARCH_RUNNING] = "running", [SEARCH_FOUND] = "found",
		[SEARCH_ABSENT] = "absent", [SEARCH_FAILED] = "failed",
	};
	struct kvp *kvp = (struct kvp *)ic;

	pthread_mutex_lock(&kvp->lock);
	json_object_set_new(obj, "search", json_string(names[kvp->search]));
	if (kvp->search != SEARCH_NONE)
		json_object_set_new(obj, "key", json_string(kvp->key));
	if (kvp->search == SEARCH_FOUND)
		json_object_set_new(obj, "value", json_string(kvp->value));
	pthread_mutex_unlock(&kvp->lock);
}

static void kvp_destroy(struct vmbus_device *dev)
{
	pthread_mutex_destroy(&((struct kvp *)dev)->lock);
	free(dev);
}

/* kvp_versions[] of drivers/hv/hv_kvp.c */
static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 }, { 4, 0 } };

static const struct ic_service service = {
	.ops = IC_OPS("kvp", VMBUS_GUID_KVP, kvp_destroy),
	.instance = VMBUS_GUID(0x242ff919u, 0x07db, 0x4180,
			       0x9c, 0x2e, 0xb8, 0x6c, 0xb6, 0x8c, 0x8c, 0x55),
	.type = IC_KVP,
	.versions = versions,
	.n_versions = 3,
	.answered = kvp_answered,
	.closed = kvp_closed,
	.command = kvp_command,
	.report = kvp_report,
};

struct ic *kvp_create(void)
{
	struct ic *ic = ic_create(&service, sizeof(struct kvp));

	if (ic)
		pthread_mutex_init(&((struct kvp *)ic)->lock, NULL);
	return ic;
}
