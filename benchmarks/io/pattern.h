/* SPDX-License-Identifier: GPL-2.0-only */
/* Which request comes next: kind, place and size. */
#ifndef AZ_BENCHMARKS_IO_PATTERN_H
#define AZ_BENCHMARKS_IO_PATTERN_H

#include "benchmarks/io/io.h"
#include "lib/rng.h"

/* Zipf by rejection-inversion (Hoermann and Derflinger 1996): no table. */
struct io_zipf {
	double s, h_first, h_last, shift;
	uint64_t n;
};

struct io_pattern {
	const struct io_sizes *sizes;
	struct az_rng rng;
	struct io_zipf zipf;
	uint64_t base, span;	/* bytes: the part of the target that is this thread's */
	uint64_t next;		/* sequential: bytes from base */
	unsigned int read_percent;
	enum io_op op;		/* unless mixed */
	bool mixed, random;
};

/*
 * The pattern of thread @index of @threads. A sequential one walks its own
 * stretch of the target, as does each thread of --verify; else all have it all.
 */
void io_pattern_init(struct io_pattern *pattern, const struct io_bench *io, unsigned int index,
		     unsigned int threads);

/* Fills op, offset and len of @req. */
void io_pattern_next(struct io_pattern *pattern, struct io_req *req);

/* Ranks 1..@n with probability ~ rank^-@s, @s > 0. */
void io_zipf_init(struct io_zipf *zipf, uint64_t n, double s);
uint64_t io_zipf_next(const struct io_zipf *zipf, struct az_rng *rng);

#endif
