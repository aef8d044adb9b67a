/* SPDX-License-Identifier: GPL-2.0-only */
/* A text file that is complete or absent. */
#ifndef AZ_BENCHMARKS_OUTFILE_H
#define AZ_BENCHMARKS_OUTFILE_H

#include <stdio.h>

struct outfile {
	const char *path;
	char tmp[4096];		/* "" when @path is written in place: a device, a pipe */
	FILE *file;
};

/* Opens a temporary file beside @path. Returns 0, or the exit code after one line. */
int outfile_open(struct outfile *out, const char *path);

/* Ends it and gives it its name. Returns 0, or the exit code after one line. */
int outfile_close(struct outfile *out);

#endif
