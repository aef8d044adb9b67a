// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/pattern.h"

#include <math.h>
#include <string.h>

/* The integral of x^-s, and its inverse; both are smooth where s is 1. */
static double h_integral(double x, double s)
{
	double log_x = log(x), power = (1 - s) * log_x;

	return fabs(power) < 1e-8 ? log_x * (1 + power / 2) : expm1(power) / (1 - s);
}

static double h_inverse(double y, double s)
{
	double t = y * (1 - s);

	if (t < -1)
		t = -1;	/* by rounding only */
	return fabs(t) < 1e-8 ? exp(y * (1 - t / 2)) : exp(log1p(t) / (1 - s));
}

void io_zipf_init(struct io_zipf *zipf, uint64_t n, double s)
{
	zipf->n = n;
	zipf->s = s;
	zipf->h_first = h_integral(1.5, s) - 1;
	zipf->h_last = h_integral((double)n + 0.5, s);
	zipf->shift = 2 - h_inverse(h_integral(2.5, s) - pow(2, -s), s);
}

uint64_t io_zipf_next(const struct io_zipf *zipf, struct az_rng *rng)
{
	double unit, u, x, k;

	for (;;) {
		unit = (double)(az_rng_next(rng) >> 11) * 0x1p-53;
		u = zipf->h_last + unit * (zipf->h_first - zipf->h_last);
		x = h_inverse(u, zipf->s);
		k = floor(x + 0.5);
		if (k < 1)
			k = 1;
		if (k > (double)zipf->n)
			k = (double)zipf->n;
		if (k - x <= zipf->shift ||
		    u >= h_integral(k + 0.5, zipf->s) - pow(k, -zipf->s))
			return (uint64_t)k;
	}
}

static bool is_random(enum io_mode mode)
{
	return mode == IO_MODE_RANDREAD || mode == IO_MODE_RANDWRITE || mode == IO_MODE_MIXED ||
	       mode == IO_MODE_TRIM;
}

static enum io_op op_of(enum io_mode mode)
{
	switch (mode) {
	case IO_MODE_FLUSH:
		return IO_SYNC;
	case IO_MODE_TRIM:
		return IO_TRIM;
	case IO_MODE_WRITE:
	case IO_MODE_RANDWRITE:
		return IO_WRITE;
	default:
		return IO_READ;
	}
}

void io_pattern_init(struct io_pattern *p, const struct io_bench *io, unsigned int index,
		     unsigned int threads)
{
	uint64_t from, to;

	memset(p, 0, sizeof(*p));
	p->sizes = &io->sizes;
	p->mixed = io->mode == IO_MODE_MIXED;
	p->random = is_random(io->mode);
	p->op = op_of(io->mode);
	p->read_percent = io->mix;
	/* Thread 0 has the stream of --seed itself: the one of a run with one thread. */
	p->rng.state = index ? az_mix64(io->bench.seed ^ (uint64_t)index << 48) : io->bench.seed;
	p->base = io->offset;
	p->span = io->blocks * io->sizes.min;
	if (threads > 1 && (!p->random || io->verify)) {
		from = io->blocks * index / threads;
		to = io->blocks * (index + 1) / threads;
		p->base += from * io->sizes.min;
		p->span = (to - from) * io->sizes.min;
	}
	if (io->zipf > 0)
		io_zipf_init(&p->zipf, p->span / io->sizes.min, io->zipf);
}

static uint32_t next_len(struct io_pattern *p)
{
	const struct io_sizes *sizes = p->sizes;
	uint64_t pick, steps;
	unsigned int i;

	if (sizes->min == sizes->max)
		return sizes->min;
	pick = az_rng_below(&p->rng, sizes->weights);
	for (i = 0; pick >= sizes->item[i].weight; i++)
		pick -= sizes->item[i].weight;
	steps = (sizes->item[i].to - sizes->item[i].from) / sizes->min;
	if (steps)
		steps = az_rng_below(&p->rng, steps + 1);
	return sizes->item[i].from + (uint32_t)steps * sizes->min;
}

/* The popular ranks of zipf are spread over the span, as a hash would do it. */
static uint64_t random_place(struct io_pattern *p, uint64_t places)
{
	uint64_t rank;

	if (!(p->zipf.s > 0))
		return az_rng_below(&p->rng, places);
	rank = io_zipf_next(&p->zipf, &p->rng);
	return (uint64_t)(((unsigned __int128)az_mix64(rank) * places) >> 64);
}

void io_pattern_next(struct io_pattern *p, struct io_req *req)
{
	uint64_t unit = p->sizes->min;

	req->op = p->op;
	if (p->mixed)
		req->op = az_rng_below(&p->rng, 100) < p->read_percent ? IO_READ : IO_WRITE;
	req->offset = p->base;
	req->len = 0;
	if (req->op == IO_SYNC)
		return;
	req->len = next_len(p);
	if (p->random) {
		req->offset += random_place(p, (p->span - req->len) / unit + 1) * unit;
		return;
	}
	if (p->next + req->len > p->span)
		p->next = 0;
	req->offset += p->next;
	p->next += req->len;
}
