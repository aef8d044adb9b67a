/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of "azimuth bench io" share: the options, the target, the request. */
#ifndef AZ_BENCHMARKS_IO_H
#define AZ_BENCHMARKS_IO_H

#include <stdatomic.h>

#include "benchmarks/bench.h"
#include "benchmarks/load/run.h"
#include "benchmarks/load/schedule.h"

#define IO_BUFFER_ALIGN	4096u
#define IO_BS_MAX	(16u << 20)
#define IO_DEPTH_MAX	4096u
#define IO_SIZES_MAX	16u
#define IO_MEMORY_MAX	(2ull << 30)	/* of the buffers of all threads */

enum io_mode {
	IO_MODE_READ, IO_MODE_WRITE, IO_MODE_RANDREAD, IO_MODE_RANDWRITE, IO_MODE_MIXED,
	IO_MODE_FLUSH, IO_MODE_TRIM, IO_MODE_VERIFY, IO_MODE_CHECK, IO_MODES
};

enum io_op { IO_READ, IO_WRITE, IO_SYNC, IO_TRIM };

/* Request sizes: items of @from to @to bytes, in steps of the smallest, by weight. */
struct io_sizes {
	unsigned int items;
	struct {
		uint32_t from, to, weight;
	} item[IO_SIZES_MAX];
	uint32_t weights;	/* their sum */
	uint32_t min, max;	/* of all items; places are multiples of min */
};

/*
 * What the kernel gave, for "features" of the result: bits of io_feature_names.
 * Threads add theirs.
 */
enum io_feature {
	IO_F_DIRECT, IO_F_SINGLE_ISSUER, IO_F_DEFER_TASKRUN, IO_F_COOP_TASKRUN,
	IO_F_FIXED_BUFFERS, IO_F_FIXED_FILE, IO_F_RING_FD, IO_F_IOPOLL, IO_F_SQPOLL,
	IO_F_HIPRI, IO_F_NOWAIT, IO_FEATURES
};

struct io_engine;
struct io_thread;

struct io_bench {
	struct bench bench;
	struct load_spec load;
	/* options */
	const char *file, *rw, *bs, *engine_name, *random;
	enum io_mode mode;
	struct io_sizes sizes;
	uint64_t size, offset;		/* of the part that is used, bytes */
	uint64_t max_errors;		/* 0: no limit */
	uint64_t fsync, fdatasync;	/* sync after each so many writes of a thread, 0 never */
	unsigned int depth, mix;
	double zipf;			/* 0: uniform */
	bool buffered, force, poll, sqpoll, nowait, plain, stages, verify, after_kill, unlink;
	/* the target */
	int fd, guard;			/* guard: keeps others from claiming the device */
	bool created, is_device;
	uint64_t blocks;		/* size / sizes.min */
	json_t *facts;			/* of the device, taken before the run */
	uint64_t walk;			/* --count of verify and check, 0: all blocks */
	/* the run */
	const struct io_engine *engine;
	struct io_thread *threads;
	_Atomic unsigned int features;	/* bits of enum io_feature */
	atomic_bool over;		/* a thread met what ends the run */
	atomic_bool said;		/* the first error has been printed */
	atomic_bool refused;		/* it was that the kernel does not do this at all */
};

/* One request. Times are ns CLOCK_MONOTONIC, 0 where they were not taken. */
struct io_req {
	enum io_op op;
	int res;		/* bytes moved, or negative errno */
	uint32_t len, done;	/* done: bytes of the short transfers before this one */
	uint64_t offset;	/* in the target */
	uint8_t *buf;		/* of the slot's: */
	uint8_t *read_buf, *write_buf;	/* the same, unless reads and writes are mixed */
	uint64_t intended;	/* when the schedule, or the closed loop, wanted it */
	uint64_t begin;		/* this program began to submit it */
	uint64_t submit, submitted;	/* around the system call that submitted it: --stages */
	uint64_t chain;		/* intended time of the write that this sync ends, or 0 */
	uint64_t tag;		/* of the pass that made it */
	unsigned int slot;
};

/* Does the mode change the target, so that its owner matters? A flush counts, too. */
static inline bool io_writes(const struct io_bench *io)
{
	return io->mode != IO_MODE_READ && io->mode != IO_MODE_RANDREAD &&
	       io->mode != IO_MODE_CHECK;
}

/* Notes for the result that the kernel has @feature; from any thread. */
static inline void io_has_feature(struct io_bench *io, enum io_feature feature)
{
	atomic_fetch_or_explicit(&io->features, 1u << feature, memory_order_relaxed);
}

/* Names as on the command line. */
extern const char *const io_mode_names[IO_MODES + 1];
extern const char *const io_feature_names[IO_FEATURES + 1];

/*
 * Reads the command line into @io. Returns 0; or -1 with the exit code in @code
 * after help, or one line on standard error.
 */
int io_options(struct io_bench *io, int argc, char **argv, int *code);

/* "4K", "4K-64K", "4K:70,64K:30". Returns 0 or -EINVAL, with what is wrong in @why. */
int io_parse_sizes(const char *text, struct io_sizes *sizes, const char **why);

#endif
