// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a recording as what it is: bytes that anyone may have written. Nothing in it
 * is believed before it was compared with a limit, and memory does not depend on it.
 */
#include "bpf/record/file.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct block {
	uint32_t type, bytes, count;
};

__attribute__((format(printf, 2, 3)))
static void damaged(struct trace_reader *r, const char *fmt, ...)
{
	va_list ap;

	r->how = TRACE_DAMAGED;
	va_start(ap, fmt);
	vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
}

static uint32_t limit_of(uint32_t type)
{
	switch (type) {
	case TRACE_BLOCK_HEAD:
	case TRACE_BLOCK_COUNTS:
	case TRACE_BLOCK_END:
		return TRACE_JSON_BYTES;
	case TRACE_BLOCK_EVENTS:
		return TRACE_EVENTS_BYTES;
	}
	return 0;
}

/*
 * Reads the next block into @r->payload: 1, 0 where the file stops, with @r->how set, or where
 * it is damaged. A block that is not whole is no damage: that is how a killed recorder leaves it.
 */
static int read_block(struct trace_reader *r, struct block *block)
{
	uint32_t start[4], crc;
	uint8_t *payload;

	r->offset = (uint64_t)ftello(r->file);
	r->how = TRACE_TRUNCATED;
	if (fread(start, 1, sizeof(start), r->file) != sizeof(start))
		return 0;
	block->type = le32toh(start[0]);
	block->bytes = le32toh(start[1]);
	block->count = le32toh(start[2]);
	if (!block->bytes || block->bytes > limit_of(block->type)) {
		damaged(r, "no block of this format");
		return 0;
	}
	payload = realloc(r->payload, block->bytes);
	if (!payload) {
		damaged(r, "no memory for it");
		return 0;
	}
	r->payload = payload;
	if (fread(payload, 1, block->bytes, r->file) != block->bytes)
		return 0;
	crc = trace_crc(trace_crc(0, start, 12), payload, block->bytes);
	if (crc != le32toh(start[3])) {
		damaged(r, "its checksum is wrong");
		return 0;
	}
	r->len = block->bytes;
	r->how = TRACE_RUNNING;
	return 1;
}

static json_t *payload_json(struct trace_reader *r)
{
	json_t *json = json_loadb((const char *)r->payload, r->len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(json)) {
		json_decref(json);
		damaged(r, "its JSON cannot be read");
		return NULL;
	}
	return json;
}

static int read_head(struct trace_reader *r)
{
	struct {
		char magic[8];
		uint32_t version, zero;
	} start;
	struct block block;

	if (fread(&start, 1, sizeof(start), r->file) != sizeof(start) ||
	    memcmp(start.magic, TRACE_FILE_MAGIC, sizeof(start.magic))) {
		damaged(r, "not a recording of 'azimuth trace record'");
		return -EINVAL;
	}
	if (le32toh(start.version) != TRACE_FILE_VERSION) {
		damaged(r, "a recording of format %u, this azimuth reads format %u",
			le32toh(start.version), TRACE_FILE_VERSION);
		return -EINVAL;
	}
	if (!read_block(r, &block)) {
		if (r->how == TRACE_TRUNCATED)
			damaged(r, "stops before the first event");
		return -EINVAL;
	}
	if (block.type != TRACE_BLOCK_HEAD) {
		damaged(r, "does not begin with its facts");
		return -EINVAL;
	}
	r->head = payload_json(r);
	r->len = 0;
	return r->head ? 0 : -EINVAL;
}

int trace_reader_open(struct trace_reader *r, FILE *file)
{
	int rc;

	memset(r, 0, sizeof(*r));
	r->file = file;
	rc = read_head(r);
	if (rc)
		trace_reader_close(r);
	return rc;
}

int trace_reader_rewind(struct trace_reader *r)
{
	json_t *head = r->head;
	int rc;

	if (fseeko(r->file, 0, SEEK_SET))
		return -errno;
	json_decref(r->counts);
	r->counts = NULL;
	r->head = NULL;
	r->left = 0;
	r->events = 0;
	rc = read_head(r);
	json_decref(head);
	return rc;
}

void trace_reader_close(struct trace_reader *r)
{
	fclose(r->file);
	free(r->payload);
	json_decref(r->head);
	json_decref(r->counts);
	r->file = NULL;
	r->payload = NULL;
	r->head = NULL;
	r->counts = NULL;
}

static bool get(struct trace_reader *r, uint64_t most, uint64_t *value)
{
	unsigned int shift;
	uint8_t byte;

	*value = 0;
	for (shift = 0; shift < 64 && r->at < r->len; shift += 7) {
		byte = r->payload[r->at++];
		/* The tenth byte has one bit of 64. */
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return *value <= most;
	}
	return false;
}

static bool get_event(struct trace_reader *r, struct azt_event *e)
{
	uint64_t delta, tool = e->tool, cpu = e->cpu, type = e->type, key = e->key;
	uint64_t a = e->a, b = e->b;
	uint8_t flags;

	if (r->at >= r->len)
		return false;
	flags = r->payload[r->at++];
	if (!get(r, UINT64_MAX, &delta) ||
	    (!(flags & TRACE_SAME_TOOL) && !get(r, UINT16_MAX, &tool)) ||
	    (!(flags & TRACE_SAME_CPU) && !get(r, UINT32_MAX, &cpu)) ||
	    (!(flags & TRACE_SAME_TYPE) && !get(r, UINT16_MAX, &type)) ||
	    (!(flags & TRACE_SAME_KEY) && !get(r, UINT64_MAX, &key)) ||
	    (!(flags & (TRACE_A_ZERO | TRACE_A_SAME)) && !get(r, UINT64_MAX, &a)) ||
	    (!(flags & (TRACE_B_ZERO | TRACE_B_SAME)) && !get(r, UINT64_MAX, &b)))
		return false;
	e->ts += delta >> 1 ^ -(delta & 1);
	e->tool = (unsigned short)tool;
	e->cpu = (unsigned int)cpu;
	e->type = (unsigned short)type;
	e->key = key;
	e->a = flags & TRACE_A_ZERO ? 0 : a;
	e->b = flags & TRACE_B_ZERO ? 0 : b;
	return true;
}

/* On to the next block of events; false at the end. */
static bool next_events(struct trace_reader *r)
{
	struct block block;

	for (;;) {
		if (!read_block(r, &block))
			return false;
		if (block.type == TRACE_BLOCK_HEAD) {
			damaged(r, "a second head");
			return false;
		}
		if (block.type == TRACE_BLOCK_EVENTS)
			break;
		json_decref(r->counts);
		r->counts = payload_json(r);
		if (!r->counts)
			return false;
		if (block.type == TRACE_BLOCK_END) {
			r->how = TRACE_COMPLETE;
			return false;
		}
	}
	r->at = 0;
	r->left = block.count;
	memset(&r->last, 0, sizeof(r->last));
	return true;
}

bool trace_reader_next(struct trace_reader *r, struct azt_event *event)
{
	if (r->how != TRACE_RUNNING)
		return false;
	while (!r->left)
		if (!next_events(r))
			return false;
	if (!get_event(r, &r->last)) {
		damaged(r, "an event in it cannot be read");
		return false;
	}
	r->left--;
	r->events++;
	*event = r->last;
	if (!r->left && r->at != r->len) {
		damaged(r, "there is more in it than its events");
		return false;
	}
	return true;
}
