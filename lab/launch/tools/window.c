// SPDX-License-Identifier: GPL-2.0-only
/*
 * Level 1's side of the window, and what both sides share.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/tools/tool.h"
#include "launch/tools/window.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define IVSHMEM_ID	0x1af41110ul
#define PVPANIC_PORT	0x505
#define PVPANIC_PANICKED 1

static unsigned long pci_id(const char *dev, const char *file)
{
	char path[512], text[16] = "";
	unsigned long id = 0;
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", dev, file);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(text, sizeof(text), f))
		id = strtoul(text, NULL, 16);
	fclose(f);
	return id;
}

/* The path of BAR 2 of the first ivshmem device: -ENODEV without one. */
static int find_ivshmem(char *path, size_t size)
{
	struct dirent *e;
	int ret = -ENODEV;
	DIR *d;

	d = opendir(PCI_DEVICES);
	if (!d)
		return -errno;
	while (ret && (e = readdir(d))) {
		if ((pci_id(e->d_name, "vendor") << 16 | pci_id(e->d_name, "device")) != IVSHMEM_ID)
			continue;
		snprintf(path, size, PCI_DEVICES "/%s/resource2", e->d_name);
		ret = 0;
	}
	closedir(d);
	return ret;
}

int window_map(struct window *w, const char *path)
{
	char found[512];
	struct stat st;
	int fd, ret = 0;

	if (!path) {
		ret = find_ivshmem(found, sizeof(found));
		if (ret)
			return ret;
		path = found;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		ret = -errno;
		goto out;
	}
	w->size = st.st_size;
	w->base = mmap(NULL, w->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (w->base == MAP_FAILED)
		ret = -errno;
out:
	close(fd);
	return ret;
}

int window_check(const struct window *w)
{
	const struct window_header *h = window_header(w);

	if (w->size < WINDOW_PAGE || h->magic != WINDOW_MAGIC || h->size != w->size)
		return -EINVAL;
	if (h->jobs_off > w->size || h->jobs_len > w->size - h->jobs_off ||
	    h->payload_off > w->size || h->payload_len > w->size - h->payload_off ||
	    h->log_off > w->size)
		return -EINVAL;
	return 0;
}

static int write_all(const unsigned char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= n;
	}
	return 0;
}

/* Appends one record; -ENOSPC when the log is full. */
static int append(const struct window *w, enum window_type type, const char *job,
		  const char *name, const void *data, uint32_t len)
{
	struct window_header *h = window_header(w);
	uint64_t need = window_align(sizeof(struct window_record) + len);
	uint64_t at = __atomic_fetch_add(&h->log_tail, need, __ATOMIC_RELAXED);
	struct window_record *rec;

	if (at > w->size - h->log_off || need > w->size - h->log_off - at)
		return -ENOSPC;
	rec = (struct window_record *)(w->base + h->log_off + at);
	rec->type = type;
	snprintf(rec->job, sizeof(rec->job), "%s", job);
	snprintf(rec->name, sizeof(rec->name), "%s", name);
	memcpy(rec + 1, data, len);
	__atomic_store_n(&rec->length, len + 1, __ATOMIC_RELEASE);
	return 0;
}

/* Copies standard input into the log as file @name of @job, as it comes. */
static int put(const struct window *w, const char *job, const char *name)
{
	static unsigned char buf[WINDOW_CHUNK];
	int ret = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : ret;
		/* Full: go on reading, or the writer would get a SIGPIPE. */
		if (!ret)
			ret = append(w, WINDOW_DATA, job, name, buf, n);
	}
}

/*
 * Stops this machine at this very instruction, through QEMU's pvpanic device,
 * for the host to take its snapshot. Returns when a copy of the machine goes
 * on, with the window filled: there is nothing to poll for, and every copy has
 * the same past to the instruction.
 */
static int wait_go(const struct window *w)
{
	if (ioperm(PVPANIC_PORT, 1, 1) < 0)
		return -errno;
	outb(PVPANIC_PANICKED, PVPANIC_PORT);
	return __atomic_load_n(&window_header(w)->go, __ATOMIC_ACQUIRE) ? 0 : -EAGAIN;
}

static int level1_command(const struct window *w, int argc, char **argv)
{
	const struct window_header *h = window_header(w);

	if (argc == 1 && !strcmp(argv[0], "wait"))
		return wait_go(w);
	if (window_check(w))
		return -EINVAL;
	if (argc == 1 && !strcmp(argv[0], "jobs"))
		return write_all(w->base + h->jobs_off, h->jobs_len);
	if (argc == 1 && !strcmp(argv[0], "payload"))
		return write_all(w->base + h->payload_off, h->payload_len);
	if (argc == 3 && !strcmp(argv[0], "event"))
		return append(w, WINDOW_EVENT, argv[1], "", argv[2], strlen(argv[2]));
	if (argc == 3 && !strcmp(argv[0], "put"))
		return put(w, argv[1], argv[2]);
	return -ENOSYS;
}

static int usage(void)
{
	tool_error("usage, on the host: labtool window create FILE BYTES | fill FILE JOBS TAR |"
		   " follow FILE DIR PID");
	tool_error("usage, in level 1: labtool window wait | jobs | payload | event JOB TEXT |"
		   " put JOB NAME < DATA");
	return TOOL_USAGE;
}

int tool_window(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(int argc, char **argv);
	} host[] = {
		{ "create", 3, window_create },
		{ "fill", 4, window_fill },
		{ "follow", 4, window_follow },
	};
	struct window w;
	size_t i;
	int ret;

	if (argc < 2)
		return usage();
	for (i = 0; i < sizeof(host) / sizeof(host[0]); i++)
		if (!strcmp(argv[1], host[i].name))
			return argc - 1 == host[i].args ? host[i].run(argc - 1, argv + 1) : usage();

	ret = window_map(&w, NULL);
	if (ret) {
		tool_error("no window in this machine: %s", strerror(-ret));
		return TOOL_ENV;
	}
	ret = level1_command(&w, argc - 1, argv + 1);
	if (ret == -ENOSYS)
		return usage();
	if (ret)
		tool_error("window %s: %s", argv[1], strerror(-ret));
	return ret ? TOOL_FAILED : TOOL_OK;
}
