/* SPDX-License-Identifier: GPL-2.0-only */
/* What "azimuth bench exit" times from user space. */
#ifndef AZ_BENCHMARKS_EXIT_OPS_H
#define AZ_BENCHMARKS_EXIT_OPS_H

struct exit_op {
	const char *name;
	const char *what;
	/* Why this machine does not have it, or NULL. */
	const char *(*absent)(void);
	/*
	 * Before each sample, not timed; @op is called next, just once: it is not timed many at
	 * once. Returns 0 or negative errno.
	 */
	int (*prepare)(void);
	void (*op)(void);
};

/* Ended by name NULL; the first one does nothing, and is the overhead of all. */
extern const struct exit_op exit_ops[];

#endif
