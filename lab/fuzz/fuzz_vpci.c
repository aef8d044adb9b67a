// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/timers.h"
#include "pci/types.h"
#include "proto/vmbus.h"
#include "proto/vpci.h"
#include "vpci/vpci.h"

/*
 * A hostile guest against vPCI, the PCI core and the test device: packets, config and
 * register accesses, retarget hypercalls, commands. The bus, the loops and the machine are
 * played by this file, in one thread: an input is a list of records.
 */
#define MEMORY		(4u << 20)
#define REGIONS		16
#define POSTS		256
#define WINDOW		0xf8000000ull

enum event { EV_PACKET, EV_MMIO_READ, EV_MMIO_WRITE, EV_RETARGET, EV_COMMAND, EV_TIMER,
	     EV_RING_FULL, EV_REOPEN, EVENTS };

struct record {
	uint8_t event;		/* enum event in the low bits, REC_* */
	uint8_t len;
} __attribute__((packed));

#define REC_COMPLETION	0x80
#define REC_LONG	0x40	/* zeros follow, up to the longest message */
#define LONGEST		208

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_memory mem;
static struct faults *faults;
static struct vpci *vpci;
static struct vmbus_device *dev;
static struct vmbus_channel chan;
static bool open_now, ring_full, have_packet, offered;
static struct ring_packet packet;
static uint8_t payload[300];

/* ---- the bus ---------------------------------------------------------------- */

struct faults *vmbus_faults(struct vmbus *bus)
{
	return faults;
}

const struct guest_memory *vmbus_memory(struct vmbus *bus)
{
	return &mem;
}

struct loop *vmbus_control_loop(struct vmbus *bus)
{
	return NULL;
}

int vmbus_add_device(struct vmbus *bus, struct vmbus_device *d)
{
	dev = d;
	return 0;
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
	if (n_iov != 1 || type != VMBUS_PKT_DATA_INBAND || iov->iov_len > 1024)
		abort();
	return ring_full ? -EAGAIN : 0;
}

int channel_complete(struct vmbus_channel *ch, uint64_t trans_id, const void *data, uint32_t len)
{
	if (len > 160)
		abort();
	return ring_full ? -EAGAIN : 0;
}

static void set_open(bool open)
{
	if (open && !open_now && dev->ops->open(&chan))
		abort();
	if (!open && open_now)
		dev->ops->close(&chan);
	open_now = open;
}

int vmbus_rescind(struct vmbus_device *d)
{
	offered = false;
	return 0;
}

int vmbus_reoffer(struct vmbus_device *d)
{
	offered = true;
	return 0;
}

void vmbus_for_each_open(struct vmbus_device *d, void (*fn)(struct vmbus_channel *ch, void *ctx),
			 void *ctx)
{
	if (open_now)
		fn(&chan, ctx);
}

struct vmbus_channel *vmbus_find_open(struct vmbus_device *d, unsigned int sub_index)
{
	return open_now ? &chan : NULL;
}

/* ---- the loops --------------------------------------------------------------- */

/* What is posted runs when the event that posted it is over, as on a loop of its own. */
static struct {
	struct loop *loop;
	loop_fn fn;
	void *ctx;
} posted[POSTS];
static unsigned int n_posted;

struct loop *loop_start(const char *name)
{
	return (struct loop *)&mem;
}

void loop_stop(struct loop *loop)
{
}

static void run_one(unsigned int i)
{
	loop_fn fn = posted[i].fn;

	posted[i].fn = NULL;
	if (fn)
		fn(posted[i].ctx);
}

static void run_posted(void)
{
	for (unsigned int i = 0; i < n_posted; i++)
		run_one(i);
	n_posted = 0;
}

/* The control loop's (NULL) are for later: it is what calls. */
void loop_call(struct loop *loop, loop_fn fn, void *ctx)
{
	for (unsigned int i = 0; loop && i < n_posted; i++) {
		if (posted[i].loop == loop)
			run_one(i);
	}
	fn(ctx);
}

