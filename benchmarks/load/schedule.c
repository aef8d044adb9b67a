// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/load/schedule.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define PS_PER_SEC	1000000000000ull
#define BURST_MAX	1000000

static int bad_rate(const char *text)
{
	az_err("--rate: '%s' is not a rate from 0.001 to 1000M a second, such as 500, 20k, 1.5M",
	       text);
	return -EINVAL;
}

int load_parse_rate(void *ctx, const char *text)
{
	struct load_spec *spec = ctx;
	double scale = 1, rate;
	char *end;

	/* strtod() also reads "nan", "inf" and hexadecimal. */
	if (strspn(text, "0123456789.") == 0)
		return bad_rate(text);
	rate = strtod(text, &end);
	if (*end == 'k')
		scale = 1e3;
	else if (*end == 'M')
		scale = 1e6;
	if (scale > 1)
		end++;
	if (*end || strpbrk(text, "xXpP") || !(rate * scale >= LOAD_RATE_MIN) ||
	    rate * scale > LOAD_RATE_MAX)
		return bad_rate(text);
	spec->rate = rate * scale;
	return 0;
}

int load_parse_arrival(void *ctx, const char *text)
{
	struct load_spec *spec = ctx;
	uint64_t burst;

	if (!strcmp(text, "fixed")) {
		spec->arrival = LOAD_FIXED;
	} else if (!strcmp(text, "poisson")) {
		spec->arrival = LOAD_POISSON;
	} else if (!strncmp(text, "burst:", 6) && !az_parse_number(text + 6, AZ_OPT_U64, &burst) &&
		   burst && burst <= BURST_MAX) {
		spec->arrival = LOAD_BURST;
		spec->burst = burst;
	} else {
		az_err("--arrival: '%s' is none of fixed, poisson, burst:N with N from 1 to %d",
		       text, BURST_MAX);
		return -EINVAL;
	}
	return 0;
}

int load_spec_check(struct load_spec *spec)
{
	if (spec->arrival != LOAD_CLOSED && spec->rate <= 0)
		return az_usage("--arrival needs --rate: without a rate the loop is closed");
	if (spec->rate > 0 && spec->arrival == LOAD_CLOSED)
		spec->arrival = LOAD_FIXED;
	return 0;
}

const char *load_arrival_name(enum load_arrival arrival)
{
	static const char *const names[] = {
		[LOAD_CLOSED] = "closed", [LOAD_FIXED] = "fixed",
		[LOAD_POISSON] = "poisson", [LOAD_BURST] = "burst",
	};

	return names[arrival];
}

void load_schedule_start(struct load_schedule *s, const struct load_spec *spec,
			 unsigned int thread, unsigned int threads, uint64_t start_ns)
{
	unsigned __int128 turn;		/* of one burst or event, ns * den */

	memset(s, 0, sizeof(*s));
	s->arrival = spec->arrival;
	s->den = (uint64_t)llround(spec->rate * 1000);
	s->burst = spec->arrival == LOAD_BURST ? spec->burst : 1;
	turn = (unsigned __int128)PS_PER_SEC * s->burst;
	s->step = (uint64_t)(turn * threads / s->den);
	s->rem = (uint64_t)(turn * threads % s->den);
	s->next = start_ns;
	if (spec->arrival == LOAD_POISSON) {
		s->mean = 1e9 / spec->rate * threads;
		/* Streams of neighbouring seeds and threads must not be shifted copies. */
		s->rng.state = az_mix64(az_mix64(spec->seed + 1) + thread);
		load_schedule_next(s);
		return;
	}
	s->next += (uint64_t)(turn * thread / s->den);
	s->acc = (uint64_t)(turn * thread % s->den);
	s->left = s->burst;
}

/* The time since the last one is exponential, also for the first. */
static uint64_t next_poisson(struct load_schedule *s)
{
	/* In (0, 1], so that the logarithm is finite. */
	double u = (double)((az_rng_next(&s->rng) >> 11) + 1) * 0x1p-53;
	double gap = s->frac - log(u) * s->mean;
	uint64_t now = s->next, whole = (uint64_t)gap;

	s->frac = gap - (double)whole;
	s->next += whole;
	return now;
}

uint64_t load_schedule_next(struct load_schedule *s)
{
	uint64_t now = s->next;

	if (s->arrival == LOAD_POISSON)
		return next_poisson(s);
	if (--s->left)
		return now;
	s->left = s->burst;
	s->next += s->step;
	s->acc += s->rem;
	if (s->acc >= s->den) {
		s->acc -= s->den;
		s->next++;
	}
	return now;
}
