/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_SESSION_H
#define AZ_LAB_SESSION_H

#include <pthread.h>
#include <jansson.h>

#include "core/control.h"
#include "core/faults.h"
#include "machine/machine.h"
#include "options.h"
#include "vmbus/bus.h"
#include "vpci/vpci.h"

#define SESSION_MAX_MARKS	256
#define SESSION_MARK_NAME_MAX	64

/* One guest from command line to counters.json. */
struct session {
	const struct options *options;
	struct machine_config config;
	struct machine machine;
	struct faults *faults;
	struct vmbus *bus;
	struct vpci *vpci;
	struct control *control;
	pthread_mutex_t marks_lock;
	json_t *marks;
};

/*
 * commands.c: add a fault by its text; a timed one happens at_ms from now. 0,
 * or -errno with one line in @err.
 */
int session_add_fault(struct session *s, const char *spec, char *err, unsigned int err_len);

/* commands.c: what the control socket understands, see azhost(1). */
int session_command(void *ctx, const char *cmd, json_t *args, json_t *reply);

/* snapshot.c: the machine's mark callback; all counters at this instant under @name. */
void session_mark(void *ctx, const char *name);

/* snapshot.c: everything that counters.json holds; @exit 0 while the guest runs. New reference. */
json_t *session_counters(struct session *s, bool at_end);

/* snapshot.c: write counters.json to --counters, all or nothing. 0 or -errno after one line. */
int session_write_counters(struct session *s);

#endif
