/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data that can be checked without being kept: each byte follows from the seed
 * and its offset in the stream.
 */
#ifndef AZ_LIB_PATTERN_H
#define AZ_LIB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Fills @buf with the bytes at @offset, @offset + 1, ... of stream @seed. */
void az_pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t offset);

/* How many bytes of @buf agree with the stream before the first that does not. */
size_t az_pattern_match(const void *buf, size_t len, uint64_t seed, uint64_t offset);

/*
 * 64-bit FNV-1a, continued over pieces: start with AZ_CHECKSUM_INIT. The result
 * does not depend on how the data was cut.
 */
#define AZ_CHECKSUM_INIT	0xcbf29ce484222325ull
uint64_t az_checksum(uint64_t sum, const void *buf, size_t len);

#endif