int loop_post(struct loop *loop, loop_fn fn, void *ctx)
{
	if (n_posted == POSTS)
		return -ENOMEM;
	posted[n_posted].loop = loop;
	posted[n_posted].fn = fn;
	posted[n_posted].ctx = ctx;
	n_posted++;
	return 0;
}

/* ---- the machine --------------------------------------------------------------- */

static struct region {
	uint64_t gpa, size;
	struct pci_io io;
	void *memory;
	unsigned int users;
} region[REGIONS];

static struct region *find(uint64_t gpa, uint64_t size)
{
	for (unsigned int i = 0; i < REGIONS; i++) {
		if (gpa < region[i].gpa + region[i].size && region[i].gpa < gpa + size)
			return &region[i];
	}
	return NULL;
}

static int map(uint64_t gpa, uint64_t size, const struct pci_io *io, void *memory, void **out)
{
	if (gpa < WINDOW || gpa % 4096 || size % 4096 || gpa + size < gpa)
		return -EINVAL;
	if (find(gpa, size))
		return -EEXIST;
	for (unsigned int i = 0; i < REGIONS; i++) {
		if (region[i].size)
			continue;
		region[i] = (struct region){ .gpa = gpa, .size = size, .memory = memory };
		if (io)
			region[i].io = *io;
		*out = &region[i];
		return 0;
	}
	return -ENOMEM;
}

static int map_io(void *ctx, uint64_t gpa, uint64_t size, const struct pci_io *io, void **out)
{
	return map(gpa, size, io, NULL, out);
}

static int map_memory(void *ctx, uint64_t gpa, uint64_t size, void *host, void **out)
{
	return map(gpa, size, NULL, host, out);
}

/* One that is used may not go: the machine would wait for ever. */
static void unmap(void *ctx, void *mapping)
{
	struct region *r = mapping;

	if (!r->size || r->users)
		abort();
	r->size = 0;
}

static int interrupt(void *ctx, uint32_t vp, uint8_t vector)
{
	if (vp >= 2 || vector < 16)
		abort();
	return 0;
}

static const struct pci_platform platform = {
	.map_io = map_io, .map_memory = map_memory, .unmap = unmap, .interrupt = interrupt,
	.vp_count = 2,
};

/* ---- the fuzzer ----------------------------------------------------------------- */

static void fault(const char *spec)
{
	char err[200];

	if (faults_add(faults, spec, err, sizeof(err), NULL))
		abort();
}

static void set_up(void)
{
	static const char *const specs[] = {
		"pcitest,bus=0,vectors=70", "pcitest,bus=0,absent,memory=4K", "pcitest,bus=0"
	};
	char err[200];

	faults = faults_create(1);
	if (!faults || mem_init(&mem, MEMORY) || vpci_register_faults(faults))
		abort();
	vpci = vpci_create(NULL, &platform);
	for (unsigned int i = 0; i < 3; i++) {
		if (vpci_add(vpci, specs[i], err, sizeof(err)))
			abort();
	}
	if (vpci_offer(vpci))
		abort();
	chan.dev = dev;
	fault("vpci0:delay,us=1,every=3,count=0");
	fault("vpci0:dup,every=5,count=0");
	fault("vpci0:withhold,every=17,count=0");
	fault("vpci0:relations,kind=short,every=4,count=0");
	fault("vpci0:eject-race,every=2,count=0");
	fault("vpci0:no-window,every=7,count=0");
}

static uint64_t take(const uint8_t *data, size_t len, size_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at < len)
		memcpy(&value, data + at, len - at < bytes ? len - at : bytes);
	return value;
}

static void packet_in(const uint8_t *data, size_t len, unsigned int flags)
{
	memset(payload, 0, sizeof(payload));
	memcpy(payload, data, len);
	if (flags & REC_LONG && len < LONGEST)
		len = LONGEST;
	/* Most inputs shall get past the type. */
	if (len > 1 && payload[3] != 0x42) {
		payload[0] %= 0x20;
		payload[1] = 0;
		payload[2] = 0x49;
		payload[3] = 0x42;
	}
	packet = (struct ring_packet){
		.type = VMBUS_PKT_DATA_INBAND,
		.flags = flags & REC_COMPLETION ? VMBUS_PACKET_FLAG_COMPLETION_REQUESTED : 0,
		.payload = payload,
		.payload_len = (uint32_t)(len + 7) & ~7u,
	};
	have_packet = true;
	dev->ops->ready(&chan);
	have_packet = false;
}

