/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_CHECKSUM_H
#define AZ_LAB_NETVSP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * The Internet checksum (RFC 1071). Partial sums are of big-endian 16-bit
 * words and unfolded; csum_finish() gives the value for the header field, in
 * network byte order.
 */

/* Add @len bytes that begin at an even position of the checksummed data. */
uint64_t csum_bytes(uint64_t sum, const void *data, size_t len);

/* Add bytes [@offset, @offset + @len) of @iov; they begin at an even position. */
uint64_t csum_iov(uint64_t sum, const struct iovec *iov, int n, size_t offset, size_t len);

/* Add the pseudo header of @proto with @len bytes of transport header and data. */
uint64_t csum_pseudo4(uint64_t sum, const uint8_t saddr[4], const uint8_t daddr[4],
		      uint8_t proto, uint32_t len);
uint64_t csum_pseudo6(uint64_t sum, const uint8_t saddr[16], const uint8_t daddr[16],
		      uint8_t proto, uint32_t len);

/* Fold to 16 bits, in network byte order, without and with the complement. */
uint16_t csum_partial(uint64_t sum);
uint16_t csum_finish(uint64_t sum);

#endif
