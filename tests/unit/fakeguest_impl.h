/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_FAKEGUEST_IMPL_H
#define AZ_TESTS_FAKEGUEST_IMPL_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "proto/hv.h"
#include "tests/unit/fakeguest.h"

/* What fakeguest.c (SynIC, memory, messages) and fakeguest_channel.c share. */

#define DEADLINE_S	60	/* only a test that fails ever waits so long */

struct slot {
	bool full, pending;
	unsigned int sint;
	struct hv_message msg;
};

struct binding {
	uint32_t connection_id;
	int fd;
	struct binding *next;
};

struct fg_state {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slot[FG_MAX_VPS];
	unsigned int vps;
	unsigned int flag_set[VMBUS_MAX_RELID + 1];	/* times */
	unsigned int flag_seen[VMBUS_MAX_RELID + 1];
	uint32_t flag_vp[VMBUS_MAX_RELID + 1];
	struct binding *bindings;
	uint32_t last_vp;
	unsigned int last_sint;
	bool lose_eom;
	uint64_t pages_given, pages;
};

/* CLOCK_MONOTONIC in @ms from now. */
void fg_deadline(struct timespec *ts, long ms);
/* Under the lock: sleep until the host did something. Fails the test at @deadline. */
void fg_wait_changed(struct fakeguest *fg, const struct timespec *deadline, const char *what);

#endif
