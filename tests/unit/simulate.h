/* SPDX-License-Identifier: GPL-2.0-only */
/* Seeded random values for simulations of runs, and what chance allows of them. */
#ifndef AZ_TESTS_SIMULATE_H
#define AZ_TESTS_SIMULATE_H

#include <math.h>
#include <stddef.h>

#include "lib/rng.h"

enum shape { NORMAL, LOGNORMAL, BIMODAL, STEPPED, SHAPES };

/* Between 0 and 1, neither of them. */
static inline double sim_uniform(struct az_rng *rng)
{
	return ((double)(az_rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

/* Mean 0, variance 1. */
static inline double sim_normal(struct az_rng *rng)
{
	double radius = sqrt(-2 * log(sim_uniform(rng)));

	return radius * cos(2 * M_PI * sim_uniform(rng));
}

/* Around 100, of unit scale but for LOGNORMAL (wide) and BIMODAL (modes 30 apart). */
static inline double sim_draw(struct az_rng *rng, enum shape shape)
{
	switch (shape) {
	case LOGNORMAL:
		return 100 * exp(sim_normal(rng));
	case BIMODAL:
		return (sim_uniform(rng) < 0.3 ? 130 : 100) + sim_normal(rng);
	case STEPPED:
		return floor(100 + 1.2 * sim_normal(rng));
	default:
		return 100 + sim_normal(rng);
	}
}

/*
 * The least count that @trials of probability @p reach with less than 1 in 10000: a
 * right promise of @p breaks this bound that seldom, over all seeds.
 */
static inline unsigned int sim_bound(unsigned int trials, double p)
{
	double one = pow(1 - p, trials), above = 1;
	unsigned int k;

	for (k = 0; above >= 1e-4; k++) {
		above -= one;
		one *= (double)(trials - k) / (k + 1) * p / (1 - p);
	}
	return k;
}

#endif
