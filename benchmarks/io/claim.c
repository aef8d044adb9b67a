// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses a disk just now. A mounted file system, swap, a device mapper target
 * or RAID above it claim the device exclusively, and so does one on a partition:
 * O_EXCL finds all of them. What it is stands in mountinfo, swaps and sysfs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "benchmarks/io/target.h"

/*
 * O_EXCL without O_CREAT fails for a block device that something in the kernel
 * has claimed (open(2)); a claim on a partition holds the whole disk, too.
 */
static bool is_claimed(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (again < 0)
		return errno == EBUSY;
	close(again);
	return false;
}

/* Where @dev is mounted; /proc/self/mountinfo: ID parent major:minor root MOUNTPOINT ... */
static bool find_mount(dev_t dev, char *why, size_t len)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	unsigned int major, minor;
	char line[1024], point[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*d %*d %u:%u %*s %255s", &major, &minor, point) != 3 ||
		    makedev(major, minor) != dev)
			continue;
		snprintf(why, len, "is mounted at %.60s", point);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

/* /proc/swaps: a head line, then PATH TYPE ... */
static bool find_swap(const struct stat *st, char *why, size_t len)
{
	FILE *file = fopen("/proc/swaps", "re");
	char line[1024], path[512];
	struct stat swap;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%511s", path) != 1 || stat(path, &swap))
			continue;
		found = S_ISBLK(st->st_mode) ? swap.st_rdev == st->st_rdev :
			swap.st_dev == st->st_dev && swap.st_ino == st->st_ino;
	}
	if (found)
		snprintf(why, len, "is in use as swap space");
	if (file)
		fclose(file);
	return found;
}

/* The first entry of a directory. */
static bool first_entry(const char *path, char *name, size_t len)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, len, "%.60s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool find_holder(dev_t dev, char *why, size_t len)
{
	char path[64], name[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(dev), minor(dev));
	if (!first_entry(path, name, sizeof(name)))
		return false;
	snprintf(why, len, "is part of %s (device mapper, LVM or RAID)", name);
	return true;
}

static bool find_use(const struct stat *st, char *why, size_t len)
{
	return find_mount(st->st_rdev, why, len) || find_swap(st, why, len) ||
	       find_holder(st->st_rdev, why, len);
}

/* A partition of the disk @dev that is in use. */
static bool find_partition(dev_t dev, char *why, size_t len)
{
	char path[64], node[640], what[96];
	struct dirent *entry;
	unsigned int major, minor;
	bool found = false;
	struct stat st = { .st_mode = S_IFBLK };
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(node, sizeof(node), "%s/%s/partition", path, entry->d_name);
		if (entry->d_name[0] == '.' || access(node, F_OK))
			continue;
		snprintf(node, sizeof(node), "%s/%s/dev", path, entry->d_name);
		file = fopen(node, "re");
		if (file && fscanf(file, "%u:%u", &major, &minor) == 2) {
			st.st_rdev = makedev(major, minor);
			found = find_use(&st, what, sizeof(what));
		}
		if (file)
			fclose(file);
		if (found)
			snprintf(why, len, "has the partition %.32s, which %s", entry->d_name,
				 what);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* A file below a loop device: /sys/block/loopN/loop/backing_file */
static bool find_loop(int fd, char *why, size_t len)
{
	char link[32], mine[512], path[640], theirs[512] = "";
	struct dirent *entry;
	DIR *dir = opendir("/sys/block");
	bool found = false;
	FILE *file;
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, mine, sizeof(mine) - 1);
	mine[got > 0 ? got : 0] = 0;
	while (dir && got > 0 && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", entry->d_name);
		file = fopen(path, "re");
		if (file && fgets(theirs, sizeof(theirs), file)) {
			theirs[strcspn(theirs, "\n")] = 0;
			found = !strcmp(mine, theirs);
			if (found)
				snprintf(why, len, "is the disk behind /dev/%.32s", entry->d_name);
		}
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool io_find_claim(int fd, char *why, size_t len)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return find_swap(&st, why, len) || find_loop(fd, why, len);
	if (find_use(&st, why, len) || find_partition(st.st_rdev, why, len))
		return true;
	if (!is_claimed(fd))
		return false;
	snprintf(why, len, "is in use: mounted elsewhere, or held by another program");
	return true;
}
