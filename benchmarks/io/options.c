// SPDX-License-Identifier: GPL-2.0-only
/* The command line of "azimuth bench io", and what does not go together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/io/block.h"
#include "benchmarks/io/engine.h"
#include "benchmarks/io/io.h"
#include "lib/log.h"

#define DEFAULT_COUNT	1000

const char *const io_mode_names[IO_MODES + 1] = {
	"read", "write", "randread", "randwrite", "mixed", "flush", "trim", "verify", "check", NULL
};

const char *const io_feature_names[IO_FEATURES + 1] = {
	"direct", "single_issuer", "defer_taskrun", "coop_taskrun", "registered_buffers",
	"registered_file", "registered_ring", "iopoll", "sqpoll", "hipri", "nowait", NULL
};

static const char epilog[] =
	"Modes:\n"
	"  read, write          one block after the other\n"
	"  randread, randwrite  blocks at random places\n"
	"  mixed                both at random places, --mix percent of them reads\n"
	"  flush                the target's write cache alone: fsync(2)\n"
	"  trim                 discards blocks at random places\n"
	"  verify               writes --count blocks (0: all) that carry their place and\n"
	"                       a checksum, flushes, drops caches, reads and compares\n"
	"  check                the second half of verify, for data of an earlier run\n"
	"Without --rate a closed loop: --depth requests of each thread are in flight.\n"
	"With it an open loop: latency counts from the intended time, \"..._actual\" from\n"
	"the submission. Writing to a disk that is in use or holds data of others needs\n"
	"--force.\n"
	"Exit codes: 0 good, 1 I/O errors or wrong data, 2 usage, 3 environment.";

static int parse_size(const char *text, size_t len, uint32_t *out)
{
	char copy[24];
	uint64_t value;

	if (!len || len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (az_parse_number(copy, AZ_OPT_SIZE, &value) || value < IO_BLOCK_MIN || value > IO_BS_MAX)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

/* "SIZE", "SIZE-SIZE", with ":WEIGHT" */
static int parse_item(const char *text, size_t len, struct io_sizes *sizes, const char **why)
{
	const char *colon = memchr(text, ':', len);
	size_t span = colon ? (size_t)(colon - text) : len;
	const char *dash = memchr(text, '-', span);
	uint32_t from, to, weight = 1;
	char *end;

	*why = "is no size from 512 to 16M, range such as 4K-64K or list such as 4K:70,64K:30";
	if (colon) {
		weight = (uint32_t)strtoul(colon + 1, &end, 10);
		if (end != text + len || end == colon + 1 || !weight || weight > 1000000)
			return -EINVAL;
	}
	if (parse_size(text, dash ? (size_t)(dash - text) : span, &from))
		return -EINVAL;
	to = from;
	if (dash && parse_size(dash + 1, (size_t)(text + span - dash - 1), &to))
		return -EINVAL;
	if (from > to)
		return -EINVAL;
	if (sizes->items == IO_SIZES_MAX) {
		*why = "has more than 16 items";
		return -E2BIG;
	}
	sizes->item[sizes->items].from = from;
	sizes->item[sizes->items].to = to;
	sizes->item[sizes->items++].weight = weight;
	sizes->weights += weight;
	if (!sizes->min || from < sizes->min)
		sizes->min = from;
	if (to > sizes->max)
		sizes->max = to;
	return 0;
}

int io_parse_sizes(const char *text, struct io_sizes *sizes, const char **why)
{
	unsigned int i;
	size_t len;

	memset(sizes, 0, sizeof(*sizes));
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (parse_item(text, len, sizes, why))
			return -EINVAL;
		if (!text[len])
			break;
	}
	*why = "is no multiple of 512";
	if (sizes->min % 512)
		return -EINVAL;
	*why = "has a size that is no multiple of the smallest one";
	for (i = 0; i < sizes->items; i++)
		if (sizes->item[i].from % sizes->min || sizes->item[i].to % sizes->min)
			return -EINVAL;
	return 0;
}

