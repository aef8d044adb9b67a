/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_CORE_FAULTS_IMPL_H
#define AZ_LAB_CORE_FAULTS_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/faults.h"

/* What faults.c (chances) and faults_parse.c (the grammar) share. */

#define MAX_OWN_KEYS	8
#define LOG_LEN		64	/* the first firings; "fired" counts them all */

/* A key that belongs to the fault itself, and its value. */
struct own_key {
	const char *key, *value;
};

/* What decides is written once, before the fault is linked; what counts, under the lock. */
struct fault {
	const struct fault_kind *kind;
	char *spec;			/* as given */
	char *text;			/* cut up; the strings below point into it */
	const char *device;
	struct own_key own[MAX_OWN_KEYS];
	unsigned int n_own;
	const char *tag;		/* value of op=, msg= or channel= */
	uint64_t after, every, count, at_ms;
	double prob;

	uint64_t chances, fired;
	uint64_t random;
	uint64_t log_ms[LOG_LEN];

	_Atomic(struct fault *) next;
};

/*
 * The list only grows, so that a walk needs no lock and an empty list costs
 * one load.
 */
struct faults {
	_Atomic(struct fault *) first;
	pthread_mutex_t lock;
	struct fault *last;
	unsigned int n;
	uint64_t seed, start_ms;
	const struct fault_kind **tables;
	unsigned int n_tables;
	bool (*is_there)(void *ctx, const char *device);	/* NULL: any may be */
	void *ctx;
};

/*
 * Fill the zeroed @fault from @spec. 0, or -EINVAL with one line in @err. On
 * failure, too, spec and text are the caller's to free. @f's lock is held.
 */
int fault_parse(struct faults *f, struct fault *fault, const char *spec,
		char *err, unsigned int err_len);

/* Length of "net" in "net0". */
size_t fault_type_length(const char *device);

#endif
