// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording that someone made by hand: the input as a file, and the input as blocks whose
 * checksums are right, so that what is behind them is reached. Whatever the events are, the
 * model of a tracer takes them.
 */
#include <stdlib.h>
#include <string.h>

#include "bpf/core/model.h"
#include "bpf/record/file.h"
#include "bpf/vmbus_model.h"
#include "lib/hist.h"

static const char head[] = "{\"tracers\":[]}";

static void read_all(const uint8_t *data, size_t size)
{
	static struct az_hist hists[VMBUS_SLOTS];
	static struct azt_model model = { .hists = hists, .slots = VMBUS_SLOTS };
	struct trace_reader r;
	struct azt_event e;
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;

	azt_model = &model;
	if (!file || trace_reader_open(&r, file))
		return;
	while (trace_reader_next(&r, &e))
		vmbus_model(&e);
	if (r.how == TRACE_RUNNING || (r.how == TRACE_DAMAGED && !r.error[0]))
		abort();
	trace_reader_close(&r);
}

static uint8_t *put_block(uint8_t *at, uint32_t type, uint32_t count, const void *data,
			  uint32_t len)
{
	uint32_t start[4] = { type, len, count };

	memcpy(at, start, 12);
	memcpy(at + TRACE_BLOCK_START, data, len);
	start[3] = trace_crc(trace_crc(0, at, 12), data, len);
	memcpy(at + 12, &start[3], 4);
	return at + TRACE_BLOCK_START + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t version = TRACE_FILE_VERSION, len;
	uint8_t *file, *at;

	read_all(data, size);
	/* Each block of the input: type, count, length; at most its bytes and as many starts. */
	file = malloc(1024 + size * (TRACE_BLOCK_START + 1));
	memset(file, 0, TRACE_FILE_START);
	memcpy(file, TRACE_FILE_MAGIC, 8);
	memcpy(file + 8, &version, 4);
	at = put_block(file + TRACE_FILE_START, TRACE_BLOCK_HEAD, 0, head, sizeof(head) - 1);
	while (size > 3) {
		len = data[2];
		if (len > size - 3)
			len = (uint32_t)size - 3;
		at = put_block(at, data[0] % 6, data[1], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	read_all(file, (size_t)(at - file));
	free(file);
	return 0;
}
