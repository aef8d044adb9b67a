// SPDX-License-Identifier: GPL-2.0-only
/*
 * "azimuth lab" is the launcher script of the source tree. It is found by its
 * place relative to this program (out/bin/azimuth), or by AZIMUTH_LAB.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/log.h"

#define LAUNCHER "lab/launch/lab"

/* Two directories above the one that holds this program, and the launcher there. */
static int launcher_beside_us(char *path, size_t len)
{
	char self[PATH_MAX];
	ssize_t got = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	int up;

	if (got < 0)
		return -errno;
	self[got] = '\0';
	for (up = 0; up < 3; up++) {
		slash = strrchr(self, '/');
		if (!slash)
			return -ENOENT;
		*slash = '\0';
	}
	return snprintf(path, len, "%s/" LAUNCHER, self) < (int)len ? 0 : -ENAMETOOLONG;
}

int az_cmd_lab(int argc, char **argv)
{
	const char *variable = getenv("AZIMUTH_LAB");
	char beside[PATH_MAX];
	const char *path = variable;

	if (!variable || !*variable) {
		if (launcher_beside_us(beside, sizeof(beside)))
			beside[0] = '\0';
		path = beside;
	}
	if (access(path, X_OK))
		return az_env("no lab launcher at '%s': %s; run azimuth from the source tree's"
			      " out/bin, or set AZIMUTH_LAB to " LAUNCHER " of a source tree",
			      path, strerror(errno));
	argv[0] = (char *)path;
	execv(path, argv);
	return az_env("cannot run %s: %s", path, strerror(errno));
}
