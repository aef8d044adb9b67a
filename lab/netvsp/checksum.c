// SPDX-License-Identifier: GPL-2.0-only
#include "netvsp/checksum.h"

#include <arpa/inet.h>

#include "netvsp/iovwalk.h"

/* @odd: the first byte is the low half of a word. */
static uint64_t sum_piece(uint64_t sum, const uint8_t *p, size_t len, int odd)
{
	if (odd && len) {
		sum += *p++;
		len--;
	}
	for (; len >= 2; len -= 2, p += 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	if (len)
		sum += (uint32_t)*p << 8;
	return sum;
}

uint64_t csum_bytes(uint64_t sum, const void *data, size_t len)
{
	return sum_piece(sum, data, len, 0);
}

uint64_t csum_iov(uint64_t sum, const struct iovec *iov, int n, size_t offset, size_t len)
{
	struct iov_walk walk = { .iov = iov, .n = n, .offset = offset, .left = len };
	size_t done = 0, piece;
	uint8_t *at;

	for (; iov_walk_next(&walk, &at, &piece); done += piece)
		sum = sum_piece(sum, at, piece, done & 1);
	return sum;
}

uint64_t csum_pseudo4(uint64_t sum, const uint8_t saddr[4], const uint8_t daddr[4],
		      uint8_t proto, uint32_t len)
{
	sum = csum_bytes(sum, saddr, 4);
	sum = csum_bytes(sum, daddr, 4);
	return sum + proto + (len >> 16) + (len & 0xffff);
}

uint64_t csum_pseudo6(uint64_t sum, const uint8_t saddr[16], const uint8_t daddr[16],
		      uint8_t proto, uint32_t len)
{
	sum = csum_bytes(sum, saddr, 16);
	sum = csum_bytes(sum, daddr, 16);
	return sum + proto + (len >> 16) + (len & 0xffff);
}

uint16_t csum_partial(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)sum);
}

uint16_t csum_finish(uint64_t sum)
{
	return (uint16_t)~csum_partial(sum);
}
