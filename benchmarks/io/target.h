/* SPDX-License-Identifier: GPL-2.0-only */
/* The device or file that is measured: opened, made, guarded, described. */
#ifndef AZ_BENCHMARKS_IO_TARGET_H
#define AZ_BENCHMARKS_IO_TARGET_H

#include "benchmarks/io/io.h"

/*
 * Opens the target, for writing when the mode writes, finds its size and settles
 * io->size, io->blocks. A target that is in use or holds data of others is
 * refused unless --force. A file that is not there is made of --size bytes that
 * this program has written. Returns 0, or an exit code after one line on
 * standard error; io_close() in any case.
 */
int io_open(struct io_bench *io);

/* Closes it, and removes the file if --unlink asks, or if @failed_early and it is new. */
void io_close(struct io_bench *io, bool failed_early);

/*
 * Why must @fd not be written to? Copies a short reason ("holds swap space", "is
 * mounted at /data") into @why. Returns 0 when there is none, 1, or negative errno.
 */
int io_find_owner(int fd, char *why, size_t len);

/*
 * What has claimed the block device @fd, from mountinfo, swaps and sysfs: "is
 * mounted at /", "is held by dm-0", "its partition sdb1 is ...". False if nothing.
 */
bool io_find_claim(int fd, char *why, size_t len);

/*
 * Which data does @probe, the first @len bytes of a disk, announce, by signatures of
 * @least bytes or more? NULL: none known.
 */
const char *io_find_signature(const uint8_t *probe, size_t len, unsigned int least);

/*
 * The facts of the device below @fd (the file system's, for a file), for the
 * result: model, driver, queue limits, scheduler, caches, NUMA node; sources are
 * the files of /sys/dev/block/M:N. What sysfs does not say is left out. A new
 * reference, NULL when memory is short.
 */
json_t *io_facts(int fd);

#endif