static int find_mode(struct io_bench *io)
{
	unsigned int i;

	for (i = 0; i < IO_MODES; i++)
		if (!strcmp(io->rw, io_mode_names[i])) {
			io->mode = i;
			return 0;
		}
	return az_usage("--rw: '%s' is none of read, write, randread, randwrite, mixed, flush, "
			"trim, verify, check", io->rw);
}

static int find_random(struct io_bench *io)
{
	char *end;

	if (!strcmp(io->random, "uniform"))
		return 0;
	if (!strncmp(io->random, "zipf:", 5)) {
		io->zipf = strtod(io->random + 5, &end);
		if (end > io->random + 5 && !*end && io->zipf > 0 && io->zipf <= 10)
			return 0;
	}
	return az_usage("--random: '%s' is neither uniform nor zipf:S with S up to 10, such as "
			"zipf:1.1", io->random);
}

static int check_engine(struct io_bench *io)
{
	bool uring;

	io->engine = io_engine_find(io->engine_name,
				    io->poll || io->sqpoll ? 2 : io->depth);
	if (!io->engine)
		return az_usage("--engine: '%s' is none of auto, sync, preadv2, io_uring",
				io->engine_name);
	uring = io->engine->async;
	if (!uring && io->depth > 1)
		return az_usage("--engine %s has one request at a time: use --threads, or --engine "
				"io_uring for --depth", io->engine->name);
	if (io->sqpoll && !uring)
		return az_usage("--sqpoll is of --engine io_uring");
	if (io->poll && io->engine == &io_engine_sync)
		return az_usage("--poll is of --engine io_uring and preadv2");
	if (io->nowait && io->engine != &io_engine_preadv2)
		return az_usage("--nowait is of --engine preadv2");
	if (io->poll && io->buffered)
		return az_usage("--poll needs direct I/O: leave out --buffered");
	if (io->poll && (io->fsync || io->fdatasync || io->mode == IO_MODE_FLUSH ||
			 io->mode == IO_MODE_TRIM))
		return az_usage("--poll: flushes and trims cannot be polled for");
	return 0;
}

/* Those that need to know what a block holds. */
static int check_verify(struct io_bench *io)
{
	bool walk = io->mode == IO_MODE_VERIFY || io->mode == IO_MODE_CHECK;

	if (io->verify && io->mode != IO_MODE_WRITE && io->mode != IO_MODE_RANDWRITE &&
	    io->mode != IO_MODE_MIXED)
		return az_usage("--verify is of write, randwrite and mixed");
	if (io->after_kill && io->mode != IO_MODE_CHECK)
		return az_usage("--after-kill is of --rw check");
	if ((io->verify || walk) && io->sizes.min != io->sizes.max)
		return az_usage("--bs: blocks that are checked have one size");
	if (walk && io->load.rate > 0)
		return az_usage("--rate: %s is a closed loop; randwrite --verify has a rate",
				io->rw);
	if (walk && (io->fsync || io->fdatasync))
		return az_usage("--fsync: %s flushes once, after the last write", io->rw);
	return 0;
}

static int check_options(struct io_bench *io)
{
	const char *why;
	bool walk;
	int ret;

	if (!io->file)
		return az_usage("--file is missing: the disk, such as /dev/sdb");
	ret = find_mode(io);
	if (ret)
		return ret;
	if (io_parse_sizes(io->bs, &io->sizes, &why))
		return az_usage("--bs: '%s' %s", io->bs, why);
	if (io->fsync && io->fdatasync)
		return az_usage("--fsync and --fdatasync: one of them");
	if ((io->fsync || io->fdatasync) && !io_writes(io))
		return az_usage("--fsync: %s writes nothing", io->rw);
	if (io->offset % io->sizes.min)
		return az_usage("--offset: %llu is no multiple of --bs",
				(unsigned long long)io->offset);
	ret = find_random(io);
	if (!ret)
		ret = load_spec_check(&io->load);
	if (!ret)
		ret = check_engine(io);
	if (!ret)
		ret = check_verify(io);
	if (ret)
		return ret;
	io->load.seed = io->bench.seed;
	walk = io->mode == IO_MODE_VERIFY || io->mode == IO_MODE_CHECK;
	if (io->bench.count == UINT64_MAX)
		io->bench.count = io->bench.duration || walk ? 0 : DEFAULT_COUNT;
	/* They do each block twice, or stop in the middle: the walk itself is limited. */
	if (walk) {
		io->walk = io->bench.count;
		io->bench.count = 0;
	}
	return 0;
}

