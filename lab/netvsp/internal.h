/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_INTERNAL_H
#define AZ_LAB_NETVSP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "netvsp/backend.h"
#include "netvsp/frame.h"
#include "netvsp/netvsp.h"
#include "netvsp/rss.h"
#include "proto/nvsp.h"
#include "proto/vmbus.h"

/*
 * Who owns what.
 *
 * struct netvsp	the device. Fixed after creation, except: what @lock guards
 *			(set-up only: never taken for a packet) and atomics.
 * struct net_slot	one for each channel number, lives as long as the device.
 *			Others reach a channel through it: a message or an event
 *			is posted to the slot and handled on the channel's loop.
 *			Counters are here too, so that they outlive the channel.
 * struct netvsp_channel one for each open channel, only touched on its loop. It
 *			has its part of the receive sections and its own copy of
 *			the guest's settings, so that the packet path shares nothing.
 */
#define RX_BACKLOG_MAX		512	/* frames waiting for a section or for ring space */
#define INBOX_MAX		1024	/* messages on their way to another channel */
#define OUT_QUEUE_MAX		4096	/* completions waiting for ring space */
#define DEFER_MAX		8192	/* things that a timer does later */
#define MAX_PACKETS_PER_MESSAGE	8	/* as Azure announces in INITIALIZE_COMPLETE */
#define PACKET_ALIGNMENT_FACTOR	3	/* 8 bytes */
#define SEND_SECTION_SIZE	6144
#define RECV_SECTION_SIZE	1728
#define RX_MAX_RANGES		256	/* ranges in one packet; the driver takes 562 */
#define LSO_MAX_SIZE		62780	/* what Azure hosts announce */
#define LINK_SPEED		100000000u	/* 10 Gbit/s in units of 100 bit/s */

struct net_counters {
	counter_t tx_vmbus_packets, tx_rndis_packets, tx_section, tx_gpa_direct, tx_mixed;
	counter_t tx_section_moved;
	counter_t tx_bytes, tx_errors, tx_dropped, tx_csum, tx_lso, tx_segments, tx_vlan;
	counter_t rx_packets, rx_vmbus_packets, rx_bytes, rx_completions, rx_bad_completions;
	counter_t rx_completion_delay_ns, rx_completion_delay_max_ns;	/* sum; longest */
	counter_t rx_failed, rx_no_section, rx_ring_full, rx_dropped, rx_filtered;
	counter_t rx_rsc_frames, rx_vlan, rx_hashed, rx_steered, rx_malformed;
	counter_t control_requests, control_responses, control_repeated, indications;
	counter_t completions_emptied, protocol_errors, bad_checksum;
};

/* A buffer that the guest gave for receiving or sending; shared by the channels. */
struct net_buffer {
	atomic_uint refs;
	atomic_bool gone;		/* revoked: not to be used any more */
	struct vmbus *bus;
	struct gpadl *gpadl;
	uint32_t section_size, sections;
	atomic_uchar user[];	/* of each section: the channel that sent from it last, plus 1 */
};

/* Settings of the guest. */
struct net_config {
	uint32_t filter;		/* NDIS_FILTER_*; 0: receives nothing */
	bool rx_csum4, rx_csum6;	/* wants checksum results */
	bool rsc;			/* takes coalesced frames */
	struct rss rss;
};

/* How a received packet's per-packet information is spoilt, see ppi.c. */
enum ppi_fault {
	PPI_GOOD,
	PPI_SIZE0,	/* size 0 */
	PPI_HUGE,	/* size beyond the block */
	PPI_OFFSET,	/* value begins behind the end */
	PPI_SHORT,	/* known type, value cut short */
	PPI_TINY,	/* size smaller than the header: runs out of the block */
	PPI_LENGTH,	/* block longer than the message */
	PPI_RUNT,	/* block is fine, the frame is shorter than its header */
};

#define PPI_RUNT_LEN	6	/* unless data_len= says so */

/* A message to a channel's loop; also a frame on its way to the guest. */
enum net_msg_type {
	NET_MSG_FRAME,		/* deliver @data */
	NET_MSG_INDICATE,	/* RNDIS status @status, with the @len bytes of @data */
	NET_MSG_INJECT,		/* send a packet with PPI fault @status, a runt of @value */
	NET_MSG_RSC,		/* send a coalesced frame of @value segments */
};

struct net_msg {
	struct net_msg *next;
	enum net_msg_type type;
	uint32_t status, value;

	/* NET_MSG_FRAME */
	bool control;		/* an RNDIS control message, not a frame */
	bool vlan;
	uint16_t vlan_tci;
	bool csum_good;		/* transport (and IP) checksums are known to be right */
	enum ppi_fault fault;	/* how to spoil its per-packet information */
	uint32_t runt_len;	/* for PPI_RUNT */
	uint32_t len;
	uint8_t data[];
};

