// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembers what the shell commands of a Kconfig printed.
 *
 * Reading a tree's Kconfig runs some 150 compiler checks, two seconds of processor
 * time that have the same answers as long as the compiler is the same. The Kconfig
 * library runs them with popen(); this takes its place by the linker's --wrap. The
 * answers lie in the directory $AZIMUTH_MEMO, one file a command, which
 * kconfig-tree.sh empties when the compiler, the tools or the tree change.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What --wrap makes of the names; the library calls the __wrap_ ones. */
FILE *__real_popen(const char *command, const char *mode);
int __real_pclose(FILE *stream);
FILE *__wrap_popen(const char *command, const char *mode);
int __wrap_pclose(FILE *stream);

/* FNV-1a: 64 bits are plenty for a few hundred commands. */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return h;
}

/* Runs @command and moves its whole output to @path; false when that fails. */
static bool record(const char *command, const char *path)
{
	char tmp[4096], buf[4096];
	FILE *in, *out;
	bool good;
	size_t n;

	snprintf(tmp, sizeof(tmp), "%s.%d", path, getpid());
	in = __real_popen(command, "r");
	if (!in)
		return false;
	out = fopen(tmp, "w");
	if (!out) {
		__real_pclose(in);
		return false;
	}
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	good = !ferror(in) && !ferror(out);
	__real_pclose(in);
	good &= !fclose(out);
	if (!good || rename(tmp, path)) {
		unlink(tmp);
		return false;
	}
	return true;
}

/* A stream with the output of @command, from memory where it is there. */
FILE *__wrap_popen(const char *command, const char *mode __attribute__((unused)))
{
	const char *dir = getenv("AZIMUTH_MEMO");
	char path[4000];
	FILE *f;

	if (!dir) {
		errno = EINVAL;
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%016" PRIx64, dir, hash(command));
	f = fopen(path, "r");
	if (f || !record(command, path))
		return f;
	return fopen(path, "r");
}

/* The streams above are files; the library does not look at a command's status. */
int __wrap_pclose(FILE *stream)
{
	return fclose(stream);
}