static const struct io_bench defaults = {
	.bench = { .count = UINT64_MAX, .seed = 1 },
	.load = LOAD_SPEC_DEFAULT,
	.rw = "randread", .bs = "4096", .engine_name = "auto", .random = "uniform",
	.depth = 1, .mix = 70, .max_errors = 1000, .fd = -1, .guard = -1,
};

int io_options(struct io_bench *io, int argc, char **argv, int *code)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "file", 'f', "FILE", "block device or file", &io->file),
		AZ_OPT(STRING, "rw", 0, "MODE", "what is done, see below (randread)", &io->rw),
		AZ_OPT(STRING, "bs", 0, "SIZES", "bytes of a request: 4K, 4K-64K or 4K:70,64K:30",
		       &io->bs),
		AZ_OPT(U32, "depth", 0, "N", "requests of a thread in flight", &io->depth,
		       .min = 1, .max = IO_DEPTH_MAX),
		AZ_OPT(STRING, "engine", 0, "NAME",
		       "sync, preadv2 or io_uring; auto: io_uring for a depth above 1",
		       &io->engine_name),
		AZ_OPT(U32, "mix", 0, "PERCENT", "reads of a mixed load (70)", &io->mix,
		       .max = 100),
		AZ_OPT(STRING, "random", 0, "HOW", "uniform or zipf:S", &io->random),
		AZ_OPT(SIZE, "size", 's', "SIZE", "use so much of the target; makes a new file",
		       &io->size),
		AZ_OPT(SIZE, "offset", 0, "SIZE", "and begin here", &io->offset),
		AZ_OPT(FLAG, "buffered", 0, NULL, "go through the page cache", &io->buffered),
		AZ_OPT(U64, "fsync", 0, "N", "fsync after each N writes of a thread", &io->fsync),
		AZ_OPT(U64, "fdatasync", 0, "N", "the same with fdatasync", &io->fdatasync),
		AZ_OPT(FLAG, "poll", 0, NULL, "poll for completions (IOPOLL, RWF_HIPRI)",
		       &io->poll),
		AZ_OPT(FLAG, "sqpoll", 0, NULL, "a thread of the kernel submits", &io->sqpoll),
		AZ_OPT(FLAG, "nowait", 0, NULL, "try each with RWF_NOWAIT first", &io->nowait),
		AZ_OPT(FLAG, "plain", 0, NULL, "no registered buffers and files", &io->plain),
		AZ_OPT(FLAG, "stages", 0, NULL, "take the time of each stage, at some cost",
		       &io->stages),
		AZ_OPT(FLAG, "verify", 0, NULL, "check reads, and all that was written at the end",
		       &io->verify),
		AZ_OPT(FLAG, "after-kill", 0, NULL, "check: not all blocks need be written",
		       &io->after_kill),
		AZ_OPT(U64, "max-errors", 0, "N", "end after so many (1000), 0 never",
		       &io->max_errors),
		AZ_OPT(FLAG, "unlink", 0, NULL, "remove the file at the end", &io->unlink),
		AZ_OPT(FLAG, "force", 0, NULL, "overwrite what is there", &io->force),
		LOAD_OPTS(&io->load),
		BENCH_LOAD_OPTS(&io->bench),
		BENCH_OPTS(&io->bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = { argv[0], NULL, "Disk measurements.", epilog, table };
	int ret;

	*io = defaults;
	ret = az_opts_parse(&opts, argc, argv, NULL);
	*code = ret ? az_opts_exit(ret) : check_options(io);
	return ret || *code ? -1 : 0;
}
