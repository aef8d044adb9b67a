// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/timers.h"
#include "proto/vmbus.h"
#include "storvsp/internal.h"

/*
 * Packets of a hostile guest against storvsp. The bus is played by this file,
 * in one thread: an input is a list of records, each a packet or an event (a
 * timer runs out, the guest stops reading, the channel is opened anew). What
 * the bus would refuse (rings, page lists) has fuzzers of its own.
 */
#define PAGE		4096
#define MAX_PAGES	16

enum event { EV_PACKET, EV_TIMER, EV_RING_FULL, EV_REOPEN };

struct record {
	uint8_t event;			/* enum event in bits 0-1, the rest below */
	uint8_t pages;
} __attribute__((packed));

#define REC_GPA		0x04
#define REC_COMPLETION	0x08

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vmbus_device *dev;
static struct vmbus_channel chan;
static struct faults *faults;
static bool ring_full, have_packet;
static struct ring_packet packet;
static uint8_t payload[VSTOR_PACKET_LEN + 8];
static uint8_t *pages;
static unsigned int n_pages;

/* ---- the bus --------------------------------------------------------------- */

struct faults *vmbus_faults(struct vmbus *bus)
{
	return faults;
}

int channel_recv(struct vmbus_channel *ch, struct ring_packet *pkt)
{
	if (!have_packet)
		return 0;
	have_packet = false;
	*pkt = packet;
	return 1;
}

int channel_send(struct vmbus_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
		 const void *header_extra, uint32_t header_extra_len,
		 const struct iovec *iov, int n_iov)
{
	if (n_iov != 1 || iov->iov_len != VSTOR_PACKET_LEN)
		abort();
	return ring_full ? -EAGAIN : 0;
}

int channel_complete(struct vmbus_channel *ch, uint64_t trans_id, const void *data, uint32_t len)
{
	const struct vstor_packet *v = data;

	if (len != sizeof(*v) || v->operation != VSTOR_COMPLETE_IO)
		abort();
	return ring_full ? -EAGAIN : 0;
}

int channel_gpa_iov(struct vmbus_channel *ch, const struct ring_packet *pkt,
		    struct iovec *iov, int max)
{
	unsigned int i;

	if (n_pages > MAX_PAGES)
		return -EFAULT;
	for (i = 0; i < n_pages; i++)	/* backwards, so that no two touch in order */
		iov[i] = (struct iovec) { pages + (n_pages - 1 - i) * PAGE, PAGE };
	return n_pages;
}

int vmbus_offer_subchannels(struct vmbus_device *d, unsigned int first, unsigned int n)
{
	if (first != 1 || n > LUN_MAX_CHANNELS)
		abort();
	return 0;
}

void vmbus_for_each_open(struct vmbus_device *d, void (*fn)(struct vmbus_channel *ch, void *ctx),
			 void *ctx)
{
	fn(&chan, ctx);
}

struct vmbus_channel *vmbus_find_open(struct vmbus_device *d, unsigned int sub_index)
{
	return sub_index ? NULL : &chan;
}

/* ---- the loop -------------------------------------------------------------- */

void loop_call(struct loop *loop, loop_fn fn, void *ctx)
{
	fn(ctx);
}

/* ---- the fuzzer ------------------------------------------------------------ */

static void fault(const char *spec)
{
	char err[200];

	if (faults_add(faults, spec, err, sizeof(err), NULL))
		abort();
}

static void set_up(void)
{
	static const char *const disks[] = { "ram=1M", "ram=1M,lbs=4096,delay_us=1", "ram=1M,ro" };
	char err[200];

	faults = faults_create(1);
	if (!faults || faults_register(faults, storvsp_faults))
		abort();
	fault("scsi0:delay,us=1,every=3,count=0");
	fault("scsi0:dup-completion,every=5,count=0");
	fault("scsi0:lose-completion,every=7,count=0");
	fault("scsi0:withhold,every=11,count=0");
	fault("scsi0:error,sense=aborted,every=13,count=0");
	if (storvsp_create(disks, 3, 0, &dev, err, sizeof(err)))
		abort();
	chan.dev = dev;
	pages = malloc(MAX_PAGES * PAGE);
	if (!pages)
		abort();
}

/* The initialization that a driver does, so that requests get through. */
static void bring_up(void)
{
	static const uint32_t ops[] = {
		VSTOR_BEGIN_INITIALIZATION, VSTOR_QUERY_PROTOCOL_VERSION, VSTOR_END_INITIALIZATION,
	};
	struct vstor_packet v = { 0 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		v.operation = ops[i];
		v.version.major_minor = VSTOR_VERSION_6_2;
		packet = (struct ring_packet) {
			.type = VMBUS_PKT_DATA_INBAND,
			.payload = (const uint8_t *)&v,
			.payload_len = sizeof(v),
		};
		have_packet = true;
		dev->ops->ready(&chan);
	}
}

static size_t feed(const struct record *r, const uint8_t *data, size_t size)
{
	size_t len = size < sizeof(payload) ? size : sizeof(payload);

	memcpy(payload, data, len);
	n_pages = r->pages % (MAX_PAGES + 2);
	packet = (struct ring_packet) {
		.type = r->event & REC_GPA ? VMBUS_PKT_DATA_GPA_DIRECT : r->event >> 4,
		.flags = r->event & REC_COMPLETION ? VMBUS_PACKET_FLAG_COMPLETION_REQUESTED : 0,
		.trans_id = r->pages,
		.payload = payload,
		.payload_len = len,
	};
	have_packet = true;
	dev->ops->ready(&chan);
	return len;
}

static void happen(enum event event)
{
	switch (event) {
	case EV_TIMER:
		fuzz_timers_run();
		break;
	case EV_RING_FULL:
		ring_full = !ring_full;
		dev->ops->ready(&chan);
		break;
	default:
		dev->ops->close(&chan);
		if (dev->ops->open(&chan))
			abort();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;
	size_t used;

	if (!dev)
		set_up();
	ring_full = have_packet = false;
	fuzz_timers_reset();
	if (dev->ops->open(&chan))
		abort();
	bring_up();
	while (size >= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		data += sizeof(r);
		size -= sizeof(r);
		if ((r.event & 3) == EV_PACKET) {
			used = feed(&r, data, size);
			data += used;
			size -= used;
		} else {
			happen(r.event & 3);
		}
	}
	dev->ops->close(&chan);
	return 0;
}
