// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/stamps.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

/* Linux 6.2; older kernels refuse it, and count from the same byte on an idle socket. */
#define OPT_ID_TCP	(1 << 16)

#define BATCH		16
#define ERR_CONTROL	256

/* Stamps that a slot can wait for. */
#define HAS_SCHED	1u
#define HAS_SOFT	2u
#define HAS_HW		4u

struct slot {
	struct stamps_sample sample;
	uint32_t key;		/* what the kernel calls the packet */
	uint32_t epoch;		/* of the clock when it was sent */
	bool open;		/* sent, stages not handed out */
	bool answered;
};

struct stamps {
	int fd;
	struct stamps_spec spec;
	unsigned int flags;	/* as set on the socket */
	struct clock_watch watch;
	struct stamps_counts counts;
	unsigned int seen;	/* kinds of transmit stamps that came on this socket */
	bool any;		/* something was sent since the numbering began */
	bool lost_count;	/* the kernel counts otherwise than we do */
	uint64_t first, last;	/* sequence numbers since then */
	uint32_t bytes;		/* sent since then, stream */
	uint64_t hint;		/* stream: the packet of the latest stamp */
	/* Sequence numbers of answered slots, in that order. */
	uint64_t *ready;
	unsigned int head, tail;
	struct slot *slots;
};

static struct slot *slot_of(struct stamps *stamps, uint64_t seq)
{
	return &stamps->slots[seq & (stamps->spec.capacity - 1)];
}

static unsigned int has(const struct slot *slot)
{
	return (slot->sample.sched ? HAS_SCHED : 0) | (slot->sample.soft ? HAS_SOFT : 0) |
	       (slot->sample.hw_tx ? HAS_HW : 0);
}

static int set_flags(int fd, unsigned int flags)
{
	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) ? -errno : 0;
}

