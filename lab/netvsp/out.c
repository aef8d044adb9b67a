// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completions and inband messages to the guest. When its ring is full they
 * wait here in order, and netvsp_service() takes no further packet from the
 * guest until they are gone: so a guest that never reads bounds itself.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void out_init(struct netvsp_channel *nc)
{
	nc->out = NULL;
	nc->out_tail = &nc->out;
	nc->out_len = 0;
}

static int send_one(struct netvsp_channel *nc, uint16_t type, uint64_t trans_id,
		    const void *data, uint32_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };

	if (type == VMBUS_PKT_COMPLETION)
		return channel_complete(nc->ch, trans_id, data, len);
	return channel_send(nc->ch, type, 0, trans_id, NULL, 0, &iov, 1);
}

void out_send(struct netvsp_channel *nc, uint16_t type, uint64_t trans_id,
	      const void *data, uint32_t len)
{
	struct out_packet *p;

	if (!nc->out && send_one(nc, type, trans_id, data, len) != -EAGAIN)
		return;
	if (nc->out_len >= OUT_QUEUE_MAX)
		goto lost;
	p = malloc(sizeof(*p) + len);
	if (!p)
		goto lost;
	p->next = NULL;
	p->type = type;
	p->trans_id = trans_id;
	p->len = len;
	if (len)
		memcpy(p->data, data, len);
	*nc->out_tail = p;
	nc->out_tail = &p->next;
	nc->out_len++;
	return;
lost:
	count(&nc->n->protocol_errors);
}

static struct out_packet *pop(struct netvsp_channel *nc)
{
	struct out_packet *p = nc->out;

	nc->out = p->next;
	if (!nc->out)
		nc->out_tail = &nc->out;
	nc->out_len--;
	return p;
}

bool out_flush(struct netvsp_channel *nc)
{
	while (nc->out) {
		struct out_packet *p = nc->out;

		if (send_one(nc, p->type, p->trans_id, p->data, p->len) == -EAGAIN)
			return false;
		free(pop(nc));
	}
	return true;
}

void out_drop_all(struct netvsp_channel *nc)
{
	while (nc->out)
		free(pop(nc));
}
