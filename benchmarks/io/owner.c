// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns a disk: the last check before a benchmark overwrites it. A mounted
 * file system, swap, a device mapper target or RAID above it claim the device
 * exclusively, and so does one on a partition; offline data is told by its
 * signature.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/io/io.h"

#define PROBE_BYTES	(68 * 1024)	/* up to the superblock of btrfs at 64 KiB */

struct signature {
	const char *what;
	unsigned int offset, len;
	const char *bytes;
};

/* Offsets and magics as in the kernel's file systems and block/partitions. */
static const struct signature signatures[] = {
	{ "holds a GPT partition table", 512, 8, "EFI PART" },
	{ "holds a GPT partition table", 4096, 8, "EFI PART" },
	{ "holds a partition table or boot sector", 510, 2, "\x55\xaa" },
	{ "holds an ext2/3/4 file system", 1080, 2, "\x53\xef" },
	{ "holds an XFS file system", 0, 4, "XFSB" },
	{ "holds a btrfs file system", 65600, 8, "_BHRfS_M" },
	{ "holds an f2fs file system", 1024, 4, "\x10\x20\xf5\xf2" },
	{ "holds an NTFS file system", 3, 8, "NTFS    " },
	{ "holds an EROFS file system", 1024, 4, "\xe2\xe1\xf5\xe0" },
	{ "holds a squashfs file system", 0, 4, "hsqs" },
	{ "holds an ISO 9660 file system", 32769, 5, "CD001" },
	{ "holds a LUKS volume", 0, 6, "LUKS\xba\xbe" },
	{ "holds an LVM physical volume", 512, 8, "LABELONE" },
	{ "holds an LVM physical volume", 0, 8, "LABELONE" },
	{ "holds a RAID member", 0, 4, "\xfc\x4e\x2b\xa9" },
	{ "holds a RAID member", 4096, 4, "\xfc\x4e\x2b\xa9" },
	{ "holds a bcache device", 4120, 4, "\xc6\x85\x73\xf6" },
	{ "holds swap space", 4086, 10, "SWAPSPACE2" },
	{ "holds a QCOW image", 0, 4, "QFI\xfb" },
	{ "holds a VHDX image", 0, 8, "vhdxfile" },
};

static const char *find_signature(const uint8_t *probe, size_t len)
{
	const struct signature *sig;
	size_t i;

	for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		sig = &signatures[i];
		if (sig->offset + sig->len <= len &&
		    !memcmp(probe + sig->offset, sig->bytes, sig->len))
			return sig->what;
	}
	return NULL;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

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

int io_find_owner(int fd, char *why, size_t len)
{
	static uint8_t probe[PROBE_BYTES] __attribute__((aligned(4096)));
	const char *what = NULL;
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISBLK(st.st_mode) && is_claimed(fd))
		what = "is in use: mounted, swap, or part of a RAID or a volume group";
	got = what ? 0 : pread(fd, probe, sizeof(probe), 0);
	if (got < 0)
		return -errno;
	if (!what && !(got >= 24 && io_is_ours(probe)))
		what = find_signature(probe, (size_t)got);
	/* A plain file without a known signature may still be someone's work. */
	if (!what && S_ISREG(st.st_mode) && !all_zero(probe, (size_t)got) &&
	    !(got >= 24 && io_is_ours(probe)))
		what = "holds data that azimuth has not written";
	if (what)
		snprintf(why, len, "%s", what);
	return what ? 1 : 0;
}