/* Region and offset by one word each, so that accesses hit something. */
static void access_in(const uint8_t *data, size_t len, bool write)
{
	struct region *r = &region[take(data, len, 0, 1) % REGIONS];
	unsigned int size = 1u << (take(data, len, 1, 1) & 3);
	uint64_t offset = take(data, len, 2, 4);

	if (!r->size || r->memory)
		return;
	offset %= r->size;
	if (offset + size > r->size)
		return;
	r->users++;
	if (write)
		r->io.write(r->io.ctx, offset, size, take(data, len, 6, 8));
	else
		r->io.read(r->io.ctx, offset, size);
	r->users--;
}

#define COMMAND_ADD	2

static void command_in(unsigned int which)
{
	static const char *const names[] = { "eject", "remove", "add", "nothing" };
	static const char *const functions[] = { "pcitest0", "pcitest1", "pcitest2", "no" };
	json_t *args = json_object(), *reply = json_object();

	vpci_command(vpci, functions[which >> 2 & 3], names[which & 3], args, reply);
	json_decref(args);
	json_decref(reply);
}

static void happen(const struct record *r, const uint8_t *data, size_t len)
{
	switch (r->event % EVENTS) {
	case EV_PACKET:
		if (open_now)
			packet_in(data, len, r->event);
		break;
	case EV_MMIO_READ:
		access_in(data, len, false);
		break;
	case EV_MMIO_WRITE:
		access_in(data, len, true);
		break;
	case EV_RETARGET:
		vpci_retarget(vpci, &(struct vpci_target){
			.device_id = 0xa2004c40 + (take(data, len, 0, 1) & 7),
			.address = 0xfee00000, .data = (uint32_t)take(data, len, 1, 4),
			.vector = (uint32_t)take(data, len, 5, 2), .vps = take(data, len, 7, 8) & 3,
		});
		break;
	case EV_COMMAND:
		command_in((unsigned int)take(data, len, 0, 1));
		break;
	case EV_TIMER:
		fuzz_timers_run();
		break;
	case EV_RING_FULL:
		ring_full = !ring_full;
		if (open_now)
			dev->ops->ready(&chan);
		break;
	default:
		set_open(!open_now);
		break;
	}
	run_posted();
	if (!offered)
		set_open(false);
}

/* What a driver sends first, so that requests get through. */
static void bring_up(void)
{
	struct vpci_query_version version = { VPCI_QUERY_VERSION, VPCI_VERSION_1_4 };
	struct vpci_header relations = { VPCI_QUERY_BUS_RELATIONS };
	struct vpci_d0_entry d0 = { .type = VPCI_D0_ENTRY, .mmio_base = WINDOW };

	packet_in((const uint8_t *)&version, sizeof(version), REC_COMPLETION);
	packet_in((const uint8_t *)&relations, sizeof(relations), 0);
	packet_in((const uint8_t *)&d0, sizeof(d0), REC_COMPLETION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;

	if (!vpci)
		set_up();
	fuzz_timers_reset();
	ring_full = false;
	offered = true;
	/* All functions are there again, whatever the input before did. */
	for (unsigned int i = 0; i < 3; i++)
		command_in(i << 2 | COMMAND_ADD);
	run_posted();
	offered = true;
	set_open(true);
	bring_up();
	while (size >= sizeof(r)) {
		size_t len;

		memcpy(&r, data, sizeof(r));
		data += sizeof(r);
		size -= sizeof(r);
		len = r.len < size ? r.len : size;
		happen(&r, data, len);
		data += len;
		size -= len;
	}
	set_open(false);
	run_posted();
	return 0;
}
