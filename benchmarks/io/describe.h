/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of "azimuth bench io", for the file and for a person; see load/run.h. */
#ifndef AZ_BENCHMARKS_IO_DESCRIBE_H
#define AZ_BENCHMARKS_IO_DESCRIBE_H

#include "benchmarks/io/io.h"

/*
 * Adds "config", "counts", "features", "device", "errors", "verify" and
 * "stages_missing" to @result; at the end, errors and wrong blocks make run->ret
 * AZ_EXIT_FAILED.
 */
void io_describe(struct load_run *run, const struct recorder *total, json_t *result,
		 bool partial);

/* A line for each kind of request. */
void io_say(struct load_run *run, const struct recorder *total);

#endif
