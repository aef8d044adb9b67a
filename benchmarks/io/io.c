// SPDX-License-Identifier: GPL-2.0-only
/* Disk requests, closed loop, one at a time, past the page cache. */
#include "benchmarks/io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rng.h"

#define BUFFER_ALIGN	4096
#define BS_MAX		(16u << 20)
#define DEFAULT_COUNT	1000

static const char epilog[] =
	"Modes:\n"
	"  randread   --count reads of --bs bytes at random places\n"
	"  randwrite  the same with writes\n"
	"  verify     write --count blocks (0: all) of a pattern with a checksum each,\n"
	"             flush, drop caches, read back and compare\n"
	"  check      only the second half of verify, for data of an earlier run\n"
	"Writing to a disk that is in use or holds data of others needs --force.\n"
	"Exit codes: 0 good, 1 I/O errors or wrong data, 2 usage, 3 environment.";

static int timed(struct io_bench *io, bool write, uint64_t block, bool counted)
{
	off_t offset = (off_t)(block * io->bs);
	uint64_t begin = az_clock_ns();
	ssize_t moved = write ? pwrite(io->fd, io->buf, io->bs, offset) :
				pread(io->fd, io->buf, io->bs, offset);
	int error = moved < 0 ? -errno : 0;

	if (moved == (ssize_t)io->bs) {
		if (counted)
			az_hist_record(write ? &io->writes : &io->reads, az_clock_ns() - begin);
		return 0;
	}
	return error ? error : -EIO;
}

int io_read_block(struct io_bench *io, uint64_t block, bool counted)
{
	return timed(io, false, block, counted);
}

int io_write_block(struct io_bench *io, uint64_t block, bool counted)
{
	return timed(io, true, block, counted);
}

