/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_STORVSP_LUN_H
#define AZ_LAB_STORVSP_LUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "storvsp/backend.h"

#define LUN_MAX			64
#define LUN_SERIAL_MAX		36
#define LUN_MAX_CHANNELS	64	/* sub-channels of a controller */

/*
 * Limits that the disk announces in VPD page B0 and keeps, so that no single
 * command holds a channel's loop for long.
 */
#define LUN_MAX_TRANSFER	(8u << 20)	/* bytes of READ, WRITE */
#define LUN_MAX_DISCARD		(1u << 30)	/* bytes of one UNMAP descriptor, WRITE SAME */
#define LUN_MAX_UNMAP_DESCS	256
#define LUN_DISCARD_GRANULE	4096u		/* bytes */

/*
 * A disk. Nothing but @attention changes while it is in a table, so that any
 * number of channels use it without a lock: a disk that is resized is
 * replaced by another.
 */
struct lun {
	struct backend *backend;
	uint64_t blocks;
	uint32_t block_size;		/* 512 or 4096 */
	uint8_t number;
	bool read_only;
	uint64_t delay_ns;		/* of completions of commands that touch the medium */
	char serial[LUN_SERIAL_MAX + 1];
	uint64_t naa;			/* locally assigned identifier, from the serial number */
	atomic_uint attention;		/* sense (enum scsi_sense) for the next command, or 0 */
};

/* The disks of a controller; an entry is NULL where there is none. */
struct lun_table {
	struct lun *_Atomic lun[LUN_MAX];
};

/* What a value of --disk says beyond the disk itself. */
struct lun_extra {
	int number;			/* lun=, or -1 */
	int channels;			/* channels= (of the controller), or -1 */
	int controller;			/* controller=, or -1 */
	unsigned int monitor_us;	/* monitor_us= (of the controller), or 0 */
};

/*
 * A disk as @spec describes it ("ram=64M,ro", "disk.img,lbs=4096"). @owner
 * names the controller for the default serial number, @dflt is the number
 * when the spec has no lun=. 0 with *@out and *@extra, or -errno with one
 * line in @err.
 */
int lun_create(const char *spec, const char *owner, unsigned int dflt, struct lun **out,
	       struct lun_extra *extra, char *err, unsigned int err_len);

/* @lun with another size, reporting "capacity changed" to the guest first. As lun_create(). */
int lun_resized(const struct lun *lun, uint64_t size, struct lun **out,
		char *err, unsigned int err_len);

/* Free @lun and its backend; no table and no command may use it any more. NULL is fine. */
void lun_free(struct lun *lun);

/* The disk in place @number, or NULL for none; any number, also one from the guest. */
static inline struct lun *lun_at(struct lun_table *t, unsigned int number)
{
	if (number >= LUN_MAX)
		return NULL;
	return atomic_load_explicit(&t->lun[number], memory_order_acquire);
}

/* Put @lun (or NULL) in place @number; returns what was there, still in use by other threads. */
struct lun *lun_replace(struct lun_table *t, unsigned int number, struct lun *lun);

/* The lowest free number, or -1. */
int lun_first_free(struct lun_table *t);

#endif
