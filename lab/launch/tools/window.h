/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The window: one file on the host that is the shared memory of level 1's
 * ivshmem-plain device. It carries the payload and the job list in, and all
 * results out, with neither a driver nor asynchronous I/O in the way: level 1
 * maps the PCI resource, and a store on one side is a load on the other.
 *
 *	0		struct window_header
 *	jobs_off	the job list, text
 *	payload_off	the payload, a tar archive
 *	log_off		records, appended by level 1, read by the host
 *
 * The host fills everything, sets "go" and then only reads. Level 1 is stopped
 * meanwhile (see wait_go()), so the two never meet at a time of the host's.
 */
#ifndef LAB_LAUNCH_WINDOW_H
#define LAB_LAUNCH_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW_MAGIC	0x31574e5a4c424c41ULL
#define WINDOW_PAGE	4096
#define WINDOW_ALIGN	16
#define WINDOW_NAME_MAX	64
#define WINDOW_CHUNK	(64u << 10)

struct window_header {
	uint64_t magic;
	uint64_t size;
	uint64_t jobs_off, jobs_len;
	uint64_t payload_off, payload_len;
	uint64_t log_off;
	uint64_t log_tail;	/* atomic: bytes of the log that are given away */
	uint32_t go;		/* atomic: jobs and payload are in place */
	uint32_t reserved;
};

enum window_type {
	WINDOW_EVENT = 1,	/* data is a line of text for the launcher */
	WINDOW_DATA = 2,	/* data is the next piece of file "name" of a job */
};

/*
 * Header, then the data, then padding to WINDOW_ALIGN. "length" is stored
 * last, with release order: as long as it is 0 the record is not there yet.
 */
struct window_record {
	uint32_t length;	/* atomic: of the data, plus 1 */
	uint32_t type;
	char job[WINDOW_NAME_MAX];
	char name[WINDOW_NAME_MAX];
};

struct window {
	unsigned char *base;
	uint64_t size;
};

/* The header of a mapped window; the other side writes there as well. */
static inline struct window_header *window_header(const struct window *w)
{
	return (struct window_header *)w->base;
}

/* Bytes that a record of @v bytes takes in the log. */
static inline uint64_t window_align(uint64_t v)
{
	return (v + WINDOW_ALIGN - 1) & ~(uint64_t)(WINDOW_ALIGN - 1);
}

/*
 * Maps @path, or with @path NULL the PCI resource of the ivshmem device of the
 * machine that this runs on. Returns 0 or a negative errno; the mapping lives
 * until the process ends.
 */
int window_map(struct window *w, const char *path);

/*
 * Checks that the three areas that the header names lie within the window.
 * Returns 0, or -EINVAL.
 */
int window_check(const struct window *w);

/* The commands of the host's side; argv[0] is the command's name. */
int window_create(int argc, char **argv);
int window_fill(int argc, char **argv);
int window_follow(int argc, char **argv);

#endif
