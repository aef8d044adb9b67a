/* SPDX-License-Identifier: GPL-2.0-only */
/* What failed, and where first; a few hundred bytes whatever happens. */
#ifndef AZ_BENCHMARKS_IO_ERRORS_H
#define AZ_BENCHMARKS_IO_ERRORS_H

#include "benchmarks/io/io.h"

#define IO_ERRNOS	8	/* kinds that are told apart */
#define IO_FIRST	8	/* places that are kept */

struct io_errors {
	uint64_t total, other;		/* other: of errnos for which there was no room */
	struct {
		int error;
		uint64_t count;
	} kind[IO_ERRNOS];
	struct {
		enum io_op op;
		int error;
		uint64_t offset;
	} first[IO_FIRST];
	unsigned int kinds, firsts;
};

/* Notes that @op at byte @offset failed with @error (positive errno). */
void io_errors_add(struct io_errors *errors, enum io_op op, int error, uint64_t offset);

/* Adds what @from has to @to; the first places of @to stay first. */
void io_errors_merge(struct io_errors *to, const struct io_errors *from);

/* {"by_errno": {"EIO": 3}, "first": [{"op", "errno", "offset"}]}; a new reference. */
json_t *io_errors_json(const struct io_errors *errors);

/* "read", "write", "flush", "trim" */
const char *io_op_name(enum io_op op);

#endif
