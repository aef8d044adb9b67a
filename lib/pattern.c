// SPDX-License-Identifier: GPL-2.0-only
#include "lib/pattern.h"

#include "lib/rng.h"

/* Eight bytes of the stream at a time; little endian on every machine. */
static uint8_t byte_at(uint64_t word, uint64_t offset)
{
	return (uint8_t)(word >> (8 * (offset % 8)));
}

static uint64_t word_at(uint64_t seed, uint64_t offset)
{
	return az_mix64(seed ^ az_mix64(offset / 8 + 1));
}

void az_pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t offset)
{
	uint64_t word = word_at(seed, offset);
	uint8_t *bytes = buf;
	size_t i;

	for (i = 0; i < len; i++, offset++) {
		if (offset % 8 == 0)
			word = word_at(seed, offset);
		bytes[i] = byte_at(word, offset);
	}
}

size_t az_pattern_match(const void *buf, size_t len, uint64_t seed, uint64_t offset)
{
	uint64_t word = word_at(seed, offset);
	const uint8_t *bytes = buf;
	size_t i;

	for (i = 0; i < len; i++, offset++) {
		if (offset % 8 == 0)
			word = word_at(seed, offset);
		if (bytes[i] != byte_at(word, offset))
			break;
	}
	return i;
}

uint64_t az_checksum(uint64_t sum, const void *buf, size_t len)
{
	const uint8_t *bytes = buf;
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ull;
	return sum;
}
