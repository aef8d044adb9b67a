/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_FAKEGUEST_H
#define AZ_TESTS_FAKEGUEST_H

#include "vmbus/bus.h"

/*
 * A guest without KVM, for unit tests of the bus and of devices: guest memory,
 * a SynIC with one message slot and event flags for each VP, and the guest's
 * half of the rings. All calls are synchronous: they wait for the host with a
 * generous deadline and fail the cmocka test when it passes. Guest pages are
 * handed out scattered, so that nothing works by being contiguous.
 *
 * One thread of the test uses a guest; the host's loops run beside it.
 *
 *	struct fakeguest *fg = fg_new(64, 2);
 *	vmbus_add_device(fg->bus, dev);
 *	fg_connect(fg, VMBUS_VERSION_5_3);
 *	fg_request_offers(fg);
 *	struct fg_channel *ch = fg_open(fg, dev, 0, 4, 4, NULL, 0);
 *	fg_send_inband(ch, &req, sizeof(req), 1, true);
 *	fg_recv(ch, &pkt);		the host's completion
 *	fg_close(ch);
 *	fg_free(fg);
 */

#define FG_MAX_VPS	64
#define FG_MAX_OFFERS	256

union fg_message {
	struct vmbus_msg_header h;
	struct vmbus_msg_offer offer;
	struct vmbus_msg_relid relid;
	struct vmbus_msg_open_result open_result;
	struct vmbus_msg_gpadl_created created;
	struct vmbus_msg_gpadl_torndown torndown;
	struct vmbus_msg_version_response version;
	struct vmbus_msg_modify_response modify;
	struct vmbus_msg_tl_connect_result tl;
	uint8_t raw[VMBUS_MESSAGE_MAX];
};

struct fg_state;	/* fakeguest.c */

struct fakeguest {
	struct guest_memory mem;
	struct faults *faults;
	struct vmbus *bus;
	uint32_t version;
	uint32_t message_conn;
	uint64_t monitor_gpa;		/* guest->host monitor page */
	struct vmbus_msg_offer offer[FG_MAX_OFFERS];	/* not rescinded, any order */
	unsigned int n_offers;
	uint32_t next_gpadl;
	struct fg_state *state;
};

/* Guest pages that the host may know as a GPADL. */
struct fg_buffer {
	struct fakeguest *fg;
	uint32_t gpadl;		/* handle; 0: not shared */
	uint32_t relid;
	struct gpadl *g;	/* the guest's view: gpadl_read(), gpadl_write(), gpadl_iov() */
	uint64_t *pfn;
	uint32_t pages;
};

struct fg_channel {
	struct fakeguest *fg;
	struct vmbus_msg_offer offer;
	struct fg_buffer *rings;
	struct ring out, in;	/* the guest produces in "out" */
	struct ring_packet packet;
	bool have_packet;
	uint8_t *buf;
	unsigned int signals;	/* sent to the host */
};

/* ---- life ------------------------------------------------------------------ */

/* A guest with a bus, not connected. */
struct fakeguest *fg_new(unsigned int memory_mib, unsigned int vps);
/* Frees the bus with its devices, too. Channels and buffers must be freed before. */
void fg_free(struct fakeguest *fg);
/* Add a fault; timed ones start to count. Fails the test when it is refused. */
void fg_fault(struct fakeguest *fg, const char *spec);

/* ---- memory ---------------------------------------------------------------- */

/* GPA of a zeroed page that nobody else has; never given back. */
uint64_t fg_page(struct fakeguest *fg);
/* Host address of @len bytes at @gpa. */
void *fg_at(struct fakeguest *fg, uint64_t gpa, uint64_t len);
/* @pages scattered pages, not shared. */
struct fg_buffer *fg_buffer_new(struct fakeguest *fg, uint32_t pages);
/* Share it for channel @relid: GPADL_HEADER and bodies; the host's creation status. */
uint32_t fg_buffer_share(struct fg_buffer *b, uint32_t relid);
/* GPADL_TEARDOWN, and wait for TORNDOWN. */
void fg_buffer_unshare(struct fg_buffer *b);
void fg_buffer_free(struct fg_buffer *b);

/* ---- messages -------------------------------------------------------------- */

/* Post to the host; the hypercall's status. fg_post() wants success. */
uint16_t fg_try_post(struct fakeguest *fg, const void *msg, uint32_t len);
void fg_post(struct fakeguest *fg, const void *msg, uint32_t len);
/*
 * Take the next message out of a slot, with EOM when it is wanted. Offers and
 * rescinds are noted in fg->offer on the way. Its type; the length in *@len
 * when that is not NULL.
 */
