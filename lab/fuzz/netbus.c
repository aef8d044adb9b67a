// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/netbus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/timers.h"

#define PAGE		4096u
#define MAX_POSTED	256
#define MAX_OUT		4096	/* receive packets that the guest has */

struct given {
	unsigned int channel;
	uint64_t trans_id;
	uint32_t n;
	uint32_t section[RX_MAX_RANGES];
};

uint8_t *netbus_gpa;
unsigned int netbus_gpa_pages, netbus_gpa_offset;
bool netbus_ring_full;

static struct vmbus_device *dev;
static struct vmbus_channel chan[NETBUS_CHANNELS];
static bool is_open[NETBUS_CHANNELS];
static struct faults *faults;
static struct guest_memory mem;
static struct gpadl *lists[3];
static struct { loop_fn fn; void *ctx; } posted[MAX_POSTED];
static unsigned int n_posted;
static struct ring_packet packet;
static bool have_packet;
static struct given *given[MAX_OUT];
static unsigned int n_given;
static uint8_t in_use[NETBUS_PAGES * PAGE];

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

static void take_ranges(struct vmbus_channel *ch, uint64_t trans_id,
			const struct vmbus_xfer_page_header *x, uint32_t len)
{
	struct netvsp_channel *nc = ch->priv;
	struct given *g = calloc(1, sizeof(*g));
	uint32_t i;

	if (!g || !x->range_count || x->range_count > RX_MAX_RANGES || !nc->recv ||
	    len != sizeof(*x) + x->range_count * sizeof(x->range[0]))
		abort();
	for (i = 0; i < x->range_count; i++) {
		const struct vmbus_xfer_page_range *r = &x->range[i];

		if (r->byte_offset % nc->recv->section_size ||
		    r->byte_count > nc->recv->section_size ||
		    r->byte_offset + r->byte_count > NETBUS_PAGES * PAGE ||
		    in_use[r->byte_offset])
			abort();
		in_use[r->byte_offset] = 1;
		g->section[g->n++] = r->byte_offset;
	}
	g->channel = ch->sub_index;
	g->trans_id = trans_id;
	if (n_given == MAX_OUT)
		abort();
	given[n_given++] = g;
}

int channel_send(struct vmbus_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
		 const void *header_extra, uint32_t header_extra_len,
		 const struct iovec *iov, int n_iov)
{
	if (n_iov != 1 || iov->iov_len < NVSP_MESSAGE_SIZE || !is_open[ch->sub_index])
		abort();
	if (netbus_ring_full)
		return -EAGAIN;
	if (type == VMBUS_PKT_DATA_XFER_PAGES)
		take_ranges(ch, trans_id, header_extra, header_extra_len);
	else if (type != VMBUS_PKT_DATA_INBAND)
		abort();
	return 0;
}

int channel_complete(struct vmbus_channel *ch, uint64_t trans_id, const void *data, uint32_t len)
{
	if (!is_open[ch->sub_index] || (len && len != NVSP_MESSAGE_SIZE))
		abort();
	return netbus_ring_full ? -EAGAIN : 0;
}

int channel_gpa_iov(struct vmbus_channel *ch, const struct ring_packet *pkt,
		    struct iovec *iov, int max)
{
	unsigned int i, n = netbus_gpa_pages;

	if (n > NETBUS_GPA || (int)n > max)
		return -EFAULT;
	for (i = 0; i < n; i++)
		iov[i] = (struct iovec) {
			.iov_base = netbus_gpa + i * PAGE + netbus_gpa_offset,
			.iov_len = PAGE - netbus_gpa_offset,
		};
	return (int)n;
}

struct gpadl *vmbus_gpadl_get(struct vmbus *bus, uint32_t id)
{
	if (id != NETBUS_RECV && id != NETBUS_SEND)
		return NULL;
	lists[id]->users++;
	return lists[id];
}

void vmbus_gpadl_put(struct vmbus *bus, struct gpadl *g)
{
	if (!g->users--)
		abort();
}

int vmbus_offer_subchannels(struct vmbus_device *d, unsigned int first, unsigned int n)
{
	if (first != 1 || n >= NETBUS_CHANNELS)
		abort();
	return 0;
}

/* ---- the loops --------------------------------------------------------------- */

