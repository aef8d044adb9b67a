// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/record.h"

#include <string.h>

enum hist {
	H_REQUEST, H_READ, H_WRITE, H_SYNC, H_TRIM,
	H_READ_ACTUAL, H_WRITE_ACTUAL, H_SYNC_ACTUAL, H_TRIM_ACTUAL, H_COMMIT,
	H_STAGE_PREPARE, H_STAGE_CALL, H_STAGE_SUBMIT, H_STAGE_DEVICE, H_STAGE_REAP, HISTS
};

static const char *const hist_names[HISTS] = {
	"request", "read", "write", "sync", "trim",
	"read_actual", "write_actual", "sync_actual", "trim_actual", "commit",
	"stage_prepare", "stage_call", "stage_submit", "stage_device", "stage_reap",
};

/* Of the one run of this process: index in the recorder, -1 where it is not kept. */
static const char *names[HISTS + 1];
static int index_of[HISTS];
static const char *const counters[] = { "errors", NULL };
static const struct recorder_spec spec = { .hists = names, .counters = counters };

static void keep(enum hist hist, bool wanted)
{
	int i = 0;

	if (!wanted || index_of[hist] >= 0)
		return;
	while (names[i])
		i++;
	names[i] = hist_names[hist];
	index_of[hist] = i;
}

static bool reads(const struct io_bench *io)
{
	return !io_writes(io) || io->mode == IO_MODE_VERIFY || io->mode == IO_MODE_MIXED;
}

static bool writes(const struct io_bench *io)
{
	return io_writes(io) && io->mode != IO_MODE_FLUSH && io->mode != IO_MODE_TRIM;
}

const struct recorder_spec *io_record_spec(const struct io_bench *io)
{
	bool open = io->load.rate > 0, sync = io->fsync || io->fdatasync;

	memset(names, 0, sizeof(names));
	memset(index_of, 0xff, sizeof(index_of));
	keep(H_REQUEST, io->mode == IO_MODE_MIXED);
	keep(H_WRITE, writes(io));
	keep(H_READ, reads(io));
	keep(H_SYNC, io->mode == IO_MODE_FLUSH || sync);
	keep(H_TRIM, io->mode == IO_MODE_TRIM);
	keep(H_WRITE_ACTUAL, open && writes(io));
	keep(H_READ_ACTUAL, open && reads(io));
	keep(H_SYNC_ACTUAL, open && io->mode == IO_MODE_FLUSH);
	keep(H_TRIM_ACTUAL, open && io->mode == IO_MODE_TRIM);
	keep(H_COMMIT, sync);
	keep(H_STAGE_PREPARE, io->stages);
	keep(H_STAGE_CALL, io->stages && !io->engine->async);
	keep(H_STAGE_SUBMIT, io->stages && io->engine->async);
	keep(H_STAGE_DEVICE, io->stages && io->engine->async);
	keep(H_STAGE_REAP, io->stages && io->engine->async);
	return &spec;
}

static void add(struct io_thread *t, enum hist hist, uint64_t from, uint64_t to)
{
	if (index_of[hist] >= 0)
		recorder_add(t->worker->rec, (unsigned int)index_of[hist],
			     to > from ? to - from : 0);
}

/* The device may be done before the submission has returned: then its stage is 0. */
static void record_stages(struct io_thread *t, const struct io_req *req)
{
	add(t, H_STAGE_PREPARE, req->begin, req->submit);
	add(t, H_STAGE_CALL, req->submit, t->seen);
	add(t, H_STAGE_SUBMIT, req->submit, req->submitted);
	add(t, H_STAGE_DEVICE, req->submitted, t->seen);
	add(t, H_STAGE_REAP, t->seen, t->clock->now());
}

void io_record(struct io_thread *t, const struct io_req *req)
{
	enum hist hist = H_READ + req->op;
	struct recorder *rec = t->worker->rec;

	if (!recorder_counts(rec, req->chain ? req->chain : req->intended))
		return;
	if (index_of[H_REQUEST] == 0 && !req->chain)
		recorder_sample(rec, req->intended, t->seen - req->intended, 0);
	if (index_of[hist] == 0)
		recorder_sample(rec, req->intended, t->seen - req->intended, 0);
	else
		add(t, hist, req->intended, t->seen);
	if (index_of[H_READ_ACTUAL + req->op] >= 0)
		add(t, H_READ_ACTUAL + req->op, req->begin, t->seen);
	if (req->chain)
		add(t, H_COMMIT, req->chain, t->seen);
	else if (t->io->stages)
		record_stages(t, req);
	if (req->op == IO_READ)
		t->bytes_read += req->len;
	else if (req->op == IO_WRITE)
		t->bytes_written += req->len;
}

void io_record_lost(struct io_thread *t, const struct io_req *req)
{
	if (!t->worker)
		return;
	recorder_lost(t->worker->rec, req->intended);
	recorder_count(t->worker->rec, 0, 1);
}

json_t *io_stages_missing(const struct io_bench *io)
{
	json_t *missing = json_array();

	if (!io->stages)
		json_array_append_new(missing, json_string("all: not asked for (--stages)"));
	else if (!io->engine->async)
		json_array_append_new(missing, json_string(
			"submit, device, reap: one system call does all"));
	else
		json_array_append_new(missing, json_string(
			"interrupt, wake-up: the kernel gives no time of its completion, so they "
			"are part of stage_device"));
	json_array_append_new(missing, json_string(
		"block layer, driver and host: no tracer is loaded"));
	return missing;
}
