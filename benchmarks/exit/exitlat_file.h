/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of the kernel module hv_exitlat: files of struct exitlat_record. */
#ifndef AZ_BENCHMARKS_EXITLAT_FILE_H
#define AZ_BENCHMARKS_EXITLAT_FILE_H

#include <stddef.h>

#include "drivers/hv/hv_exitlat.h"
#include "lib/hist.h"

/*
 * Checks @len bytes at @data and copies them into @record and its histogram into @hist. Returns 0;
 * -ENODATA for no bytes at all, which is what a measurement that was never run has; or -EINVAL
 * with the reason in *@why, for another version, another length, or counts that do not add up.
 */
int exitlat_parse(const void *data, size_t len, struct exitlat_record *record,
		  struct az_hist *hist, const char **why);

/* The same from the file @dir/hist/@name; also the negative errno of a file that cannot be read. */
int exitlat_read(const char *dir, const char *name, struct exitlat_record *record,
		 struct az_hist *hist, const char **why);

#endif
