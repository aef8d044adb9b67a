/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_FUZZ_NETBUS_H
#define AZ_LAB_FUZZ_NETBUS_H

#include "netvsp/internal.h"

/*
 * The bus as netvsp sees it, played in one thread for the fuzzers of NVSP and
 * RNDIS: channels, page lists, timers and calls between loops. It watches what
 * the host sends: each receive section is the host's or the guest's, never
 * both, and a completion is for a packet that asked for one.
 */
#define NETBUS_CHANNELS	4
#define NETBUS_RECV	1u	/* GPADL handles */
#define NETBUS_SEND	2u
#define NETBUS_PAGES	32	/* of each of them */
#define NETBUS_GPA	20	/* pages for GPA_DIRECT packets */

extern uint8_t *netbus_gpa;		/* contents of those pages */
extern unsigned int netbus_gpa_pages;	/* in the next packet; above NETBUS_GPA: refused */
extern unsigned int netbus_gpa_offset;	/* into each */
extern bool netbus_ring_full;

/* Once: the device @spec. */
void netbus_init(const char *spec);
/* The primary is open / everything is closed again and nothing is left behind. */
void netbus_start(void);
void netbus_end(void);

/* The guest's packet on channel @c; ignored when that is closed. */
void netbus_packet(unsigned int c, uint16_t type, bool want_completion, uint64_t trans_id,
		   const void *payload, uint32_t len);
/* Bring up to RNDIS_INITIALIZE and a packet filter. */
void netbus_bring_up(void);
/* A control message from GPA pages. */
void netbus_control(uint32_t type, const void *body, uint32_t len);
/* The guest gives the @nth receive packet that it has back. */
void netbus_give_back(unsigned int nth);
/* All timers run out; calls that were posted run. */
void netbus_timers(void);
void netbus_toggle_channel(unsigned int c);
/* The guest tears NETBUS_RECV or NETBUS_SEND down: the device must let go of it. */
void netbus_tear_down(uint32_t gpadl);
/* Write into the send buffer. */
void netbus_send_buffer(uint32_t offset, const void *data, uint32_t len);

#endif