int loop_post(struct loop *loop, loop_fn fn, void *ctx)
{
	if (n_posted == MAX_POSTED)
		return -ENOMEM;
	posted[n_posted].fn = fn;
	posted[n_posted].ctx = ctx;
	n_posted++;
	return 0;
}

/* Only a TAP watches descriptors. */
int loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *ctx)
{
	abort();
}

int loop_rewatch(struct loop *loop, int fd, uint32_t events)
{
	abort();
}

void loop_unwatch(struct loop *loop, int fd)
{
	abort();
}

static void run_posted(void)
{
	unsigned int i;

	/* A call may post another one. */
	for (i = 0; i < n_posted; i++)
		posted[i].fn(posted[i].ctx);
	n_posted = 0;
}

/* ---- for the fuzzers ----------------------------------------------------------- */

static void fault(const char *spec)
{
	char err[200];

	if (faults_add(faults, spec, err, sizeof(err), NULL))
		abort();
}

static struct gpadl *make_list(uint32_t id, uint32_t first_page)
{
	uint64_t pfn[NETBUS_PAGES];
	unsigned int i;

	for (i = 0; i < NETBUS_PAGES; i++)	/* backwards, so that no two touch in order */
		pfn[i] = first_page + NETBUS_PAGES - i;
	return gpadl_create(&mem, id, 1, pfn, NETBUS_PAGES, 0, NETBUS_PAGES * PAGE);
}

void netbus_init(const char *spec)
{
	unsigned int i;
	char err[200];

	if (mem_init(&mem, 2u << 20))
		abort();
	lists[NETBUS_RECV] = make_list(NETBUS_RECV, 16);
	lists[NETBUS_SEND] = make_list(NETBUS_SEND, 128);
	netbus_gpa = calloc(NETBUS_GPA, PAGE);
	faults = faults_create(1);
	if (!lists[1] || !lists[2] || !netbus_gpa || !faults ||
	    faults_register(faults, netvsp_faults))
		abort();
	fault("net0:delay,op=tx,us=1,every=3,count=0");
	fault("net0:delay,op=rndis-query,us=1,every=3,count=0");
	fault("net0:dup-completion,every=5,count=0");
	fault("net0:lose-completion,every=7,count=0");
	fault("net0:withhold,every=11,count=0");
	fault("net0:malformed-ppi,kind=short,every=13,count=0");
	if (netvsp_create(spec, 0, &dev, err, sizeof(err)))
		abort();
	for (i = 0; i < NETBUS_CHANNELS; i++) {
		chan[i].dev = dev;
		chan[i].sub_index = (uint16_t)i;
	}
}

static void forget_given(unsigned int at)
{
	struct given *g = given[at];
	uint32_t i;

	for (i = 0; i < g->n; i++)
		in_use[g->section[i]] = 0;
	given[at] = given[--n_given];
	free(g);
}

static void close_channel(unsigned int c)
{
	void *priv = chan[c].priv;
	unsigned int i;

	if (!is_open[c])
		return;
	dev->ops->close(&chan[c]);
	is_open[c] = false;
	if (fuzz_timers_armed(priv))
		abort();
	for (i = n_given; i > 0; i--)
		if (given[i - 1]->channel == c)
			forget_given(i - 1);
}

void netbus_toggle_channel(unsigned int c)
{
	unsigned int i;

	if (is_open[c]) {
		close_channel(c);
		/* The bus takes the sub-channels back when their primary is closed. */
		for (i = 1; c == 0 && i < NETBUS_CHANNELS; i++)
			close_channel(i);
	} else if (c == 0 || is_open[0]) {
		/* Before the call, since the device may send from it. */
		is_open[c] = true;
		if (dev->ops->open(&chan[c]))
			is_open[c] = false;
	}
	run_posted();
}

void netbus_start(void)
{
	netbus_ring_full = false;
	have_packet = false;
	netbus_gpa_pages = 0;
	netbus_gpa_offset = 0;
	fuzz_timers_reset();
	netbus_toggle_channel(0);
}

void netbus_end(void)
{
	if (is_open[0])
		netbus_toggle_channel(0);
	if (lists[NETBUS_RECV]->users || lists[NETBUS_SEND]->users || n_given)
		abort();
}