#define NET_EVENT_CONFIG	1u	/* the settings changed; a turn looks at them anyway */
#define NET_EVENT_BUFFERS	4u	/* let go of buffers that are gone */
#define NET_EVENT_TABLE		2u	/* all sub-channels are open: send the send table */

struct net_slot {
	struct netvsp_channel *nc;	/* on the channel's loop only */
	struct loop *loop;		/* stable while @open and @posters */
	atomic_bool open;
	atomic_uint posters;
	_Atomic(struct net_msg *) inbox;	/* newest first */
	atomic_uint inbox_depth;
	atomic_uint events;
	atomic_bool kicked;		/* a call is on its way to the loop */
	struct net_counters n;
};

struct netvsp {
	struct vmbus_device dev;	/* first */
	struct net_backend *backend;
	uint8_t mac[6];
	unsigned int queues;		/* channels at most */
	uint32_t mtu;
	uint32_t batch;			/* ranges in one receive packet */
	uint32_t recv_sections;		/* used at most; 0: all that the buffer has */
	uint64_t tx_us, tx_batch_us;	/* see tx_service_ns() */
	bool rsc;

	atomic_bool link_down;
	atomic_uint subchannels;	/* granted */
	atomic_uint subs_open;
	atomic_uint version;		/* NVSP_VERSION_*, 0 before INIT */
	atomic_bool rndis_up;

	pthread_mutex_t lock;
	struct net_buffer *recv, *send;
	struct net_config config;
	atomic_uint config_changes;

	/* the primary channel's, for inject.c and the guest's own questions */
	uint8_t current_mac[6];
	uint32_t guest_mtu;		/* with the Ethernet header */
	uint64_t guest_caps;

	struct net_slot slot[NVSP_MAX_CHANNELS];
};

/* Something to do at a time; embed it. */
struct defer_item {
	struct defer_item *next, *prev;
	uint64_t deadline_ns;
	void (*run)(struct netvsp_channel *nc, struct defer_item *item);
	void (*drop)(struct defer_item *item);
};

struct defer_queue {
	struct defer_item head;		/* ordered by deadline */
	unsigned int count;
	struct loop_timer timer;
};

/* A packet that waits for ring space. */
struct out_packet {
	struct out_packet *next;
	uint16_t type;
	uint64_t trans_id;
	uint32_t len;
	uint8_t data[];
};

struct rx_range {
	uint32_t section;		/* relative to the first of the channel */
	uint32_t bytes;
};

struct rx_state {
	uint32_t first, count;		/* sections of this channel */
	uint32_t *free;			/* stack of free sections, relative to @first */
	uint32_t n_free;
	uint32_t *next;			/* chain of the sections of one packet; UINT32_MAX ends */
	uint32_t *generation;		/* of the packet that begins there; 0: not with the guest */
	uint64_t *sent_ns;		/* when that packet was sent, service_now_ns() */
	uint32_t last_generation;
	struct rx_range range[RX_MAX_RANGES];	/* filled and not sent yet */
	uint32_t n_range;
	bool range_control;
	struct net_msg *backlog, **backlog_tail;
	unsigned int backlog_len;
	uint16_t packet_id;
};

struct netvsp_channel {
	struct netvsp *dev;
	struct vmbus_channel *ch;
	struct net_slot *slot;
	struct net_counters *n;
	unsigned int index;
	struct net_buffer *recv, *send;
	struct net_config config;
	unsigned int config_seen;	/* the device's config_changes when it was copied */
	struct rx_state rx;
	struct defer_queue defer;
	uint64_t now_ns;		/* service_now_ns(), 0: not asked for yet */
	uint64_t tx_busy_until;		/* loop_now_ns() when all packets taken are done */
	struct out_packet *out, **out_tail;
	unsigned int out_len;
	void *backend;
};

/* ---- netvsp.c ------------------------------------------------------------- */

/* Everything that waited: completions, backlog, packets of the guest, the backend. */
void netvsp_service(struct netvsp_channel *nc);

/*
 * loop_now_ns() when it was asked for first in this turn, which ends with
 * netvsp_service() or rx_push(): one look at the clock for all packets of a turn.
 */
uint64_t service_now_ns(struct netvsp_channel *nc);

/* fault_fires() for this device. */
const struct fault *netvsp_fault(struct netvsp_channel *nc, const char *what, const char *tag);

/* ---- session.c: buffers, settings ----------------------------------------- */

/*
 * The guest's GPADL number @gpadl as whole sections of @section_size bytes, with
 * one reference for the caller; it holds the GPADL until the last is put. NULL:
 * no such GPADL, it is smaller than a section, or no memory.
 */
