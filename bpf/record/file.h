/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of "azimuth trace record". All numbers are little endian.
 *
 *	"AZTRACE\n"  u32 version  u32 0
 *	block...
 *	block:   u32 type  u32 bytes  u32 count  u32 crc  bytes of payload
 *
 * The first block is TRACE_BLOCK_HEAD, a JSON object (record.c says which); a file that
 * was ended in order has TRACE_BLOCK_END as its last one. A TRACE_BLOCK_COUNTS, about
 * one each second, has the same members as the end: how many events were lost up to
 * then. @crc is the CRC-32 of IEEE 802.3 over type, bytes, count and the payload.
 *
 * TRACE_BLOCK_EVENTS holds @count events, which begin anew in each block, so that a reader
 * needs no more than one block in memory:
 *
 *	u8 flags	what is as in the event before (of all zeros before the first), or 0
 *	varint ts	zigzag of the difference to the event before
 *	varints		tool, cpu, type, key, a, b: those that the flags do not tell
 *
 * varint: seven bits a byte, the lowest first, bit 7 set in all but the last.
 */
#ifndef AZ_BPF_RECORD_FILE_H
#define AZ_BPF_RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "bpf/shared/layout.h"

#define TRACE_FILE_MAGIC	"AZTRACE\n"
#define TRACE_FILE_VERSION	1u
#define TRACE_FILE_START	16u	/* bytes before the first block */
#define TRACE_BLOCK_START	16u	/* bytes before a block's payload */

enum trace_block {
	TRACE_BLOCK_HEAD = 1,
	TRACE_BLOCK_EVENTS,
	TRACE_BLOCK_COUNTS,
	TRACE_BLOCK_END,
};

/* Most that a payload may have; a reader refuses more. */
#define TRACE_EVENTS_BYTES	(64u << 10)
#define TRACE_JSON_BYTES	(1u << 20)

/* Where the writer begins a new block: what is lost of a full disk is less than that. */
#define TRACE_WRITE_BYTES	(4u << 10)

/* More than the last block has: its counts, and why it ended. */
#define TRACE_END_BYTES		4096u

/* An event takes at most that much: flags, and seven varints. */
#define TRACE_EVENT_BYTES	71u

enum {
	TRACE_SAME_TOOL = 1,
	TRACE_SAME_CPU = 2,
	TRACE_SAME_TYPE = 4,
	TRACE_SAME_KEY = 8,
	TRACE_A_ZERO = 16,
	TRACE_A_SAME = 32,
	TRACE_B_ZERO = 64,
	TRACE_B_SAME = 128,
};

/* Continues @crc (0 at first) over @len bytes. */
uint32_t trace_crc(uint32_t crc, const void *data, size_t len);

/* ---- writing ------------------------------------------------------------------ */

struct trace_writer {
	int fd;
	int error;		/* the first one, negative errno: nothing is written after it */
	uint64_t bytes;		/* of whole blocks, with the file's start */
	uint64_t events;	/* in whole blocks */
	uint32_t count, len;	/* of the block that is being filled */
	struct azt_event last;
	uint8_t *block;		/* its start and its payload */
};

/*
 * Creates @path, or empties it, and writes @head. A file is for its owner alone, as it
 * has addresses of the kernel in it. Returns 0, or negative errno; then there is
 * nothing to end.
 */
int trace_writer_open(struct trace_writer *w, const char *path, const json_t *head);

/* Adds one event; a full block goes to the file. Returns 0 or @w->error. */
int trace_writer_event(struct trace_writer *w, const struct azt_event *event);

/* Writes what is in memory, and @counts behind it. Returns 0 or @w->error. */
int trace_writer_flush(struct trace_writer *w, const json_t *counts);

/*
 * Ends the file with @counts. After an error too: the file was cut back to its last whole block, so
 * that there may be room for the end even on a full disk. Frees @w's memory. Returns 0 or the
 * first error.
 */
int trace_writer_end(struct trace_writer *w, const json_t *counts);

/* ---- reading ------------------------------------------------------------------- */

enum trace_how {
	TRACE_RUNNING,		/* not at its end yet */
	TRACE_COMPLETE,
	TRACE_TRUNCATED,	/* stops without an end: the recorder was killed, or still runs */
	TRACE_DAMAGED,
};

struct trace_reader {
	FILE *file;
	json_t *head;
	json_t *counts;		/* the last ones, NULL: none */
	enum trace_how how;
	uint64_t offset;	/* of the block that was read last: where damage is */
	uint64_t events;	/* read so far */
	char error[128];	/* what is wrong, "" nothing */

	uint8_t *payload;
	uint32_t len, at, left;	/* of the block of events */
	struct azt_event last;
};

/*
 * Takes over @file, reads what is before the events. Returns 0, or -EINVAL with @r->error
 * set when it is no recording that can be read, or -ENOMEM; @file is closed then.
 */
int trace_reader_open(struct trace_reader *r, FILE *file);

/* The next event: true, or false at the end, which @r->how tells. */
bool trace_reader_next(struct trace_reader *r, struct azt_event *event);

/* Back to the first event. Returns 0 or negative errno. */
int trace_reader_rewind(struct trace_reader *r);

/* Closes the file and frees all that @r has. */
void trace_reader_close(struct trace_reader *r);

#endif