int stamps_receive_only(int fd)
{
	return set_flags(fd, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
}

int stamps_open(struct stamps **out, int fd, const struct stamps_spec *spec)
{
	struct stamps *stamps = calloc(1, sizeof(*stamps));
	int ret = -ENOMEM;

	if (!stamps)
		return -ENOMEM;
	stamps->fd = fd;
	stamps->spec = *spec;
	stamps->slots = calloc(spec->capacity, sizeof(*stamps->slots));
	stamps->ready = calloc(spec->capacity, sizeof(*stamps->ready));
	if (!stamps->slots || !stamps->ready)
		goto fail;
	stamps->flags = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
			SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
			SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_SOFTWARE |
			SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_OPT_ID |
			SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_TX_SWHW;
	if (spec->stream)
		stamps->flags |= SOF_TIMESTAMPING_TX_ACK | OPT_ID_TCP;
	ret = set_flags(fd, stamps->flags);
	if (ret == -EINVAL && spec->stream) {
		stamps->flags &= ~(unsigned int)OPT_ID_TCP;
		ret = set_flags(fd, stamps->flags);
	}
	if (ret) {
		ret = ret == -ENOPROTOOPT || ret == -EINVAL ? -EOPNOTSUPP : ret;
		goto fail;
	}
	stamps->watch.read = spec->read;
	clock_watch_start(&stamps->watch);
	*out = stamps;
	return 0;
fail:
	stamps_close(stamps);
	return ret;
}

void stamps_close(struct stamps *stamps)
{
	if (!stamps)
		return;
	free(stamps->slots);
	free(stamps->ready);
	free(stamps);
}

static bool is_before(const struct stamps *stamps, uint64_t real, uint64_t mono)
{
	return clock_to_mono(&stamps->watch, real) < mono;
}

/* Hands out what there is of an answered packet. */
static void finish_slot(struct stamps *stamps, struct slot *slot)
{
	struct stamps_value values[STAMPS_STAGES];
	const struct stamps_sample *sample = &slot->sample;
	struct stamps_counts *counts = &stamps->counts;
	unsigned int n;

	slot->open = false;
	counts->samples++;
	counts->sched += !!sample->sched;
	counts->soft += !!sample->soft;
	counts->rx += !!sample->rx;
	counts->hw_tx += !!sample->hw_tx;
	counts->hw_rx += !!sample->hw_rx;
	counts->server += !!sample->server;
	counts->ack += !!sample->ack;
	if (slot->epoch != stamps->watch.epoch) {
		counts->stepped++;
		return;
	}
	n = stamps_split(sample, &stamps->watch, values);
	if (!n) {
		counts->disordered += sample->sched || sample->soft || sample->rx;
		/* A stamp from before the call is that of another packet. */
		if ((sample->sched && is_before(stamps, sample->sched, sample->begin)) ||
		    (sample->soft && is_before(stamps, sample->soft, sample->begin)))
			stamps->lost_count = true;
		return;
	}
	counts->split++;
	stamps->spec.fn(stamps->spec.ctx, sample, values, n);
}

/* Hands out answered packets in the order of their answers; all of them with @force. */
static void finish_ready(struct stamps *stamps, bool force)
{
	const unsigned int mask = stamps->spec.capacity - 1;
	struct slot *slot;
	uint64_t seq;

	if (stamps->head == stamps->tail)
		return;
	if (clock_watch_stepped(&stamps->watch))
		stamps->counts.steps++;
	for (; stamps->head != stamps->tail; stamps->head++) {
		seq = stamps->ready[stamps->head & mask];
		slot = slot_of(stamps, seq);
		/* A kind of stamp that has come before may come yet, for a while. */
		if (!force && (has(slot) & stamps->seen) != stamps->seen &&
		    stamps->last - seq < stamps->spec.capacity / 2)
			break;
		finish_slot(stamps, slot);
	}
}

void stamps_sent(struct stamps *stamps, uint64_t seq, uint64_t begin, size_t bytes)
{
	struct slot *slot = slot_of(stamps, seq);
	bool again = stamps->any && seq == stamps->last;

	if (slot->open && slot->answered)
		finish_ready(stamps, true);
	if (!stamps->any) {
		stamps->any = true;
		stamps->first = seq;
		stamps->hint = seq;
	}
	stamps->last = seq;
	if (!again)
		stamps->bytes += (uint32_t)bytes;
	*slot = (struct slot){
		.sample = { .seq = seq, .begin = begin },
		.key = stamps->spec.stream ? stamps->bytes - 1 : (uint32_t)(seq - stamps->first),
		.epoch = stamps->watch.epoch, .open = true,
	};
}

/*
 * Setting the flag anew makes the kernel count from zero (from the next byte)
 * again. What the queue still holds of old numbers is read and forgotten before.
 */
static void resync(struct stamps *stamps)
{
	const unsigned int ids = SOF_TIMESTAMPING_OPT_ID | OPT_ID_TCP;
	unsigned int i;

	finish_ready(stamps, true);
	for (i = 0; i < stamps->spec.capacity; i++)
		stamps->slots[i].open = false;
	set_flags(stamps->fd, stamps->flags & ~ids);
	set_flags(stamps->fd, stamps->flags);
	stamps->any = false;
	stamps->bytes = 0;
	stamps->lost_count = false;
	stamps->counts.resyncs++;
}

static uint64_t to_ns(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * AZ_NSEC_PER_SEC + (uint64_t)ts->tv_nsec;
}

void stamps_of_message(const struct msghdr *msg, uint64_t *soft, uint64_t *hard)
{
	struct scm_timestamping times;
	struct cmsghdr *c;

	*soft = 0;
	*hard = 0;
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING ||
		    c->cmsg_len < CMSG_LEN(sizeof(times)))
			continue;
		memcpy(&times, CMSG_DATA(c), sizeof(times));
		*soft = to_ns(&times.ts[0]);
		*hard = to_ns(&times.ts[2]);
	}
}

void stamps_received(struct stamps *stamps, const struct stamps_answer *answer)
{
	struct slot *slot = slot_of(stamps, answer->seq);
	struct stamps_sample *sample = &slot->sample;

	if (!slot->open || sample->seq != answer->seq) {
		stamps->counts.evicted++;
		return;
	}
	if (slot->answered)
		return;
	slot->answered = true;
	sample->intended = answer->intended;
	if (answer->begin)
		sample->begin = answer->begin;
	sample->app = answer->app;
	sample->server = answer->held;
	sample->server_wakeup = answer->wakeup < answer->held ? answer->wakeup : 0;
	if (answer->msg)
		stamps_of_message(answer->msg, &sample->rx, &sample->hw_rx);
	stamps->ready[stamps->tail++ & (stamps->spec.capacity - 1)] = answer->seq;
}

