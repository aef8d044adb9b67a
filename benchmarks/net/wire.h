/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in a message. Everything is little-endian. A plain echo server sends a
 * request back as it is, which is a valid answer; our own server marks its answers.
 *
 *	0  u32 magic "AZNM"
 *	4  u8  version, u8 flags, u16 flow (low bits)
 *	8  u64 seq, of the flow, from 0
 *	16 -- a message of less than NET_WIRE_FULL bytes has its body from here on --
 *	16 u32 length of this message		20 u32 length wanted of the answer
 *	24 u32 seed of the bodies		28 u32 wake-up, see below
 *	32 u64 when the server took the request, ns of its CLOCK_REALTIME
 *	40 u64 ns from there until it sent the answer, by its CLOCK_MONOTONIC; the wake-up
 *	   is the ns before it took the request since its kernel had it, 0: not known
 *	48 body: byte i of the message is byte i of stream "seed" of lib/pattern.h
 *
 * Over TCP every message has the full header.
 */
#ifndef AZ_BENCHMARKS_NET_WIRE_H
#define AZ_BENCHMARKS_NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_WIRE_MAGIC		0x4d4e5a41	/* "AZNM" */
#define NET_WIRE_VERSION	1
#define NET_WIRE_SHORT		16	/* bytes of the short header */
#define NET_WIRE_FULL		48	/* bytes of the full one */
#define NET_WIRE_MAX		(1u << 20)	/* bytes of a message over TCP */

enum net_wire_flag {
	NET_WIRE_ANSWER	= 1 << 0,	/* made by our server, not by an echo */
	NET_WIRE_SILENT	= 1 << 1,	/* wants no answer */
	NET_WIRE_CLOSE	= 1 << 2,	/* TCP: the server closes after this answer */
	NET_WIRE_CLOCK	= 1 << 4,	/* asks for the server's clock, see oneway.c */
	NET_WIRE_STAMPS	= 1 << 5,	/* asks for wake_ns */
	NET_WIRE_REFUSED = 1 << 3,	/* the server speaks the version of this header only */
};

/* A header, decoded. @full is false when the message is too short to have it all. */
struct net_wire {
	uint8_t version, flags;
	uint16_t flow;
	bool full;
	uint64_t seq;
	uint32_t length, answer, seed, wake_ns;
	uint64_t server_ns, held_ns;
};

/* Writes the header of a message of @len bytes (from 16 on). Returns its size. */
size_t net_wire_put(const struct net_wire *wire, void *data, size_t len);

enum net_wire_error {
	NET_WIRE_OK = 0,
	NET_WIRE_FOREIGN,	/* not ours: too short, or another magic */
	NET_WIRE_VERSIONS,	/* ours, of another version; @wire->version says which */
	NET_WIRE_DAMAGED,	/* a length in it is not that of the message */
};

/*
 * Reads the header of a datagram of @len bytes, or with @stream that of a message
 * at the beginning of @len bytes of a stream (at least NET_WIRE_FULL of them).
 */
enum net_wire_error net_wire_get(struct net_wire *wire, const void *data, size_t len, bool stream);

#endif
