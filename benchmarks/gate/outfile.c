// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/gate/outfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

int outfile_open(struct outfile *out, const char *path)
{
	struct stat st;

	out->path = path;
	out->tmp[0] = '\0';
	/* What is no plain file cannot be replaced by one. */
	if ((stat(path, &st) || S_ISREG(st.st_mode)) &&
	    snprintf(out->tmp, sizeof(out->tmp), "%s.tmp", path) >= (int)sizeof(out->tmp))
		return az_usage("%s: the name is too long", path);
	out->file = fopen(out->tmp[0] ? out->tmp : path, "we");
	return out->file ? 0 : az_env("cannot create %s: %s", path, strerror(errno));
}

int outfile_close(struct outfile *out)
{
	int failed = ferror(out->file), ret = 0;

	errno = EIO;
	if (fclose(out->file) || failed)
		ret = az_env("cannot write %s: %s", out->path, strerror(errno));
	if (!ret && out->tmp[0] && rename(out->tmp, out->path))
		ret = az_env("cannot rename %s: %s", out->tmp, strerror(errno));
	if (ret && out->tmp[0])
		unlink(out->tmp);
	return ret;
}
