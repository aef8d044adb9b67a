// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/record/file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t trace_crc(uint32_t crc, const void *data, size_t len)
{
	static uint32_t table[256];
	const uint8_t *p = data;
	uint32_t c;
	int i, j;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			for (c = (uint32_t)i, j = 0; j < 8; j++)
				c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
			table[i] = c;
		}
	}
	crc = ~crc;
	while (len--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Keeps room behind the last block, which a block that does not fit gives back when it is cut:
 * so that the end of a recording on a full disk fits. Where nothing can be reserved, a
 * pipe or an old file system, nothing is. 0 or -ENOSPC.
 */
static int reserve(const struct trace_writer *w, size_t bytes)
{
	if (!fallocate(w->fd, FALLOC_FL_KEEP_SIZE, (off_t)(w->bytes + bytes), TRACE_END_BYTES))
		return 0;
	return errno == ENOSPC ? -ENOSPC : 0;
}

/* @block has room for its start before @len bytes of payload. */
static int write_block(struct trace_writer *w, enum trace_block type, uint8_t *block, uint32_t len,
		       uint32_t count)
{
	uint32_t start[4] = { htole32(type), htole32(len), htole32(count) };
	int rc;

	memcpy(block, start, 12);
	start[3] = htole32(trace_crc(trace_crc(0, block, 12), block + TRACE_BLOCK_START, len));
	memcpy(block + 12, &start[3], 4);
	rc = write_all(w->fd, block, TRACE_BLOCK_START + len);
	if (!rc && type != TRACE_BLOCK_END)
		rc = reserve(w, TRACE_BLOCK_START + len);
	if (!rc) {
		w->bytes += TRACE_BLOCK_START + len;
		return 0;
	}
	/* Half a block is of no use, and gives the end its room. A pipe cannot be cut. */
	if (!ftruncate(w->fd, (off_t)w->bytes))
		lseek(w->fd, (off_t)w->bytes, SEEK_SET);
	return rc;
}

static int write_json(struct trace_writer *w, enum trace_block type, const json_t *json)
{
	size_t len = json_dumpb(json, NULL, 0, JSON_COMPACT);
	uint8_t *block;
	int rc;

	if (!len || len > TRACE_JSON_BYTES)
		return -EMSGSIZE;
	block = malloc(TRACE_BLOCK_START + len);
	if (!block)
		return -ENOMEM;
	json_dumpb(json, (char *)block + TRACE_BLOCK_START, len, JSON_COMPACT);
	rc = write_block(w, type, block, (uint32_t)len, 0);
	free(block);
	return rc;
}

int trace_writer_open(struct trace_writer *w, const char *path, const json_t *head)
{
	uint8_t start[TRACE_FILE_START] = TRACE_FILE_MAGIC;
	uint32_t version = htole32(TRACE_FILE_VERSION);
	int rc;

	memset(w, 0, sizeof(*w));
	w->block = malloc(TRACE_BLOCK_START + TRACE_WRITE_BYTES);
	if (!w->block)
		return -ENOMEM;
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		rc = -errno;
		goto out;
	}
	memcpy(start + 8, &version, sizeof(version));
	rc = write_all(w->fd, start, sizeof(start));
	w->bytes = sizeof(start);
	if (!rc)
		rc = write_json(w, TRACE_BLOCK_HEAD, head);
	if (!rc)
		return 0;
	close(w->fd);
out:
	free(w->block);
	return rc;
}

static uint8_t *put(uint8_t *p, uint64_t value)
{
	while (value >= 0x80) {
		*p++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*p++ = (uint8_t)value;
	return p;
}

static uint8_t *put_event(uint8_t *p, const struct azt_event *e, const struct azt_event *last)
{
	uint8_t *flags = p++;
	int64_t delta = (int64_t)(e->ts - last->ts);

	*flags = (e->tool == last->tool ? TRACE_SAME_TOOL : 0) |
		 (e->cpu == last->cpu ? TRACE_SAME_CPU : 0) |
		 (e->type == last->type ? TRACE_SAME_TYPE : 0) |
		 (e->key == last->key ? TRACE_SAME_KEY : 0) |
		 (!e->a ? TRACE_A_ZERO : e->a == last->a ? TRACE_A_SAME : 0) |
		 (!e->b ? TRACE_B_ZERO : e->b == last->b ? TRACE_B_SAME : 0);
	p = put(p, (uint64_t)delta << 1 ^ (uint64_t)(delta >> 63));
	if (!(*flags & TRACE_SAME_TOOL))
		p = put(p, e->tool);
	if (!(*flags & TRACE_SAME_CPU))
		p = put(p, e->cpu);
	if (!(*flags & TRACE_SAME_TYPE))
		p = put(p, e->type);
	if (!(*flags & TRACE_SAME_KEY))
		p = put(p, e->key);
	if (!(*flags & (TRACE_A_ZERO | TRACE_A_SAME)))
		p = put(p, e->a);
	if (!(*flags & (TRACE_B_ZERO | TRACE_B_SAME)))
		p = put(p, e->b);
	return p;
}

static int write_events(struct trace_writer *w)
{
	if (!w->error && w->count) {
		w->error = write_block(w, TRACE_BLOCK_EVENTS, w->block, w->len, w->count);
		if (!w->error)
			w->events += w->count;
	}
	w->count = 0;
	w->len = 0;
	memset(&w->last, 0, sizeof(w->last));
	return w->error;
}

int trace_writer_event(struct trace_writer *w, const struct azt_event *event)
{
	uint8_t *payload = w->block + TRACE_BLOCK_START;

	if (w->error)
		return w->error;
	w->len = (uint32_t)(put_event(payload + w->len, event, &w->last) - payload);
	w->last = *event;
	w->count++;
	return w->len > TRACE_WRITE_BYTES - TRACE_EVENT_BYTES ? write_events(w) : 0;
}

int trace_writer_flush(struct trace_writer *w, const json_t *counts)
{
	if (!write_events(w))
		w->error = write_json(w, TRACE_BLOCK_COUNTS, counts);
	return w->error;
}

int trace_writer_end(struct trace_writer *w, const json_t *counts)
{
	int rc = write_events(w), end;

	end = write_json(w, TRACE_BLOCK_END, counts);
	/* What was kept for the end is not the file's any more. A pipe cannot be cut. */
	if (!end && ftruncate(w->fd, (off_t)w->bytes) && errno != EINVAL)
		end = -errno;
	if (close(w->fd) && !end)
		end = -errno;
	free(w->block);
	w->block = NULL;
	return rc ? rc : end;
}
