// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contents of requests and answers. Sizes follow from the seed, the flow and the
 * number, so that nothing has to be kept to check an answer. The bodies are made
 * once: a request costs its header only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/net/engine.h"
#include "lib/pattern.h"
#include "lib/rng.h"

#define SALT_REQUEST	0x5171ull
#define SALT_REPLY	0xa9e5ull

static uint32_t draw(const struct net_flow *flow, uint64_t seq, const struct net_range *range,
		     uint64_t salt)
{
	uint64_t x;

	if (range->lo == range->hi)
		return (uint32_t)range->lo;
	x = az_mix64(az_mix64(flow->net->bench.seed ^ salt) + ((uint64_t)flow->id << 40) + seq);
	return (uint32_t)(range->lo + x % (range->hi - range->lo + 1));
}

uint32_t net_request_size(const struct net_flow *flow, uint64_t seq)
{
	return draw(flow, seq, &flow->net->sizes, SALT_REQUEST);
}

uint32_t net_reply_size(const struct net_flow *flow, uint64_t seq)
{
	return flow->net->reply.hi ? draw(flow, seq, &flow->net->reply, SALT_REPLY) :
				     net_request_size(flow, seq);
}

/* The last of each --reply-every wants an answer. */
bool net_is_silent(const struct net_flow *flow, uint64_t seq)
{
	return flow->net->reply_every > 1 && (seq + 1) % flow->net->reply_every;
}

int net_messages_init(struct net_engine *e)
{
	const struct net_bench *net = e->net;
	unsigned int i;

	e->stride = net->sizes.hi;
	e->longest = net->sizes.hi > net->reply.hi ? net->sizes.hi : net->reply.hi;
	e->packets = malloc(e->stride * NET_BATCH);
	e->pattern = malloc(e->longest);
	if (!e->packets || !e->pattern)
		return -ENOMEM;
	az_pattern_fill(e->pattern, e->longest, (uint32_t)net->bench.seed, 0);
	for (i = 0; i < NET_BATCH; i++)
		memcpy(e->packets + i * e->stride, e->pattern, e->stride);
	return 0;
}

void net_messages_free(struct net_engine *e)
{
	free(e->packets);
	free(e->pattern);
}

void net_make(struct net_engine *e, unsigned int i, const struct net_flow *flow, uint64_t seq)
{
	uint8_t *data = e->packets + i * e->stride;
	uint32_t len = net_request_size(flow, seq);
	struct net_wire wire = {
		.version = NET_WIRE_VERSION,
		.flags = (net_is_silent(flow, seq) ? NET_WIRE_SILENT : 0) |
			 (flow->net->control ? NET_WIRE_STAMPS : 0) |
			 (flow->proto->one_shot ? NET_WIRE_CLOSE : 0),
		.flow = (uint16_t)flow->id, .seq = seq, .length = len,
		.answer = net_reply_size(flow, seq), .seed = (uint32_t)e->net->bench.seed,
	};

	/* A short message has its body where a longer one before it had its header. */
	if (e->net->sizes.lo != e->net->sizes.hi && len < NET_WIRE_FULL)
		memcpy(data, e->pattern, len);
	net_wire_put(&wire, data, len);
	e->outs[i] = (struct net_out){ .seq = seq, .data = data, .len = len };
}

bool net_is_whole(const struct net_engine *e, const struct net_flow *flow,
		  const struct net_in *in, const struct net_wire *wire)
{
	uint32_t want = wire->flags & NET_WIRE_ANSWER ? net_reply_size(flow, wire->seq) :
						       net_request_size(flow, wire->seq);
	size_t header = in->len < NET_WIRE_FULL ? NET_WIRE_SHORT : NET_WIRE_FULL;

	if (wire->full && wire->answer != net_reply_size(flow, wire->seq))
		return false;
	if (in->cut || in->len != want || wire->flow != (uint16_t)flow->id)
		return false;
	return !memcmp((uint8_t *)in->data + header, e->pattern + header, in->len - header);
}