static int find_size(struct io_bench *io, uint64_t *bytes)
{
	struct stat st;
	int sector = 1;

	if (fstat(io->fd, &st))
		return az_env("%s: %s", io->file, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		*bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (ioctl(io->fd, BLKGETSIZE64, bytes) || ioctl(io->fd, BLKSSZGET, &sector))
		return az_env("%s: cannot read its size: %s", io->file, strerror(errno));
	if (io->bs % (uint64_t)sector)
		return az_usage("--bs: %llu is no multiple of the sector size of %s, %d",
				(unsigned long long)io->bs, io->file, sector);
	return 0;
}

static int check_owner(struct io_bench *io)
{
	char why[96];
	int ret = io_find_owner(io->fd, why, sizeof(why));

	if (ret < 0)
		return az_env("%s: cannot read it: %s", io->file, strerror(-ret));
	if (ret)
		return az_usage("%s %s; --force overwrites it", io->file, why);
	return 0;
}

int io_open(struct io_bench *io, bool write)
{
	int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | (io->buffered ? 0 : O_DIRECT);
	struct stat st;
	uint64_t bytes = 0;
	int ret;

	/* Looked at first: opening a tape or a pipe would already do something. */
	if (stat(io->file, &st))
		return az_usage("--file: %s: %s", io->file, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return az_usage("--file: %s is neither a block device nor a file", io->file);
	io->fd = open(io->file, flags);
	if (io->fd < 0 && errno == EINVAL && !io->buffered)
		return az_env("%s: its file system has no direct I/O; use --buffered", io->file);
	if (io->fd < 0)
		return az_env("%s: %s", io->file, strerror(errno));
	ret = find_size(io, &bytes);
	if (ret)
		return ret;
	if (!io->size || io->size > bytes)
		io->size = bytes;
	io->blocks = io->size / io->bs;
	if (!io->blocks)
		return az_usage("%s: %llu bytes hold no block of %llu", io->file,
				(unsigned long long)bytes, (unsigned long long)io->bs);
	return write && !io->force ? check_owner(io) : 0;
}

static int one_request(struct io_bench *io, bool write, uint64_t block, bool counted)
{
	int ret;

	if (write)
		io_make_block(io, block);
	ret = timed(io, write, block, counted);
	if (ret == -EINTR && bench_stopped())
		return 0;
	if (ret) {
		/* The first error says what and where, the count says how many. */
		if (!io->errors++)
			az_err("%s of %s at byte %llu: %s", write ? "write" : "read", io->file,
			       (unsigned long long)(block * io->bs), strerror(-ret));
		if (ret == -ENODEV || ret == -ENXIO)
			return ret;
	}
	return 0;
}

static int random_requests(struct io_bench *io, bool write)
{
	struct az_rng rng = { io->bench.seed };
	uint64_t i, done = 0;
	int ret = 0;

	for (i = 0; !ret && i < io->warmup && !bench_stopped(); i++)
		ret = one_request(io, write, az_rng_below(&rng, io->blocks), false);
	io->bench.start = az_clock_ns();
	while (!ret && bench_goes_on(&io->bench, done, az_clock_ns())) {
		ret = one_request(io, write, az_rng_below(&rng, io->blocks), true);
		done++;
	}
	if (write && fdatasync(io->fd) && !io->errors++)
		az_err("flush of %s: %s", io->file, strerror(errno));
	return io->errors || ret ? AZ_EXIT_FAILED : AZ_EXIT_OK;
}

static void say(const struct io_bench *io, const struct az_hist *hist, const char *what)
{
	char p50[16], p99[16], max[16];

	if (hist->count)
		bench_say(&io->bench, "%s %lluB: p50 %s p99 %s max %s, %llu done, %llu bad", what,
			  (unsigned long long)io->bs,
			  bench_time(p50, (double)az_hist_percentile(hist, 500000)),
			  bench_time(p99, (double)az_hist_percentile(hist, 990000)),
			  bench_time(max, (double)hist->max), (unsigned long long)hist->count,
			  (unsigned long long)io->errors);
}

static int report(struct io_bench *io, int ret)
{
	json_t *result = az_result_new("io");

	az_result_config_str(result, "mode", io->rw);
	az_result_config_int(result, "bs", io->bs);
	az_result_config_int(result, "count", io->bench.count);
	az_result_config_int(result, "size", io->size);
	az_result_count(result, "reads", io->reads.count);
	az_result_count(result, "writes", io->writes.count);
	az_result_count(result, "errors", io->errors);
	if (io->reads.count)
		az_result_hist(result, "read", &io->reads);
	if (io->writes.count)
		az_result_hist(result, "write", &io->writes);
	say(io, &io->writes, "write");
	say(io, &io->reads, "read");
	return bench_end(&io->bench, result, ret);
}

static int run(struct io_bench *io)
{
	bool verify = !strcmp(io->rw, "verify"), check = !strcmp(io->rw, "check");
	bool write = verify || !strcmp(io->rw, "randwrite");
	int ret;

	az_hist_reset(&io->reads);
	az_hist_reset(&io->writes);
	ret = io_open(io, write);
	if (!ret)
		ret = bench_begin(&io->bench, io->rw);
	if (ret)
		goto out;
	io->buf = aligned_alloc(BUFFER_ALIGN, (io->bs + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - 1ull));
	if (!io->buf) {
		ret = az_env("out of memory");
		goto out;
	}
	memset(io->buf, 0, io->bs);
	ret = verify || check ? io_verify(io, verify) : random_requests(io, write);
	ret = report(io, ret);
out:
	free(io->buf);
	if (io->fd >= 0)
		close(io->fd);
	return ret;
}

static bool is_mode(const char *rw)
{
	return !strcmp(rw, "randread") || !strcmp(rw, "randwrite") || !strcmp(rw, "verify") ||
	       !strcmp(rw, "check");
}

static int check_options(struct io_bench *io)
{
	bool random = !strncmp(io->rw, "rand", 4);

	if (!io->file)
		return az_usage("--file is missing: the disk, such as /dev/sdb");
	if (!is_mode(io->rw))
		return az_usage("--rw: '%s' is none of randread, randwrite, verify, check", io->rw);
	if (io->bs % 512)
		return az_usage("--bs: %llu is no multiple of 512", (unsigned long long)io->bs);
	if (io->bench.count == UINT64_MAX)
		io->bench.count = random && !io->bench.duration ? DEFAULT_COUNT : 0;
	return 0;
}

int bench_io(int argc, char **argv)
{
	/* Too large for the stack, for it holds two histograms. */
	static struct io_bench io;
	const struct az_opt table[] = {
		AZ_OPT(STRING, "file", 'f', "FILE", "block device or file", &io.file),
		AZ_OPT(STRING, "rw", 0, "MODE", "randread, randwrite, verify or check", &io.rw),
		AZ_OPT(SIZE, "bs", 0, "SIZE", "bytes of one request", &io.bs,
		       .min = 512, .max = BS_MAX),
		AZ_OPT(SIZE, "size", 's', "SIZE", "use only this much of the target", &io.size),
		AZ_OPT(U64, "warmup", 0, "N", "first do N that are not counted", &io.warmup),
		AZ_OPT(FLAG, "buffered", 0, NULL, "go through the page cache", &io.buffered),
		AZ_OPT(FLAG, "force", 0, NULL, "overwrite what is there", &io.force),
		BENCH_OPTS(&io.bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = { argv[0], NULL, "Disk measurements.", epilog, table };
	int ret;

	memset(&io, 0, sizeof(io));
	io.bench.count = UINT64_MAX;
	io.bench.seed = 1;
	io.rw = "randread";
	io.bs = 4096;
	io.fd = -1;
	ret = az_opts_parse(&opts, argc, argv, NULL);
	if (ret)
		return az_opts_exit(ret);
	ret = check_options(&io);
	return ret ? ret : run(&io);
}
