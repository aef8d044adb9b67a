/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of raw samples, about 7 bytes each. All numbers are little-endian:
 *
 *	"AZSAMPL1", u32 length and that many bytes of JSON:
 *		{"benchmark", "histogram", "start": date, "paths": [...], ...}
 *	blocks: u32 magic "AZSB", u32 thread, u32 samples, u32 bytes, u32 CRC-32
 *		of these four and the payload; payload: for each sample three LEB128
 *		numbers: time since the one before in the block (zigzag; the first
 *		since the start), latency, path * 2 + lost
 *	the end: a block with magic "AZSE" and thread 0, no samples, no bytes
 *
 * A file without the end block is of a run that was cut off; the blocks that are
 * whole are good.
 */
#ifndef AZ_LIB_SAMPLES_H
#define AZ_LIB_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define AZ_SAMPLES_BLOCK	4096u	/* most samples of a block */

struct az_sample {
	uint64_t at;		/* ns since the start of the run, of the intended time */
	uint64_t ns;		/* latency; 0 of a lost one */
	uint32_t thread;	/* set by the reader; a writer gives it for a whole block */
	uint8_t path;		/* index + 1 in "paths" of the head, 0: not known */
	bool lost;
};

struct az_samples_writer;
struct az_samples_reader;

/*
 * Creates @path with @head (an object, not consumed). Returns 0 and *@writer, or
 * negative errno.
 */
int az_samples_create(struct az_samples_writer **writer, const char *path, const json_t *head);

/*
 * Appends @count samples of @thread. When the disk is full the file is cut back to whole
 * blocks. Returns 0 or negative errno; after an error nothing more is written.
 */
int az_samples_write(struct az_samples_writer *writer, uint32_t thread,
		     const struct az_sample *samples, unsigned int count);

/*
 * Writes the end block unless something failed before, and frees @writer (may be
 * NULL). Returns 0 or negative errno.
 */
int az_samples_close(struct az_samples_writer *writer);

/*
 * Opens a file for reading. Returns 0 and *@reader; negative errno; -EINVAL also
 * for what is no such file, with the reason in *@why.
 */
int az_samples_open(struct az_samples_reader **reader, const char *path, const char **why);

/* The head of the file; belongs to @reader. */
const json_t *az_samples_head(const struct az_samples_reader *reader);

/*
 * The next sample. Returns 1; 0 at the end of a complete file; -ENODATA at the
 * end of one that was cut off; -EINVAL when it is damaged, with the reason in *@why.
 */
int az_samples_next(struct az_samples_reader *reader, struct az_sample *sample, const char **why);

/* Closes and frees @reader; NULL is fine. */
void az_samples_free(struct az_samples_reader *reader);

#endif
