/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_TESTS_ECHODEV_H
#define AZ_TESTS_ECHODEV_H

#include "tests/unit/fakeguest.h"

/* A device that answers each packet with its payload, for tests of the bus. */
struct echo {
	struct vmbus_device vdev;
	int open_error;
	_Atomic unsigned int opened, closed, gone, packets;
	_Atomic unsigned int commands, stumbled;
	_Atomic int gpa_result;
	_Atomic uint64_t stuck;		/* packets that waited for room */
	struct gpadl *pinned;
	bool keep_pinned;
};

/* How many echo devices the bus destroyed so far. */
extern unsigned int echo_destroyed;

/*
 * A guest with 4 VPs, connected with 5.3, that was offered "echo0"; it asks for
 * monitored notification when @latency_us is not 0.
 */
struct fakeguest *echo_start(struct echo **e, uint32_t latency_us);

/* The next packet is the completion of @id with @data. */
void echo_expect(struct fg_channel *ch, const void *data, uint32_t len, uint64_t id);

#endif