struct net_buffer *net_buffer_create(struct vmbus *bus, uint32_t gpadl, uint32_t section_size);
/* Take a reference; on any thread that has one. Returns @b, which may be NULL. */
struct net_buffer *net_buffer_get(struct net_buffer *b);
/* Drop a reference; the last one lets the GPADL go and frees @b, which may be NULL. */
void net_buffer_put(struct net_buffer *b);
/* False for NULL and for a buffer that the guest has revoked. */
static inline bool net_buffer_usable(struct net_buffer *b)
{
	return b && !atomic_load_explicit(&b->gone, memory_order_relaxed);
}

/*
 * The guest changed @config over @nc (lock held by nobody). The answer to it is the
 * guest's leave to rely on it: each channel looks before it handles what comes later.
 */
void netvsp_set_config(struct netvsp_channel *nc, const struct net_config *config);
/* Take over buffers and settings into @nc. 0 or -ENOMEM. */
int netvsp_attach(struct netvsp_channel *nc);
/* Copy the settings into @nc if they changed, and tell its backend. On the loop of @nc. */
void netvsp_take_config(struct netvsp_channel *nc);
/* Make @b the receive (or send) buffer; false when there is one. The device owns it then. */
bool netvsp_store_buffer(struct netvsp *dev, bool recv, struct net_buffer *b);
/* Nobody uses the receive (or send) buffer any more. */
void netvsp_revoke(struct netvsp *dev, bool recv);
/* Let go of buffers of @nc that are gone; the guest may wait for that. */
void netvsp_drop_gone(struct netvsp_channel *nc);
/* The guest takes @g back: as netvsp_revoke() when it is one of the buffers. */
void netvsp_gpadl_gone(struct netvsp *dev, const struct gpadl *g);
/* The primary channel closed: forget the guest. */
void netvsp_session_reset(struct netvsp *dev);

/* ---- inbox.c -------------------------------------------------------------- */

/* A message with room for @len bytes of @data, the rest 0; free() it. NULL: no memory. */
struct net_msg *net_msg_alloc(enum net_msg_type type, uint32_t len);
/* Hand @m to the channel of @slot; it is freed when that is not open. 0, -ENOTCONN, -ENOBUFS. */
int slot_post(struct net_slot *slot, struct net_msg *m);
/* Have the channel of @slot handle NET_EVENT_* @events; nothing happens when none is open. */
void slot_event(struct net_slot *slot, unsigned int events);
/* From now on messages and events reach @nc, which is not owned. */
void slot_open(struct net_slot *slot, struct netvsp_channel *nc);
/* Wait for those that are posting, then free all messages. On the channel's loop. */
void slot_close(struct net_slot *slot);

/* ---- defer.c -------------------------------------------------------------- */

/* An empty queue, before the first defer_add() of a channel. */
void defer_init(struct netvsp_channel *nc);
/* @item->run after @delay_ns on @nc's loop, or ->drop when the channel closes before. -ENOBUFS. */
int defer_add(struct netvsp_channel *nc, struct defer_item *item, uint64_t delay_ns);
/* Cancel the timer and ->drop what waits. */
void defer_drop_all(struct netvsp_channel *nc);

/* ---- out.c: INBAND packets and completions -------------------------------- */

/* An empty queue, before the first out_send() of a channel. */
void out_init(struct netvsp_channel *nc);
/*
 * Send the guest a packet of @type (VMBUS_PKT_*) with a copy of the @len bytes at
 * @data, or queue it behind those that wait for ring space. With OUT_QUEUE_MAX
 * waiting or without memory it is lost and counts as a protocol error.
 */
void out_send(struct netvsp_channel *nc, uint16_t type, uint64_t trans_id,
	      const void *data, uint32_t len);
/* True when nothing waits any more. */
bool out_flush(struct netvsp_channel *nc);
/* Free what waits: the channel closes. */
void out_drop_all(struct netvsp_channel *nc);

/* ---- nvsp.c --------------------------------------------------------------- */

/* Handle one packet of the guest. */
void nvsp_packet(struct netvsp_channel *nc, const struct ring_packet *pkt);
/* Tell the guest which channel to send on for each hash. */
void nvsp_send_table(struct netvsp_channel *nc);
/* Complete packet @trans_id with @m; faults with tag @op apply. */
void nvsp_complete(struct netvsp_channel *nc, uint64_t trans_id, const struct nvsp_message *m,
		   uint32_t len, const char *op);

/* ---- rndis_control.c, rndis_oid.c ----------------------------------------- */

