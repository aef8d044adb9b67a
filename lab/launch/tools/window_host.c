// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of the window: create and fill it, and turn level 1's log
 * into files and into lines on standard output that the launcher shows.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "launch/tools/tool.h"
#include "launch/tools/window.h"

#define FOLLOW_NS	30000000

static int fail(const char *path, int err)
{
	tool_error("%s: %s", path, strerror(-err));
	return err == -ENOSPC || err == -ENOENT ? TOOL_ENV : TOOL_FAILED;
}

/*
 * window create FILE BYTES: reserves the space on disk now, because a hole
 * that cannot be filled later is a SIGBUS in QEMU.
 */
int window_create(int argc, char **argv)
{
	uint64_t size = strtoull(argv[2], NULL, 10);
	struct window w;
	int fd, ret;

	if (size < 16 * WINDOW_PAGE || size & (size - 1)) {
		tool_error("window size %s: a power of two of at least 64 KiB", argv[2]);
		return TOOL_USAGE;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(argv[1], -errno);
	ret = -posix_fallocate(fd, 0, size);
	close(fd);
	if (!ret)
		ret = window_map(&w, argv[1]);
	if (ret) {
		unlink(argv[1]);
		return fail(argv[1], ret);
	}
	window_header(&w)->magic = WINDOW_MAGIC;
	window_header(&w)->size = size;
	return TOOL_OK;
}

/* Reads all of @path to @at; returns its length or a negative errno. */
static int64_t load(const struct window *w, uint64_t at, const char *path)
{
	struct stat st;
	int64_t done = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		done = -errno;
		goto out;
	}
	if (at > w->size || (uint64_t)st.st_size > w->size - at) {
		done = -EFBIG;
		goto out;
	}
	while (done < st.st_size) {
		ssize_t n = read(fd, w->base + at + done, st.st_size - done);

		if (n <= 0) {
			done = n ? -errno : -EIO;
			goto out;
		}
		done += n;
	}
out:
	close(fd);
	return done;
}

/* window fill FILE JOBS TAR: puts both in and sets go. */
int window_fill(int argc, char **argv)
{
	struct window_header *h;
	struct window w;
	int64_t len;
	int ret = window_map(&w, argv[1]);

	if (ret)
		return fail(argv[1], ret);
	h = window_header(&w);
	h->jobs_off = WINDOW_PAGE;
	len = load(&w, h->jobs_off, argv[2]);
	if (len < 0)
		return fail(argv[2], len);
	h->jobs_len = len;
	h->payload_off = (h->jobs_off + len + WINDOW_PAGE - 1) & ~(uint64_t)(WINDOW_PAGE - 1);
	len = load(&w, h->payload_off, argv[3]);
	if (len < 0)
		return fail(argv[3], len);
	h->payload_len = len;
	h->log_off = (h->payload_off + len + WINDOW_PAGE - 1) & ~(uint64_t)(WINDOW_PAGE - 1);
	if (window_check(&w))
		return fail(argv[3], -EFBIG);
	__atomic_store_n(&h->go, 1, __ATOMIC_RELEASE);
	return TOOL_OK;
}

/* A file name and nothing else: level 1's word is not trusted for paths. */
static int name_is_safe(const char *name)
{
	size_t i, len = strnlen(name, WINDOW_NAME_MAX);

	if (len == 0 || len == WINDOW_NAME_MAX || name[0] == '.')
		return 0;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return 0;
	return 1;
}

/* Appends to DIR/JOB/NAME, making the directory on the first piece. */
static int store(const char *dir, const struct window_record *rec, const void *data, size_t len)
{
	char path[4096];
	FILE *f;
	int ret = 0;

	if (!name_is_safe(rec->job) || !name_is_safe(rec->name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%s/%s", dir, rec->job);
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s/%s", dir, rec->job, rec->name);
	f = fopen(path, "ae");
	if (!f)
		return -errno;
	if (fwrite(data, 1, len, f) != len)
		ret = -errno;
	if (fclose(f) && !ret)
		ret = -errno;
	return ret;
}

/*
 * Handles the record at *@at, if there is one. Returns 1 and moves *@at, 0
 * when there is none yet, or a negative errno.
 */
static int take_record(const struct window *w, const char *dir, uint64_t *at)
{
	const struct window_header *h = window_header(w);
	uint64_t room = w->size - h->log_off;
	struct window_record rec;
	const unsigned char *p;
	uint32_t len;
	int ret = 0;

	if (*at > room || room - *at < sizeof(rec))
		return -ENOSPC;
	p = w->base + h->log_off + *at;
	len = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
	if (!len)
		return 0;
	memcpy(&rec, p, sizeof(rec));
	len--;
	if (len > room - *at - sizeof(rec))
		return -EINVAL;
	p += sizeof(rec);
	if (rec.type == WINDOW_DATA)
		ret = store(dir, &rec, p, len);
	else if (rec.type == WINDOW_EVENT && name_is_safe(rec.job))
		printf("%s %.*s\n", rec.job, (int)len, (const char *)p);
	else
		ret = -EINVAL;
	*at += window_align(sizeof(rec) + len);
	return ret ? ret : 1;
}

/*
 * window follow FILE DIR PID: stores what level 1 sends below DIR, prints its
 * events, and ends when process PID (QEMU) has ended and the log is read.
 */
int window_follow(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_NS };
	pid_t pid = atoi(argv[3]);
	struct window w;
	uint64_t at = 0;
	int alive = 1, ret = window_map(&w, argv[1]);

	if (ret || window_check(&w))
		return fail(argv[1], ret ? ret : -EINVAL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (ret >= 0) {
		ret = take_record(&w, argv[2], &at);
		if (ret)
			continue;
		if (!alive)
			return TOOL_OK;
		/* Once more after the end: the last record may be newer. */
		alive = !kill(pid, 0);
		nanosleep(&pause, NULL);
	}
	return fail(argv[2], ret);
}