void netbus_packet(unsigned int c, uint16_t type, bool want_completion, uint64_t trans_id,
		   const void *payload, uint32_t len)
{
	/* A copy of its own, so that one byte too far is seen. */
	uint8_t *copy;

	if (!is_open[c])
		return;
	copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	memcpy(copy, payload, len);
	packet = (struct ring_packet) {
		.type = type,
		.flags = want_completion ? VMBUS_PACKET_FLAG_COMPLETION_REQUESTED : 0,
		.trans_id = trans_id,
		.payload = copy,
		.payload_len = len,
	};
	have_packet = true;
	dev->ops->ready(&chan[c]);
	have_packet = false;
	run_posted();
	free(copy);
}

void netbus_give_back(unsigned int nth)
{
	uint32_t done[2] = { NVSP_RNDIS_PACKET_COMPLETE, NVSP_STATUS_SUCCESS };
	uint64_t trans_id;
	unsigned int c;

	if (!n_given)
		return;
	nth %= n_given;
	c = given[nth]->channel;
	trans_id = given[nth]->trans_id;
	/* A host that waits for its own ring takes no packet: then nothing is given back. */
	if (netbus_ring_full)
		return;
	forget_given(nth);
	netbus_packet(c, VMBUS_PKT_COMPLETION, false, trans_id, done, sizeof(done));
}

void netbus_timers(void)
{
	fuzz_timers_run();
	run_posted();
}

void netbus_tear_down(uint32_t gpadl)
{
	dev->ops->gpadl_gone(dev, lists[gpadl]);
	run_posted();
	if (lists[gpadl]->users)
		abort();
}

void netbus_send_buffer(uint32_t offset, const void *data, uint32_t len)
{
	gpadl_write(lists[NETBUS_SEND], offset, data, len);
}

void netbus_control(uint32_t type, const void *body, uint32_t len)
{
	struct rndis_header h = { .type = type, .length = sizeof(h) + len };
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };

	memcpy(netbus_gpa, &h, sizeof(h));
	memcpy(netbus_gpa + sizeof(h), body, len);
	netbus_gpa_pages = 1;
	netbus_gpa_offset = 0;
	m.u.rndis.channel_type = NVSP_CHANNEL_CONTROL;
	m.u.rndis.section_index = NVSP_NO_SECTION;
	netbus_packet(0, VMBUS_PKT_DATA_GPA_DIRECT, true, 1, &m, sizeof(m));
}

static void buffer(uint32_t type, uint32_t gpadl, uint16_t id)
{
	struct nvsp_message m = { .type = type };

	m.u.buffer.gpadl = gpadl;
	m.u.buffer.id = id;
	netbus_packet(0, VMBUS_PKT_DATA_INBAND, true, 1, &m, sizeof(m));
}

void netbus_bring_up(void)
{
	struct nvsp_message m = { .type = NVSP_INIT };
	struct rndis_initialize init = { .major = 1 };
	struct {
		struct rndis_request r;
		uint32_t filter;
	} set = { .r = { .oid = OID_GEN_PACKET_FILTER, .buffer_length = 4 } };

	m.u.init.min_version = NVSP_VERSION_61;
	m.u.init.max_version = NVSP_VERSION_61;
	netbus_packet(0, VMBUS_PKT_DATA_INBAND, true, 1, &m, sizeof(m));
	memset(&m, 0, sizeof(m));
	m.type = NVSP_SEND_NDIS_CONFIG;
	m.u.ndis_config.mtu = 1514;
	m.u.ndis_config.capabilities = NVSP_CAP_RSC;
	netbus_packet(0, VMBUS_PKT_DATA_INBAND, false, 1, &m, sizeof(m));
	buffer(NVSP_SEND_RECV_BUF, NETBUS_RECV, NVSP_RECV_BUFFER_ID);
	buffer(NVSP_SEND_SEND_BUF, NETBUS_SEND, NVSP_SEND_BUFFER_ID);
	netbus_control(RNDIS_INITIALIZE, &init, sizeof(init));
	set.r.buffer_offset = sizeof(set.r);
	set.filter = NDIS_FILTER_PROMISCUOUS;
	netbus_control(RNDIS_SET, &set, sizeof(set));
}