uint32_t fg_next(struct fakeguest *fg, union fg_message *m, uint32_t *len);
/* The next message, which must have @type; offers, rescinds before it are only noted. */
void fg_expect(struct fakeguest *fg, uint32_t type, union fg_message *m);
/* Everything posted is handled; fails when there is a message from the host. */
void fg_expect_silence(struct fakeguest *fg);
/* Wait until the host handled what was posted. */
void fg_sync(struct fakeguest *fg);
/* Which VP and SINT the last message came to. */
void fg_last_target(struct fakeguest *fg, uint32_t *vp, unsigned int *sint);
/* From now on slots are freed without EOM, as a guest does whose write is lost. */
void fg_lose_eom(struct fakeguest *fg, bool lose);

/* ---- connection ------------------------------------------------------------ */

/* INITIATE_CONTACT; 0, or -ECONNREFUSED when the host does not take @version. */
int fg_connect(struct fakeguest *fg, uint32_t version);
/* REQUESTOFFERS until ALLOFFERS_DELIVERED. The number of offers known now. */
unsigned int fg_request_offers(struct fakeguest *fg);
/* The offer of @dev's sub-channel @index; waits for it to come. */
struct vmbus_msg_offer *fg_offer(struct fakeguest *fg, struct vmbus_device *dev,
				 unsigned int index);
/* Is such an offer known? Does not wait. */
bool fg_is_offered(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index);
void fg_release_relid(struct fakeguest *fg, uint32_t relid);

/* ---- channels -------------------------------------------------------------- */

/*
 * Open sub-channel @index of @dev with rings of @send_pages and @recv_pages
 * (control page included) that interrupts @vp; @user_data has 120 bytes or is
 * NULL. fg_try_open() gives the host's status, with *@ch only when it is 0.
 */
uint32_t fg_try_open(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
		     uint32_t send_pages, uint32_t recv_pages, const void *user_data,
		     uint32_t vp, struct fg_channel **ch);
struct fg_channel *fg_open(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
			   uint32_t send_pages, uint32_t recv_pages, const void *user_data,
			   uint32_t vp);
/* CLOSECHANNEL, tear the rings down, free. */
void fg_close(struct fg_channel *ch);
/* Free without a word to the host: after a rescind, an unload, a reset. */
void fg_forget(struct fg_channel *ch);

/* ---- packets ---------------------------------------------------------------- */

/*
 * Write a packet as the guest's driver does, with the signal when the contract
 * wants one. 0 or -EAGAIN when the ring is full.
 */
int fg_send(struct fg_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
	    const void *extra, uint32_t extra_len, const void *data, uint32_t len);
int fg_send_inband(struct fg_channel *ch, const void *data, uint32_t len, uint64_t trans_id,
		   bool want_completion);
int fg_complete(struct fg_channel *ch, uint64_t trans_id, const void *data, uint32_t len);

/*
 * GPA_DIRECT, completion requested: one range of @n pages with @offset into
 * the first and @count bytes.
 */
int fg_send_gpa(struct fg_channel *ch, const uint64_t *pfn, unsigned int n, uint32_t offset,
		uint32_t count, const void *data, uint32_t len, uint64_t trans_id);

struct fg_page_range {
	uint32_t len, offset;	/* within the page */
	uint64_t pfn;
};

/* The same with one range for each page, as netvsc does with its page buffers. */
int fg_send_pages(struct fg_channel *ch, const struct fg_page_range *range, unsigned int n,
		  const void *data, uint32_t len, uint64_t trans_id);

/* Signal the host whether the ring wants it or not. */
void fg_signal(struct fg_channel *ch);

/*
 * The next packet from the host, which lives until the following call.
 * fg_recv() waits for it; fg_try_recv() is false when there is none now.
 */
void fg_recv(struct fg_channel *ch, struct ring_packet *pkt);
bool fg_try_recv(struct fg_channel *ch, struct ring_packet *pkt);

/* How often the host set this channel's event flag so far, and on which VP last. */
unsigned int fg_interrupts(struct fg_channel *ch, uint32_t *last_vp);

/* Wait until @done(@ctx) holds, looked at after each thing that the host does and each ms. */
void fg_wait(struct fakeguest *fg, bool (*done)(void *ctx), void *ctx);

/* ---- counters ---------------------------------------------------------------- */

/* counters[@name] or device_counters[@name] of @dev's sub-channel @index; -1: no such. */
int64_t fg_counter(struct fakeguest *fg, struct vmbus_device *dev, unsigned int index,
		   const char *name);
/* Of vmbus_message_counters(): "ignored", "received.open", ...; 0 when not there. */
int64_t fg_message_counter(struct fakeguest *fg, const char *name);

#endif
