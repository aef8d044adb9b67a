/* SPDX-License-Identifier: GPL-2.0-only */
/* What "azimuth xdp echo" and its BPF program agree on. */
#ifndef AZ_BPF_SHARED_XDP_ECHO_H
#define AZ_BPF_SHARED_XDP_ECHO_H

/* What became of a packet: index into map "verdicts". All but the first go on to the stack. */
enum xdp_echo_verdict {
	XDP_ECHO_SENT,		/* reflected */
	XDP_ECHO_OTHER,		/* not UDP over IP, or to another port */
	XDP_ECHO_FRAGMENT,	/* of a datagram: no port in most of them */
	XDP_ECHO_GROUP,		/* to a group or to all: an answer would come from there */
	XDP_ECHO_LOOP,		/* from our port: two reflectors would go on for ever */
	XDP_ECHO_SHORT,		/* ends within its headers */
	XDP_ECHO_VERDICTS
};

struct xdp_echo_config {
	unsigned short port;	/* network order */
	unsigned char compute;	/* the UDP checksum anew, see the man page */
	unsigned char pad;
};

/* Payload that a checksum is computed of; longer packets are not reflected with it. */
#define XDP_ECHO_BYTES	1480

#endif
