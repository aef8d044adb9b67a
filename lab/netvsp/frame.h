/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_FRAME_H
#define AZ_LAB_NETVSP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Ethernet frames in scattered guest memory. Headers are copied once into
 * private memory, parsed and changed there; the data stays where it is.
 */
#define FRAME_MAX	(65536 + 64)	/* bytes: 64 KiB of IP and the link header */
#define FRAME_HEAD_MAX	256		/* headers that are looked at */
#define FRAME_IOV_MAX	80

#define ETH_HEADER	14
#define VLAN_HEADER	4
#define ETHERTYPE_VLAN	0x8100
#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_IPV6	0x86dd
#define ETHERTYPE_ARP	0x0806

/* Where the headers are, from the start of the frame; 0: not there. */
struct frame_layout {
	uint16_t ethertype;
	uint16_t l3;
	uint8_t ip_version;	/* 4, 6, or 0 when not IP or cut short */
	uint8_t proto;		/* of the transport header */
	bool fragment;		/* part of an IP fragment: no transport header is looked at */
	uint16_t l4;		/* 0 unless TCP, UDP or ICMP with the minimal header there */
	uint16_t payload;	/* behind the TCP or UDP header */
};

/* Parse the first @len bytes of a frame in @head. Never reads behind @len; total. */
void frame_parse(const uint8_t *head, size_t len, struct frame_layout *l);

/* The bytes of all @n pieces together. */
size_t iov_bytes(const struct iovec *iov, int n);

/* Copy up to @len bytes from @offset; the number copied. */
size_t iov_copy(const struct iovec *iov, int n, size_t offset, void *dst, size_t len);

/* Describe [@offset, @offset + @len) in @out. Number of pieces; -EFAULT outside, -E2BIG. */
int iov_slice(const struct iovec *iov, int n, size_t offset, size_t len,
	      struct iovec *out, int max);

/*
 * Fields of protocol headers: big endian, at any address. The caller has checked
 * that the 2 or 4 bytes are there.
 */

/* The 16-bit field at @p. */
static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Write the 16-bit field at @p. */
static inline void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

/* The 32-bit field at @p. */
static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Write the 32-bit field at @p. */
static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

#endif
