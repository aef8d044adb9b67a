// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/block.h"

#include <endian.h>
#include <string.h>

#include "lib/pattern.h"
#include "lib/rng.h"

#define MAGIC		0x324b4c425a41ull	/* "AZBLK2" and two zero bytes */
#define MAGIC_1		0x4b4c4256495a41ull	/* of azimuth 0.1: "AZIVBLK" and a zero byte */

/* All little endian. */
struct header {
	uint64_t magic, seed, offset, generation, content, len;
	uint64_t checksum;	/* of the contents that follow */
	uint64_t check;		/* of the fields above */
};

const char *const io_wrong_names[IO_WRONGS] = {
	[IO_RIGHT] = "right",
	[IO_NO_HEADER] = "no header",
	[IO_UNWRITTEN] = "unwritten",
	[IO_HEADER] = "damaged header",
	[IO_OTHER_SEED] = "other seed",
	[IO_OTHER_BLOCK] = "other block",
	[IO_CHECKSUM] = "checksum",
	[IO_CONTENTS] = "contents",
	[IO_STALE] = "older write",
};

bool io_block_is_ours(const void *buf)
{
	uint64_t magic;

	memcpy(&magic, buf, sizeof(magic));
	magic = le64toh(magic);
	return magic == MAGIC || magic == MAGIC_1;
}

static uint64_t stream_of(uint64_t seed, uint64_t content)
{
	return az_mix64(seed * 0x9e3779b97f4a7c15ull ^ content);
}

static uint64_t check_of(const struct header *h)
{
	uint64_t words[7], sum = 0;
	unsigned int i;

	memcpy(words, h, sizeof(words));
	for (i = 0; i < 7; i++)
		sum = az_mix64(sum ^ le64toh(words[i]));
	return htole64(sum);
}

void io_block_fill(void *buf, size_t len, uint64_t seed, uint64_t content)
{
	uint8_t *contents = (uint8_t *)buf + sizeof(struct header);
	size_t left = len - sizeof(struct header);
	struct header h = {
		.magic = htole64(MAGIC),
		.seed = htole64(seed),
		.content = htole64(content),
		.len = htole64(len),
	};

	az_pattern_fill(contents, left, stream_of(seed, content), 0);
	h.checksum = htole64(az_checksum(AZ_CHECKSUM_INIT, contents, left));
	memcpy(buf, &h, sizeof(h));
}

void io_block_place(void *buf, uint64_t offset, uint64_t generation)
{
	struct header h;

	memcpy(&h, buf, sizeof(h));
	h.offset = htole64(offset);
	h.generation = htole64(generation);
	h.check = check_of(&h);
	memcpy(buf, &h, sizeof(h));
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

enum io_wrong io_block_check(const void *buf, size_t len, uint64_t seed, uint64_t offset,
			     uint64_t *generation)
{
	const uint8_t *contents = (const uint8_t *)buf + sizeof(struct header);
	size_t left = len - sizeof(struct header);
	struct header h;
	uint64_t stream;

	memcpy(&h, buf, sizeof(h));
	if (le64toh(h.magic) != MAGIC)
		return all_zero(buf, len) ? IO_UNWRITTEN : IO_NO_HEADER;
	if (h.check != check_of(&h))
		return IO_HEADER;
	if (le64toh(h.seed) != seed)
		return IO_OTHER_SEED;
	if (le64toh(h.offset) != offset || le64toh(h.len) != len)
		return IO_OTHER_BLOCK;
	if (le64toh(h.checksum) != az_checksum(AZ_CHECKSUM_INIT, contents, left))
		return IO_CHECKSUM;
	stream = stream_of(seed, le64toh(h.content));
	if (az_pattern_match(contents, left, stream, 0) != left)
		return IO_CONTENTS;
	if (generation)
		*generation = le64toh(h.generation);
	return IO_RIGHT;
}
