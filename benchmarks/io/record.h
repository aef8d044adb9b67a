/* SPDX-License-Identifier: GPL-2.0-only */
/* Which histograms a run has, and a complete request on its way into them. */
#ifndef AZ_BENCHMARKS_IO_RECORD_H
#define AZ_BENCHMARKS_IO_RECORD_H

#include "benchmarks/io/engine.h"

/*
 * The recorder of this run: "read", "write", "sync", "trim" from the intended
 * time, "<name>_actual" from the submission in an open loop, "commit" from the
 * intended time of a write to the end of the sync that follows it, "stage_...".
 * Of a mixed load the first is "request", of both kinds. Valid until the next call.
 */
const struct recorder_spec *io_record_spec(const struct io_bench *io);

/* Notes @req, complete and good; seen at t->seen. */
void io_record(struct io_thread *t, const struct io_req *req);

/* Notes that @req failed. */
void io_record_lost(struct io_thread *t, const struct io_req *req);

/* What this engine cannot tell apart, an array of strings for "stages_missing". */
json_t *io_stages_missing(const struct io_bench *io);

#endif
