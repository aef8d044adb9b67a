/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LIB_RNG_H
#define AZ_LIB_RNG_H

#include <stdint.h>

/*
 * A small seeded generator (a Weyl sequence with a 64-bit finaliser): the same
 * seed gives the same run on every machine. Not for secrets.
 */
struct az_rng {
	uint64_t state;
};

/* Mixes the bits of @x; a bijection, so distinct inputs stay distinct. */
static inline uint64_t az_mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The next 64 bits. The period is 2^64, and each value comes once in it. */
static inline uint64_t az_rng_next(struct az_rng *rng)
{
	rng->state += 0x9e3779b97f4a7c15ull;
	return az_mix64(rng->state);
}

/* Uniform in [0, @bound), @bound > 0; the bias is below @bound / 2^64. */
static inline uint64_t az_rng_below(struct az_rng *rng, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)az_rng_next(rng) * bound) >> 64);
}

#endif