/* The packet that the kernel calls @key; NULL when it is not remembered. */
static struct slot *find_key(struct stamps *stamps, uint32_t key)
{
	uint64_t seq, n;
	struct slot *slot;

	if (!stamps->any)
		return NULL;
	if (!stamps->spec.stream) {
		seq = stamps->last + (uint64_t)(int64_t)
		      (int32_t)(key - (uint32_t)(stamps->last - stamps->first));
		if ((int64_t)(seq - stamps->last) > 0)
			stamps->lost_count = true;
		slot = slot_of(stamps, seq);
		return slot->open && slot->sample.seq == seq ? slot : NULL;
	}
	/* Stamps come nearly in order: look on from the packet of the last one. */
	for (n = 0; n < stamps->spec.capacity; n++) {
		slot = slot_of(stamps, stamps->hint + n);
		if (slot->open && slot->key == key) {
			stamps->hint = slot->sample.seq;
			return slot;
		}
	}
	return NULL;
}

static void take_stamp(struct stamps *stamps, const struct sock_extended_err *err,
		       const struct scm_timestamping *times)
{
	struct slot *slot = find_key(stamps, err->ee_data);
	uint64_t soft = to_ns(&times->ts[0]), hard = to_ns(&times->ts[2]);

	if (!slot)
		return;
	switch (err->ee_info) {
	case SCM_TSTAMP_SCHED:
		/* Stacked interfaces stamp once each; the first is the queue's entry. */
		if (!slot->sample.sched)
			slot->sample.sched = soft;
		break;
	case SCM_TSTAMP_SND:
		if (soft)
			slot->sample.soft = soft;
		if (hard)
			slot->sample.hw_tx = hard;
		break;
	case SCM_TSTAMP_ACK:
		slot->sample.ack = soft;
		break;
	}
	stamps->seen |= has(slot);
}

static void take_message(struct stamps *stamps, struct msghdr *msg)
{
	const struct sock_extended_err *err = NULL;
	const struct scm_timestamping *times = NULL;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
			times = (const void *)CMSG_DATA(c);
		else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
			 (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR) ||
			 c->cmsg_level == SOL_PACKET)
			err = (const void *)CMSG_DATA(c);
	}
	if (times && err && err->ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
		take_stamp(stamps, err, times);
}

unsigned int stamps_collect(struct stamps *stamps, unsigned int limit)
{
	union { struct cmsghdr align; char bytes[ERR_CONTROL]; } control[BATCH];
	struct mmsghdr msgs[BATCH];
	unsigned int total = 0, i;
	int got;

	do {
		memset(msgs, 0, sizeof(msgs));
		for (i = 0; i < BATCH; i++) {
			msgs[i].msg_hdr.msg_control = control[i].bytes;
			msgs[i].msg_hdr.msg_controllen = sizeof(control[i].bytes);
		}
		got = recvmmsg(stamps->fd, msgs, BATCH, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
		for (i = 0; got > 0 && i < (unsigned int)got; i++)
			take_message(stamps, &msgs[i].msg_hdr);
		total += got > 0 ? (unsigned int)got : 0;
	} while (got == BATCH && (!limit || total < limit));
	/* With more to read, the stamps of what is ready may be in it. */
	if (got < BATCH) {
		finish_ready(stamps, false);
		if (stamps->lost_count)
			resync(stamps);
	}
	return total;
}

void stamps_finish(struct stamps *stamps)
{
	stamps_collect(stamps, 0);
	finish_ready(stamps, true);
}

const struct stamps_counts *stamps_counts(const struct stamps *stamps)
{
	return &stamps->counts;
}

void stamps_counts_add(struct stamps_counts *to, const struct stamps_counts *from)
{
	to->samples += from->samples;
	to->split += from->split;
	to->stepped += from->stepped;
	to->disordered += from->disordered;
	to->evicted += from->evicted;
	to->sched += from->sched;
	to->soft += from->soft;
	to->rx += from->rx;
	to->hw_tx += from->hw_tx;
	to->hw_rx += from->hw_rx;
	to->server += from->server;
	to->ack += from->ack;
	to->resyncs += from->resyncs;
	/* Each thread sees the same steps. */
	if (from->steps > to->steps)
		to->steps = from->steps;
}
