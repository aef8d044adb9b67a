// SPDX-License-Identifier: GPL-2.0-only
/* Whose data a disk holds, by its signatures: the last look before it is overwritten. */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/io/block.h"
#include "benchmarks/io/target.h"

#define PROBE_BYTES	(136 * 1024)	/* up to the first uberblock of ZFS at 128 KiB */
#define MIN_FOR_END	(256 * 1024)	/* smaller disks hold nothing at their end */

struct signature {
	const char *what;
	unsigned int offset, len;
	const char *bytes;
};

/* Offsets and magics as in the kernel's file systems and block/partitions, and libblkid. */
static const struct signature signatures[] = {
	{ "holds a GPT partition table", 512, 8, "EFI PART" },
	{ "holds a GPT partition table", 4096, 8, "EFI PART" },
	{ "holds a BitLocker volume", 3, 8, "-FVE-FS-" },
	{ "holds an NTFS file system", 3, 8, "NTFS    " },
	{ "holds an exFAT file system", 3, 8, "EXFAT   " },
	{ "holds a FAT file system", 82, 5, "FAT32" },
	{ "holds a FAT file system", 54, 4, "FAT1" },
	{ "holds a partition table or boot sector", 510, 2, "\x55\xaa" },
	{ "holds an ext2/3/4 file system", 1080, 2, "\x53\xef" },
	{ "holds an XFS file system", 0, 4, "XFSB" },
	{ "holds a btrfs file system", 65600, 8, "_BHRfS_M" },
	{ "holds an f2fs file system", 1024, 4, "\x10\x20\xf5\xf2" },
	{ "holds an EROFS file system", 1024, 4, "\xe2\xe1\xf5\xe0" },
	{ "holds a squashfs file system", 0, 4, "hsqs" },
	{ "holds an ISO 9660 file system", 32769, 5, "CD001" },
	{ "holds a JFS file system", 32768, 4, "JFS1" },
	{ "holds a ReiserFS file system", 65588, 6, "ReIsEr" },
	{ "holds a GFS2 file system", 65536, 4, "\x01\x16\x19\x70" },
	{ "holds an OCFS2 file system", 8192, 6, "OCFSV2" },
	{ "holds a bcachefs file system", 4120, 8, "\xc6\x85\x73\xf6\x66\xce\x90\xa9" },
	{ "holds a ZFS member", 131072, 8, "\x0c\xb1\xba\x00\x00\x00\x00\x00" },
	{ "holds a Ceph OSD", 0, 22, "bluestore block device" },
	{ "holds an Oracle ASM disk", 32, 8, "ORCLDISK" },
	{ "holds a LUKS volume", 0, 6, "LUKS\xba\xbe" },
	{ "holds an LVM physical volume", 512, 8, "LABELONE" },
	{ "holds an LVM physical volume", 0, 8, "LABELONE" },
	{ "holds an LVM physical volume", 1024, 8, "LABELONE" },
	{ "holds a RAID member", 0, 4, "\xfc\x4e\x2b\xa9" },
	{ "holds a RAID member", 4096, 4, "\xfc\x4e\x2b\xa9" },
	{ "holds a bcache device", 4120, 4, "\xc6\x85\x73\xf6" },
	{ "holds swap space", 4086, 10, "SWAPSPACE2" },
	{ "holds swap space", 65526, 10, "SWAPSPACE2" },
	{ "holds a QCOW image", 0, 4, "QFI\xfb" },
	{ "holds a VHDX image", 0, 8, "vhdxfile" },
};

const char *io_find_signature(const uint8_t *probe, size_t len, unsigned int least)
{
	const struct signature *sig;
	size_t i;

	for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		sig = &signatures[i];
		if (sig->len >= least && sig->offset + sig->len <= len &&
		    !memcmp(probe + sig->offset, sig->bytes, sig->len))
			return sig->what;
	}
	return NULL;
}

/*
 * What stands at the end of a disk: the second GPT, RAID superblocks of format 1.0
 * and 0.90, the footer of a VHD. Their places follow from its size, in bytes.
 */
static const char *find_end_signature(int fd, uint64_t size)
{
	const struct {
		const char *what;
		uint64_t offset;
		unsigned int len;
		const char *bytes;
	} ends[] = {
		{ "holds a GPT partition table", size - 512, 8, "EFI PART" },
		{ "holds a VHD image", size - 512, 8, "conectix" },
		{ "holds a RAID member", (size - 8192) & ~4095ull, 4, "\xfc\x4e\x2b\xa9" },
		{ "holds a RAID member", (size & ~65535ull) - 65536, 4, "\xfc\x4e\x2b\xa9" },
	};
	static uint8_t probe[4096] __attribute__((aligned(4096)));
	uint64_t from;
	size_t i;

	if (size < MIN_FOR_END)
		return NULL;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		from = ends[i].offset & ~4095ull;
		if (pread(fd, probe, sizeof(probe), (off_t)from) <= 0)
			continue;
		if (!memcmp(probe + (ends[i].offset - from), ends[i].bytes, ends[i].len))
			return ends[i].what;
	}
	return NULL;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/* Is the first sector that is not zero one of our blocks? They begin at sectors. */
static bool is_ours(const uint8_t *probe, size_t len)
{
	size_t at = 0;

	while (at + IO_BLOCK_MIN <= len && all_zero(probe + at, IO_BLOCK_MIN))
		at += IO_BLOCK_MIN;
	return at + IO_BLOCK_MIN <= len && io_block_is_ours(probe + at);
}

static uint64_t size_of(int fd, const struct stat *st)
{
	uint64_t size = 0;

	if (S_ISREG(st->st_mode))
		return (uint64_t)st->st_size;
	return ioctl(fd, BLKGETSIZE64, &size) ? 0 : size;
}

/* Of a file that begins with a hole: what comes after it. */
static bool has_later_data(int fd, uint8_t *probe)
{
	off_t at = lseek(fd, PROBE_BYTES, SEEK_DATA);
	ssize_t got = at < 0 ? 0 : pread(fd, probe, PROBE_BYTES, at & ~4095ll);

	return got > 0 && !all_zero(probe, (size_t)got) && !is_ours(probe, (size_t)got);
}

/* Up to the first bytes that cannot be read; O_DIRECT wants whole sectors, so no loop. */
static const char *find_data(int fd, const struct stat *st, ssize_t *error)
{
	static uint8_t probe[PROBE_BYTES] __attribute__((aligned(4096)));
	ssize_t got = pread(fd, probe, sizeof(probe), 0);
	const char *what;
	bool ours;

	*error = got < 0 ? -errno : 0;
	if (got < 0)
		return NULL;
	ours = is_ours(probe, (size_t)got);
	/*
	 * A volume that was made later may have left our first block, so all is looked
	 * for; but two bytes are found by chance in what we write.
	 */
	what = io_find_signature(probe, (size_t)got, ours ? 4 : 0);
	if (!what)
		what = find_end_signature(fd, size_of(fd, st));
	/* A plain file without a known signature may still be someone's work. */
	if (!what && !ours && S_ISREG(st->st_mode) &&
	    (!all_zero(probe, (size_t)got) || has_later_data(fd, probe)))
		what = "holds data that azimuth has not written";
	return what;
}

int io_find_owner(int fd, char *why, size_t len)
{
	const char *what;
	struct stat st;
	ssize_t error;

	if (fstat(fd, &st))
		return -errno;
	if (io_find_claim(fd, why, len))
		return 1;
	what = find_data(fd, &st, &error);
	if (what)
		snprintf(why, len, "%s", what);
	return what ? 1 : (int)error;
}
