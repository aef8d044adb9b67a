/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_INTERNAL_H
#define AZ_LAB_STORVSP_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/vstor.h"
#include "storvsp/scsi.h"
#include "storvsp/storvsp.h"
#include "vmbus/device.h"
#include "vmbus/replies.h"

/*
 * A SCSI controller and its channels. What is in struct storvsp_channel
 * belongs to the channel's loop. The controller itself changes on the control
 * loop only; channels read it through atomics. A disk is taken out of the
 * table first and freed when every channel's loop has gone round once.
 */

/* Pieces of guest memory of one request: the largest transfer, not aligned, in several ranges. */
#define STORVSP_MAX_IOV		(LUN_MAX_TRANSFER / GUEST_PAGE_SIZE + 64)

/* Delayed completions of a channel; beyond it a request is answered with TASK SET FULL. */
#define STORVSP_MAX_DELAYED	4096

struct storvsp_counters {
	counter_t reads, writes;		/* that were carried out */
	counter_t bytes_read, bytes_written;
	counter_t flushes, unmaps;
	counter_t errors;			/* commands that ended in anything but success */
	counter_t malformed;			/* packets that broke the protocol */
	counter_t completions_delayed, completions_lost, completions_duplicated;
	counter_t requests_withheld;
	counter_t resets;			/* of a unit, the adapter or the bus */
	counter_t commands[256];		/* by operation code */
};

/* How far the guest got with the initialization on the primary channel. */
enum storvsp_stage {
	STORVSP_OPENED,
	STORVSP_BEGUN,
	STORVSP_VERSIONED,
	STORVSP_READY,
};

/* A packet on its way to the guest. */
struct storvsp_packet {
	struct reply reply;
	uint64_t trans_id;
	bool completion;			/* else in band, unsolicited */
	unsigned int offer;			/* then offer so many sub-channels */
	struct vstor_packet pkt;
};

struct storvsp_channel {
	struct storvsp *ctl;
	struct vmbus_channel *ch;		/* while open */
	enum storvsp_stage stage;
	bool subchannels_made;
	struct reply_queue replies;
	struct storvsp_counters counters;
	struct iovec iov[STORVSP_MAX_IOV];
};

struct storvsp {
	struct vmbus_device dev;
	unsigned int instance;
	struct lun_table luns;
	unsigned int max_channels;		/* sub-channels */
	atomic_bool ready;			/* the guest finished the initialization */
	/* by sub_index; they stay when a channel closes, for their counters */
	struct storvsp_channel *_Atomic channel[1 + LUN_MAX_CHANNELS];
};

/* What a completion needs beyond its packet. */
struct storvsp_reply {
	struct vstor_packet pkt;
	uint64_t trans_id;
	bool wanted;				/* the guest asked for a completion */
	const char *op;				/* for faults */
	uint64_t delay_ns;
	unsigned int offer;
};

/* ---- init.c, srb.c: one packet of the guest -------------------------------- */
void storvsp_control_packet(struct storvsp_channel *sc, struct storvsp_reply *reply);
void storvsp_execute_srb(struct storvsp_channel *sc, const struct ring_packet *pkt,
			 struct storvsp_reply *reply);

/* ---- complete.c ------------------------------------------------------------ */

/* Complete a request, with whatever faults and delays say. */
void storvsp_complete(struct storvsp_channel *sc, const struct storvsp_reply *reply);

/* True when a fault swallows the request before it is carried out. */
bool storvsp_withheld(struct storvsp_channel *sc, const char *op);

/* Sends a struct storvsp_packet: of struct reply_queue. */
int storvsp_transmit(struct vmbus_channel *ch, const struct reply *reply);

/* Send an unsolicited packet of @operation on the primary channel. */
void storvsp_notify(struct storvsp *ctl, uint32_t operation);

/* Complete all delayed requests of all channels now. */
void storvsp_hurry(struct storvsp *ctl);

/* ---- storvsp.c ------------------------------------------------------------- */

/* Add the disk of @spec; its number in *@number. 0 or -errno with one line in @err. */
int storvsp_add_lun(struct storvsp *ctl, const char *spec, int *number,
		    char *err, unsigned int err_len);

/* ---- command.c ------------------------------------------------------------- */

/* Commands of the control socket: add-lun, remove-lun, resize. As ops->command. */
int storvsp_command(struct vmbus_device *dev, const char *cmd, json_t *args, json_t *reply);

#endif
