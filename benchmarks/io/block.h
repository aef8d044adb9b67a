/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks that name themselves: whose, where, which of several writes, and a
 * checksum. A block that is whole but lies in the wrong place, is from another
 * run or is older than it should be is told from one that is damaged.
 */
#ifndef AZ_BENCHMARKS_IO_BLOCK_H
#define AZ_BENCHMARKS_IO_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IO_BLOCK_MIN	512u

enum io_wrong {
	IO_RIGHT,
	IO_NO_HEADER,	/* not a block of this program */
	IO_UNWRITTEN,	/* nothing but zeros */
	IO_HEADER,	/* its header is damaged */
	IO_OTHER_SEED,	/* of a run with another --seed */
	IO_OTHER_BLOCK,	/* whole, but it belongs elsewhere, or has another size */
	IO_CHECKSUM,	/* its contents are damaged */
	IO_CONTENTS,	/* the checksum is right, yet not what was written */
	IO_STALE,	/* an older write than the last that was completed */
	IO_WRONGS
};

/* "unwritten", "other seed", ... */
extern const char *const io_wrong_names[IO_WRONGS];

/*
 * Fills @buf, @len bytes >= IO_BLOCK_MIN, with the contents @content of stream
 * @seed and their checksum. io_block_place() then makes a valid block of it, as
 * often as needed: it is cheap, and says where it will lie and which write it is.
 */
void io_block_fill(void *buf, size_t len, uint64_t seed, uint64_t content);
void io_block_place(void *buf, uint64_t offset, uint64_t generation);

/*
 * Is @buf, @len bytes, a block that a run of @seed made for @offset? *@generation
 * (may be NULL) is the write that it is of. IO_STALE is not found here.
 */
enum io_wrong io_block_check(const void *buf, size_t len, uint64_t seed, uint64_t offset,
			     uint64_t *generation);

/* Does @buf, of at least 8 bytes, begin with a block of this program, of any version? */
bool io_block_is_ours(const void *buf);

#endif
