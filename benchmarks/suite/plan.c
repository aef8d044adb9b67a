// SPDX-License-Identifier: GPL-2.0-only
/* The order of the runs. */
#include <errno.h>
#include <stdlib.h>

#include "benchmarks/suite/suite.h"
#include "lib/rng.h"

struct plan {
	const struct suite *suite;
	struct suite_run *runs;
	size_t n;
	unsigned int counted;
};

static void add_run(struct plan *plan, const struct suite_benchmark *bench,
		    const struct suite_arm *arm, unsigned int block, unsigned int n)
{
	struct suite_run *run = &plan->runs[plan->n++];

	*run = (struct suite_run){ bench, arm, block, n, 0 };
	if (n)
		run->order = plan->counted++;
}

static void shuffle(const struct suite_arm **arms, size_t n, struct az_rng *rng)
{
	const struct suite_arm *arm;
	size_t i, k;

	for (i = n; i > 1; i--) {
		k = az_rng_below(rng, i);
		arm = arms[i - 1];
		arms[i - 1] = arms[k];
		arms[k] = arm;
	}
}

static void add_block(struct plan *plan, const struct suite_benchmark *bench,
		      const struct suite_arm **arms, size_t n, unsigned int block)
{
	bool backwards = plan->suite->order == SUITE_ABBA && block % 2;
	size_t i;

	for (i = 0; i < n; i++)
		add_run(plan, bench, arms[backwards ? n - 1 - i : i], block, block + 1);
}

static void add_benchmark(struct plan *plan, const struct suite_benchmark *bench,
			  const struct suite_arm **arms)
{
	const struct suite *suite = plan->suite;
	struct az_rng rng = { az_mix64(suite->seed) + (uint64_t)(bench - suite->benchmarks) };
	size_t n = 0, i;
	unsigned int k;

	for (i = 0; i < suite->n_arms; i++)
		if (suite_has_arm(bench, &suite->arms[i]))
			arms[n++] = &suite->arms[i];
	for (k = 0; k < bench->warmup; k++)
		for (i = 0; i < n; i++)
			add_run(plan, bench, arms[i], 0, 0);
	if (suite->order == SUITE_SEQUENTIAL) {
		for (i = 0; i < n; i++)
			for (k = 0; k < bench->repetitions; k++)
				add_run(plan, bench, arms[i], 0, k + 1);
		return;
	}
	for (k = 0; k < bench->repetitions; k++) {
		if (suite->order == SUITE_RANDOM)
			shuffle(arms, n, &rng);
		add_block(plan, bench, arms, n, k);
	}
}

int suite_plan(const struct suite *suite, struct suite_run **runs, size_t *n)
{
	const struct suite_arm **arms = calloc(suite->n_arms, sizeof(*arms));
	struct plan plan = { .suite = suite };
	size_t i, most = 0;

	for (i = 0; i < suite->n_benchmarks; i++)
		most += (suite->benchmarks[i].repetitions + suite->benchmarks[i].warmup) *
			suite->n_arms;
	plan.runs = calloc(most, sizeof(*plan.runs));
	if (!arms || !plan.runs) {
		free(arms);
		free(plan.runs);
		return -ENOMEM;
	}
	for (i = 0; i < suite->n_benchmarks; i++)
		add_benchmark(&plan, &suite->benchmarks[i], arms);
	free(arms);
	*runs = plan.runs;
	*n = plan.n;
	return 0;
}