/* One control message in guest memory. 0 or -EPROTO. */
int rndis_control(struct netvsp_channel *nc, const struct iovec *iov, int n);
/*
 * Tell the guest of @status (RNDIS_STATUS_*) with @value_len bytes of @value;
 * nothing is sent before it has initialized RNDIS.
 */
void rndis_indicate(struct netvsp_channel *nc, uint32_t status, const void *value,
		    uint32_t value_len);

/* Answer a query: status, and *@out_len bytes in @out (room for @cap). */
uint32_t oid_query(struct netvsp_channel *nc, uint32_t oid, const uint8_t *in, uint32_t in_len,
		   uint8_t *out, uint32_t cap, uint32_t *out_len);
/* Set @oid from @in_len bytes in @in, for all channels; the RNDIS status. */
uint32_t oid_set(struct netvsp_channel *nc, uint32_t oid, const uint8_t *in, uint32_t in_len);

/* ---- tx.c, offload.c ------------------------------------------------------ */

/* RNDIS data messages in @iov; the NVSP status for the completion. */
uint32_t tx_data(struct netvsp_channel *nc, const struct iovec *iov, int n);

/* What the guest asked for in per-packet information. */
struct tx_info {
	bool csum, lso, vlan;
	uint32_t csum_info, lso_info, vlan_info;
};

/* Do or prepare what @info asks for and give the frame to the backend. 0 or -errno. */
int offload_transmit(struct netvsp_channel *nc, const struct iovec *iov, int n, uint32_t len,
		     const struct tx_info *info);

/*
 * Cut the TCP frame @iov with @head_len bytes of headers in @head (laid out
 * as @l says) into frames of @mss bytes of payload; each is complete with
 * lengths, sequence number, flags and checksums, and given to @emit. The
 * number of frames, or -errno of @emit; -EINVAL when it is not such a frame.
 */
int lso_segment(const struct iovec *iov, int n, uint32_t len, const uint8_t *head,
		const struct frame_layout *l, uint32_t mss,
		int (*emit)(void *ctx, const struct iovec *iov, int n, uint32_t len), void *ctx);

/* ---- rx.c ----------------------------------------------------------------- */

/* Take over this channel's part of @nc->recv's sections. 0 or -ENOMEM. */
int rx_init(struct netvsp_channel *nc);
/* Undo rx_init(); the backlog stays. */
void rx_free(struct netvsp_channel *nc);
/* Free what waits; also sets an empty backlog up. */
void rx_drop_backlog(struct netvsp_channel *nc);
/* Queue @m (owned) for the guest on this channel. */
void rx_enqueue(struct netvsp_channel *nc, struct net_msg *m);
/* As rx_enqueue(), on the channel that the guest's RSS settings name. */
void rx_steer(struct netvsp_channel *nc, struct net_msg *m);
/*
 * Put @m (not owned) into sections now. 0 also when it was filtered; -EAGAIN:
 * no section or no ring space; -EMSGSIZE; -ENOTCONN: no receive buffer.
 */
int rx_data(struct netvsp_channel *nc, const struct net_msg *m);
/* Put the backlog into sections. True when nothing of it waits any more. */
bool rx_run(struct netvsp_channel *nc);
/* Send what is in sections; the turn of a backend ends. True when nothing waits any more. */
bool rx_push(struct netvsp_channel *nc);
/* The guest gave the sections of packet @trans_id back with NVSP @status. */
void rx_completion(struct netvsp_channel *nc, uint64_t trans_id, uint32_t status);

/* ---- inject.c ------------------------------------------------------------- */

/* Send the guest one frame with spoilt per-packet information; a runt of @runt_len bytes. */
void inject_malformed(struct netvsp_channel *nc, enum ppi_fault kind, uint32_t runt_len);
/* Send the guest a TCP frame coalesced of @segments, as RSC makes it. */
void inject_rsc(struct netvsp_channel *nc, uint32_t segments);

/* ---- ppi.c ---------------------------------------------------------------- */

/* -EINVAL for an unknown name. */
int ppi_fault_parse(const char *name, enum ppi_fault *kind);

struct ppi_values {
	bool csum, hash, vlan, id;
	uint32_t csum_value, hash_value, vlan_value;
	struct rndis_packet_id id_value;
	uint32_t runt_len;		/* what PPI_RUNT says that the frame's length is */
};

#define PPI_ROOM	(4 * (sizeof(struct rndis_ppi) + 4))
#define RX_HEADER_ROOM	(sizeof(struct rndis_header) + sizeof(struct rndis_packet) + PPI_ROOM)

/*
 * Build the headers of a data message with @data_len bytes of frame into
 * @buf (RX_HEADER_ROOM bytes). The number of bytes.
 */
uint32_t ppi_build(uint8_t *buf, const struct ppi_values *v, uint32_t data_len,
		   enum ppi_fault fault);

#endif
